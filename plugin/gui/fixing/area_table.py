# SPDX-License-Identifier: GPL-2.0-or-later
"""Table of the areas of each layer that a fix changes: before, moved out, moved in, after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ...bridge.texts import tr

#: Minimum width of the column of names.
_MIN_NAME_DIGITS = 9


@dataclass(frozen=True)
class AreaRow:
    """Row of the table: areas of one layer in m².

    ``figures``: areas before the fix, moved out, moved in, and after the fix; None for a layer whose shapes do not
    change. ``remark``: text shown instead of missing areas; ``tip``: the layer's name with its code.
    """

    name: str
    figures: tuple[float, float, float, float] | None
    remark: str = ""
    tip: str = ""


def make_area_rows(proposals: Sequence[Any], get_layer_name: Callable[[str], str], plane_crs: Any) -> list[AreaRow]:
    """Return a row of areas for each layer whose shapes the proposals change.

    Each feature counts once. Rows with a remark follow, for the other layers of the proposals and of their findings.
    ``get_layer_name``: returns the name of a layer by its code; ``plane_crs``: the CRS in which the proposals were
    judged.
    """
    from ...core.fixes.proposal import sum_area_changes

    figures_by_role = {
        one.role: (one.ellipsoid_before_m2, one.ellipsoid_out_m2, one.ellipsoid_in_m2, one.ellipsoid_after_m2)
        for one in sum_area_changes(proposals, plane_crs)
    }
    involved_roles: dict[str, None] = {}
    edited_roles: set[str] = set()
    for proposal in proposals:
        edited_roles |= proposal.edits.roles
        involved_roles |= dict.fromkeys(
            role
            for role in (*sorted(proposal.edits.roles), proposal.finding.role, proposal.finding.related_role)
            if role
        )
    rows = [
        AreaRow(_strip_code_in_brackets(get_layer_name(role)), figures, tip=get_layer_name(role))
        for role, figures in figures_by_role.items()
    ]
    other_roles = [role for role in involved_roles if role not in figures_by_role]
    remark_by_role = {role: tr("attributes only") if role in edited_roles else tr("unchanged") for role in other_roles}
    return rows + [
        AreaRow(_strip_code_in_brackets(get_layer_name(role)), None, remark_by_role[role], get_layer_name(role))
        for role in other_roles
    ]


def _strip_code_in_brackets(name: str) -> str:
    """Return a layer's name without its code in brackets."""
    return name.split("（")[0]


class AreaTable(QTableWidget):
    """Read-only table of areas in m² with two decimals."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(0, 5, parent)
        #: Texts of the cells by row.
        self.texts: list[list[str]] = []
        self.setObjectName("SanxianFixAreas")
        self.setAccessibleName(tr("Area change"))
        self.setToolTip(tr("Each figure is rounded to 0.01 m²: the last digit of a sum may differ."))
        titles = [tr("Layer"), tr("Before m²"), tr("Out m²"), tr("In m²"), tr("After m²")]
        self.setHorizontalHeaderLabels(titles)
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        header = self.horizontalHeader()
        # A narrower column of names wraps them.
        header.sectionResized.connect(self._fit_row_heights)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, 5):
            self.horizontalHeaderItem(column).setTextAlignment(Qt.AlignmentFlag.AlignRight)

    def show_rows(self, rows: list[AreaRow]) -> None:
        """Show these rows in place of the former ones."""
        from ...core.standard.messages.numbers import format_number

        self.clearSpans()
        self.texts = []
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            texts = [row.name]
            if row.figures is None:
                # The remark is in the last column: the name may use the empty ones.
                texts += ["", "", "", row.remark]
                self.setSpan(number, 0, 1, len(texts) - 1)
            else:
                area_before, moved_out, moved_in, area_after = row.figures
                texts += [
                    format_number(area_before, 2),
                    format_number(moved_out, 2),
                    format_number(moved_in, 2),
                    format_number(area_after, 2),
                ]
            self.texts.append(texts)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text if column else row.tip)
                if column:
                    item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
                self.setItem(number, column, item)
        # The columns of areas are wide enough for their figures; the column of names wraps its texts.
        header = self.horizontalHeader()
        figures = sum(
            max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
            for column in range(1, self.columnCount())
        )
        names = self.fontMetrics().horizontalAdvance("0") * _MIN_NAME_DIGITS
        self.setMinimumWidth(figures + names + 2 * self.frameWidth())
        self._fit_row_heights()

    def _fit_row_heights(self) -> None:
        self.resizeRowsToContents()
        for row in range(self.rowCount()):
            if self.columnSpan(row, 0) > 1:
                # Qt wraps the text of a cell that spans columns in the width of the first of them.
                last_cell = self.model().index(row, self.columnCount() - 1)
                self.setRowHeight(row, self.sizeHintForIndex(last_cell).height())
