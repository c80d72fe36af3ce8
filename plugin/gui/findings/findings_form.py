# SPDX-License-Identifier: GPL-2.0-or-later
"""The widgets of the findings panel and their layout; the logic is in `dock`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QEvent, QSize, Qt
from qgis.PyQt.QtGui import QActionGroup
from qgis.PyQt.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets import (
    DockWidthKeeper,
    EmptyStateWidget,
    FittedWidget,
    IconLabel,
    WholeRows,
    fill_layout,
    make_row,
    make_splitter,
    theme,
)
from .detail_pane import DetailPane
from .filter_bar import FilterBar
from .groups import Grouping
from .navigation_bar import NavigationBar
from .panel_pages import CheckProgressBar, WorkProgressBar
from .result import CheckView
from .tree import FindingsTree
from .verdict_bar import VerdictBar

#: Minimum height, in lines of text, that shows list and details together; below it they are in tabs.
_MIN_LINES_FOR_BOTH = 44
#: Minimum height, in lines of text, that always shows the filters; below it a button shows them.
_MIN_LINES_FOR_FILTERS = 30
#: Minimum width and first width, in digits.
_MIN_WIDTH_DIGITS, _INITIAL_WIDTH_DIGITS = 46, 61
#: First heights of list and details, as a proportion.
LIST_TO_DETAIL_RATIO = (50, 45)
_ICON_AND_TEXT = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
#: Indices of the tabs.
LIST_TAB, DETAIL_TAB = 0, 1


class _LowArea(QScrollArea):
    """An area that scrolls up and down rather than make QGIS's window higher than the screen."""

    def minimumSizeHint(self) -> QSize:
        width = max(self.widget().minimumSizeHint().width(), self.widget().minimumWidth())
        # A theme may draw a frame around the area.
        margins = self.contentsMargins()
        return QSize(width + margins.left() + margins.right(), super().minimumSizeHint().height())

    def eventFilter(self, watched, event):
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            # The content may need another width than before.
            self.updateGeometry()
        return super().eventFilter(watched, event)


class _ActionRow(FittedWidget, QWidget):
    """A row of buttons with icons; in a narrow panel, the last of those that may have no text have none."""

    def __init__(self, *buttons: QToolButton | None, shrinkable: Sequence[QToolButton]):
        super().__init__()
        self._buttons, self._shrinkable = [one for one in buttons if one is not None], shrinkable
        fill_layout(QHBoxLayout(self), *buttons, has_margins=False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            # A button has another text, or is shown or hidden.
            self.fit_contents()
        return super().event(event)

    def fit_contents(self) -> None:
        shown = [one for one in self._buttons if not one.isHidden()]
        room = self.width() - self.layout().spacing() * (len(shown) - 1) - sum(map(self._measure, shown))
        for button in reversed(self._shrinkable):
            has_text = room >= 0
            button.setToolButtonStyle(_ICON_AND_TEXT if has_text else Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setToolTip("" if has_text else button.text())
            room += 0 if has_text or button.isHidden() else self._measure_text(button)

    def _measure(self, button: QToolButton) -> int:
        """Return the width that a button needs with its text."""
        has_text = button.toolButtonStyle() == _ICON_AND_TEXT
        return button.sizeHint().width() + (0 if has_text else self._measure_text(button))

    @staticmethod
    def _measure_text(button: QToolButton) -> int:
        # Rather more than less, so that a text does not come and go.
        return button.fontMetrics().horizontalAdvance(f"{button.text()}   ")

    def minimumSizeHint(self) -> QSize:
        """Return a small width, because the texts adapt to the width of the panel."""
        return QSize(0, super().minimumSizeHint().height())


class _Tabs(QTabBar):
    """Tabs that stay where they are while the wheel scrolls what is around them."""

    def wheelEvent(self, event):
        event.ignore()


class _Body(QWidget):
    """Content of `_LowArea`: scrolls only if the list has no room, not if it has less than it proposes."""

    def heightForWidth(self, width: int) -> int:
        return self.layout().minimumHeightForWidth(width) if self.layout().hasHeightForWidth() else -1


class FindingsForm(FittedWidget, QgsDockWidget):
    """Widgets of the findings panel and their layout.

    From top to bottom: actions, outdated state, verdict, progress, filters, list and details, a note; below them and
    always in view, navigation.
    """

    #: The displayed result; None before the first check.
    result: CheckView | None = None

    def __init__(self, parent=None):
        super().__init__(tr("Findings"), parent, objectName="SanxianFindingsDock")
        self._make_widgets()
        body = _Body(minimumWidth=self.fontMetrics().horizontalAdvance("0") * _MIN_WIDTH_DIGITS)
        shrinkable = (self.grouping_button, self.worklist_button, self.export_button)
        top = _ActionRow(self.run_button, *shrinkable, None, self.county, shrinkable=shrinkable)
        self._kinds_and_options = make_row((self.verdict.kind_row, 1), self.filters.option_row)
        stale = make_row((self.stale_icon, 0, Qt.AlignmentFlag.AlignTop), (self.stale, 1), self.stale_button)
        fill_layout(
            QVBoxLayout(body),
            top,
            stale,
            self.verdict,
            self.work_progress,
            self.run_bar,
            # The button that shows the filters does not move when they appear below it.
            make_row((self.tabs, 1), self.filter_button),
            self._kinds_and_options,
            self.filters,
            (self.splitter, 1),
            # Below the list, which stays where it is when a note comes and goes.
            self.note,
        )
        area = _LowArea(
            objectName="SanxianFindingsArea",
            widgetResizable=True,
            frameShape=QFrame.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        area.setWidget(body)
        page, foot = QWidget(), QWidget()
        fill_layout(QVBoxLayout(foot), self.navigation)
        # The list takes the room of one of the two margins between it and the buttons.
        margins = body.layout().contentsMargins()
        margins.setBottom(0)
        body.layout().setContentsMargins(margins)
        # On a low screen only what is above scrolls.
        fill_layout(QVBoxLayout(page, spacing=0), (area, 1), foot, has_margins=False)
        self.setWidget(page)
        self._first_width = DockWidthKeeper(self)

    def _make_widgets(self) -> None:
        self.run_button = self._make_button("SanxianDockRun", "run", tr("Check All"))
        pops_up = QToolButton.ToolButtonPopupMode.InstantPopup
        self.export_button = self._make_button("SanxianExport", "export", tr("Export"), popupMode=pops_up)
        menu = QMenu(self.export_button)
        #: Kind of a result's file → its menu entry.
        self.exports = {
            "layer": menu.addAction(tr("Findings Layer…")),
            "html": menu.addAction(tr("HTML Report…")),
            "pdf": menu.addAction(tr("Report to Be Signed (PDF)…")),
            "docx": menu.addAction(tr("Report to Be Signed (Word)…")),
            "xlsx": menu.addAction(tr("Findings Ledger (Excel)…")),
            "json": menu.addAction(tr("JSON Report…")),
        }
        self.export_button.setMenu(menu)
        self.grouping_button = self._make_button("SanxianGrouping", "levels", "", popupMode=pops_up)
        self.grouping_button.setMenu(self._make_grouping_menu())
        self.worklist_button = self._make_button(
            "SanxianWorklist", "roles", tr("Work List"), popupMode=pops_up, visible=False
        )
        self.work_progress = WorkProgressBar()
        self.county = self._make_button(
            "SanxianCounty", "profile", "", toolTip=tr("Profile and standard of the county")
        )
        self.note = QLabel(objectName="SanxianNote", wordWrap=True, visible=False)
        self.stale = QLabel(objectName="SanxianStale", wordWrap=True, visible=False)
        self.stale_icon = IconLabel(visible=False)
        self.stale_icon.show_icon("error")
        self.stale_button = QPushButton(tr("Re-check"), objectName="SanxianStaleRun", visible=False)
        self.verdict = VerdictBar()
        self.run_bar = CheckProgressBar()
        self.filters = FilterBar()
        self.tree = FindingsTree()
        self.empty = EmptyStateWidget()
        self.stack = QStackedWidget()
        self.tree_page = WholeRows(self.tree)
        self.stack.addWidget(self.tree_page)
        self.stack.addWidget(self.empty)
        self.detail = DetailPane()
        self.tabs = _Tabs(visible=False)
        self.tabs.addTab(tr("Findings"))
        self.tabs.addTab(tr("Details"))
        self.tabs.currentChanged.connect(self.fit_contents)
        self.filter_button = QToolButton(
            objectName="SanxianFilter", checkable=True, visible=False, toggled=self.fit_contents
        )
        # The filters are those of the list.
        self.filter_button.clicked.connect(lambda: self.tabs.setCurrentIndex(LIST_TAB))
        self.tabs.currentChanged.connect(lambda tab: tab == LIST_TAB or self.filter_button.setChecked(False))
        panes = zip((self.stack, self.detail), LIST_TO_DETAIL_RATIO, strict=True)
        self.splitter = make_splitter(Qt.Orientation.Vertical, *panes)
        self.navigation = NavigationBar()

    def _make_grouping_menu(self) -> QMenu:
        """Return the menu of groupings; ``self.groupings``: grouping → its entry."""
        menu = QMenu(self.grouping_button)
        choice = QActionGroup(menu)
        self.groupings = {}
        for grouping, text in (
            (Grouping.RULE, tr("By Rule")),
            (Grouping.LAYER, tr("By Layer")),
            (Grouping.TOWNSHIP, tr("By Township")),
            (Grouping.SEVERITY, tr("By Severity")),
            (Grouping.ASSIGNEE, tr("By Assignee")),
        ):
            self.groupings[grouping] = choice.addAction(text)
            self.groupings[grouping].setCheckable(True)
        menu.addActions(choice.actions())
        self.groupings[Grouping.RULE].setChecked(True)
        self.grouping_button.setText(self.groupings[Grouping.RULE].text())
        return menu

    def _make_button(self, name: str, icon: str, text: str, **properties: Any) -> QToolButton:
        size = QgsApplication.scaleIconSize(16)
        button = QToolButton(
            objectName=name,
            iconSize=QSize(size, size),
            text=text,
            toolButtonStyle=_ICON_AND_TEXT,
            autoRaise=True,
            **properties,
        )
        theme.set_icon(button, icon)
        return button

    def fit_contents(self, *_args) -> None:
        """Show list and details together if the height suffices, else in two tabs; the filters if it is not small."""
        has_list = self.result is not None and self.stack.currentWidget() is self.tree_page
        lines = self.height() / self.fontMetrics().lineSpacing()
        uses_tabs = lines < _MIN_LINES_FOR_BOTH
        # A page without rows offers to clear the filters, which are shown then.
        has_fold = has_list and lines < _MIN_LINES_FOR_FILTERS
        self.filter_button.setVisible(has_fold)
        self.filter_button.setText(self._describe_filter() if has_fold else tr("Filter"))
        # In one row, where the list has little room, unless the row would make the panel wider.
        needed = sum(one.minimumSizeHint().width() for one in (self.verdict.kind_row, self.filters.option_row))
        is_row = has_fold and needed + self._kinds_and_options.spacing() <= self.tree_page.width()
        self._kinds_and_options.setDirection(
            QBoxLayout.Direction.LeftToRight if is_row else QBoxLayout.Direction.TopToBottom
        )
        has_filters = self.result is not None and (not has_fold or self.filter_button.isChecked())
        for part in (self.filters, self.filters.option_row, self.verdict.kind_row):
            part.setVisible(has_filters)
        self.tabs.setVisible(has_list and uses_tabs)
        self.stack.setVisible(not (has_list and uses_tabs) or self.tabs.currentIndex() == LIST_TAB)
        self.detail.setVisible(has_list and (not uses_tabs or self.tabs.currentIndex() == DETAIL_TAB))

    def _describe_filter(self) -> str:
        """Return the text of the filter button, with the counts of the gravest kinds that the list shows."""
        text = tr("Filtered") if self.filters.clear_button.isEnabled() else tr("Filter")
        counts = [
            f"{theme.get_kind_word(kind)} {self.verdict.count_matching(kind)}"
            for kind in ("ERROR", "WARNING", "INFO")
            if kind in self.verdict.kinds
        ]
        return tr("{filter}: {counts}").format(filter=text, counts=" ".join(counts[:2])) if counts else text

    def sizeHint(self):
        return QSize(self.fontMetrics().horizontalAdvance("0") * _INITIAL_WIDTH_DIGITS, super().sizeHint().height())

    def showEvent(self, event):
        super().showEvent(event)
        self._first_width.restore_width()
