# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.polygons import Polygons
from ...indicators.survey_deductions import find_rows_below
from ...messages.numbers import format_hectare_number
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_SHOWN_FIDS, make_setting_error, read_class_lines, read_number_lines, read_word_pairs
from .._places import find_usable_layer_or_note_reason

WEST_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
WHOLE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: A layer with more rows than this is measured by a point in each row.
MANY_ROWS = 1000
GRADED_FIELDS_SETTING, PARTS_SETTING = "attributes.graded_fields", "zones.evaluated_parts"
#: Relations of land of a grade to a line, in the setting of parts.
INSIDE, OUTSIDE = "inside", "outside"


def _make_evaluation(west: str, east: str) -> list[dict[str, str]]:
    return [{"wkt": WEST_WKT, "feature_name": west}, {"wkt": EAST_WKT, "feature_name": east}]


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
    uses=["tolerance", "zones.evaluated_lines", "zones.evaluated_parts", "attributes.graded_fields"],
    messages={
        "": "{layer}: {percent} % of the area ({area}) is “{value}” in {related_layer}; at most {limit} % is usual. Check "
        "whether the grades of the evaluation are exchanged; if they are right, check the line, or waive the finding "
        "and give the reason.",
        "inside": "{layer}: connected parts of {least} ha or more on land that is “{value}” in {related_layer}, without land of "
        "{fillers}: {count}, {area} in all, the largest {largest} ha. Compare the line there with the evaluation and the plan's reasons; if the "
        "line is as approved, no action is needed.",
        "outside": "{related_layer}: connected parts of {least} ha or more that are “{value}” and outside {layer}, without land of "
        "{fillers}: {count}, {area} in all, the largest {largest} ha. Compare the line there with the evaluation and the plan's reasons; if the "
        "line is as approved, no action is needed.",
    },
    fails=[
        RuleExample("a town on unsuitable land", {"boundary": [WHOLE_WKT], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}, finds=1, areas=(5000.0,)),
        RuleExample("fields on unsuitable land", {"farmland": [WHOLE_WKT], "NYSCSYXPJJG": _make_evaluation("不适宜区", "不适宜区")}, finds=1, areas=(10000.0,)),
        RuleExample("one of two rows without a shape", {"boundary": [WHOLE_WKT, None], "CZJSSYXPJJG": _make_evaluation("不适宜", "不适宜")}, finds=1, areas=(10000.0,)),
        RuleExample("a red line on unimportant land", {"red_line": [WEST_WKT], "STBHZYXPJJG": _make_evaluation("一般重要", "极重要")}, finds=1, areas=(5000.0,)),
        RuleExample("a town on important land, in two evaluations", {"boundary": [EAST_WKT], "STBHZYXPJJG": _make_evaluation("一般重要", "极重要"),
                "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}, finds=2, areas=(5000.0, 5000.0)),
        RuleExample("most important land outside the red line", {"red_line": [WEST_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "极重要")}, finds=1, areas=(5000.0,),
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 极重要 outside red_line 4000 farmland"]}),
        RuleExample("a red line on some unimportant land", {"red_line": [WHOLE_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "一般重要")}, finds=1, areas=(5000.0,),
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 一般重要 inside red_line 4000 reserves"]}),
    ],
    passes=[
        RuleExample("a town on suitable land", {"boundary": [WEST_WKT], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}),
        RuleExample("a little unsuitable land", {"boundary": ["POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))"], "CZJSSYXPJJG": _make_evaluation("适宜", "不适宜")}),
        RuleExample("grades of other words", {"boundary": [WHOLE_WKT], "CZJSSYXPJJG": _make_evaluation("Ⅰ级", "Ⅲ级")}),
        RuleExample("most important land that is farmland", {"red_line": [WEST_WKT], "farmland": [EAST_WKT], "STBHZYXPJJG": _make_evaluation("极重要", "极重要")},
                settings={"zones.evaluated_parts": ["STBHZYXPJJG 极重要 outside red_line 4000 farmland"]}),
        RuleExample("no evaluation", {"boundary": [WHOLE_WKT]}),
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
        一般重要 land that are not in 自然保护地. These are information, one finding for each line of the setting.
    Why
        The evaluations are the base of the control lines. Where most of a line contradicts them, the grades are often
        exchanged, or a layer is shifted.
    How to fix
        Compare the grades with the evaluation's report, and correct them. If they are right, check the line.
    Limits
        Words in the field of grades (`attributes.graded_fields`) identify a grade; shares are those of the plugin
        (mark C). Land that no grade covers is not counted as contradicting. Layers of many features are measured by a
        point in each. ATT001 reports an evaluation with one grade for all. Runs for a whole county, by name or with the
        group control_lines.
    """
    line_by_concept = {"farmland": farmland, "red_line": red_line, "boundary": boundary}
    field_by_role = dict(read_word_pairs(ctx.norm, GRADED_FIELDS_SETTING))
    result = RuleResult(is_applicable=False)
    for role, word, concept, limit in read_number_lines(ctx.norm, "zones.evaluated_lines", 4):
        line, evaluation = line_by_concept.get(concept), find_usable_layer_or_note_reason(role, ctx, result)
        if line is None or evaluation is None or role not in field_by_role or evaluation.template.geometry != "polygon":
            continue
        result.is_applicable = True
        grades = evaluation.get_texts_by_name(field_by_role[role])
        rows = np.array([word in grade for grade in grades], dtype=bool)
        if rows.any():
            finding = _compare_line_with_grade(line, evaluation, rows, float(limit), ctx)
            if finding is not None:
                finding.field = field_by_role[role]
                finding.params["value"] = next(grade for grade in grades if word in grade)
                result.findings.append(finding)
    _report_large_parts(result, field_by_role, ctx)
    return result


def _compare_line_with_grade(
    line: Layer, evaluation: Layer, rows: NDArray, limit: float, ctx: RuleContext
) -> Finding | None:
    """Return a finding if more than ``limit`` of a line is on rows ((n,) bool) of an evaluation."""
    line_area = float(np.nansum(line.statutory))
    if len(line) > MANY_ROWS:
        evaluation_rows = find_rows_below(line, evaluation, ctx)
        is_on = (evaluation_rows >= 0) & rows[evaluation_rows]
        area, shapes = float(np.nansum(line.statutory[is_on])), line.plane[is_on][:MAX_SHOWN_FIDS]
    else:
        shared_parts = ctx.geometry.find_shared_parts(line, evaluation, rows_b=rows, measured=True)
        parts = ctx.geometry.remove_repeated_land(shared_parts)
        area, shapes = float(ctx.geometry.compute_part_areas(parts, line, evaluation).sum()), parts.geometry
    if area <= limit * line_area:
        return None
    params = {"percent": round(100 * area / line_area, 2), "limit": round(100 * limit, 2)}
    shape = ctx.geometry.unite_shapes(shapes)
    return Finding(line.role, related_role=evaluation.role, params=params, area_m2=area, geometry=shape)


def _report_large_parts(result: RuleResult, field_by_role: dict[str, str], ctx: RuleContext) -> None:
    """Add a finding for each line of the setting of parts with large parts."""
    for role, word, relation, concept, least, *excepted in read_class_lines(ctx.norm, PARTS_SETTING, 6, number_at=4):
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
        others = [layer for name in excepted if (layer := find_usable_layer_or_note_reason(name, ctx, result))]
        parts = _find_parts(line, evaluation, rows, relation, others, ctx)
        areas = ctx.geometry.measure_statutory_areas(parts)
        large_positions = np.flatnonzero(areas >= float(least))
        if not len(large_positions):
            continue
        params = {
            "value": next(grade for grade in grades if word in grade),
            "count": len(large_positions),
            "shown": {
                "least": format_hectare_number(float(least)),
                "largest": format_hectare_number(float(areas[large_positions].max())),
            },
            "fillers": [ctx.plan.list_roles_of_concept(name)[0] for name in excepted],
        }
        finding = Finding(line.role, related_role=evaluation.role, case=relation, severity=Severity.INFO, params=params)
        finding.field, finding.area_m2 = field_by_role[role], float(areas[large_positions].sum())
        finding.geometry = ctx.geometry.unite_shapes(parts[large_positions])
        result.findings += ctx.finding_maker.mark_findings_by_location([finding])


def _find_parts(
    line: Layer, evaluation: Layer, rows: NDArray, relation: str, others: list[Layer], ctx: RuleContext
) -> NDArray:
    """Return the connected parts of land on rows ((n,) bool) of an evaluation, inside or outside a line.

    Land of the other layers is left out.
    """
    if relation == INSIDE:
        shared_parts = ctx.geometry.find_shared_parts(line, evaluation, rows_b=rows, measured=True)
        shapes, owner = shared_parts.geometry, evaluation
    else:
        shapes, owner, others = evaluation.plane[rows], evaluation, [line, *others]
    united_shape = ctx.geometry.unite_shapes(shapes)
    parts = shapely.get_parts(np.array([] if united_shape is None else [united_shape], dtype=object))
    covering_shapes = [shape for other in others for shape in other.plane[other.has_shape]]
    if not len(parts) or not covering_shapes:
        return parts
    first_row = np.full(len(parts), np.flatnonzero(rows)[0])
    covering = np.empty(len(covering_shapes), dtype=object)
    covering[:] = covering_shapes
    return ctx.geometry.find_uncovered_in_shapes(owner, first_row, parts, None, Polygons(covering)).geometry
