# SPDX-License-Identifier: GPL-2.0-or-later

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...figures.indicators.survey_deductions import find_containing_rows, take_containing_values
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import choose_decimals_unlike_limits, format_number, round_unlike_limit
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._attributes import (
    MAX_SHOWN_FIDS,
    format_code_with_name,
    join_code_names_of_field,
    list_largest_rows_first,
    make_row_list_params,
    read_setting_words,
)
from .._places import (
    EAST_SQUARE_WKT,
    SQUARE_WKT,
    WIDE_WKT,
    find_row_of_largest_piece,
    find_usable_layer_or_note_reason,
    select_valid_polygons,
)

WEST_THIRD_WKT = "POLYGON ((0 0, 30 0, 30 100, 0 100, 0 0))"
EAST_REST_WKT = "POLYGON ((30 0, 100 0, 100 100, 30 100, 30 0))"
FAR_LARGE_WKT = "POLYGON ((300 0, 500 0, 500 100, 300 100, 300 0))"
SCHOOL = {"wkt": "POINT (50 50)", "feature_name": "第一小学"}
HOUSING = {"wkt": SQUARE_WKT, "land_use": "070100"}


def _make_zone(code: str) -> list[dict[str, str]]:
    """Return the rows of an example: one planning zone with this code."""
    return [{"wkt": SQUARE_WKT, "zone_code": code}]


def _describe_share_of_use(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``share_text`` with the share (%) of the expected land use, or “none” if it is zero."""
    if "percent" not in finding.params or "limit" not in finding.params:
        return {}
    percent, limit = float(finding.params["percent"]), float(finding.params["limit"])
    share = format_number(percent, choose_decimals_unlike_limits(percent, [limit]))
    return {"share_text": texts.get("words", "share_some" if percent else "share_none", share=share)}


def _report_zones_with_other_uses(centre_zones: Layer, planned_use: Layer, ctx: RuleContext) -> Iterator[Finding]:
    limit = float(ctx.norm.get("zones.min_zone_share"))
    for zone, *classes in read_setting_words(ctx.norm, "zones.zone_classes", 1):
        rows = ctx.find_rows_with_code(centre_zones, "zone_code", [zone])
        left_out = [code for code in ctx.norm.get("zones.neutral_classes") if code not in classes]
        for finding in _find_other_uses(centre_zones, rows, planned_use, classes, left_out, limit, ctx):
            finding.case, finding.field = "zone", centre_zones.get_field_name("zone_code")
            zone_codes = ctx.get_code_list("planning_zones").entry_by_code
            finding.params["zone"] = zone_codes[zone].name if zone in zone_codes else zone
            finding.params["neutral"] = join_code_names_of_field(planned_use, "land_use", left_out, ctx)
            yield finding


@rule(
    "REL039",
    "planned-use-against-zones",
    problem="Planned land use contradicts its zone or city line",
    severity=Severity.WARNING,
    basis=["zone-functions", "city-lines-use"],
    needs={
        "planned_use": LayerNeed("planned_use", fields=("land_use",)),
        "centre_zones": LayerNeed("centre_zones", reads=("zone_code",), optional=True),
        "boundary": LayerNeed("boundary", optional=True),
    },
    uses=[
        "tolerance", "codes.planning_zones",
        "zones.neutral_classes",
        "zones.zone_classes", "zones.line_classes", "zones.min_zone_share", "zones.min_line_share",
        "zones.covered_classes", "zones.min_covered_share", "zones.facility_classes",
        "zones.max_other_use_m2", "zones.road_classes", "zones.max_off_road_share", "zones.min_described_m2",
        "zones.base_year_fields", "zones.max_other_base_share", "zones.given_up_uses", "zones.min_given_up_m2",
    ],
    clauses=_describe_share_of_use,
    messages={
        "zone": "{layer} ({key}) is the zone {zone}, but {share_text} of the planned land use in it ({related_layer}, "
        "without {neutral}) is {expected}; at least {limit} % is usual. Most of it is {value}. If the zone is as approved, correct the planned land use, else the "
        "zone; if it must stay, waive the finding and give the reason.",
        "line": "{layer} ({key}): {share_text} of the planned land use in it is {expected} ({related_layer}); at least {limit} % "
        "is usual. Most of it is {value}. If the line is as approved, correct the planned land use, else the line; if it must "
        "stay, waive the finding and give the reason.",
        "other_use": "{layer} ({key}) has {area} of planned land use that is not {expected} ({related_layer}); at "
        "most {limit} m² is usual. Most of it is “{value}”. First compare the line with the approved result, and "
        "correct it if it is wrong; if it is right, correct the planned land use; if it must stay, waive the finding "
        "and give the source.",
        "road": "{layer}: more than {limit} % of the length of these lines is on planned land that is not {expected} "
        "({related_layer}); lines: {count} ({rows}{more}). Compare them with the approved plan: move shifted lines "
        "back; if roads of this class are not drawn as land, leave them, and waive the finding with the reason.",
        "cut": "{layer} ({key}) covers only {percent} % of {related_layer} {related_key} ({value}); at least {limit} "
        "% is usual. Compare with the approved plan whether the line is cut off: complete a line that was drawn too "
        "short, correct planned land use that was drawn wrongly; if both are as approved, waive the finding and give "
        "the source.",
        "empty": "{layer} has no feature, but {related_layer} has {area} of {expected}; parcels: {count}. Compare "
        "with the approved plan: draw the lines that it has; if it has none, delete the empty layer and declare in "
        "the profile that the county has none.",
        "no_layer": "{layer} has {area} of {expected} (parcels: {count}), but the data have no layer {related_layer}. Add the layer with "
        "the approved lines; if the plan draws none, waive the finding and give the reason.",
        "base": "{layer}: parcels whose {field} contradicts {related_layer} on the same land: {count} ({rows}{more}; "
        "{area}); the largest has “{value}”, but most of its other present land is “{present}”. First compare "
        "{related_layer} with the survey, and correct it if it is wrong; if it is right, correct {field} by it.",
        "given_up": "{layer}: {area} of present {expected} ({related_layer}) is planned for other uses; parcels: "
        "{count} ({rows}{more}), the largest for {value}. Check whether the planned land use is right; if the land "
        "is to be given up, state in the plan where and how it is replaced, waive the finding and give the document.",
        "facility": "{layer} ({key}, “{name}”) is on {related_layer} {related_key}, “{value}”, which cannot serve "
        "this facility. Compare with the approved plan: correct place or name of a wrong point, or wrong planned "
        "land use; if the facility is to move, delete the point.",
    },
    approval_cases=("given_up",),
    fails=[
        RuleExample("a street through houses", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "120700"}],
                "ZXCQDLZXX": ["LINESTRING (60 0, 60 100)"]}, finds=1),
        RuleExample("a blue line that ends in the river", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "170100"}], "ZXCQCSLX": [WEST_THIRD_WKT]}, finds=1),
        RuleExample("parks without green lines", {"planned_use": [{"wkt": "POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))", "land_use": "140100"}], "ZXCQCSLVX": []}, finds=1),
        RuleExample("a river without a layer of blue lines", {"planned_use": [{"wkt": WIDE_WKT, "land_use": "170100"}]}, finds=1, areas=(20000.0,)),
        RuleExample("a factory in a special zone", {"planned_use": [{**HOUSING, "land_use": "100100"}], "centre_zones": _make_zone("430")}, finds=1),
        RuleExample("fields called housing in the base year", {"planned_use": [{**HOUSING, "JQDLDM": "070100"}, {**HOUSING, "wkt": EAST_SQUARE_WKT, "JQDLDM": "010300"}],
                "ZXCQXZYDYH": [{"wkt": SQUARE_WKT, "land_use": "010300"}, {"wkt": EAST_SQUARE_WKT, "land_use": "010200"}]}, finds=1, areas=(10000.0,)),
        RuleExample("a present park and a school become flats and shops: one finding for each class", {"planned_use": [{"wkt": WIDE_WKT, "land_use": "070100"},
                {"wkt": FAR_LARGE_WKT, "land_use": "090100"}], "ZXCQXZYDYH": [{"wkt": FAR_LARGE_WKT, "land_use": "080400"},
                {"wkt": WIDE_WKT, "land_use": "140100"}]}, finds=2, areas=(20000.0, 20000.0)),
        RuleExample("a school among shops", {"planned_use": [{**HOUSING, "land_use": "090100"}], "ZXCQGGFWSSD": [SCHOOL]}, finds=1),
        RuleExample("housing in an industrial zone", {"planned_use": [HOUSING], "centre_zones": _make_zone("414")}, finds=1),
        RuleExample("a field's zone is built on", {"planned_use": [HOUSING], "centre_zones": _make_zone("300")}, finds=1),
        RuleExample("two hectares of housing in a large park", {"planned_use": [{"wkt": "POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))", "land_use": "070100"},
                {"wkt": "POLYGON ((200 0, 800 0, 800 100, 200 100, 200 0))", "land_use": "140100"}],
                "ZXCQCSLVX": ["POLYGON ((0 0, 800 0, 800 100, 0 100, 0 0))"]}, finds=1, areas=(20000.0,)),
        RuleExample("housing in the park", {"planned_use": [HOUSING], "ZXCQCSLVX": [SQUARE_WKT]}, finds=1),
        RuleExample("a third of the shops, the rest flats", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "090100"}],
                "centre_zones": _make_zone("413")}, finds=1),
    ],
    passes=[
        RuleExample("a street on its land", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "120700"}],
                "ZXCQDLZXX": ["LINESTRING (15 0, 15 100)", "LINESTRING (0 50, 40 50)"]}),
        RuleExample("a street in a gap of the planned land", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": "POLYGON ((0 0, 10 0, 10 100, 0 100, 0 0))", "land_use": "120700"}],
                "ZXCQDLZXX": ["LINESTRING (20 0, 20 100)"]}),
        RuleExample("no streets are drawn as land", {"planned_use": [HOUSING], "ZXCQDLZXX": ["LINESTRING (60 0, 60 100)"]}),
        RuleExample("base-year classes of the present land, codes of the survey", {"planned_use": [{**HOUSING, "JQDLDM": "010200"}, {**HOUSING, "wkt": EAST_SQUARE_WKT, "JQDLDM": "0702"}],
                "ZXCQXZYDYH": [{"wkt": SQUARE_WKT, "land_use": "010300"}, {"wkt": EAST_SQUARE_WKT, "land_use": "010200"}]}),
        RuleExample("the base-year class is the largest of three", {"planned_use": [{**HOUSING, "JQDLDM": "010300"}], "ZXCQXZYDYH": [
                {"wkt": "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "land_use": "010300"}, {"wkt": "POLYGON ((40 0, 70 0, 70 100, 40 100, 40 0))", "land_use": "020100"},
                {"wkt": "POLYGON ((70 0, 100 0, 100 100, 70 100, 70 0))", "land_use": "030100"}]}),
        RuleExample("present land with codes of the survey", {"planned_use": [{**HOUSING, "JQDLDM": "100100"}], "ZXCQXZYDYH": [{"wkt": SQUARE_WKT, "land_use": "0601"}]}),
        RuleExample("a park in a special zone, a small part of a park for houses", {"planned_use": [{"wkt": WEST_THIRD_WKT, "land_use": "140100"}, {"wkt": EAST_REST_WKT, "land_use": "020100"}, {**HOUSING, "wkt": EAST_SQUARE_WKT}],
                "ZXCQXZYDYH": [{"wkt": "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))", "land_use": "140100"}], "centre_zones": _make_zone("430")}),
        RuleExample("a pond next to the line", {"planned_use": [{"wkt": EAST_REST_WKT, "land_use": "170400"}, {"wkt": WEST_THIRD_WKT, "land_use": "170100"}],
                "ZXCQCSLX": [WEST_THIRD_WKT]}),
        RuleExample("a river beyond the boundary", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "170100"}], "ZXCQCSLX": [WEST_THIRD_WKT],
                "boundary": [WEST_THIRD_WKT]}),
        RuleExample("a school on school land", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "080400"}], "ZXCQGGFWSSD": [SCHOOL]}),
        RuleExample("housing with a school", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "080400"}],
                "centre_zones": _make_zone("411")}),
        RuleExample("streets are everywhere", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "120700"}], "centre_zones": _make_zone("414")}),
        RuleExample("a park is green", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "140100"}], "ZXCQCSLVX": [SQUARE_WKT]}),
        RuleExample("a reserve for later", {"planned_use": [HOUSING], "centre_zones": _make_zone("418")}),
    ],
)  # fmt: skip
def planned_use_against_zones(
    planned_use: Layer, centre_zones: Layer | None, boundary: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """The planned land use agrees with the zones and lines of the central urban area.

    What it checks
        Every zone of 中心城区规划分区: of the planned land use (规划用地用海) in it, without streets, utilities and open space, at
        least `zones.min_zone_share` is of the classes of that zone. Every green, blue and yellow line (城市绿线, 蓝线, 黄线):
        at least `zones.min_line_share` of the planned land use in it is of the classes of that line, and at most
        `zones.max_other_use_m2` is of others (without streets, utilities and open space). A blue or green line that
        meets a parcel of planned water or green land (`zones.covered_classes`) covers `zones.min_covered_share` of its
        part in the development boundary; a layer of these lines that is missing or has no features, if such land is
        planned. Points of facilities (`zones.facility_classes`: schools, hospitals) are not on land that cannot serve
        them. Street axes (`zones.road_classes`) with more than `zones.max_off_road_share` of their length on planned
        land for other uses, as information. The class of the base year (`zones.base_year_fields`: JQDLDM) of a planned
        parcel is the main class of the present land use below it. As information: present parks, schools, hospitals …
        (`zones.given_up_uses`) planned for housing, business or industry, with their sum by class.
    Why
        Zones and land use are drawn by different hands; a detailed plan follows both, and cannot if they contradict.
    How to fix
        Determine which is right by the approved plan's map, and correct the other: code of zone or land use, or the
        outline of the line. If present land was approved to be given up, waive the finding and give the document.
    Limits
        The classes of zones, lines and facilities (`zones.zone_classes`, `zones.line_classes`, `zones.covered_classes`,
        `zones.facility_classes`) and the shares are settings of mark C. Classes of the base year are compared only as
        whole codes of the land-use list, from `zones.max_other_base_share` of a parcel on. Zones without a line there,
        such as 战略预留区, are not compared. REL038 reports planned building on permanent basic farmland, REL011 zones of
        two layers. Runs by default for a whole county (scope county), else if the rule or its group centre is selected.
    """
    result = RuleResult(is_applicable=False)
    if centre_zones is not None and centre_zones.has_values("zone_code"):
        result.add_applicable(_report_zones_with_other_uses(centre_zones, planned_use, ctx))
    limit = float(ctx.norm.get("zones.min_line_share"))
    for concept, *classes in read_setting_words(ctx.norm, "zones.line_classes", 1):
        line = find_usable_layer_or_note_reason(concept, ctx, result)
        if line is None or line.template.geometry != "polygon":
            continue
        result.is_applicable = True
        uses = list(_find_other_uses(line, np.ones(len(line), dtype=bool), planned_use, classes, [], limit, ctx))
        for finding in uses:
            finding.case = "line"
        reported_keys = {finding.key for finding in uses}
        large_uses = _find_large_other_uses(line, planned_use, classes, ctx)
        result.findings += [*uses, *(one for one in large_uses if one.key not in reported_keys)]
    for concept, *classes in read_setting_words(ctx.norm, "zones.covered_classes", 1):
        line = ctx.plan.find_layer_of_concept(concept)
        is_declared = concept in ctx.norm.profile.absent or ctx.plan.find_unusable_layer(concept) is not None
        if line is None and not ctx.is_edit_check and not is_declared:
            missing_role = ctx.plan.list_roles_of_concept(concept)[0]
            result.findings += report_planned_land_without_line(
                "no_layer", planned_use.role, missing_role, classes, planned_use, ctx
            )
            result.is_applicable = result.is_applicable or bool(result.findings)
        elif line is not None and line.template.geometry == "polygon":
            result.add_applicable(
                find_land_cut_by_line(line, classes, planned_use, boundary, ctx)
                if len(line)
                else report_planned_land_without_line("empty", line.role, planned_use.role, classes, planned_use, ctx)
            )
    for role, facility_words, *classes in read_setting_words(ctx.norm, "zones.facility_classes", 3):
        points = find_usable_layer_or_note_reason(role, ctx, result)
        if points is not None and points.has_field("feature_name"):
            result.add_applicable(
                find_facilities_on_other_land(points, facility_words.split("|"), classes, planned_use, ctx)
            )
    for role, *classes in read_setting_words(ctx.norm, "zones.road_classes", 1):
        lines = find_usable_layer_or_note_reason(role, ctx, result)
        if lines is not None and lines.template.geometry == "line":
            result.add_applicable(find_lines_off_roads(lines, classes, planned_use, ctx))
    report_changes_of_present_use(ctx, result)
    return result


def _find_large_other_uses(line: Layer, planned_use: Layer, classes: list[str], ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding for each row of a line with much planned land use of other classes.

    Streets, utilities and open space (`zones.neutral_classes`) do not count.
    """
    limit = float(ctx.norm.get("zones.max_other_use_m2"))
    is_other = ~ctx.find_rows_with_code(planned_use, "land_use", [*classes, *ctx.norm.get("zones.neutral_classes")])
    pieces = ctx.geometry.find_shared_pieces(line, planned_use, right_rows=is_other)
    areas = np.bincount(pieces.left, ctx.geometry.compute_piece_areas(pieces, line, planned_use), minlength=len(line))
    uses = planned_use.text("land_use")
    for row in np.flatnonzero(areas > limit).tolist():
        is_in_row = pieces.left == row
        use_row = find_row_of_largest_piece(pieces, is_in_row)
        yield ctx.make_row_finding(
            line,
            row,
            case="other_use",
            params={
                "limit": limit,
                "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
                "value": uses[use_row],
                "shown": {"value": format_code_with_name(planned_use, "land_use", uses[use_row], ctx)},
            },
            geometry=ctx.geometry.unite_shapes(pieces.geometry[is_in_row]),
            area_m2=float(areas[row]),
            related_role=planned_use.role,
            related_keys=[planned_use.keys[use_row]],
        )


def _find_other_uses(
    layer: Layer,
    rows: NDArray,
    planned_use: Layer,
    classes: list[str],
    left_out: list[str],
    limit: float,
    ctx: RuleContext,
) -> Iterator[Finding]:
    """Yield a finding for each row with less than ``limit`` of its planned land use in some classes.

    ``rows``: (n,) bool, the compared rows of the layer; ``left_out``: classes of land use that do not count.
    """
    if not rows.any():
        return
    parts = ctx.geometry.find_shared_areas(
        layer, planned_use, left_rows=rows, right_rows=~ctx.find_rows_with_code(planned_use, "land_use", left_out)
    )
    is_expected = ctx.find_rows_with_code(planned_use, "land_use", classes)[parts.right]
    planned_areas = np.bincount(parts.left, parts.area, minlength=len(layer))
    expected = np.bincount(parts.left, parts.area * is_expected, minlength=len(layer))
    uses = planned_use.text("land_use")
    for row in np.flatnonzero((planned_areas > 0) & (expected < limit * planned_areas)).tolist():
        is_in_row = (parts.left == row) & ~is_expected
        if not is_in_row.any():
            continue
        use_row = find_row_of_largest_piece(parts, is_in_row)
        yield ctx.make_row_finding(
            layer,
            row,
            params={
                "percent": round_unlike_limit(100 * float(expected[row] / planned_areas[row]), 100 * limit),
                "limit": round(100 * limit, 2),
                "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
                "value": uses[use_row],
                "shown": {"value": format_code_with_name(planned_use, "land_use", uses[use_row], ctx)},
            },
            geometry=layer.plane_shapes[row],
            area_m2=float(layer.statutory[row]),
            related_role=planned_use.role,
            related_keys=[planned_use.keys[use_row]],
        )


def find_land_cut_by_line(
    line: Layer, classes: list[str], planned_use: Layer, boundary: Layer | None, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding for each parcel of some classes that a line covers only in part.

    A parcel is reported if the covered share of it is above 0 and below the setting `zones.min_covered_share`. With a
    ``boundary``, only the land of the parcel inside the boundary counts.
    """
    covered_pieces = ctx.geometry.find_shared_pieces(
        planned_use, line, left_rows=ctx.find_rows_with_code(planned_use, "land_use", classes)
    )
    covered_areas = np.bincount(covered_pieces.left, covered_pieces.area, minlength=len(planned_use))
    areas, is_met = planned_use.plane_areas, covered_areas > 0
    if boundary is not None and is_met.any():
        inside = ctx.geometry.find_shared_areas(planned_use, boundary, left_rows=is_met)
        areas = np.bincount(inside.left, inside.area, minlength=len(planned_use))
    limit = float(ctx.norm.get("zones.min_covered_share"))
    for row in np.flatnonzero(is_met & (covered_areas < limit * areas)).tolist():
        value = planned_use.text("land_use")[row]
        yield ctx.make_row_finding(
            line,
            find_row_of_largest_piece(covered_pieces, covered_pieces.left == row),
            case="cut",
            params={
                "percent": round(100 * float(covered_areas[row] / areas[row]), 2),
                "limit": round(100 * limit, 2),
                "value": value,
                "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
            },
            geometry=planned_use.plane_shapes[row],
            related_role=planned_use.role,
            related_keys=[planned_use.keys[row]],
            by_place=True,
        )


def report_planned_land_without_line(
    case: str, role: str, related_role: str, classes: list[str], planned_use: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on planned land of some classes, if its area reaches `zones.min_described_m2`."""
    rows = ctx.find_rows_with_code(planned_use, "land_use", classes)
    area = float(planned_use.statutory[rows].sum())
    if area >= float(ctx.norm.get("zones.min_described_m2")):
        yield Finding(
            role,
            related_role=related_role,
            case=case,
            params={
                "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
                "count": int(rows.sum()),
            },
            area_m2=area,
            geometry=ctx.geometry.unite_shapes(planned_use.plane_shapes[rows]),
        )


def find_facilities_on_other_land(
    points: Layer, words: list[str], classes: list[str], planned_use: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding for each point with one of the words in its name on planned land of some classes."""
    planned_rows = find_containing_rows(points, planned_use, ctx)
    is_wrong = ctx.find_rows_with_code(planned_use, "land_use", classes)
    feature_names = points.text("feature_name")
    for row in np.flatnonzero(take_containing_values(is_wrong, planned_rows, False)).tolist():
        if any(word in feature_names[row] for word in words):
            value = planned_use.text("land_use")[planned_rows[row]]
            yield ctx.make_row_finding(
                points,
                row,
                case="facility",
                params={
                    "name": feature_names[row],
                    "value": value,
                    "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
                },
                geometry=points.plane_shapes[row],
                related_role=planned_use.role,
                related_keys=[planned_use.keys[int(planned_rows[row])]],
            )


def find_lines_off_roads(lines: Layer, classes: list[str], planned_use: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding on the lines that are mostly on planned land of other classes than roads.

    Nothing is compared if no land is planned for roads.
    """
    is_road = ctx.find_rows_with_code(planned_use, "land_use", classes)
    if not is_road.any():
        return
    land = select_valid_polygons(planned_use)
    land[is_road] = None
    line, parcel = shapely.STRtree(land).query(lines.plane_shapes, predicate="intersects")
    off_lengths = shapely.length(shapely.intersection(lines.plane_shapes[line], land[parcel]))
    off_length = np.bincount(line, off_lengths, minlength=len(lines))
    limit = float(ctx.norm.get("zones.max_off_road_share"))
    rows = lines.sort_rows(np.flatnonzero(off_length > limit * np.nan_to_num(shapely.length(lines.plane_shapes))))
    if rows:
        yield ctx.make_row_finding(
            lines,
            rows[0],
            case="road",
            severity=Severity.INFO,
            params={
                "limit": round(100 * limit, 2),
                "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
                **make_row_list_params(lines, rows),
            },
            geometry=shapely.union_all(lines.plane_shapes[rows]),
            related_role=planned_use.role,
        )


#: Digits of a code that name the main class, and digits of a whole code of land use.
_CLASS_DIGITS, _CODE_DIGITS = 2, 6


def report_changes_of_present_use(ctx: RuleContext, result: RuleResult) -> None:
    """Add findings on planned land use that contradicts the present land use, or gives up public land."""
    for planned_role, field_name, present_role in read_setting_words(ctx.norm, "zones.base_year_fields", 3):
        planned_use = find_usable_layer_or_note_reason(planned_role, ctx, result)
        present_use = find_usable_layer_or_note_reason(present_role, ctx, result)
        if planned_use is None or present_use is None or not present_use.has_values("land_use"):
            continue
        result.add_applicable(_find_contradicted_base_classes(planned_use, field_name, present_use, ctx))
        for present_class, *planned_classes in read_setting_words(ctx.norm, "zones.given_up_uses", 2):
            is_present = ctx.find_rows_with_code(present_use, "land_use", [present_class])
            is_planned = ctx.find_rows_with_code(planned_use, "land_use", planned_classes)
            if not is_present.any() or not is_planned.any():
                continue
            pieces = ctx.geometry.find_shared_pieces(
                planned_use, present_use, left_rows=is_planned, right_rows=is_present, keep_slivers=True
            )
            pieces = ctx.geometry.remove_repeated_land(pieces, planned_use, present_use)
            area = float(ctx.geometry.compute_piece_areas(pieces, planned_use, present_use).sum())
            if area < float(ctx.norm.get("zones.min_given_up_m2")):
                continue
            planned_areas = np.bincount(pieces.left, pieces.area, minlength=len(planned_use))
            rows = list_largest_rows_first(planned_use, planned_areas > 0, planned_areas)
            value = planned_use.text("land_use")[rows[0]]
            row_params = make_row_list_params(planned_use, rows)
            present_rows = present_use.sort_rows(np.unique(pieces.right))[:MAX_SHOWN_FIDS]
            result.findings.append(
                ctx.make_row_finding(
                    planned_use,
                    rows[0],
                    case="given_up",
                    severity=Severity.INFO,
                    params={
                        "expected": join_code_names_of_field(present_use, "land_use", [present_class], ctx),
                        "value": value,
                        **row_params,
                        "shown": {
                            **row_params["shown"],
                            "value": format_code_with_name(planned_use, "land_use", value, ctx),
                        },
                    },
                    area_m2=area,
                    geometry=ctx.geometry.unite_shapes(pieces.geometry),
                    related_role=present_use.role,
                    # Findings on several classes differ in their related keys.
                    related_keys=[present_use.keys[row] for row in present_rows],
                )
            )


def _find_contradicted_base_classes(
    planned_use: Layer, field_name: str, present_use: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on planned parcels that state another class of the base year than the present land has.

    ``field_name``: the field with the stated class. Main classes are compared, and only whole codes of the list of land
    use.
    """
    values, present_codes = planned_use.get_texts_by_name(field_name), present_use.text("land_use")
    stated, present = _read_main_classes(values, planned_use, ctx), _read_main_classes(present_codes, present_use, ctx)
    if not (stated != "").any():
        return
    parts = ctx.geometry.find_shared_areas(planned_use, present_use, left_rows=stated != "", right_rows=present != "")
    is_other = stated[parts.left] != present[parts.right]
    areas = np.bincount(parts.left, parts.area, minlength=len(planned_use))
    other_areas = np.bincount(parts.left, parts.area * is_other, minlength=len(planned_use))
    limit = float(ctx.norm.get("zones.max_other_base_share"))
    # Land of several classes is stated as the largest of them.
    names, name_of_part = np.unique(present[parts.right].astype(str), return_inverse=True)
    area_by_class = np.zeros((len(planned_use), len(names)))
    np.add.at(area_by_class, (parts.left[is_other], name_of_part[is_other]), parts.area[is_other])
    largest_other_areas = area_by_class.max(axis=1, initial=0.0)
    is_wrong = (areas > 0) & (other_areas > limit * areas) & (largest_other_areas > areas - other_areas)
    if not is_wrong.any():
        return
    rows = list_largest_rows_first(planned_use, is_wrong, other_areas)
    is_of_largest_class = name_of_part.ravel() == area_by_class[rows[0]].argmax()
    present_row = find_row_of_largest_piece(parts, (parts.left == rows[0]) & is_of_largest_class)
    value, present_value = values[rows[0]], present_codes[present_row]
    row_params = make_row_list_params(planned_use, rows)
    yield ctx.make_row_finding(
        planned_use,
        rows[0],
        case="base",
        field=field_name,
        params={
            "value": value,
            "present": present_value,
            **row_params,
            "shown": {
                **row_params["shown"],
                "value": format_code_with_name(planned_use, "land_use", value, ctx),
                "present": format_code_with_name(present_use, "land_use", present_value, ctx),
            },
        },
        area_m2=float(np.nansum(planned_use.statutory[rows])),
        geometry=ctx.geometry.unite_shapes(planned_use.plane_shapes[rows[:MAX_SHOWN_FIDS]]),
        related_role=present_use.role,
        related_keys=[present_use.keys[present_row]],
    )


def _read_main_classes(codes: list[str], layer: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) the main class of each code; empty unless the layer's list of land use has the whole code.

    Codes of the land survey have other meanings.
    """
    template_field = layer.template.find_field("land_use")
    if template_field is None or not template_field.codes:
        return np.full(len(codes), "", dtype=object)
    known_codes = ctx.get_code_list(template_field.codes).entry_by_code
    return np.array(
        [
            code[:_CLASS_DIGITS]
            if len(code) == _CODE_DIGITS and trim_code_padding(code, template_field.code_pad) in known_codes
            else ""
            for code in codes
        ],
        dtype=object,
    )
