# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on heritage: the parts of a protection range, and the lines around it."""

from dataclasses import replace

import numpy as np

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    CONTROL_PART,
    CORE_PART,
    PART_SETTINGS,
    RANGE_PART,
    classify_heritage_parts,
    list_heritage_range_roles,
    read_site_names,
)
from ...figures.indicators.survey_deductions import find_containing_rows
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_SHOWN_FIDS, make_row_list_params
from .._places import find_usable_layer_or_note_reason, find_usable_layers

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
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
    range_layers = find_usable_layers(list_heritage_range_roles(ctx), ctx, result)
    for layer, site_of_row in [
        *((layer, read_site_names(layer)) for layer in range_layers),
        (heritage_line, np.where(parts.find_rows_of_part(RANGE_PART), parts.site_of_row, "")),
    ]:
        for site in parts.list_site_names():
            is_range = site_of_row == site
            if is_range.any():
                core, control = (
                    parts.find_rows_of_site_part(CORE_PART, site),
                    parts.find_rows_of_site_part(CONTROL_PART, site),
                )
                params = {"site": site}
                pieces_beyond = ctx.geometry.find_uncovered_pieces(
                    heritage_line, layer, Polygons(layer.plane_shapes[is_range]), rows=core | control
                )
                findings = ctx.finding_maker.make_pair_findings(
                    heritage_line, layer, pieces_beyond, case="beyond", params=params
                )
                for finding in findings:
                    finding.related_keys = [layer.keys[n] for n in np.flatnonzero(is_range)]
                if core.any() and control.any():
                    unfilled_pieces = ctx.geometry.find_uncovered_pieces(
                        layer, heritage_line, Polygons(heritage_line.plane_shapes[core | control]), rows=is_range
                    )
                    findings += ctx.finding_maker.make_pair_findings(
                        layer, heritage_line, unfilled_pieces, case="bare", params=params
                    )
                result.add_applicable(ctx.finding_maker.mark_findings_by_location(findings))
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
    for finding, i, j in zip(
        ctx.finding_maker.make_pair_findings(heritage, heritage, shared_pieces),
        shared_pieces.left,
        shared_pieces.right,
        strict=True,
    ):
        site, other = parts.site_of_row[i], parts.site_of_row[j]
        finding.params |= {"site": site, "other": other}
        finding.case = "own" if site == other else "stricter"
        if site != other:
            finding.severity = Severity.INFO
        result.findings.append(finding)
    return result


WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


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
    pieces = ctx.geometry.find_uncovered_pieces(purple_line, heritage)
    return ctx.finding_maker.mark_findings_by_location(
        ctx.finding_maker.make_pair_findings(purple_line, heritage, pieces)
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
    _report_missing_purple_lines(result, ctx)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is None:
        return result
    for layer in find_usable_layers(list_heritage_range_roles(ctx), ctx, result):
        result.is_applicable = True
        pieces = ctx.geometry.find_uncovered_pieces(layer, heritage_line)
        result.findings += ctx.finding_maker.mark_findings_by_location(
            ctx.finding_maker.make_pair_findings(layer, heritage_line, pieces)
        )
    return result


def _report_missing_purple_lines(result: RuleResult, ctx: RuleContext) -> None:
    """Add findings on each layer with features that lack a purple line, in the centre and in the rest of the towns."""
    centre, purple_line = (find_usable_layer_or_note_reason(name, ctx, result) for name in ("centre", "purple_line"))
    if centre is None or purple_line is None:
        return
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
        areas = layer.plane_areas
        lacks_line = (uncovered_areas > 0) & (uncovered_areas > LEAST_PURPLE_SHARE * areas)
        for case, is_there in (("purple", is_in_centre), ("town", is_in_town)):
            rows = layer.sort_rows(np.flatnonzero(lacks_line & is_there))
            if not rows:
                continue
            result.findings.append(
                ctx.finding_maker.make_row_finding(
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
