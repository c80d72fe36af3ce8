# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 批量修复: what fixes of many findings would do, which are applied, and what that changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from qgis.gui import QgsFilterLineEdit, QgsMapCanvas
from qgis.PyQt.QtCore import QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.texts import tr
from ...core.base.placeholders import join_first
from ...core.render.words import ReportTexts
from ...core.standard.messages.texts import Texts
from ..widgets import (
    FittedWidget,
    FormSection,
    WholeRows,
    WrappedLabel,
    fill_layout,
    keep_figures_whole,
    make_faint_label,
    make_row,
    make_scroll_area,
    make_splitter,
    resize_within_screen,
    set_bold,
    theme,
)
from .batch_model import (
    BETWEEN_SIDES,
    CONFIRM,
    FEATURE_COLUMN,
    FIX_COLUMN,
    IN_COLUMN,
    NEW_COLUMN,
    NO_FIX,
    OUT_COLUMN,
    REASON_COLUMN,
    REFUSED,
    RULE_COLUMN,
    SAFE,
    SAFETIES,
    TOWNSHIP_COLUMN,
    BatchModel,
    BatchRow,
    Forecast,
    drop_subject,
    list_groupings,
)
from .change_preview import AreaTable, LinkedMaps
from .dialog import TrialDialog

_NAME_AND_KEY = re.compile(r"(.*?)((?:^| )…?\d+)?")
_WIDTH_DIGITS, _HEIGHT_LINES = 236, 58
#: First heights, in lines, of the text below the table and of the balance in a high dialog.
_TEXT_LINES, _BALANCE_LINES = 3, 11
#: Columns with long texts, which share what the others leave; the last column takes the rest.
_LONG_TEXT_COLUMNS = (RULE_COLUMN, FEATURE_COLUMN, FIX_COLUMN, REASON_COLUMN)
#: With less room for these texts, the text below the table has those of the others.
_MIN_ROOM_DIGITS = 96
#: Maximum width of the name of a rule, beside its tick box and icon, of a sentence, and of a reason before it is
#: stretched.
_MAX_TEXT_DIGITS = {RULE_COLUMN: 34, FIX_COLUMN: 32, REASON_COLUMN: 24}
#: Maximum width of sentence and reason in a narrow table.
_NARROW_DIGITS = 20
#: Letters of a layer's name that a narrow column leaves before its key.
_MIN_NAME_LETTERS = 2
#: Rules that the forecast names of those that a full check decides on.
_MAX_NAMED_RULES = 3
#: Pixels by which widths of texts may differ, as they are rounded.
_ELIDED_REST = 4
#: Shares of the table and of the maps in the width of the dialog.
_TABLE_SHARE, _MAPS_SHARE = 7, 3


class _MiddleDelegate(QStyledItemDelegate):
    """Elides sentences in the middle: their ends have the verbs."""

    def initStyleOption(self, option, index):
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


class _KeyDelegate(_MiddleDelegate):
    """Cuts the names of layers, and not the keys behind them, which distinguish the rows."""

    def initStyleOption(self, option, index):
        super().initStyleOption(option, index)
        margin = option.widget.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, option.widget) + 1
        # If this were too wide for Qt, it would cut the keys.
        width = option.rect.width() - 2 * margin - _ELIDED_REST
        option.text = _cut_names(option.text, option.fontMetrics.horizontalAdvance, width)


def _cut_names(text: str, measure: Callable[[str], int], width: int) -> str:
    """Return features (“name …key ↔ name …key”) with names cut to fit a width, the longest first, down to the keys."""
    sides = text.split(BETWEEN_SIDES)
    pairs = [_NAME_AND_KEY.fullmatch(side).groups(default="") for side in sides]
    lengths = [len(name) for name, _key in pairs]

    def join() -> str:
        shown = zip(pairs, lengths, strict=True)
        return BETWEEN_SIDES.join(
            (f"{name[:n]}…{key}" if n else key.strip()) if n < len(name) else name + key for (name, key), n in shown
        )

    def count_spare(number: int) -> int:
        """Return by how many letters a name can be cut; one without a key leaves some."""
        return lengths[number] - (0 if pairs[number][1] else _MIN_NAME_LETTERS)

    while 0 < width < measure(join()) and any(count_spare(number) > 0 for number in range(len(sides))):
        lengths[max(range(len(sides)), key=count_spare)] -= 1
    return join()


class _Table(FittedWidget, QTreeView):
    """The table of proposals; `BatchDialog` sets the function that fits its columns."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # The space bar ticks the row, whichever of its cells was clicked.
        if event.key() == Qt.Key.Key_Space:
            self.setCurrentIndex(self.currentIndex().siblingAtColumn(RULE_COLUMN))
        super().keyPressEvent(event)


class BatchDialog(TrialDialog):
    """Lists the fixes proposed for many findings; it only emits signals and changes no layer.

    Signals: those of `TrialDialog`; ``rowShown`` with the current row; ``previewRequested`` with a row: preview all
    fixes of its finding; ``ticksChanged``; ``exportRequested``: save the table.
    """

    rowShown = pyqtSignal(object)
    previewRequested = pyqtSignal(object)
    ticksChanged = pyqtSignal()
    exportRequested = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianBatchFixDialog", windowTitle=tr("Batch Fix"))
        self.maps, self.areas = LinkedMaps(main_canvas, Qt.Orientation.Vertical), AreaTable()
        self.model = BatchModel(self)
        #: Widths in pixels in which the texts of the columns are whole.
        self._text_widths, self._code_width = [0] * (REASON_COLUMN + 1), 0
        self._current: BatchRow | None = None
        self._place = 0
        self.table = self._make_table()
        self.summary, self.forecast = QLabel(), WrappedLabel()
        set_bold(self.summary)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * 36)
        self.cancel_button = QPushButton(tr("Cancel"), clicked=self.cancelRequested)
        self.retry_button = QPushButton(tr("Try Again"), clicked=self.retryRequested)
        balance = FormSection(
            tr("Area balance"),
            tr("ticked fixes, statutory area, changed features only; before − out + in = after"),
            wraps=True,
        )
        line = self.fontMetrics().lineSpacing()
        # The header and two rows.
        self.areas.setMinimumHeight(line * 9 // 2)
        balance.layout_.addWidget(WholeRows(self.areas), 1)
        outlook = FormSection(tr("After applying"), tr("ticked fixes"))
        fill_layout(outlook.layout_, self.forecast, None)
        #: Fix and reason of the current row in full; on a small screen it gives its room to the table.
        self.explanation = QLabel(objectName="SanxianBatchFixRow", wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        explanation = make_scroll_area(self.explanation)
        explanation.setMinimumHeight(line)
        left = make_splitter(Qt.Orientation.Vertical, (WholeRows(self.table), 1), (explanation, 0), (balance, 0))
        right = QWidget()
        fill_layout(QVBoxLayout(right), (self.maps, 1), outlook, has_margins=False)
        halves = make_splitter(Qt.Orientation.Horizontal, (left, _TABLE_SHARE), (right, _MAPS_SHARE))
        self.status = make_faint_label(objectName="SanxianBatchFixStatus", wordWrap=True)
        self.apply = QPushButton(
            tr("Apply"), objectName="SanxianBatchFixApply", default=True, clicked=self.applyRequested
        )
        head = make_row(self.summary, None, self.progress, self.cancel_button, self.retry_button)
        # The list stays where it is when a trial shows its progress: a tick must not land in another row.
        head.addStrut(self.cancel_button.sizeHint().height())
        fill_layout(
            QVBoxLayout(self),
            head,
            self._make_filters_and_buttons(),
            (halves, 1),
            make_row((self.status, 1), self.apply, QPushButton(tr("Close"), clicked=self.reject)),
        )
        digit = self.fontMetrics().horizontalAdvance("0")
        resize_within_screen(self, digit * _WIDTH_DIGITS, line * _HEIGHT_LINES)
        # A low dialog leaves the table what the balance does not need at least.
        balance_height = max(0, self.height() - line * (_HEIGHT_LINES - _BALANCE_LINES))
        left.setSizes([self.height(), line * _TEXT_LINES + line // 4, balance_height])
        halves.setSizes([self.width() * _TABLE_SHARE // 10, self.width() * _MAPS_SHARE // 10])
        self.model.ticksChanged.connect(self.ticksChanged)
        self.model.modelAboutToBeReset.connect(self._keep_place)
        self.model.modelReset.connect(self._show_groups)
        # The layout gives the table its width after the dialog has its own.
        self.table.fit_contents = self._fit_columns
        self.table.setFocus()
        self.show_state("", can_apply=False)

    # --- widgets
    def _make_filters_and_buttons(self) -> QHBoxLayout:
        search = QgsFilterLineEdit(textChanged=self.model.set_search_text, accessibleName=tr("Search"))
        theme.set_placeholder(search, tr("Search rules, keys, townships"))
        grouping = QComboBox(accessibleName=tr("Group the table"), currentIndexChanged=self.model.set_grouping)
        grouping.addItems([name for name, *_others in list_groupings()])
        # Dark themes show whether a tool button is pressed, but not whether a push button is.
        self.group_buttons = {
            group: QToolButton(
                checkable=True, checked=True, toggled=lambda on, group=group: self.model.set_shown(group, on)
            )
            for group in SAFETIES
        }
        only_safe_button = QPushButton(tr("Safe Only"), clicked=lambda: self.model.tick_rows([SAFE]))
        none_button = QPushButton(tr("None"), clicked=lambda: self.model.tick_rows([]))
        self.preview_button = QPushButton(tr("Other Fixes…"), clicked=self._request_preview)
        self.export_button = QPushButton(tr("Export Table…"), clicked=self.exportRequested)
        buttons = (only_safe_button, none_button, self.preview_button, self.export_button)
        for button in buttons:
            button.setAutoDefault(False)
        return make_row((search, 1), grouping, *self.group_buttons.values(), *buttons)

    def _make_table(self) -> _Table:
        table = _Table(
            objectName="SanxianBatchFixes",
            accessibleName=tr("Proposals"),
            uniformRowHeights=True,
            allColumnsShowFocus=True,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
            # Code of the rule and verdict on the fix come first.
            textElideMode=Qt.TextElideMode.ElideRight,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        table.setItemDelegateForColumn(FEATURE_COLUMN, _KeyDelegate(table))
        table.setItemDelegateForColumn(FIX_COLUMN, _MiddleDelegate(table))
        table.setModel(self.model)
        header = table.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        # A stretched section is not narrower than its former size.
        header.resizeSection(REASON_COLUMN, header.sectionSizeHint(REASON_COLUMN))
        table.selectionModel().currentRowChanged.connect(lambda *_rows: self._on_row_changed())
        table.doubleClicked.connect(lambda _index: self._request_preview())
        return table

    def _fit_columns(self) -> None:
        """Narrow the columns with long texts, which have tool tips, instead of scrolling sideways."""
        header, box = self.table.header(), self._measure_box()
        widths = [max(width, header.sectionSizeHint(column)) for column, width in enumerate(self._text_widths)]
        others = [column for column in range(len(widths)) if column not in _LONG_TEXT_COLUMNS]
        room = self.table.viewport().width() - box - sum(widths[column] for column in others)
        # What the balance below sums, or the text below has, gives way to the texts that distinguish the rows.
        digit = self.fontMetrics().horizontalAdvance("0")
        for column in (NEW_COLUMN, OUT_COLUMN, IN_COLUMN, TOWNSHIP_COLUMN):
            is_hidden = room < digit * _MIN_ROOM_DIGITS
            room += widths[column] if is_hidden else 0
            header.setSectionHidden(column, is_hidden)
            header.resizeSection(column, widths[column])
        self.model.shows_titles = room >= digit * _MIN_ROOM_DIGITS
        if not self.model.shows_titles:
            widths[RULE_COLUMN] = self._code_width
        if header.isSectionHidden(NEW_COLUMN):
            for column in (FIX_COLUMN, REASON_COLUMN):
                widths[column] = min(widths[column], digit * _NARROW_DIGITS)
        # A column that needs less than its share leaves the rest to the others.
        for number, column in enumerate(sorted(_LONG_TEXT_COLUMNS, key=widths.__getitem__)):
            width = min(widths[column], room // (len(_LONG_TEXT_COLUMNS) - number))
            # The last section is stretched, and would not be narrower later than it was made.
            if column != REASON_COLUMN:
                header.resizeSection(column, width + box if column == RULE_COLUMN else width)
            room -= width

    def _measure_box(self) -> int:
        """Return the width of what is before the name of a rule: indentation, tick box and icon."""
        return 2 * self.table.indentation() + self.table.fontMetrics().height() * 3

    def _measure_texts(self, rows: Sequence[BatchRow]) -> None:
        """Set the widths in which the texts of the columns are whole, of rules, fixes and reasons up to a maximum."""
        measure = self.table.fontMetrics().horizontalAdvance
        # Two more pixels, as a style rounds the width of a text up.
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self.table) + 1
        texts = [list(column) for column in zip(*(row.cells for row in rows), strict=True)]
        texts[FIX_COLUMN] = [drop_subject(row.cells[FIX_COLUMN], row.cells[FEATURE_COLUMN]) for row in rows]
        self._text_widths = [max(map(measure, column), default=0) + 2 * margin + 2 for column in texts]
        self._code_width = max((measure(row.entry.finding.code) for row in rows), default=0) + 2 * margin + 2
        for column, digits in _MAX_TEXT_DIGITS.items():
            self._text_widths[column] = min(self._text_widths[column], measure("0") * digits)

    # --- content
    def _show_groups(self) -> None:
        """Expand the groups, and select the row that the preview shows, else the first one."""
        self.table.expandAll()
        for number in range(len(self.model.groups)):
            self.table.setFirstColumnSpanned(number, QModelIndex(), True)
        index = self.model.find_index(self._current) if self._current is not None else QModelIndex()
        is_same = index.isValid()
        if not is_same and self.model.groups:
            index = self.model.index(0, 0, self.model.index(0, 0))
        self.table.setCurrentIndex(index)
        if is_same:
            self.table.verticalScrollBar().setValue(self._place)

    def _keep_place(self) -> None:
        self._place = self.table.verticalScrollBar().value()

    def show_rows(self, rows: list[BatchRow], unlisted_count: int = 0, left_out_count: int = 0) -> None:
        """Show what the fixes did when they were tried on a copy of the layers.

        ``unlisted_count``: number of findings of the panel that no fix is made for; ``left_out_count``: of the others
        that are not among the rows.
        """
        self._current = None
        self.explanation.setText("")
        self.model.set_rows(rows)
        counts = {group: sum(row.safety == group for row in rows) for group in SAFETIES}
        text_by_group = {
            SAFE: tr("Safe {count}"),
            CONFIRM: tr("To confirm {count}"),
            REFUSED: tr("Not fixable {count}"),
        }
        for group, button in self.group_buttons.items():
            button.setText(text_by_group[group].format(count=counts[group]))
        text = tr("{count} findings can be fixed; {others} are explained only.") if rows else ""
        texts = [text.format(count=counts[SAFE] + counts[CONFIRM], others=counts[REFUSED])]
        if unlisted_count:
            texts.append(tr("No fix is made for {count} more.").format(count=unlisted_count))
        if left_out_count:
            texts.append(tr("{count} more are filtered out or dealt with.").format(count=left_out_count))
        self.summary.setText(Texts(settings.get_interface_language()).join_sentences(texts))
        self.export_button.setEnabled(bool(rows))
        if rows:
            self._measure_texts(rows)
        self._fit_columns()

    def show_forecast(self, forecast: Forecast | None, *, is_being_checked: bool = False) -> None:
        """Show what Apply would leave; None while that is not known.

        ``is_being_checked``: a check of a copy is running, whose result comes in place of this forecast.
        """
        if forecast is None:
            self.forecast.setText(tr("Trying the ticked fixes together…"))
            return
        before_and_after, untried = "{} → <b>{}</b>", len(forecast.untried_codes)
        codes = tr(" ({codes})").format(codes=tr(", ").join(forecast.new_codes)) if forecast.new_count else ""
        more = tr("{count} rules were tried only near the changes or not at all ({codes}): a full check may find more")
        first_codes = join_first(forecast.untried_codes, tr(", "), limit=_MAX_NAMED_RULES)
        more = more.format(count=untried, codes=first_codes) if untried else ""
        if is_being_checked:
            more = tr("Checking a copy with the ticked fixes…")
        self.forecast.setText(
            "<br>".join(
                (
                    tr("Errors {change}").format(change=before_and_after.format(*forecast.errors)),
                    tr("Warnings {change}").format(change=before_and_after.format(*forecast.warnings)),
                    tr("New findings {count}").format(count=f"<b>{forecast.new_count or tr('none')}</b>") + codes,
                    *forecast.indicator_lines,
                    *([more] if more else []),
                )
            )
        )
        lines = [*forecast.new_texts]
        if untried:
            codes = tr(", ").join(forecast.untried_codes)
            lines.append(tr("Not tried, or only near the changes; a full check decides: {codes}").format(codes=codes))
        if any("*" in line for line in forecast.indicator_lines):
            lines.append(ReportTexts(settings.get_interface_language()).get("text", "unconfirmed_note"))
        self.forecast.setToolTip("".join(f"<p>{escape(line)}</p>" for line in lines if line))

    def show_state(self, text: str, *, can_apply: bool, can_retry: bool = False, is_bold: bool = False) -> None:
        """Show ``text`` in the status line, and enable Apply if ``can_apply`` and a fix is ticked.

        ``can_retry``: show the button that tries again; ``is_bold``: the text answers what the user did.
        """
        count = len(self.model.list_ticked())
        self.show_progress(None)
        font = self.status.font()
        font.setBold(is_bold)
        self.status.setFont(font)
        self.status.setText(text)
        self.retry_button.setVisible(can_retry)
        self.apply.setEnabled(can_apply and count > 0)
        self.apply.setText(tr("Apply {count}").format(count=count) if count else tr("Apply"))

    @property
    def current_row(self) -> BatchRow | None:
        """Return the row that the preview shows; None without a row."""
        return self.model.get_row(self.table.currentIndex())

    def _on_row_changed(self) -> None:
        row = self.current_row
        if row is not None:
            is_restored, self._current = row is self._current, row
            # A narrow table has no room for all of these.
            *subject, fix = row.cells[: FIX_COLUMN + 1]
            fix = tr("  ").join(one for one in (fix, *subject) if one not in ("", NO_FIX))
            moved_out, moved_in, new = (row.cells[column] for column in (OUT_COLUMN, IN_COLUMN, NEW_COLUMN))
            figures = tr("out {out} m², in {in_} m², new findings {new}").format(out=moved_out, in_=moved_in, new=new)
            moves_land = row.entry.proposal is not None and row.entry.proposal.areas
            verdict = tr("; ").join((row.verdict, figures)) if moves_land else row.verdict
            self.explanation.setText(keep_figures_whole(f"{verdict}\n{fix}"))
            self.explanation.setToolTip(f"<p>{escape(row.untried_note)}</p>" if row.untried_note else "")
            self.rowShown.emit(row)
            if not is_restored:
                self.model.mark_seen(row)

    def _request_preview(self) -> None:
        if self.current_row is not None:
            self.previewRequested.emit(self.current_row)
