# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the results of a review: layer of occupied parts, workbook, pages to be signed, JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from ....metadata import read_plugin_version
from ...base.errors import NEVER_CANCELLED, Cancellation, OutputError
from ...base.files.writing import OutputPaths, check_not_input, check_outputs, write_files, write_text
from ...geometry.crs import make_crs_label
from ...render.document.blocks import Document
from ...render.document.page_html import check_document_outputs, iterate_document_writers
from ...render.outputs import dump_json, write_polygon_layer
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_row,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...standard.messages.texts import Texts
from .list_tables import make_hectare_cell, make_list_tables
from .lower_plan import describe_plan, make_lower_plan_table
from .page import Rasterise, make_conformity_document
from .project_list import check_list_path, write_list
from .review_sentences import describe_part, get_outcome_name
from .reviewed_project import (
    SECTION,
    VERDICTS,
    AdmissionRule,
    ClassItem,
    ConformityResult,
    HeritageNotice,
    LineItem,
    LinePart,
    ListedProject,
    LowerPlan,
    MissingItem,
    Occupation,
    Outcome,
    Project,
    ProjectList,
    ProjectNote,
    ProjectOverlap,
    ProjectResult,
    RequiredShare,
    SupplementItem,
    TownshipItem,
    UseArea,
    ZoneItem,
)
from .use_control import write_use_control

LAYER_SUFFIX = ".gpkg"
#: Class → keys of its dictionary in order, each perhaps with the attribute of another name.
_KEYS_BY_CLASS: dict[type, tuple[str | tuple[str, str], ...]] = {
    Project: (
        "row", "name", "number", "applicant", ("use", "use_code"), "use_name", "use_text", "supply", "kind",
        "width_m", "crs", "approval", "supplement_plan", "statutory_m2", "declared_m2", "declared_difference_m2",
    ),
    ProjectResult: (
        "verdict", "reasons", "conditions", "lines", "zones", "classes", "unclassified_m2", "townships",
        "outside_townships_m2", "functions", "supplements", "heritage", "missing",
    ),
    LineItem: (
        "id", "role", "name", "basis", "area_m2", "net_m2", "outside_m2", "outcome", "reason", "rule",
        ("confirmed", "is_confirmed"), ("present", "is_present"), "distance_m", "touched_m2", "parts",
        ("geometry", "shape"),
    ),
    LinePart: ("part", "names", "area_m2", "net_m2", "outcome", "rule"),
    ZoneItem: (
        "code", "name", ("parent", "parent_name"), "area_m2", "admission", "outcome", "reason", "rule",
        ("confirmed", "is_confirmed"),
    ),
    AdmissionRule: ("zone", "use", "outcome", "condition", "source", "mark", "line"),
    ClassItem: ("code", "name", "major_class", "ownership", "area_m2", "net_m2", ("cultivated", "is_cultivated")),
    TownshipItem: ("code", "name", "area_m2"),
    SupplementItem: ("id", "occupied_m2", "statutory_m2", "rule", "document", "plan"),
    HeritageNotice: ("names", "area_m2", "mark", ("text", "message")),
    MissingItem: ("id", "name", "missing", "remedy"),
    ProjectNote: ("level", "row", "project", "field", ("text", "message")),
    ProjectList: ("rows", "known", "overlaps", ("sums", "occupations"), "failed", "notes"),
    ListedProject: ("project", "state", "date", ("new", "is_new"), ("counted", "is_counted"), "same_rows"),
    ProjectOverlap: ("first_row", "first_name", "second_row", "second_name", "area_m2"),
    LowerPlan: (
        "kind", "other_count", "area_m2", "construction_m2", "uses", "shares", "overlap_m2", "boundary_m2", "gap_m2",
        "outside_m2",
    ),
    UseArea: ("code", "name", "area_m2"),
    RequiredShare: (
        "id", "classes", "area_m2", "share", "limit", ("maximum", "is_maximum"), "outcome",
        ("confirmed", "is_confirmed"),
    ),
    Occupation: (
        ("id", "line_id"), "role", "name", "basis", "township_code", "township_name", "approved_m2",
        "approved_net_m2", "reviewed_m2", "reviewed_net_m2", "room_m2", "left_m2",
        ("room_confirmed", "is_room_confirmed"),
    ),
}  # fmt: skip
LAYER_NAME = "conformity"
_COLUMNS = (
    "row", "project", "number", "use", "item", "role", "code", "name", "part", "area_m2", "net_m2", "outcome",
    "outcome_name", "reason", "source", "mark",
)  # fmt: skip
#: The first columns of a table with several rows for each project; a row is (project, item).
_PROJECT_COLUMNS = (
    TableColumn("project_row", width_in_characters=6, value=lambda row: row[0].project.row),
    TableColumn("project_name", width_in_characters=24, value=lambda row: row[0].project.label),
)


def check_conformity_outputs(
    outputs: OutputPaths, inputs: list[str], project_list: str = "", use_control: str = ""
) -> None:
    """Raise OutputError before a long run if a result cannot be written, or would replace an input.

    ``outputs``: `OutputPaths.findings` is the layer of occupied parts, a GeoPackage; ``inputs``: the projects, which
    may be those of the list, then the plan; ``project_list``: file of the list, to which rows are added;
    ``use_control``: file of a layer of use control.
    """
    from ...checks.tabulate import check_workbook_can_be_written

    if project_list:
        check_list_path(project_list, [*outputs.list_paths(), use_control], inputs[1:])
    if use_control:
        check_list_path(use_control, outputs.list_paths(), inputs)

    check_outputs(outputs, inputs)
    if outputs.findings and Path(outputs.findings).suffix.lower() != LAYER_SUFFIX:
        raise OutputError("output_format", target=outputs.findings, known=LAYER_SUFFIX)
    check_document_outputs(outputs)
    if outputs.xlsx:
        check_workbook_can_be_written(outputs.xlsx)


def write_conformity_outputs(
    result: ConformityResult,
    outputs: OutputPaths,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    use_control: str = "",
    print_pdf: Callable[[Document, Path], object] | None = None,
    rasterise: Rasterise | None = None,
) -> None:
    """Write the requested results; one that fails does not stop the others.

    ``use_control``: file of a layer of use control; ``print_pdf`` writes a document as PDF, ``rasterise`` draws maps
    as pixels; only QGIS can. Raise OutputError and InputError as `write_files`, and Cancelled.
    """
    make_document = cache(partial(make_conformity_document, result, rasterise=rasterise, cancellation=cancellation))
    listed = result.project_list
    for target in [*outputs.list_paths(), use_control, *([str(listed.path)] if listed else [])]:
        check_not_input(target, list(result.plan.input_files))
    write_files(
        [
            (outputs.json, lambda path: write_text(path, dump_json(result_to_dict(result, result.lang)))),
            *iterate_document_writers(outputs, make_document, print_pdf),
            (outputs.xlsx, partial(write_conformity_workbook, result)),
            (outputs.findings, partial(write_parts_layer, result)),
            (use_control, partial(write_use_control, result)),
            *([(str(listed.path), partial(write_list, listed, result.plan.plane_crs))] if listed else []),
        ],
        cancellation,
    )


def result_to_dict(result: ConformityResult, lang: str) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    texts = Texts(lang)

    def convert(value: Any) -> Any:
        keys = _KEYS_BY_CLASS.get(type(value))
        if keys is not None:
            return {
                key: convert(getattr(value, attribute))
                for key, attribute in ((one, one) if isinstance(one, str) else one for one in keys)
            }
        if hasattr(value, "render"):
            return value.render(texts)
        if isinstance(value, tuple):
            return [convert(one) for one in value]
        if isinstance(value, shapely.Geometry):
            return value.wkt
        return str(value) if isinstance(value, StrEnum) else value

    return {
        "schema": "sanxian-conformity/1",
        "lang": lang,
        "version": read_plugin_version(),
        "projects": result.source,
        "data": result.data_name,
        "area_code": result.plan.area_code,
        "area_name": result.area_name,
        "plane": make_crs_label(result.plan.plane_crs),
        "admission": result.admission_file,
        "tolerance": asdict(result.tolerance),
        "counts": {str(verdict): result.count(verdict) for verdict in VERDICTS} | {"left_out": result.left_out_count},
        "results": [
            {**convert(one.project), **convert(one), "geometry": one.project.shape.wkt} for one in result.results
        ],
        "unread_layers": list(result.unread_layers),
        "notes": convert(result.notes),
        **({"project_list": convert(result.project_list)} if result.project_list else {}),
        **({"lower_plan": convert(result.lower_plan)} if result.lower_plan else {}),
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }


def write_parts_layer(result: ConformityResult, path: Path) -> None:
    """Write the layer to a new GeoPackage, in the plane of the plan. Raise OutputError."""
    texts = Texts(result.lang)
    rows: list[dict[str, Any]] = []

    def add(
        one: ProjectResult,
        kind: str,
        shape: Any,
        area_m2: float,
        outcome: Outcome,
        reason: str,
        rule: AdmissionRule | None = None,
        **more: Any,
    ) -> None:
        project = one.project
        rows.append(
            {
                **dict.fromkeys(_COLUMNS),
                "row": project.row,
                "project": project.label,
                "number": project.number,
                "use": project.use_code,
                "item": kind,
                "area_m2": area_m2,
                "outcome": str(outcome),
                "outcome_name": get_outcome_name(outcome, texts),
                "reason": reason,
                "shape": shape,
                **({"source": rule.source.render(texts), "mark": rule.mark} if rule else {}),
                **more,
                "part": describe_part(more.get("part", ""), texts),
            }
        )

    for one in result.results:
        add(
            one,
            "project",
            one.project.shape,
            one.project.statutory_m2,
            one.verdict,
            "\n".join(reason.render(texts) for reason in one.reasons),
        )
        for line in one.lines:
            of_line = {"role": line.role, "code": line.id, "name": line.name.render(texts)}
            reason = line.reason.render(texts)
            for part in line.parts:
                if part.shape is not None:
                    more = {**of_line, "net_m2": part.net_m2, "part": part.part}
                    add(one, "line", part.shape, part.area_m2, part.outcome, reason, part.rule, **more)
        for zone in one.zones:
            reason, name = zone.reason.render(texts), {"code": zone.code, "name": zone.name}
            add(one, "zone", zone.shape, zone.area_m2, zone.outcome, reason, zone.rule, **name)
    columns = pd.DataFrame(rows, columns=[*_COLUMNS], dtype=object)
    columns = columns.astype({"row": "int64", "area_m2": "float64", "net_m2": "float64"})
    crs = result.plan.plane_crs
    write_polygon_layer(
        gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([row["shape"] for row in rows], crs=crs), crs=crs),
        path,
        LAYER_NAME,
    )


def write_conformity_workbook(result: ConformityResult, path: Path) -> None:
    """Write all tables to a new workbook. Raise OutputError."""
    texts = Texts(result.lang)
    write_tables_workbook(
        path,
        [
            make_project_table(result, texts),
            make_line_table(result, texts),
            make_zone_table(result, texts),
            make_class_table(result, texts),
            make_township_table(result, texts),
            *(make_list_tables(result.project_list, texts) if result.project_list else []),
            *([make_lower_plan_table(result.lower_plan, texts)] if result.lower_plan else []),
            make_table(
                "conformity_notes",
                [
                    TableColumn(
                        "project_row",
                        width_in_characters=8,
                        value=lambda note: make_table_number(note.row, "count") if note.row else None,
                    ),
                    TableColumn("project_name", width_in_characters=26, value=lambda note: note.project),
                    TableColumn(
                        "project_level",
                        width_in_characters=10,
                        value=lambda note: texts.get(SECTION, f"level_{note.level}"),
                    ),
                    TableColumn("project_note", width_in_characters=90, value=lambda note: note.message.render(texts)),
                ],
                result.notes,
                lambda note: str(note.row),
                notes=[] if result.notes else [texts.get(SECTION, "no_notes")],
            ),
        ],
        f"{result.area_name}{describe_plan(result.lower_plan, texts)}",
        texts,
        title_section="lower_plan_titles" if result.lower_plan else "sheet_titles",
    )


def make_project_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each project: areas in hectares, verdict and reasons."""
    comma = texts.get("words", "between_names")

    def make_column(line_id: str) -> TableColumn:
        return TableColumn(
            f"project_{line_id}",
            "ha",
            value=lambda one: make_hectare_cell(line.leading_m2 if (line := one.find_line(line_id)) else None),
        )

    def make_supplement(one: ProjectResult, line_id: str) -> CellValue:
        return make_hectare_cell(next((item.occupied_m2 for item in one.supplements if item.id == line_id), None))

    return make_table(
        "conformity_projects",
        [
            TableColumn("project_row", width_in_characters=6, value=lambda one: one.project.row),
            TableColumn("project_name", width_in_characters=26, value=lambda one: one.project.label),
            TableColumn("project_number", width_in_characters=16, value=lambda one: one.project.number),
            TableColumn("project_use", width_in_characters=20, value=_describe_use),
            TableColumn(
                "project_township",
                width_in_characters=18,
                value=lambda one: comma.join(item.name for item in one.named_townships),
            ),
            TableColumn("project_statutory", "ha", value=lambda one: make_hectare_cell(one.project.statutory_m2)),
            TableColumn("project_declared", "ha", value=lambda one: make_hectare_cell(one.project.declared_m2)),
            *map(make_column, ("farmland", "cultivated", "red_line", "boundary", "heritage")),
            TableColumn("project_supplement", "ha", value=lambda one: make_supplement(one, "farmland")),
            TableColumn("project_compensation", "ha", value=lambda one: make_supplement(one, "cultivated")),
            TableColumn(
                "project_verdict", width_in_characters=10, value=lambda one: get_outcome_name(one.verdict, texts)
            ),
            TableColumn(
                "project_reasons",
                width_in_characters=70,
                value=lambda one: "\n".join(reason.render(texts) for reason in one.reasons),
            ),
            TableColumn(
                "project_missing",
                width_in_characters=40,
                value=lambda one: comma.join(item.name.render(texts) for item in one.missing),
            ),
        ],
        result.results,
        lambda one: str(one.project.row),
        unit="ha",
        notes=[
            texts.get(SECTION, "table_note", table=result.admission_file),
            *([result.unread_note.render(texts)] if result.unread_note else []),
        ],
    )


def make_line_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each control line of each project, with rule, source and outcome."""
    return make_table(
        "conformity_lines",
        [
            *_PROJECT_COLUMNS,
            TableColumn("project_line", width_in_characters=18, value=lambda row: row[1].name.render(texts)),
            TableColumn("project_role", width_in_characters=14, value=lambda row: row[1].role),
            TableColumn(
                "project_occupied", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].leading_m2)
            ),
            TableColumn(
                "project_basis", width_in_characters=14, value=lambda row: texts.get(SECTION, f"basis_{row[1].basis}")
            ),
            TableColumn(
                "project_gross", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].area_m2)
            ),
            TableColumn(
                "project_outside", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].outside_m2)
            ),
            TableColumn("project_distance", "m", value=lambda row: make_table_number(row[1].distance_m, "m", 2)),
            *_make_rule_columns(texts),
        ],
        ((one, line) for one in result.results for line in one.lines),
        lambda row: f"{row[0].project.row}/{row[1].id}",
        unit="ha",
    )


def make_zone_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each planning zone of each project, with its admission."""
    return make_table(
        "conformity_zones",
        [
            *_PROJECT_COLUMNS,
            TableColumn("project_zone_code", width_in_characters=10, value=lambda row: row[1].code),
            TableColumn("project_zone", width_in_characters=18, value=lambda row: row[1].name),
            TableColumn(
                "project_area", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].area_m2)
            ),
            TableColumn("project_use", width_in_characters=20, value=lambda row: _describe_use(row[0])),
            TableColumn(
                "project_admission",
                width_in_characters=10,
                value=lambda row: texts.get(SECTION, f"admission_{row[1].admission}"),
            ),
            *_make_rule_columns(texts),
        ],
        ((one, zone) for one in result.results for zone in one.zones),
        lambda row: f"{row[0].project.row}/{row[1].code}",
        unit="ha",
    )


def make_class_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each land class and ownership of each project, and its sum."""

    def make_rest(key: str, area_m2: float) -> ClassItem:
        return ClassItem("", texts.get(SECTION, key), "", "", area_m2, None, is_cultivated=False)

    columns = (
        *_PROJECT_COLUMNS,
        TableColumn("project_class_code", width_in_characters=10, value=lambda row: row[1].code),
        TableColumn("project_class", width_in_characters=18, value=lambda row: row[1].name),
        TableColumn("project_major_class", value=lambda row: row[1].major_class),
        TableColumn("project_ownership", width_in_characters=10, value=lambda row: row[1].ownership),
        TableColumn("project_area", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].area_m2)),
        TableColumn("project_net", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].net_m2)),
    )
    table = make_table("conformity_classes", columns, unit="ha")
    for one in result.results:
        rest = [make_rest("unclassified", one.unclassified_m2)] if one.unclassified_m2 else []
        table.rows += _list_rows_and_sum(columns, one, [*one.classes, *rest], make_rest if one.classes else None)
    return table


def make_township_table(result: ConformityResult, texts: Texts) -> ReportTable:
    """Return a row for each township of each project, and the project's sum."""

    def make_rest(key: str, area_m2: float) -> TownshipItem:
        return TownshipItem("", texts.get(SECTION, key), area_m2)

    columns = (
        *_PROJECT_COLUMNS,
        TableColumn("project_township_code", width_in_characters=14, value=lambda row: row[1].code),
        TableColumn("project_township_name", width_in_characters=18, value=lambda row: row[1].name),
        TableColumn("project_area", "ha", width_in_characters=14, value=lambda row: make_hectare_cell(row[1].area_m2)),
    )
    table = make_table("conformity_townships", columns, unit="ha")
    for one in result.results:
        if one.townships:
            rest = [make_rest("outside_townships", one.outside_townships_m2)] if one.outside_townships_m2 else []
            table.rows += _list_rows_and_sum(columns, one, [*one.townships, *rest], make_rest)
    return table


def _list_rows_and_sum(
    columns: Sequence[TableColumn],
    one: ProjectResult,
    parts: Sequence[ClassItem | TownshipItem],
    make_sum: Callable[[str, float], ClassItem | TownshipItem] | None,
) -> list[ReportTableRow]:
    """Return the rows on parts of a project's land, and on their sum; no sum without ``make_sum``."""
    rows = [make_row(columns, (one, part), code=f"{one.project.row}/{part.code}") for part in parts]
    if make_sum is not None:
        rows.append(
            make_row(
                columns,
                (one, make_sum("total", sum(part.area_m2 for part in parts))),
                "sum",
                f"{one.project.row}/total",
            )
        )
    return rows


def _describe_use(one: ProjectResult) -> str:
    """Return code and name of the use, else its text."""
    project = one.project
    return f"{project.use_code} {project.use_name}" if project.use_code else project.use_text


def _make_rule_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns on outcome, reason and source; a default that the county has not confirmed is marked."""
    unconfirmed = f"C {texts.get(SECTION, 'unconfirmed_mark')}"
    return [
        TableColumn(
            "project_outcome", width_in_characters=10, value=lambda row: get_outcome_name(row[1].outcome, texts)
        ),
        TableColumn("project_reason", width_in_characters=60, value=lambda row: row[1].reason.render(texts)),
        TableColumn(
            "project_source",
            width_in_characters=36,
            value=lambda row: row[1].rule.source.render(texts) if row[1].rule else "",
        ),
        TableColumn(
            "project_mark", width_in_characters=10, value=lambda row: unconfirmed if row[1].mark == "C" else row[1].mark
        ),
    ]
