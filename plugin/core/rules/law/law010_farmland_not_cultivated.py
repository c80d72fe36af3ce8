# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, has_cultivated_rows
from ...figures.indicators.survey_deductions import find_containing_rows, find_rows_cut_differently
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import explain_missing_fields, format_code_with_name
from .._places import find_construction_land_rows, is_reported_elsewhere

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST_HALF_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_HALF_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: End of the codes of land that can be restored to cultivated land (可调整地类).
_RESTORABLE_SUFFIX = "K"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


@rule(
    "LAW010",
    "farmland-not-cultivated",
    problem="Permanent basic farmland is not cultivated land",
    local=True,
    partly_local=True,
    concurrent=True,
    basis=["T5", "order-17"],
    needs={
        "farmland": LayerNeed("farmland", reads=("land_use",), covers=True),
        "parcels": LayerNeed("parcels", reads=("land_use",), optional=True, covers=True),
        "cultivated": LayerNeed("cultivated", reads=("land_use",), optional=True, covers=True),
        "reserve_land": LayerNeed("reserve_land", optional=True),
    },
    uses=["tolerance"],
    messages={
        "blank": "{layer} ({key}): {field} is empty, so it does not count as cultivated land ({area}, {net}). Fill in the "
        "land-use code of the survey; if it is not cultivated land, the next check states what to do.",
        "code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, {net}), but permanent basic farmland "
        "must be{restorable}. First compare the code with the survey and correct a wrong one. If it is right and "
        "the land can be cultivated again, restore it and change its land use; otherwise apply for an adjustment, "
        "remove the parcel and supplement it.",
        "parcel": "{layer} ({key}) has {area} ({net}, width {width} m) on parcel {related_key} of {related_layer}, whose land "
        "use “{value}” is not cultivated land, but permanent basic farmland must be. First compare with the "
        "approved result and restore an edge that is drawn wrongly; if it is right, compare the land use with the "
        "survey and correct a wrong one. If both are right and the land can be cultivated again, restore it and "
        "change its land use; otherwise apply for an adjustment, remove this part and supplement it.",
        "protected_code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, {net}), but this layer must have "
        "cultivated land only. First compare the code with the survey and correct a wrong one; if it is right, "
        "remove the feature from the layer.",
        "protected": "{layer} ({key}) has {area} ({net}, width {width} m) on parcel {related_key} of land use “{value}”, which "
        "is not cultivated land, but this layer must have cultivated land only. First compare the land use with the "
        "survey and correct a wrong one; if it is right, remove this part from the layer.",
        "unprotected": "{layer} ({key}) has {area} ({net}, width {width} m) outside {related_layer}, which must contain all "
        "permanent basic farmland. First compare with the approved result and restore a farmland edge that is drawn "
        "wrongly; if it is right, add the land to {related_layer}.",
        "unsurveyed": "{layer} ({key}) has {area} ({net}, width {width} m) where {related_layer} has no parcel, so the land use "
        "is unknown. Restore the missing parcel from the survey; if the survey has none there, correct the farmland "
        "edge by the approved result.",
        "slope": "{layer} ({key}): {field} = “{value}”, but the survey's parcel {related_key} on the same land has "
        "“{related}” ({area}). Copy the slope class from the survey's parcel.",
    },
    fails=[
        RuleExample("restorable orchard", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0201K"}]}, finds=1, areas=(10000.0,)),
        RuleExample("forest below", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"}]},
                finds=1, areas=(5000.0,)),
        RuleExample("forest in cultivated land to be retained", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0103"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("half of it unprotected", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103"}],
                "cultivated": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("half of it without a parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}]},
                finds=1, areas=(5000.0,)),
        RuleExample("forest in one half and no parcel in the other", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [
                {"wkt": WEST_HALF_WKT, "land_use": "0301"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=2, areas=(5000.0, 5000.0)),
        RuleExample("forest in one half, which is not also unprotected", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}],
                "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0301"}, {"wkt": EAST_HALF_WKT, "land_use": "0103"}],
                "cultivated": [{"wkt": EAST_HALF_WKT, "land_use": "0103"}]}, finds=1, areas=(5000.0,)),
        RuleExample("flatter than its parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "1"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "5"}]}, finds=1, areas=(10000.0,)),
        RuleExample("protected grass", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0404"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}, finds=1,
                areas=(10000.0,)),
    ],
    passes=[
        RuleExample("protected land is cultivated", {"farmland": [{"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0102"},
                {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}], "cultivated": [{"wkt": SQUARE_WKT, "land_use": "0103"}, {"wkt": EAST_SQUARE_WKT, "land_use": "0103"}]}),
        RuleExample("cultivated", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0102"}], "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}),
        RuleExample("a yard is reported as occupied", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103"}], "parcels": [{"wkt": WEST_HALF_WKT, "land_use": "0702"},
                {"wkt": EAST_HALF_WKT, "land_use": "0103"}]}, parameters={"rules": ["LAW014"]}),
        RuleExample("forest next door", {"farmland": [{"wkt": WEST_HALF_WKT, "land_use": "0103"}], "parcels": [
            {"wkt": WEST_HALF_WKT, "land_use": "0103"}, {"wkt": EAST_HALF_WKT, "land_use": "0301"}]}),
        RuleExample("the slope class of its parcel", {"farmland": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "2"}],
                "parcels": [{"wkt": SQUARE_WKT, "land_use": "0103", "slope_class": "2"}]}),
    ],
)  # fmt: skip
def farmland_not_cultivated(
    farmland: Layer, parcels: Layer | None, cultivated: Layer | None, reserve_land: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """Permanent basic farmland is cultivated land.

    What it checks
        The land-use code of each 永久基本农田 parcel (0101, 0102, 0103; 可调整 …K codes are not cultivated land);
        and, if parcels exist, every part on a parcel of another land use, with its area. The same for 耕地保护目标
        and 永久基本农田储备区, as a warning. Also as warnings: parts of 永久基本农田 outside 耕地保护目标, parts on
        no parcel, and rows whose slope class differs from that of the parcel on the same land.
    Why
        永久基本农田 must be 耕地; it must not become forest, grass, orchard or facility land.
    How to fix
        Correct the code, or remove the land and supplement it with equal net area and quality. Add land that the
        protected farmland lacks, and restore missing parcels.
    Limits
        The overlay does not report again a row found by its code. LAW014 reports parcels of construction land when it
        runs. A row reported for its code is not compared with 耕地保护目标, gaps of parcels and slope classes. The
        slope class is that of the parcel at a point inside the row. A row of 耕地保护目标 or a parcel without a shape
        (GEO001) covers no land. Land is reported once: on a parcel of another use it is not also outside 耕地保护目标,
        and that of 耕地保护目标 and 储备区 inside 永久基本农田 is judged as 永久基本农田.
    """
    result = RuleResult(is_applicable=False)
    by_code = np.zeros(len(farmland), dtype=bool)
    if farmland.has_field("land_use"):
        result.is_applicable = True
        by_code = ~ctx.find_cultivated_rows(farmland, whole_class=False)
        result.findings += _report_rows_by_code(farmland, by_code, ctx)
    elif farmland.template.find_field("land_use"):
        result.is_applicable = True
        result.not_checked.append(explain_missing_fields(farmland, "land_use"))
    uncultivated = reported_land = None
    if parcels is not None and not parcels.has_field("land_use"):
        result.is_applicable = True
        result.not_checked.append(explain_missing_fields(parcels, "land_use"))
    elif parcels is not None:
        result.is_applicable = True
        uncultivated = ~ctx.find_cultivated_rows(parcels)
        reported_parcels = uncultivated
        if is_reported_elsewhere(ctx, "LAW014"):
            reported_parcels = uncultivated & ~find_construction_land_rows(ctx, parcels)
        result.findings += _report_parts_on_parcels(farmland, ~by_code, parcels, reported_parcels, "parcel", [], ctx)
        reported_land = parcels.polygons.select_rows(np.flatnonzero(reported_parcels))
        # Parcels without any cultivated land (built land alone) are not a survey of farmland.
        if has_cultivated_rows(ctx.plan, parcels) and not parcels.has_no_geometry:
            unsurveyed = _report_uncovered_parts(farmland, ~by_code, parcels, "unsurveyed", ctx)
            result.findings += [*unsurveyed, *_report_slope_differences(farmland, ~by_code, parcels, ctx)]
    if cultivated is not None and cultivated is not parcels and not cultivated.has_no_geometry:
        result.findings += _report_uncovered_parts(farmland, ~by_code, cultivated, "unprotected", ctx, reported_land)
    earlier_layers = [farmland]
    for layer in (cultivated, reserve_land):
        if layer is not None and layer is not parcels:
            result.findings += _check_protected_layer(layer, parcels, uncultivated, earlier_layers, ctx)
            earlier_layers.append(layer)
    return result


def _check_protected_layer(
    layer: Layer, parcels: Layer | None, uncultivated: NDArray | None, earlier_layers: list[Layer], ctx: RuleContext
) -> list[Finding]:
    """Return warnings on protected land that is not cultivated.

    The row's own land-use code decides; for a row with a code of cultivated land the overlay with parcels decides,
    without the land of ``earlier_layers``. ``uncultivated`` is (n,) bool: the parcels of other land; None without
    parcels.
    """
    by_code = np.zeros(len(layer), dtype=bool)
    if layer.has_field("land_use"):
        # Another rule reports a blank code: a feature of this layer counts as cultivated land. 可调整 land does too
        # when ATT017 runs.
        restorable_suffix = _RESTORABLE_SUFFIX if is_reported_elsewhere(ctx, "ATT017") else ""
        is_judged = [
            bool(code) and not (restorable_suffix and code.endswith(restorable_suffix))
            for code in layer.text("land_use")
        ]
        by_code = ~ctx.find_cultivated_rows(layer) & np.array(is_judged, dtype=bool)
    findings = _report_rows_by_code(layer, by_code, ctx, "protected_code")
    if parcels is not None and uncultivated is not None:
        findings += _report_parts_on_parcels(layer, ~by_code, parcels, uncultivated, "protected", earlier_layers, ctx)
    for finding in findings:
        finding.severity = Severity.WARNING
    return findings


def _report_rows_by_code(layer: Layer, rows: NDArray, ctx: RuleContext, case: str = "") -> list[Finding]:
    """Return findings on the rows whose own code is not cultivated land."""
    findings = []
    codes, net = layer.text("land_use"), layer.numbers("net_area")
    positions = np.flatnonzero(rows)
    for position, area in zip(positions.tolist(), layer.measure_rows(positions).tolist(), strict=True):
        shape = layer.plane_shapes[position]
        findings.append(
            ctx.finding_maker.make_row_finding(
                layer,
                position,
                field=layer.get_field_name("land_use"),
                case=case or ("code" if codes[position] else "blank"),
                params={
                    "value": codes[position],
                    "shown": {
                        "value": format_code_with_name(layer, "land_use", codes[position], ctx),
                        "is_restorable": codes[position].endswith(_RESTORABLE_SUFFIX),
                    },
                },
                geometry=shape,
                area_m2=area if shape is not None else None,
                net_area_m2=float(net[position]) if np.isfinite(net[position]) else None,
                width_m=2 * shape.area / shape.length if shape is not None else None,
            )
        )
    return findings


def _report_parts_on_parcels(
    layer: Layer,
    rows: NDArray,
    parcels: Layer,
    uncultivated: NDArray,
    case: str,
    earlier_layers: list[Layer],
    ctx: RuleContext,
) -> list[Finding]:
    """Return findings on parts of a layer on uncultivated parcels, without the land of ``earlier_layers``.

    ``rows`` and ``uncultivated`` are bool arrays of the rows of layer and parcels.
    """
    pieces = ctx.geometry.find_shared_pieces(
        layer, parcels, left_rows=rows, right_rows=uncultivated, severity=None if case == "parcel" else Severity.WARNING
    )
    for earlier in earlier_layers:
        pieces = ctx.geometry.subtract_land(pieces, layer, earlier, severity=Severity.WARNING)
    findings = ctx.finding_maker.make_pair_findings(
        layer, parcels, pieces, with_net_area=True, case=case, field=parcels.get_field_name("land_use")
    )
    codes = parcels.text("land_use")
    for finding, j in zip(findings, pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": codes[j],
            "shown": {"value": format_code_with_name(parcels, "land_use", codes[j], ctx)},
        }
    return findings


def _report_uncovered_parts(
    layer: Layer,
    rows: NDArray,
    covering_layer: Layer,
    case: str,
    ctx: RuleContext,
    reported_land: Polygons | None = None,
) -> list[Finding]:
    """Return warnings on connected parts of some rows ((n,) bool) outside another layer and outside reported land."""
    rows = rows & find_rows_cut_differently(layer, covering_layer, ctx)
    if not rows.any():
        return []
    pieces = ctx.geometry.find_uncovered_pieces(layer, covering_layer, rows=rows, severity=Severity.WARNING)
    if reported_land is not None:
        pieces = ctx.geometry.subtract_land(pieces, layer, covering_layer, reported_land, severity=Severity.WARNING)
    return ctx.finding_maker.mark_findings_by_location(
        ctx.finding_maker.make_pair_findings(
            layer, covering_layer, pieces, with_net_area=True, case=case, severity=Severity.WARNING
        )
    )


def _report_slope_differences(farmland: Layer, rows: NDArray, parcels: Layer, ctx: RuleContext) -> list[Finding]:
    """Return warnings on rows whose slope class differs from that of their parcel.

    ``rows`` is (n,) bool. Blank and unknown classes are not compared.
    """
    if not (farmland.has_values("slope_class") and parcels.has_values("slope_class")):
        return []
    parcel_of_row = find_containing_rows(farmland, parcels, ctx)
    farmland_classes, parcel_classes = farmland.text("slope_class"), parcels.text("slope_class")
    template_field = farmland.template.find_field("slope_class")
    known_classes = (
        ctx.get_code_list(template_field.codes).entry_by_code
        if template_field is not None and template_field.codes
        else {}
    )
    # ATT002 reports an unknown class.
    differing_rows = [
        row
        for row in np.flatnonzero(rows & (parcel_of_row >= 0)).tolist()
        if farmland_classes[row] != parcel_classes[parcel_of_row[row]]
        and {farmland_classes[row], parcel_classes[parcel_of_row[row]]} <= known_classes.keys()
    ]
    findings = []
    for row, area in zip(differing_rows, farmland.measure_rows(differing_rows).tolist(), strict=True):
        parcel = int(parcel_of_row[row])
        findings.append(
            ctx.finding_maker.make_row_finding(
                farmland,
                row,
                case="slope",
                severity=Severity.WARNING,
                field=farmland.get_field_name("slope_class"),
                params={
                    "value": farmland_classes[row],
                    "related": parcel_classes[parcel],
                    "shown": {
                        "value": format_code_with_name(farmland, "slope_class", farmland_classes[row], ctx),
                        "related": format_code_with_name(parcels, "slope_class", parcel_classes[parcel], ctx),
                    },
                },
                geometry=farmland.plane_shapes[row],
                area_m2=area,
                related_role=parcels.role,
                related_keys=[parcels.keys[parcel]],
            )
        )
    return findings
