# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of findings by rule: selection, keys, and walking from one finding to the next."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QGuiApplication, QKeySequence
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QTreeView

from ...bridge.texts import tr
from .filter import FindingsFilter, Wanted
from .groups import AREA, COUNT, PLACE, STATE, Group
from .model import ROW, FindingsModel

#: Keys of the list; another program's shortcut of the same key waits.
_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F1, Qt.Key.Key_W)


def _modified(event: Any) -> bool:
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier != Qt.KeyboardModifier.NoModifier


def _own(event: Any) -> bool:
    return (event.key() in _KEYS and not _modified(event)) or event.matches(QKeySequence.StandardKey.Copy)


class _Elided(QStyledItemDelegate):
    """A rule's title is cut at its end; a finding's key in the middle, for its end tells it from its neighbours."""

    def initStyleOption(self, option, index):
        super().initStyleOption(option, index)
        finding = index.data(ROW)
        option.textElideMode = Qt.TextElideMode.ElideRight if finding is None else Qt.TextElideMode.ElideMiddle


class FindingsTree(QTreeView):
    """``chosen`` comes with a finding or None whenever the selected row changes; ``wished`` asks to go to it again."""

    chosen = pyqtSignal(object)
    wished = pyqtSignal(object)
    formRequested = pyqtSignal(object)
    helpRequested = pyqtSignal(str)
    waiveRequested = pyqtSignal()
    selectionSettled = pyqtSignal()
    menuWished = pyqtSignal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianFindings")
        self.setAccessibleName(tr("Findings"))
        self.findings = FindingsModel(self)
        self.filter = FindingsFilter(self)
        self.filter.setSourceModel(self.findings)
        self.setModel(self.filter)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAllColumnsShowFocus(True)
        self.setIndentation(self.fontMetrics().height())
        self.setExpandsOnDoubleClick(True)
        self.setItemDelegate(_Elided(self))
        self._arrange_columns()
        self._changed = False
        self._quiet = False
        self.selectionModel().currentChanged.connect(self._current_changed)
        # Rows are selected and given up one after the other: told once they have settled.
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(0)
        self._settling.timeout.connect(self.selectionSettled)
        self.selectionModel().selectionChanged.connect(lambda *_which: self._settling.start())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menuWished.emit(self.viewport().mapToGlobal(at)))
        self.verticalScrollBar().valueChanged.connect(self._load_in_sight)
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(self._double_clicked)

    def _arrange_columns(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(PLACE, QHeaderView.ResizeMode.Stretch)
        # Room for the style's margins, and for the arrow where the list is sorted: the rest is the title's.
        margin = 2 * (self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self) + 1)
        arrow = self.style().pixelMetric(QStyle.PixelMetric.PM_HeaderMarkSize, None, header)
        header.setMinimumSectionSize(margin)
        for column, widest in ((COUNT, "000"), (AREA, "000.00"), (STATE, tr("To do"))):
            texts = (
                self.fontMetrics().horizontalAdvance(widest),
                header.fontMetrics().horizontalAdvance(self._title(column)) + (arrow if column == AREA else 0),
            )
            width = max(texts) + 2 * margin
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        header.setSortIndicator(AREA, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)

    def _title(self, column: int) -> str:
        return self.findings.headerData(column, Qt.Orientation.Horizontal)

    # --- content
    def show_report(self, report: Any, wanted: Wanted) -> None:
        """Show a result or None; keep expanded rows and the selection where they still exist."""
        opened = {g.code for g in self.findings.groups if self.isExpanded(self._group_index(g))}
        before = self.current()
        self._quiet = True
        self.findings.set_report(report)
        self.filter.set_wanted(wanted)
        groups = [g for g in self.findings.groups if g.shown or g.reason_seen]
        for group in groups:
            if group.code in opened or (not opened and group is groups[0]):
                # At once, not when Qt lays the list out next: a step or a click may come before.
                self.filter.fetchMore(self._group_index(group))
                self.expand(self._group_index(group))
        findings = report.findings if report is not None and before is not None else []
        same = next((f for f in findings if f.fingerprint == before.fingerprint), None)
        if same is not None:
            self.select(same)
        self._quiet = False

    def change(self, change: Any) -> bool:
        """Findings that go, come or have other figures; what is selected, open and in sight stays so, or gives way to its
        neighbour. Is another finding selected now than before?"""
        before, top = self.current(), QPersistentModelIndex(self.indexAt(QPoint(0, 0)))
        self._quiet = True
        for group in self.filter.change(change):
            if group.shown:
                self.filter.fetchMore(self._group_index(group))
                self.expand(self._group_index(group))
        if top.isValid():
            self.scrollTo(QModelIndex(top), QAbstractItemView.ScrollHint.PositionAtTop)
        self._quiet = False
        return self.current() is not before

    def set_wanted(self, wanted: Wanted) -> None:
        before = self.current()
        self.filter.set_wanted(wanted)
        if before is not None and self.current() is not before and self.filter.place(before) is not None:
            # Far down a long list it was loaded no longer.
            self._quiet = True
            self.select(before)
            self._quiet = False

    def _load_in_sight(self, *_value: int) -> None:
        """Where the end of what is loaded of a long list comes into sight, more of it comes."""
        index, bottom = self.indexAt(QPoint(0, 0)), self.viewport().height()
        while index.isValid() and self.visualRect(index).top() <= bottom:
            above, index = index, self.indexBelow(index)
            parent = above.parent()
            if parent.isValid() and index.parent() != parent and self.filter.load_more(parent):
                return

    def _group_index(self, group: Group) -> QModelIndex:
        row = next(n for n, g in enumerate(self.findings.groups) if g is group)
        return self.filter.mapFromSource(self.findings.index(row, 0))

    # --- selection
    def current(self) -> Any:
        """The finding that is selected, or None."""
        return self.findings.finding_at(self.filter.mapToSource(self.currentIndex()))

    def settle(self, on: bool) -> None:
        """Tell when the selection has settled, or no more."""
        self._settling.stop()
        self._settling.blockSignals(not on)

    def selected(self) -> list[Any]:
        """All findings that are selected, in the order of the list; of a selected rule those in view."""
        whole: set[int] = set()
        some: dict[int, set[int]] = {}
        # Range by range: row by row, a thousand of them would be asked for one by one.
        for part in self.selectionModel().selection():
            rows, parent = range(part.top(), part.bottom() + 1), part.parent()
            if parent.isValid():
                some.setdefault(self.filter.mapToSource(parent).row(), set()).update(rows)
            else:
                whole |= {self.filter.mapToSource(self.filter.index(row, 0)).row() for row in rows}
        found: list[Any] = []
        for n in sorted(whole | some.keys()):
            group = self.findings.groups[n]
            there = [p for p in group.order if (group.seen[p] if p >= 0 else group.reason_seen)]
            positions = there if n in whole else [there[row] for row in sorted(some[n])]
            found += [group.findings[p] for p in positions if p >= 0]
        return found

    def current_group(self) -> Group | None:
        index = self.filter.mapToSource(self.currentIndex())
        return self.findings.group_at(index) if index.isValid() else None

    def select(self, finding: Any) -> bool:
        index = self.filter.index_of(finding)
        if not index.isValid():
            return False
        self.expand(index.parent())
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)
        return True

    def step(self, direction: int) -> bool:
        """Select the next (1) or former (−1) open finding in view; False at the end."""
        ahead = [f for f in self.filter.in_view() if f.state != "waived"]
        place = self._place_in(ahead, direction)
        return 0 <= place < len(ahead) and self.select(ahead[place])

    def _place_in(self, ahead: list[Any], direction: int) -> int:
        now = self.current()
        for place, finding in enumerate(ahead):
            if finding is now:
                return place + direction
        group = self.current_group()
        if group is None:
            return 0 if direction > 0 else -1
        # On a rule, a reason or a waived finding: on from there.
        in_order = [f for g in self.findings.groups for f in [g, *(g.findings[p] for p in g.order if p >= 0)]]
        here = next(n for n, f in enumerate(in_order) if f is (now or group))
        before = {id(f) for f in in_order[:here]}
        passed = sum(id(f) in before for f in ahead)
        return passed if direction > 0 else passed - 1

    def position(self) -> tuple[int, int, str] | None:
        """Which of the findings of its kind in view the selected one is: number, of how many, kind."""
        now = self.current()
        if now is None:
            return None
        return self.filter.place(now)

    def _current_changed(self, *_indexes: QModelIndex) -> None:
        if not self._quiet:
            self._changed = True
            self.chosen.emit(self.current())

    def _clicked(self, _index: QModelIndex) -> None:
        # A click on the row that was selected before goes to it again; a first click has gone there already.
        changed, self._changed = self._changed, False
        if not changed and self.current() is not None:
            self.wished.emit(self.current())

    def _double_clicked(self, _index: QModelIndex) -> None:
        if self.current() is not None:
            self.formRequested.emit(self.current())

    # --- keys
    def event(self, event):
        # QGIS has F1 and may have others: in the list they are ours.
        if event.type() == QEvent.Type.ShortcutOverride and _own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event):
        finding, group = self.current(), self.current_group()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and finding is not None:
            self.wished.emit(finding)
        elif event.matches(QKeySequence.StandardKey.Copy) and group is not None:
            QGuiApplication.clipboard().setText(self._as_text(group, finding))
        elif event.key() == Qt.Key.Key_F1 and group is not None:
            self.helpRequested.emit(group.code)
        elif event.key() == Qt.Key.Key_W and not _modified(event) and finding is not None:
            self.waiveRequested.emit()
        else:
            self._changed = False
            super().keyPressEvent(event)
            self._changed = False

    def _as_text(self, group: Group, finding: Any) -> str:
        if finding is None:
            return " ".join(t for t in (group.code, group.title, group.outcome.reason) if t)
        return "\t".join((group.code, finding.township, finding.key, *finding.related_keys, finding.message))
