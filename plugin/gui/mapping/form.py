# SPDX-License-Identifier: GPL-2.0-or-later
"""The widgets of the mapping dialog and their places; what they do is in `dialog`."""

from __future__ import annotations

from qgis.core import Qgis, QgsProject
from qgis.gui import QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
)

from ...bridge.texts import tr
from ...core.messages.texts import Texts
from ...core.standard.template import Template
from ..widgets.buttons import close_only
from .choices import Choices
from .table import MappingTable, QuietBox


class MappingForm(QDialog):
    def __init__(self, project: QgsProject, templates: dict[str, Template], texts: Texts, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianMappingDialog")
        self.setWindowTitle(tr("Map Fields"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_widgets(project, templates, texts)
        self._lay_out()

    def _make_widgets(self, project: QgsProject, templates: dict[str, Template], texts: Texts) -> None:
        self.source = QgsMapLayerComboBox()
        self.source.setObjectName("SanxianMappingSource")
        self.source.setProject(project)
        self.source.setFilters(Qgis.LayerFilter.HasGeometry)
        self.browse = QPushButton(tr("File…"))
        self.template = QuietBox()
        self.template.setObjectName("SanxianMappingTemplate")
        for role, one in templates.items():
            self.template.addItem(f"{one.name} {role}", role)
        self.template.setEditable(True)
        self.template.setInsertPolicy(QuietBox.InsertPolicy.NoInsert)
        self.template.completer().setFilterMode(Qt.MatchFlag.MatchContains)
        self.template.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.again = QPushButton(tr("Propose Again"))
        self.load = QPushButton(tr("Open Mapping…"))
        self.save = QPushButton(tr("Save Mapping…"))
        self.table = MappingTable(texts)
        self.choices = Choices()
        self.choices.hide()
        self.summary = QLabel()
        self.summary.setObjectName("SanxianMappingSummary")
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.output = QgsFileWidget()
        self.output.setObjectName("SanxianMappingOutput")
        self.output.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.output.setConfirmOverwrite(True)
        self.output.setFilter(tr("GeoPackage (*.gpkg);;FileGDB (*.gdb)"))
        self.output.lineEdit().setPlaceholderText(tr("Empty: a layer in memory"))
        self.losses = QCheckBox(tr("List what was not carried (xlsx, beside the output)"))
        self.losses.setChecked(True)
        self.personal = QCheckBox(tr("Leave personal data out"))
        self.bar = QProgressBar()
        self.bar.hide()

    def _lay_out(self) -> None:
        source = QHBoxLayout()
        source.addWidget(self.source, 1)
        source.addWidget(self.browse)
        template = QHBoxLayout()
        template.addWidget(self.template, 1)
        for button in (self.again, self.load, self.save):
            template.addWidget(button)
        top = QFormLayout()
        top.addRow(tr("Layer"), source)
        top.addRow(tr("Target template"), template)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.table)
        parts.addWidget(self.choices)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        below = QFormLayout()
        below.addRow(tr("Write to"), self.output)
        below.addRow("", self.losses)
        below.addRow("", self.personal)
        self.buttons = close_only(self)
        self.start = self.buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop.hide()
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(parts, 1)
        layout.addWidget(self.summary)
        layout.addLayout(below)
        layout.addWidget(self.bar)
        layout.addWidget(self.buttons)
        letter = self.fontMetrics().horizontalAdvance("0")
        room = self.screen().availableGeometry()
        self.resize(
            min(letter * 150, room.width() * 9 // 10),
            min(self.fontMetrics().lineSpacing() * 44, room.height() * 9 // 10),
        )
