# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...indicators.survey_deductions import find_rows_below, is_cut_differently
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_SHOWN_FIDS, make_row_list_params
from .._places import is_reported_elsewhere

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


def _make_land_row(wkt: str, **values: str) -> list[dict[str, str]]:
    return [{"wkt": wkt, "land_use": "0103", **values}]


@rule(
    "ATT023",
    "copied-values",
    problem="Copies of parcels have other values",
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.copied_fields"],
    needs={
        "farmland": Need("farmland", optional=True),
        "cultivated": Need("cultivated", optional=True),
        "reserve_land": Need("reserve_land", optional=True),
        "parcels": Need("parcels"),
    },
    messages={
        "": "{layer}: {field} differs from the parcel of {related_layer} with exactly the same shape; features: {count} (ids {fids}{more}). For example, {key} has “{value}”, parcel {related_key} has “{expected}”. Copy the value from the survey, or correct the parcel.",
    },
    fails=[
        Example("another kind of field", {"farmland": _make_land_row(SQUARE_WKT, GDLX="PD"), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}, finds=1),
        Example("one finding a field", {"cultivated": [*_make_land_row(SQUARE_WKT, GDLX="PD"), *_make_land_row(EAST_SQUARE_WKT, GDLX="PD")],
                "parcels": [*_make_land_row(SQUARE_WKT, GDLX="TT"), *_make_land_row(EAST_SQUARE_WKT, GDLX="TT")]}, finds=1),
        Example("another village", {"farmland": _make_land_row(SQUARE_WKT, ZLDWMC="大庄村"), "parcels": _make_land_row(SQUARE_WKT, ZLDWMC="小庄村")}, finds=1),
    ],
    passes=[
        Example("the same values", {"farmland": _make_land_row(SQUARE_WKT, GDLX="TT"), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}),
        Example("a part of a parcel", {"farmland": _make_land_row(SQUARE_WKT, GDLX="PD"),
                "parcels": _make_land_row("POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))", GDLX="TT")}),
        Example("a blank is another rule's", {"farmland": _make_land_row(SQUARE_WKT, GDLX=""), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}),
    ],
)  # fmt: skip
def copied_values(
    farmland: Layer | None,
    cultivated: Layer | None,
    reserve_land: Layer | None,
    parcels: Layer,
    *,
    ctx: Context,
) -> RuleResult:
    """Copies of survey parcels have the survey's values.

    What it checks
        Rows of 永久基本农田, 耕地保护目标 and 储备区 with exactly the shape of a parcel: the fields of
        `attributes.copied_fields` (耕地类型, 飞入地标识, 权属, 坐落, 数据年份) have the parcel's values. One finding
        for each field of a layer, with the rows.
    Why
        These layers are cut from the land survey. A value that differs on the same land is wrong in one of them, and
        tables by unit, quality or owner differ.
    How to fix
        Copy the value from the survey's parcel; if the survey is of an earlier year, update it first.
    Limits
        Only rows with the shape of a parcel are compared, and only where both have a value. Which of the two is right
        is unknown. LAW010 reports slope classes and land use, ATT022 deductions; when they also run, LAW010 reports
        rows on land that is not cultivated, and ATT002 unknown codes. The compared fields are a setting of mark C.
    """
    result = RuleResult(is_applicable=False)
    for layer in (farmland, cultivated, reserve_land):
        if layer is None or layer is parcels or layer.template.geometry != "polygon":
            continue
        fields = [
            name for name in ctx.norm.get("attributes.copied_fields") if _is_comparable_field(name, layer, parcels)
        ]
        if not fields:
            continue
        result.is_applicable = True
        below = find_rows_below(layer, parcels, ctx)
        copies = np.flatnonzero((below >= 0) & ~is_cut_differently(layer, parcels, ctx))
        if is_reported_elsewhere(ctx, "LAW010"):
            copies = copies[ctx.find_cultivated_rows(parcels)[below[copies]]]
        result.findings += [
            finding
            for name in fields
            if (finding := _report_differences(name, layer, parcels, copies, below[copies], ctx)) is not None
        ]
    return result


def _is_comparable_field(name: str, layer: Layer, parcels: Layer) -> bool:
    """Return True if layer and parcels have a field, without personal data."""
    declared = layer.template.find_field_by_name(name)
    is_in_both = layer.named(name) is not None and parcels.named(name) is not None
    return is_in_both and declared is not None and not declared.personal


def _has_known_code(layer: Layer, name: str, values: NDArray, ctx: Context) -> NDArray:
    """Return (n,) bool: values that are in the field's code list.

    All are True for a field without a list, and if ATT002, which reports unknown codes, does not run.
    """
    declared = layer.template.find_field_by_name(name)
    if declared is None or not declared.codes or not is_reported_elsewhere(ctx, "ATT002"):
        return np.ones(len(values), dtype=bool)
    return np.isin(values, list(ctx.codes(declared.codes).codes))


def _report_differences(
    name: str, layer: Layer, parcels: Layer, rows: NDArray, below: NDArray, ctx: Context
) -> Finding | None:
    """Return one finding on the rows whose value differs from their parcel's.

    ``rows`` are (k,) positions in the layer, ``below`` their (k,) parcels. None if no value differs.
    """
    layer_values = np.array(layer.get_texts_by_name(name), dtype=object)[rows]
    survey_values = np.array(parcels.get_texts_by_name(name), dtype=object)[below]
    differing = np.flatnonzero(
        (layer_values != survey_values)
        & (layer_values != "")
        & (survey_values != "")
        & _has_known_code(layer, name, layer_values, ctx)
    )
    if not len(differing):
        return None
    positions = rows[differing].tolist()
    drawn = positions[:MAX_SHOWN_FIDS]
    params = {
        "value": layer_values[differing[0]],
        "expected": survey_values[differing[0]],
        **make_row_list_params(layer, positions),
    }
    declared = layer.template.find_field_by_name(name)
    field = declared.name if declared is not None else name
    finding = ctx.finding_maker.row(
        layer, drawn[0], field=field, params=params, geometry=ctx.geometry.unite(layer.plane[drawn])
    )
    finding.related_role, finding.related_keys = parcels.role, [parcels.keys[int(below[differing[0]])]]
    return finding
