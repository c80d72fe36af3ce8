# SPDX-License-Identifier: GPL-2.0-or-later
"""Codes that may become several, none, or that their list does not know: a person decides, once for all rows."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ...core.mapping.preview import Undecided
from ...core.standard.template import CodeList
from .table import QuietBox

#: A box for each code: more of them than this nobody reads, and they would take long to make.
_MOST = 200


class Choices(QWidget):
    """``chosen(source code, target code)``; the target is empty where the decision was taken back."""

    chosen = pyqtSignal(str, str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("SanxianMappingChoices")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([tr("Code"), tr("Name"), tr("Rows"), tr("Becomes")])
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        layout.addWidget(self.table)

    def show_codes(self, field: str, rows: list[Undecided], codes: CodeList | None) -> None:
        """Hidden where nothing is to be decided."""
        self.setVisible(bool(rows))
        if not rows or codes is None:
            self.table.setRowCount(0)
            return
        open_ones = sum(not row.chosen for row in rows)
        text = tr(
            "{field}: {count} codes have no single answer, {open} still open. What is chosen is kept in the mapping."
        )
        lines = [text.format(field=field, count=len(rows), open=open_ones)]
        if len(rows) > _MOST:
            more = tr("The {count} commonest are listed; check whether the list that codes come from is the right one.")
            lines.append(more.format(count=_MOST))
            rows = rows[:_MOST]
        self.label.setText("\n".join(lines))
        self.table.setRowCount(0)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, value in enumerate((row.code, row.name, str(row.rows))):
                self.table.setItem(place, column, QTableWidgetItem(value))
            self.table.setCellWidget(place, 3, self._box(row, codes))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)

    def _box(self, row: Undecided, codes: CodeList) -> QuietBox:
        box = QuietBox()
        box.setObjectName(f"choice.{row.code}")
        box.addItem(tr("(left empty)"), "")
        likely = [code for code in row.candidates if code in codes.codes]
        for code in likely:
            box.addItem(f"{code} {codes.codes[code].name}", code)
        if likely:
            box.insertSeparator(box.count())
        for code in codes.codes:
            if code not in likely:
                box.addItem(f"{code} {codes.codes[code].name}", code)
        box.setCurrentIndex(max(box.findData(row.chosen), 0))
        box.setEditable(True)
        box.setInsertPolicy(QuietBox.InsertPolicy.NoInsert)
        box.completer().setFilterMode(Qt.MatchFlag.MatchContains)
        box.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        box.lineEdit().editingFinished.connect(lambda: box.setEditText(box.itemText(box.currentIndex())))
        box.activated.connect(lambda _place: self.chosen.emit(row.code, box.currentData()))
        return box
