# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on planned building land and on facilities in protected land."""

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.heritage_sites import PART_SETTINGS
from ...figures.indicators.land_use import find_rows_of_classes
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import put_in_brackets
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._excluded_places import (
    CORE_SETTINGS,
    HEIGHTS_SETTING,
    PLACES_SETTING,
    FacilityParts,
    ReportedParts,
    find_core_rows_or_note_reason,
    find_facility_parts,
    report_excluded_places,
    report_facility_parts,
    report_high_zones,
)
from .._places import (
    CONTROL_LINE_OVERLAPS,
    EAST_SQUARE_WKT,
    OVERLAPPING_WKT,
    SQUARE_WKT,
    find_construction_land_rows,
    find_usable_layer_or_note_reason,
    record_codes,
    record_codes_of_pairs,
)


@rule(
    "REL038",
    "planned-building-in-protected-land",
    problem="Planned building land is in permanent basic farmland, in the red line or on a river or lake",
    overlaps_first=dict.fromkeys(("farmland", "red_line"), CONTROL_LINE_OVERLAPS),
    local=True,
    basis=["order-17", "three-line-rules-2022", "water-management"],
    needs={
        "planned_use": LayerNeed("planned_use", fields=("land_use",), optional=True),
        "county_use": LayerNeed("county_use", fields=("land_use",), optional=True),
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "parcels": LayerNeed("parcels", fields=("land_use",), optional=True),
    },
    uses=[
        "tolerance", "protected.water_classes", "protected.water_building_classes", "protected.min_water_m2",
        "protected.min_water_width_m",
    ],
    may_use=["farmland.construction_classes"],
    messages={
        "farmland": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} ({net}, "
        "width {width} m). {overlaps_first}First compare the farmland with the approved result, and restore an edge that is drawn "
        "wrongly. If it is right, plan the building elsewhere, or correct the code of land use if it is wrong. If the "
        "occupation is approved, remove the occupied land from the farmland by the document, supplement it, and check "
        "again.",
        "red_line": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "(width {width} m), where only the listed limited activities are allowed. {overlaps_first}First compare the line with the "
        "approved result, and restore an edge that is drawn wrongly. If it is right, plan the building elsewhere, or "
        "correct the code of land use if it is wrong; for a listed activity, waive the finding and give the document that approved it.",
        "farmland_narrow_place": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} ({net}) "
        "in a strip {width} m wide. {overlaps_first}The edges are probably not snapped. First compare the farmland with the "
        "approved result, and restore an edge that differs. If it is right, move the edge of the planned land back to it and snap "
        "it there; no farmland needs to be supplemented. If the occupation is approved, remove the occupied land from the "
        "farmland by the document, supplement it, and check again.",
        "red_line_narrow_place": "{layer} ({key}): planned construction land “{value}” ({related_layer} {related_key}) covers {area} "
        "in a strip {width} m wide, where only the listed limited activities are allowed. {overlaps_first}The edges are probably "
        "not snapped. First compare the line with the approved result, and restore an edge that differs. If it is right, move the "
        "edge of the planned land back to it and snap it there; for a listed activity, waive the finding and give the document "
        "that approved it.",
        "water": "{layer} ({key}), planned as “{value}”, has {area} (width {width} m) on water: {related_layer} "
        "{related_key} is “{present}”. First compare class and outline with the survey, and correct them if they are "
        "wrong; if they are right, plan the building elsewhere; if the water is to be moved with approval, waive the "
        "finding and give the document of that approval.",
    },
    fails=[
        RuleExample("a planned yard on the field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]},
                finds=1, areas=(1000.0,)),
        RuleExample("in both lines", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT], "red_line": [EAST_SQUARE_WKT]},
                finds=2, areas=(1000.0, 9000.0)),
        RuleExample("houses in the river", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1101"}]},
                finds=1, areas=(1000.0,)),
        RuleExample("a factory in a reservoir, in the county's planned land use", {"county_use": [{"wkt": OVERLAPPING_WKT, "land_use": "100100"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "170300"}]}, finds=1, areas=(1000.0,), roles={"parcels": "XZYDYH"}),
    ],
    passes=[
        RuleExample("a field remains a field", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "010300"}], "farmland": [SQUARE_WKT]}),
        RuleExample("a road on the field, in the county's planned land use", {"county_use": [{"wkt": OVERLAPPING_WKT, "land_use": "120200"}], "farmland": [SQUARE_WKT]}),
        RuleExample("next to it", {"planned_use": [{"wkt": EAST_SQUARE_WKT, "land_use": "070100"}], "farmland": [SQUARE_WKT]}),
        RuleExample("no control line", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "070100"}]}),
        RuleExample("a street across the river", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "120700"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1101"}]}),
        RuleExample("a fish pond that will be built on", {"planned_use": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "1104"}]}),
        RuleExample("a bank drawn three metres off", {"planned_use": [{"wkt": "POLYGON ((97 0, 197 0, 197 300, 97 300, 97 0))", "land_use": "070100"}],
                "parcels": [{"wkt": "POLYGON ((0 0, 100 0, 100 300, 0 300, 0 0))", "land_use": "1101"}]}),
    ],
)  # fmt: skip
def planned_building_in_protected_land(
    planned_use: Layer | None = None,
    county_use: Layer | None = None,
    farmland: Layer | None = None,
    red_line: Layer | None = None,
    parcels: Layer | None = None,
    *,
    ctx: RuleContext,
) -> RuleResult:
    """Planned construction land keeps off permanent basic farmland, the red line, rivers and lakes.

    What it checks
        Every part of planned construction land of the centre (规划用地用海) that is in 永久基本农田, an error, or in
        生态保护红线, a warning. Every part of planned building land of the county in 永久基本农田, a warning. Every part
        of planned building land, of the centre or the county, on survey parcels of rivers, lakes and reservoirs
        (`protected.water_classes`): a warning.
    Why
        A plan must not provide for building on land that its own control lines protect, or in water; the detailed
        plans follow the planned land use.
    How to fix
        First compare the line with the approved result. If it is right, plan the building elsewhere, or correct the
        wrong code of land use; where the overlap is a narrow strip, move the edge of the planned land back to the line
        and snap it there. For an approved occupation, remove the land from the farmland by the document, supplement it,
        and check again.
    Limits
        [farmland] construction_classes (mark C) gives the classes of construction land,
        `protected.water_building_classes` (mark C) those compared with water: not streets, utilities and open space,
        which may cross it. Parts on water below `protected.min_water_m2` or narrower than
        `protected.min_water_width_m`, and ponds, are not reported. Existing buildings are compared by LAW014 and
        REL042, the development boundary by REL002 and REL003. Runs by default for a whole county (scope county), else
        if the rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    if planned_use is not None and (farmland is not None or red_line is not None):
        result.is_applicable = True
        is_construction = find_construction_land_rows(ctx, planned_use)
        for case, line, severity in (("farmland", farmland, Severity.ERROR), ("red_line", red_line, Severity.WARNING)):
            if line is not None:
                result.findings += _find_planned_building(case, planned_use, line, is_construction, severity, ctx)
        if not ctx.norm.is_confirmed("farmland.construction_classes"):
            result.unconfirmed.append("farmland.construction_classes")
    if county_use is not None and farmland is not None:
        result.is_applicable = True
        is_building = ctx.find_rows_with_code(county_use, "land_use", ctx.norm.get("protected.water_building_classes"))
        result.findings += _find_planned_building("farmland", county_use, farmland, is_building, Severity.WARNING, ctx)
    for layer in (planned_use, county_use):
        if layer is not None and parcels is not None:
            is_on_water = ctx.find_rows_with_code(layer, "land_use", ctx.norm.get("protected.water_building_classes"))
            pieces = ctx.geometry.find_shared_pieces(
                layer,
                parcels,
                left_rows=is_on_water,
                right_rows=find_rows_of_classes(parcels, ctx.norm.get("protected.water_classes"), ctx),
                keep_slivers=True,
            )
            pieces = pieces.select(
                (pieces.area >= float(ctx.norm.get("protected.min_water_m2")))
                & (pieces.width >= float(ctx.norm.get("protected.min_water_width_m")))
            )
            findings = ctx.make_pair_findings(
                layer,
                parcels,
                pieces,
                case="water",
                severity=Severity.WARNING,
                field=layer.get_field_name("land_use"),
            )
            record_codes_of_pairs(findings, pieces, layer, parcels, "land_use", "present", ctx)
            result.add_applicable(findings)
    return result


def _find_planned_building(
    case: str, planned_use: Layer, line: Layer, is_construction: NDArray, severity: Severity, ctx: RuleContext
) -> list[Finding]:
    """Return findings on the parts of a control line that are planned as construction land.

    ``is_construction``: (n,) bool, rows of ``planned_use``.
    """
    pieces = ctx.geometry.find_shared_pieces(line, planned_use, right_rows=is_construction)
    findings = ctx.make_pair_findings(
        line,
        planned_use,
        pieces,
        with_net_area=case == "farmland",
        case=case,
        severity=severity,
        field=planned_use.get_field_name("land_use"),
    )
    record_codes(findings, pieces.right, planned_use, "land_use", ctx)
    return findings


WIDE_WKT = "POLYGON ((0 0, 500 0, 500 100, 0 100, 0 0))"
EAST_WKT = "POLYGON ((400 0, 500 0, 500 100, 400 100, 400 0))"
DISTRICT = {"wkt": SQUARE_WKT, "feature_name": "某历史文化街区", "feature_kind": "21"}
CORE = {"wkt": SQUARE_WKT, "feature_name": "恒山自然保护区核心保护区"}
ROAD, PLANT = (
    {"wkt": "LINESTRING (-50 50, 800 50)", "feature_name": "高速公路"},
    {"wkt": "POINT (50 50)", "feature_name": "水厂"},
)


def _advise_on_facility(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on a facility: how to relocate it, exceptions, tunnels, and the features that contain it.

    They depend on its kind: a use of land, or a polygon, line or point. The features are keys and names, in brackets.
    """
    shown = finding.params.get("shown", {})
    kind = shown.get("kind", "unknown")
    if "sites" in shown:
        labelled_names = [(texts.make_key_label(key, fid), name) for key, fid, name in shown["sites"]["rows"]]
        labels = [
            texts.get("words", "site_and_name", key=label, name=name) if name else label
            for label, name in labelled_names
        ]
    else:
        # A result of an earlier version has the key of one feature and the names of all.
        fid = finding.params.get("related_fid")
        labels = [] if finding.case == "core" else [texts.make_key_label(key, fid) for key in finding.related_keys]
        if "site" in finding.params:
            labels.append(texts.get("words", "site_and_name", key="", name=finding.params["site"]).strip())
    exceptions = f"exceptions_{kind}" + ("_farmland" if (kind, finding.case) == ("line", "farmland") else "")
    return {
        "relocate": texts.get("words", f"relocate_{kind}"),
        "exceptions": texts.get("words", exceptions),
        "tunnel": texts.get("words", "tunnel_line") if kind in ("line", "unknown") else "",
        "sites": put_in_brackets(labels, shown["sites"]["count"] if "sites" in shown else len(labels), texts),
    }


@rule(
    "REL043",
    "facilities-in-protected-land",
    problem="Facilities or planned uses are in protected land",
    severity=Severity.WARNING,
    basis=["red-line-activities", "red-line-142", "order-17"],
    needs={
        "red_line": LayerNeed("red_line", optional=True),
        "reserves": LayerNeed("reserves", reads=("feature_name",), optional=True),
        "farmland": LayerNeed("farmland", optional=True),
    },
    uses=[
        *PART_SETTINGS, *CORE_SETTINGS, "protected.facility_layers", "protected.min_facility_m", "protected.min_present_m2",
        PLACES_SETTING, HEIGHTS_SETTING,
    ],
    clauses=_advise_on_facility,
    messages={
        "core": "{layer} ({key}, “{name}”) is in the core zone{sites} ({related_layer}); the part there: {value} {unit}. Human "
        "activities are in principle excluded there. First compare with the plan's text, and correct a wrong or rough "
        "drawing. The present land use in the survey shows whether it exists. If it is newly planned, {relocate}; if it exists, "
        "state the withdrawal in the plan; if it is approved by law{tunnel}, waive the finding and give the approval "
        "document.",
        "red_line": "{layer} ({key}, “{name}”) is in {related_layer}{sites}, outside core zones; the part "
        "there: {value} {unit}. Only facilities that cannot avoid the line are allowed there. First compare with the "
        "plan's text, and correct a wrong drawing. The present land use in the survey shows whether it exists. If it is newly "
        "planned, {relocate}; if it cannot avoid the line, prove this in the plan, waive the finding and give the section; if "
        "it exists{exceptions}, waive the finding and give the approval document of that land use or "
        "construction or, without one, the section of the plan on it.",
        "farmland": "{layer} ({key}, “{name}”) is in {related_layer}{sites}; the part there: {value} "
        "{unit}. Only approved projects may occupy permanent basic farmland. First compare with the plan's text, and "
        "correct a wrong drawing. The present land use in the survey shows whether it exists. If it is newly planned and not "
        "approved, {relocate}; if it is approved, waive the finding and give the document of that approval; if it "
        "exists{exceptions}, waive the finding and give the approval document of that land use or "
        "construction or, without one, the section of the plan on it.",
        "place": "{layer} ({key}, “{name}”) is in {related_layer}{sites}; the part there: {value} "
        "{unit}. Such facilities and uses are in general not planned there. First compare with the plan's text, and "
        "correct a wrong drawing or use. The present land use in the survey shows whether it exists. If it is newly planned, "
        "{relocate}; if it must be there, justify it in the plan, ask the competent authority's opinion, waive the finding "
        "and give the opinion; if it exists{exceptions}, waive the finding and give the approval document of that land use or "
        "construction or, without one, the section of the plan on it.",
        "height": "{layer} ({key}, “{name}”) has {area} in {related_layer}{sites}, where "
        "buildings are in general not higher than {limit} m. Compare both with the approved protection plan, and "
        "correct outline or height; if the plan allows this height, waive the finding and give the document that approved it.",
    },
    approval_cases=("red_line", "farmland", "height", "place"),
    fails=[
        RuleExample("a motorway through the core zone", {"ZDJTJCSSX": [ROAD], "reserves": [CORE]}, finds=1),
        RuleExample("core zone, the rest of the red line, and fields", {"ZDJTJCSSX": [ROAD], "reserves": [CORE], "red_line": [WIDE_WKT],
                "farmland": ["POLYGON ((500 0, 900 0, 900 100, 500 100, 500 0))"]}, finds=3),
        RuleExample("water works in the core zone are not in the red line, too", {"ZDJCSSD": [PLANT], "reserves": [CORE], "red_line": [WIDE_WKT]}, finds=1),
        RuleExample("water works on a field", {"ZDJCSSD": [PLANT], "farmland": [SQUARE_WKT]}, finds=1),
        RuleExample("a station with an area", {"ZDJTJCSSM": [{"wkt": OVERLAPPING_WKT, "feature_name": "车站"}], "farmland": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("a road of two segments and one without a name", {"ZDJTJCSSX": [{**ROAD, "wkt": "LINESTRING (0 50, 200 50)"}, {**ROAD, "wkt": "LINESTRING (200 50, 400 50)"},
                {"wkt": "LINESTRING (0 20, 400 20)"}], "red_line": [WIDE_WKT]}, finds=2),
        RuleExample("a motorway through the core of a historic district", {"ZDJTJCSSX": [ROAD], "LSWHBHX": [{**DISTRICT, "wkt": WIDE_WKT}]}, finds=1),
        RuleExample("dangerous waste beside a temple, landfill in a flood detention area", {"ZDJCSSD": [{**PLANT, "feature_name": "危险废物处置场"}, {"wkt": "POINT (450 50)", "feature_name": "生活垃圾填埋场"}],
                "LSWHBHX": [{**DISTRICT, "feature_kind": "62"}], "XZHQ": [EAST_WKT]}, finds=2),
        RuleExample("a solar plant on protected fields, once for fields and reserve land", {"ZDJCSSM": [{"wkt": OVERLAPPING_WKT, "feature_name": "光伏电站"}], "GDBHMB": [SQUARE_WKT],
                "YJJBNTCBQ": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("an industrial control line in natural forest", {"GYYDKZX": [OVERLAPPING_WKT], "TRL": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("factories and houses planned on protected fields", {"GHYDYH": [{"wkt": OVERLAPPING_WKT, "land_use": "100100"}, {"wkt": EAST_WKT, "land_use": "070100"}],
                "GDBHMB": [WIDE_WKT]}, finds=1, areas=(20000.0,)),
        RuleExample("a factory planned in the core of a historic district", {"ZXCQGHYDYH": [{"wkt": OVERLAPPING_WKT, "land_use": "100100"}], "LSWHBHX": [DISTRICT]}, finds=1, areas=(1000.0,)),
        RuleExample("houses and boundary in a first-grade zone of a water source", {"ZXCQGHYDYH": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}], "CZKFBJ": [OVERLAPPING_WKT],
                "SYHYD": [{"wkt": SQUARE_WKT, "feature_name": "饮用水水源一级保护区"}]}, finds=2, areas=(1000.0, 1000.0)),
        RuleExample("high buildings in the core of a historic district", {"ZXCQJZGDFQ": [{"wkt": OVERLAPPING_WKT, "feature_name": "高度控制区（24—100米）"}], "LSWHBHX": [DISTRICT]}, finds=1, areas=(1000.0,)),
        RuleExample("an opencast mine planned on protected fields", {"KCZYKCBHX": [{"wkt": OVERLAPPING_WKT, "feature_name": "露天煤矿开采区"}], "GDBHMB": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("a mine in a core zone", {"XZKCZYFB": [{**PLANT, "feature_name": "煤矿"}], "reserves": [CORE], "red_line": [WIDE_WKT]}, finds=1),
    ],
    passes=[
        RuleExample("outside", {"ZDJTJCSSX": ["LINESTRING (0 150, 500 150)"], "ZDJCSSD": ["POINT (50 150)"], "reserves": [CORE], "red_line": [WIDE_WKT]}),
        RuleExample("along the edge", {"ZDJTJCSSX": ["LINESTRING (0 0, 500 0)"], "red_line": [WIDE_WKT]}),
        RuleExample("a corner cut by a rough line", {"ZDJTJCSSX": ["LINESTRING (-10 50, 10 -50, 30 50)"], "red_line": [SQUARE_WKT]}),
        RuleExample("low buildings in the core, high ones in the control zone", {"ZXCQJZGDFQ": [{"wkt": SQUARE_WKT, "feature_name": "12米高度控制区"}, {"wkt": EAST_WKT, "feature_name": "100米高度控制区"}],
                "LSWHBHX": [DISTRICT, {**DISTRICT, "wkt": EAST_WKT, "feature_kind": "22"}]}),
        RuleExample("no facilities", {"red_line": [WIDE_WKT]}),
        RuleExample("a road on protected fields, water works in a control zone", {"ZDJTJCSSX": [ROAD], "GDBHMB": [WIDE_WKT], "ZDJCSSD": [PLANT],
                "LSWHBHX": [{**DISTRICT, "feature_kind": "22"}]}),
        RuleExample("a park in the core of a historic district, fields on protected fields", {"ZXCQGHYDYH": [{"wkt": SQUARE_WKT, "land_use": "140100"}],
                "GHYDYH": [{"wkt": SQUARE_WKT, "land_use": "010300"}], "LSWHBHX": [DISTRICT], "GDBHMB": [SQUARE_WKT]}),
        RuleExample("houses in another zone of a water source", {"ZXCQGHYDYH": [{"wkt": SQUARE_WKT, "land_use": "070100"}], "SYHYD": [{"wkt": SQUARE_WKT, "feature_name": "二级保护区"}]}),
    ],
)  # fmt: skip
def facilities_in_protected_land(
    red_line: Layer | None, reserves: Layer | None, farmland: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """Facilities and planned uses avoid protected land.

    What it checks
        Points, lines and areas of the layers in `protected.facility_layers` (重大交通、重大基础设施) in the 核心保护区 of a 自然保护地, a
        warning; in the rest of 生态保护红线 and in 永久基本农田, as information. One finding for each name (MC) and line, with
        number, length or area. Also, as information, the facilities, mines and planned uses of
        `protected.excluded_places` in the places listed there: core zones of heritage, first-grade protection zones of
        water sources, cultivated land to be retained, natural forest, flood detention areas, with landfills and places
        of dangerous waste apart. One finding for each name and place, of planned land use for each place. Zones of
        building heights (`protected.height_limits`) whose name allows more metres than the limit in the place listed
        there.
    Why
        Core zones exclude human activities; in the red line and in permanent basic farmland only projects that cannot
        avoid them are allowed, after approval. A plan shows that it considered another route. The other places exclude
        certain facilities and uses by laws on heritage, water, forests and waste.
    How to fix
        Correct a wrong drawing. For what is newly planned, choose another place, route or use, or state in the plan why
        it cannot avoid the line; then waive the finding and give the section, the approval or the authority's opinion. For
        what exists by the survey's present land use, waive the finding and give its approval document or, without one,
        the section of the plan on it; in a core zone first state the withdrawal in the plan.
    Limits
        The layers do not show what exists and what is planned, nor what is above or below ground: their field tables
        were not read (mark C). Features of a name are one finding, those without a name another. Lines count from
        `protected.min_facility_m` on, areas from `protected.min_present_m2` on. The pairs of
        `protected.excluded_places` are of mark C; land that two places of one line share is reported for the first.
        REL038 compares planned land use with farmland, the red line and water. Runs by default for a whole county
        (scope county), else if the rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    is_core = np.zeros(0, dtype=bool)
    reported: ReportedParts = {}
    for role in ctx.norm.get("protected.facility_layers"):
        facilities = find_usable_layer_or_note_reason(str(role), ctx, result)
        if facilities is None or (red_line is None and reserves is None and farmland is None):
            continue
        if reserves is not None and not len(is_core):
            is_core = find_core_rows_or_note_reason(reserves, ctx, result)
        result.is_applicable = True
        in_core = FacilityParts(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0, dtype=object))
        if reserves is not None and is_core.any():
            in_core = find_facility_parts(facilities, reserves, ctx, line_rows=is_core)
            result.findings += report_facility_parts("core", facilities, reserves, in_core, ctx, Severity.WARNING)
            reported[facilities.role, reserves.role] = [in_core]
        for case, line in (("red_line", red_line), ("farmland", farmland)):
            if line is None:
                continue
            in_line = find_facility_parts(facilities, line, ctx)
            reported[facilities.role, line.role] = [in_line]
            parts = in_line.subtract(in_core) if case == "red_line" else in_line
            result.findings += report_facility_parts(case, facilities, line, parts, ctx, Severity.INFO)
    report_excluded_places(ctx, result, reported)
    report_high_zones(ctx, result)
    return result
