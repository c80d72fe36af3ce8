# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on heritage: the parts of a protection range, and the lines around it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    CONTROL_PART,
    CORE_PART,
    KIND_CODE_LIST_ID,
    PART_SETTINGS,
    POLYGON_ROLE_BY_POINT_ROLE,
    RANGE_PART,
    classify_heritage_parts,
    list_heritage_range_roles,
    normalise_name,
    read_row_kinds,
    read_site_names,
)
from ...figures.indicators.survey_deductions import find_containing_rows
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_NAMED_ROWS, MAX_SHOWN_FIDS, make_row_list_params
from .._places import SQUARE_WKT, WIDER_WKT, find_usable_layer_or_note_reason, find_usable_layers

INNER_SQUARE_WKT = "POLYGON ((20 20, 80 20, 80 80, 20 80, 20 20))"
PROTRUDING_WKT = "POLYGON ((20 20, 110 20, 110 80, 20 80, 20 20))"
RING_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (20 20, 80 20, 80 80, 20 80, 20 20))"


def _make_row(wkt: str, part: str = "") -> dict[str, str]:
    """Return a part of a site for an example; its whole protection range without ``part``."""
    return {"wkt": wkt, "feature_name": f"某街区{part}"}


@rule(
    "REL020",
    "heritage-range-and-parts",
    problem="Heritage range and its parts differ",
    severity=Severity.WARNING,
    basis=["heritage-protection", "heritage-checks"],
    needs={},
    uses=PART_SETTINGS,
    messages={
        "beyond": "{layer} ({key}, “{site}”) reaches {area} beyond the protection range in {related_layer} "
        "({related_key}; width {width} m). Compare with the approved protection plan: cut {layer} back if it was "
        "drawn wrongly, or correct the range if that was.",
        "bare": "{area} of the protection range “{site}” in {layer} ({key}; width {width} m) is neither core area "
        "nor control zone in {related_layer}. The range consists of both. Compare with the approved protection plan: "
        "draw the missing part of the core or the zone in {related_layer}, or correct a range that was drawn too "
        "large.",
    },
    fails=[
        RuleExample("core beyond the range", {"LSWHBHX": [_make_row(PROTRUDING_WKT, "核心保护范围")], "LSWHJQ": [_make_row(SQUARE_WKT)]}, finds=1, areas=(600.0,)),
        RuleExample("range wider than its parts", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围"), _make_row(RING_WKT, "建设控制地带")],
                "LSWHJQ": [_make_row("POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))")]}, finds=1, areas=(1000.0,)),
        RuleExample("identified by the kind, range in the line itself", {"LSWHBHX": [
            {"wkt": PROTRUDING_WKT, "feature_name": "某村核心保护范围", "feature_kind": "41"},
            {"wkt": SQUARE_WKT, "feature_name": "某村", "feature_kind": "40"}]}, finds=1, areas=(600.0,)),
    ],
    passes=[
        RuleExample("core and control zone are the range", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围"), _make_row(RING_WKT, "建设控制地带")], "LSWHJQ": [_make_row(SQUARE_WKT)]}),
        RuleExample("core only: the control zone may be drawn elsewhere", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围")], "LSWHJQ": [_make_row(SQUARE_WKT)]}),
        RuleExample("no range of that name", {"LSWHBHX": [_make_row(PROTRUDING_WKT, "核心保护范围")], "LSWHJQ": [{"wkt": SQUARE_WKT, "feature_name": "另一街区"}]}),
    ],
)  # fmt: skip
def heritage_range_and_parts(*, ctx: RuleContext) -> RuleResult:
    """Core and control zone of a heritage site compose its protection range.

    What it checks
        For each site with a protection range (in 历史文化街区, 名镇, 名村 … or as a row of LSWHBHX): core and control
        zone of the same name in LSWHBHX are within the range; if both exist, they fill it together.
    Why
        The protection range is composed of the core (核心保护范围) and the control zone (建设控制地带).
    How to fix
        Take the edges from the approved protection plan, and correct the layer that differs.
    Limits
        The kind (LX, list marked C) identifies the parts, else words at the end of the name (MC, `[heritage]`, mark C);
        the text before the word must be the range's name. A site without a range of its name is not compared. Runs by
        default for a whole county (scope county), else if the rule or its group heritage is selected.
    """
    result = RuleResult(is_applicable=False)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is None:
        return result
    parts = classify_heritage_parts(heritage_line, ctx)
    sites_of_zones = parts.site_of_row[np.isin(parts.part_of_row, (CORE_PART, CONTROL_PART))]
    range_layers = find_usable_layers(list_heritage_range_roles(ctx), ctx, result)
    for layer, site_of_row in [
        *((layer, read_site_names(layer)) for layer in range_layers),
        (heritage_line, np.where(parts.find_rows_of_part(RANGE_PART), parts.site_of_row, "")),
    ]:
        for site in filter(None, dict.fromkeys(sites_of_zones.tolist())):
            is_range = site_of_row == site
            if is_range.any():
                core, control = (
                    parts.find_rows_of_part(CORE_PART, site),
                    parts.find_rows_of_part(CONTROL_PART, site),
                )
                params = {"site": site}
                pieces_beyond = ctx.geometry.find_uncovered_pieces(
                    heritage_line, layer, Polygons(layer.plane_shapes[is_range]), rows=core | control
                )
                findings = ctx.make_pair_findings(
                    heritage_line, layer, pieces_beyond, case="beyond", params=params, by_place=True
                )
                for finding in findings:
                    finding.related_keys = [layer.keys[n] for n in np.flatnonzero(is_range)]
                if core.any() and control.any():
                    unfilled_pieces = ctx.geometry.find_uncovered_pieces(
                        layer, heritage_line, Polygons(heritage_line.plane_shapes[core | control]), rows=is_range
                    )
                    findings += ctx.make_pair_findings(
                        layer, heritage_line, unfilled_pieces, case="bare", params=params, by_place=True
                    )
                result.add_applicable(findings)
    return result


@rule(
    "REL021",
    "heritage-parts-apart",
    problem="A construction control zone overlaps a core protection range",
    severity=Severity.WARNING,
    local=True,
    basis=["heritage-protection", "heritage-checks"],
    needs={"heritage": LayerNeed("heritage", reads=("feature_kind", "feature_name"))},
    uses=PART_SETTINGS,
    messages={
        "own": "{layer} ({key}, control zone) overlaps the core of the same site “{site}” by {area} ({related_key}; "
        "width {width} m). Compare both edges with the approved protection plan, and correct a wrong one; if both "
        "are right, cut the core out of the control zone.",
        "stricter": "{layer} ({key}, control zone of “{site}”) overlaps the core of “{other}” by {area} "
        "({related_key}; width {width} m). The shapes stay as they are: the core's stricter requirements apply "
        "there. State this in the plan's text; if it is stated, waive the finding and give the section.",
    },
    fails=[
        RuleExample("control zone not cut out", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某街区核心保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        RuleExample("another site's core: the stricter applies", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区建设控制地带"}]}, finds=1, areas=(3600.0,)),
        RuleExample("identified by the kind", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_kind": "21"}, {"wkt": SQUARE_WKT, "feature_kind": "22"}]},
                finds=1, areas=(3600.0,)),
    ],
    passes=[
        RuleExample("a ring around the core", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某街区核心保护范围"},
                {"wkt": RING_WKT, "feature_name": "某街区建设控制地带"}]}),
        RuleExample("two cores", {"heritage": [{"wkt": INNER_SQUARE_WKT, "feature_name": "某寺保护范围"},
                {"wkt": SQUARE_WKT, "feature_name": "某街区核心保护范围"}]}),
    ],
)  # fmt: skip
def heritage_parts_overlap(heritage: Layer, *, ctx: RuleContext) -> RuleResult:
    """A construction control zone does not overlap a core protection range.

    What it checks
        Control zones (建设控制地带) that share area with a core (核心保护范围, 文物保护范围). Within one site it is a
        warning; between two sites it is information, because the stricter requirements apply there.
    Why
        Core and control zone compose the range without overlap; where the ranges of several sites overlap, the
        stricter requirements apply.
    How to fix
        Cut the core out of its control zone. For two sites, keep both lines as approved and record which requirements
        apply.
    Limits
        The kind (LX, list marked C) identifies the parts, else words at the end of the name (MC, `[heritage]`, mark C);
        rows without a name count as one site. Does not run by default: select the rule or its group heritage.
    """
    parts = classify_heritage_parts(heritage, ctx)
    core, control = parts.find_rows_of_part(CORE_PART), parts.find_rows_of_part(CONTROL_PART)
    result = RuleResult(is_applicable=bool(core.any() and control.any()))
    # The query is within the layer, so that either row of a pair may be the edited one.
    shared_pieces = ctx.geometry.find_shared_pieces(
        heritage, left_rows=core | control, is_pair_selected=lambda i, j: parts.part_of_row[i] != parts.part_of_row[j]
    )
    is_core_left = core[shared_pieces.left]
    shared_pieces = replace(
        shared_pieces,
        left=np.where(is_core_left, shared_pieces.right, shared_pieces.left),
        right=np.where(is_core_left, shared_pieces.left, shared_pieces.right),
    )
    result.findings = ctx.make_pair_findings(heritage, heritage, shared_pieces)
    for finding, i, j in zip(result.findings, shared_pieces.left, shared_pieces.right, strict=True):
        site, other = parts.site_of_row[i], parts.site_of_row[j]
        finding.params |= {"site": site, "other": other}
        finding.case = "own" if site == other else "stricter"
        if site != other:
            finding.severity = Severity.INFO
    return result


@rule(
    "REL023",
    "purple-line-in-heritage-line",
    problem="The purple line exceeds the heritage line",
    severity=Severity.WARNING,
    local=True,
    basis=["purple-line-2", "heritage-checks"],
    needs={"purple_line": LayerNeed("purple_line"), "heritage": LayerNeed("heritage", covers=True)},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m). A purple line bounds "
        "protection ranges, which must be in that layer. Compare with the approved protection plan: add a range that "
        "{related_layer} lacks, or correct a purple line that was drawn wrongly."
    },
    fails=[
        RuleExample("reaches beyond", {"purple_line": [WIDER_WKT], "heritage": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("no range at all", {"purple_line": [SQUARE_WKT], "heritage": ["POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"]}, finds=1,
                areas=(10000.0,)),
    ],
    passes=[
        RuleExample("within", {"purple_line": [SQUARE_WKT], "heritage": [WIDER_WKT]}),
        RuleExample("around two ranges", {"purple_line": [SQUARE_WKT], "heritage": [
            "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}),
    ],
)  # fmt: skip
def purple_line_in_heritage_line(purple_line: Layer, heritage: Layer, *, ctx: RuleContext) -> list[Finding]:
    """The purple line is within the heritage line.

    What it checks
        Connected parts of 城市紫线 that no polygon of 历史文化保护线 covers.
    Why
        The purple line bounds the protection ranges of historic districts and of historic buildings outside them; the
        heritage line has all such ranges and therefore contains every purple line.
    How to fix
        Add the missing range to the heritage line, or copy its edge to the purple line.
    Limits
        The opposite direction is not checked: ranges in the countryside have no purple line. Runs by default for a
        whole county (scope county), else if the rule or its group heritage is selected.
    """
    return ctx.make_pair_findings(
        purple_line, heritage, ctx.geometry.find_uncovered_pieces(purple_line, heritage), by_place=True
    )


FAR_WKT = "POLYGON ((900 0, 910 0, 910 10, 900 10, 900 0))"
#: A feature has a purple line if purple lines cover this share of it.
LEAST_PURPLE_SHARE = 0.5


@rule(
    "REL024",
    "heritage-line-holds-ranges",
    problem="A line lacks heritage ranges",
    severity=Severity.WARNING,
    basis=["purple-line-2", "heritage-checks"],
    needs={},
    uses=["tolerance", "codes.heritage_kind", "heritage.purple_layers"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m), which must contain all "
        "protection ranges. Compare with the approved protection plan: add the part that {related_layer} lacks, or "
        "correct {layer} if it was drawn wrongly.",
        "purple": "{layer}: features in the centre of which more than half ({area}) is outside {related_layer}: {count} ({rows}{more}). "
        "A purple line bounds the ranges of historic districts and, outside them, of announced historic buildings. Add "
        "the ranges to {related_layer}; for buildings that no government has announced, waive the finding.",
        "town": "{layer}: features inside the urban development boundary but outside the centre, of which more than half ({area}) is "
        "outside {related_layer}: {count} ({rows}{more}). If the plan of the town has their purple lines, no action is needed; "
        "otherwise add the lines to that plan.",
    },
    fails=[
        RuleExample("district beyond the line", {"LSWHJQ": [WIDER_WKT], "LSWHBHX": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("two layers of ranges", {"LSWHMCUN": [WIDER_WKT], "WWBHDWM": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))"],
                "LSWHBHX": [SQUARE_WKT]}, finds=2, areas=(1000.0, 100.0)),
        RuleExample("a building in a town outside the centre", {"LSJZM": [SQUARE_WKT, FAR_WKT], "LSWHBHX": [WIDER_WKT, FAR_WKT], "ZXCQFW": [WIDER_WKT],
                "ZXCQCSZX": [WIDER_WKT], "CZKFBJ": [WIDER_WKT, FAR_WKT]}, finds=1, areas=(100.0,)),
        RuleExample("a building in the centre without a purple line", {"LSJZM": [SQUARE_WKT, FAR_WKT], "LSWHBHX": [WIDER_WKT, FAR_WKT],
                "ZXCQFW": [WIDER_WKT], "ZXCQCSZX": [FAR_WKT]}, finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("purple lines in the centre only", {"LSJZM": [SQUARE_WKT, FAR_WKT], "LSWHBHX": [WIDER_WKT, FAR_WKT], "ZXCQFW": [WIDER_WKT],
                "ZXCQCSZX": [WIDER_WKT]}),
        RuleExample("core and control zone hold the district", {"LSWHJQ": [SQUARE_WKT], "LSWHBHX": [
            "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}),
        RuleExample("the line may be wider", {"DYZ": [SQUARE_WKT], "LSWHBHX": [WIDER_WKT]}),
        RuleExample("no ranges in layers of their own", {"LSWHBHX": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def heritage_line_holds_ranges(*, ctx: RuleContext) -> RuleResult:
    """The heritage line contains the ranges of all kinds of heritage, the purple line those of the centre.

    What it checks
        Connected parts of the layers of ranges (历史文化名城, 街区, 名镇, 名村, 传统村落, 文物保护单位, 历史建筑,
        大遗址 …, by the list of kinds) that no polygon of LSWHBHX covers. Features of `heritage.purple_layers` (街区,
        历史建筑) in the centre (ZXCQFW), more than half of which no polygon of 城市紫线 covers; one finding for each
        layer. Also, as information, such features in the rest of 城镇开发边界.
    Why
        LSWHBHX has all protection ranges; a rule that reads it would miss a range that is only in a layer of details.
        A purple line bounds the ranges of historic districts, and of announced historic buildings outside them.
    How to fix
        Add the missing part to LSWHBHX with kind and name, or correct the detail layer by the approved protection
        plan. Add the range to the purple line.
    Limits
        The list of kinds (heritage_kind, mark C) names the layers of ranges. A 历史文化名城 layer may show the whole city
        instead of its ranges: remove it from the data, or waive the finding. Without a layer of the centre or of purple
        lines, these are not compared; whether a building was announced is unknown. Runs by default for a whole county
        (scope county), else if the rule or its group heritage is selected.
    """
    result = RuleResult(is_applicable=False)
    centre, purple_line = (find_usable_layer_or_note_reason(name, ctx, result) for name in ("centre", "purple_line"))
    if centre is not None and purple_line is not None:
        boundary = ctx.plan.find_layer_of_concept("boundary")
        for layer in find_usable_layers(ctx.norm.get("heritage.purple_layers"), ctx, result):
            if layer.template.geometry != "polygon":
                continue
            result.is_applicable = True
            is_in_centre = find_containing_rows(layer, centre, ctx) >= 0
            is_in_town = np.zeros(len(layer), dtype=bool)
            if boundary is not None:
                is_in_town = (find_containing_rows(layer, boundary, ctx) >= 0) & ~is_in_centre
            pieces = ctx.geometry.find_uncovered_pieces(
                layer, purple_line, rows=is_in_centre | is_in_town, keep_slivers=True
            )
            uncovered_areas = np.bincount(pieces.left, pieces.area, minlength=len(layer))
            lacks_line = (uncovered_areas > 0) & (uncovered_areas > LEAST_PURPLE_SHARE * layer.plane_areas)
            for case, is_there in (("purple", is_in_centre), ("town", is_in_town)):
                rows = layer.sort_rows(np.flatnonzero(lacks_line & is_there))
                if not rows:
                    continue
                result.findings.append(
                    ctx.make_row_finding(
                        layer,
                        rows[0],
                        case=case,
                        severity=None if case == "purple" else Severity.INFO,
                        params=make_row_list_params(layer, rows),
                        area_m2=float(np.nansum(layer.statutory[rows])),
                        geometry=ctx.geometry.unite_shapes(layer.plane_shapes[rows[:MAX_SHOWN_FIDS]]),
                        related_role=purple_line.role,
                    )
                )
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is None:
        return result
    for layer in find_usable_layers(list_heritage_range_roles(ctx), ctx, result):
        pieces = ctx.geometry.find_uncovered_pieces(layer, heritage_line)
        result.add_applicable(ctx.make_pair_findings(layer, heritage_line, pieces, by_place=True))
    return result


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
            if not ctx.is_edit_check:
                result.findings += _find_sites_without_point(point_layer, polygon_layer, ctx)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is not None:
        _report_ranges_without_site(heritage_line, result, ctx)
    roles = ["heritage", *list_heritage_range_roles(ctx), *POLYGON_ROLE_BY_POINT_ROLE]
    planned_layers = find_usable_layers(roles, ctx, result)
    for present in find_usable_layers(ctx.norm.get("heritage.present_layers") if planned_layers else (), ctx, result):
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
                tree = shapely.STRtree(layer.plane_shapes[layer.has_shape])
                is_known[tree.query(present.plane_shapes, predicate="intersects")[0]] = True
        rows = present.sort_rows(np.flatnonzero(~is_known & present.has_shape & (names != "")))
        if not rows:
            continue
        result.findings.append(
            ctx.make_row_finding(
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
                    ctx.make_row_finding(
                        heritage_line,
                        row,
                        case="missing",
                        geometry=heritage_line.plane_shapes[row],
                        params={"site": row_sites[row]},
                        related_role=layers[0].role,
                    )
                )


def _find_sites_without_point(points: Layer, polygons: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on sites that have a polygon but no point, if more than half of the named polygons have one."""
    site_names = read_site_names(polygons)
    is_named = site_names != ""
    lone_rows = np.flatnonzero(is_named & ~np.isin(site_names, read_site_names(points))).tolist()
    if 2 * len(lone_rows) >= is_named.sum():
        return
    for row in lone_rows:
        yield ctx.make_row_finding(
            polygons,
            row,
            case="without_point",
            params={"site": site_names[row]},
            geometry=polygons.plane_shapes[row],
            related_role=points.role,
        )


def _find_misplaced_points(points: Layer, polygons: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on points outside the polygon of their name, and on points of other names outside all polygons."""
    rows_with_shape = np.flatnonzero(polygons.has_shape)
    polygon_names = read_site_names(polygons)
    tree = shapely.STRtree(polygons.plane_shapes[rows_with_shape])
    point_rows = np.flatnonzero(points.has_shape)
    # Edges within this distance count as equal, so that a point on an edge in another layer's coordinates is inside.
    hits = tree.query(points.plane_shapes[point_rows], predicate="dwithin", distance=ctx.tolerance.edge_match_m)
    polygons_by_point: dict[int, set[int]] = defaultdict(set)
    for n, m in zip(*hits.tolist(), strict=True):
        polygons_by_point[int(point_rows[n])].add(int(rows_with_shape[m]))
    point_names = read_site_names(points)
    for row in point_rows.tolist():
        ctx.cancellation.raise_if_cancelled()
        name, polygons_at_point = point_names[row], polygons_by_point[row]
        named_rows = rows_with_shape[polygon_names[rows_with_shape] == name].tolist() if name else []
        if polygons_at_point.intersection(named_rows) if named_rows else polygons_at_point:
            continue
        params: dict[str, Any] = {"site": str(name)}
        if named_rows:
            distances = shapely.distance(points.plane_shapes[row], polygons.plane_shapes[named_rows])
            params["distance"] = round(float(distances.min()), 2)
        yield ctx.make_row_finding(
            points,
            row,
            case="outside" if named_rows else "unnamed",
            severity=None if named_rows else Severity.INFO,
            params=params,
            geometry=points.plane_shapes[row],
            related_role=polygons.role,
            related_keys=[polygons.keys[n] for n in named_rows],
        )
