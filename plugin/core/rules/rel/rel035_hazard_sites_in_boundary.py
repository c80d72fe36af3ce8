# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...figures.indicators.townships import find_main_rows, list_townships_by_code
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params, read_setting_words
from .._places import (
    EAST_HALF_WKT,
    FAR_EAST_SQUARE_WKT,
    SQUARE_WKT,
    WEST_TOWNSHIP,
    find_usable_layer_or_note_reason,
    find_usable_layers,
    make_findings_of_pieces,
)

#: Layers of hazards without an area; the conflict matrix has those with an area. The other constant lists what must
#: avoid them.
HAZARD_ROLES = ("XZZRZHFXFBD", "XZZRZHFXFBX")
#: Layers of disaster prevention facilities, among them refuges, and areas of hazards that must not reach them.
REFUGE_ROLES = ("FZJZSSD", "FZJZSSM", "ZXCQFZJZSSD", "ZXCQFZJZSSM")
#: Areas of hazards that zones for building villages must not reach; floods are left to their line (HLFXKZX).
HAZARD_ROLES_OF_VILLAGE_ZONES = ("XZZRZHFXFBM", "ZHFXQ")
VILLAGE_ZONES_SETTING = "zones.village_building"


@rule(
    "REL035",
    "hazard-sites-in-boundary",
    problem="Hazards are within a building boundary or at a refuge",
    severity=Severity.WARNING,
    basis=["shanxi-plan-3", "conflict-practice"],
    needs={},
    uses=["tolerance", VILLAGE_ZONES_SETTING, "protected.township_facilities"],
    messages={
        "village": "The village building zone of {layer} ({key}) has {area} (width {width} m) in the hazard area "
        "{related_layer} ({related_key}); new homes must avoid geological hazards. First compare the hazard area "
        "with the hazard survey, and correct a wrong one; if it is right, move the zone back from it; if the hazard "
        "is treated or an assessment allows building there, leave the zone, and waive the finding with that document.",
        "point": "{layer} ({key}) is a geological hazard site in {related_layer} ({related_key}); construction must "
        "avoid geological hazards. First compare the site with the hazard survey, and correct a wrong place; if it "
        "is right, draw the boundary around the site; if an assessment allows building there, leave the boundary, "
        "and waive the finding with that document.",
        "refuge": "{layer} ({key}) is in the hazard area {related_layer} ({related_key}); refuges and other "
        "facilities for disaster prevention must be usable in a disaster. First check the place of the facility, and "
        "correct a wrong one; if it is right, plan the facility outside the hazard area; if an assessment allows "
        "this place, or the facility serves the hazard area itself, waive the finding with that document.",
        "without_facility": "{layer}: townships without a facility of this kind in {related_layer} ({words} in the "
        "name): {count} ({rows}{more}). First check their facilities: correct a name that does not state the use, "
        "draw a planned facility that is missing; if the plan serves these townships otherwise, waive the finding "
        "and give the document.",
        "line": "{layer} ({key}) is a geological hazard line that runs {length} m through {related_layer} "
        "({related_key}); construction must avoid geological hazards. First compare the line with the hazard survey, "
        "and correct a wrong one; if it is right, move the boundary back from the line; if an assessment allows "
        "building there, leave the boundary, and waive the finding with that document.",
    },
    approval_cases=("without_facility",),
    fails=[
        RuleExample("a landslide in the boundary", {"XZZRZHFXFBD": ["POINT (50 50)", "POINT (150 50)"], "CZKFBJ": [SQUARE_WKT]}, finds=1),
        RuleExample("a fault across it", {"XZZRZHFXFBX": ["LINESTRING (-50 50, 150 50)"], "CZKFBJ": [SQUARE_WKT]}, finds=1),
        RuleExample("in a village's boundary", {"XZZRZHFXFBD": ["POINT (50 50)"], "CZJSBJ": [SQUARE_WKT]}, finds=1, standard="township_db"),
        RuleExample("a village zone on a landslide", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "510"}], "XZZRZHFXFBM": [EAST_HALF_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("a refuge on a landslide", {"FZJZSSD": ["POINT (50 50)", "POINT (150 50)"], "XZZRZHFXFBM": [SQUARE_WKT]}, finds=1),
        RuleExample("all refuges in one of two townships", {"townships": [SQUARE_WKT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"],
                "FZJZSSD": [{"wkt": "POINT (50 50)", "feature_name": "避难场所1"}, {"wkt": "POINT (150 50)", "feature_name": "消防站"}]}, finds=1),
        RuleExample("a refuge that reaches into a flood storage area", {"ZXCQFZJZSSM": ["POLYGON ((90 0, 150 0, 150 100, 90 100, 90 0))"], "XZHQ": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,)),
    ],
    passes=[
        RuleExample("a zone of fields on a landslide", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "520"}], "XZZRZHFXFBM": [EAST_HALF_WKT]}),
        RuleExample("a refuge on the mainland serves the island", {"townships": [WEST_TOWNSHIP, {**WEST_TOWNSHIP, "wkt": FAR_EAST_SQUARE_WKT}],
                "FZJZSSD": [{"wkt": "POINT (50 50)", "feature_name": "避难场所"}]}),
        RuleExample("a refuge in each township; facilities without words", {"townships": [SQUARE_WKT], "FZJZSSD": [{"wkt": "POINT (50 50)", "feature_name": "避难场所"}]}),
        RuleExample("refuges of the centre alone", {"townships": [SQUARE_WKT], "ZXCQFZJZSSD": [{"wkt": "POINT (250 50)", "feature_name": "避难场所"}], "FZJZSSD": ["POINT (50 50)"]}),
        RuleExample("a refuge next to a hazard area", {"FZJZSSD": ["POINT (150 50)"], "XZZRZHFXFBM": [SQUARE_WKT]}),
        RuleExample("outside, and on the edge", {"XZZRZHFXFBD": ["POINT (150 50)", "POINT (100 50)"], "CZKFBJ": [SQUARE_WKT]}),
        RuleExample("in a window", {"XZZRZHFXFBD": ["POINT (50 50)"], "CZKFBJ": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}),
        RuleExample("along the edge", {"XZZRZHFXFBX": ["LINESTRING (0 0, 100 0)"], "CZKFBJ": [SQUARE_WKT]}),
        RuleExample("no such layers", {"CZKFBJ": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def hazard_sites_in_boundary(*, ctx: RuleContext) -> RuleResult:
    """Hazards are outside the boundaries of towns and villages, and away from refuges.

    What it checks
        现状自然灾害风险分布 as points and as lines: those inside 城镇开发边界 or 村庄建设边界, with the length
        inside. Windows (holes of the boundary) are outside. 防灾减灾设施 as points and areas: those inside 现状自然灾害
        风险分布 (areas), 灾害风险区, 蓄滞洪区 or 洪涝风险控制线. Zones for building villages (村庄建设区,
        `zones.village_building`) in 现状自然灾害风险分布 (areas) or 灾害风险区. As information: townships without a facility of
        `protected.township_facilities` (refuges), if the layers have any.
    Why
        The boundary avoids areas of high natural risk; a landslide or a fault inside it endangers buildings.
    How to fix
        Draw the boundary around the site, or cut a window; if the site remains inside, register the geological
        assessment. If the plan serves a township without a facility otherwise, waive the finding and give the document.
    Limits
        Every site in the layer counts, whatever its risk: its field table was not read (mark C). The distance to keep
        is not checked. REL010 checks hazards with an area. Facilities of every kind count, because their field table
        was not read. Runs by default for a whole county (scope county), else if the rule or its group control_lines is
        selected.
    """
    result = RuleResult(is_applicable=False)
    boundaries = find_usable_layers(("boundary", "CZJSBJ"), ctx, result)
    for hazard in find_usable_layers(HAZARD_ROLES, ctx, result):
        for boundary in boundaries:
            pieces_inside = ctx.geometry.find_point_line_pieces_inside(hazard, boundary)
            result.add_applicable(make_findings_of_pieces(hazard, boundary, pieces_inside, ctx))
    zones = find_usable_layer_or_note_reason("zones", ctx, result)
    if zones is not None and zones.has_field("zone_code"):
        is_village = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get(VILLAGE_ZONES_SETTING))
        for area in find_usable_layers(HAZARD_ROLES_OF_VILLAGE_ZONES if is_village.any() else (), ctx, result):
            pieces = ctx.geometry.find_shared_pieces(zones, area, left_rows=is_village)
            result.add_applicable(ctx.make_pair_findings(zones, area, pieces, case="village"))
    hazard_areas = find_usable_layers(("XZZRZHFXFBM", "ZHFXQ", "ZXCQZHFXQ", "XZHQ", "HLFXKZX"), ctx, result)
    for refuge in find_usable_layers(REFUGE_ROLES if hazard_areas else (), ctx, result):
        result.is_applicable = True
        for area in hazard_areas:
            if refuge.template.geometry == "polygon":
                result.findings += ctx.make_pair_findings(
                    refuge, area, ctx.geometry.find_shared_pieces(refuge, area), case="refuge"
                )
            else:
                pieces_inside = ctx.geometry.find_point_line_pieces_inside(refuge, area)
                result.findings += make_findings_of_pieces(refuge, area, pieces_inside, ctx, case="refuge")
    _report_townships_without_facility(result, ctx)
    return result


def _report_townships_without_facility(result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding on the townships without one of the facilities that a setting requires."""
    for concept, role_list, word_list, *further_roles in read_setting_words(
        ctx.norm, "protected.township_facilities", 3
    ):
        townships = find_usable_layer_or_note_reason(concept, ctx, result)
        roles, words = role_list.split("|"), word_list.split("|")
        layers = find_usable_layers(roles, ctx, result)
        if townships is None or ctx.is_edit_check or not any(_find_named_shapes(layer, words) for layer in layers):
            continue
        layers += find_usable_layers(further_roles, ctx, result)
        result.is_applicable = True
        facilities = np.array([shape for layer in layers for shape in _find_named_shapes(layer, words)], dtype=object)
        served_rows = shapely.STRtree(facilities).query(townships.plane_shapes, predicate="intersects")[0]
        _, township_of_row = list_townships_by_code(townships)
        unserved_townships = np.setdiff1d(township_of_row[townships.has_shape], township_of_row[served_rows])
        rows = townships.sort_rows(find_main_rows(townships, township_of_row)[unserved_townships])
        if not rows:
            continue
        params = {"words": "、".join(words), **make_row_list_params(townships, rows)}
        names = townships.text("feature_name" if townships.has_field("feature_name") else "division_name")
        for row_name, row in zip(params["shown"]["row_names"], rows, strict=False):
            row_name.append(names[row])
        result.findings.append(
            ctx.make_row_finding(
                townships,
                rows[0],
                case="without_facility",
                severity=Severity.INFO,
                params=params,
                geometry=ctx.geometry.unite_shapes(townships.plane_shapes[rows]),
                related_role=layers[0].role,
            )
        )


def _find_named_shapes(layer: Layer, words: list[str]) -> list[Any]:
    """Return the shapes of rows with one of the words in their name."""
    return [
        shape
        for shape, name in zip(layer.plane_shapes, layer.text("feature_name"), strict=True)
        if shape is not None and any(word in name for word in words)
    ]
