# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rows of the findings list say and look like. Holds plain data, no layer and no feature."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QBrush

from ...bridge.texts import tr
from ...core.results.kept_result import Outdated
from ..widgets import look
from .changes import ChangingFindings
from .groups import AREA, ASIDE, COUNT, PLACE, STATE, hectares, place_of

#: Role under which the proxy and the dock get at the row itself: a Group, or (Group, Finding or None).
ROW = Qt.ItemDataRole.UserRole + 1
_ALIGN = Qt.AlignmentFlag
# As numbers: Qt 6 keeps flags apart from them, the role of alignment does not.
_RIGHT, _LEFT = (
    int(getattr(flags, "value", flags))
    for flags in (_ALIGN.AlignRight | _ALIGN.AlignVCenter, _ALIGN.AlignLeft | _ALIGN.AlignVCenter)
)


class FindingsModel(ChangingFindings):
    """Columns: rule or place, count, area in hectares, state."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._icons: dict[str, Any] = {}
        #: Determines outdated findings; None if all are current.
        self.outdated: Outdated | None = None

    def refresh_rows(self) -> None:
        """Update the display of outdated findings."""
        for row, group in enumerate(self.groups):
            parent = self.index(row, 0)
            self.dataChanged.emit(parent, self.index(row, STATE))
            if group.loaded:
                self.dataChanged.emit(self.index(0, 0, parent), self.index(group.loaded - 1, STATE, parent))

    def refresh_icons(self) -> None:
        """After a change of theme."""
        self._icons.clear()
        if self.groups:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.groups) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )

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
            if finding is None:
                return group.reason or f"{group.code} {group.title}"
            # The key may be cut in the list.
            return "\n".join(t for t in (finding.key, finding.message) if t)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE and not index.internalId():
            return self._icon(self.groups[index.row()].kind())
        if role == Qt.ItemDataRole.ForegroundRole:
            return QBrush(look.faint()) if self._is_faint(index) else None
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
            return group.reason if column == PLACE else ""
        if column == PLACE:
            return place_of(finding)
        if column == AREA:
            return hectares(finding.area_m2)
        if column != STATE:
            return ""
        if (
            finding.state != "waived"
            and self.outdated is not None
            and self.outdated.includes_finding(group.code, finding)
        ):
            return tr("To re-check")
        return look.state_word(finding.state)

    def _is_faint(self, index):
        """Return True for a waived or outdated finding, and for a rule with only such findings."""
        finding, group, outdated = self.finding_at(index), self.group_at(index), self.outdated
        if finding is not None:
            return finding.state == "waived" or (
                outdated is not None and outdated.includes_finding(group.code, finding)
            )
        if not group.findings or outdated is None:
            return not group.findings
        return outdated.includes_rule(group.code) or all(
            outdated.includes_finding(group.code, f) for f in group.findings
        )

    def _group_text(self, group, column):
        if column == PLACE:
            return f"{group.code}  {group.title}"
        if column == COUNT:
            return str(group.shown) if group.findings else "—"
        if column == AREA:
            return hectares(group.shown_area) if group.findings else "—"
        if group.standing in ASIDE:
            return look.outcome_word(group.standing)
        return tr("Partly checked") if group.standing else ""

    def _icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = look.icon(look.KIND_ICONS[kind])
        return self._icons[kind]
