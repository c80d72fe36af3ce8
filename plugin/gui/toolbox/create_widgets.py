# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets in Processing's dialog that show names and return ids: layer groups, county, existing database, scope."""

from __future__ import annotations

from qgis.gui import QgsCheckableComboBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox

from ...bridge import settings
from ...bridge.texts import tr
from ...core.messages.texts import Texts
from ...core.standard import ALL_LAYERS, load_standard
from ..widgets.county_combo import CountyCombo
from .source_widget import ParameterWidget, let_combo_shrink


class GroupsWidget(ParameterWidget):
    """Parameter widget in which the user ticks layer groups by their Chinese names.

    Its value is a text with the ids of the ticked groups, separated by commas.
    """

    def createWidget(self):
        box = QgsCheckableComboBox(defaultText=tr("Choose groups"))
        for group in load_standard().groups.values():
            box.addItemWithCheckState(f"{group.name}  {group.id}", 0, group.id)
        box.addItemWithCheckState(f"全部  {ALL_LAYERS}", 0, ALL_LAYERS)
        box.checkedItemsChanged.connect(lambda _items: self.widgetValueHasChanged.emit(self))
        return box

    def setValue(self, value):
        chosen_names = {part.strip() for part in str(value or "").split(",")}
        numbered_names = [(n, self.widget.itemData(n)) for n in range(self.widget.count())]
        for number, name in numbered_names:
            self.widget.setItemCheckState(number, 2 if name in chosen_names else 0)

    def value(self):
        return ",".join(self.widget.checkedItemsData())


class CountyWidget(ParameterWidget):
    """Parameter widget of a county, found by name or code.

    For another province, code and name are typed.
    """

    def createWidget(self):
        combo = CountyCombo()
        combo.changed.connect(lambda: self.widgetValueHasChanged.emit(self))
        return combo

    def setValue(self, value):
        self.widget.set_text(str(value or ""))

    def value(self):
        return self.widget.get_chosen_county_code()


class _ChoiceWidget(ParameterWidget):
    """Parameter widget with a list of choices: it shows a text for each value of the parameter."""

    def list_choices(self) -> tuple[tuple[str, str], ...]:
        """Return (displayed text, value) of each choice; the first is the default."""
        raise NotImplementedError

    def createWidget(self):
        combo = let_combo_shrink(QComboBox())
        for label, value in self.list_choices():
            combo.addItem(label, value)
            combo.setItemData(combo.count() - 1, label, Qt.ItemDataRole.ToolTipRole)
        combo.currentIndexChanged.connect(lambda _n: self.widgetValueHasChanged.emit(self))
        return combo

    def setValue(self, value):
        self.widget.setCurrentIndex(max(self.widget.findData(str(value or "")), 0))

    def value(self):
        return self.widget.currentData()


class ExistingWidget(_ChoiceWidget):
    """Parameter widget for what to do with an existing database."""

    def list_choices(self):
        return (
            (tr("stop: change nothing and report it"), "stop"),
            (tr("add: create only missing layers"), "add"),
            (tr("replace: create a new, empty database"), "replace"),
        )


class AreaModeWidget(_ChoiceWidget):
    """Parameter widget for what is done with the stored areas."""

    def list_choices(self):
        return (
            (tr("write: fill in the field, keep all features"), "write"),
            (tr("check: list only features whose stored area differs"), "check"),
        )


class ScopeWidget(ParameterWidget):
    """Parameter widget of a scope of delivery: it shows names, the value is the id; empty for the usual scope."""

    def createWidget(self):
        combo = let_combo_shrink(QComboBox())
        texts = Texts(settings.get_interface_language())
        combo.addItem("", "")
        for scope in load_standard().scopes:
            combo.addItem(texts.get_scope_name(scope), scope)
        combo.currentIndexChanged.connect(lambda _n: self.widgetValueHasChanged.emit(self))
        return combo

    def setValue(self, value):
        scope = str(value or "")
        if self.widget.findData(scope) < 0:
            # A scope of another standard.
            self.widget.addItem(scope, scope)
        self.widget.setCurrentIndex(self.widget.findData(scope))

    def value(self):
        return self.widget.currentData()
