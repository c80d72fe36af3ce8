# SPDX-License-Identifier: GPL-2.0-or-later
"""The occupied parts as a layer of polygons: each project, and its land in each line and planning zone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ..messages.texts import Texts
from ..render.outputs import write_polygon_layer
from .messages import describe_part, get_outcome_name
from .model import AdmissionRule, ConformityResult, Outcome, ProjectResult

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
