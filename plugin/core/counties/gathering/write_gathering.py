# SPDX-License-Identifier: GPL-2.0-or-later
"""What a gathering writes next to the package: JSON, workbook and documents for the counties.

JSON and workbook have counties, layers, figures, keys, findings, allotments and rounds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.errors import OutputError
from ...base.files.writing import explain_os_error, replace_until_error
from ...model.indicator import Indicator, convert_area
from ...package.problems import MAX_NAMED_FEATURES
from ...render.document.table_document import make_table_document
from ...render.figures import format_basis
from ...render.outputs import dump_json
from ...render.tables.report_table import (
    ReportTable,
    TableColumn,
    TableNumber,
    make_record,
    make_row,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts
from ..county_record import GATHERING_JSON
from .allotment import make_allotment_table
from .gathered_counties import (
    AREA_BASES,
    GATHERING_SCHEMA,
    GATHERING_XLSX,
    FigureSum,
    GatheredCounty,
    GatherResult,
    describe_reasons,
    sum_figures,
)
from .return_documents import RETURNS_FOLDER, write_return_documents
from .returned_findings import ReturnedFinding, make_finding_columns
from .rounds import make_round_tables

#: Unit in which the tables show areas.
_SHOWN_UNIT = "ha"
#: Folders in the output while files are written, and the former files until the new ones are in place.
_NEW_FOLDER, _OLD_FOLDER = ".sanxian-gathering", ".sanxian-gathering-old"
#: Columns of keys that two counties have.
_KEY_COLUMNS = (
    TableColumn(key="counties", value=lambda one: [one.first_county, one.second_county]),
    TableColumn("gather_first", width_in_characters=24, value=lambda one: one.first_county),
    TableColumn("gather_second", width_in_characters=24, value=lambda one: one.second_county),
    TableColumn("gather_key_count", "count", width_in_characters=10, key="count"),
    TableColumn(
        "gather_keys",
        width_in_characters=80,
        key="examples",
        value=lambda one: list(one.examples),
        shown=lambda one: " ".join(one.examples),
    ),
)


def write_result_files(result: GatherResult, output: Path) -> list[str]:
    """Write JSON and workbook; return their paths. Raise OutputError; former files are then complete."""
    with place_result_files(result, output) as written:
        return written


@contextmanager
def place_result_files(result: GatherResult, output: Path) -> Iterator[list[str]]:
    """Write all files for a block, and yield their paths; former files are restored if the block raises.

    The folder of documents for the counties is replaced as a whole: a county without findings has none in it. Raise
    OutputError; former files are then complete.
    """
    texts = Texts(result.lang)
    new = output / _NEW_FOLDER
    paths = [new / RETURNS_FOLDER, new / GATHERING_XLSX, new / GATHERING_JSON]
    try:
        try:
            # What a run left that was killed.
            shutil.rmtree(new, ignore_errors=True)
            paths[0].mkdir(parents=True)
            rounds = make_round_tables(result.rounds, result.former, texts) if result.former is not None else []
            title = texts.get("gathering_returns", "rounds_title")
            further = [make_table_document(rounds, title, result.area_name, texts)] if rounds else []
            write_return_documents(
                result, paths[0], [(f"{result.area_code}{result.area_name}_{title}", one) for one in further]
            )
            write_gathering_workbook(result, paths[1], texts, rounds)
            paths[2].write_text(dump_json(result_to_dict(result, texts)), encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
        with replace_until_error(paths, output, output / _OLD_FOLDER):
            documents = sorted((output / RETURNS_FOLDER).iterdir())
            yield [str(path) for path in (*(output / path.name for path in paths[1:]), *documents)]
        if not documents:
            (output / RETURNS_FOLDER).rmdir()
    finally:
        shutil.rmtree(new, ignore_errors=True)


def check_returns_replaceable(output: Path) -> None:
    """Raise OutputError if the documents for the counties would replace a folder that is not of former results."""
    if os.path.lexists(output / RETURNS_FOLDER) and not (output / GATHERING_JSON).is_file():
        raise OutputError("gather_foreign_returns", target=str(output), folder=RETURNS_FOLDER)


def _make_figure_columns(texts: Texts, title: str = "value") -> list[TableColumn]:
    """Return the columns of a figure of a county or of a sum: areas are shown in hectares."""

    def show_value(one: Indicator) -> TableNumber | None:
        if one.unit != "m2":
            return make_table_number(one.value, one.unit)
        return make_table_number(convert_area(one.value or 0.0, _SHOWN_UNIT), _SHOWN_UNIT)

    return [
        TableColumn("indicator", width_in_characters=30, value=lambda one: one.name),
        TableColumn(
            "basis", width_in_characters=20, key="basis", shown=lambda one: format_basis(one, ReportTexts(texts.lang))
        ),
        TableColumn(
            "unit",
            width_in_characters=8,
            key="unit",
            shown=lambda one: texts.get("unit_names", _SHOWN_UNIT if one.unit == "m2" else one.unit),
        ),
        TableColumn(
            title,
            width_in_characters=18,
            key="value",
            value=lambda one: one.value if one.unit == "ratio" else round(one.value, 4),
            shown=show_value,
        ),
    ]


def _make_count_column(key: str) -> TableColumn:
    """Return the column of a number in the summary of a county's inspection."""
    return TableColumn(
        f"gather_{key}",
        "count",
        width_in_characters=8,
        key=key,
        value=lambda one: one.summary.get(key, 0),
        shown=lambda one: one.summary.get(key),
    )


def _make_county_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a county, with its verdict, or the reason why it is not in the package."""
    between = texts.get("words", "between_names")
    figures = [
        TableColumn(key="id"),
        *_make_figure_columns(texts),
        TableColumn(key="confirmed"),
    ]
    return [
        TableColumn(key="name"),
        TableColumn("gather_county", width_in_characters=24, value=lambda one: one.label),
        TableColumn("division_code", width_in_characters=12, value=lambda one: one.area_code),
        TableColumn(
            "gather_state",
            width_in_characters=22,
            key="state",
            value=lambda one: str(one.state),
            shown=lambda one: texts.get("gathering", f"state_{one.state}"),
        ),
        TableColumn(key="reasons", value=lambda one: describe_reasons(one, texts)),
        TableColumn(key="area_code"),
        TableColumn(key="area_name"),
        TableColumn(
            "gather_verdict",
            width_in_characters=12,
            key="verdict",
            value=lambda one: one.summary.get("verdict", ""),
            shown=lambda one: texts.get("verdicts", one.summary["verdict"]) if one.summary else "",
        ),
        *map(_make_count_column, ("errors", "warnings")),
        TableColumn(
            "features",
            "count",
            width_in_characters=10,
            value=lambda one: sum(amount.rows for amount in one.layers.values()) if one.is_gathered else None,
        ),
        TableColumn("gather_standard", width_in_characters=18, key="standard"),
        TableColumn("gather_version", width_in_characters=10, key="version"),
        TableColumn(key="digest"),
        TableColumn(
            "gather_crs",
            width_in_characters=24,
            key="crs",
            value=lambda one: {label: sorted(roles) for label, roles in one.crs.items()},
            shown=lambda one: between.join(one.crs),
        ),
        TableColumn(key="layers", value=lambda one: {name: amount.to_dict() for name, amount in one.layers.items()}),
        TableColumn(key="figures", value=lambda one: [make_record(figures, figure) for figure in one.figures]),
        TableColumn(
            "gather_left_out",
            width_in_characters=40,
            key="left_out",
            shown=lambda one: between.join(
                layer if rows is None else texts.get("gathering", "layer_with_rows", layer=layer, rows=rows)
                for layer, rows in (one.left_out.items() if one.is_gathered else ())
            ),
        ),
        TableColumn(key="findings", value=lambda one: list(map(asdict, one.inspection.findings))),
        TableColumn("gather_reasons", width_in_characters=70, value=lambda one: describe_reasons(one, texts)),
    ]


def _make_figure_sum_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of the sum of an indicator, with the counties without it or without confirmation."""

    def name_counties(names: Sequence[str]) -> str:
        listed = texts.get("words", "between_names").join(names[:MAX_NAMED_FEATURES])
        if len(names) <= MAX_NAMED_FEATURES:
            return listed
        return texts.get("gathering", "and_more_counties", names=listed, count=len(names))

    return [
        TableColumn(key="id"),
        TableColumn(key="name"),
        *_make_figure_columns(texts, "gather_sum"),
        TableColumn(
            "gather_counted", "count", width_in_characters=10, key="counties", value=lambda one: len(one.counted)
        ),
        TableColumn(
            "gather_missing", width_in_characters=40, key="missing", shown=lambda one: name_counties(one.missing)
        ),
        TableColumn(
            "gather_unconfirmed",
            width_in_characters=40,
            key="unconfirmed",
            shown=lambda one: name_counties(one.unconfirmed),
        ),
        *map(_make_input_column, ("numerator_m2", "denominator_m2")),
    ]


def _make_input_column(key: str) -> TableColumn:
    """Return the column of the numerators or denominators of a ratio, summed over the counties."""
    return TableColumn(
        f"gather_{key}",
        _SHOWN_UNIT,
        width_in_characters=16,
        key=key,
        value=lambda one: one.inputs.get(key),
        shown=lambda one: convert_area(one.inputs[key], _SHOWN_UNIT) if key in one.inputs else None,
    )


def _make_area_column(basis: str) -> TableColumn:
    """Return the column of an area (ha) on a basis; an item ends with the amount of a layer."""
    return TableColumn(
        f"gather_{basis}",
        _SHOWN_UNIT,
        width_in_characters=18,
        value=lambda item: convert_area(item[-1].areas_m2[basis], _SHOWN_UNIT) if basis in item[-1].areas_m2 else None,
    )


#: Columns of features and areas by basis; an item ends with the amount of a layer.
_AMOUNT_COLUMNS = (
    TableColumn("features", "count", width_in_characters=10, value=lambda item: item[-1].rows),
    *map(_make_area_column, AREA_BASES),
)


def write_gathering_workbook(
    result: GatherResult, path: Path, texts: Texts, rounds: Sequence[ReportTable] = ()
) -> None:
    """Write all tables to a new workbook; ``rounds``: tables of the comparison of rounds. Raise OutputError."""
    tables = [make_table("gathering_counties", _make_county_columns(texts), result.counties, lambda one: one.name)]
    if result.amounts:
        columns = [
            TableColumn("gather_layer", width_in_characters=26, value=lambda item: item[1].title),
            TableColumn("layer", width_in_characters=14, value=lambda item: item[0]),
            *_AMOUNT_COLUMNS,
        ]
        notes = [texts.get("gathering", "sums_note")]
        tables.append(
            make_table("gathering_sums", columns, result.amounts.items(), lambda item: item[0], _SHOWN_UNIT, notes)
        )
        columns = [
            TableColumn("gather_layer", width_in_characters=26, value=lambda item: item[0]),
            TableColumn("gather_county", width_in_characters=24, value=lambda item: item[1]),
            TableColumn("division_code", width_in_characters=12, value=lambda item: item[2]),
            *_AMOUNT_COLUMNS,
        ]
        layers = make_table("gathering_layers", columns, unit=_SHOWN_UNIT)
        for name, total in result.amounts.items():
            for one in (county for county in result.gathered if name in county.layers):
                item = (total.title, one.label, one.area_code, one.layers[name])
                layers.rows.append(make_row(columns, item, code=f"{name}:{one.area_code}"))
            item = (total.title, texts.get("gathering", "total"), "", total)
            layers.rows.append(make_row(columns, item, "sum", name))
        tables.append(layers)
        if sums := sum_figures(result.gathered):
            columns, notes = _make_figure_sum_columns(texts), [texts.get("gathering", "figures_note")]
            tables.append(make_table("gathering_figures", columns, sums, _make_figure_code, notes=notes))
            tables.append(_make_county_figure_table(sums, result.gathered, texts))
    if result.allotments:
        tables.append(make_allotment_table(result.allotments, texts))
    tables += rounds
    if found := [(county, one) for county in result.counties for one in county.inspection.findings]:
        tables.append(_make_finding_table(found, texts))
    if result.amounts or result.problems:
        columns = [
            TableColumn(
                "gather_level", width_in_characters=12, value=lambda one: texts.get("gathering", f"level_{one.level}")
            ),
            TableColumn("layer", width_in_characters=16, key="layer"),
            TableColumn("gather_problem", width_in_characters=110, value=lambda one: one.format_as_sentence(texts)),
        ]
        tables.append(make_table("gathering_problems", columns, result.problems, lambda one: one.key))
    if result.repeated_keys:
        tables.append(make_table("gathering_keys", _KEY_COLUMNS, result.repeated_keys))
    write_tables_workbook(path, tables, result.area_name, texts)


def _make_county_figure_table(
    sums: Sequence[FigureSum], counties: Sequence[GatheredCounty], texts: Texts
) -> ReportTable:
    """Return each indicator of each county, and the sum of each indicator."""
    figure_columns = _make_figure_columns(texts)
    columns = [
        *figure_columns,
        TableColumn("gather_county", width_in_characters=24),
        TableColumn("division_code", width_in_characters=12),
        TableColumn("gather_confirmed", width_in_characters=12),
    ]
    table = make_table("gathering_county_figures", columns)
    for found in sums:
        code = _make_figure_code(found)
        figures = [(county, one) for county in counties for one in county.figures if _make_figure_code(one) == code]
        for county, one in figures:
            row = make_row(figure_columns, one, code=f"{code}:{county.area_code}")
            confirmed = "" if one.confirmed else texts.get("gathering", "figure_unconfirmed")
            row.values += [county.label, county.area_code, confirmed]
            table.rows.append(row)
        total = make_row(figure_columns, found, "sum", code)
        total.values += [texts.get("gathering", "total"), "", ""]
        table.rows.append(total)
    return table


def _make_finding_table(found: Sequence[tuple[GatheredCounty, ReturnedFinding]], texts: Texts) -> ReportTable:
    """Return the findings of all counties, each with its county before it."""
    columns = make_finding_columns(texts)
    county = TableColumn("gather_county", width_in_characters=16, value=lambda one: one.label)
    table = make_table("gathering_county_findings", [county, *columns])
    for one, finding in found:
        row = make_row(columns, finding, code=finding.fingerprint)
        row.values.insert(0, county.make_cell(one))
        table.rows.append(row)
    return table


def _make_figure_code(one: Indicator) -> str:
    """Return the code of a figure: its indicator and basis."""
    return f"{one.id}:{one.basis}"


def result_to_dict(result: GatherResult, texts: Texts) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    county_columns, sum_columns = _make_county_columns(texts), _make_figure_sum_columns(texts)
    return {
        "schema": GATHERING_SCHEMA,
        "lang": result.lang,
        "version": read_plugin_version(),
        "area": {"code": result.area_code, "name": result.area_name},
        "package": result.package.name if result.package is not None else "",
        "digest": result.digest,
        "counties": [make_record(county_columns, one) for one in result.counties],
        "sums": {name: amount.to_dict() for name, amount in result.amounts.items()},
        "figures": [make_record(sum_columns, one) for one in sum_figures(result.gathered)],
        "repeated_keys": [make_record(_KEY_COLUMNS, one) for one in result.repeated_keys],
        "problems": [one.to_dict(texts) for one in result.problems],
        "check": result.whole.summary if result.whole is not None else None,
        "allotments": [one.to_dict() for one in result.allotments],
        "rounds": [one.to_dict() for one in result.rounds],
        "seams": {
            "pairs": len(result.seams.pairs),
            "findings": len(result.seams.findings),
        }
        if result.seams is not None
        else None,
        "ignored": list(result.ignored_names),
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }
