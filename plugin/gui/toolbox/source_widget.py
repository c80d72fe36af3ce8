# SPDX-License-Identifier: GPL-2.0-or-later
"""The source of a check in Processing's dialog: a path of a file or a folder."""

from __future__ import annotations

from pathlib import Path

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingParameterDefinition, QgsProcessingParameterFile
from qgis.gui import QgsFilterLineEdit, QgsGui, QgsProcessingGui
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bridge import settings
from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.layout import fill_layout

#: Setting with the folder of the last source.
_FOLDER_SETTING = "source_folder"
#: Minimum width of a combo box in characters.
_MIN_COMBO_CHARACTERS = 12


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

    The widget of QGIS offers only one of them.
    """

    def get_placeholder_text(self) -> str:
        return ""

    def createWidget(self):
        panel = QWidget()
        self._line = QgsFilterLineEdit(textChanged=lambda: self.widgetValueHasChanged.emit(self))
        theme.set_placeholder(self._line, self.get_placeholder_text())
        layout = fill_layout(QHBoxLayout(panel), (self._line, 1), has_margins=False)
        for label, tip, choose in (
            (tr("File…"), tr("GeoPackage, shapefile or GeoJSON"), self._choose_file),
            (tr("Folder…"), tr("A folder of shapefiles, or a FileGDB (.gdb)"), self._choose_folder),
        ):
            button = QPushButton(label, toolTip=tip, clicked=choose)
            layout.addWidget(button)
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
        return str(Path(self.value()).parent) if self.value() else settings.read_setting(_FOLDER_SETTING, "")

    def _set_path(self, path: str) -> None:
        if path:
            settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
            self._line.setText(path)


class SourceWidget(PathParameterWidget):
    """Parameter widget of the data to check; an optional one is left empty for the layers of the project."""

    def get_placeholder_text(self) -> str:
        is_optional = self.parameterDefinition().flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
        return tr("Layers of the project") if is_optional else ""
