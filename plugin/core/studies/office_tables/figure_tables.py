# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of figures that layouts refer to, each built once for a plan.

Most of them are those of the indicators' workbook (`render.tables`); no figure is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ...figures.indicators.compute import PlanIndicators
from ...model.report import Outcome, Report
from ...render.tables.by_land_use import make_land_use_table
from ...render.tables.by_place import make_line_table, make_space_table, make_township_table, make_zone_table
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...render.versions.baseline import get_sealed_edition
from ...render.words import ReportTexts
from .land_figures import (
    make_cultivated_balance_table,
    make_farmland_changes_table,
    make_line_use_table,
    make_zone_use_table,
)
from .office_table import WILDCARD


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


COLUMNS = (
    *("code", "severity", "layer", "key", "related_layer", "related_key"),
    *("area", "net", "width", "township", "problem", "state"),
)
_UNIT_BY_COLUMN = {"area": "m2", "net": "m2", "width": "m"}
_DECIMALS = 2


def make_conflict_table(figures: PlanIndicators, report: Report, rules: Collection[str]) -> ReportTable:
    """Return the findings of rules on control lines, one row each, with the sum of their areas.

    Rules that could not run are named in the notes with their reason.
    """
    texts, report_texts = figures.texts, ReportTexts(figures.texts.lang)
    titles = {outcome.code: outcome.heading for outcome in report.rules}
    columns = [
        TableColumn("name", width_in_characters=14),
        *[TableColumn(name, _UNIT_BY_COLUMN.get(name, "")) for name in COLUMNS],
    ]
    table = ReportTable("conflicts", columns, unit="m2")
    found = [finding for finding in report.findings if finding.code in rules]
    for number, finding in enumerate(found, 1):
        texts_of_row = {
            "code": finding.code,
            "severity": report_texts.get_text_or_key("severity", str(finding.severity or "")),
            "layer": _get_layer_name(finding.role, figures),
            "key": finding.key,
            "related_layer": _get_layer_name(finding.related_role, figures),
            "related_key": "、".join(finding.related_keys),
            "township": finding.township,
            "problem": titles.get(finding.code, finding.code),
            "state": texts.get("office_tables", f"state_{'waived' if finding.state == 'waived' else 'open'}"),
        }
        numbers = {"area": finding.area_m2, "net": finding.net_area_m2, "width": finding.width_m}
        cells = [_make_number(numbers[name]) if name in numbers else texts_of_row[name] for name in COLUMNS]
        table.rows.append(
            ReportTableRow(
                [texts.get("office_tables", "conflict_name", number=str(number)), *cells], "row", str(number)
            )
        )
    if not found:
        cells = ["" if name != "problem" else texts.get("office_tables", "no_conflict") for name in COLUMNS]
        table.rows.append(ReportTableRow(["", *cells], "row", "none"))
    sums: dict[str, float | None] = {}
    for name, attribute in (("area", "area_m2"), ("net", "net_area_m2")):
        known = [value for finding in found if (value := getattr(finding, attribute)) is not None]
        # Rows without any value have no sum.
        sums[name] = sum(known) if known or not found else None
    cells = [_make_number(sums[name]) if name in sums else "" for name in COLUMNS]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *cells], "sum", ""))
    table.notes.append(texts.get("office_tables", "conflicts_note", rules="、".join(rules), count=str(len(found))))
    for outcome in report.rules:
        if outcome.code in rules and (outcome.incomplete or outcome.outcome in (Outcome.SKIPPED, Outcome.CRASHED)):
            table.notes.append(
                texts.get("office_tables", "rule_not_run", rule=outcome.code, title=outcome.title, why=outcome.reason)
            )
    return table


def _make_number(value: float | None) -> CellValue:
    """Return an area (m²) or a width (m) as a cell; small ones are kept, so that areas sum to the total."""
    return None if value is None else TableNumber(float(value), _DECIMALS)


def _get_layer_name(role: str, figures: PlanIndicators) -> str:
    """Return the name of a layer by its code; the code itself if the standard has no such layer."""
    template = figures.ctx.norm.standard.templates.get(role)
    return template.name if template is not None else role
