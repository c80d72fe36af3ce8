# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents, maps and tables that a package wants, each with the files that were found for it."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from ...bridge.package.preview import Ahead, SlotSeen
from ...bridge.texts import tr
from ..widgets import look

_ROWS = 8


def need_word(need: str) -> str:
    return {"M": tr("Mandatory"), "C": tr("Where there is one"), "O": tr("Optional")}[need]


class SlotsList(QTreeWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianPackageSlots")
        self.setAccessibleName(tr("Documents, maps and tables of the package"))
        self.setHeaderLabels([tr("Part"), tr("Requirement"), tr("File")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.setMinimumHeight(self.fontMetrics().lineSpacing() * _ROWS)
        self._ahead, self._maps = Ahead(), False

    def show_ahead(self, ahead: Ahead, maps: bool) -> None:
        """``maps``: they are made by the plugin where nobody gives them."""
        self._ahead, self._maps = ahead, maps
        self.clear()
        for slot in ahead.slots:
            self._add(slot.title, need_word(slot.need), *self._state(slot, maps))
        made = tr("Report of the check, tables of figures, metadata, manifest")
        self._add(made, "—", "ok", tr("Made with the package"), "")

    def refresh_icons(self) -> None:
        self.show_ahead(self._ahead, self._maps)

    def _add(self, title: str, need: str, icon: str, told: str, tip: str) -> None:
        item = QTreeWidgetItem([title, need, told])
        item.setIcon(0, look.icon(icon))
        for column in range(3):
            item.setToolTip(column, tip or told)
        self.addTopLevelItem(item)

    @staticmethod
    def _state(slot: SlotSeen, maps: bool) -> tuple[str, str, str]:
        """Icon, what is told, and the names in full."""
        names = "\n".join(slot.files)
        if slot.broken:
            return "error", tr("Cannot be opened: {names}").format(names=slot.files[0]), names
        if slot.files:
            found = slot.files[0]
            if len(slot.files) > 1:
                found = tr("{count} files").format(count=len(slot.files))
            return "ok", tr("{found} (of the former package)").format(found=found) if slot.former else found, names
        if slot.drawn and maps:
            return "info", tr("Made with the package"), slot.pattern
        icon = {"M": "error", "C": "warning", "O": "info"}[slot.need]
        return icon, tr("Not found: {name}").format(name=slot.pattern), ""
