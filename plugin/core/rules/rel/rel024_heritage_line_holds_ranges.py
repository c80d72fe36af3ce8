# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...figures.heritage_sites import list_heritage_range_roles
from ...figures.indicators.survey_deductions import find_containing_rows
from ...model.rule import RuleExample, RuleResult, Severity, rule
from .._attributes import MAX_SHOWN_FIDS, make_row_list_params
from .._places import find_usable_layer_or_note_reason, find_usable_layers

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"
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
