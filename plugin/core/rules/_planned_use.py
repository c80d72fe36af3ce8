# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned land use at city lines, facilities and street axes of the central urban area."""

from __future__ import annotations

import numpy as np
import shapely

from ..engine.context import RuleContext
from ..figures.indicators.survey_deductions import find_containing_rows, take_containing_values
from ..model.findings import Finding
from ..model.rule import Severity
from ..plan.layer import Layer
from ._attributes import format_code_with_name, join_code_names_of_field, make_row_list_params
from ._places import select_valid_polygons


def find_land_cut_by_line(
    line: Layer, classes: list[str], planned_use: Layer, boundary: Layer | None, ctx: RuleContext
) -> list[Finding]:
    """Return a finding for each parcel of some classes that a line covers only in part.

    A parcel is reported if the covered share of it is above 0 and below the setting `zones.min_covered_share`. With a
    ``boundary``, only the land of the parcel inside the boundary counts.
    """
    rows = ctx.find_rows_with_code(planned_use, "land_use", classes)
    covered_pieces = ctx.geometry.find_shared_pieces(planned_use, line, left_rows=rows)
    covered_areas = np.bincount(covered_pieces.left, covered_pieces.area, minlength=len(planned_use))
    areas, is_met = planned_use.plane_areas, covered_areas > 0
    if boundary is not None and is_met.any():
        inside = ctx.geometry.find_shared_areas(planned_use, boundary, left_rows=is_met)
        areas = np.bincount(inside.left, inside.area, minlength=len(planned_use))
    limit = float(ctx.norm.get("zones.min_covered_share"))
    findings = []
    for row in np.flatnonzero(is_met & (covered_areas < limit * areas)).tolist():
        of_row = np.flatnonzero(covered_pieces.left == row)
        line_row = int(covered_pieces.right[of_row[np.argmax(covered_pieces.area[of_row])]])
        value = planned_use.text("land_use")[row]
        params = {
            "percent": round(100 * float(covered_areas[row] / areas[row]), 2),
            "limit": round(100 * limit, 2),
            "value": value,
            "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
        }
        findings.append(
            ctx.finding_maker.make_row_finding(
                line,
                line_row,
                case="cut",
                params=params,
                geometry=planned_use.plane_shapes[row],
                related_role=planned_use.role,
                related_keys=[planned_use.keys[row]],
            )
        )
    return ctx.finding_maker.mark_findings_by_location(findings)


def report_missing_line(concept: str, classes: list[str], planned_use: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding on a missing layer of lines, if much land of their classes is planned.

    Nothing is reported if the county declares the lines absent, or if the layer cannot be used.
    """
    if concept in ctx.norm.profile.absent or ctx.plan.find_unusable_layer(concept) is not None:
        return []
    missing_role = ctx.plan.list_roles_of_concept(concept)[0]
    return report_planned_land_without_line("no_layer", planned_use.role, missing_role, classes, planned_use, ctx)


def report_planned_land_without_line(
    case: str, role: str, related_role: str, classes: list[str], planned_use: Layer, ctx: RuleContext
) -> list[Finding]:
    """Return a finding on planned land of some classes, if its area reaches `zones.min_described_m2`."""
    rows = ctx.find_rows_with_code(planned_use, "land_use", classes)
    area = float(planned_use.statutory[rows].sum())
    if area < float(ctx.norm.get("zones.min_described_m2")):
        return []
    params = {"expected": join_code_names_of_field(planned_use, "land_use", classes, ctx), "count": int(rows.sum())}
    shape = ctx.geometry.unite_shapes(planned_use.plane_shapes[rows])
    return [Finding(role, related_role=related_role, case=case, params=params, area_m2=area, geometry=shape)]


def find_facilities_on_other_land(
    points: Layer, words: list[str], classes: list[str], planned_use: Layer, ctx: RuleContext
) -> list[Finding]:
    """Return a finding for each point with one of the words in its name on planned land of some classes."""
    planned_rows = find_containing_rows(points, planned_use, ctx)
    is_wrong = ctx.find_rows_with_code(planned_use, "land_use", classes)
    feature_names = points.text("feature_name")
    findings = []
    for row in np.flatnonzero(take_containing_values(is_wrong, planned_rows, False)).tolist():
        if not any(word in feature_names[row] for word in words):
            continue
        value = planned_use.text("land_use")[planned_rows[row]]
        params = {
            "name": feature_names[row],
            "value": value,
            "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
        }
        findings.append(
            ctx.finding_maker.make_row_finding(
                points,
                row,
                case="facility",
                params=params,
                geometry=points.plane_shapes[row],
                related_role=planned_use.role,
                related_keys=[planned_use.keys[int(planned_rows[row])]],
            )
        )
    return findings


def find_lines_off_roads(lines: Layer, classes: list[str], planned_use: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding on the lines that are mostly on planned land of other classes than roads.

    Nothing is compared if no land is planned for roads.
    """
    is_road = ctx.find_rows_with_code(planned_use, "land_use", classes)
    if not is_road.any():
        return []
    land = select_valid_polygons(planned_use)
    land[is_road] = None
    line, parcel = shapely.STRtree(land).query(lines.plane_shapes, predicate="intersects")
    off_lengths = shapely.length(shapely.intersection(lines.plane_shapes[line], land[parcel]))
    off_length = np.bincount(line, off_lengths, minlength=len(lines))
    limit = float(ctx.norm.get("zones.max_off_road_share"))
    is_off = off_length > limit * np.nan_to_num(shapely.length(lines.plane_shapes))
    rows = lines.sort_rows(np.flatnonzero(is_off))
    if not rows:
        return []
    params = {
        "limit": round(100 * limit, 2),
        "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
        **make_row_list_params(lines, rows),
    }
    return [
        ctx.finding_maker.make_row_finding(
            lines,
            rows[0],
            case="road",
            severity=Severity.INFO,
            params=params,
            geometry=shapely.union_all(lines.plane_shapes[rows]),
            related_role=planned_use.role,
        )
    ]
