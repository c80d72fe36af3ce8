# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 图层角色: assign project layers to the layers of the plan."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QRadioButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from ...bridge.layers import role_recognition
from ...bridge.project import county
from ...bridge.texts import join_first_names, tr
from ...core.base.errors import SanxianError
from ..help.help_dialog import add_help_button
from ..widgets import (
    FocusedButtonDialog,
    ScrollSafeLayerCombo,
    WholeRows,
    fill_layout,
    make_ok_cancel_buttons,
    make_row,
    messages,
    theme,
)

#: Names listed in the question; the others are only counted.
_MAX_NAMED_LAYERS = 4
LAYER_COLUMN, CODE_COLUMN, CHOICE_COLUMN = range(3)


class GroupDialog(FocusedButtonDialog):
    """Dialog that asks which group of layers is checked.

    ``groups``: layer groups with the same plan layers (`find_conflicting_groups`); ``names``: names of the repeated
    plan layers, shown in the question.
    """

    def __init__(self, groups: list[role_recognition.LayerGroup], names: list[str], parent: Any = None):
        super().__init__(parent, objectName="SanxianGroupDialog", windowTitle=tr("Group to Check"))
        text = tr(
            "{count} groups of layers in the project contain the same plan layers: {names}. Choose the group to "
            "check; the "
            "others stay in the project but are not checked. The choice can be changed under Layer Roles."
        )
        shown_names = join_first_names(names, _MAX_NAMED_LAYERS)
        note = QLabel(text.format(count=len(groups), names=shown_names), wordWrap=True)
        layout = fill_layout(QVBoxLayout(self), note)
        self.buttons = []
        for group in groups:
            label = tr("{name} ({file}, {count} layers)") if group.name else tr("{file} ({count} layers)")
            source = group.source_path or tr("in memory")
            button = QRadioButton(label.format(name=group.name, file=source, count=len(group.layer_ids)))
            layout.addWidget(button)
            self.buttons.append(button)
        self.buttons[0].setChecked(True)
        layout.addWidget(add_help_button(make_ok_cancel_buttons(self), "group"))
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * 64)


def ask_layer_group(project: QgsProject, parent: Any) -> bool:
    """Ask which layer group to check, if two have layers of the same role.

    A role is the code of a plan layer. Return False if the user cancels. Missing libraries and unreadable profiles
    raise no question: the check itself reports them.
    """
    while groups := role_recognition.find_conflicting_groups(project, county.make_check_options(project)):
        try:
            templates = county.make_check_options(project).resolve_norm().standard.templates
        except (SanxianError, ImportError):
            templates = {}
        repeated_roles = {role for group in groups for role in group.repeated_roles}
        order = [role for role in templates if role in repeated_roles]
        dialog = GroupDialog(groups, [templates[role].name for role in order] or sorted(repeated_roles), parent)
        is_accepted = bool(dialog.exec())
        chosen_group = next(g for g, button in zip(groups, dialog.buttons, strict=True) if button.isChecked())
        dialog.deleteLater()
        if not is_accepted:
            return False
        role_recognition.exclude_other_groups(project, chosen_group, groups)
    return True


class RolesDialog(FocusedButtonDialog):
    """Dialog with a row per role (layer of the plan) and the layer assigned to it.

    If no layer is chosen for a role, the layer is recognised by names and fields.
    """

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent, objectName="SanxianRolesDialog", windowTitle=tr("Layer Roles"))
        self._project = project
        self._combos: dict[str, ScrollSafeLayerCombo] = {}
        note = QLabel(
            tr("The role of a layer is recognised by its name, then by its fields. Correct it here if it is wrong."),
            wordWrap=True,
        )
        self.problem = QLabel(wordWrap=True)
        self.table = QTableWidget(
            0,
            3,
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
        )
        self.table.setHorizontalHeaderLabels([tr("Layer of the plan"), tr("Code"), tr("Layer in the project")])
        self.table.verticalHeader().hide()
        self.aside = QLabel(objectName="SanxianLayersAside", wordWrap=True)
        self.choose = QPushButton(
            tr("Choose the Group to Check…"), objectName="SanxianChooseGroup", clicked=self._choose_group
        )
        buttons = add_help_button(make_ok_cancel_buttons(self), "roles")
        row = make_row((self.aside, 1), self.choose)
        self.search = QgsFilterLineEdit(objectName="SanxianRoleSearch", textChanged=self._filter_rows)
        theme.set_placeholder(self.search, tr("Search layers by name or code"))
        fill_layout(QVBoxLayout(self), note, self.search, WholeRows(self.table), self.problem, row, buttons)
        self._fill_table()
        self.resize(self.fontMetrics().horizontalAdvance("0") * 90, self.fontMetrics().lineSpacing() * 30)

    def _choose_group(self) -> None:
        """Ask again which group is checked; restore the former choice on cancel."""
        former_exclusions = {
            layer: layer.customProperty(role_recognition.EXCLUDED_PROPERTY)
            for layer in role_recognition.find_excluded_layers(self._project)
        }
        role_recognition.include_excluded_layers(self._project)
        if not ask_layer_group(self._project, self):
            for layer, exclusion_value in former_exclusions.items():
                layer.setCustomProperty(role_recognition.EXCLUDED_PROPERTY, exclusion_value)
        self._fill_table()

    def _fill_table(self) -> None:
        excluded_names = [layer.name() for layer in role_recognition.find_excluded_layers(self._project)]
        text = tr("Not checked, because another group was chosen: {layers}")
        self.aside.setText(text.format(layers=tr(", ").join(excluded_names)) if excluded_names else "")
        self.aside.setVisible(bool(excluded_names))
        self.choose.setVisible(bool(excluded_names))
        self.problem.setText("")
        self._combos.clear()
        try:
            options = county.make_check_options(self._project)
            norm = options.resolve_norm()
            recognised_layers = role_recognition.recognise_layers(
                role_recognition.read_layer_schemas(self._project), options
            )
        except (SanxianError, ImportError) as error:
            self.problem.setText(messages.explain_error(error))
            return
        chosen_roles = role_recognition.get_layer_id_by_assigned_role(self._project)
        order = [role for concept_roles in norm.standard.concepts.values() for role in concept_roles]
        listed_roles = [r for r in dict.fromkeys((*order, *norm.standard.templates)) if r in norm.standard.templates]
        layers = self._project.mapLayers().values()
        excluded_layers = [
            v for v in layers if isinstance(v, QgsVectorLayer) and role_recognition.is_excluded_from_checks(v)
        ]
        self.table.setRowCount(len(listed_roles))
        for row, role in enumerate(listed_roles):
            self.table.setItem(row, LAYER_COLUMN, QTableWidgetItem(norm.standard.templates[role].name))
            self.table.setItem(row, CODE_COLUMN, QTableWidgetItem(role))
            recognised = self._project.mapLayer(recognised_layers.layer_id_by_role.get(role, ""))
            combo = ScrollSafeLayerCombo(accessibleName=role)
            combo.setProject(self._project)
            combo.setFilters(Qgis.LayerFilter.HasGeometry)
            combo.setExceptedLayerList(excluded_layers)
            title = tr("Automatic: {layer}") if recognised is not None else tr("Automatic: none")
            combo.setAllowEmptyLayer(True, title.format(layer=recognised.name() if recognised is not None else ""))
            # The first entry is the empty layer; setLayer(None) would select nothing.
            combo.setCurrentIndex(0)
            if role in chosen_roles:
                combo.setLayer(self._project.mapLayer(chosen_roles[role]))
            self.table.setCellWidget(row, CHOICE_COLUMN, combo)
            self._combos[role] = combo
        for column in (LAYER_COLUMN, CODE_COLUMN):
            self.table.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(CHOICE_COLUMN, QHeaderView.ResizeMode.Stretch)
        if recognised_layers.repeated_roles:
            text = tr("Two layers have the same role: {roles}. Choose one.")
            self.problem.setText(text.format(roles=tr(", ").join(recognised_layers.repeated_roles)))

    def _filter_rows(self, text: str) -> None:
        """Show only the rows with the text in the plan layer's name or code, or in the name of the chosen layer."""
        for row, combo in enumerate(self._combos.values()):
            texts = [self.table.item(row, column).text() for column in (LAYER_COLUMN, CODE_COLUMN)]
            is_shown = any(text.casefold() in one.casefold() for one in (*texts, combo.currentText()))
            self.table.setRowHidden(row, not is_shown)

    def read_choices(self) -> dict[str, QgsMapLayer | None]:
        """Return role → chosen layer; None for a role that recognition decides."""
        return {role: combo.currentLayer() for role, combo in self._combos.items()}

    def accept(self) -> None:
        chosen_layers = [v for v in self.read_choices().values() if v is not None]
        repeated_names = {v.name() for v in chosen_layers if sum(v is other for other in chosen_layers) > 1}
        if repeated_names:
            text = tr("One layer cannot have two roles: {layers}.")
            self.problem.setText(text.format(layers=tr(", ").join(sorted(repeated_names))))
            return
        former_roles = role_recognition.get_layer_id_by_assigned_role(self._project)
        # First the roles without a layer, which are removed.
        for role, layer in sorted(self.read_choices().items(), key=lambda choice: choice[1] is not None):
            # Compare by role: of two copies with the same role, choosing one removes the role of the other.
            if former_roles.get(role) != (layer.id() if layer is not None else None):
                role_recognition.assign_role(self._project, role, layer)
        self._project.setDirty(True)
        super().accept()
