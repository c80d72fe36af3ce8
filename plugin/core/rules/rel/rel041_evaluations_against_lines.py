# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...figures.indicators.survey_deductions import find_containing_rows, take_containing_values
from ...geometry.polygon_rings import find_inner_points
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import format_hectare_number, round_unlike_limit
from .._attributes import MAX_SHOWN_FIDS, find_value_of_most_land, make_setting_error, read_setting_words
from .._places import EAST_HALF_WKT, SQUARE_WKT, WEST_HALF_WKT, find_usable_layer_or_note_reason, find_usable_layers

#: A layer with more rows than this is measured by a point in each row.
MANY_ROWS = 1000
GRADED_FIELDS_SETTING, PARTS_SETTING = "attributes.graded_fields", "zones.evaluated_parts"
PAIRS_SETTING, WORDS_SETTING = "zones.evaluation_pairs", "attributes.value_words"
#: Relations of land of a grade to a line, in the setting of parts.
INSIDE, OUTSIDE = "inside", "outside"
#: The case of land of a grade that is connected and as a whole outside a line.
WHOLE = "whole"


def _make_evaluation(west: str, east: str) -> list[dict[str, str]]:
    """Return the rows of an example: an evaluation with a grade for the west and one for the east half."""
    return [{"wkt": WEST_HALF_WKT, "feature_name": west}, {"wkt": EAST_HALF_WKT, "feature_name": east}]


@rule(
    "REL041",
    "evaluations-against-lines",
    problem="A control line contradicts the evaluations",
    severity=Severity.WARNING,
    basis=["evaluation-guide"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
    },
    uses=["tolerance", "zones.evaluated_lines", "zones.evaluated_parts", "zones.max_inside_share", PAIRS_SETTING, WORDS_SETTING, "attributes.graded_fields"],
    messages={
        "": "{layer}: {percent} % of the area ({area}) is “{value}” in {related_layer}; at most {limit} % is usual "
        "(the default of the plugin or a setting of the county). First compare the grades with the evaluation's "
        "report, and correct exchanged ones; if they are right, compare the line with the approved result, and "
        "correct a wrong one; if both are right, waive the finding and give the source.",
        "inside": "{layer}: connected parts of {least} ha or more on land that is “{value}” in {related_layer}, "
        "without land of {fillers}: {count}, {area} in all, the largest {largest} ha. Compare the line there with "
        "the evaluation and the plan's reasons; if the line is as approved, waive the finding and give the document.",
        "outside": "{related_layer}: connected parts of {least} ha or more that are “{value}” and outside {layer}, "
        "without land of {fillers}: {count}, {area} in all, the largest {largest} ha. Compare the line there with "
        "the evaluation and the plan's reasons; if the line is as approved, waive the finding and give the document.",
        "whole": "{related_layer}: connected land of {least} ha or more that is “{value}” and almost wholly outside "
        "{layer} (at most {share} % inside), and not in {fillers}: {count}, {area} in all, the largest {largest} ha. "
        "Compare it with the evaluation and the plan's reasons: restore the line where it was given up or forgotten; "
        "if the line is as approved, waive the finding and give the document.",
        "pair": "{layer}: {percent} % of the land that is “{value}” ({area}) is not “{expected}” in {related_layer}, but mostly “{now}”; at most {limit} % "
        "is usual. The two evaluations contradict each other. Compare the grades ({field}) and outlines of both layers with the evaluation's report, and correct the wrong one.",
    },
    approval_cases=("inside", "outside", "whole"),
    fails=[
        RuleExample("a town on unsuitable land", {"boundary": [SQUARE_WKT], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}, finds=1, areas=(5000.0,)),
        RuleExample("fields on unsuitable land", {"farmland": [SQUARE_WKT], "NYSCSYXPJJG": _make_evaluation("不适宜区", "不适宜区")}, finds=1, areas=(10000.0,)),
        RuleExample("one of two rows without a shape", {"boundary": [SQUARE_WKT, None], "CZJSSYXPJJG": _make_evaluation("不适宜", "不适宜")}, finds=1, areas=(10000.0,)),
        RuleExample("a red line on unimportant land", {"red_line": [WEST_HALF_WKT], "STBHZYXPJJG": _make_evaluation("一般重要", "极重要")}, finds=1, areas=(5000.0,)),
        RuleExample("a town on important land, in two evaluations", {"boundary": [EAST_HALF_WKT], "STBHZYXPJJG": _make_evaluation("一般重要", "极重要"),
                "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}, finds=2, areas=(5000.0, 5000.0)),
        RuleExample("most important land outside the red line", {"red_line": [WEST_HALF_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "极重要")}, finds=1, areas=(5000.0,),
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 极重要 outside red_line 4000 farmland"]}),
        RuleExample("most important land without any red line", {"red_line": [WEST_HALF_WKT], "STBHZYXPJJG": [*_make_evaluation("极重要", "重要"),
                {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))", "feature_name": "极重要"}]}, finds=1, areas=(10000.0,),
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 极重要 outside red_line 4000 farmland"]}),
        RuleExample("most important land that is suitable for building", {"STBHZYXPJJG": _make_evaluation("极重要", "重要"), "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")},
                finds=1, areas=(5000.0,)),
        RuleExample("two evaluations, one without unsuitable land", {"STBHZYXPJJG": _make_evaluation("极重要", "重要"), "CZJSSYXPJJG": _make_evaluation("适宜", "适宜")},
                finds=1, areas=(5000.0,)),
        RuleExample("a red line on some unimportant land", {"red_line": [SQUARE_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "一般重要")}, finds=1, areas=(5000.0,),
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 一般重要 inside red_line 4000 reserves"]}),
    ],
    passes=[
        RuleExample("most important land that is not suitable for building", {"STBHZYXPJJG": _make_evaluation("极重要", "重要"), "CZJSSYXPJJG": _make_evaluation("不适宜", "适宜")}),
        RuleExample("a town on suitable land", {"boundary": [WEST_HALF_WKT], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}),
        RuleExample("a little unsuitable land", {"boundary": ["POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}),
        RuleExample("grades of other words", {"boundary": [SQUARE_WKT], "CZJSSYXPJJG": _make_evaluation("Ⅰ级", "Ⅲ级")}),
        RuleExample("most important land that is farmland", {"red_line": [WEST_HALF_WKT], "farmland": [EAST_HALF_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "极重要")},
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 极重要 outside red_line 4000 farmland"]}),
        RuleExample("no evaluation", {"boundary": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def evaluations_against_lines(
    farmland: Layer | None, red_line: Layer | None, boundary: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """Control lines agree with the suitability evaluations.

    What it checks
        For each line of `zones.evaluated_lines`, the share of a control line on land of one grade (双评价): 城镇开发边界
        on land that is 不适宜 for building or of 极重要 ecology, 永久基本农田 on land that is 不适宜 for agriculture,
        生态保护红线 on land of 一般重要 ecology. One finding for each. For each line of `zones.evaluated_parts`, the large
        connected parts of land of one grade that are inside or outside a control line, without the land of the layers
        given there: 极重要 land that is outside 生态保护红线, 永久基本农田 and 城镇开发边界, and parts of 生态保护红线 on
        一般重要 land that are not in 自然保护地. These are information, one finding for each line of the setting; another one is
        on land that is connected in the evaluation and as a whole outside the line (`zones.max_inside_share`), as if a
        feature of the line were missing. For each line of `zones.evaluation_pairs`, the land of one grade has the
        grade given there in a second evaluation: 极重要 land is 不适宜 for building and agriculture.
    Why
        The evaluations are the base of the control lines. Where most of a line contradicts them, the grades are often
        exchanged, or a layer is shifted.
    How to fix
        Compare the grades with the evaluation's report, and correct them. If they are right, check the line.
        If the line is as approved, waive the finding and give the document.
    Limits
        Words in the field of grades (`attributes.graded_fields`) identify a grade; shares are those of the plugin (mark
        C). Land that no grade covers is not counted as contradicting. Layers of many features are measured by a point
        in each. ATT001 reports an evaluation with one grade for all. Runs by default for a whole county (scope county),
        else if the rule or its group control_lines is selected.
    """
    line_by_concept = {"farmland": farmland, "red_line": red_line, "boundary": boundary}
    field_by_role = dict(read_setting_words(ctx.norm, GRADED_FIELDS_SETTING, 2, 2))
    result = RuleResult(is_applicable=False)
    for role, word, concept, limit in read_setting_words(ctx.norm, "zones.evaluated_lines", 4, 4, number_at=3):
        line, evaluation = line_by_concept.get(concept), find_usable_layer_or_note_reason(role, ctx, result)
        if line is None or evaluation is None or role not in field_by_role or evaluation.template.geometry != "polygon":
            continue
        result.is_applicable = True
        grades = evaluation.get_texts_by_name(field_by_role[role])
        rows = np.array([word in grade for grade in grades], dtype=bool)
        if rows.any():
            least, line_area = float(limit), float(np.nansum(line.statutory))
            if len(line) > MANY_ROWS:
                is_on = take_containing_values(rows, find_containing_rows(line, evaluation, ctx), False)
                area, shapes = float(np.nansum(line.statutory[is_on])), line.plane_shapes[is_on][:MAX_SHOWN_FIDS]
            else:
                pieces = ctx.geometry.find_shared_pieces(line, evaluation, right_rows=rows, keep_slivers=True)
                pieces = ctx.geometry.remove_repeated_land(pieces, line, evaluation)
                area, shapes = float(ctx.geometry.compute_piece_areas(pieces, line, evaluation).sum()), pieces.geometry
            if area > least * line_area:
                result.findings.append(
                    Finding(
                        line.role,
                        field=field_by_role[role],
                        related_role=evaluation.role,
                        params={
                            "percent": round_unlike_limit(100 * area / line_area, 100 * least),
                            "limit": round(100 * least, 2),
                            "value": next(grade for grade in grades if word in grade),
                        },
                        area_m2=area,
                        geometry=ctx.geometry.unite_shapes(shapes),
                    )
                )
    _report_large_parts(result, field_by_role, ctx)
    _compare_evaluations(result, field_by_role, ctx)
    return result


def _compare_evaluations(result: RuleResult, field_by_role: dict[str, str], ctx: RuleContext) -> None:
    """Add a finding for each pair of grades of two evaluations that are not on the same land."""
    words_by_role = {
        role: words
        for role, name, *words in read_setting_words(ctx.norm, WORDS_SETTING, 3)
        if name == field_by_role.get(role)
    }
    for role, word, other_role, expected, limit in read_setting_words(ctx.norm, PAIRS_SETTING, 5, 5, number_at=4):
        layers = [find_usable_layer_or_note_reason(name, ctx, result) for name in (role, other_role)]
        if any(one is None or one.template.geometry != "polygon" or one.role not in field_by_role for one in layers):
            continue
        layer, other_layer = (require_value(one, "an evaluation layer") for one in layers)
        result.is_applicable = True
        grades = layer.get_texts_by_name(field_by_role[role])
        other_grades = np.array(other_layer.get_texts_by_name(field_by_role[other_role]), dtype=object)
        rows = np.array([word in grade for grade in grades], dtype=bool)
        # Grades with other words than those of the evaluation are not compared.
        words = words_by_role.get(other_role, [])
        other_rows = np.array(
            [expected not in grade and any(one in grade for one in words) for grade in other_grades], dtype=bool
        )
        if not rows.any() or not other_rows.any():
            continue
        pieces = ctx.geometry.find_shared_pieces(
            layer, other_layer, left_rows=rows, right_rows=other_rows, keep_slivers=True
        )
        pieces = ctx.geometry.remove_repeated_land(pieces, layer, other_layer)
        area, graded_area = float(pieces.area.sum()), float(layer.plane_areas[rows].sum())
        if area <= float(limit) * graded_area:
            continue
        result.findings.append(
            Finding(
                layer.role,
                related_role=other_layer.role,
                case="pair",
                params={
                    "percent": round_unlike_limit(100 * area / graded_area, 100 * float(limit)),
                    "limit": round(100 * float(limit), 2),
                    "value": next(grade for grade in grades if word in grade),
                    "expected": expected,
                    "now": find_value_of_most_land(other_grades[pieces.right], pieces.area),
                },
                field=field_by_role[role],
                area_m2=float(ctx.geometry.compute_piece_areas(pieces, layer, other_layer).sum()),
                geometry=ctx.geometry.unite_shapes(pieces.geometry),
            )
        )


def _report_large_parts(result: RuleResult, field_by_role: dict[str, str], ctx: RuleContext) -> None:
    """Add a finding for each line of the setting `zones.evaluated_parts` that selects large parts of land.

    Such land has a grade of an evaluation, and is inside or outside a control line.
    """
    for role, word, relation, concept, least, *excepted in read_setting_words(ctx.norm, PARTS_SETTING, 6, number_at=4):
        if relation not in (INSIDE, OUTSIDE):
            text = " ".join((role, word, relation, concept, least, *excepted))
            raise make_setting_error(ctx.norm, PARTS_SETTING, text, f'"A B {INSIDE}|{OUTSIDE} C 1000000 D …"')
        line, evaluation = (find_usable_layer_or_note_reason(name, ctx, result) for name in (concept, role))
        if line is None or evaluation is None or role not in field_by_role or evaluation.template.geometry != "polygon":
            continue
        result.is_applicable = True
        grades = evaluation.get_texts_by_name(field_by_role[role])
        rows = np.array([word in grade for grade in grades], dtype=bool)
        if not rows.any():
            continue
        parts = _find_land_in_or_outside_line(
            line, evaluation, rows, relation, find_usable_layers(excepted, ctx, result), ctx
        )
        areas = ctx.geometry.measure_drawn_areas(parts)
        is_large = areas >= float(least)
        is_whole = np.zeros(len(parts), dtype=bool)
        if relation == OUTSIDE and is_large.any():
            is_whole[is_large] = _find_parts_without_line(parts[is_large], line, evaluation, rows, ctx)
        for case, positions in (
            (relation, np.flatnonzero(is_large & ~is_whole)),
            (WHOLE, np.flatnonzero(is_whole)),
        ):
            if not len(positions):
                continue
            params = {
                "value": next(grade for grade in grades if word in grade),
                "count": len(positions),
                "shown": {
                    "least": format_hectare_number(float(least)),
                    "largest": format_hectare_number(float(areas[positions].max())),
                },
                "fillers": [ctx.plan.list_roles_of_concept(name)[0] for name in excepted],
            }
            if case == WHOLE:
                params["share"] = round(100 * float(ctx.norm.get("zones.max_inside_share")), 2)
            result.findings.append(
                Finding(
                    line.role,
                    related_role=evaluation.role,
                    case=case,
                    severity=Severity.INFO,
                    params=params,
                    field=field_by_role[role],
                    area_m2=float(areas[positions].sum()),
                    geometry=ctx.geometry.unite_shapes(parts[positions]),
                    by_place=True,
                )
            )


def _find_parts_without_line(
    parts: NDArray, line: Layer, evaluation: Layer, rows: NDArray, ctx: RuleContext
) -> NDArray:
    """Return (n,) bool: parts whose whole connected land of the grade is almost completely outside a line.

    ``parts``: (n,) polygons of the land outside the line; ``rows``: (m,) bool, the rows of the evaluation with the
    grade.
    """
    shapes = ctx.geometry.unite_shapes(evaluation.plane_shapes[rows])
    line_shape = ctx.geometry.unite_shapes(line.plane_shapes[line.has_shape])
    if shapes is None or line_shape is None:
        return np.zeros(len(parts), dtype=bool)
    lands = shapely.get_parts(np.array([shapes], dtype=object))
    # An evaluation may have thousands of small pieces of land that none of these parts is on.
    land_of_part = shapely.STRtree(lands).nearest(find_inner_points(parts))
    used_lands, used_number = np.unique(land_of_part, return_inverse=True)
    used_shapes = lands[used_lands]
    shares_inside = shapely.area(shapely.intersection(used_shapes, line_shape)) / shapely.area(used_shapes)
    return np.asarray(shares_inside[used_number] <= float(ctx.norm.get("zones.max_inside_share")))


def _find_land_in_or_outside_line(
    line: Layer, evaluation: Layer, rows: NDArray, relation: str, others: list[Layer], ctx: RuleContext
) -> NDArray:
    """Return the connected parts of land on rows ((n,) bool) of an evaluation, inside or outside a line.

    Land of the other layers is left out.
    """
    if relation == INSIDE:
        shapes = ctx.geometry.find_shared_pieces(line, evaluation, right_rows=rows, keep_slivers=True).geometry
    else:
        shapes, others = evaluation.plane_shapes[rows], [line, *others]
    united_shape = ctx.geometry.unite_shapes(shapes)
    parts = shapely.get_parts(np.array([] if united_shape is None else [united_shape], dtype=object))
    covering_shapes = [other.plane_shapes[other.has_shape] for other in others]
    if not len(parts) or not any(map(len, covering_shapes)):
        return parts
    return ctx.geometry.find_uncovered_pieces_of_shapes(
        evaluation, np.full(len(parts), np.flatnonzero(rows)[0]), parts, None, Polygons(np.concatenate(covering_shapes))
    ).geometry
