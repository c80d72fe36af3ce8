# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer in Processing's dialog, without the layers of findings."""

from __future__ import annotations

from qgis.core import QgsProcessingContext, QgsProject
from qgis.gui import QgsMapLayerComboBox, QgsProcessingMapLayerComboBox
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QComboBox
from qgis.utils import iface

from ...bridge.layers.role_recognition import list_findings_layers
from .source_widget import ParameterWidget


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
