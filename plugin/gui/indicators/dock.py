# SPDX-License-Identifier: GPL-2.0-or-later
"""Panel 指标: the expansion ratio, and indicators as rows of a table, which follow edits."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QObject, QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.texts import tr
from ...core.render.words import ReportTexts
from ...core.standard.messages.numbers import THIN_SPACE, format_number
from ..widgets import (
    ElidedLabel,
    FittedWidget,
    WholeRows,
    fill_combo,
    fill_layout,
    keep_figures_whole,
    make_column,
    make_faint_label,
    make_row,
    make_scroll_area,
    set_bold,
    theme,
)
from .gauges import MARGIN_ROLE, MarginBarDelegate, RatioDial, ZoneSharesBar
from .rows import (
    IndicatorRow,
    compute_zone_shares,
    describe_ratio,
    explain_indicator,
    find_limited_ratio,
    get_state_kind,
    list_places,
    make_doubt_texts,
    make_indicator_rows,
)

if TYPE_CHECKING:
    from ...core.model.indicator import Indicator
    from ..findings.result import CheckView


NAME_COLUMN, TARGET_COLUMN, BEFORE_COLUMN, NOW_COLUMN, CHANGE_COLUMN, MARGIN_COLUMN, STATE_COLUMN, BAR_COLUMN = range(8)
_RIGHT_ALIGNED = (TARGET_COLUMN, BEFORE_COLUMN, NOW_COLUMN, CHANGE_COLUMN, MARGIN_COLUMN)
#: Columns beside name and value of an indicator, the most important first; the others need the room of whole names.
_FIRST_COLUMNS, _FURTHER_COLUMNS = (
    (STATE_COLUMN, TARGET_COLUMN, MARGIN_COLUMN),
    (BAR_COLUMN, CHANGE_COLUMN, BEFORE_COLUMN),
)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
#: Rows of the table that are always visible, and width of names in a narrow panel.
_MIN_ROWS, _MIN_NAME_EM = 4, 5
#: Longer names, as those with the source of a target, do not drive the dial away; they are cut in their middle.
_MAX_NAME_EM = 20
#: Heights of rows in heights of the font: of one line, and of two in a panel that is too narrow for the targets.
_ROW_EM, _TWO_LINES_EM = 1.5, 2.6


class IndicatorDock(FittedWidget, QDockWidget):
    """The panel of indicators. It shows those of the displayed result, and follows the edits of its layers."""

    #: Asks for the dialog 县配置.
    profile_requested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(tr("Indicators"), parent, objectName="SanxianIndicators")
        #: Indicators of the check, of the county and its townships.
        self._all_checked: list[Indicator] = []
        #: Those of the chosen place (county or township), at the check and with the edits so far.
        self._checked: list[Indicator] = []
        self._current: list[Indicator] = []
        #: Id and township of an indicator that is not confirmed → why.
        self._doubt_texts: dict[tuple[str, str], str] = {}
        #: Indicators with the edits so far, and ids of those that cannot follow them; None before an edit.
        self._edited: tuple[Sequence[Indicator], frozenset[str]] | None = None
        #: True if targets and limits may be others since the check.
        self._have_settings_changed = False
        #: Share of a target within which a met target counts as close (接近).
        self._warning_share = 0.0
        #: Rows of the table as they are displayed.
        self._shown_rows: list[tuple[IndicatorRow, float]] = []
        self.dial = RatioDial()
        self.state_icon, self.state_label = QLabel(), QLabel()
        self.facts = QLabel(textFormat=Qt.TextFormat.RichText, alignment=Qt.AlignmentFlag.AlignTop)
        #: Lines on the ratio as (text, is secondary), and widths of the columns for whole texts.
        self._ratio_name = tr("Expansion ratio")
        self._fact_lines: list[tuple[str, bool]] = []
        self._column_widths = [0] * (BAR_COLUMN + 1)
        #: Width of the values with the targets below them.
        self._stacked_width = 0
        self.place = QComboBox(
            objectName="SanxianIndicatorPlace",
            accessibleName=tr("County or township"),
            currentIndexChanged=lambda _index: self._show_place(),
        )
        self.table = self._make_table()
        self.table.viewport().installEventFilter(self)
        self.shares = ZoneSharesBar()
        self.explanation = make_faint_label(
            wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.confirm_link = QLabel(linkActivated=lambda _link: self.profile_requested.emit())
        self.note = make_faint_label(wordWrap=True)
        self.ratio_title = ElidedLabel()
        set_bold(self.ratio_title)
        title = make_row((self.ratio_title, 1), self.state_icon, self.state_label)
        #: A click on them shows the explanation of the ratio, which is also their tool tip.
        self._headline = (self.dial, self.ratio_title, self.state_icon, self.state_label, self.facts)
        self._whole_rows = WholeRows(self.table)
        right = make_column(self.place, self.note, (self._whole_rows, 1), self.shares)
        content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        fill_layout(self._columns, make_column(title, self.dial, None), self.facts, (right, 1))
        self.area, self._explanation_area = make_scroll_area(content), make_scroll_area(self.explanation)
        # Below what scrolls: the explanation of a selected row is always visible.
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_LayoutLeftMargin)
        for label in (self.explanation, self.confirm_link):
            label.setContentsMargins(margin, 0, margin, margin // 2)
        page = QWidget()
        fill_layout(QVBoxLayout(page), (self.area, 1), self._explanation_area, self.confirm_link, has_margins=False)
        self.setWidget(page)
        for widget in (self.area.viewport(), self._explanation_area.viewport(), *self._headline):
            widget.installEventFilter(self)
        theme.call_after_theme_change(self, self._refresh_after_theme_change, QEvent.Type.FontChange)
        self.clear()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(
            0,
            BAR_COLUMN + 1,
            objectName="SanxianIndicatorTable",
            accessibleName=tr("Indicators"),
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
            selectionBehavior=QAbstractItemView.SelectionBehavior.SelectRows,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
            showGrid=False,
            # The ends of long names have their units.
            textElideMode=Qt.TextElideMode.ElideMiddle,
        )
        titles = [
            tr("Indicator"), tr("Target"), tr("Last check"), tr("Now"), tr("Change"),
            tr("Margin"), tr("State"), tr("Margin to the target"),
        ]  # fmt: skip
        table.setHorizontalHeaderLabels(titles)
        tip = tr("Bar from the target on; hatched: the target is nearly missed")
        table.horizontalHeaderItem(BAR_COLUMN).setToolTip(tip)
        for column in _RIGHT_ALIGNED:
            table.horizontalHeaderItem(column).setTextAlignment(_RIGHT)
        table.verticalHeader().hide()
        table.setItemDelegateForColumn(BAR_COLUMN, MarginBarDelegate(table))
        # `_show_rows` fits the columns once; the header would do it for each cell, which takes longer than the check.
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.horizontalHeader().setSectionResizeMode(BAR_COLUMN, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setHighlightSections(False)
        table.itemSelectionChanged.connect(self._show_explanation)
        return table

    # --- calls of the desktop side
    def show_result(self, result: CheckView) -> None:
        """Show the indicators of a check."""
        from ...core.figures.indicators.areas import WARNING_SHARE_SETTING

        self._all_checked, self._edited = list(result.report.indicators), None
        self._have_settings_changed = False
        texts = ReportTexts(settings.get_interface_language())
        self._doubt_texts = make_doubt_texts(self._all_checked, result, texts)
        self._warning_share = float(result.check_result.plan.norm.get(WARNING_SHARE_SETTING))
        self._fill_places()
        self._show_place()

    def show_edited(self, indicators: Sequence[Indicator], stale_ids: frozenset[str]) -> None:
        """Show the indicators with the edits since the check; ``stale_ids``: those that cannot follow the edits."""
        self._edited = indicators, stale_ids
        self._show_place()

    def note_changed_settings(self) -> None:
        """State that targets and limits are those of the check, before a change of settings."""
        self._have_settings_changed = True
        self._show_place()

    def clear(self) -> None:
        """Show no indicators."""
        self._all_checked, self._checked, self._current, self._edited = [], [], [], None
        self._fill_places()
        self.note.setText(tr("Run a check: the panel then follows your edits."))
        self._refresh()

    def _fill_places(self) -> None:
        """Offer the county and the townships with indicators; the chosen one stays if it is still offered."""
        places = [(name, name) for name in list_places(self._all_checked)]
        fill_combo(self.place, [(tr("Whole county"), ""), *places], self.place.currentData())
        self.place.setVisible(bool(places))

    def _show_place(self) -> None:
        """Show the indicators of the chosen place, with the edits so far where they can follow them."""
        place = self.place.currentData() or ""
        self._checked = [one for one in self._all_checked if one.place == place and one.value is not None]
        indicators, stale_ids = self._edited or (self._checked, frozenset())
        # Targets of several years or plans may have one value: their order is that of the check.
        edited_rows: dict[tuple[str, float | None], list[Indicator]] = {}
        for one in indicators:
            if one.place == place:
                edited_rows.setdefault((one.id, one.target), []).append(one)
        same_rows = (edited_rows.get((one.id, one.target), []) for one in self._checked)
        self._current = [rows.pop(0) if rows else one for one, rows in zip(self._checked, same_rows, strict=True)]
        # Townships do not follow edits.
        is_stale = self._edited is not None and bool(place)
        names = [one.name or one.id for one in self._checked if is_stale or one.id in stale_ids]
        text = tr("Known only after the next full check: %1").replace("%1", ", ".join(dict.fromkeys(names)))
        old = tr("Settings changed after the check; targets and limits are those of the check. Check again.")
        self.note.setText("\n".join([old] * self._have_settings_changed + [text] * bool(names)))
        self._refresh()

    # --- display
    def _refresh_after_theme_change(self) -> None:
        """Draw icons and fit columns for a new theme or font."""
        self._shown_rows.clear()
        self._refresh()

    def _refresh(self) -> None:
        texts = ReportTexts(settings.get_interface_language())
        self._show_ratio(texts)
        self._show_rows(make_indicator_rows(self._checked, self._current, texts, self._doubt_texts))
        self.fit_contents()
        self.shares.show_shares(compute_zone_shares(self._current))
        self._whole_rows.setVisible(bool(self._current))
        self.note.setVisible(bool(self.note.text()))
        self.confirm_link.setText(theme.make_link("profile", tr("View and confirm in the county profile…")))
        self.confirm_link.setVisible(any(not one.confirmed for one in self._current))

    def _show_ratio(self, texts: ReportTexts) -> None:
        ratio = find_limited_ratio(self._current)
        has_ratio = ratio is not None and ratio.value is not None
        for widget in (self.facts, self.ratio_title, self.state_icon, self.state_label):
            widget.setVisible(has_ratio)
        self._fact_lines = describe_ratio(self._checked, self._current, texts)
        if ratio is None or ratio.value is None:
            return
        # The panel opens without the libraries that figures need.
        from ...core.render import figures

        kind = get_state_kind(ratio)
        self._ratio_name = ratio.name or ratio.id
        self.state_label.setText(figures.format_state(ratio, texts))
        size = self.fontMetrics().height()
        self.state_icon.setPixmap(theme.load_pixmap(kind or "info", size, self.devicePixelRatioF()))
        text = format_number(ratio.value, figures.choose_decimals(ratio))
        self.dial.show_ratio(ratio.value, text, ratio.target, self._warning_share, kind)

    def _show_rows(self, rows: list[IndicatorRow]) -> None:
        """Show the rows; only changed ones are written, because an edit changes few of them."""
        new_rows = [(row, self._warning_share) for row in rows]
        if new_rows == self._shown_rows:
            return
        table = self.table
        selected = table.currentRow()
        with QSignalBlocker(table):
            table.setRowCount(len(rows))
            for number, row in enumerate(rows):
                if new_rows[number : number + 1] == self._shown_rows[number : number + 1]:
                    continue
                cells = ["", row.target_with_unit, row.before, row.now, row.change, row.margin, row.state, ""]
                for column, text in enumerate(cells):
                    item = table.item(number, column)
                    if item is None:
                        item = QTableWidgetItem()
                        if column in _RIGHT_ALIGNED:
                            item.setTextAlignment(_RIGHT)
                        if column == NOW_COLUMN:
                            set_bold(item)
                        table.setItem(number, column, item)
                    item.setText(text)
                    item.setToolTip(theme.make_plain_tip(row.explanation))
                table.item(number, STATE_COLUMN).setIcon(theme.load_icon(row.kind) if row.kind else QIcon())
                bar = (row.margin_share, self._warning_share, row.kind)
                table.item(number, BAR_COLUMN).setData(MARGIN_ROLE, bar)
            self._shown_rows = new_rows
            for column in range(table.columnCount()):
                table.setColumnHidden(column, False)
            self._arrange_texts(stacks_targets=False, shows_icons=False)
            table.resizeColumnsToContents()
            self._column_widths = [
                max(table.sizeHintForColumn(column), table.horizontalHeader().sectionSizeHint(column))
                for column in range(table.columnCount())
            ]
            self._arrange_texts(stacks_targets=True, shows_icons=False)
            self._stacked_width = table.sizeHintForColumn(NOW_COLUMN)
            if 0 <= selected < len(rows):
                table.selectRow(selected)

    def fit_contents(self) -> None:
        """Place dial and facts beside the table if its first columns fit there; else above it, without the dial."""
        bar_width, em = self.table.verticalScrollBar().sizeHint().width(), self.fontMetrics().height()
        # Frames, margins and the scroll bars of panel and table.
        room = self.width() - 2 * bar_width - 2 * em
        fact_widths = [self.fontMetrics().horizontalAdvance(text) for text, _is_secondary in self._fact_lines]
        ratio_width = self.dial.sizeHint().width() + max(fact_widths) + 2 * em if fact_widths else 0
        needed = sum(self._column_widths[column] for column in (NOW_COLUMN, *_FIRST_COLUMNS))
        needed += min(self._column_widths[NAME_COLUMN], _MAX_NAME_EM * em)
        is_wide = room - ratio_width >= needed
        direction = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(direction)
        self._columns.setSpacing(
            em if is_wide else self.style().pixelMetric(QStyle.PixelMetric.PM_LayoutVerticalSpacing)
        )
        self.dial.setVisible(is_wide and bool(fact_widths))
        self.ratio_title.setText(self._ratio_name if is_wide else f"{self._ratio_name}  {self.dial.text}")
        ink = QgsApplication.palette().color(QPalette.ColorRole.WindowText)
        colors = (
            theme.get_faint_color().name() if is_secondary else ink.name() for _, is_secondary in self._fact_lines
        )
        # Qt makes thin spaces of rich text plain ones, at which lines break.
        texts = (
            escape(keep_figures_whole(text)).replace("   ", "&nbsp; ").replace(THIN_SPACE, "&nbsp;")
            for text, _is_secondary in self._fact_lines
        )
        spans = (f'<span style="color: {color}">{text}</span>' for color, text in zip(colors, texts, strict=True))
        self.facts.setWordWrap(not is_wide)
        self.facts.setText(("<br>" if is_wide else "&nbsp;&nbsp; ").join(spans))
        self._fit_columns()
        self._show_explanation()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.table.viewport():
            self._fit_columns()
            self._show_selected_row()
        elif event.type() == QEvent.Type.Resize and watched is self.area.viewport():
            self._share_height()
            self._show_selected_row()
        elif event.type() == QEvent.Type.Resize and watched is self._explanation_area.viewport():
            self._fit_explanation()
        elif event.type() == QEvent.Type.MouseButtonPress and watched in self._headline:
            self.table.setCurrentCell(-1, -1)
        return super().eventFilter(watched, event)

    def _fit_columns(self) -> None:
        """Hide the columns that do not fit, without cutting a figure; long names are cut, the tool tip has them.

        Without room for the targets, they are below the values, and the icons of hidden states beside the names.
        """
        widths, table = self._column_widths, self.table
        name_width = min(widths[NAME_COLUMN], _MIN_NAME_EM * self.fontMetrics().height())
        needed = name_width + sum(widths[column] for column in (NOW_COLUMN, STATE_COLUMN, TARGET_COLUMN))
        # Whether the table scrolls must not decide: it does so if its rows are high.
        stacks = needed > table.width() - 2 * table.frameWidth() - table.verticalScrollBar().sizeHint().width()
        now_width = max(self._stacked_width, widths[NOW_COLUMN]) if stacks else widths[NOW_COLUMN]
        table.setColumnWidth(NOW_COLUMN, now_width)
        room = table.viewport().width() - name_width - now_width
        first_columns = (CHANGE_COLUMN, *_FIRST_COLUMNS) if self._edited is not None else _FIRST_COLUMNS
        for column in dict.fromkeys((*first_columns, NAME_COLUMN, *_FURTHER_COLUMNS)):
            if column == NAME_COLUMN:
                further = max(0, min(widths[NAME_COLUMN] - name_width, room))
                table.setColumnWidth(NAME_COLUMN, name_width + further)
                room -= further
            else:
                fits = widths[column] <= room and not (stacks and column == TARGET_COLUMN)
                table.setColumnHidden(column, not fits)
                room -= widths[column] if fits else 0
        self._arrange_texts(stacks, table.isColumnHidden(STATE_COLUMN))

    def _arrange_texts(self, stacks_targets: bool, shows_icons: bool) -> None:
        """Show the targets below the values, and the icons of the states beside the names, or else in their columns.

        Units are those of the names for targets below the values, and of the column of targets.
        """
        table = self.table
        for number, (row, _share) in enumerate(self._shown_rows):
            has_unit = stacks_targets or not row.target
            table.item(number, NAME_COLUMN).setText(row.name_with_unit if has_unit else row.name)
            lines = [row.now, row.target] if stacks_targets and row.target else [row.now]
            table.item(number, NOW_COLUMN).setText("\n".join(lines))
            if shows_icons != (not table.item(number, NAME_COLUMN).icon().isNull()):
                has_icon = shows_icons and bool(row.kind)
                table.item(number, NAME_COLUMN).setIcon(theme.load_icon(row.kind) if has_icon else QIcon())
        row_em = _TWO_LINES_EM if stacks_targets else _ROW_EM
        table.setWordWrap(stacks_targets)
        table.verticalHeader().setDefaultSectionSize(round(row_em * table.fontMetrics().height()))
        self._share_height()

    def _share_height(self) -> None:
        """Let the table scroll, or in a low panel, which scrolls itself, give the table the height of all rows."""
        table, area = self.table, self.area
        row_height = table.verticalHeader().defaultSectionSize()
        others = table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()
        for rows in (_MIN_ROWS, table.rowCount()):
            table.setMinimumHeight(others + rows * row_height)
            self._whole_rows.updateGeometry()
            needed = max(
                self._columns.minimumHeightForWidth(area.viewport().width()), self._columns.minimumSize().height()
            )
            if needed <= area.viewport().height():
                break

    def _show_explanation(self) -> None:
        """Show formula, inputs and source of the selected indicator; of the ratio without a selection."""
        item = self.table.item(self.table.currentRow(), NAME_COLUMN)
        ratio = find_limited_ratio(self._current)
        texts = ReportTexts(settings.get_interface_language())
        ratio_text = "" if ratio is None else explain_indicator(ratio, texts, self._doubt_texts)
        for widget in self._headline:
            widget.setToolTip(f"<p>{escape(ratio_text)}</p>" if ratio_text else "")
        text = ratio_text if item is None else item.toolTip()
        self.explanation.setText(keep_figures_whole(text))
        self._explanation_area.setVisible(bool(text))
        self._fit_explanation()

    def _show_selected_row(self) -> None:
        """Scroll to the selected row, whose room its explanation may take."""
        if (index := self.table.currentIndex()).isValid():
            self.table.scrollTo(index)
            bottom = self.table.visualRect(index).bottomLeft()
            place = self.table.viewport().mapTo(self.area.widget(), bottom)
            self.area.ensureVisible(place.x(), place.y(), 0, self.fontMetrics().height())

    def _fit_explanation(self) -> None:
        """Give the explanation the height of its lines, at most half of the panel."""
        needed = self.explanation.heightForWidth(self._explanation_area.viewport().width())
        self._explanation_area.setFixedHeight(max(min(needed, self.height() // 2), 0))
