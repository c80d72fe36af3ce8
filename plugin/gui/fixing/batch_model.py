# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the batch of fixes: findings with their tried fixes, as a tree that is grouped, filtered and ticked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

from qgis.PyQt.QtCore import QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont

from ...bridge.texts import tr
from ..findings.groups import get_finding_kind
from ..indicators.rows import list_changed_targets
from ..widgets import GroupedModel, keep_figures_whole, theme

COLUMNS = RULE_COLUMN, FEATURE_COLUMN, TOWNSHIP_COLUMN, FIX_COLUMN, OUT_COLUMN, IN_COLUMN, NEW_COLUMN, REASON_COLUMN = (
    range(8)
)
#: Whether a fix can be applied as it is, after confirmation, or not; in their order.
SAFE, CONFIRM, REFUSED = SAFETIES = range(3)
#: Between the two features of a finding.
BETWEEN_SIDES = " ↔ "
#: Cell of a finding without a fix.
NO_FIX = "—"
_RIGHT_ALIGNED = (OUT_COLUMN, IN_COLUMN, NEW_COLUMN)


@dataclass
class BatchRow:
    """A finding with its proposed fix, as a row of the batch.

    ``entry``: `core.fixes.batch.BatchEntry`; ``safety``: SAFE, CONFIRM or REFUSED; ``cells``: text of each column;
    ``group``: the safety of the first trial, by which the row is listed: it does not move while the user ticks.
    ``first_cells``: the cells of that trial.
    """

    entry: Any
    safety: int
    cells: list[str]
    #: Names the rules that the trial of the fix did not check.
    untried_note: str = ""
    is_ticked: bool = False
    #: True once the preview of the row was shown; only then a fix that is not safe can be ticked.
    is_seen: bool = False
    #: Cells of the fix that was ticked before, together with others; such a fix needs no further look.
    confirmed_cells: list[str] = field(default_factory=list)
    #: Unticked because its fix is another one together with the other ticked fixes; until the user ticks it again.
    is_dropped: bool = False

    def __post_init__(self) -> None:
        self.group, self.first_cells = self.safety, self.cells

    @property
    def can_be_ticked(self) -> bool:
        """Return True for a safe fix, and for one to confirm whose preview was shown."""
        return self.safety == SAFE or (self.safety == CONFIRM and self.is_seen)

    @property
    def verdict(self) -> str:
        """Return whether the fix is safe, or why not; of a dropped row also why it is no longer ticked."""
        text = "{reason}"
        if self.is_dropped:
            text = tr("No longer ticked, as the fix has changed: {reason}")
            if self.entry.proposal is None:
                text = tr("No longer ticked, as there is no fix now: {reason}")
        return text.format(reason=self.cells[REASON_COLUMN])


class Choice(NamedTuple):
    """What the user chose for a fix that was displayed with these cells."""

    cells: list[str]
    is_ticked: bool
    is_seen: bool
    #: The cells of the fix together with the other ticked ones.
    last_cells: list[str]


def make_batch_rows(
    entries: list[Any], texts: Any, titles: Mapping[str, str], choices: Mapping[str, Choice]
) -> list[BatchRow]:
    """Return a row for each tried fix; rows of safe fixes come first and are ticked.

    ``entries``: `core.fixes.batch.BatchEntry`; ``texts``: `core.fixes.proposal.FixTexts`; ``titles``: rule code →
    title; ``choices``: fingerprint of a finding → what the user chose before, which holds for the same fix.
    """
    rows = []
    for entry in entries:
        safety, code = _find_safety(entry), entry.finding.code
        cells = [f"{code} {titles.get(code, '')}".strip(), *_make_cells(entry, safety, texts)]
        row = BatchRow(entry, safety, cells, _describe_untried_rules(entry, texts), is_ticked=safety == SAFE)
        choice = choices.get(entry.finding.fingerprint)
        if choice is not None and choice.cells == cells:
            row.is_seen = choice.is_seen
            row.is_ticked = choice.is_ticked and row.can_be_ticked
            row.confirmed_cells = choice.last_cells if row.is_ticked else []
        rows.append(row)
    return sorted(rows, key=lambda row: row.safety)


def read_choices(rows: Iterable[BatchRow]) -> dict[str, Choice]:
    """Return what the user chose, by the fingerprints of the findings."""
    return {row.entry.finding.fingerprint: _make_choice(row) for row in rows}


def _make_choice(row: BatchRow) -> Choice:
    return Choice(row.first_cells, row.is_ticked, row.is_seen, row.cells)


def _find_safety(entry: Any) -> int:
    """Return SAFE, CONFIRM or REFUSED for a tried fix."""
    return REFUSED if entry.proposal is None else SAFE if entry.proposal.is_safe else CONFIRM


def _describe_untried_rules(entry: Any, texts: Any) -> str:
    return "" if entry.proposal is None else texts.describe_untried_rules(entry.proposal)


def _make_cells(entry: Any, safety: int, texts: Any) -> list[str]:
    """Return the texts after the rule's for a finding and its proposed fix, or the reason why it has none."""
    from ...core.standard.messages.texts import format_number, shorten_key

    finding, proposal = entry.finding, entry.proposal
    sides = [f"{texts.get_short_layer_name(finding.role)} {shorten_key(finding.key)}".strip()]
    if finding.related_keys:
        # Two rows of one layer need its name once; a narrow column would cut the second key.
        role = finding.related_role if finding.related_role != finding.role or not finding.key else ""
        sides.append(f"{texts.get_short_layer_name(role)} {shorten_key(finding.related_keys[0])}".strip())
    cells = [BETWEEN_SIDES.join(sides), finding.township]
    if proposal is None:
        if entry.ended_by is not None:
            reason = tr("Ends with the fix of {code}").format(code=entry.ended_by.finding.code)
        else:
            reason = texts.explain_refusal(entry.refusal)
        return [*cells, *[NO_FIX] * 4, reason]
    moved_out = sum(area.ellipsoid_out_m2 for area in proposal.areas)
    moved_in = sum(area.ellipsoid_in_m2 for area in proposal.areas)
    doubts = tr("; ").join(texts.list_doubts(proposal))
    return [
        *cells,
        texts.make_sentence(proposal),
        format_number(moved_out, 2) if proposal.areas else "—",
        format_number(moved_in, 2) if proposal.areas else "—",
        str(len(proposal.added_findings)) if proposal.added_findings or proposal.untried_rules else tr("none"),
        tr("Safe") if safety == SAFE else doubts,
    ]


def list_groupings() -> list[tuple[str, Callable[[BatchRow], Any], Callable[[Any], str]]]:
    """Return by what the table can be grouped: name, key of a row, and heading of a key."""
    safeties = {
        SAFE: tr("Safe: formal or sliver change, the finding ends and none is new"),
        CONFIRM: tr("To confirm one by one: a row can be ticked once its preview was shown"),
        REFUSED: tr("Not fixable: explained only"),
    }
    return [
        (tr("By safety"), lambda row: row.group, safeties.__getitem__),
        (tr("By township"), lambda row: row.cells[TOWNSHIP_COLUMN], lambda name: name or tr("No township")),
        (tr("By feature"), lambda row: row.cells[FEATURE_COLUMN].split(BETWEEN_SIDES)[0], str),
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
        #: Rows that the last tick of a group left out, because their previews were not shown.
        self.unseen_count = 0
        self.groups: list[RowGroup] = []
        self.shown_safeties, self._words, self._grouping = set(SAFETIES), [], list_groupings()[0]
        #: False where the table is too narrow for more than the codes of the rules.
        self.shows_titles = True
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
        """Group by the entry of `list_groupings` with this number."""
        self._grouping = list_groupings()[number]
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
        """Show what a second trial found for rows; return False if a row has another fix or other cells now.

        ``pairs``: rows, each with its present `core.fixes.batch.BatchEntry`. ``changed_rows``: those with another fix,
        which are unticked, unless the user had confirmed it; a fix to confirm has to be viewed again.
        """
        former_cells = [row.cells for row, _entry in pairs]
        is_same = True
        for row, entry in pairs:
            row.entry.proposal, row.entry.refusal, row.entry.ended_by = entry.proposal, entry.refusal, entry.ended_by
            row.safety = _find_safety(entry)
            row.cells = [row.cells[RULE_COLUMN], *_make_cells(row.entry, row.safety, texts)]
            is_changed = any(row is one for one in changed_rows) and row.cells != row.confirmed_cells
            row.is_ticked, row.is_seen = entry.proposal is not None and not is_changed, not is_changed
            row.is_dropped, is_same = is_changed, is_same and not is_changed
            row.untried_note = _describe_untried_rules(row.entry, texts)
        self._arrange()
        changes = zip(pairs, former_cells, strict=True)
        return is_same and all(row.cells == cells or not row.is_ticked for (row, _entry), cells in changes)

    def tick_rows(self, safeties: Iterable[int]) -> None:
        """Tick the rows of these safeties and no other."""
        safeties = set(safeties)
        for row in self.rows:
            row.is_ticked = row.safety in safeties
        self.unseen_count = 0
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
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == RULE_COLUMN and self._can_be_clicked(index):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def _can_be_clicked(self, index: QModelIndex) -> bool:
        """Return True for a row that can be ticked, and for a group with fixes: its click names what is not viewed."""
        row = self.get_row(index)
        return row.can_be_ticked if row is not None else any(one.safety != REFUSED for one in self._list_rows(index))

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
            if column != RULE_COLUMN or not rows:
                return None
            ticked = sum(one.is_ticked for one in rows)
            if not ticked:
                return Qt.CheckState.Unchecked
            return Qt.CheckState.Checked if ticked == len(rows) else Qt.CheckState.PartiallyChecked
        if row is None:
            return self._get_group_data(index, role)
        text = row.verdict if column == REASON_COLUMN else row.cells[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._shorten(text, row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            # Qt wraps only rich text, also at the thin spaces of figures.
            return f"<p>{escape(keep_figures_whole(text)).replace(chr(0x202F), chr(0xA0))}</p>"
        if role == Qt.ItemDataRole.DecorationRole and column == RULE_COLUMN:
            return self._icons.get(get_finding_kind(row.entry.finding))
        if role == Qt.ItemDataRole.DecorationRole and column == REASON_COLUMN and row.is_dropped:
            return self._icons["WARNING"]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _RIGHT_ALIGNED:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and row.safety == REFUSED:
            return theme.get_faint_color(in_field=True)
        return None

    def _shorten(self, text: str, row: BatchRow, column: int) -> str:
        """Return the text of a cell without what other cells of its row have."""
        if column == RULE_COLUMN and not self.shows_titles:
            return str(row.entry.finding.code)
        return drop_subject(text, row.cells[FEATURE_COLUMN]) if column == FIX_COLUMN else text

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
        is_group = self.get_row(index) is None
        rows = [row for row in self._list_rows(index) if row.can_be_ticked]
        if role != Qt.ItemDataRole.CheckStateRole or not (rows or is_group):
            return False
        is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        if is_group:
            # A click on the box of a group that is ticked in part always gives “checked”.
            is_ticked = not rows or not all(row.is_ticked for row in rows)
        for row in rows:
            row.is_ticked, row.is_dropped = is_ticked, row.is_dropped and not is_ticked
        left_out = [row for row in self._list_rows(index) if row.safety == CONFIRM and not row.is_seen]
        self.unseen_count = len(left_out) if is_ticked else 0
        self._refresh()
        return True


@dataclass(frozen=True)
class Forecast:
    """What Apply would leave: numbers of open errors and warnings (before, after), and of new findings.

    ``new_texts``, ``new_codes``: the new findings and their rules; ``untried_codes``: rules that the trials did not
    check, or only nearby, those with findings first; ``counts``: (code of a rule, kind) → findings afterwards;
    ``indicator_lines``: changes of the indicators with a target, as rich text.
    """

    errors: tuple[int, int]
    warnings: tuple[int, int]
    new_count: int
    new_texts: tuple[str, ...] = ()
    new_codes: tuple[str, ...] = ()
    untried_codes: tuple[str, ...] = ()
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    indicator_lines: tuple[str, ...] = ()

    def describe_check(self, findings: Sequence[Any]) -> str:
        """Return a sentence on what a check of the fixed layers found, and how it differs from this forecast."""
        found = Counter(map(_get_rule_and_kind, findings))
        totals = _count_kinds(found)
        text = tr("The batch of fixes was to leave {forecast}; the check found {found}.")
        text = text.format(
            forecast=_format_totals({"ERROR": self.errors[1], "WARNING": self.warnings[1]}),
            found=_format_totals(totals),
        )
        words = {"ERROR": tr("Errors {change}"), "WARNING": tr("Warnings {change}"), "INFO": tr("Info {change}")}
        changes = [
            f"{code} {words[kind].format(change=f'{self.counts[code, kind]} → {found[code, kind]}')}"
            for code, kind in sorted(self.counts.keys() | found.keys())
            if kind in words and self.counts[code, kind] != found[code, kind]
        ]
        if not changes:
            return text
        return tr("{text} Different, with all edits in between: {changes}.").format(
            text=text, changes=tr("; ").join(changes)
        )


def _get_rule_and_kind(finding: Any) -> tuple[str, str]:
    return finding.code, get_finding_kind(finding)


def _count_kinds(counts: Mapping[tuple[str, str], int]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for (_code, kind), count in counts.items():
        kinds[kind] += count
    return kinds


def _format_totals(totals: Mapping[str, int]) -> str:
    return tr("{errors} errors, {warnings} warnings").format(errors=totals["ERROR"], warnings=totals["WARNING"])


def make_forecast(findings: Sequence[Any], proposals: Sequence[Any], copy_check: Any = None) -> Forecast:
    """Return what the proposals, applied in this order, leave of the displayed findings.

    ``proposals``: `core.fixes.proposal.Proposal`; a finding that one adds and a later one ends counts as neither.
    ``copy_check``: `bridge.fixes.trial.CopyCheck` of these proposals, None if it was not run.
    """
    counts = Counter(map(_get_rule_and_kind, findings))
    before = _count_kinds(counts)
    added: dict[str, Any] = {}
    for proposal in proposals:
        counts.subtract(map(_get_rule_and_kind, proposal.ended_findings))
        counts.update(map(_get_rule_and_kind, proposal.new_findings))
        # A former finding on another row or on less land is new if the former one was.
        former = {id(new): old.fingerprint in added for old, new in (*proposal.renamed, *proposal.remaining)}
        for ended in proposal.ended_findings:
            added.pop(ended.fingerprint, None)
        added |= {one.fingerprint: one for one in proposal.new_findings if former.get(id(one), True)}
    untried_codes = {code for one in proposals for code in one.untried_rules}
    indicator_lines: list[str] = []
    if copy_check is not None:
        report = copy_check.report
        renamed = {new.fingerprint for one in proposals for _old, new in (*one.renamed, *one.remaining)}
        known = {one.fingerprint for one in findings} | (renamed - added.keys())
        counts = Counter(map(_get_rule_and_kind, report.findings))
        added = {one.fingerprint: one for one in report.findings if one.fingerprint not in known}
        untried_codes -= {outcome.code for outcome in report.rules}
        indicator_lines = list_changed_targets(copy_check.indicators_before, report.indicators)
    after = _count_kinds(counts)
    found = {code for (code, _kind), count in counts.items() if count > 0}
    untried = sorted(untried_codes, key=lambda one: (one not in found, one))
    return Forecast(
        (before["ERROR"], after["ERROR"]),
        (before["WARNING"], after["WARNING"]),
        len(added),
        tuple(dict.fromkeys(one.message for one in added.values())),
        tuple(sorted({one.code for one in added.values()})),
        tuple(untried),
        counts,
        tuple(indicator_lines),
    )


def drop_subject(sentence: str, features: str) -> str:
    """Return a sentence on a fix without the feature at its beginning, if the column of features has it."""
    for name, _gap, key in (side.rpartition(" ") for side in features.split(BETWEEN_SIDES)):
        # The sentence has the code of the layer in brackets.
        match = re.match(rf"{re.escape(name)}(（\w+）)? {re.escape(key)} ", sentence) if name else None
        if match:
            return sentence[match.end() :]
    return sentence
