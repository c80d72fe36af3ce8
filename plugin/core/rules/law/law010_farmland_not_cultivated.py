# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry.parts import Parts
from ...geometry.validity import is_missing
from ...indicators.survey_deductions import find_rows_below, is_cut_differently
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._farmland import is_construction_land
from .._places import is_reported_elsewhere

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
HALF = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
NEXT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "LAW010",
    "farmland-not-cultivated",
    problem="Permanent basic farmland is not cultivated land",
    local=True,
    basis=["T5", "order-17"],
    needs={
        "farmland": Need("farmland", reads=("land_use",)),
        "parcels": Need("parcels", reads=("land_use",), optional=True),
        "cultivated": Need("cultivated", reads=("land_use",), optional=True),
        "reserve_land": Need("reserve_land", optional=True),
    },
    uses=["tolerance"],
    messages={
        "blank": "{layer} ({key}): {field} is empty, so it cannot be taken for cultivated land ({area}, net {net_area}). Fill in the "
        "land-use code.",
        "code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, net {net_area}). Take it out of permanent basic "
        "farmland and supplement it, or correct the code.",
        "parcel": "{area} (net {net_area}, width {width} m) of {layer} ({key}) lies on parcel {related_key} of land use “{value}”, "
        "which is not cultivated. Correct the line or the parcel, or supplement it.",
        "protected_code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, net {net_area}). Take it out of the layer, or "
        "correct the code.",
        "protected": "{area} (net {net_area}, width {width} m) of {layer} ({key}) lies on parcel {related_key} of land use “{value}”, "
        "which is not cultivated. Take it out of the layer, or correct the line or the parcel.",
        "unprotected": "{area} (net {net_area}, width {width} m) of {layer} ({key}) lies outside {related_layer}, of which permanent basic "
        "farmland is a part. Add the land there, or correct the line.",
        "unsurveyed": "{area} (net {net_area}, width {width} m) of {layer} ({key}) lies on no parcel of {related_layer}: nothing shows that it is "
        "cultivated. Bring back the parcel, or correct the line.",
        "slope": "{layer} ({key}): {field} = “{value}”, parcel {related_key} on the same land has “{related}” ({area}). Take the slope class "
        "from the survey's parcel.",
    },
    fails=[
        Example("restorable orchard", {"farmland": [{"wkt": SQUARE, "land_use": "0201K"}]}, finds=1, areas=(10000.0,)),
        Example("forest below", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0301"}]},
                finds=1, areas=(5000.0,)),
        Example("forest in protected cultivated land", {"farmland": [{"wkt": NEXT, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0301"},
                {"wkt": NEXT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE, "land_use": "0103"}, {"wkt": NEXT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        Example("half of it unprotected", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": SQUARE, "land_use": "0103"}],
                "cultivated": [{"wkt": HALF, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        Example("half of it without a parcel", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0103"}]},
                finds=1, areas=(5000.0,)),
        Example("flatter than its parcel", {"farmland": [{"wkt": SQUARE, "land_use": "0103", "slope_class": "1"}],
                "parcels": [{"wkt": SQUARE, "land_use": "0103", "slope_class": "5"}]}, finds=1, areas=(10000.0,)),
        Example("protected grass", {"farmland": [{"wkt": NEXT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE, "land_use": "0404"},
                {"wkt": NEXT, "land_use": "0103"}]}, finds=1,
                areas=(10000.0,)),
    ],
    passes=[
        Example("protected land is cultivated", {"farmland": [{"wkt": NEXT, "land_use": "0103"}], "parcels": [{"wkt": SQUARE, "land_use": "0102"},
                {"wkt": NEXT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE, "land_use": "0103"}, {"wkt": NEXT, "land_use": "0103"}]}),
        Example("cultivated", {"farmland": [{"wkt": SQUARE, "land_use": "0102"}], "parcels": [{"wkt": SQUARE, "land_use": "0103"}]}),
        Example("a yard is told as occupied", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0702"},
                {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "land_use": "0103"}]}, parameters={"rules": ["LAW014"]}),
        Example("forest next door", {"farmland": [{"wkt": HALF, "land_use": "0103"}], "parcels": [
            {"wkt": HALF, "land_use": "0103"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "land_use": "0301"}]}),
        Example("the slope class of its parcel", {"farmland": [{"wkt": SQUARE, "land_use": "0103", "slope_class": "2"}],
                "parcels": [{"wkt": SQUARE, "land_use": "0103", "slope_class": "2"}]}),
    ],
)  # fmt: skip
def farmland_not_cultivated(
    farmland: Layer, parcels: Layer | None, cultivated: Layer | None, reserve_land: Layer | None, *, ctx: Context
) -> RuleResult:
    """Permanent basic farmland is cultivated land.

    What it checks
        The land-use code of each 永久基本农田 parcel (0101, 0102, 0103; 可调整 …K codes are not cultivated land); and, where
        parcels are there, every part of it that lies on a parcel of another land use, with its area. The same of 耕地保护目标 and
        永久基本农田储备区, as a warning. As warnings, too: parts of 永久基本农田 outside 耕地保护目标, parts on no parcel at all, and
        rows whose slope class is not that of the parcel on the same land.
    Why
        永久基本农田 must be 耕地; it must not become forest, grass, orchard or facility land.
    How to fix
        Correct the code, or take the land out and supplement it with equal net area and quality.
    Limits
        A row found by its own code is not told again by the overlay. Parcels of construction land are LAW014's when it runs too.
        A row reported for its land use is not compared with 耕地保护目标, gaps of parcels and slope classes. The slope class is that of
        the parcel below a point inside the row. What a row of 耕地保护目标 or a parcel without a valid shape would cover is left to
        GEO001 and GEO002. Of 耕地保护目标 and 储备区, what lies on a parcel that another of these layers is reported on is not reported again.
    """
    result = RuleResult(applicable=False)
    by_code = np.zeros(len(farmland), dtype=bool)
    if farmland.has("land_use"):
        result.applicable = True
        by_code = ~ctx.cultivated_rows(farmland, whole_class=False)
        result.findings += _by_code(farmland, by_code, ctx)
    elif farmland.template.field("land_use"):
        result.applicable = True
        result.not_checked.append(_lacking(farmland))
    other = None
    # Rows that are reported already are not compared with further layers.
    told = by_code.copy()
    if parcels is not None and not parcels.has("land_use"):
        result.applicable = True
        result.not_checked.append(_lacking(parcels))
    elif parcels is not None:
        result.applicable = True
        other = ~ctx.cultivated_rows(parcels)
        left = (
            other & is_construction_land(ctx, parcels) if is_reported_elsewhere(ctx, "LAW014") else np.zeros_like(other)
        )
        overlay, parts = _by_parcel(farmland, ~by_code, parcels, other & ~left, "parcel", ctx)
        result.findings += overlay
        other[parts.right] = False
        told[parts.left] = True
        if cultivated is not None or reserve_land is not None:
            other[ctx.geometry.shared(farmland, parcels, rows_a=~by_code, rows_b=left).right] = False
        # Parcels without any cultivated land (built land alone) are no survey of farmland. Around an edit there may just be none.
        if ctx.around_an_edit or (ctx.cultivated_rows(parcels).any() and not parcels.has_no_geometry):
            unsurveyed = _bare(farmland, ~told, parcels, "unsurveyed", ctx)
            result.findings += [*unsurveyed, *_slopes(farmland, ~told, parcels, ctx)]
    if cultivated is not None and cultivated is not parcels and (ctx.around_an_edit or not cultivated.has_no_geometry):
        result.findings += _bare(farmland, ~told, cultivated, "unprotected", ctx)
    for layer in (cultivated, reserve_land):
        if layer is not None and layer is not parcels:
            protected, on = _protected(layer, parcels, other, ctx)
            result.findings += protected
            if other is not None:
                other[on] = False
    return result


def _protected(
    layer: Layer, parcels: Layer | None, other: NDArray | None, ctx: Context
) -> tuple[list[Finding], NDArray]:
    """Return warnings on protected cultivated land that is not cultivated by its own code or by its parcel, and those parcels."""
    by_code = np.zeros(len(layer), dtype=bool)
    if layer.has("land_use"):
        # Another rule reports a blank: a feature of this layer counts as cultivated land. So is 可调整 land when ATT017 runs.
        left = "K" if is_reported_elsewhere(ctx, "ATT017") else ""
        there = [bool(code) and not (left and code.endswith(left)) for code in layer.text("land_use")]
        by_code = ~ctx.cultivated_rows(layer) & np.array(there, dtype=bool)
    found, on = _by_code(layer, by_code, ctx, "protected_code"), np.zeros(0, dtype=int)
    if parcels is not None and other is not None:
        overlay, parts = _by_parcel(layer, ~by_code, parcels, other, "protected", ctx)
        found, on = found + overlay, parts.right
    for finding in found:
        finding.severity = Severity.WARNING
    return found, on


def _by_code(layer: Layer, rows: NDArray, ctx: Context, case: str = "") -> list[Finding]:
    """Findings on rows whose own code is none of cultivated land."""
    found = []
    codes, net = layer.text("land_use"), layer.numbers("net_area")
    for position in np.flatnonzero(rows).tolist():
        shape = layer.plane[position]
        finding = ctx.make.row(
            layer,
            position,
            field=layer.field_name("land_use"),
            case=case or ("code" if codes[position] else "blank"),
            params={"value": codes[position]},
            geometry=shape,
            area_m2=float(layer.statutory[position]) if shape is not None else None,
            net_area_m2=float(net[position]) if np.isfinite(net[position]) else None,
        )
        if shape is not None:
            finding.width_m = 2 * shape.area / shape.length
        found.append(finding)
    return found


def _by_parcel(
    layer: Layer, rows: NDArray, parcels: Layer, other: NDArray, case: str, ctx: Context
) -> tuple[list[Finding], Parts]:
    """Findings on parts of a layer that lie on ``other`` parcels ((n,) bool), and those parts."""
    parts = ctx.geometry.shared(
        layer, parcels, rows_a=rows, rows_b=other, severity=None if case == "parcel" else Severity.WARNING
    )
    found = ctx.make.pairs(layer, parcels, parts, net=True, case=case, field=parcels.field_name("land_use"))
    codes = parcels.text("land_use")
    for finding, j in zip(found, parts.right.tolist(), strict=True):
        finding.params["value"] = codes[j]
    return found, parts


def _bare(layer: Layer, rows: NDArray, cover: Layer, case: str, ctx: Context) -> list[Finding]:
    """Warnings on connected parts of rows ((n,) bool) that another layer does not cover."""
    rows = rows & is_cut_differently(layer, cover, ctx) & ~_of_lost_shapes(layer, cover)
    if not rows.any():
        return []
    parts = ctx.geometry.uncovered(layer, cover, rows=rows, severity=Severity.WARNING)
    return ctx.make.by_place(ctx.make.pairs(layer, cover, parts, net=True, case=case, severity=Severity.WARNING))


def _of_lost_shapes(layer: Layer, cover: Layer) -> NDArray:
    """(n,) bool: rows with the gross area of a row of ``cover`` whose shape is empty or invalid, which GEO001 and GEO002 report."""
    lost = cover.invalid | is_missing(cover.plane)
    if not lost.any():
        return np.zeros(len(layer), dtype=bool)
    areas = cover.numbers("gross_area")[lost]
    found: NDArray = np.isin(np.round(layer.numbers("gross_area"), 1), np.round(areas[areas > 0], 1))
    return found


def _slopes(farmland: Layer, rows: NDArray, parcels: Layer, ctx: Context) -> list[Finding]:
    """Warnings on rows ((n,) bool) whose slope class is not that of the parcel below them. A blank says nothing."""
    if not (farmland.has_values("slope_class") and parcels.has_values("slope_class")):
        return []
    below = find_rows_below(farmland, parcels, ctx)
    own, survey = farmland.text("slope_class"), parcels.text("slope_class")
    declared = farmland.template.field("slope_class")
    known = ctx.codes(declared.codes).codes if declared is not None and declared.codes else {}
    found = []
    for row in np.flatnonzero(rows & (below >= 0)).tolist():
        parcel = int(below[row])
        # An unknown class is ATT002's.
        if own[row] in known and survey[parcel] in known and own[row] != survey[parcel]:
            finding = ctx.make.row(
                farmland,
                row,
                case="slope",
                severity=Severity.WARNING,
                field=farmland.field_name("slope_class"),
                params={"value": own[row], "related": survey[parcel]},
                geometry=farmland.plane[row],
                area_m2=float(farmland.statutory[row]),
            )
            finding.related_role, finding.related_keys = parcels.role, [parcels.keys[parcel]]
            found.append(finding)
    return found


def _lacking(layer: Layer) -> tuple[str, dict[str, str]]:
    return "field_missing", {"layer": layer.name, "role": layer.role, "fields": layer.field_name("land_use")}
