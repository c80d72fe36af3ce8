# SPDX-License-Identifier: GPL-2.0-or-later
"""List of conflicts between control lines (控制线冲突清单), from the findings of a check."""

from __future__ import annotations

from collections.abc import Collection

from ..indicators.compute import PlanIndicators
from ..model.report import Outcome, Report
from ..render.tables.model import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ..render.words import ReportTexts

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
    for name, field in (("area", "area_m2"), ("net", "net_area_m2")):
        known = [value for finding in found if (value := getattr(finding, field)) is not None]
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
