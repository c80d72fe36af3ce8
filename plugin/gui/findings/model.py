# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of the findings list as a tree, group → findings: filters, order, and the texts and icons of its rows.

The model has only the rows that the filters show, in order, and at most `MAX_ROWS` findings of a group: filters and
order are computed in one pass, because a proxy model would ask for each finding several times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush

from ...bridge.running.portions import run_to_end
from ...bridge.texts import tr
from ...core.checks.saved_result import OutdatedFindings
from ...core.render.worklist.worklist_row import WorkState
from ...core.standard.messages.numbers import format_hectare_number
from ..widgets import GroupedModel, theme
from .groups import (
    AREA_COLUMN,
    ASSIGNEE_COLUMN,
    COLUMNS,
    CONFLICT,
    COUNT_COLUMN,
    MAX_ROWS,
    NO_WORK,
    NOT_RUN_OUTCOMES,
    NOTE_COLUMN,
    PLACE_COLUMN,
    REST_ROW,
    STATE_COLUMN,
    UPDATED_COLUMN,
    FindingGroup,
    Grouping,
    WorkRows,
    add_to_groups,
    can_be_fixed,
    describe_location,
    find_group_key,
    get_finding_kind,
    get_listed_rule,
    get_work_state_word,
    make_search_text,
    sort_groups,
)

#: Codes of rules on packages.
_PACKAGE_RULE_PREFIX = "DOC"
_RULE_ROW_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_FINDING_ROW_FLAGS = _RULE_ROW_FLAGS | Qt.ItemFlag.ItemNeverHasChildren
#: Findings that a step of `FindingsModel.prepare_groups` searches for words: 0.1 s.
_FINDINGS_PER_STEP = 20_000
# As integers: the alignment role of Qt 6 does not accept flags.
_ALIGN_RIGHT, _ALIGN_LEFT = (
    int(getattr(flags, "value", flags))
    for flags in (
        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
        Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    )
)


#: Marks after the title of the sorted column: ascending, descending. Styles of Qt disagree on their own arrow.
SORT_MARKS = (" ▲", " ▼")


def get_column_title(column: int) -> str:
    """Return the title of a column without the arrow that shows the sort order."""
    return (
        tr("Rule / place"),
        tr("Count"),
        tr("Area ha"),
        tr("State"),
        tr("Assignee"),
        tr("Note"),
        tr("Updated"),
    )[column]


@dataclass
class FilterSettings:
    """The filters that the user set for the findings list.

    ``shown_kinds``: kinds of findings that are shown (severities, ``waived``, ``skipped``); ``search_text``: words that
    a finding must contain; ``shown_townships``: names of the townships whose findings are shown; ``shown_rules``: codes
    of the rules whose findings are shown; ``package_only``: show only findings on the package itself (DOC rules);
    ``shown_states``: keys of the states (`groups.STATE_KEYS`) whose findings are shown; ``shown_assignees``: persons
    whose findings are shown, the empty text for findings without one; ``shown_fingerprints``: fingerprints of the
    findings that are shown, such as those that a message names; ``fixable_only``: show only findings for which
    ``can_be_fixed`` returns True. Empty sets and texts hide nothing, except empty
    ``shown_kinds``, which hides all.
    """

    shown_kinds: frozenset[str] = frozenset(theme.FINDING_KINDS) - {"waived"}
    search_text: str = ""
    shown_townships: frozenset[str] = frozenset()
    shown_rules: frozenset[str] = frozenset()
    package_only: bool = False
    shown_states: frozenset[str] = frozenset()
    shown_assignees: frozenset[str] = frozenset()
    shown_fingerprints: frozenset[str] = frozenset()
    fixable_only: bool = False
    can_be_fixed: Callable[[Any], bool] = field(default=can_be_fixed, compare=False)
    _search_words: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self):
        self._search_words = tuple(self.search_text.casefold().split())

    @property
    def hides_findings(self) -> bool:
        """Return True if a filter may hide findings that are listed at first."""
        initial = FilterSettings()
        return not initial.shown_kinds <= self.shown_kinds or replace(self, shown_kinds=initial.shown_kinds) != initial

    def accepts_rule(self, group: FindingGroup) -> bool:
        """Return True if the filters by rule and by package do not hide the whole group."""
        if not group.is_rule:
            return True
        if self.package_only and not group.code.startswith(_PACKAGE_RULE_PREFIX):
            return False
        return not self.shown_rules or group.code in self.shown_rules

    def accepts_skip_reason(self, group: FindingGroup) -> bool:
        """Return True if the row with the reason why a rule was not fully checked passes the filters but that by kind.

        For a rule that was checked in part, the row is shown together with its findings.
        """
        return (
            self.accepts_rule(group)
            and group.is_not_fully_checked
            and not (self.shown_townships or self.shown_states or self.shown_assignees)
            and not (self.shown_fingerprints or self.fixable_only)
            and self._matches_search_text(f"{group.code} {group.title} {group.rule_outcome.reason}")
        )

    @property
    def hides_by_rule_or_work(self) -> bool:
        """Return True if findings are hidden by their rule in groups of several rules, by work list or fingerprint."""
        return bool(
            self.shown_rules
            or self.package_only
            or self.shown_states
            or self.shown_assignees
            or self.shown_fingerprints
            or self.fixable_only
        )

    def find_matches(
        self, group: FindingGroup, findings: Sequence[Any], work: WorkRows, is_outdated: Callable[[Any], bool]
    ) -> Sequence[Any]:
        """Return those of a group's findings that pass all filters but that by kind."""
        if not self.accepts_rule(group):
            return []
        if self.shown_townships:
            findings = [f for f in findings if f.township in self.shown_townships]
        if self.hides_by_rule_or_work:
            findings = [f for f in findings if self._matches_rule_and_work(f, work, is_outdated)]
        if self._search_words:
            findings = [f for f in findings if self._matches_search_text(make_search_text(group, f, work))]
        return findings

    def _matches_rule_and_work(self, finding: Any, work: WorkRows, is_outdated: Callable[[Any], bool]) -> bool:
        code = get_listed_rule(finding)
        return (
            (not self.package_only or code.startswith(_PACKAGE_RULE_PREFIX))
            and (not self.shown_rules or code in self.shown_rules)
            and (not self.shown_fingerprints or finding.fingerprint in self.shown_fingerprints)
            and (not self.shown_states or work.find_state_key(finding, is_outdated(finding)) in self.shown_states)
            and (not self.shown_assignees or work.get_assignee(finding) in self.shown_assignees)
            and (not self.fixable_only or self.can_be_fixed(finding))
        )

    def _matches_search_text(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._search_words)


class FindingsModel(GroupedModel):
    """Tree model of groups, and the findings of each group.

    Its columns are rule or location, count, area in hectares, and those of the work list.
    The internal id of an index is 0 for a group, and the number of its group for a finding.
    """

    sortRequested = pyqtSignal()
    COLUMN_COUNT = len(COLUMNS)

    def __init__(self, parent=None):
        super().__init__(parent)
        #: The groups that have a row, in order, and key → group for all groups.
        self.groups: list[FindingGroup] = []
        self._group_by_key: dict[str, FindingGroup] = {}
        self.filters = FilterSettings()
        #: The finding that has a row in each order, unless the filters hide it.
        self.selected_finding: Any = None
        #: The work list, by what the list is grouped, and role → name of the layer.
        self.work: WorkRows = NO_WORK
        self.grouping = Grouping.RULE
        self.layer_names: Mapping[str, str] = {}
        #: Determines outdated findings; None if all are current.
        self.outdated: OutdatedFindings | None = None
        #: Whether the column of states is shown; without it, the title of a rule has the mark of a partial check.
        self.shows_states = True
        #: Number of a listed group → its row.
        self._rows: dict[int, int] = {}
        self._sort_column_and_order = (AREA_COLUMN, Qt.SortOrder.DescendingOrder)
        self.defers_sorting = False
        self._icons: dict[str, Any] = {}

    # --- content
    def prepare_groups(self, report: Any, findings: Sequence[Any]) -> Generator[None, None, dict[str, FindingGroup]]:
        """Yield between steps of at most 0.1 s; the result are filtered and sorted groups for `show_groups`.

        The result is key → group for each rule of the report and each further value of the findings. Rules that did
        not run or ran in part are listed in each grouping, with the reason.

        ``findings``: the present findings of the report. The model does not change. In one step, 100 000 findings would
        take 0.16 s, 0.28 s by township, and 0.35 s if they are searched for words.
        """
        groups = {r.code: FindingGroup(r.code, r.heading, r, rule_number=n) for n, r in enumerate(report.rules, 1)}
        add_to_groups(groups, findings, self.grouping, self.work, self.layer_names)
        yield
        for group in groups.values():
            yield from self._arrange_group(group)
        return groups

    def _arrange_group(self, group: FindingGroup) -> Generator[None, None, None]:
        """Update the figures of a group, and filter and sort its findings; yield between steps."""
        group.update_figures()
        yield
        matches: list[Any] = []
        for start in range(0, len(group.findings), _FINDINGS_PER_STEP):
            part = group.findings[start : start + _FINDINGS_PER_STEP]
            matches += self.filters.find_matches(group, part, self.work, self.is_outdated)
            yield
        group.show_findings(matches, self.filters.shown_kinds)
        group.update_open_count(self.work)
        yield
        group.sort(*self._get_sort_column_and_direction(), self.work)
        kinds = {"skipped", *map(get_finding_kind, group.findings)} if group.check_state == "partly" else {"skipped"}
        group.shows_reason = bool(kinds & self.filters.shown_kinds) and self.filters.accepts_skip_reason(group)
        yield

    def show_groups(self, groups: dict[str, FindingGroup]) -> None:
        """Show prepared groups by key, in place of the present ones; selection and expansion stay."""
        self.layoutAboutToBeChanged.emit()
        persistent = [(index, self.get_group(index), self._get_row(index)) for index in self.persistentIndexList()]
        self._group_by_key = groups
        listed = [group for group in groups.values() if group.shown or group.shows_reason]
        self.groups = sort_groups(listed, *self._get_sort_column_and_direction())
        self._rows = {group.rule_number: row for row, group in enumerate(self.groups)}
        for group in self.groups:
            group.rows = group.make_rows(self.selected_finding)
        row_by_id = {
            key: {id(row): n for n, row in enumerate(groups[key].rows)}
            for key in {group.key for _, group, _ in persistent}
            if key in groups
        }
        new_indexes = []
        for index, former_group, row in persistent:
            group = groups.get(former_group.key)
            if group is None or group.rule_number not in self._rows:
                new_indexes.append(QModelIndex())
            elif row is None:
                new_indexes.append(self.createIndex(self._rows[group.rule_number], index.column(), 0))
            else:
                number = row_by_id[group.key].get(id(row), -1)
                new_indexes.append(self.index(number, index.column(), self.index(self._rows[group.rule_number], 0)))
        self.changePersistentIndexList([index for index, _, _ in persistent], new_indexes)
        self.layoutChanged.emit()

    def set_filters(self, filters: FilterSettings) -> None:
        """Set the filters and apply them."""
        self.filters = filters
        self._arrange_and_show(self._group_by_key.values())

    def apply_changes(self, change: Any) -> list[FindingGroup]:
        """Apply changed findings (`core.checks.live.session.FindingsChange`); return the groups added to the list.

        Selection and expansion stay.
        """
        ended_ids = {id(f) for f in change.ended_findings}
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        former = [*change.ended_findings, *(old for old, _ in change.changed_findings)]
        keys = {find_group_key(f, self.grouping, self.work) for f in former} & self._group_by_key.keys()
        for key in keys:
            group = self._group_by_key[key]
            group.findings = [new_version_by_id.get(id(f), f) for f in group.findings if id(f) not in ended_ids]
        add_to_groups(self._group_by_key, change.new_findings, self.grouping, self.work, self.layer_names)
        keys |= {find_group_key(f, self.grouping, self.work) for f in change.new_findings}
        listed_keys = {group.key for group in self.groups}
        self._arrange_and_show([self._group_by_key[key] for key in keys])
        return [group for group in self.groups if group.key not in listed_keys]

    def _arrange_and_show(self, groups: Iterable[FindingGroup]) -> None:
        for group in groups:
            run_to_end(self._arrange_group(group))
        self.show_groups(self._group_by_key)

    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Sort the groups and their findings by a column; the reason why a rule was skipped stays on top.

        With ``defers_sorting``, only store the order and emit a signal: the owner prepares the list anew. 100 000
        findings take 0.2 s.
        """
        # Qt calls this twice for each click on a column.
        if self._sort_column_and_order == (column, order):
            return
        self._sort_column_and_order = (column, order)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        if self.defers_sorting:
            self.sortRequested.emit()
            return
        for group in self._group_by_key.values():
            group.sort(*self._get_sort_column_and_direction(), self.work)
        self.show_groups(self._group_by_key)

    # --- shape
    def index(self, row, column, parent=QModelIndex()):  # noqa: B008 - Qt's own signature
        # Qt calls this for every row of an expanded group; avoid a call of rowCount.
        if not parent.isValid():
            inside, number = row < len(self.groups), 0
        else:
            group = self.groups[parent.row()]
            inside, number = not parent.internalId() and row < len(group.rows), group.rule_number
        return self.createIndex(row, column, number) if inside and row >= 0 <= column < len(COLUMNS) else QModelIndex()

    def parent(self, index):
        number = index.internalId() if index.isValid() else 0
        return self.createIndex(self._rows[number], 0, 0) if number else QModelIndex()

    def flags(self, index):
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _FINDING_ROW_FLAGS if index.internalId() else _RULE_ROW_FLAGS

    # --- questions
    def get_group(self, index) -> FindingGroup:
        """Return the group of a row, for the row of a group or of one of its findings."""
        return self.groups[self._rows[index.internalId()] if index.internalId() else index.row()]

    def _get_row(self, index: QModelIndex) -> Any:
        """Return a finding, `REASON_ROW` or `REST_ROW`; None for a group."""
        return self.get_group(index).rows[index.row()] if index.isValid() and index.internalId() else None

    def get_finding(self, index) -> Any:
        """Return the finding of a row; None for other rows."""
        row = self._get_row(index)
        return None if isinstance(row, str) else row

    def get_index(self, finding: Any) -> QModelIndex:
        """Return the index of a finding; the rows of its group move if it has none.

        An invalid index if the filters hide the finding.
        """
        row, position = self._find_position(finding)
        if row < 0:
            return QModelIndex()
        group = self.groups[row]
        if not group.first_row <= position < group.first_row + MAX_ROWS:
            self.selected_finding = finding
            self.show_groups(self._group_by_key)
        return self.index(position - group.first_row + group.shows_reason, 0, self.index(row, 0))

    def is_visible(self, finding: Any) -> bool:
        """Return True if a finding passes the filters."""
        return self._find_position(finding)[0] >= 0

    def _find_position(self, finding: Any) -> tuple[int, int]:
        """Return the row of a visible finding's group, and the finding's position in the group; −1 if it is hidden."""
        for row, group in enumerate(self.groups):
            for position, candidate in enumerate(group.shown):
                if candidate is finding:
                    return row, position
        return -1, -1

    def list_visible_findings(self) -> list[Any]:
        """Return all findings that pass the filters, in list order, also those that have no row."""
        return [finding for group in self.groups for finding in group.shown]

    def count_matching_by_kind(self) -> dict[str, int] | None:
        """Return kind → number of findings (or of skipped rules) that pass all filters except the filter by kind.

        None if no filter except that by kind is set.
        """
        filters = self.filters
        if not (filters.search_text.strip() or filters.shown_townships or filters.hides_by_rule_or_work):
            return None
        counts: Counter[str] = Counter()
        for group in self._group_by_key.values():
            counts += group.matching_kinds
            is_not_run = str(group.rule_outcome.outcome) in NOT_RUN_OUTCOMES
            counts["skipped"] += is_not_run and filters.accepts_skip_reason(group)
        return {kind: counts[kind] for kind in theme.FINDING_KINDS}

    def get_finding_position(self, finding: Any) -> tuple[int, int, str] | None:
        """Return the position of a finding among the visible findings of its kind, as (position, count, kind).

        Positions begin with 1. None if the finding is not visible.
        """
        kind, (row, position) = get_finding_kind(finding), self._find_position(finding)
        if row < 0:
            return None
        counts = [group.matching_kinds[kind] for group in self.groups]
        preceding = sum(get_finding_kind(f) == kind for f in self.groups[row].shown[:position])
        return sum(counts[:row]) + preceding + 1, sum(counts), kind

    def find_state_key(self, finding: Any) -> str:
        """Return the key of the state of a finding (`groups.STATE_KEYS`)."""
        return self.work.find_state_key(finding, self.is_outdated(finding))

    def is_outdated(self, finding: Any) -> bool:
        """Return True if the data of a finding may have changed since the check."""
        return self.outdated is not None and self.outdated.is_finding_outdated(get_listed_rule(finding), finding)

    def _get_sort_column_and_direction(self) -> tuple[int, bool]:
        column, order = self._sort_column_and_order
        return column, order == Qt.SortOrder.DescendingOrder

    # --- texts, colours and icons
    def refresh_rows(self) -> None:
        """Update the display of findings that may be outdated."""
        for row in range(len(self.groups)):
            parent = self.index(row, 0)
            self.dataChanged.emit(parent, self.index(row, COLUMNS[-1]))
            self.dataChanged.emit(self.index(0, 0, parent), self.index(self.rowCount(parent) - 1, COLUMNS[-1], parent))

    def refresh_icons(self) -> None:
        """Reload the icons after a change of theme."""
        self._icons.clear()
        if self.groups:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.groups) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._format_cell(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if index.column() in (COUNT_COLUMN, AREA_COLUMN) else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            finding = self.get_finding(index)
            group = self.get_group(index)
            if finding is None and index.internalId():
                return self._format_row_without_finding(index)
            if finding is None:
                return group.reason or f"{group.code} {group.title}".strip()
            # The list may elide the key and the note.
            text = "\n".join(t for t in (finding.key, finding.message, self.work.get_note(finding)) if t)
            return theme.make_plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE_COLUMN:
            if not index.internalId():
                return self._load_icon(self.groups[index.row()].get_icon_kind())
            finding = self.get_finding(index)
            if finding is None or not self.get_group(index).has_several_kinds:
                return None
            return self._load_icon(get_finding_kind(finding))
        if role == Qt.ItemDataRole.ForegroundRole:
            return QBrush(theme.get_faint_color(in_field=True)) if self._is_faint(index) else None
        return None

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            sort_column, descending = self._get_sort_column_and_direction()
            return get_column_title(section) + (SORT_MARKS[descending] if section == sort_column else "")
        if role == Qt.ItemDataRole.ToolTipRole and section == AREA_COLUMN:
            return tr("By area, the rules keep the order of the report; the findings of each rule are sorted.")
        if role == Qt.ItemDataRole.ToolTipRole and section == COUNT_COLUMN and self.work.items:
            return tr("Not done yet / all, of the work list")
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if section in (COUNT_COLUMN, AREA_COLUMN) else _ALIGN_LEFT
        return None

    def _format_cell(self, index):
        column = index.column()
        group = self.get_group(index)
        if not index.internalId():
            return self._format_group_cell(group, column)
        finding = self.get_finding(index)
        if finding is None:
            return self._format_row_without_finding(index) if column == PLACE_COLUMN else ""
        if column == PLACE_COLUMN:
            place = describe_location(finding)
            if self.grouping is Grouping.TOWNSHIP and finding.key:
                # The group has the township.
                place = place.removeprefix(f"{finding.township}  ")
            return place if group.is_rule else f"{get_listed_rule(finding)}  {group.get_rule_title(finding)}  {place}"
        if column == AREA_COLUMN:
            return format_hectare_number(finding.area_m2)
        if column == STATE_COLUMN:
            key = self.find_state_key(finding)
            if key == WorkState.OPEN.name and finding.params.get("package_waiver"):
                return tr("Waived by sender")
            return get_work_state_word(key)
        item = self.work.get_item(finding)
        if item is None:
            return ""
        if column == ASSIGNEE_COLUMN:
            return item.assignee
        if column == NOTE_COLUMN:
            return " ".join(item.note.split())
        return " ".join(filter(None, (item.updated, item.by))) if column == UPDATED_COLUMN else ""

    def _format_row_without_finding(self, index: QModelIndex) -> str:
        group = self.get_group(index)
        if self._get_row(index) != REST_ROW:
            return group.reason
        return tr("{count} more: filter the list, or see the findings layer").format(count=group.rest_count)

    def _is_faint(self, index):
        """Return True for a row in grey: findings that are done or outdated, and their groups."""
        finding, group, outdated = self.get_finding(index), self.get_group(index), self.outdated
        if finding is not None:
            return self.find_state_key(finding) not in (WorkState.OPEN.name, CONFLICT)
        if not group.findings or group.open_count == 0:
            return True
        if outdated is None:
            return False
        # Many findings are not asked one by one each time that the row is drawn.
        return (group.is_rule and outdated.is_rule_outdated(group.code)) or (
            len(group.findings) <= MAX_ROWS and all(map(self.is_outdated, group.findings))
        )

    def _format_group_cell(self, group, column):
        if column == PLACE_COLUMN:
            title = f"{group.code}  {group.title}" if group.is_rule else group.title
            is_marked = group.check_state and group.check_state not in NOT_RUN_OUTCOMES and not self.shows_states
            return title + tr(" (in part)") if is_marked else title
        if column > STATE_COLUMN:
            return ""
        if column == COUNT_COLUMN:
            # With a work list: open ones of all that are shown.
            counts = f"{group.open_count}/{len(group.shown)}" if group.open_count >= 0 else str(len(group.shown))
            return counts if group.findings else "—"
        if column == AREA_COLUMN:
            return format_hectare_number(group.shown_area) if group.findings else "—"
        if group.check_state in NOT_RUN_OUTCOMES:
            return theme.get_kind_word(group.check_state)
        return tr("Partly checked") if group.check_state else ""

    def _load_icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = theme.load_icon(theme.KIND_ICONS[kind])
        return self._icons[kind]
