# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on permanent basic farmland that is protected otherwise, steep, fragmented or occupied."""

from collections.abc import Iterator

import numpy as np
import shapely

from ...base.errors import require_value
from ...engine.context import RuleContext, trim_code_padding
from ...geometry.polygons import assign_patch_numbers
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import describe_limit_origin
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._attributes import format_code_with_name
from .._excluded_places import CORE_SETTINGS, find_core_rows_or_note_reason
from .._places import (
    EAST_SQUARE_WKT,
    OVERLAPPING_WKT,
    SQUARE_WKT,
    find_construction_land_rows,
    find_limit_origin,
    record_codes,
)

CORE_NAME, CONTROL_ZONE_NAME = "恒山自然保护区核心保护区", "恒山自然保护区一般控制区"


@rule(
    "LAW011",
    "farmland-in-core-zone",
    problem="Permanent basic farmland is in a reserve's core zone",
    severity=Severity.WARNING,
    local=True,
    basis=["core-zone"],
    needs={"farmland": LayerNeed("farmland"), "reserves": LayerNeed("reserves", fields=("feature_name",))},
    uses=["tolerance", *CORE_SETTINGS],
    messages={
        "": "{layer} ({key}) has {area} ({net}, width {width} m) in the core zone “{site}” ({related_key}) of a nature "
        "reserve, from which permanent basic farmland must be withdrawn step by step. First compare both with the "
        "approved result and restore an edge that is drawn wrongly; if both are right, plan the withdrawal and "
        "supplement the land.",
    },
    fails=[
        RuleExample("half in the core zone", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CORE_NAME}]}, finds=1, areas=(1000.0,)),
        RuleExample("the part in brackets", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": "恒山自然保护区（核心保护区）"}]},
                finds=1, areas=(1000.0,)),
        RuleExample("two plots", {"farmland": [SQUARE_WKT, EAST_SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CORE_NAME}]}, finds=2,
                areas=(1000.0, 9000.0)),
    ],
    passes=[
        RuleExample("next to it", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": EAST_SQUARE_WKT, "feature_name": CORE_NAME}]}),
        RuleExample("in the general control zone", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": CONTROL_ZONE_NAME}]}),
        RuleExample("a reserve without parts", {"farmland": [SQUARE_WKT], "reserves": [{"wkt": OVERLAPPING_WKT, "feature_name": "恒山自然保护区"}]}),
    ],
)  # fmt: skip
def farmland_in_core_zone(farmland: Layer, reserves: Layer, *, ctx: RuleContext) -> RuleResult:
    """Permanent basic farmland is not in the core zone of a nature reserve.

    What it checks
        Every part of 永久基本农田 in the 核心保护区 of a 自然保护地, with its area and net area.
    Why
        Human activities are excluded from core zones; farmland there is withdrawn step by step and supplemented.
    How to fix
        If the farmland is real, plan its withdrawal and supplement equal net area and quality; otherwise correct the
        wrong line by its document.
    Limits
        Words at the end of the reserve's name (MC, [reserves] core_words) identify core zones. Ends of names that are
        missing in these words are listed; if one has a word of core_hints, the check is incomplete. The wording of the
        norm was not read (mark C), so this is a warning. REL010 reports farmland in other parts of a reserve. Runs by
        default for a whole county (scope county), else if the rule or its group farmland is selected.
    """
    result = RuleResult()
    core = find_core_rows_or_note_reason(reserves, ctx, result)
    result.is_applicable = bool(core.any())
    if not result.is_applicable:
        return result
    pieces = ctx.geometry.find_shared_pieces(farmland, reserves, right_rows=core)
    result.findings = ctx.make_pair_findings(farmland, reserves, pieces, with_net_area=True)
    site_names = reserves.text("feature_name")
    for finding, row in zip(result.findings, pieces.right.tolist(), strict=True):
        finding.params["site"] = site_names[row]
    return result


#: Code of terraces (梯田) in the list of kinds of cultivated land.
TERRACE_CODE = "TT"


@rule(
    "LAW012",
    "farmland-slope",
    problem="Permanent basic farmland is steeper than 25°",
    severity=Severity.WARNING,
    local=True,
    basis=["pbf-defects"],
    needs={"farmland": LayerNeed("farmland", fields=("slope_class",))},
    uses=["farmland.steep_classes"],
    messages={
        "": "{layer} ({key}): {field} = “{value}”, the land is steeper than 25° ({area}, {net}) and not suitable as "
        "permanent basic farmland. {terrace}First compare the class with the slope map and correct a wrong one. If it "
        "is right, compare with the approved result: if it keeps the parcel, waive the finding and give the reason; "
        "otherwise apply for an adjustment, remove the parcel and supplement it.",
    },
    fails=[
        RuleExample("steep", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "5"}]}, finds=1, areas=(10000.0,)),
        RuleExample("a county is stricter", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "4"}]}, finds=1,
                settings={"farmland.steep_classes": ["4", "5"]}),
    ],
    passes=[
        RuleExample("15° to 25°", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": "4"}]}),
        RuleExample("no value", {"farmland": [{"wkt": SQUARE_WKT, "slope_class": None}]}),
    ],
)  # fmt: skip
def farmland_slope(farmland: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """Permanent basic farmland is not steeper than 25°.

    What it checks
        耕地坡度级别 (GDPDJB) of each 永久基本农田 parcel: class 5 is steeper than 25°.
    Why
        Ploughed steep land erodes; it is a defect of 永久基本农田 that is corrected when lines are adjusted.
    How to fix
        Correct a wrong class by the slope map. If it is right and the approved result keeps the land, waive the
        finding and give the reason; otherwise remove the land and supplement it with equal net area and quality.
    Limits
        A setting ([farmland] steep_classes), C, lists the classes: the wording was not read. ATT018 and ATT002 check
        that the class is filled in and is in the list. Terraces (GDLX = TT) are reported too. Runs by default for a
        whole county (scope county), else if the rule or its group farmland is selected.
    """
    template_field = require_value(farmland.template.find_field("slope_class"), "the field of slope classes")
    steep_classes = set(ctx.norm.get("farmland.steep_classes"))
    classes, net = farmland.text("slope_class"), farmland.numbers("net_area")
    terraces = farmland.text("terrace")
    for row in np.flatnonzero(
        [trim_code_padding(value, template_field.code_pad) in steep_classes for value in classes]
    ).tolist():
        shape, shown = farmland.plane_shapes[row], {}
        if terraces[row] == TERRACE_CODE:
            shown = {"terrace_label": format_code_with_name(farmland, "terrace", TERRACE_CODE, ctx)}
        yield ctx.make_row_finding(
            farmland,
            row,
            field=template_field.name,
            params={"value": classes[row], "shown": shown},
            geometry=shape,
            area_m2=float(farmland.statutory[row]) if shape is not None else None,
            net_area_m2=float(net[row]) if np.isfinite(net[row]) else None,
        )


NEARBY_PATCH_WKT = "POLYGON ((103 0, 133 0, 133 30, 103 30, 103 0))"
TOUCHING_SMALL_WKTS = [
    "POLYGON ((200 0, 230 0, 230 30, 200 30, 200 0))",
    "POLYGON ((230 0, 260 0, 260 30, 230 30, 230 0))",
]


def _describe_patch(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return whether a patch of farmland is one parcel, or several, and what set the limit."""
    count = finding.params.get("count", 0)
    return {
        "patch": texts.get("words", "patch_alone" if count == 1 else "patch_of_several", count=count),
        **describe_limit_origin(finding, texts, templates),
    }


@rule(
    "LAW013",
    "farmland-fragments",
    problem="Permanent basic farmland is fragmented",
    severity=Severity.INFO,
    basis=["pbf-defects"],
    needs={"farmland": LayerNeed("farmland")},
    uses=["rules.LAW013"],
    clauses=_describe_patch,
    messages={
        "": "{layer} ({key}): {patch} {area_m2}, less than {limit} m². Such small patches are hard to protect. The "
        "limit is {limit_origin} (patch_area_m2), no national norm. {invalid_first}Compare the patch with the "
        "approved result: restore an edge that was drawn wrongly; if it is as approved, leave it for now, and waive "
        "the finding with the reason. When permanent basic farmland is next adjusted, include the fields around the "
        "patch, or replace it with connected cultivated land.",
    },
    fails=[
        RuleExample("alone", {"farmland": [SQUARE_WKT, "POLYGON ((200 0, 230 0, 230 30, 200 30, 200 0))"]}, finds=1, areas=(900.0,)),
        RuleExample("two small ones together are one patch", {"farmland": [SQUARE_WKT, *TOUCHING_SMALL_WKTS]}, finds=1, areas=(1800.0,)),
        RuleExample("across a ditch", {"farmland": [SQUARE_WKT, NEARBY_PATCH_WKT]}, finds=1, areas=(900.0,)),
    ],
    passes=[
        RuleExample("small, but part of a field", {"farmland": [SQUARE_WKT, "POLYGON ((100 0, 130 0, 130 30, 100 30, 100 0))"]}),
        RuleExample("a county accepts ditches within a patch", {"farmland": [SQUARE_WKT, NEARBY_PATCH_WKT]}, parameters={"reach_m": 5.0}),
        RuleExample("large enough together", {"farmland": TOUCHING_SMALL_WKTS}, parameters={"patch_area_m2": 1500.0}),
    ],
)  # fmt: skip
def farmland_fragments(
    farmland: Layer, *, ctx: RuleContext, patch_area_m2: float = 2000.0, reach_m: float = 0.01
) -> Iterator[Finding]:
    """Permanent basic farmland is not scattered in small patches.

    What it checks
        Patches of 永久基本农田: parcels that touch, or are within `reach_m` of each other. A patch below
        `patch_area_m2` is reported once, with all its parcels.
    Why
        Scattered small fields (零星破碎) are a defect that is corrected by merging or swapping; a small parcel inside a
        large field is not a defect.
    How to fix
        Merge the patch with neighbouring fields, or swap it for connected land when the lines are adjusted.
    Limits
        Both limits are settings (mark C): no text gives a figure. Parcels that meet at one corner count as touching.
        GEO007 checks the minimum area of a parcel. Does not run by default: select the rule or its group farmland.
    """
    area = farmland.statutory
    patch_of_row = assign_patch_numbers(farmland.polygons, area, reach_m, patch_area_m2, ctx.cancellation)
    patch_areas = np.bincount(patch_of_row, np.nan_to_num(area), minlength=len(farmland))
    net = farmland.numbers("net_area")
    has_polygon = np.zeros(len(farmland), dtype=bool)
    has_polygon[farmland.polygons.present] = True
    fragment_rows = np.flatnonzero(has_polygon & (patch_areas[patch_of_row] < patch_area_m2))
    fragment_rows = np.array(farmland.sort_rows(fragment_rows), dtype=int)
    fragment_rows = fragment_rows[np.argsort(patch_of_row[fragment_rows], kind="stable")]
    for rows in (
        np.split(fragment_rows, np.flatnonzero(np.diff(patch_of_row[fragment_rows])) + 1) if len(fragment_rows) else []
    ):
        shapes = farmland.plane_shapes[rows]
        yield ctx.make_row_finding(
            farmland,
            int(rows[0]),
            params={
                "count": len(rows),
                "limit": patch_area_m2,
                "shown": {
                    "has_invalid_shape": bool(farmland.invalid_rows[rows].any()),
                    "limit_origin": find_limit_origin("rules.LAW013.patch_area_m2", patch_area_m2, ctx),
                },
            },
            related_role=farmland.role if len(rows) > 1 else "",
            related_keys=[farmland.keys[n] for n in rows[1:].tolist()],
            geometry=shapes[0] if len(rows) == 1 else shapely.multipolygons(shapely.get_parts(shapes)),
            area_m2=float(patch_areas[patch_of_row[rows[0]]]),
            net_area_m2=float(net[rows].sum()) if np.isfinite(net[rows]).all() else None,
        )


@rule(
    "LAW014",
    "farmland-occupied",
    problem="Permanent basic farmland is built upon",
    local=True,
    basis=["order-17", "A8"],
    needs={"farmland": LayerNeed("farmland"), "parcels": LayerNeed("parcels", fields=("land_use",))},
    uses=["tolerance"],
    may_use=["farmland.construction_classes"],
    messages={
        "": "{layer} ({key}): parcel {related_key} of construction land “{value}” occupies {area} ({net}, width {width} "
        "m) of permanent basic farmland. First compare the parcel with the survey and correct a wrong code. If the "
        "code is right: with an approval document, supplement the land and correct the line by that document; "
        "without one, this is a matter of law enforcement and the land must be restored.",
    },
    fails=[
        RuleExample("a yard on the field", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": OVERLAPPING_WKT, "land_use": "0702"}]}, finds=1, areas=(1000.0,)),
        RuleExample("planned codes", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": OVERLAPPING_WKT, "land_use": "070100"}]}, finds=1, areas=(1000.0,),
                roles={"parcels": "XZYDYH"}),
        RuleExample("road and yard", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": OVERLAPPING_WKT, "land_use": "0601"}, {"wkt":
                "POLYGON ((0 0, 10 0, 10 100, 0 100, 0 0))", "land_use": "1003"}]}, finds=2, areas=(1000.0, 1000.0)),
    ],
    passes=[
        RuleExample("next to it", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": EAST_SQUARE_WKT, "land_use": "0702"}]}),
        RuleExample("a forest is no building", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": OVERLAPPING_WKT, "land_use": "0301"}]}),
        RuleExample("a farm road is no building", {"farmland": [SQUARE_WKT], "parcels": [{"wkt": OVERLAPPING_WKT, "land_use": "1006"}]}),
    ],
)  # fmt: skip
def farmland_occupied(farmland: Layer, parcels: Layer, *, ctx: RuleContext) -> RuleResult:
    """Permanent basic farmland is not built upon.

    What it checks
        Every part of 永久基本农田 on a parcel of construction land (建设用地), with the occupied net area: shared
        area ÷ area of the farmland parcel × its net area.
    Why
        永久基本农田 may not be occupied or change its use without approval; the occupied net area must be
        supplemented.
    How to fix
        With an approval: supplement equal net area and quality, and correct the line by the document. Without one:
        refer the case to enforcement and restore the land. Otherwise correct the parcel's code.
    Limits
        The survey's code list gives the classes of construction land (major class), for planned land use [farmland]
        construction_classes (mark C). When this rule runs, LAW010 does not report such parcels. REL002 reports planned
        building (开发边界). Runs by default for a whole county (scope county), else if the rule or its group farmland is
        selected.
    """
    pieces = ctx.geometry.find_shared_pieces(farmland, parcels, right_rows=find_construction_land_rows(ctx, parcels))
    findings = ctx.make_pair_findings(
        farmland, parcels, pieces, with_net_area=True, field=parcels.get_field_name("land_use")
    )
    record_codes(findings, pieces.right, parcels, "land_use", ctx)
    return RuleResult(
        findings=findings, unconfirmed=["farmland.construction_classes"] if parcels.template.role != "DLTB" else []
    )
