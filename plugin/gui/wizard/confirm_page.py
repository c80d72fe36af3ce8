# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 5 of the wizard: summary of what will be created, and the progress."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar

from ...bridge.layers.properties import convert_to_qgis_crs
from ...bridge.texts import tr
from ...core.geometry import crs as crs_care
from ...core.geometry.crs_zones import ZONE_WIDTH_DEGREES
from ...core.standard.layer_tree import list_themes as themes_of
from ...core.standard.profile import load_profile
from ..widgets.layout import fill_layout
from ..widgets.sections import FormSection, NoticeBox, make_faint_label
from .draft import WizardChoices, WizardPage


class ConfirmPage(WizardPage):
    """Last page of the wizard: summary and progress."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Confirm and create"), parent)
        self._section = FormSection(tr("To be created"))
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._section.layout_.addLayout(self._grid)
        inside = FormSection(tr("The project comes with"))
        self.sections = QLabel(wordWrap=True)
        inside.layout_.addWidget(self.sections)
        self.notice = NoticeBox()
        self.bar = QProgressBar(visible=False)
        fill_layout(self.body, self._section, inside, self.notice, self.bar, (None, 1))
        self.notice.show_message("info", "")

    def update_when_shown(self) -> None:
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget is not None:
                widget.deleteLater()
        for number, (name, value) in enumerate(self.list_summary_rows()):
            selectable = Qt.TextInteractionFlag.TextSelectableByMouse
            self._grid.addWidget(make_faint_label(name, alignment=Qt.AlignmentFlag.AlignTop), number, 0)
            self._grid.addWidget(QLabel(value, wordWrap=True, textInteractionFlags=selectable), number, 1)
        theme_names = tr(", ").join(t.name for t in themes_of(self.draft.standard))
        self.sections.setText(
            tr(
                "Layer groups with symbols, forms and code lists; division code {code} and name {county} filled "
                "in; BSM numbered automatically and MJ updated with the statutory area.\n"
                "Snapping to vertices and segments (10 pixels), topological editing; new shapes avoid overlaps "
                "in layers that must not overlap.\n"
                "Map themes: {themes}. Bookmarks by township as soon as the layer of townships has features."
            ).format(
                code=self.draft.county.code if self.draft.county else "",
                county=self.draft.county.name if self.draft.county else "",
                themes=theme_names,
            )
        )
        unverified = [r for r in self.draft.roles if self.draft.standard.templates[r].fields_mark == "C"]
        text = tr("The field tables of {count} of these layers are unverified (mark C).").format(count=len(unverified))
        self.notice.show_message("info", text if unverified else "")

    def list_summary_rows(self) -> list[tuple[str, str]]:
        """Return (label, text) of each setting and file of the new project."""
        draft = self.draft
        county = draft.county
        layers = tr("{count} layers in {groups} groups: {names}").format(
            count=len(draft.roles), groups=len(draft.list_group_names()), names=tr(", ").join(draft.list_group_names())
        )
        summary_rows = [
            (tr("Standard"), draft.standard.name),
            (tr("County"), f"{county.name}  {county.code}" if county else ""),
            (tr("Coordinate system"), _describe_crs(draft.crs)),
            (tr("Layers"), layers),
            (tr("County profile"), _describe_profile(draft)),
            (tr("Database"), str(draft.database_path)),
            (tr("Project"), str(draft.project_path)),
        ]
        consequences = {
            "add": tr("it exists; only missing layers are added"),
            "replace": tr("it exists and is replaced; its data are lost"),
        }
        if draft.existing_database_action in consequences:
            summary_rows.insert(6, ("", consequences[draft.existing_database_action]))
        return summary_rows

    def show_progress(self, share: float, text: str) -> None:
        self.bar.setVisible(True)
        self.bar.setValue(round(100 * share))
        self.bar.setFormat(f"%p%  {text}" if text else "%p%")

    def show_result(self, kind: str = "info", text: str = "") -> None:
        """Hide the progress and show a notice; ``kind``: ok, info, warning or error."""
        self.bar.setVisible(False)
        if text:
            self.notice.show_message(kind, text)


def _describe_crs(text: str) -> str:
    """Return code, name and zone of a CRS (``EPSG:…`` or WKT) as text."""
    parsed_crs = crs_care.parse_crs(text)
    if parsed_crs is None:
        return text
    frame = crs_care.describe_crs(parsed_crs)
    name = convert_to_qgis_crs(parsed_crs).description()
    if frame.zone_number is not None and frame.central_meridian == frame.zone_number * ZONE_WIDTH_DEGREES:
        zone_text = tr("zone {number}").format(number=frame.zone_number)
        name = f"CGCS2000 / {tr('3° Gauss–Krüger')}  {zone_text}  {frame.central_meridian:g}°E"
    return f"{crs_care.make_crs_label(parsed_crs)}  {name}"


def _describe_profile(draft: WizardChoices) -> str:
    base = load_profile(draft.profile).name if draft.profile else ""
    if draft.county_settings is None or draft.county_profile_path is None:
        return f"{base}  {draft.profile}" if base else tr("None: no targets, limits of the standard")
    text = tr("{file}: {count} targets, inherits from {base}")
    count = len(draft.county_settings.targets)
    return text.format(file=draft.county_profile_path.name, count=count, base=base or tr("no parent"))
