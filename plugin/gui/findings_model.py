# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a report as a tree: rule → its findings. Holds plain data, no layer and no feature.

A rule's children become rows when the rule is opened, so a report of 100 000 findings shows at once.
"""

from __future__ import annotations

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


def groups_of(report: Any) -> list[Group]:
    """The rules that have something to say, worst first."""
    groups = {r.code: Group(r.code, r.title or r.name, r) for r in report.rules}
    for finding in report.findings:
        # A finding about the run belongs to the rule that could not go on.
        code = finding.params.get("rule", finding.code) if finding.code.startswith("RUN") else finding.code
        if code in groups:
            groups[code].findings.append(finding)
    listed = [g for g in groups.values() if g.findings or g.aside]
    for group in listed:
        group.order = [-1] * group.aside + list(range(len(group.findings)))
    return listed


class FindingsModel(QAbstractItemModel):
    """Columns: rule or place, count, area in hectares, state. Internal id: 0 for a rule, its position + 1 for a finding."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.groups: list[Group] = []
        self._icons: dict[str, Any] = {}
        self._sorting = (AREA, Qt.SortOrder.DescendingOrder)

    def set_report(self, report: Any) -> None:
        self.beginResetModel()
        self.groups = groups_of(report) if report is not None else []
        self._arrange(*self._sorting)
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
            group = parent.row() + 1
            inside = not parent.internalId() and row < len(self.groups[group - 1].order)
        return self.createIndex(row, column, group) if inside and row >= 0 <= column < 4 else QModelIndex()

    def parent(self, index):
        group = index.internalId() if index.isValid() else 0
        return self.createIndex(group - 1, 0, 0) if group else QModelIndex()

    def flags(self, index):
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _LEAF if index.internalId() else _BRANCH

    # --- content
    def group_at(self, index) -> Group:
        return self.groups[(index.internalId() - 1) if index.internalId() else index.row()]

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
            moved.append(self.createIndex(rows[row][position], index.column(), row + 1))
        self.changePersistentIndexList([i for i, _, _ in kept], moved)
        self.layoutChanged.emit()

    def _arrange(self, column, order):
        down = order == Qt.SortOrder.DescendingOrder

        def of_group(group):
            return {
                PLACE: group.code,
                COUNT: len(group.findings),
                AREA: group.area,
                STATE: str(group.outcome.outcome),
            }[column]

        def of_finding(finding):
            return {PLACE: (finding.township, finding.key), STATE: finding.state}.get(column, finding.area_m2)

        before = self.groups
        self.groups = [before[n] for n in _sorted(range(len(before)), lambda n: of_group(before[n]), down)]
        # Whatever the column, errors stay before warnings and skipped rules come last.
        self.groups.sort(key=lambda g: _RANK[g.severity])
        for group in self.groups:
            places = _sorted(range(len(group.findings)), lambda n, found=group.findings: of_finding(found[n]), down)
            group.order = [-1] * group.aside + places


def _sorted(items, value, down):
    """Sorted by value; those without one last, in either direction."""
    values = {item: value(item) for item in items}
    there = [item for item in values if values[item] is not None]
    return sorted(there, key=values.__getitem__, reverse=down) + [item for item in values if values[item] is None]
