# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of figures that layouts refer to, each built once for a plan.

Most of them are those of the indicators' workbook (`render.tables`); no figure is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ..indicators.compute import PlanIndicators
from ..model.report import Report
from ..render.tables.by_land_use import make_land_use_table
from ..render.tables.by_place import make_line_table, make_space_table, make_township_table, make_zone_table
from ..render.tables.model import ReportTable
from ..versions.baseline import get_sealed_edition
from .areas_by_use import make_line_use_table, make_zone_use_table
from .balances import make_cultivated_balance_table, make_farmland_changes_table
from .conflicts import make_conflict_table
from .model import WILDCARD


@dataclass
class PlanFigures:
    """The figures of a plan: indicators, the report of the rules on conflicts, and the tables built so far.

    ``conflict_rules``: codes of the rules with the listed findings; ``report``: None if no table lists findings.
    """

    indicators: PlanIndicators
    report: Report | None = None
    conflict_rules: Collection[str] = ()
    _tables: dict[str, ReportTable | None] = field(default_factory=dict)

    def get_table(self, table_id: str) -> ReportTable | None:
        """Return a figure table by its id; None if the data do not have its layers."""
        if table_id not in self._tables:
            self.indicators.ctx.cancellation.raise_if_cancelled()
            build = FIGURE_TABLES[table_id].build
            if build is not None:
                self._tables[table_id] = build(self.indicators)
            else:
                self._tables[table_id] = (
                    make_conflict_table(self.indicators, self.report, self.conflict_rules) if self.report else None
                )
        return self._tables[table_id]

    def select_rules(self, codes: Collection[str]) -> None:
        """Choose the rules with the findings that the next table lists."""
        self.conflict_rules = codes
        self._tables.pop("conflicts", None)

    def explain_missing(self, table_id: str) -> str:
        """Return the sentence on why a figure table is missing."""
        if table_id == "farmland_changes" and get_sealed_edition(self.indicators.ctx.side_inputs) is None:
            return self.indicators.texts.get("office_tables", "no_baseline")
        return self.indicators.format_missing_layers(FIGURE_TABLES[table_id].layers)


@dataclass(frozen=True)
class FigureTable:
    """How a figure table is built: its function, the column with names of rows, and the concepts of its layers.

    ``build``: None for the list of conflicts, which a report gives;
    ``columns``: ids of its columns; an id may have any end in place of ``*``.
    """

    build: Callable[[PlanIndicators], ReportTable | None] | None
    name_column: str
    layers: tuple[str, ...]
    columns: tuple[str, ...]


def may_have_column(table_id: str, column_id: str) -> bool:
    """Return True if a figure table may have a column, or columns that begin as ``column_id`` before its ``*``."""
    for known in FIGURE_TABLES[table_id].columns:
        if column_id == known or (known.endswith(WILDCARD) and column_id.startswith(known[:-1])):
            return True
        if column_id.endswith(WILDCARD) and known.startswith(column_id[:-1]):
            return True
    return False


_LINE_COLUMNS = (
    *("line", "layer", "features", "statutory", "survey", "net", "net_wan_mu", "county_share"),
    *("target", "room", "state"),
)
_BALANCE_COLUMNS = tuple(
    f"{term}_{basis}"
    for basis in ("statutory", "net")
    for term in ("before", "moved_out", "moved_in", "other", "after")
)
#: Figure tables by id.
FIGURE_TABLES = {
    "lines": FigureTable(make_line_table, "line", ("farmland", "red_line", "boundary"), _LINE_COLUMNS),
    "spaces": FigureTable(
        make_space_table, "space", ("zones",), ("space", "features", "statutory_km2", "statutory", "county_share")
    ),
    "zones": FigureTable(
        make_zone_table, "zone", ("zones",), ("code", "zone", "features", "statutory", "share", "stored")
    ),
    "townships": FigureTable(
        make_township_table, "township", ("townships",),
        ("division_code", "township", "land", "cultivated_*", "farmland_*", "red_line_*", "boundary_*", "heritage_*",
         "zone_*"),
    ),
    "land_use": FigureTable(
        make_land_use_table, "class", ("base_parcels", "GHYDYH"),
        ("class", "codes", "base_area", "base_share", "planned_area", "planned_share", "change"),
    ),
    "zone_use": FigureTable(make_zone_use_table, "name", ("zones", "base_parcels"), ("name", "statutory", "use_*")),
    "line_use": FigureTable(make_line_use_table, "name", ("base_parcels",), ("name", "statutory", "use_*")),
    "farmland_changes": FigureTable(make_farmland_changes_table, "name", ("farmland",), ("name", *_BALANCE_COLUMNS)),
    "cultivated_balance": FigureTable(
        make_cultivated_balance_table, "name", ("base_parcels", "GHYDYH"), ("name", "statutory", "net")
    ),
    "conflicts": FigureTable(
        None, "name", ("farmland", "red_line", "boundary"),
        ("name", "code", "severity", "layer", "key", "related_layer", "related_key", "area", "net", "width", "township",
         "problem", "state"),
    ),
}  # fmt: skip
