# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 生成布局: choose maps, page and the document information (成果信息) of their title blocks."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from ...bridge import settings
from ...bridge.layouts.material import Material
from ...bridge.texts import tr
from ...core.messages.texts import Texts
from ...core.profile import DocumentInfo
from ...core.standard.map_set import Catalogue, Map, Sheet
from ..project.document_line import DocumentLine, ask_until_exportable
from ..widgets.buttons import ok_and_cancel

_ID = Qt.ItemDataRole.UserRole


class LayoutsDialog(QDialog):
    """Maps that cannot be made are grey and say why."""

    def __init__(self, material: Material, catalogue: Catalogue, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianLayoutsDialog")
        self.setWindowTitle(tr("Make Layouts"))
        self.catalogue = catalogue
        self._texts = Texts(settings.interface_language())
        self.maps = QListWidget()
        self.maps.setObjectName("SanxianMaps")
        self.maps.setWordWrap(True)
        for one in catalogue.maps.values():
            self._add(one, material)
        self.maps.itemChanged.connect(self._enable)
        self.page = QComboBox()
        self.page.addItems(list(catalogue.sheets))
        self.townships = QCheckBox(tr("Also one for the townships, a page for each"))
        self.townships.setEnabled(bool(material.townships))
        self._project, self._profile = material.project, material.norm.profile
        self.document = DocumentLine(self._project, lambda: self._profile)
        form = QFormLayout()
        form.addRow(tr("Page"), self.page)
        form.addRow("", self.townships)
        form.addRow(tr("Document information"), self.document)
        note = QLabel(tr("Layouts keep their layers and symbols as they are now. Edit them under Project → Layouts."))
        note.setWordWrap(True)
        buttons = ok_and_cancel(self)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Make Layouts"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.maps, 1)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self._enable()
        letter = self.fontMetrics()
        self.resize(letter.horizontalAdvance("0") * 70, letter.lineSpacing() * 36)

    def _add(self, one: Map, material: Material) -> None:
        title = one.title if settings.interface_language() == "zh" else one.title_en
        item = QListWidgetItem(f"{one.number:02d}  {title}")
        item.setData(_ID, one.id)
        lack = material.lack(one)
        if lack:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            reason = self._texts.get("maps", lack.key, map=title, **lack.params)
            item.setToolTip(reason)
            item.setText(f"{item.text()}  {tr('(layers missing)')}")
        else:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.maps.addItem(item)

    def chosen(self) -> list[Map]:
        items = [self.maps.item(row) for row in range(self.maps.count())]
        return [
            self.catalogue.maps[item.data(_ID)]
            for item in items
            if item.flags() & Qt.ItemFlag.ItemIsEnabled and item.checkState() == Qt.CheckState.Checked
        ]

    def wanted(self) -> list[tuple[Map, Sheet, bool]]:
        """Map, page, and whether by township."""
        sheet = self.catalogue.sheets[self.page.currentText()]
        both = (False, True) if self.townships.isChecked() else (False,)
        return [(one, sheet, towns) for one in self.chosen() for towns in both if one.by_township or not towns]

    def info(self) -> DocumentInfo:
        """Return the document information (成果信息) of the layouts."""
        return self.document.resolve().info

    def accept(self) -> None:
        ready = ask_until_exportable(self._project, self, profile=self._profile)
        self.document.refresh()
        if ready:
            super().accept()

    def _enable(self) -> None:
        self._ok.setEnabled(bool(self.chosen()))
