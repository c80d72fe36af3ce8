# SPDX-License-Identifier: GPL-2.0-or-later
import re
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    KIND_CODE_LIST_ID,
    PART_SETTINGS,
    POLYGON_ROLE_BY_POINT_ROLE,
    classify_heritage_parts,
    list_heritage_range_roles,
    normalise_name,
    read_row_kinds,
    read_site_names,
)
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_NAMED_ROWS
from .._places import find_usable_layer_or_note_reason, find_usable_layers

SITE_POLYGON = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "feature_name": "某寺"}
SITE_POINT_INSIDE_RANGE = {"wkt": "POINT (50 50)", "feature_name": "某寺"}
SITE_POINT_OUTSIDE_RANGE = {"wkt": "POINT (150 50)", "feature_name": "某寺"}


@rule(
    "REL022",
    "heritage-sites-in-ranges",
    problem="A heritage site is outside its range or has no feature",
    severity=Severity.WARNING,
    basis=["heritage-checks"],
    needs={},
    uses=[*PART_SETTINGS, "heritage.present_layers"],
    messages={
        "unprotected": "{layer}: heritage that no layer of the plan protects: {count} ({names}{more}). None has its "
        "name, and it is in no protection range ({related_layer} and the layers of heritage). Compare with the "
        "announced register: add what was announced; if a site is only recorded, waive the finding and give the source.",
        "outside": "{layer} ({key}, “{site}”) is {distance} m outside the polygon of the same name in "
        "{related_layer} ({related_key}). Compare with the approved protection plan and the published register: move "
        "a wrong point into the polygon, correct a wrong polygon, or correct the name if they are two sites.",
        "unnamed": "{layer} ({key}, “{site}”) is in no polygon of {related_layer}, and no polygon has its name. "
        "Compare with the published register: unify names, correct a wrong point, or draw the polygon of a site that "
        "{related_layer} lacks, by the announced range.",
        "without_point": "{layer} ({key}, “{site}”) has no point in {related_layer}, while most other sites have "
        "both. Add the point at the announced place; if the site has none on purpose, waive the finding and give the "
        "source.",
        "missing": "{layer} ({key}) has a protection range of “{site}”, which {related_layer} lacks. Compare with "
        "the published register: add a site that is in it to {related_layer}; if a layer has it under another name, "
        "use one name; remove the range if the site was struck off.",
    },
    approval_cases=("unprotected",),
    fails=[
        RuleExample("next to its polygon", {"WWBHDWD": [SITE_POINT_OUTSIDE_RANGE], "WWBHDWM": [SITE_POLYGON]}, finds=1),
        RuleExample("in another's polygon only", {"LSJZD": [{**SITE_POINT_INSIDE_RANGE, "feature_name": "某宅"}], "LSJZM": [
            SITE_POLYGON, {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))", "feature_name": "某宅"}]}, finds=1),
        RuleExample("no polygon of its name", {"BKYDWWD": [{**SITE_POINT_OUTSIDE_RANGE, "feature_name": "某碑"}], "BKYDWWM": [SITE_POLYGON]}, finds=1),
        RuleExample("a site without its point", {"WWBHDWD": [SITE_POINT_INSIDE_RANGE, {"wkt": "POINT (250 50)", "feature_name": "某塔"}], "WWBHDWM": [SITE_POLYGON,
                {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))", "feature_name": "某塔"}, {"wkt": "POLYGON ((400 0, 500 0, 500 100, 400 100, 400 0))", "feature_name": "某窟"}]}, finds=1),
        RuleExample("present heritage that the plan lacks", {"XZLSWHYCFB": [{"wkt": "POINT (250 50)", "feature_name": "某窟（全国重点文物保护单位）"}, SITE_POINT_INSIDE_RANGE],
                "WWBHDWM": [SITE_POLYGON]}, finds=1),
        RuleExample("a range without its site", {"LSWHBHX": [{**SITE_POLYGON, "feature_name": "某庙保护范围", "feature_kind": "61"}], "WWBHDWM": [SITE_POLYGON]}, finds=1),
    ],
    passes=[
        RuleExample("the site is a point only", {"LSWHBHX": [{**SITE_POLYGON, "feature_name": "某寺保护范围", "feature_kind": "61"}], "WWBHDWD": [SITE_POINT_INSIDE_RANGE],
                "WWBHDWM": [{**SITE_POLYGON, "feature_name": "某庙"}]}),
        RuleExample("a range of another kind", {"LSWHBHX": [{**SITE_POLYGON, "feature_name": "某街区核心保护范围", "feature_kind": "21"}], "WWBHDWM": [SITE_POLYGON]}),
        RuleExample("present heritage by name or in a range", {"XZLSWHYCFB": [{"wkt": "POINT (250 50)", "feature_name": "某寺（省级）"}, {"wkt": "POINT (20 50)", "feature_name": "某碑"}], "WWBHDWM": [SITE_POLYGON]}),
        RuleExample("inside", {"WWBHDWD": [SITE_POINT_INSIDE_RANGE], "WWBHDWM": [SITE_POLYGON]}),
        RuleExample("on the edge", {"WWBHDWD": [{**SITE_POINT_INSIDE_RANGE, "wkt": "POINT (100 50)"}], "WWBHDWM": [SITE_POLYGON]}),
        RuleExample("in one of two polygons of its name", {"WWBHDWD": [SITE_POINT_INSIDE_RANGE], "WWBHDWM": [
            SITE_POLYGON, {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))", "feature_name": "某寺"}]}),
        RuleExample("no polygons there", {"WWBHDWD": [SITE_POINT_INSIDE_RANGE], "LSJZM": [SITE_POLYGON]}),
    ],
)  # fmt: skip
def heritage_sites_in_ranges(*, ctx: RuleContext) -> RuleResult:
    """Each protection range has its heritage site, and a site's point is in its polygon.

    What it checks
        文物保护单位, 不可移动文物 and 历史建筑 with both points and polygons: each point is in a polygon of its name. A point that no
        polygon is named after, and that is in none, is information. Each site of which LSWHBHX has a range is in a
        layer of its kind (points or polygons), if the data have one. Where most sites have both a point and a polygon,
        a site with a polygon alone is listed. As information: points of present heritage (`heritage.present_layers`) of
        whose name no layer of heritage has a feature, and that are in no range; one finding for each layer.
    Why
        Point and polygon are the same site: if they are separate, one has a wrong place or a wrong name.
    How to fix
        Compare the place with the site's register; move the point, or correct polygon or name. If a site
        is only recorded, waive the finding and give the source.
    Limits
        Names (MC) of points and polygons are compared as written, those of ranges without spaces and without words for
        a part. A point on the edge is in the polygon. The list of kinds is marked C. Runs by default for a whole county
        (scope county), else if the rule or its group heritage is selected.
    """
    result = RuleResult(is_applicable=False)
    for points, polygons in POLYGON_ROLE_BY_POINT_ROLE.items():
        point_layer, polygon_layer = (
            find_usable_layer_or_note_reason(points, ctx, result),
            find_usable_layer_or_note_reason(polygons, ctx, result),
        )
        if point_layer is not None and polygon_layer is not None:
            result.add_applicable(_find_misplaced_points(point_layer, polygon_layer, ctx))
            result.findings += _find_sites_without_point(point_layer, polygon_layer, ctx)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is not None:
        _report_ranges_without_site(heritage_line, result, ctx)
    roles = ["heritage", *list_heritage_range_roles(ctx), *POLYGON_ROLE_BY_POINT_ROLE]
    planned_layers = find_usable_layers(roles, ctx, result)
    present_roles = ctx.norm.get("heritage.present_layers") if planned_layers else ()
    for present in find_usable_layers(present_roles, ctx, result):
        result.is_applicable = True
        planned_names = {
            _normalise_site_name(site)
            for layer in planned_layers
            for site in classify_heritage_parts(layer, ctx).site_of_row
        }
        names = read_site_names(present)
        is_known = np.array([_normalise_site_name(name) in planned_names for name in names.tolist()], dtype=bool)
        for layer in planned_layers:
            if layer.template.geometry == "polygon":
                shapes = layer.plane_shapes[layer.has_shape]
                hits = shapely.STRtree(shapes).query(present.plane_shapes, predicate="intersects")
                is_known[np.unique(hits[0])] = True
        rows = present.sort_rows(np.flatnonzero(~is_known & present.has_shape & (names != "")))
        if not rows:
            continue
        result.findings.append(
            ctx.finding_maker.make_row_finding(
                present,
                rows[0],
                case="unprotected",
                severity=Severity.INFO,
                params={
                    "count": len(rows),
                    "names": "、".join(names[rows[:MAX_NAMED_ROWS]].tolist()),
                    "more": " …" if len(rows) > MAX_NAMED_ROWS else "",
                },
                geometry=ctx.geometry.unite_shapes(present.plane_shapes[rows]),
                related_role=planned_layers[0].role,
            )
        )
    return result


def _normalise_site_name(name: str) -> str:
    """Return a site's name for comparison, without words in brackets such as its level."""
    return re.sub(r"\(.*?\)", "", normalise_name(name))


def _report_ranges_without_site(heritage_line: Layer, result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding for each site of the protection line that no layer of its kind has."""
    row_kinds, row_sites = read_row_kinds(heritage_line, ctx), classify_heritage_parts(heritage_line, ctx).site_of_row
    sites_by_kind: dict[str, dict[str, int]] = {}
    for row in heritage_line.sort_rows(range(len(heritage_line))):
        if row_kinds[row] and row_sites[row]:
            sites_by_kind.setdefault(row_kinds[row], {}).setdefault(normalise_name(row_sites[row]), row)
    for kind_entry in ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code.values():
        role, sites = kind_entry.other_columns.get("layer", ""), sites_by_kind.get(kind_entry.name, {})
        if not role or not sites:
            continue
        roles = [role, *(point for point, polygon in POLYGON_ROLE_BY_POINT_ROLE.items() if polygon == role)]
        layers = find_usable_layers(roles, ctx, result)
        if not layers:
            continue
        result.is_applicable = True
        site_names = {
            normalise_name(site)
            for layer in layers
            for site in classify_heritage_parts(layer, ctx).site_of_row.tolist()
        }
        for name, row in sites.items():
            if name not in site_names:
                result.findings.append(
                    ctx.finding_maker.make_row_finding(
                        heritage_line,
                        row,
                        case="missing",
                        geometry=heritage_line.plane_shapes[row],
                        params={"site": row_sites[row]},
                        related_role=layers[0].role,
                    )
                )


def _find_sites_without_point(points: Layer, polygons: Layer, ctx: RuleContext) -> list[Finding]:
    """Return findings on sites that have a polygon but no point.

    Nothing is returned unless more than half of the named polygons have a point.
    """
    point_names = set(read_site_names(points).tolist())
    site_names = read_site_names(polygons)
    named_rows = np.flatnonzero(site_names != "")
    lone_rows = [row for row in named_rows.tolist() if site_names[row] not in point_names]
    if ctx.is_edit_check or 2 * len(lone_rows) >= len(named_rows):
        return []
    return [
        ctx.finding_maker.make_row_finding(
            polygons,
            row,
            case="without_point",
            params={"site": site_names[row]},
            geometry=polygons.plane_shapes[row],
            related_role=points.role,
        )
        for row in lone_rows
    ]


def _find_misplaced_points(points: Layer, polygons: Layer, ctx: RuleContext) -> list[Finding]:
    """Return findings on points outside the polygon of their name, and on points of other names outside all polygons."""
    rows_with_shape = np.flatnonzero(polygons.has_shape)
    polygon_names = read_site_names(polygons)
    tree = shapely.STRtree(polygons.plane_shapes[rows_with_shape])
    point_rows = np.flatnonzero(points.has_shape)
    # Edges within this distance count as equal, so that a point on an edge in another layer's coordinates is inside.
    hits = tree.query(points.plane_shapes[point_rows], predicate="dwithin", distance=ctx.tolerance.edge_match_m)
    polygons_by_point: dict[int, set[int]] = {}
    for n, m in zip(*hits.tolist(), strict=True):
        polygons_by_point.setdefault(int(point_rows[n]), set()).add(int(rows_with_shape[m]))
    findings = []
    point_names = read_site_names(points)
    for row in point_rows.tolist():
        ctx.cancellation.raise_if_cancelled()
        name = point_names[row]
        polygons_of_name = set(rows_with_shape[polygon_names[rows_with_shape] == name].tolist()) if name else set()
        polygons_at_point = polygons_by_point.get(row, set())
        if polygons_of_name & polygons_at_point if polygons_of_name else polygons_at_point:
            continue
        params: dict[str, Any] = {"site": str(name)}
        named_rows = sorted(polygons_of_name)
        if named_rows:
            distances = shapely.distance(points.plane_shapes[row], polygons.plane_shapes[named_rows])
            params["distance"] = round(float(distances.min()), 2)
        findings.append(
            ctx.finding_maker.make_row_finding(
                points,
                row,
                case="outside" if named_rows else "unnamed",
                severity=None if named_rows else Severity.INFO,
                params=params,
                geometry=points.plane_shapes[row],
                related_role=polygons.role,
                related_keys=[polygons.keys[n] for n in named_rows],
            )
        )
    return findings
