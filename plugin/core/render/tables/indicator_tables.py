# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of all indicators, and of the expansion ratio with its inputs; all tables of a plan's figures.

They are the only source for the workbook, the layer of figures and the package.
"""

from __future__ import annotations

from collections.abc import Callable

from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...model.indicator import RATIO_FORMS, Indicator
from ...standard.profile.profile_data import BINDING_TARGET_WORD
from .. import figures as shown
from ..words import ReportTexts
from . import by_land_use, by_place
from .report_table import CellValue, ReportTable, ReportTableRow, TableColumn, make_table_number

#: Inputs of the ratio in the order of official documents.
_RATIO_INPUTS = (
    *("denominator_m2", "denominator_statutory_m2", "denominator_difference_m2"),
    *("concentrated_m2", "flexible_m2", "special_m2", "uncoded_m2", "new_land_m2"),
)


def make_indicator_table(figures: PlanIndicators) -> ReportTable:
    """Return the table of indicators: one row per figure, by group.

    For an indicator that cannot be computed the row has the reason.
    """
    texts, report_texts = figures.texts, ReportTexts(figures.texts.lang)
    columns = [
        TableColumn("number", width_in_characters=6),
        TableColumn("indicator", width_in_characters=34),
        TableColumn("kind", width_in_characters=9),
        TableColumn("unit", width_in_characters=14),
        TableColumn("value", width_in_characters=16),
        TableColumn("target", width_in_characters=17),
        TableColumn("room", width_in_characters=14),
        TableColumn("state", width_in_characters=12),
        TableColumn("basis", width_in_characters=18),
        TableColumn("confirmed", width_in_characters=12),
        TableColumn("formula", width_in_characters=42),
        TableColumn("inputs", width_in_characters=48),
        TableColumn("source", width_in_characters=36),
    ]
    table = ReportTable("indicators", columns)
    group = ""
    for computed_indicator in figures.compute_all_indicators():
        entry = computed_indicator.definition
        if entry.group != group:
            group = entry.group
            table.rows.append(ReportTableRow([texts.get("groups", group), *[None] * (len(columns) - 1)], "head", group))
        shown_figures: list[Indicator | None] = [*computed_indicator.figures] or [None]
        for figure in shown_figures:
            number = str(sum(r.kind == "row" for r in table.rows) + 1)
            unit = texts.get("unit_names", figure.unit if figure else entry.unit)
            kind = texts.get("tables", "binding") if entry.kind == BINDING_TARGET_WORD else ""
            cells: list[CellValue] = [number, entry.get_name(texts.lang), kind, unit]
            if figure is None:
                cells += [
                    None,
                    "",
                    None,
                    report_texts.get("indicator_state", "not_computed"),
                    "",
                    "",
                    entry.get_formula(texts.lang),
                    computed_indicator.missing_reason,
                ]
            else:
                decimals = shown.choose_decimals(figure)
                cells += [
                    make_table_number(figure.value, figure.unit, decimals),
                    shown.format_target(figure, report_texts).replace("\u202f", " "),
                    make_table_number(figure.margin, figure.unit, decimals),
                    shown.format_state(figure, report_texts),
                    shown.format_basis(figure, report_texts),
                    texts.get("tables", "yes" if figure.confirmed else "no"),
                    computed_indicator.get_formula(texts.lang),
                    shown.format_inputs(figure, report_texts).replace("\u202f", " "),
                ]
            source = texts.get("tables", "source", text=entry.get_source(texts.lang), mark=entry.mark)
            table.rows.append(ReportTableRow([*cells, source], "row", entry.id))
    table.notes += [texts.get("tables", "unconfirmed_note"), texts.get("tables", "mark_note")]
    return table


def make_ratio_table(figures: PlanIndicators) -> ReportTable | None:
    """Return 城镇开发边界扩展倍数 in three forms with inputs.

    ``None`` if it cannot be computed.
    """
    indicator_by_form: dict[str, ComputedIndicator] = {
        f: figures.compute_indicator(f"expansion_ratio_{f}") for f in RATIO_FORMS
    }
    first = next((i for one in indicator_by_form.values() for i in one.figures), None)
    if first is None:
        return None
    texts, report_texts = figures.texts, ReportTexts(figures.texts.lang)
    columns = [
        TableColumn("item", width_in_characters=56),
        TableColumn("area", "ha", width_in_characters=18),
        TableColumn("ratio", "ratio", width_in_characters=14),
        TableColumn("target", width_in_characters=14),
        TableColumn("room", "ratio", width_in_characters=14),
        TableColumn("state", width_in_characters=14),
    ]
    table = ReportTable(
        "ratio",
        columns,
        [
            ReportTableRow(
                [
                    texts.get("tables", f"ratio_{name}"),
                    make_table_number(float(first.inputs[name]) / 1e4, "ha"),
                    None,
                    "",
                    None,
                    "",
                ],
                "row",
                name,
            )
            for name in _RATIO_INPUTS
        ],
        unit="ha",
    )
    for form, computed_indicator in indicator_by_form.items():
        for figure in computed_indicator.figures:
            lang = figures.texts.lang
            area = make_table_number(float(figure.inputs["numerator_m2"]) / 1e4, "ha")
            cells = [
                figures.texts.get(
                    "tables", "form", form=form.upper(), formula=computed_indicator.definition.get_formula(lang)
                ),
                area,
                make_table_number(figure.value, "ratio", shown.choose_decimals(figure)),
                shown.format_target(figure, report_texts),
            ]
            table.rows.append(
                ReportTableRow(
                    [*cells, make_table_number(figure.margin, "ratio"), shown.format_state(figure, report_texts)],
                    "sum",
                    f"form:{form}",
                )
            )
    names = ("denominator_layer", "classes", "base_year", "base_year_source", "windows")
    table.notes += [shown.format_input(name, first.inputs[name], report_texts) for name in names]
    if not first.confirmed:
        table.notes.append(texts.get("tables", "ratio_note"))
    return table


def make_all_tables(
    figures: PlanIndicators, progress: Callable[[float], None] = lambda share: None
) -> list[ReportTable]:
    """Return every table that the plan's layers provide, in the order of the workbook."""
    builders: list[Callable[[PlanIndicators], ReportTable | None]] = [
        make_indicator_table,
        by_place.make_line_table,
        make_ratio_table,
        by_place.make_zone_table,
        by_place.make_space_table,
        by_land_use.make_land_use_table,
        by_land_use.make_transition_table,
        by_place.make_township_table,
    ]
    tables = []
    for number, build in enumerate(builders):
        figures.ctx.cancellation.raise_if_cancelled()
        progress(number / len(builders))
        table = build(figures)
        if table is not None:
            tables.append(table)
    return tables
