# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask which group of layers is checked where several groups contain the same plan layers."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QDialog, QLabel, QRadioButton, QVBoxLayout

from ...bridge.layers import layer_groups
from ...bridge.layers.layer_groups import LayerGroup
from ...bridge.project import county
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ..widgets.buttons import ok_and_cancel

#: Names listed in the question; the others are only counted.
_MAX_NAMES = 4
_WIDTH_IN_DIGITS = 64


class GroupDialog(QDialog):
    """``groups``: those of `conflicting_groups`; ``names``: names of the repeated plan layers, shown in the question."""

    def __init__(self, groups: list[LayerGroup], names: list[str], parent: Any = None):
        super().__init__(parent)
        self.setObjectName("SanxianGroupDialog")
        self.setWindowTitle(tr("Group to Check"))
        self._groups = groups
        text = tr(
            "{count} groups of layers in the project contain the same plan layers: {names}. Choose the group to check; the "
            "others stay in the project but are not checked. The choice can be changed under Layer Roles."
        )
        shown = tr(", ").join(names[:_MAX_NAMES])
        if len(names) > _MAX_NAMES:
            shown = tr("{names} and others, {count} in all").format(names=shown, count=len(names))
        note = QLabel(text.format(count=len(groups), names=shown))
        note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(note)
        self.buttons = []
        for group in groups:
            label = tr("{name} ({file}, {count} layers)") if group.name else tr("{file} ({count} layers)")
            button = QRadioButton(label.format(name=group.name, file=group.file, count=len(group.layers)))
            layout.addWidget(button)
            self.buttons.append(button)
        self.buttons[0].setChecked(True)
        layout.addWidget(ok_and_cancel(self))
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * _WIDTH_IN_DIGITS)

    def chosen(self) -> LayerGroup:
        return next(g for g, button in zip(self._groups, self.buttons, strict=True) if button.isChecked())


def choose_group(project: QgsProject, parent: Any) -> bool:
    """Ask which group to check while two groups claim the same role. Return False if the user cancels.

    Missing libraries and unreadable profiles raise no question: the check itself reports them.
    """
    while groups := _groups(project):
        dialog = GroupDialog(groups, _names(project, groups), parent)
        accepted = bool(dialog.exec())
        chosen = dialog.chosen()
        dialog.deleteLater()
        if not accepted:
            return False
        layer_groups.choose_group(project, chosen, groups)
    return True


def _groups(project: QgsProject) -> list[LayerGroup]:
    return layer_groups.conflicting_groups(project, county.options(project))


def _names(project: QgsProject, groups: list[LayerGroup]) -> list[str]:
    try:
        templates = county.options(project).norm().standard.templates
    except (SanxianError, ImportError):
        templates = {}
    repeated = {role for group in groups for role in group.repeated}
    order = [role for role in templates if role in repeated]
    return [templates[role].name for role in order] or sorted(repeated)
