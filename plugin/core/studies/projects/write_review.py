# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the results of a review: layer of occupied parts, workbook, pages to be signed, JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ....metadata import read_plugin_version
from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import OutputError
from ...base.files.writing import OutputPaths, check_not_input, check_outputs, write_files, write_text
from ...render.document.blocks import Document
from ...render.document.page_html import check_document_outputs, iterate_document_writers
from ...render.outputs import dump_json, write_polygon_layer
from ...standard.messages.texts import Texts
from .page import Rasterise, make_conformity_document
from .review_sentences import describe_part, get_outcome_name
from .review_workbook import write_conformity_workbook
from .reviewed_project import (
    AdmissionRule,
    ConformityResult,
    LineItem,
    Outcome,
    ProjectResult,
    ZoneItem,
)

LAYER_SUFFIX = ".gpkg"


def check_conformity_outputs(outputs: OutputPaths, inputs: list[str]) -> None:
    """Raise OutputError before a long run if a result cannot be written, or would replace an input.

    ``outputs``: `OutputPaths.findings` is the layer of occupied parts, a GeoPackage.
    """
    from ...checks.tabulate import check_workbook_can_be_written

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
    print_pdf: Callable[[Document, Path], object] | None = None,
    rasterise: Rasterise | None = None,
) -> None:
    """Write the requested results; one that fails does not stop the others.

    ``print_pdf`` writes a document as PDF, ``rasterise`` draws maps as pixels; only QGIS can. Raise OutputError and
    InputError as `write_files`, and Cancelled.
    """

    @cache
    def make_document() -> Document:
        return make_conformity_document(result, rasterise=rasterise, cancellation=cancellation)

    for target in outputs.list_paths():
        check_not_input(target, list(result.input_files))
    write_files(
        [
            (outputs.json, lambda path: write_text(path, dump_json(result_to_dict(result, result.lang)))),
            *iterate_document_writers(outputs, make_document, print_pdf),
            (outputs.xlsx, partial(write_conformity_workbook, result)),
            (outputs.findings, partial(write_parts_layer, result)),
        ],
        cancellation,
    )


SCHEMA = "sanxian-conformity/1"


def result_to_dict(result: ConformityResult, lang: str) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    texts = Texts(lang)
    verdicts = (Outcome.CONFORMS, Outcome.CONDITIONAL, Outcome.FAILS, Outcome.UNDETERMINED)
    return {
        "schema": SCHEMA,
        "lang": lang,
        "version": read_plugin_version(),
        "projects": result.source,
        "data": result.data_name,
        "area_code": result.area_code,
        "area_name": result.area_name,
        "plane": result.plane,
        "admission": result.admission_file,
        "tolerance": result.tolerance.to_dict(),
        "counts": {str(verdict): result.count(verdict) for verdict in verdicts} | {"left_out": result.left_out_count},
        "results": [_project_to_dict(one, texts) for one in result.results],
        "unread_layers": list(result.unread_layers),
        "notes": [
            {
                "level": str(note.level),
                "row": note.row,
                "project": note.project,
                "field": note.field,
                "text": note.message.render(texts),
            }
            for note in result.notes
        ],
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }


def _zone_to_dict(zone: ZoneItem, texts: Texts) -> dict[str, Any]:
    return {
        "code": zone.code,
        "name": zone.name,
        "parent": zone.parent_name,
        "area_m2": zone.area_m2,
        "admission": str(zone.admission),
        "outcome": str(zone.outcome),
        "reason": zone.reason.render(texts),
        "rule": _rule_to_dict(zone.rule, texts.lang),
        "confirmed": zone.is_confirmed,
    }


def _project_to_dict(one: ProjectResult, texts: Texts) -> dict[str, Any]:
    """Return the result of a project."""
    project = one.project
    return {
        "row": project.row,
        "name": project.name,
        "number": project.number,
        "applicant": project.applicant,
        "use": project.use_code,
        "use_name": project.use_name,
        "use_text": project.use_text,
        "supply": str(project.supply),
        "kind": project.kind,
        "width_m": project.width_m,
        "crs": project.crs,
        "approval": project.approval,
        "supplement_plan": project.supplement_plan,
        "statutory_m2": project.statutory_m2,
        "declared_m2": project.declared_m2,
        "declared_difference_m2": project.declared_difference_m2,
        "verdict": str(one.verdict),
        "reasons": [reason.render(texts) for reason in one.reasons],
        "conditions": [condition.render(texts) for condition in one.conditions],
        "lines": [_line_to_dict(line, texts) for line in one.lines],
        "zones": [_zone_to_dict(zone, texts) for zone in one.zones],
        "classes": [
            {"cultivated" if key == "is_cultivated" else key: value for key, value in asdict(item).items()}
            for item in one.classes
        ],
        "unclassified_m2": one.unclassified_m2,
        "townships": [asdict(item) for item in one.townships],
        "outside_townships_m2": one.outside_townships_m2,
        "functions": [asdict(item) for item in one.functions],
        "supplements": [{**asdict(item), "rule": _rule_to_dict(item.rule, texts.lang)} for item in one.supplements],
        "heritage": one.heritage
        and {
            "names": list(one.heritage.names),
            "area_m2": one.heritage.area_m2,
            "mark": one.heritage.mark,
            "text": one.heritage.message.render(texts),
        },
        "missing": [
            {
                "id": item.id,
                "name": item.get_name(texts.lang),
                "missing": item.missing.render(texts),
                "remedy": item.remedy.render(texts),
            }
            for item in one.missing
        ],
        "geometry": project.shape.wkt,
    }


def _rule_to_dict(rule: AdmissionRule | None, lang: str) -> dict[str, Any] | None:
    """Return a row of the admission table."""
    if rule is None:
        return None
    return {
        "zone": rule.zone,
        "use": rule.use,
        "outcome": str(rule.outcome),
        "condition": rule.get_condition(lang),
        "source": rule.get_source(lang),
        "mark": rule.mark,
        "line": rule.line,
    }


def _line_to_dict(line: LineItem, texts: Texts) -> dict[str, Any]:
    """Return the item of a line."""
    return {
        "id": line.id,
        "role": line.role,
        "name": line.get_name(texts.lang),
        "basis": str(line.basis),
        "area_m2": line.area_m2,
        "net_m2": line.net_m2,
        "outside_m2": line.outside_m2,
        "outcome": str(line.outcome),
        "reason": line.reason.render(texts),
        "rule": _rule_to_dict(line.rule, texts.lang),
        "confirmed": line.is_confirmed,
        "present": line.is_present,
        "distance_m": line.distance_m,
        "touched_m2": line.touched_m2,
        "parts": [
            {
                "part": part.part,
                "names": list(part.names),
                "area_m2": part.area_m2,
                "net_m2": part.net_m2,
                "outcome": str(part.outcome),
                "rule": _rule_to_dict(part.rule, texts.lang),
            }
            for part in line.parts
        ],
        "geometry": line.shape.wkt if line.shape is not None else None,
    }


LAYER_NAME = "conformity"
_NUMERIC_COLUMNS = ("row", "area_m2", "net_m2")
_COLUMNS = (
    "row", "project", "number", "use", "item", "role", "code", "name", "part", "area_m2", "net_m2", "outcome",
    "outcome_name", "reason", "source", "mark",
)  # fmt: skip


def write_parts_layer(result: ConformityResult, path: Path) -> None:
    """Write the layer to a new GeoPackage, in the plane of the plan. Raise OutputError."""
    texts = Texts(result.lang)
    rows = [row for one in result.results for row in _make_rows(one, texts)]
    columns = {
        name: pd.Series([row[name] for row in rows], dtype="float64" if name in _NUMERIC_COLUMNS else "object")
        for name in _COLUMNS
    }
    columns["row"] = columns["row"].astype("int64")
    crs = result.plan.plane_crs
    shapes = gpd.GeoSeries([row["shape"] for row in rows], crs=crs)
    write_polygon_layer(gpd.GeoDataFrame(columns, geometry=shapes, crs=crs), path, LAYER_NAME)


def _make_rows(one: ProjectResult, texts: Texts) -> list[dict[str, Any]]:
    """Return the project and its parts in lines and zones."""
    project = one.project
    reasons = "\n".join(reason.render(texts) for reason in one.reasons)
    rows = [_make_row(one, texts, "project", project.shape, project.statutory_m2, one.verdict, reasons)]
    for line in one.lines:
        for part in line.parts:
            if part.shape is not None:
                more: dict[str, Any] = {
                    "role": line.role,
                    "code": line.id,
                    "name": line.get_name(texts.lang),
                    "net_m2": part.net_m2,
                }
                more |= {"part": part.part} | _describe_rule(part.rule, texts)
                reason = line.reason.render(texts)
                rows.append(_make_row(one, texts, "line", part.shape, part.area_m2, part.outcome, reason, **more))
    for zone in one.zones:
        more = {"code": zone.code, "name": zone.name} | _describe_rule(zone.rule, texts)
        reason = zone.reason.render(texts)
        rows.append(_make_row(one, texts, "zone", zone.shape, zone.area_m2, zone.outcome, reason, **more))
    return rows


def _describe_rule(rule: AdmissionRule | None, texts: Texts) -> dict[str, str]:
    """Return source and mark of a row of the admission table."""
    return {"source": rule.get_source(texts.lang), "mark": rule.mark} if rule else {}


def _make_row(
    one: ProjectResult, texts: Texts, item: str, shape: Any, area_m2: float, outcome: Outcome, reason: str, **more: Any
) -> dict[str, Any]:
    """Return a row of the layer. ``more``: further columns; the others are empty."""
    project = one.project
    part = more.get("part", "")
    return {
        **dict.fromkeys(_COLUMNS),
        "row": project.row,
        "project": project.label,
        "number": project.number,
        "use": project.use_code,
        "item": item,
        "area_m2": area_m2,
        "outcome": str(outcome),
        "outcome_name": get_outcome_name(outcome, texts),
        "reason": reason,
        "shape": shape,
        **more,
        "part": describe_part(part, texts),
    }
