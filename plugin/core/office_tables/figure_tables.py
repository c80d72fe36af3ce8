# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of figures that layouts refer to, each built once for a plan.

Most of them are those of the indicators' workbook (`render.tables`); no figure is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ..indicators.compute import PlanIndicators
from ..model.report import Report
from ..render.tables.model import ReportTable
from ..versions.baseline import get_sealed_edition
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
            self._tables[table_id] = FIGURE_TABLES[table_id].build(self)
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

    ``columns``: ids of its columns; an id may have any end in place of ``*``.
    """

    build: Callable[[PlanFigures], ReportTable | None]
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


def _build_lines(figures: PlanFigures) -> ReportTable | None:
    from ..render.tables.by_place import make_line_table

    return make_line_table(figures.indicators)


def _build_spaces(figures: PlanFigures) -> ReportTable | None:
    from ..render.tables.by_place import make_space_table

    return make_space_table(figures.indicators)


def _build_zones(figures: PlanFigures) -> ReportTable | None:
    from ..render.tables.by_place import make_zone_table

    return make_zone_table(figures.indicators)


def _build_townships(figures: PlanFigures) -> ReportTable | None:
    from ..render.tables.by_place import make_township_table

    return make_township_table(figures.indicators)


def _build_land_use(figures: PlanFigures) -> ReportTable | None:
    from ..render.tables.by_land_use import make_land_use_table

    return make_land_use_table(figures.indicators)


def _build_zone_use(figures: PlanFigures) -> ReportTable | None:
    from .areas_by_use import make_zone_use_table

    return make_zone_use_table(figures.indicators)


def _build_line_use(figures: PlanFigures) -> ReportTable | None:
    from .areas_by_use import make_line_use_table

    return make_line_use_table(figures.indicators)


def _build_farmland_changes(figures: PlanFigures) -> ReportTable | None:
    from .farmland_changes import make_farmland_changes_table

    return make_farmland_changes_table(figures.indicators)


def _build_cultivated_balance(figures: PlanFigures) -> ReportTable | None:
    from .cultivated_balance import make_cultivated_balance_table

    return make_cultivated_balance_table(figures.indicators)


def _build_conflicts(figures: PlanFigures) -> ReportTable | None:
    from .conflicts import make_conflict_table

    if figures.report is None:
        return None
    return make_conflict_table(figures.indicators, figures.report, figures.conflict_rules)


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
    "lines": FigureTable(_build_lines, "line", ("farmland", "red_line", "boundary"), _LINE_COLUMNS),
    "spaces": FigureTable(
        _build_spaces, "space", ("zones",), ("space", "features", "statutory_km2", "statutory", "county_share")
    ),
    "zones": FigureTable(
        _build_zones, "zone", ("zones",), ("code", "zone", "features", "statutory", "share", "stored")
    ),
    "townships": FigureTable(
        _build_townships, "township", ("townships",),
        ("division_code", "township", "land", "cultivated_*", "farmland_*", "red_line_*", "boundary_*", "heritage_*",
         "zone_*"),
    ),
    "land_use": FigureTable(
        _build_land_use, "class", ("base_parcels", "GHYDYH"),
        ("class", "codes", "base_area", "base_share", "planned_area", "planned_share", "change"),
    ),
    "zone_use": FigureTable(_build_zone_use, "name", ("zones", "base_parcels"), ("name", "statutory", "use_*")),
    "line_use": FigureTable(_build_line_use, "name", ("base_parcels",), ("name", "statutory", "use_*")),
    "farmland_changes": FigureTable(_build_farmland_changes, "name", ("farmland",), ("name", *_BALANCE_COLUMNS)),
    "cultivated_balance": FigureTable(
        _build_cultivated_balance, "name", ("base_parcels", "GHYDYH"), ("name", "statutory", "net")
    ),
    "conflicts": FigureTable(
        _build_conflicts, "name", ("farmland", "red_line", "boundary"),
        ("name", "code", "severity", "layer", "key", "related_layer", "related_key", "area", "net", "width", "township",
         "problem", "state"),
    ),
}  # fmt: skip
