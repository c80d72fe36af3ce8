# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the batch: finding, fix, area change, and whether the fix is applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, Qt, pyqtSignal

from ...bridge.texts import tr
from ..findings.groups import get_finding_kind
from ..widgets import theme

RULE_COLUMN, FEATURE_COLUMN, TOWNSHIP_COLUMN, FIX_COLUMN, OUT_COLUMN, IN_COLUMN, NEW_COLUMN, REASON_COLUMN = range(8)
#: Groups of rows, in their order.
SAFE, CONFIRM, REFUSED = range(3)
_RIGHT_ALIGNED = (OUT_COLUMN, IN_COLUMN, NEW_COLUMN)


@dataclass
class BatchRow:
    """A finding with its proposed fix, as a row of the batch.

    ``entry``: `core.fixes.batch.BatchEntry`; ``group``: SAFE, CONFIRM or REFUSED; ``cells``: text of each column.
    """

    entry: Any
    group: int
    cells: list[str]
    is_ticked: bool = False
    #: True once the preview of the row was shown; only then a fix that is not safe can be ticked.
    is_seen: bool = False

    @property
    def can_be_ticked(self) -> bool:
        """Return True for a safe fix, and for one to confirm whose preview was shown."""
        return self.group == SAFE or (self.group == CONFIRM and self.is_seen)


def make_batch_rows(entries: list[Any], texts: Any) -> list[BatchRow]:
    """Return a row for each tried fix; rows of safe fixes come first and are ticked.

    ``entries``: `core.fixes.batch.BatchEntry`; ``texts``: `core.fixes.fix_texts.FixTexts`.
    """
    groups = map(_find_group, entries)
    rows = [
        BatchRow(entry, group, _make_cells(entry, group, texts), group == SAFE)
        for entry, group in zip(entries, groups, strict=True)
    ]
    return sorted(rows, key=lambda row: row.group)


def _find_group(entry: Any) -> int:
    """Return the group of a tried fix."""
    return REFUSED if entry.proposal is None else SAFE if entry.proposal.is_safe else CONFIRM


def _make_cells(entry: Any, group: int, texts: Any) -> list[str]:
    """Return the text of each column for a finding and its proposed fix, or the reason why it has none."""
    from ...core.standard.messages.texts import format_number, shorten_key

    finding, proposal = entry.finding, entry.proposal
    sides = [f"{finding.role} {shorten_key(finding.key)}".strip()]
    if finding.related_keys:
        # Two rows of one layer need its code once; a narrow column would cut the second key.
        role = finding.related_role if finding.related_role != finding.role or not finding.key else ""
        sides.append(f"{role} {shorten_key(finding.related_keys[0])}".strip())
    cells = [finding.code, " ↔ ".join(sides), finding.township]
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
        str(len(proposal.new_findings)) if proposal.new_findings or proposal.untried_rules else tr("none"),
        tr("; ").join(filter(None, [tr("Safe") if group == SAFE else doubts, texts.describe_untried_rules(proposal)])),
    ]


class BatchModel(QAbstractTableModel):
    """Table model of the batch; the first column has the tick boxes."""

    ticksChanged = pyqtSignal()

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.rows: list[BatchRow] = []
        self._titles = [
            tr("Rule"), tr("Affected features"), tr("Township"), tr("Method"), tr("Out m²"), tr("In m²"),
            tr("New findings"), tr("Safe, or why not"),
        ]  # fmt: skip
        self._icons = {kind: theme.load_icon(name) for kind, name in theme.KIND_ICONS.items()}

    def set_rows(self, rows: list[BatchRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()
        self.ticksChanged.emit()

    def list_ticked(self) -> list[BatchRow]:
        """Return the rows whose fixes are ticked."""
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
            row.group = _find_group(entry)
            row.cells = _make_cells(row.entry, row.group, texts)
        self._refresh()
        return all(row.cells == cells or not row.is_ticked for (row, _), cells in zip(pairs, former_cells, strict=True))

    def tick_only_safe(self, on: bool = True) -> None:
        """Tick the safe rows and no other; with ``on`` False tick none."""
        for row in self.rows:
            row.is_ticked = on and row.group == SAFE
        self._refresh()

    def mark_seen(self, position: int) -> None:
        """Record that the user saw the preview of a row, so that it can be ticked."""
        row = self.rows[position]
        if not row.is_seen:
            row.is_seen = True
            self.dataChanged.emit(self.index(position, 0), self.index(position, len(self._titles) - 1))

    def _refresh(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 0))
        self.ticksChanged.emit()

    # --- Qt
    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == RULE_COLUMN and self.rows[index.row()].can_be_ticked:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return row.cells[column]
        if role == Qt.ItemDataRole.CheckStateRole and column == RULE_COLUMN and row.group != REFUSED:
            return Qt.CheckState.Checked if row.is_ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == RULE_COLUMN:
            return self._icons.get(get_finding_kind(row.entry.finding))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _RIGHT_ALIGNED:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and row.group == REFUSED:
            return theme.get_faint_color(in_field=True)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.rows[index.row()]
        if role != Qt.ItemDataRole.CheckStateRole or not row.can_be_ticked:
            return False
        row.is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        self.ticksChanged.emit()
        return True
