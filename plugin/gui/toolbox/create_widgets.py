# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets in Processing's dialog for layer groups, county, profile, layer, scope and other choices."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingContext, QgsProject
from qgis.gui import QgsCheckableComboBox, QgsMapLayerComboBox, QgsProcessingMapLayerComboBox
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget
from qgis.utils import iface

from ...bridge import settings
from ...bridge.layers.role_recognition import list_findings_layers
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard import ALL_LAYERS, load_standard
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import list_profile_ids, load_profile
from ..widgets import theme
from ..widgets.layout import fill_layout
from ..widgets.lists import CountyCombo
from .source_widget import ParameterWidget, let_combo_shrink

#: Setting with the folder of the last profile.
_FOLDER_SETTING = "profile_folder"


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
    """Parameter widget with a list of choices: it shows a text for each value of the parameter.

    Subclasses have ``list_choices``, which returns (displayed text, value) of each choice; the first is the default.
    """

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


class LayerWidget(ParameterWidget):
    """Parameter widget of a layer: the chooser of QGIS, which does not offer the findings of a check."""

    def createWidget(self):
        chooser = QgsProcessingMapLayerComboBox(self.parameterDefinition())
        # PyQt wraps the inner chooser as a plain combo box.
        layers = sip.cast(chooser.findChild(QComboBox), QgsMapLayerComboBox)
        findings_layers = list_findings_layers(QgsProject.instance())
        layers.setExceptedLayerList(findings_layers)
        active_layer = iface.activeLayer() if iface is not None else None
        if active_layer is not None and active_layer not in findings_layers and not layers.allowEmptyLayer():
            layers.setLayer(active_layer)
        chooser.valueChanged.connect(lambda: self.widgetValueHasChanged.emit(self))
        return chooser

    def setWidgetContext(self, context):
        super().setWidgetContext(context)
        self.widget.setWidgetContext(context)

    def setValue(self, value):
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        self.setWidgetValue(value, context)

    def setWidgetValue(self, value, context):
        self.widget.setValue(value, context)

    def value(self):
        return self.widget.value()


class ProfileWidget(ParameterWidget):
    """Parameter widget of a county profile: a list, free text, and a button 文件….

    The value is an id or a path.
    """

    def createWidget(self):
        panel = QWidget()
        self._profile_combo = let_combo_shrink(QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert))
        self._profile_combo.addItem("", "")
        for name in list_profile_ids():
            self._profile_combo.addItem(f"{_get_title(name)} · {name}", name)
        theme.set_placeholder(self._profile_combo.lineEdit(), tr("None: settings of the standard only"))
        self._profile_combo.editTextChanged.connect(lambda: self.widgetValueHasChanged.emit(self))
        button = QPushButton(tr("File…"), toolTip=tr("Custom county profile (.toml)"), clicked=self._choose_file)
        fill_layout(QHBoxLayout(panel), (self._profile_combo, 1), button, has_margins=False)
        return panel

    def setValue(self, value):
        text = "" if value is None else str(value)
        profile_index = self._profile_combo.findData(text)
        if profile_index >= 0:
            self._profile_combo.setCurrentIndex(profile_index)
        else:
            self._profile_combo.setEditText(text)

    def value(self):
        text = self._profile_combo.currentText().strip()
        profile_index = self._profile_combo.findText(text)
        return self._profile_combo.itemData(profile_index) if profile_index >= 0 else text

    def _choose_file(self):
        path, _ = QFileDialog.getOpenFileName(
            self.widget,
            tr("Choose a County Profile"),
            settings.read_setting(_FOLDER_SETTING, ""),
            f"{tr('County profiles')} (*.toml)",
        )
        if path:
            settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
            self._profile_combo.setEditText(path)


def _get_title(name: str) -> str:
    """Return the name of a profile's area; its id if the profile cannot be read.

    The run reports why it cannot be read.
    """
    try:
        return load_profile(name).name or name
    except SanxianError:
        return name
