# SPDX-License-Identifier: GPL-2.0-or-later
"""检查结果: the findings panel. Shows a result, asks for actions by signals, and knows no layer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..bridge import settings
from ..bridge.texts import tr
from . import look
from .detail_pane import DetailPane
from .empty_state import Empty, EmptyState
from .filter_bar import FilterBar
from .findings_filter import Wanted
from .findings_tree import FindingsTree
from .result import Result
from .run_bar import RunBar
from .verdict_bar import VerdictBar
from .walk_bar import WalkBar

#: Below this many lines of text in height the detail gets a tab of its own.
_LINES_FOR_BOTH = 44
#: Never narrower than this many digits; at first as wide as that many.
_DIGITS_WIDE, _DIGITS_AT_FIRST = 46, 60
#: The window's width, in widths of the panel, from which on there is room for its first width.
_WINDOW_TO_PANEL = 2.5
#: Heights of list and detail at first, as a proportion.
_LIST_TO_DETAIL = (50, 45)
LIST, HELP = 0, 1
_SIZED = "dock_sized"


class FindingsDock(QgsDockWidget):
    """``exportRequested`` comes with ``layer``, ``html`` or ``json``; ``stepped`` with direction and whether it moved."""

    runRequested = pyqtSignal()
    cancelRequested = pyqtSignal()
    profileRequested = pyqtSignal()
    exportRequested = pyqtSignal(str)
    helpRequested = pyqtSignal(str)
    findingChosen = pyqtSignal(object)
    formRequested = pyqtSignal(object)
    stepped = pyqtSignal(int, bool)

    def __init__(self, parent=None):
        super().__init__(tr("Findings"), parent)
        self.setObjectName("SanxianFindingsDock")
        self.result: Result | None = None
        self._idle = Empty("")
        self._sized = False
        self._reasons_asked = False
        self._build()
        self._themed = look.later(self, self._refresh_icons)
        self._show_state()

    # --- widgets
    def _build(self) -> None:
        body = QWidget()
        body.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * _DIGITS_WIDE)
        self.verdict = VerdictBar()
        self.verdict.kindsChanged.connect(self._filter)
        self.run_bar = RunBar()
        self.run_bar.cancelled.connect(self.cancelRequested)
        self.note = QLabel()
        self.note.setObjectName("SanxianNote")
        self.note.setWordWrap(True)
        self.note.hide()
        self.stale = QLabel()
        self.stale.setObjectName("SanxianStale")
        self.stale.setWordWrap(True)
        self.stale.hide()
        self.stale_button = QPushButton(tr("Re-check"))
        self.stale_button.setObjectName("SanxianStaleRun")
        self.stale_button.clicked.connect(self.runRequested)
        self.stale_button.hide()
        self.filters = FilterBar()
        self.filters.changed.connect(self._filter)
        self.tree = FindingsTree()
        self.tree.chosen.connect(self._chosen)
        self.tree.wished.connect(self.findingChosen)
        self.tree.formRequested.connect(self.formRequested)
        self.tree.helpRequested.connect(self.helpRequested)
        self.empty = EmptyState()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.tree)
        self.stack.addWidget(self.empty)
        self.detail = DetailPane()
        self.detail.helpRequested.connect(self.helpRequested)
        self.tabs = QTabBar()
        self.tabs.addTab(tr("Findings"))
        self.tabs.addTab(tr("Help"))
        self.tabs.currentChanged.connect(self._fit)
        self.tabs.hide()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.stack)
        self.splitter.addWidget(self.detail)
        for place, share in enumerate(_LIST_TO_DETAIL):
            self.splitter.setStretchFactor(place, share)
        self.splitter.setChildrenCollapsible(False)
        outer = QVBoxLayout(body)
        outer.addLayout(self._top_row())
        stale = QHBoxLayout()
        stale.addWidget(self.stale, 1)
        stale.addWidget(self.stale_button)
        outer.addLayout(stale)
        for widget in (self.verdict, self.run_bar, self.note, self.filters, self.tabs):
            outer.addWidget(widget)
        outer.addWidget(self.splitter, 1)
        self.walk = WalkBar()
        self.walk.zoomWished.connect(lambda: self.findingChosen.emit(self.tree.current()))
        self.walk.stepped.connect(self.step)
        self.tree.selectionSettled.connect(lambda: self.walk.waive.show_for(self.tree.selected()))
        outer.addWidget(self.walk)
        self.setWidget(body)

    def _top_row(self) -> QHBoxLayout:
        self.run_button = self._tool("SanxianDockRun", "refresh", tr("Check All"))
        self.run_button.clicked.connect(self.runRequested)
        self.export_button = self._tool("SanxianExport", "export", tr("Export"))
        menu = QMenu(self.export_button)
        for kind, text in (
            ("layer", tr("Findings Layer…")),
            ("html", tr("HTML Report…")),
            ("json", tr("JSON Report…")),
        ):
            menu.addAction(text).triggered.connect(lambda _on=False, kind=kind: self.exportRequested.emit(kind))
        self.export_button.setMenu(menu)
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.county = self._tool("SanxianCounty", "profile", "")
        self.county.setToolTip(tr("Profile and standard of the county"))
        self.county.clicked.connect(self.profileRequested)
        row = QHBoxLayout()
        row.addWidget(self.run_button)
        row.addWidget(self.export_button)
        row.addStretch()
        row.addWidget(self.county)
        return row

    def _tool(self, name: str, icon: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setProperty("sanxianIcon", icon)
        button.setIcon(look.icon(icon))
        size = QgsApplication.scaleIconSize(16, True)
        button.setIconSize(QSize(size, size))
        button.setText(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        return button

    # --- what the desk tells it
    def set_idle(self, empty: Empty) -> None:
        """What to say while there is no result."""
        self._idle = empty
        if self.result is None:
            self._show_state()

    def set_county(self, name: str) -> None:
        self.county.setText(name or tr("Profile…"))

    def start_run(self, rules: int) -> None:
        self.note.hide()
        self.run_button.setEnabled(False)
        self.run_bar.start(rules, self.result is not None)

    def end_run(self, note: str = "") -> None:
        """``note``: what to say when there is no new result."""
        self.run_bar.stop()
        self.run_button.setEnabled(True)
        self.say(note)

    def say(self, note: str) -> None:
        """A line above the list, until the next selection or run."""
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def set_stale(self, text: str, again: bool = False) -> None:
        """Why the result in view is not of what is open: said until that ends. ``again``: offer another check."""
        self.stale.setText(text)
        self.stale.setVisible(bool(text))
        self.stale_button.setVisible(bool(text) and again)

    def set_result(self, result: Result) -> None:
        self.result = result
        self._reasons_asked = False
        report = result.report
        self.verdict.show_report(result)
        self._set_choices()
        self.tree.show_report(report, self._wanted())
        self.run_button.setText(tr("Re-check"))
        first = self.detail.isHidden()
        self._show_state()
        self._show_selected()
        if first:
            self.splitter.setSizes([share * self.height() for share in _LIST_TO_DETAIL])

    def change(self, change: Any) -> bool:
        """What edits did to the findings. Is another one selected now, or the same with other figures?"""
        assert self.result is not None
        self.result.change(change)
        self.verdict.show_edits(self.result)
        if not (change.gone or change.found or change.renewed):
            return False
        self._set_choices()
        other = self.tree.change(change)
        self._show_state()
        if other:
            self._show_selected()
        else:
            self._show_position()
        return other

    def change_states(self, change: Any) -> None:
        """Findings were accepted or are open again, in place; findings about waivers come and go."""
        self.result.change(change)
        self.verdict.show_report(self.result)
        self._set_choices()
        self.tree.change(change)
        self.tree.set_wanted(self._wanted())
        self.tree.viewport().update()
        if (now := self.tree.current()) is not None:
            # The neighbour that the list came to is the one that is shown: it is selected, too.
            self.tree.select(now)
        self._show_state()
        self._show_selected()
        self.walk.waive.show_for(self.tree.selected())

    def _set_choices(self) -> None:
        findings, rules = self.result.findings, self.result.report.rules
        found = {f.code for f in findings}
        self.filters.set_choices(
            sorted({f.township for f in findings}),
            [(r.code, r.title or r.name) for r in rules if r.code in found or r.reason],
        )

    def set_clean(self, clean: Empty, only_skipped: Empty) -> None:
        """What to say when a result has no findings: all checked, or some rules skipped."""
        self._clean, self._only_skipped = clean, only_skipped
        self._show_state()

    def show_reasons(self) -> None:
        """查看原因: the skipped rules, in a list without findings."""
        self._reasons_asked = True
        self._show_state()
        self.tree.expandAll()

    def clear_filters(self) -> None:
        self.filters.clear()
        self.verdict.show_all_kinds()
        self._filter()

    def step(self, direction: int) -> None:
        self.stepped.emit(direction, self.tree.step(direction))

    # --- state
    def _wanted(self) -> Wanted:
        filters = self.filters
        return Wanted(self.verdict.kinds, filters.search.text(), filters.chosen_townships, filters.chosen_rules)

    def _filter(self) -> None:
        if self.result is not None:
            self.tree.set_wanted(self._wanted())
            self._show_state()
            self._show_position()

    def _empty_now(self) -> Empty | None:
        if self.result is None:
            return self._idle
        groups = [g for g in self.tree.findings.groups if g.findings or g.aside]
        if not self.result.findings:
            if self.result.report.findings and not self._reasons_asked:
                text = tr("Nothing is found any more after the edits. A whole check tells whether the county passes.")
                return Empty(text, [(tr("Re-check"), self.runRequested.emit)])
            if not groups:
                return self._clean
            return None if self._reasons_asked else self._only_skipped
        if self.tree.filter.rowCount() == 0:
            text = tr("No finding matches the filter ({count} in all).").format(count=len(self.result.findings))
            return Empty(text, [(tr("Clear Filter"), self.clear_filters)])
        return None

    def _show_state(self) -> None:
        empty = self._empty_now()
        if empty is not None:
            self.empty.show_empty(empty)
        self.stack.setCurrentWidget(self.tree if empty is None else self.empty)
        there = self.result is not None
        for widget in (self.verdict, self.filters, self.walk):
            widget.setVisible(there)
        self.export_button.setEnabled(there)
        self._fit()

    def _chosen(self, finding: Any) -> None:
        self.say("")
        self._show_selected()
        if finding is not None:
            self.findingChosen.emit(finding)

    def _show_selected(self) -> None:
        group, finding = self.tree.current_group(), self.tree.current()
        if self.result is None or group is None:
            self.detail.show_nothing()
        elif finding is None:
            self.detail.show_group(self.result, group)
        else:
            self.detail.show_finding(self.result, group, finding)
        self.walk.show_finding(finding)
        self._show_position()

    def _show_position(self) -> None:
        self.walk.show_position(self.tree.position())

    def _fit(self, *_args) -> None:
        """Side by side where there is room, else one of list and detail under tabs."""
        there = self.result is not None and self.stack.currentWidget() is self.tree
        short = self.height() < _LINES_FOR_BOTH * self.fontMetrics().lineSpacing()
        self.tabs.setVisible(there and short)
        self.stack.setVisible(not (there and short) or self.tabs.currentIndex() == LIST)
        self.detail.setVisible(there and (not short or self.tabs.currentIndex() == HELP))

    def sizeHint(self):
        return QSize(self.fontMetrics().horizontalAdvance("0") * _DIGITS_AT_FIRST, super().sizeHint().height())

    def showEvent(self, event):
        super().showEvent(event)
        if not self._sized:
            # Not before the main window has laid out its docks.
            QTimer.singleShot(0, self._size_once)

    def _size_once(self) -> None:
        """Wide enough to read, the first time ever; afterwards the width is the user's, and QGIS keeps it."""
        window = None if sip.isdeleted(self) else self.parentWidget()
        if not isinstance(window, QMainWindow) or self.isFloating() or not self.isVisible():
            return
        if settings.get(_SIZED, False):
            self._sized = True
        elif window.width() < _WINDOW_TO_PANEL * self.sizeHint().width():
            # QGIS starts in a small window and grows: what is given now would be taken from the docks across.
            window.installEventFilter(self)
        else:
            self._sized = True
            window.removeEventFilter(self)
            settings.put(_SIZED, True)
            # The map gives the room: Qt would take it from the docks on the other side.
            others = [d for d in window.findChildren(QDockWidget) if self._is_across(window, d)]
            # They gave way when the panel came: back to what they ask for.
            widths = [self.sizeHint().width(), *(max(d.width(), d.sizeHint().width()) for d in others)]
            window.resizeDocks([self, *others], widths, Qt.Orientation.Horizontal)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Resize and not self._sized:
            QTimer.singleShot(0, self._size_once)
        return super().eventFilter(watched, event)

    def _is_across(self, window: QMainWindow, dock: QDockWidget) -> bool:
        sides = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        area = window.dockWidgetArea(dock)
        return dock.isVisible() and not dock.isFloating() and area in sides and area != window.dockWidgetArea(self)

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event):
        super().changeEvent(event)
        if event.type() in look.THEME_EVENTS and hasattr(self, "_themed"):
            self._themed.start()

    def _refresh_icons(self) -> None:
        for button in self.findChildren(QToolButton):
            if button.property("sanxianIcon"):
                button.setIcon(look.icon(button.property("sanxianIcon")))
        self.walk.refresh_icons()
        self.verdict.refresh_icons()
        self.tree.findings.refresh_icons()
        # Its labels hold colours and a picture of their own.
        self._show_selected()
