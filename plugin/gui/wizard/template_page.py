# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 1 of the wizard: the standard with the templates of the layers."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QButtonGroup, QRadioButton

from ...bridge.texts import tr
from ...core.standard import list_standard_ids, load_standard
from ...core.standard.layer_tree import list_branches
from ..widgets.layout import fill_layout
from ..widgets.sections import FormSection, NoticeBox, make_faint_label
from .draft import WizardChoices, WizardPage

#: The standards for a county first, then the others by id.
_FIRST_STANDARDS = ("county_db", "three_lines_2022")


class TemplatePage(WizardPage):
    """Wizard page on which the standard is chosen."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Template"), parent)
        section = FormSection(tr("Standard"), tr("fields, aliases, code lists and symbols of every layer come from it"))
        self.group = QButtonGroup(self)
        self.buttons: dict[str, QRadioButton] = {}
        for name in sorted(
            list_standard_ids(),
            key=lambda n: (_FIRST_STANDARDS.index(n) if n in _FIRST_STANDARDS else len(_FIRST_STANDARDS), n),
        ):
            standard = load_standard(name)
            button = QRadioButton(
                standard.name,
                checked=name == draft.standard_id,
                toggled=lambda on, n=name: self._choose_standard(n) if on else None,
            )
            self.group.addButton(button)
            self.buttons[name] = button
            section.layout_.addWidget(button)
            about = tr("{layers} layers in {branches} groups, edition {edition}").format(
                layers=len(standard.templates), branches=len(list_branches(standard)), edition=standard.edition
            )
            note = make_faint_label(about)
            note.setContentsMargins(button.iconSize().width() + 8, 0, 0, button.fontMetrics().height() // 3)
            section.layout_.addWidget(note)
        self.notice = NoticeBox()
        fill_layout(self.body, section, self.notice, (None, 1))
        self._show_notice()

    def _choose_standard(self, name: str) -> None:
        self.draft.standard_id = name
        self.draft.roles = []
        self._show_notice()
        self.changed.emit()

    def _show_notice(self) -> None:
        templates = self.draft.standard.templates.values()
        unverified = sum(t.fields_mark == "C" for t in templates)
        text = tr(
            "The field tables of {count} of {all} layers are not verified against the norm (mark C). "
            "Compare them with the original before use; templates are files that can be corrected."
        )
        self.notice.show_message("info", text.format(count=unverified, all=len(templates)) if unverified else "")
