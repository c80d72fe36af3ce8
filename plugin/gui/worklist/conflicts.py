# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 处理冲突: the versions of rows that two people changed, to choose one of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QHeaderView, QLabel, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout

from ...bridge.texts import tr
from ..findings.work_rows import get_work_state_word
from ..widgets.buttons import FocusedButtonDialog, make_close_button
from ..widgets.layout import fill_layout, resize_within_screen

#: Takes a version of the row with a fingerprint: the number of the other version, None for the listed row.
Choose = Callable[[str, int | None], None]
_BUTTON_COLUMN = 5


class ConflictsDialog(FocusedButtonDialog):
    """Lists each row in conflict with its versions, one below the other, with a button 采用 on each.

    Until one is chosen, the version of the list counts.
    """

    def __init__(self, choose: Choose, parent=None):
        super().__init__(parent, windowTitle=tr("Changed on Both Sides"))
        self._choose = choose
        self.table = QTreeWidget()
        self.table.setHeaderLabels(
            [tr("Finding / version"), tr("State"), tr("Assignee"), tr("Note"), tr("Updated"), ""]
        )
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        hint = QLabel(
            tr("Two people changed these rows to different values. Until you choose, this list counts."), wordWrap=True
        )
        fill_layout(QVBoxLayout(self), hint, (self.table, 1), make_close_button(self))
        digit = self.fontMetrics().horizontalAdvance("0")
        resize_within_screen(self, 110 * digit, 28 * self.fontMetrics().height())

    def show_conflicts(self, conflicts: Mapping[str, list[Any]]) -> None:
        """Show the rows in conflict; close the dialog if all are chosen."""
        if not conflicts and self.table.topLevelItemCount():
            self.close()
        self.table.clear()
        for fingerprint, versions in conflicts.items():
            listed = versions[0].listed
            row = QTreeWidgetItem([" ".join(filter(None, (listed.code, listed.township, listed.key)))])
            self.table.addTopLevelItem(row)
            row.setFirstColumnSpanned(True)
            row.setExpanded(True)
            self._add_version(row, fingerprint, None, tr("This list"), listed)
            for number, conflict in enumerate(versions):
                self._add_version(row, fingerprint, number, conflict.source, conflict.other)

    def _add_version(self, row: QTreeWidgetItem, fingerprint: str, number: int | None, source: str, item: Any) -> None:
        updated = " ".join(filter(None, (item.updated, item.by)))
        version = QTreeWidgetItem(
            [source, get_work_state_word(item.state.name), item.assignee, " ".join(item.note.split()), updated]
        )
        version.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        version.setToolTip(3, item.note)
        row.addChild(version)
        button = QPushButton(
            tr("Use"),
            objectName="SanxianUseVersion",
            toolTip=tr("Use {source}").format(source=source),
            clicked=lambda: self._choose(fingerprint, number),
        )
        self.table.setItemWidget(version, _BUTTON_COLUMN, button)
