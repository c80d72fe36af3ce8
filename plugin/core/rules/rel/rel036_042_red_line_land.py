# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on land in the ecological red line: nature reserves, and present uses."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.heritage_sites import find_core_rows, read_site_names
from ...figures.indicators.areas import find_reserve_parts_and_names
from ...figures.indicators.land_use import find_rows_of_classes
from ...geometry.overlay_pieces import OverlayPieces, subtract_earlier_shapes
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import put_in_brackets
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._attributes import list_largest_rows_first, make_row_list_params, read_setting_words
from .._excluded_places import CORE_SETTINGS, find_core_rows_or_note_reason, join_site_names
from .._places import (
    CONTROL_LINE_OVERLAPS,
    EAST_SQUARE_WKT,
    OVERLAPPING_WKT,
    SQUARE_WKT,
    WIDE_WKT,
    WIDER_WKT,
    find_usable_layers,
    is_reported_elsewhere,
)

#: A parcel is left to another rule if more than this share of it is there; half of it up to rounding is not.
_LEFT_SHARE = 0.5 + 1e-6


@rule(
    "REL036",
    "reserves-in-red-line",
    problem="A reserve is outside the red line",
    severity=Severity.INFO,
    basis=["shanxi-plan-3", "reserve-checks"],
    needs={"reserves": LayerNeed("reserves", reads=("feature_name",)), "red_line": LayerNeed("red_line")},
    uses=["tolerance", "reserves.core_words", "reserves.part_words", "reserves.present_layers", "reserves.min_lost_m2"],
    messages={
        "": "{layer} ({key}, “{site}”) has {area} outside {related_layer} (width {width} m); nature reserves are "
        "normally in the ecological protection red line. Compare this land with the approved red line: if the "
        "approved line includes the land, correct the wrong edge; if the approved line excludes the land, waive the "
        "finding and give the document.",
        "core": "The core of a reserve in {layer} ({key}, “{site}”) has {area} outside {related_layer} (width "
        "{width} m); the ecological protection red line must include all cores. Compare both edges with the approved "
        "red line and the approved reserve, and correct the wrong edge; if the approved line excludes the land, "
        "waive the finding and give the document.",
        "lost": "{layer}: {area} of “{site}” is outside {related_layer} (parts: {count}), so the plan reduces "
        "present reserves. Compare both with the approved reorganisation of the reserves: add what is missing; if it "
        "was approved to leave, waive the finding and give the document.",
    },
    approval_cases=("", "lost"),
    fails=[
        RuleExample("a park reaches beyond", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某森林公园"}], "red_line": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,)),
        RuleExample("in whole and in parts: reported once", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某保护区"},
                {"wkt": SQUARE_WKT, "feature_name": "某保护区核心保护区"},
                {"wkt": "POLYGON ((100 0, 110 0, 110 100, 100 100, 100 0))", "feature_name": "某保护区一般控制区"}], "red_line": [SQUARE_WKT]},
                finds=1, areas=(1000.0,)),
        RuleExample("a present reserve that the plan reduces", {"XZZRBHDFB": [{"wkt": "POLYGON ((0 0, 400 0, 400 100, 0 100, 0 0))", "feature_name": "某保护区"}],
                "reserves": [{"wkt": SQUARE_WKT, "feature_name": "某保护区"}], "red_line": [SQUARE_WKT]}, finds=1, areas=(30000.0,)),
        RuleExample("a core outside", {"reserves": [{"wkt": WIDER_WKT, "feature_name": "某保护区核心保护区"}], "red_line": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,)),
    ],
    passes=[
        RuleExample("within", {"reserves": [{"wkt": SQUARE_WKT, "feature_name": "某保护区"}], "red_line": [WIDER_WKT]}),
        RuleExample("a present reserve drawn a little wider", {"XZZRBHDFB": [{"wkt": WIDER_WKT, "feature_name": "某保护区"}], "reserves": [SQUARE_WKT], "red_line": [SQUARE_WKT]}),
        RuleExample("within two pieces of the line", {"reserves": [WIDER_WKT], "red_line": [SQUARE_WKT,
                "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
    ],
)  # fmt: skip
def reserves_in_red_line(reserves: Layer, red_line: Layer, *, ctx: RuleContext) -> RuleResult:
    """Nature reserves are in the ecological red line.

    What it checks
        Connected parts of 自然保护地 outside 生态保护红线: a note; parts of a core (核心保护区): a warning. Also a
        note: parts of 现状自然保护地 (`reserves.present_layers`) outside 自然保护地, from `reserves.min_lost_m2` on, one
        finding for each layer.
    Why
        The reorganised reserves are included in the red line; a core outside it would lose its strictest protection.
    How to fix
        Copy the reserve's edge from the approved result. If the approved red line excludes the land, or the land was
        approved to leave the reserves, waive the finding and give the document.
    Limits
        Parks and scenic areas are often not completely in the line. Of a reserve with a row for the whole and rows for
        its parts, the parts are reported. Words at the end of the name (MC, `[reserves]`, mark C) identify cores and
        parts. Runs by default for a whole county (scope county), else if the rule or its group control_lines is
        selected.
    """
    reserve_names = read_site_names(reserves)
    is_core = find_core_rows(reserves, ctx.norm)
    is_part, site = find_reserve_parts_and_names(reserves, ctx)
    # If a reserve has rows for its parts, they are reported, and the whole is not reported again.
    pieces = ctx.geometry.find_uncovered_pieces(reserves, red_line, rows=is_part | ~np.isin(site, site[is_part]))
    result = RuleResult(findings=ctx.make_pair_findings(reserves, red_line, pieces, by_place=True))
    for finding, row in zip(result.findings, pieces.left.tolist(), strict=True):
        finding.params["site"] = reserve_names[row]
        if is_core[row]:
            finding.case, finding.severity = "core", Severity.WARNING
    for present_reserves in find_usable_layers(ctx.norm.get("reserves.present_layers"), ctx, result):
        if present_reserves.template.geometry != "polygon":
            continue
        pieces = ctx.geometry.find_uncovered_pieces(present_reserves, reserves, keep_slivers=True)
        pieces = pieces.select(pieces.area >= float(ctx.norm.get("reserves.min_lost_m2")))
        if not len(pieces):
            continue
        lost_land = ctx.geometry.unite_shapes(pieces.geometry)
        result.findings.append(
            Finding(
                present_reserves.role,
                related_role=reserves.role,
                case="lost",
                severity=Severity.INFO,
                params={
                    "site": join_site_names(present_reserves, pieces.left) or "—",
                    "count": int(shapely.get_num_geometries(lost_land)),
                },
                area_m2=float(ctx.geometry.measure_drawn_areas([lost_land]).sum()),
                geometry=lost_land,
            )
        )
    return result


CORE = {"feature_name": "恒山自然保护区核心保护区"}
#: Parcels that a message names, the largest first.
MOST_NAMED_PARCELS = 5
#: Features of the line that a message names, those with the largest parts first.
MOST_NAMED_LINE_ROWS = 3


def _make_land(wkt: str, land_use: str) -> dict[str, str]:
    """Return a parcel with a shape and a land use for an example."""
    return {"wkt": wkt, "land_use": land_use}


def _name_line_and_core_zones(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses ``line_rows``, ``core_note`` and ``core_first`` of REL042.

    They name the features of the red line in brackets, state whether land in core zones of nature reserves was
    excluded, and what to do first if core zones are not known.
    """
    shown = finding.params.get("shown", {})
    lines, zones = shown.get("line_rows"), shown.get("core_zones")
    first = ""
    if zones is None:
        note = texts.get("words", "core_zones_unknown")
    elif not zones["role"]:
        concept = texts.get_concept_name("reserves")
        note = texts.get("words", "core_zones_without_layer", concept=concept)
        first = texts.get("words", "core_first_without_layer", concept=concept)
    else:
        key = "core_zones_named" if zones["known"] else "core_zones_unnamed"
        layer = texts.make_layer_label(zones["role"], templates)
        note = texts.get("words", key, layer=layer)
        first = "" if zones["known"] else texts.get("words", "core_first_unnamed", layer=layer)
    names = [] if lines is None else [texts.make_key_label(key, fid) for key, fid in lines["names"]]
    return {
        "core_note": note,
        "core_first": first,
        "line_rows": put_in_brackets(names, lines["count"], texts) if lines else "",
    }


@rule(
    "REL042",
    "present-land-in-red-line",
    problem="Buildings, mines or fields are in the red line or in a reserve's core zone",
    overlaps_first={"red_line": CONTROL_LINE_OVERLAPS},
    severity=Severity.WARNING,
    basis=["red-line-activities", "red-line-142"],
    needs={
        "parcels": LayerNeed("parcels", fields=("land_use",)),
        "red_line": LayerNeed("red_line", optional=True),
        "reserves": LayerNeed("reserves", reads=("feature_name",), optional=True),
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
    },
    uses=["tolerance", *CORE_SETTINGS, "protected.present_classes", "protected.min_present_m2"],
    clauses=_name_line_and_core_zones,
    messages={
        "core": "{layer}: {area} of {group} is in the core zone “{site}” ({related_layer}; parcels: {count}, {which_rows}). "
        "Human activities are in principle excluded there. Compare the edge with the approved result and the land "
        "with the survey, and correct what is wrong. If both are right, state the withdrawal in the plan; for a "
        "permitted limited activity, waive the finding and give the document that approved it.",
        "red_line": "{layer}{line_rows}: {area} of {group} is in the line ({related_layer}; parcels: {count}, "
        "{which_rows}){core_note}. Only limited activities that do no harm to ecology are allowed there. "
        "{overlaps_first}{core_first}Compare the line with the approved result and the land with the survey, and correct what is wrong. "
        "If both are right: where the approved result keeps the {group}, waive the finding and give the document that "
        "approved the line; otherwise state the withdrawal in the plan, then waive the finding and give the document that "
        "approved the plan (before approval, the section of its text).",
    },
    approval_cases=("red_line",),
    fails=[
        RuleExample("a village in the red line", {"parcels": [_make_land(OVERLAPPING_WKT, "0702")], "red_line": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("half in the core zone", {"parcels": [_make_land(WIDE_WKT, "0601")], "red_line": [WIDE_WKT], "reserves": [{"wkt": SQUARE_WKT, **CORE}]}, finds=2,
                areas=(10000.0, 10000.0)),
        RuleExample("parcels that overlap in the core zone", {"parcels": [
                _make_land("POLYGON ((0 0, 100 0, 100 100, 60 100, 60 10, 30 10, 30 100, 0 100, 0 0))", "0601"),
                _make_land("POLYGON ((40 0, 150 0, 150 100, 40 100, 40 0))", "0601")], "red_line": [WIDE_WKT],
                "reserves": [{"wkt": "POLYGON ((40 20, 100 20, 100 100, 40 100, 40 20))", **CORE}]}, finds=2, areas=(4800.0, 9300.0)),
        RuleExample("a core zone without red line", {"parcels": [_make_land(SQUARE_WKT, "0103")], "reserves": [{"wkt": SQUARE_WKT, **CORE}]}, finds=1, areas=(10000.0,)),
        RuleExample("a mine and two houses: one finding for each kind of land", {"parcels": [_make_land("POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "0602"),
                _make_land("POLYGON ((40 0, 60 0, 60 100, 40 100, 40 0))", "0701"), _make_land("POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0))", "0702")],
                "red_line": [SQUARE_WKT]}, finds=2, areas=(4000.0, 6000.0)),
        RuleExample("a field of two parts, the small one on farmland", {"parcels": [_make_land("MULTIPOLYGON (((0 0, 100 0, 100 30, 0 30, 0 0)), ((0 40, 60 40, 60 100, 0 100, 0 40)))", "0103")], "farmland": ["POLYGON ((0 0, 100 0, 100 30, 0 30, 0 0))"], "red_line": ["POLYGON ((0 40, 60 40, 60 100, 0 100, 0 40))"]}, finds=1, areas=(3600.0,), parameters={"rules": ["REL001"]}),
        RuleExample("codes of the plan", {"parcels": [_make_land(SQUARE_WKT, "010300")], "red_line": [SQUARE_WKT]}, finds=1, areas=(10000.0,), roles={"parcels": "XZYDYH"}),
    ],
    passes=[
        RuleExample("next to it", {"parcels": [_make_land(SQUARE_WKT, "0702")], "red_line": [EAST_SQUARE_WKT], "reserves": [{"wkt": EAST_SQUARE_WKT, **CORE}]}),
        RuleExample("woods, a farm road and a motorway", {"parcels": [_make_land(SQUARE_WKT, "0301"), _make_land(EAST_SQUARE_WKT, "1006"),
                _make_land("POLYGON ((0 100, 200 100, 200 130, 0 130, 0 100))", "1003")], "red_line": ["POLYGON ((0 0, 200 0, 200 130, 0 130, 0 0))"]}),
        RuleExample("a strip below the limit", {"parcels": [_make_land("POLYGON ((99 0, 199 0, 199 100, 99 100, 99 0))", "0702")], "red_line": [SQUARE_WKT]}),
        RuleExample("neither red line nor core zone", {"parcels": [_make_land(SQUARE_WKT, "0702")], "reserves": [{"wkt": SQUARE_WKT, "feature_name": "恒山森林公园"}]}),
    ],
)  # fmt: skip
def present_land_in_red_line(
    parcels: Layer,
    red_line: Layer | None,
    reserves: Layer | None,
    farmland: Layer | None,
    cultivated: Layer | None,
    *,
    ctx: RuleContext,
) -> RuleResult:
    """Buildings, mines and fields in the red line and in core zones are known.

    What it checks
        Survey parcels of the classes in `protected.present_classes` (buildings, mines, cultivated land) in the
        核心保护区 of a 自然保护地, a warning, and in the rest of 生态保护红线, as information. One finding for each
        class and line, with area, number of parcels and the largest ones.
    Why
        Human activities are in principle excluded from core zones: what is there leaves step by step. Elsewhere in
        the red line only limited activities that do no harm to ecology are allowed. A plan states what stays and what
        leaves.
    How to fix
        Compare line and survey with the approved result. Correct the one that is wrong; if both are right, describe
        withdrawal or permitted use in the plan, waive the finding and give the document of approval (before approval of
        the plan, the section of its text).
    Limits
        The notice that lists permitted limited activities (自然资发〔2022〕142号) was not read: classes and limit are settings
        of mark C. Roads, utilities, open space and farm facilities are not compared. A parcel with less than
        `protected.min_present_m2` in the line does not count. Cultivated parcels mostly on 永久基本农田 or 耕地保护目标 are
        left to REL001, LAW011 and REL010 where these run. Runs by default for a whole county (scope county), else if
        the rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    is_core = np.zeros(0, dtype=bool) if reserves is None else find_core_rows_or_note_reason(reserves, ctx, result)
    if red_line is None and not is_core.any():
        return result
    result.is_applicable = True
    is_cultivated = ctx.find_cultivated_rows(parcels)
    for group, *classes in read_setting_words(ctx.norm, "protected.present_classes", 2):
        rows = find_rows_of_classes(parcels, classes, ctx)
        in_core = None
        if reserves is not None and is_core.any():
            in_core = _find_parts(reserves, parcels, is_core, rows, ctx)
            reported_parts = _leave_out_cultivated_parcels(in_core, parcels, is_cultivated, [(farmland, "LAW011")], ctx)
            result.findings += _report_large_parts("core", group, reserves, parcels, reported_parts, ctx)
        if red_line is not None:
            parts = _find_parts(red_line, parcels, None, rows, ctx)
            if in_core is not None:
                # Land in core zones is reported above, maybe for another parcel that has it, too.
                parts = _subtract_land(parts, in_core, ctx)
            reported_parts = _leave_out_cultivated_parcels(
                parts, parcels, is_cultivated, [(farmland, "REL001"), (cultivated, "REL010")], ctx
            )
            for finding in _report_large_parts("red_line", group, red_line, parcels, reported_parts, ctx):
                finding.params["shown"]["core_zones"] = {
                    "role": reserves.role if reserves is not None else "",
                    "known": bool(is_core.any()),
                }
                result.findings.append(finding)
    return result


def _find_parts(
    line: Layer, parcels: Layer, line_rows: NDArray | None, rows: NDArray, ctx: RuleContext
) -> OverlayPieces:
    """Return the parts that some parcels ((n,) bool) share with rows of a line (None: all rows)."""
    pieces = ctx.geometry.find_shared_pieces(line, parcels, left_rows=line_rows, right_rows=rows, keep_slivers=True)
    pieces = ctx.geometry.remove_repeated_land(pieces, line, parcels)
    return replace(pieces, area=ctx.geometry.compute_piece_areas(pieces, line, parcels))


def _subtract_land(parts: OverlayPieces, others: OverlayPieces, ctx: RuleContext) -> OverlayPieces:
    """Return parts without the land of other parts."""
    distinct = subtract_earlier_shapes(np.concatenate([others.geometry, parts.geometry]), ctx.cancellation)
    columns = (distinct.remaining_shapes, distinct.has_remainder, distinct.overlaps_other)
    shapes, has_remainder, is_changed = (column[len(others) :] for column in columns)
    areas = parts.area.copy()
    areas[is_changed] = ctx.geometry.measure_drawn_areas(shapes[is_changed])
    return replace(parts, geometry=shapes, area=areas).select(has_remainder)


def _leave_out_cultivated_parcels(
    parts: OverlayPieces,
    parcels: Layer,
    is_cultivated: NDArray,
    others: list[tuple[Layer | None, str]],
    ctx: RuleContext,
) -> OverlayPieces:
    """Return the parts without cultivated parcels that another rule of this run reports, by more than half.

    ``is_cultivated``: (n,) bool, the cultivated parcels; ``others``: pairs of the layer in which another rule reports
    such parcels (None if the plan has none) and the code of that rule.
    """
    for line, code in others:
        is_compared = is_cultivated & np.isin(np.arange(len(parcels)), parts.right)
        if line is not None and is_compared.any() and is_reported_elsewhere(ctx, code):
            # A point inside would not do: a parcel of several parts may have it on a small one.
            shared = ctx.geometry.find_shared_areas(parcels, line, left_rows=is_compared)
            shares = np.bincount(shared.left, shared.share, minlength=len(parcels))
            parts = parts.select(shares[parts.right] <= _LEFT_SHARE)
    return parts


def _report_large_parts(
    case: str, group: str, line: Layer, parcels: Layer, parts: OverlayPieces, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield one finding on all parts that reach the area `protected.min_present_m2`, if there are any.

    ``group``: name of the kind of land.
    """
    # Counted by parcel: whether parts are connected may depend on a vertex that two of them share.
    area_of_parcel = np.bincount(parts.right, parts.area, minlength=len(parcels))
    area_of_parcel[area_of_parcel < float(ctx.norm.get("protected.min_present_m2"))] = 0.0
    parts = parts.select(area_of_parcel[parts.right] > 0)
    if not len(parts.geometry):
        return
    largest_first = list_largest_rows_first(parcels, area_of_parcel > 0, area_of_parcel)
    params = {"group": group, **make_row_list_params(parcels, largest_first, MOST_NAMED_PARCELS)}
    if case == "core":
        params["site"] = join_site_names(line, parts.left)
    area_of_line_row = np.bincount(parts.left, parts.area, minlength=len(line))
    line_rows = list_largest_rows_first(line, area_of_line_row > 0, area_of_line_row)
    params["shown"]["line_rows"] = {
        "names": make_row_list_params(line, line_rows, MOST_NAMED_LINE_ROWS)["shown"]["row_names"],
        "count": len(line_rows),
    }
    yield Finding(
        line.role,
        case=case,
        severity=Severity.WARNING if case == "core" else Severity.INFO,
        params=params,
        field=parcels.get_field_name("land_use"),
        related_role=parcels.role,
        related_keys=[parcels.keys[row] for row in largest_first[:MOST_NAMED_PARCELS]],
        area_m2=float(parts.area.sum()),
        geometry=ctx.geometry.unite_shapes(parts.geometry),
    )
