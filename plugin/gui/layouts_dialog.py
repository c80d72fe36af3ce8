# SPDX-License-Identifier: GPL-2.0-or-later
"""生成布局: which maps, on which page, and what stands in their title blocks."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from ..bridge import settings
from ..bridge.layouts.build import Plate
from ..bridge.layouts.material import Material
from ..bridge.texts import tr
from ..core.map_set import Catalogue, Map, Sheet
from ..core.texts import Texts
from .buttons import ok_and_cancel

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
        self.secrecy = QComboBox()
        self.secrecy.setEditable(True)
        self.secrecy.addItems(["", *catalogue.secrecy])
        self.maker, self.drawer, self.date = QLineEdit(), QLineEdit(), QLineEdit()
        # The same offices make map after map; level and date are asked anew.
        self.maker.setText(settings.get("maps/maker", ""))
        self.drawer.setText(settings.get("maps/drawer", ""))
        form = QFormLayout()
        form.addRow(tr("Page"), self.page)
        form.addRow("", self.townships)
        form.addRow(tr("Secrecy level"), self.secrecy)
        form.addRow(tr("Planning authority"), self.maker)
        form.addRow(tr("Drawn by (office)"), self.drawer)
        form.addRow(tr("Date on the maps"), self.date)
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

    def plate(self) -> Plate:
        fields = (self.secrecy.currentText(), self.maker.text(), self.drawer.text(), self.date.text())
        return Plate(*(text.strip() for text in fields))

    def accept(self) -> None:
        settings.put("maps/maker", self.maker.text().strip())
        settings.put("maps/drawer", self.drawer.text().strip())
        super().accept()

    def _enable(self) -> None:
        self._ok.setEnabled(bool(self.chosen()))
