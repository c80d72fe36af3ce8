# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a report as a tree: rule → its findings. Holds plain data, no layer and no feature.

A rule's children become rows when the rule is opened, so a report of 100 000 findings shows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, Qt
from qgis.PyQt.QtGui import QBrush

from ..bridge.texts import tr
from . import look

PLACE, COUNT, AREA, STATE = range(4)
#: Role under which the proxy and the dock get at the row itself: a Group, or (Group, Finding or None).
ROW = Qt.ItemDataRole.UserRole + 1
_BRANCH = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_LEAF = _BRANCH | Qt.ItemFlag.ItemNeverHasChildren
_ALIGN = Qt.AlignmentFlag
# As numbers: Qt 6 keeps flags apart from them, the role of alignment does not.
_RIGHT, _LEFT = (
    int(getattr(flags, "value", flags))
    for flags in (_ALIGN.AlignRight | _ALIGN.AlignVCenter, _ALIGN.AlignLeft | _ALIGN.AlignVCenter)
)
_RANK = {"ERROR": 0, "WARNING": 1, "INFO": 2, "": 3}
_ASIDE = ("skipped", "crashed")


@dataclass
class Group:
    """A rule in the list.

    ``order``: row → position in ``findings``; −1 is the row that says why the rule was skipped. ``seen`` (one entry a
    finding) and ``reason_seen`` are what the filter lets through, ``shown`` and ``shown_area`` the figures of that.
    ``number``: of the rule within the list, for good.
    """

    code: str
    title: str
    outcome: Any
    findings: list[Any] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    reason_seen: bool = False
    shown: int = 0
    shown_area: float | None = None
    loaded: bool = False
    number: int = 0

    @property
    def aside(self) -> bool:
        """Was it skipped, wholly or in part, or did it crash?"""
        return str(self.outcome.outcome) in _ASIDE or self.outcome.incomplete

    @property
    def severity(self) -> str:
        return min((str(f.severity) for f in self.findings), key=_RANK.__getitem__, default="")

    @property
    def area(self) -> float | None:
        return area_of(self.findings)

    def kind(self) -> str:
        """Which icon stands for it."""
        if not self.findings or str(self.outcome.outcome) == "crashed":
            return str(self.outcome.outcome) if str(self.outcome.outcome) in _ASIDE else "skipped"
        return "waived" if all(f.state == "waived" for f in self.findings) else self.severity


def area_of(findings: list[Any]) -> float | None:
    """The sum of the areas, in m²; None when no finding has one."""
    areas = [f.area_m2 for f in findings if f.area_m2 is not None]
    return sum(areas) if areas else None


def kind_of(finding: Any) -> str:
    """The filter button a finding belongs to."""
    return "waived" if finding.state == "waived" else str(finding.severity)


def hectares(area_m2: float | None) -> str:
    """1.26; a dash without an area; never 0.00 for something that is there."""
    from ..core.texts import number

    if area_m2 is None:
        return "—"
    return "<0.01" if 0 < area_m2 < 50 else number(area_m2 / 1e4, 2)


def place_of(finding: Any) -> str:
    """Township and key, else the sentence."""
    from ..core.texts import short_key

    if not finding.township and not finding.key:
        return finding.message
    return "  ".join(t for t in (finding.township, short_key(finding.key)) if t)


def rule_of(finding: Any) -> str:
    """The rule it is listed under: one about the run belongs to the rule that could not go on."""
    return finding.params.get("rule", finding.code) if finding.code.startswith("RUN") else finding.code


def groups_of(report: Any) -> list[Group]:
    """The rules that have something to say, worst first."""
    groups = {r.code: Group(r.code, r.title or r.name, r, number=n) for n, r in enumerate(report.rules, 1)}
    for finding in report.findings:
        code = rule_of(finding)
        if code in groups:
            groups[code].findings.append(finding)
    listed = [g for g in groups.values() if g.findings or g.aside]
    for group in listed:
        group.order = [-1] * group.aside + list(range(len(group.findings)))
    return listed


class FindingsModel(QAbstractItemModel):
    """Columns: rule or place, count, area in hectares, state. Internal id: 0 for a rule, its rule's number for a finding."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.groups: list[Group] = []
        #: Number of a rule → its row; rules that have nothing to say are not there, but may come.
        self._rows: dict[int, int] = {}
        self._silent: dict[str, Group] = {}
        self._icons: dict[str, Any] = {}
        self._sorting = (AREA, Qt.SortOrder.DescendingOrder)

    def set_report(self, report: Any) -> None:
        self.beginResetModel()
        self.groups = groups_of(report) if report is not None else []
        self._arrange(*self._sorting)
        listed = {g.code for g in self.groups}
        rules = enumerate(report.rules, 1) if report is not None else ()
        self._silent = {r.code: Group(r.code, r.title or r.name, r, number=n) for n, r in rules if r.code not in listed}
        self.endResetModel()

    def refresh_icons(self) -> None:
        """After a change of theme."""
        self._icons.clear()
        if self.groups:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.groups) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )

    # --- shape
    def columnCount(self, parent=QModelIndex()):  # noqa: B008 - Qt's own signature
        return 4

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return len(self.groups)
        if parent.internalId() or parent.column() > 0:
            return 0
        group = self.groups[parent.row()]
        return len(group.order) if group.loaded else 0

    def hasChildren(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return bool(self.groups)
        return not parent.internalId() and bool(self.groups[parent.row()].order)

    def canFetchMore(self, parent):
        return parent.isValid() and not parent.internalId() and not self.groups[parent.row()].loaded

    def fetchMore(self, parent):
        if self.canFetchMore(parent):
            group = self.groups[parent.row()]
            self.beginInsertRows(parent, 0, len(group.order) - 1)
            group.loaded = True
            self.endInsertRows()

    def index(self, row, column, parent=QModelIndex()):  # noqa: B008
        # Asked for every row of an open rule: no detour through rowCount.
        if not parent.isValid():
            inside, group = row < len(self.groups), 0
        else:
            group = self.groups[parent.row()].number
            inside = not parent.internalId() and row < len(self.groups[parent.row()].order)
        return self.createIndex(row, column, group) if inside and row >= 0 <= column < 4 else QModelIndex()

    def parent(self, index):
        group = index.internalId() if index.isValid() else 0
        return self.createIndex(self._rows[group], 0, 0) if group else QModelIndex()

    def flags(self, index):
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _LEAF if index.internalId() else _BRANCH

    # --- content
    def group_at(self, index) -> Group:
        return self.groups[self._rows[index.internalId()] if index.internalId() else index.row()]

    def finding_at(self, index) -> Any:
        """The finding of a row; None for a rule and for a reason."""
        if not index.isValid() or not index.internalId():
            return None
        group = self.group_at(index)
        position = group.order[index.row()]
        return group.findings[position] if position >= 0 else None

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() in (COUNT, AREA) else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            finding = self.finding_at(index)
            group = self.group_at(index)
            return finding.message if finding is not None else group.outcome.reason or f"{group.code} {group.title}"
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE and not index.internalId():
            return self._icon(self.groups[index.row()].kind())
        if role == Qt.ItemDataRole.ForegroundRole:
            finding = self.finding_at(index)
            faint = finding.state == "waived" if finding is not None else not self.group_at(index).findings
            return QBrush(look.faint()) if faint else None
        if role == ROW:
            return self.finding_at(index)
        return None

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Rule / place"), tr("Count"), tr("Area ha"), tr("State"))[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section in (COUNT, AREA) else _LEFT
        return None

    def _text(self, index):
        column = index.column()
        group = self.group_at(index)
        if not index.internalId():
            return self._group_text(group, column)
        finding = self.finding_at(index)
        if finding is None:
            return group.outcome.reason if column == PLACE else ""
        if column == PLACE:
            return place_of(finding)
        if column == AREA:
            return hectares(finding.area_m2)
        return look.state_word(finding.state) if column == STATE else ""

    def _group_text(self, group, column):
        if column == PLACE:
            return f"{group.code}  {group.title}"
        if column == COUNT:
            return str(group.shown) if group.findings else "—"
        if column == AREA:
            return hectares(group.shown_area) if group.findings else "—"
        outcome = str(group.outcome.outcome)
        if outcome in _ASIDE:
            return look.outcome_word(outcome)
        return tr("Partly checked") if group.outcome.incomplete else ""

    def _icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = look.icon(look.KIND_ICONS[kind])
        return self._icons[kind]

    # --- order
    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Rules and, within them, findings. A reason stays on top; ties keep the report's order."""
        self._sorting = (column, order)
        self.layoutAboutToBeChanged.emit()
        kept = [
            (i, self.group_at(i), i.internalId() and self.group_at(i).order[i.row()])
            for i in self.persistentIndexList()
        ]
        self._arrange(column, order)
        places = {id(g): n for n, g in enumerate(self.groups)}
        rows: dict[int, dict[int, int]] = {}
        moved = []
        for index, group, position in kept:
            row = places[id(group)]
            if not index.internalId():
                moved.append(self.createIndex(row, index.column(), 0))
                continue
            if row not in rows:
                rows[row] = {p: n for n, p in enumerate(group.order)}
            moved.append(self.createIndex(rows[row][position], index.column(), group.number))
        self.changePersistentIndexList([i for i, _, _ in kept], moved)
        self.layoutChanged.emit()

    def _arrange(self, column, order):
        down = order == Qt.SortOrder.DescendingOrder

        self.groups = _ranked(self.groups, column, down)
        self._number()
        for group in self.groups:
            group.order = _in_order(group, column, down)

    def _number(self):
        self._rows = {group.number: row for row, group in enumerate(self.groups)}

    # --- change in place
    def change(self, change: Any, sees: Callable[[Group, Any], bool]) -> list[Group]:
        """Findings that go, come or have other figures (`core.edits.Change`): what is selected and open stays so.

        ``sees``: is a finding in view? Gives back the rules that are listed for the first time.
        """
        gone, renewed = {id(f) for f in change.gone}, {id(old): new for old, new in change.renewed}
        touched = {rule_of(f) for f in [*change.gone, *(old for old, _ in change.renewed)]}
        for group in self.groups:
            if group.code in touched:
                self._renew(group, renewed, sees)
                self._drop(group, gone)
        found: dict[str, list[Any]] = {}
        for finding in change.found:
            found.setdefault(rule_of(finding), []).append(finding)
        for group in self.groups:
            if group.code in found:
                self._add(group, found.pop(group.code), sees)
        return [self._list(self._silent.pop(code), new, sees) for code, new in found.items() if code in self._silent]

    def _at(self, group: Group) -> QModelIndex:
        return self.index(self._rows[group.number], 0)

    def _renew(self, group: Group, renewed: dict[int, Any], sees: Callable[[Group, Any], bool]) -> None:
        if not any(id(f) in renewed for f in group.findings):
            return
        for position, finding in enumerate(group.findings):
            if id(finding) in renewed:
                new = renewed[id(finding)]
                group.findings[position], group.seen[position] = new, sees(group, new)
        if group.loaded:
            parent, last = self._at(group), len(group.order) - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, STATE, parent))

    def _drop(self, group: Group, gone: set[int]) -> None:
        going = {position for position, f in enumerate(group.findings) if id(f) in gone}
        for row in reversed([n for n, position in enumerate(group.order) if position in going]):
            if group.loaded:
                self.beginRemoveRows(self._at(group), row, row)
            del group.order[row]
            if group.loaded:
                self.endRemoveRows()
        kept = [position for position in range(len(group.findings)) if position not in going]
        place = {position: n for n, position in enumerate(kept)} | {-1: -1}
        group.findings = [group.findings[position] for position in kept]
        group.seen = [group.seen[position] for position in kept]
        group.order = [place[position] for position in group.order]

    def _add(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> None:
        first = len(group.findings)
        group.findings += new
        group.seen += [sees(group, f) for f in new]
        # Those that were there keep their order, also where their figures have changed since they were sorted.
        for row, position in enumerate(_in_order(group, *self._sorting_down())):
            if position < first:
                continue
            if group.loaded:
                self.beginInsertRows(self._at(group), row, row)
            group.order = [*group.order[:row], position, *group.order[row:]]
            if group.loaded:
                self.endInsertRows()

    def _list(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> Group:
        """A rule that had nothing to say."""
        group.findings, group.seen = new, [sees(group, f) for f in new]
        group.order = _in_order(group, *self._sorting_down())
        group.shown = sum(group.seen)
        row = _ranked([*self.groups, group], *self._sorting_down()).index(group)
        self.beginInsertRows(QModelIndex(), row, row)
        self.groups.insert(row, group)
        self._number()
        self.endInsertRows()
        return group

    def _sorting_down(self) -> tuple[int, bool]:
        column, order = self._sorting
        return column, order == Qt.SortOrder.DescendingOrder


def _ranked(groups: list[Group], column: int, down: bool) -> list[Group]:
    """Rules by a column. Whatever it is, errors stay before warnings and skipped rules come last."""

    def value(number: int) -> Any:
        group = groups[number]
        outcome = str(group.outcome.outcome)
        return {PLACE: group.code, COUNT: len(group.findings), AREA: group.area, STATE: outcome}[column]

    ranked = [groups[n] for n in _sorted(range(len(groups)), value, down)]
    return sorted(ranked, key=lambda g: _RANK[g.severity])


def _in_order(group: Group, column: int, down: bool) -> list[int]:
    """Row → position: the reason first, then the findings by a column."""

    def value(position: int) -> Any:
        finding = group.findings[position]
        return {PLACE: (finding.township, finding.key), STATE: finding.state}.get(column, finding.area_m2)

    return [-1] * group.aside + _sorted(range(len(group.findings)), value, down)


def _sorted(items, value, down):
    """Sorted by value; those without one last, in either direction."""
    values = {item: value(item) for item in items}
    there = [item for item in values if values[item] is not None]
    return sorted(there, key=values.__getitem__, reverse=down) + [item for item in values if values[item] is None]
