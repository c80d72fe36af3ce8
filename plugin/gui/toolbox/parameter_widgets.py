# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets in Processing's dialog: source, layer groups, county, profile, layer, scope and other choices."""

from __future__ import annotations

from pathlib import Path

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingContext, QgsProcessingParameterDefinition, QgsProcessingParameterFile, QgsProject
from qgis.gui import (
    QgsCheckableComboBox,
    QgsFilterLineEdit,
    QgsGui,
    QgsMapLayerComboBox,
    QgsProcessingGui,
    QgsProcessingMapLayerComboBox,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget
from qgis.utils import iface

from ...bridge import settings
from ...bridge.layers.role_recognition import list_findings_layers
from ...bridge.project import county
from ...bridge.texts import mark_text, tr, translate_marked
from ...core.standard import ALL_LAYERS, load_standard
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import list_profile_ids
from ..widgets import CountyCombo, fill_layout, name_profile, theme

#: Setting with the folder of the last source.
_SOURCE_FOLDER_SETTING = "source_folder"
#: Minimum width of a combo box in characters.
_MIN_COMBO_CHARACTERS = 12
#: Setting with the folder of the last profile.
_FOLDER_SETTING = "profile_folder"


class ParameterWidget(WidgetWrapper):
    """Base class of parameter widgets in the dialog of an algorithm.

    The model designer and the batch window use QGIS's widgets.
    """

    def __new__(cls, param, dialog, row=0, col=0, **kwargs):
        if dialog.__class__.__name__ == "ModelerParametersDialog":
            registry = QgsGui.processingGuiRegistry()
            return registry.createModelerParameterWidget(dialog.model, dialog.childId, param, dialog.context)
        if dialog.__class__.__name__ == "BatchAlgorithmDialog":
            widget_type = QgsProcessingGui.WidgetType.Batch
            return QgsGui.processingGuiRegistry().createParameterWidgetWrapper(param, widget_type)
        return super().__new__(cls, param, dialog, row, col, **kwargs)

    def createLabel(self):
        """Return the label with the plugin's translation of “[optional]”.

        QGIS looks that translation up under the name of the class and does not find it.
        """
        label = super().createLabel()
        parameter = self.parameterDefinition()
        if label is not None and parameter.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional:
            label.setText(tr("{label} [optional]").format(label=parameter.description()))
        return label


def let_combo_shrink(combo: QComboBox) -> QComboBox:
    """Let a combo box be narrower than its longest entry, which would make the dialog scroll sideways; return it."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(_MIN_COMBO_CHARACTERS)
    return combo


class PathParameterWidget(ParameterWidget):
    """Parameter widget of a path, with buttons 文件… and 文件夹….

    The widget of QGIS offers only one of them. ``placeholder``: marked text that an empty optional line shows.
    """

    placeholder = ""

    def createWidget(self):
        panel = QWidget()
        self._line = QgsFilterLineEdit(textChanged=lambda: self.widgetValueHasChanged.emit(self))
        is_optional = self.parameterDefinition().flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
        if self.placeholder and is_optional:
            theme.set_placeholder(self._line, translate_marked(self.placeholder))
        layout = fill_layout(QHBoxLayout(panel), (self._line, 1), has_margins=False)
        for label, tip, choose in (
            (tr("File…"), tr("GeoPackage, shapefile or GeoJSON"), self._choose_file),
            (tr("Folder…"), tr("A folder of shapefiles, or a FileGDB (.gdb)"), self._choose_folder),
        ):
            layout.addWidget(QPushButton(label, toolTip=tip, clicked=choose))
        return panel

    def setValue(self, value):
        self._line.setText("" if value is None else str(value))

    def value(self):
        return self._line.text().strip()

    def _choose_file(self):
        definition = self.parameterDefinition()
        file_filter = definition.fileFilter() if isinstance(definition, QgsProcessingParameterFile) else ""
        path, _ = QFileDialog.getOpenFileName(
            self.widget, tr("Choose the Planning Data"), self._get_start_folder(), file_filter
        )
        self._set_path(path)

    def _choose_folder(self):
        self._set_path(
            QFileDialog.getExistingDirectory(self.widget, tr("Choose the Folder of the Data"), self._get_start_folder())
        )

    def _get_start_folder(self) -> str:
        return str(Path(self.value()).parent) if self.value() else settings.read_setting(_SOURCE_FOLDER_SETTING, "")

    def _set_path(self, path: str) -> None:
        if path:
            settings.store_setting(_SOURCE_FOLDER_SETTING, str(Path(path).parent))
            self._line.setText(path)


class SourceWidget(PathParameterWidget):
    """Parameter widget of the data to check; an optional one is left empty for the layers of the project."""

    placeholder = mark_text("Layers of the project")


class GroupsWidget(ParameterWidget):
    """Parameter widget in which the user ticks layer groups by their Chinese names.

    Its value is a text with the ids of the ticked groups, separated by commas.
    """

    def createWidget(self):
        box = QgsCheckableComboBox(defaultText=tr("Choose groups"))
        for group in load_standard().groups.values():
            box.addItemWithCheckState(f"{group.name}  {group.id}", Qt.CheckState.Unchecked, group.id)
        box.addItemWithCheckState(f"全部  {ALL_LAYERS}", Qt.CheckState.Unchecked, ALL_LAYERS)
        box.checkedItemsChanged.connect(lambda _items: self.widgetValueHasChanged.emit(self))
        return box

    def setValue(self, value):
        chosen_names = {part.strip() for part in str(value or "").split(",")}
        for number in range(self.widget.count()):
            is_chosen = self.widget.itemData(number) in chosen_names
            self.widget.setItemCheckState(number, Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)

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

    ``choices``: (marked text, value) of each choice; the first is the default.
    """

    choices: tuple[tuple[str, str], ...] = ()

    def list_choices(self):
        """Return (displayed text, value) of each choice."""
        return [(translate_marked(text), value) for text, value in self.choices]

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

    choices = (
        (mark_text("stop: change nothing and report it"), "stop"),
        (mark_text("add: create only missing layers"), "add"),
        (mark_text("replace: create a new, empty database"), "replace"),
    )


class AreaModeWidget(_ChoiceWidget):
    """Parameter widget for what is done with the stored areas."""

    choices = (
        (mark_text("write: fill in the field, keep all features"), "write"),
        (mark_text("check: list only features whose stored area differs"), "check"),
    )


class ScopeWidget(_ChoiceWidget):
    """Parameter widget of a scope of delivery: it shows names, the value is the id; empty for the usual scope."""

    def list_choices(self):
        texts = Texts(settings.get_interface_language())
        return [("", ""), *((texts.find("scopes", scope) or scope, scope) for scope in load_standard().scopes)]

    def setValue(self, value):
        scope = str(value or "")
        if self.widget.findData(scope) < 0:
            # A scope of another standard.
            self.widget.addItem(scope, scope)
        super().setValue(scope)


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

    The value is an id or a path. A new dialog shows the profile of the project, which the tool would use.
    """

    def createWidget(self):
        panel = QWidget()
        self._is_new = True
        self._profile_combo = let_combo_shrink(QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert))
        self._profile_combo.addItem("", "")
        for name in list_profile_ids():
            self._profile_combo.addItem(name_profile(name), name)
            self._profile_combo.setItemData(self._profile_combo.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        theme.set_placeholder(self._profile_combo.lineEdit(), tr("None: settings of the standard only"))
        self._profile_combo.editTextChanged.connect(lambda: self.widgetValueHasChanged.emit(self))
        button = QPushButton(tr("File…"), toolTip=tr("Custom county profile (.toml)"), clicked=self._choose_file)
        fill_layout(QHBoxLayout(panel), (self._profile_combo, 1), button, has_margins=False)
        return panel

    def setValue(self, value):
        text = "" if value is None else str(value)
        if self._is_new and not text:
            text = county.read_county_settings(QgsProject.instance()).profile
        self._is_new = False
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
