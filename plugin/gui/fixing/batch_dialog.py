# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 批量修复: what fixes of many findings would do, which are applied, and what that changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from qgis.gui import QgsFilterLineEdit, QgsMapCanvas
from qgis.PyQt.QtCore import QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont
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

from ...bridge.texts import tr
from ..findings.groups import get_finding_kind
from ..widgets import (
    FittedWidget,
    FormSection,
    GroupedModel,
    WholeRows,
    WrappedLabel,
    fill_layout,
    make_faint_label,
    make_row,
    make_scroll_area,
    make_splitter,
    resize_within_screen,
    set_bold,
    theme,
)
from .change_preview import AreaTable, LinkedMaps
from .dialog import TrialDialog

COLUMNS = RULE_COLUMN, FEATURE_COLUMN, TOWNSHIP_COLUMN, FIX_COLUMN, OUT_COLUMN, IN_COLUMN, NEW_COLUMN, REASON_COLUMN = (
    range(8)
)
#: Whether a fix can be applied as it is, after confirmation, or not; in their order.
SAFE, CONFIRM, REFUSED = SAFETIES = range(3)
_RIGHT_ALIGNED = (OUT_COLUMN, IN_COLUMN, NEW_COLUMN)
_BETWEEN_SIDES = " ↔ "
_NAME_AND_KEY = re.compile(r"(.*?)((?:^| )…?\d+)?")
_WIDTH_DIGITS, _HEIGHT_LINES = 210, 48
#: Columns with long texts, which share what the others leave; the last column takes the rest.
_LONG_TEXT_COLUMNS = (RULE_COLUMN, FEATURE_COLUMN, FIX_COLUMN)
#: With less room for these texts, the text below the table has those of the others.
_MIN_ROOM_DIGITS = 50
#: Maximum width of the name of a rule, beside its tick box and icon, and of a sentence on a fix.
_MAX_TEXT_DIGITS = 40
#: Letters of a layer's name that a narrow column leaves before its key.
_MIN_NAME_LETTERS = 2
#: Shares of the table and of the maps in the width of the dialog.
_TABLE_SHARE, _MAPS_SHARE = 7, 3


@dataclass
class BatchRow:
    """A finding with its proposed fix, as a row of the batch.

    ``entry``: `core.fixes.batch.BatchEntry`; ``safety``: SAFE, CONFIRM or REFUSED; ``cells``: text of each column;
    ``group``: the safety of the first trial, by which the row is listed: it does not move while the user ticks.
    """

    entry: Any
    safety: int
    cells: list[str]
    is_ticked: bool = False
    #: True once the preview of the row was shown; only then a fix that is not safe can be ticked.
    is_seen: bool = False
    #: Unticked because its fix is another one together with the other ticked fixes; until the user ticks it again.
    is_dropped: bool = False

    def __post_init__(self) -> None:
        self.group = self.safety

    @property
    def can_be_ticked(self) -> bool:
        """Return True for a safe fix, and for one to confirm whose preview was shown."""
        return self.safety == SAFE or (self.safety == CONFIRM and self.is_seen)


def make_batch_rows(entries: list[Any], texts: Any, titles: Mapping[str, str]) -> list[BatchRow]:
    """Return a row for each tried fix; rows of safe fixes come first and are ticked.

    ``entries``: `core.fixes.batch.BatchEntry`; ``texts``: `core.fixes.proposal.FixTexts`; ``titles``: rule code →
    title.
    """
    rows = []
    for entry in entries:
        safety, code = _find_safety(entry), entry.finding.code
        cells = [f"{code} {titles.get(code, '')}".strip(), *_make_cells(entry, safety, texts)]
        rows.append(BatchRow(entry, safety, cells, is_ticked=safety == SAFE))
    return sorted(rows, key=lambda row: row.safety)


def _find_safety(entry: Any) -> int:
    """Return SAFE, CONFIRM or REFUSED for a tried fix."""
    return REFUSED if entry.proposal is None else SAFE if entry.proposal.is_safe else CONFIRM


def _make_cells(entry: Any, safety: int, texts: Any) -> list[str]:
    """Return the texts after the rule's for a finding and its proposed fix, or the reason why it has none."""
    from ...core.standard.messages.texts import format_number, shorten_key

    finding, proposal = entry.finding, entry.proposal
    sides = [f"{texts.get_short_layer_name(finding.role)} {shorten_key(finding.key)}".strip()]
    if finding.related_keys:
        # Two rows of one layer need its name once; a narrow column would cut the second key.
        role = finding.related_role if finding.related_role != finding.role or not finding.key else ""
        sides.append(f"{texts.get_short_layer_name(role)} {shorten_key(finding.related_keys[0])}".strip())
    cells = [_BETWEEN_SIDES.join(sides), finding.township]
    if proposal is None:
        if entry.ended_by is not None:
            reason = tr("Ends with the fix of {code}").format(code=entry.ended_by.finding.code)
        else:
            reason = texts.explain_refusal(entry.refusal)
        return [*cells, "—", "—", "—", "—", reason]
    moved_out = sum(area.ellipsoid_out_m2 for area in proposal.areas)
    moved_in = sum(area.ellipsoid_in_m2 for area in proposal.areas)
    doubts = tr("; ").join(texts.list_doubts(proposal))
    return [
        *cells,
        texts.make_sentence(proposal),
        format_number(moved_out, 2) if proposal.areas else "—",
        format_number(moved_in, 2) if proposal.areas else "—",
        str(proposal.added_count) if proposal.added_count or proposal.untried_rules else tr("none"),
        tr("; ").join(filter(None, [tr("Safe") if safety == SAFE else doubts, texts.describe_untried_rules(proposal)])),
    ]


def _list_groupings() -> list[tuple[str, Callable[[BatchRow], Any], Callable[[Any], str]]]:
    """Return by what the table can be grouped: name, key of a row, and heading of a key."""
    safeties = {
        SAFE: tr("Safe: formal or sliver change, the finding ends and none is new"),
        CONFIRM: tr("To confirm one by one: a row can be ticked once its preview was shown"),
        REFUSED: tr("Not fixable: explained only"),
    }
    return [
        (tr("By safety"), lambda row: row.group, safeties.__getitem__),
        (tr("By township"), lambda row: row.cells[TOWNSHIP_COLUMN], lambda name: name or tr("No township")),
        (tr("By feature"), lambda row: row.cells[FEATURE_COLUMN].split(_BETWEEN_SIDES)[0], str),
    ]


class RowGroup(NamedTuple):
    """Rows of the batch that are shown together, below a heading."""

    heading: str
    rows: list[BatchRow]


class BatchModel(GroupedModel):
    """Tree of the batch: groups, and in each the rows that pass the filters; the first column has the tick boxes.

    The internal id of an index is 0 for a group, and the number of its group for a row.
    """

    ticksChanged = pyqtSignal()
    COLUMN_COUNT = len(COLUMNS)

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.rows: list[BatchRow] = []
        self.groups: list[RowGroup] = []
        self.shown_safeties, self._words, self._grouping = set(SAFETIES), [], _list_groupings()[0]
        self._titles = [
            tr("Rule"), tr("Affected features"), tr("Township"), tr("Method"), tr("Out m²"), tr("In m²"),
            tr("New findings"), tr("Safe, or why not"),
        ]  # fmt: skip
        self._icons = {kind: theme.load_icon(name) for kind, name in theme.KIND_ICONS.items()}

    def set_rows(self, rows: list[BatchRow]) -> None:
        self.rows = rows
        self._arrange()
        self.ticksChanged.emit()

    def set_shown(self, safety: int, is_shown: bool) -> None:
        """Show or hide the rows of a safety (SAFE, CONFIRM or REFUSED)."""
        self.shown_safeties = self.shown_safeties | {safety} if is_shown else self.shown_safeties - {safety}
        self._arrange()

    def set_search_text(self, text: str) -> None:
        """Show only rows that contain all words of the text."""
        self._words = text.casefold().split()
        self._arrange()

    def set_grouping(self, number: int) -> None:
        """Group by the entry of `_list_groupings` with this number."""
        self._grouping = _list_groupings()[number]
        self._arrange()

    def _arrange(self) -> None:
        """Form the groups of the rows that pass the filters; those of a safety keep its order, others are sorted."""
        _name, get_key, get_heading = self._grouping
        rows_by_key: dict[Any, list[BatchRow]] = {}
        for row in self.rows:
            text = " ".join(row.cells).casefold()
            if row.group in self.shown_safeties and all(word in text for word in self._words):
                rows_by_key.setdefault(get_key(row), []).append(row)
        self.beginResetModel()
        self.groups = [RowGroup(get_heading(key), rows_by_key[key]) for key in sorted(rows_by_key)]
        self.endResetModel()

    def list_ticked(self) -> list[BatchRow]:
        """Return the rows whose fixes are ticked, also those that the filters hide."""
        return [row for row in self.rows if row.is_ticked]

    def show_second_trial(self, pairs: list[tuple[BatchRow, Any]], changed_rows: list[BatchRow], texts: Any) -> bool:
        """Show what a second trial found for rows; return False if a row that stays ticked has other cells now.

        ``pairs``: rows, each with its present `core.fixes.batch.BatchEntry`. ``changed_rows``: those with another fix,
        which are unticked; a fix to confirm has to be viewed again.
        """
        former_cells = [row.cells for row, _entry in pairs]
        for row, entry in pairs:
            row.entry.proposal, row.entry.refusal, row.entry.ended_by = entry.proposal, entry.refusal, entry.ended_by
            is_changed = any(row is one for one in changed_rows)
            row.is_ticked, row.is_seen = entry.proposal is not None and not is_changed, not is_changed
            row.is_dropped = is_changed
            row.safety = _find_safety(entry)
            row.cells = [row.cells[RULE_COLUMN], *_make_cells(row.entry, row.safety, texts)]
        self._arrange()
        return all(row.cells == cells or not row.is_ticked for (row, _), cells in zip(pairs, former_cells, strict=True))

    def tick_rows(self, safeties: Iterable[int]) -> None:
        """Tick the rows of these safeties and no other."""
        safeties = set(safeties)
        for row in self.rows:
            row.is_ticked = row.safety in safeties
        self._refresh()

    def mark_seen(self, row: BatchRow) -> None:
        """Record that the user saw the preview of a row, so that it can be ticked."""
        if not row.is_seen:
            row.is_seen = True
            index = self.find_index(row)
            for changed_index in (index, index.parent()):
                self.dataChanged.emit(changed_index, changed_index.siblingAtColumn(REASON_COLUMN))

    def _refresh(self) -> None:
        for number, (_heading, rows) in enumerate(self.groups):
            group = self.index(number, 0)
            self.dataChanged.emit(group, group)
            self.dataChanged.emit(self.index(0, 0, group), self.index(len(rows) - 1, REASON_COLUMN, group))
        self.ticksChanged.emit()

    def get_row(self, index: QModelIndex) -> BatchRow | None:
        """Return the row of an index; None for a group."""
        return self.groups[index.internalId() - 1].rows[index.row()] if index.isValid() and index.internalId() else None

    def find_index(self, row: BatchRow) -> QModelIndex:
        """Return the index of a row; an invalid one if the filters hide it."""
        for number, (_heading, rows) in enumerate(self.groups):
            position = next((n for n, one in enumerate(rows) if one is row), None)
            if position is not None:
                return self.index(position, 0, self.index(number, 0))
        return QModelIndex()

    # --- Qt
    def index(self, row: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        inside = 0 <= row < self.rowCount(parent) and 0 <= column < len(COLUMNS)
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0) if inside else QModelIndex()

    def parent(self, index: QModelIndex) -> QModelIndex:
        number = index.internalId() if index.isValid() else 0
        return self.createIndex(number - 1, 0, 0) if number else QModelIndex()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return self._titles[section] if is_title else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == RULE_COLUMN and any(row.can_be_ticked for row in self._list_rows(index)):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def _list_rows(self, index: QModelIndex) -> list[BatchRow]:
        """Return the rows of a group, or the row of an index."""
        row = self.get_row(index)
        return self.groups[index.row()].rows if row is None else [row]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.get_row(index), index.column()
        if role == Qt.ItemDataRole.CheckStateRole:
            rows = [one for one in self._list_rows(index) if one.safety != REFUSED]
            # A group has a box once one of its rows can be ticked.
            has_box = bool(rows) if row is not None else any(one.can_be_ticked for one in rows)
            if column != RULE_COLUMN or not has_box:
                return None
            ticked = sum(one.is_ticked for one in rows)
            if not ticked:
                return Qt.CheckState.Unchecked
            return Qt.CheckState.Checked if ticked == len(rows) else Qt.CheckState.PartiallyChecked
        if row is None:
            return self._get_group_data(index, role)
        if role == Qt.ItemDataRole.DisplayRole:
            text = row.cells[column]
            return _drop_subject(text, row.cells[FEATURE_COLUMN]) if column == FIX_COLUMN else text
        if role == Qt.ItemDataRole.ToolTipRole:
            # Qt wraps only rich text.
            return f"<p>{escape(row.cells[column])}</p>"
        if role == Qt.ItemDataRole.DecorationRole and column == RULE_COLUMN:
            return self._icons.get(get_finding_kind(row.entry.finding))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _RIGHT_ALIGNED:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and row.safety == REFUSED:
            return theme.get_faint_color(in_field=True)
        return None

    def _get_group_data(self, index: QModelIndex, role: int) -> Any:
        heading, rows = self.groups[index.row()]
        if role == Qt.ItemDataRole.DisplayRole and index.column() == RULE_COLUMN:
            return tr("{heading} ({count})").format(heading=heading, count=len(rows))
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        rows = [row for row in self._list_rows(index) if row.can_be_ticked]
        if role != Qt.ItemDataRole.CheckStateRole or not rows:
            return False
        is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        if self.get_row(index) is None:
            # A click on the box of a group that is ticked in part always gives “checked”.
            is_ticked = not all(row.is_ticked for row in rows)
        for row in rows:
            row.is_ticked, row.is_dropped = is_ticked, row.is_dropped and not is_ticked
        self._refresh()
        return True


@dataclass(frozen=True)
class Forecast:
    """What Apply would leave: numbers of open errors and warnings (before, after), and of new findings.

    ``new_texts``, ``new_codes``: the new findings and their rules; ``untried_codes``: rules that the trials did not
    check, or only nearby.
    """

    errors: tuple[int, int]
    warnings: tuple[int, int]
    new_count: int
    new_texts: tuple[str, ...] = ()
    new_codes: tuple[str, ...] = ()
    untried_codes: tuple[str, ...] = ()


def make_forecast(findings: Iterable[Any], proposals: Sequence[Any]) -> Forecast:
    """Return what the proposals, applied in this order, leave of the displayed findings.

    ``proposals``: `core.fixes.proposal.Proposal`; a finding that one adds and a later one ends counts as neither.
    """
    before = Counter(map(get_finding_kind, findings))
    after = Counter(before)
    for proposal in proposals:
        after.subtract(map(get_finding_kind, proposal.ended_findings))
        after.update(map(get_finding_kind, proposal.new_findings))
    new = sum(one.added_count for one in proposals)
    added = [finding for one in proposals if one.added_count for finding in one.new_findings]
    untried = sorted({code for one in proposals for code in one.untried_rules})
    return Forecast(
        (before["ERROR"], after["ERROR"]),
        (before["WARNING"], after["WARNING"]),
        new,
        tuple(dict.fromkeys(one.message for one in added)),
        tuple(sorted({one.code for one in added})),
        tuple(untried),
    )


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
        option.text = _cut_names(option.text, option.fontMetrics.horizontalAdvance, option.rect.width() - 2 * margin)


def _cut_names(text: str, measure: Callable[[str], int], width: int) -> str:
    """Return features (“name …key ↔ name …key”) with names cut to fit a width, the longest first.

    Where both keys do not fit, the first remains.
    """
    sides = text.split(_BETWEEN_SIDES)
    pairs = [_NAME_AND_KEY.fullmatch(side).groups(default="") for side in sides]
    lengths = [len(name) for name, _key in pairs]

    def join() -> str:
        shown = zip(pairs, lengths, strict=True)
        return _BETWEEN_SIDES.join(f"{name[:n]}…{key}" if n < len(name) else name + key for (name, key), n in shown)

    while 0 < width < measure(join()) and max(lengths) > _MIN_NAME_LETTERS:
        lengths[lengths.index(max(lengths))] -= 1
    if len(sides) == 1 or not 0 < width < measure(join()):
        return join()
    rest = f"{_BETWEEN_SIDES}…"
    return _cut_names(sides[0], measure, width - measure(rest)) + rest


def _drop_subject(sentence: str, features: str) -> str:
    """Return a sentence on a fix without the feature at its beginning, if the column of features has it."""
    for name, _gap, key in (side.rpartition(" ") for side in features.split(_BETWEEN_SIDES)):
        # The sentence has the code of the layer in brackets.
        match = re.match(rf"{re.escape(name)}(（\w+）)? {re.escape(key)} ", sentence) if name else None
        if match:
            return sentence[match.end() :]
    return sentence


class _Table(FittedWidget, QTreeView):
    """The table of proposals; `BatchDialog` sets the function that fits its columns."""


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
        #: Widths in pixels in which the texts of the columns are whole, without the last.
        self._text_widths = [0] * REASON_COLUMN
        self._current: BatchRow | None = None
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
        balance.layout_.addWidget(WholeRows(self.areas), 1)
        outlook = FormSection(tr("After applying"), tr("ticked fixes"))
        fill_layout(outlook.layout_, self.forecast, None)
        #: Fix and reason of the current row in full; on a small screen it gives its room to the table.
        self.explanation = QLabel(objectName="SanxianBatchFixRow", wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        line = self.fontMetrics().lineSpacing()
        explanation = make_scroll_area(self.explanation)
        explanation.setMinimumHeight(line)
        left = make_splitter(Qt.Orientation.Vertical, (WholeRows(self.table), 1), (explanation, 0), (balance, 0))
        left.setSizes([line * 23, line * 4, line * 8])
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
        halves.setSizes([self.width() * _TABLE_SHARE // 10, self.width() * _MAPS_SHARE // 10])
        self.model.ticksChanged.connect(self.ticksChanged)
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
        grouping.addItems([name for name, *_others in _list_groupings()])
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
        others = [column for column in range(REASON_COLUMN) if column not in _LONG_TEXT_COLUMNS]
        for column in others:
            header.resizeSection(column, widths[column])
        # The last column, with the reason, has at least the width of its heading.
        room = self.table.viewport().width() - header.sectionSizeHint(REASON_COLUMN) - box
        room -= sum(widths[column] for column in others)
        # What the balance below sums gives way to the texts that distinguish the rows.
        hidden: set[int] = set()
        for column in (OUT_COLUMN, IN_COLUMN, TOWNSHIP_COLUMN):
            if room < self.fontMetrics().horizontalAdvance("0") * _MIN_ROOM_DIGITS:
                hidden.add(column)
                room += widths[column]
            header.setSectionHidden(column, column in hidden)
        # A column that needs less than its share leaves the rest to the others.
        for number, column in enumerate(sorted(_LONG_TEXT_COLUMNS, key=widths.__getitem__)):
            width = min(widths[column], room // (len(_LONG_TEXT_COLUMNS) - number))
            header.resizeSection(column, width + box if column == RULE_COLUMN else width)
            room -= width

    def _measure_box(self) -> int:
        """Return the width of what is before the name of a rule: indentation, tick box and icon."""
        return 2 * (self.table.indentation() + self.table.fontMetrics().height())

    def _measure_texts(self, rows: Sequence[BatchRow]) -> None:
        """Set the widths in which the texts of the columns are whole, of rules and fixes up to a maximum."""
        measure = self.table.fontMetrics().horizontalAdvance
        # Two more pixels, as a style rounds the width of a text up.
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self.table) + 1
        texts = [[row.cells[column] for row in rows] for column in range(REASON_COLUMN)]
        texts[FIX_COLUMN] = [_drop_subject(row.cells[FIX_COLUMN], row.cells[FEATURE_COLUMN]) for row in rows]
        self._text_widths = [max(map(measure, column), default=0) + 2 * margin + 2 for column in texts]
        for column in (RULE_COLUMN, FIX_COLUMN):
            self._text_widths[column] = min(self._text_widths[column], measure("0") * _MAX_TEXT_DIGITS)

    # --- content
    def _show_groups(self) -> None:
        """Expand the groups, and select the row that the preview shows, else the first one."""
        self.table.expandAll()
        for number in range(len(self.model.groups)):
            self.table.setFirstColumnSpanned(number, QModelIndex(), True)
        index = self.model.find_index(self._current) if self._current is not None else QModelIndex()
        if not index.isValid() and self.model.groups:
            index = self.model.index(0, 0, self.model.index(0, 0))
        self.table.setCurrentIndex(index)

    def show_rows(self, rows: list[BatchRow], unlisted_count: int = 0) -> None:
        """Show what the fixes did when they were tried on a copy of the layers.

        ``unlisted_count``: number of findings of the panel that are not among the rows.
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
            texts.append(tr("{count} more have no fix or were not chosen.").format(count=unlisted_count))
        self.summary.setText(" ".join(texts))
        self.export_button.setEnabled(bool(rows))
        self._measure_texts(rows)
        self._fit_columns()

    def show_forecast(self, forecast: Forecast | None) -> None:
        """Show what Apply would leave; None while that is not known."""
        if forecast is None:
            self.forecast.setText(tr("Trying the ticked fixes together…"))
            return
        before_and_after, untried = "{} → <b>{}</b>", len(forecast.untried_codes)
        codes = tr(" ({codes})").format(codes=tr(", ").join(forecast.new_codes)) if forecast.new_count else ""
        self.forecast.setText(
            "<br>".join(
                (
                    tr("Errors {change}").format(change=before_and_after.format(*forecast.errors)),
                    tr("Warnings {change}").format(change=before_and_after.format(*forecast.warnings)),
                    tr("New findings {count}").format(count=f"<b>{forecast.new_count or tr('none')}</b>") + codes,
                    *([tr("A full check decides on {count} rules").format(count=untried)] if untried else []),
                )
            )
        )
        lines = [*forecast.new_texts, tr(", ").join(forecast.untried_codes)]
        self.forecast.setToolTip("".join(f"<p>{escape(line)}</p>" for line in lines if line))

    def show_state(self, text: str, *, can_apply: bool, can_retry: bool = False) -> None:
        """Show ``text`` in the status line, and enable Apply if ``can_apply`` and a fix is ticked.

        ``can_retry``: show the button that tries again.
        """
        count = len(self.model.list_ticked())
        self.show_progress(None)
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
            fix = tr("  ").join(filter(None, row.cells[: FIX_COLUMN + 1]))
            self.explanation.setText(f"{fix}\n{row.cells[REASON_COLUMN]}")
            self.rowShown.emit(row)
            if not is_restored:
                self.model.mark_seen(row)

    def _request_preview(self) -> None:
        if self.current_row is not None:
            self.previewRequested.emit(self.current_row)
