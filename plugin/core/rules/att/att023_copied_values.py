# SPDX-License-Identifier: GPL-2.0-or-later
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.files.cells import mask_texts
from ...engine.context import RuleContext, trim_code_padding
from ...figures.indicators.land_use import CODE_2023_COLUMN
from ...figures.indicators.survey_deductions import find_containing_rows, find_rows_cut_differently
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._attributes import MAX_SHOWN_FIDS, format_code_with_name, label_code_of_field, make_row_list_params
from .._places import (
    EAST_SQUARE_WKT,
    SQUARE_WKT,
    WIDE_WKT,
    find_equal_shapes,
    find_row_of_largest_piece,
    find_usable_layer_or_note_reason,
    is_reported_elsewhere,
)

#: Digits of the first level of the planning list.
CLASS_DIGITS = 2
#: Features that a message names.
MOST_NAMED_FEATURES = 50


def _make_land_row(wkt: str, **values: str) -> list[dict[str, str]]:
    """Return the rows of an example: one row of dry land with further values."""
    return [{"wkt": wkt, "land_use": "0103", **values}]


#: Pairs of classes of land that a message names, the most frequent first.
_MAX_NAMED_CLASS_PAIRS = 5


def _describe_compared_classes(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the area that was compared, and the pairs of classes that differ; empty in a result of an earlier version.

    The pairs are sorted by their number, the most frequent first.
    """
    shown = finding.params.get("shown", {})
    compared_m2, class_pairs = shown.get("compared_m2"), shown.get("class_pairs", [])
    area = "" if compared_m2 is None else texts.get("words", "compared_area", area=texts.format_area(compared_m2))
    pairs_text = texts.get("words", "between_names").join(
        texts.get("words", "class_pair", own=own, other=other, count=count)
        for own, other, count in class_pairs[:_MAX_NAMED_CLASS_PAIRS]
    )
    if len(class_pairs) > _MAX_NAMED_CLASS_PAIRS:
        pairs_text = texts.get("words", "class_pairs_of_all", pairs=pairs_text, count=len(class_pairs))
    layers = {
        name: texts.make_layer_label(role, templates)
        for name, role in (("layer", finding.role), ("related_layer", finding.related_role))
    }
    return {
        "compared_area": area,
        "pairs_fact": texts.get("words", "class_pairs", pairs=pairs_text, **layers) if class_pairs else "",
    }


@rule(
    "ATT023",
    "copied-values",
    problem="Copies of parcels have other values",
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["tolerance", "attributes.copied_fields", "attributes.quality_fields", "attributes.base_class_groups", "attributes.redrawn_base_m2", "attributes.base_exact_classes", "attributes.base_copied_fields", "attributes.centre_base_share", "attributes.land_layers", "attributes.other_land_share"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
        "reserve_land": LayerNeed("reserve_land", optional=True),
        "parcels": LayerNeed("parcels"),
        "base_parcels": LayerNeed("base_parcels", optional=True),
        "centre_base": LayerNeed("centre_base", optional=True),
    },
    clauses=_describe_compared_classes,
    messages={
        "": "{layer}: {field} differs from the parcel of {related_layer} with exactly the same shape; features: "
        "{count} ({rows}{more}). For example, {key} has “{value}”, {related_layer} {related_key} has “{expected}”. Copy "
        "the value from the survey's parcel; if the survey is of an earlier year, update it first.",
        "class": "{layer}: {area} that are {expected} in {related_layer} are {value} on the same shapes; features: "
        "{count} ({rows}{more}){pairs_fact}; for example {layer} {key} and {related_layer} {related_key} are the "
        "same parcel. Compare both with {authority}, and correct the layer that differs from it; if an approved "
        "conversion of the base data changed it, waive the finding and give the document.",
        "redrawn": "{layer}: {area} in features without the shape of a parcel of {related_layer} are of another "
        "class of land than the parcel at a point inside them; features: {count} ({rows}{more}){pairs_fact}. For "
        "example, {layer} {key} has {field} “{value}”, {related_layer} {related_key} has “{expected}”. Compare both "
        "with {authority}, and correct the layer that differs from it; if an approved conversion of the base data "
        "changed them, waive the finding and give the document.",
        "centre": "{layer}: {area} ({percent} % of the compared land{compared_area}; features without an inner point "
        "in {related_layer} are not compared) are of another class of land than in {related_layer} on the same land; "
        "features: {count} ({rows}{more}){pairs_fact}. For example, {layer} {key} has {field} “{value}”, "
        "{related_layer} {related_key} has “{expected}”. Compare both with {authority}, and correct the layer that "
        "differs from it; if a later survey of the centre is used, waive the finding and name that survey.",
        "land": "{layer}: features that are mostly not on {expected}: {count} ({rows}{more}; {area}), for example on {related_layer} {related_key} ({value}). "
        "Compare the layer with its source first: delete features that the source lacks, restore edges that are drawn wrongly; "
        "if the layer agrees with it, compare the class of the parcels with the survey.",
    },
    fails=[
        RuleExample("another kind of field", {"farmland": _make_land_row(SQUARE_WKT, GDLX="PD"), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}, finds=1),
        RuleExample("another class of cultivated land", {"cultivated": _make_land_row(SQUARE_WKT, land_use="0101"), "parcels": _make_land_row(SQUARE_WKT)}, finds=1),
        RuleExample("a better grade than the protected land", {"farmland": _make_land_row(SQUARE_WKT, GDDB="1"), "cultivated": _make_land_row(SQUARE_WKT, GDDB="12"),
                "parcels": _make_land_row(SQUARE_WKT)}, finds=1, roles={"cultivated": "GDBHMB"}),
        RuleExample("better grades than the survey, one finding", {"farmland": _make_land_row(SQUARE_WKT, GDDB="8"), "cultivated": _make_land_row(SQUARE_WKT, GDDB="12"),
                "parcels": _make_land_row(SQUARE_WKT, GDDB="12")}, finds=1, roles={"cultivated": "GDBHMB"}),
        RuleExample("paddies in the base, dry land in the survey", {"base_parcels": _make_land_row(SQUARE_WKT, land_use="010100"), "parcels": _make_land_row(SQUARE_WKT)},
                finds=1, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a village in the base, a town in the survey", {"base_parcels": _make_land_row(SQUARE_WKT, land_use="070300", CZCSXM="203"),
                "parcels": _make_land_row(SQUARE_WKT, land_use="0702", CZCSXM="202")}, finds=1, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("one finding a field", {"cultivated": [*_make_land_row(SQUARE_WKT, GDLX="PD"), *_make_land_row(EAST_SQUARE_WKT, GDLX="PD")],
                "parcels": [*_make_land_row(SQUARE_WKT, GDLX="TT"), *_make_land_row(EAST_SQUARE_WKT, GDLX="TT")]}, finds=1),
        RuleExample("another village", {"farmland": _make_land_row(SQUARE_WKT, ZLDWMC="大庄村"), "parcels": _make_land_row(SQUARE_WKT, ZLDWMC="小庄村")}, finds=1),
        RuleExample("woods in the base, a field in the survey", {"base_parcels": _make_land_row(SQUARE_WKT, land_use="030100"), "parcels": _make_land_row(SQUARE_WKT)},
                finds=1, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a field called bare land", {"base_parcels": _make_land_row(SQUARE_WKT, land_use="230600"), "parcels": _make_land_row(SQUARE_WKT)},
                finds=1, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a field called bare land in another outline", {"base_parcels": _make_land_row(WIDE_WKT, land_use="230600"), "parcels": [*_make_land_row(SQUARE_WKT), *_make_land_row(EAST_SQUARE_WKT)]},
                finds=1, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}, areas=(20000.0,), settings={"attributes.redrawn_base_m2": 10000.0}),
        RuleExample("the centre's base is another one", {"centre_base": _make_land_row(SQUARE_WKT, land_use="070100"), "base_parcels": _make_land_row(WIDE_WKT, land_use="010300"),
                "parcels": _make_land_row(WIDE_WKT)}, finds=1, areas=(10000.0,), roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a forest in town", {"parcels": _make_land_row(SQUARE_WKT, land_use="0701"), "TRL": [SQUARE_WKT]}, finds=1, areas=(10000.0,), roles={"parcels": "DLTB"}),
        RuleExample("a wetland in the fields", {"parcels": _make_land_row(WIDE_WKT), "SD": [SQUARE_WKT, EAST_SQUARE_WKT]}, finds=1, areas=(20000.0,), roles={"parcels": "DLTB"}),
    ],
    passes=[
        RuleExample("a forest with a road", {"parcels": [*_make_land_row(SQUARE_WKT, land_use="0301"), *_make_land_row(EAST_SQUARE_WKT, land_use="1003")],
                "TRL": ["POLYGON ((0 0, 190 0, 190 100, 0 100, 0 0))"]}, roles={"parcels": "DLTB"}),
        RuleExample("a river", {"parcels": _make_land_row(SQUARE_WKT, land_use="1101"), "SD": [SQUARE_WKT]}, roles={"parcels": "DLTB"}),
        RuleExample("the same class of land in another list", {"base_parcels": _make_land_row(SQUARE_WKT, land_use="100100"), "parcels": _make_land_row(SQUARE_WKT, land_use="0601"),
                "centre_base": _make_land_row(SQUARE_WKT, land_use="070100")}, roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("a small difference in another outline", {"base_parcels": _make_land_row(WIDE_WKT, land_use="230600"), "parcels": _make_land_row(SQUARE_WKT)},
                roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("the same values", {"farmland": _make_land_row(SQUARE_WKT, GDLX="TT"), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}),
        RuleExample("a part of a parcel", {"farmland": _make_land_row(SQUARE_WKT, GDLX="PD"),
                "parcels": _make_land_row("POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))", GDLX="TT")}),
        RuleExample("a blank is another rule's", {"farmland": _make_land_row(SQUARE_WKT, GDLX=""), "parcels": _make_land_row(SQUARE_WKT, GDLX="TT")}),
    ],
)  # fmt: skip
def copied_values(
    farmland: Layer | None,
    cultivated: Layer | None,
    reserve_land: Layer | None,
    parcels: Layer,
    base_parcels: Layer | None,
    centre_base: Layer | None,
    *,
    ctx: RuleContext,
) -> RuleResult:
    """Copies of survey parcels have the survey's values.

    What it checks
        Rows of 永久基本农田, 耕地保护目标 and 储备区 with exactly the shape of a parcel: the fields of `attributes.copied_fields`
        (图斑编号, 地类, 坡度级别, 耕地类型, 飞入地标识, 权属, 坐落, 数据年份, 耕地等别) have the parcel's values. Rows of 永久基本农田 and 储备区 with exactly
        the shape of one of 耕地保护目标 have its quality (`attributes.quality_fields`). One finding for each field of a
        layer, with the rows. Base parcels (XZYDYH) with the shape of a parcel (vertices within
        `tolerance.edge_match_m`): their land use is of the same group of classes (`attributes.base_class_groups`:
        cultivated, woods, construction …) as the survey's, for classes in `attributes.base_exact_classes` (耕地) of the
        same second level, and the fields in `attributes.base_copied_fields` are equal. Base parcels of other shapes are
        compared by the parcel at a point inside each, from `attributes.redrawn_base_m2` of land of other groups on. The
        centre's base parcels (ZXCQXZYDYH): the same, compared with the base parcel at a point inside each, from
        `attributes.centre_base_share` of their area on. The layers in `attributes.land_layers` (天然林 and 生态公益林 on woods,
        湿地 on wetland and water): features with more than `attributes.other_land_share` of their area on parcels of
        other groups.
    Why
        These layers are cut from the land survey. A value that differs on the same land is wrong in one of them, and
        tables by unit, quality or owner differ.
    How to fix
        Copy the value from the survey's parcel; if the survey is of an earlier year, update it first. Compare 天然林,
        公益林 and 湿地 with their source first: delete features that it lacks, restore wrong edges; if the layer is
        right, check the class of the parcels.
    Limits
        Of farmland layers only rows with the shape of a parcel are compared, and only where both have a value. Which of
        the two is right is unknown. LAW010 reports slope classes and land use, ATT022 deductions; when they also run,
        LAW010 reports rows on land that is not cultivated, and ATT002 unknown codes. Classes are compared by the survey
        list's column for the planning list; classes in no group, or with several groups there, are compatible with
        each. An approved conversion of base data (基数转换) may change a class. The settings are of mark C. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    for layer in (farmland, cultivated, reserve_land):
        for source, setting in ((parcels, "attributes.copied_fields"), (cultivated, "attributes.quality_fields")):
            if layer is None or source is None or layer is source or layer is parcels:
                continue
            if "polygon" == layer.template.geometry == source.template.geometry:
                # A field that differs from the parcels is not reported again.
                reported_fields = {finding.field for finding in result.findings if finding.role == layer.role}
                field_names = [name for name in ctx.norm.get(setting) if name not in reported_fields]
                _report_copies(layer, source, field_names, result, ctx)
    if base_parcels is not None and base_parcels is not parcels and not ctx.is_edit_check:
        # There is one for each pair of classes, one for each copied field, and one on base parcels without such a
        # survey parcel.
        survey_rows = find_equal_shapes(base_parcels, parcels, ctx.tolerance.edge_match_m)
        rows = np.flatnonzero(survey_rows >= 0)
        differing_rows, base_groups, survey_groups = _compare_land_use(
            base_parcels, rows, parcels, survey_rows[rows], ctx
        )
        findings = [
            finding
            for name in ctx.norm.get("attributes.base_copied_fields")
            if _is_comparable_field(name, base_parcels, parcels)
            for finding in _report_differences(name, base_parcels, parcels, rows, survey_rows[rows], ctx)
        ]
        for pair in dict.fromkeys(zip(base_groups.tolist(), survey_groups.tolist(), strict=True)):
            rows_of_pair = differing_rows[(base_groups == pair[0]) & (survey_groups == pair[1])]
            params, area = {"value": pair[0], "expected": pair[1]}, float(base_parcels.measure_rows(rows_of_pair).sum())
            survey_row = int(survey_rows[rows_of_pair[0]])
            finding = _make_class_finding(base_parcels, rows_of_pair, parcels, survey_row, "class", area, params, ctx)
            _record_class_pairs(finding, base_parcels, rows_of_pair, parcels, survey_rows[rows_of_pair], ctx)
            findings.append(finding)
        result.add_applicable([*findings, *_report_redrawn_base(base_parcels, parcels, survey_rows, ctx)])
    if centre_base is not None and base_parcels is not None and not ctx.is_edit_check:
        result.add_applicable(_report_class_differences_of_centre(centre_base, base_parcels, ctx))
    if not ctx.is_edit_check:
        if any(rule.code == "TOP001" for rule in ctx.rules):
            # TOP001 needs the rows of all parcels that may overlap. With them, no search among those near each layer.
            parcels.polygons.find_overlap_candidates(ctx.cancellation)
        for line in ctx.norm.get("attributes.land_layers"):
            role, *groups = line.split()
            layer = find_usable_layer_or_note_reason(role, ctx, result)
            if layer is not None and layer.template.geometry == "polygon":
                result.add_applicable(_report_other_land(layer, parcels, groups, ctx))
    return result


def _report_copies(layer: Layer, source: Layer, field_names: list[str], result: RuleResult, ctx: RuleContext) -> None:
    """Add one finding for each field whose values differ from those of equal shapes in ``source``.

    ``field_names``: names of the fields that are copied from the layer ``source``.
    """
    fields = [name for name in field_names if _is_comparable_field(name, layer, source)]
    if not fields:
        return
    result.is_applicable = True
    survey_rows = find_containing_rows(layer, source, ctx)
    copies = np.flatnonzero((survey_rows >= 0) & ~find_rows_cut_differently(layer, source, ctx))
    if is_reported_elsewhere(ctx, "LAW010"):
        is_cultivated = ctx.find_cultivated_rows(source)[survey_rows[copies]]
        if layer.has_field("land_use"):
            is_cultivated &= ctx.find_cultivated_rows(layer)[copies]
        copies = copies[is_cultivated]
        if ctx.plan.find_layer_of_concept("farmland") is layer:
            fields = [
                name
                for name in fields
                if (declared := layer.template.find_field_by_name(name)) is None or declared.meaning != "slope_class"
            ]
    for name in fields:
        result.findings += _report_differences(name, layer, source, copies, survey_rows[copies], ctx)


def _report_other_land(layer: Layer, parcels: Layer, groups: list[str], ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding on the rows that lie mostly on parcels of other land-use groups than ``groups``."""
    groups_by_code = _find_land_use_groups(parcels, ctx)
    codes = parcels.text("land_use")
    other_codes = [
        code for code, code_groups in groups_by_code.items() if code_groups and not set(code_groups) & set(groups)
    ]
    parts = ctx.geometry.find_shared_areas(layer, parcels, right_rows=mask_texts(codes, other_codes))
    other_areas = np.bincount(parts.left, parts.area, minlength=len(layer))
    least_share = float(ctx.norm.get("attributes.other_land_share"))
    is_on_other = (other_areas > 0) & (other_areas > least_share * layer.plane_areas)
    rows = np.array(layer.sort_rows(np.flatnonzero(is_on_other)), dtype=int)
    if not len(rows):
        return
    parcel_row = find_row_of_largest_piece(parts, parts.left == rows[0])
    params = {"value": codes[parcel_row], "expected": Texts(ctx.lang).get("words", "between_names").join(groups)}
    area = float(layer.measure_rows(rows).sum())
    finding = _make_class_finding(layer, rows, parcels, parcel_row, "land", area, params, ctx)
    finding.params["shown"]["value"] = format_code_with_name(parcels, "land_use", codes[parcel_row], ctx)
    yield finding


def _report_redrawn_base(
    base_parcels: Layer, parcels: Layer, survey_rows: NDArray, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding if base parcels without the shape of a survey parcel have much land of other classes.

    ``survey_rows``: (n,) the survey parcel with the shape of each base parcel, −1 without one.
    """
    rows_below = find_containing_rows(base_parcels, parcels, ctx)
    rows = np.flatnonzero((survey_rows < 0) & (rows_below >= 0))
    differing_rows, _, _ = _compare_land_use(base_parcels, rows, parcels, rows_below[rows], ctx)
    area = float(np.nansum(base_parcels.measure_rows(differing_rows))) if len(differing_rows) else 0.0
    if area < float(ctx.norm.get("attributes.redrawn_base_m2")) or not len(differing_rows):
        return
    parcel_row = int(rows_below[differing_rows[0]])
    finding = _make_class_finding(
        base_parcels,
        differing_rows,
        parcels,
        parcel_row,
        "redrawn",
        area,
        {
            "value": base_parcels.text("land_use")[int(differing_rows[0])],
            "expected": parcels.text("land_use")[parcel_row],
        },
        ctx,
    )
    _name_land_uses(finding, base_parcels, parcels, ctx)
    _record_class_pairs(finding, base_parcels, differing_rows, parcels, rows_below[differing_rows], ctx)
    yield finding


def _report_class_differences_of_centre(centre_base: Layer, base_parcels: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a finding if much of the centre's base has other classes than the county's."""
    base_rows = find_containing_rows(centre_base, base_parcels, ctx)
    rows = np.flatnonzero(base_rows >= 0)
    differing_rows, _, _ = _compare_land_use(centre_base, rows, base_parcels, base_rows[rows], ctx)
    areas = centre_base.statutory
    compared_area, contradicted = float(areas[rows].sum()), float(areas[differing_rows].sum())
    if not len(differing_rows) or contradicted <= float(ctx.norm.get("attributes.centre_base_share")) * compared_area:
        return
    base_row = int(base_rows[differing_rows[0]])
    finding = _make_class_finding(
        centre_base,
        differing_rows,
        base_parcels,
        base_row,
        "centre",
        contradicted,
        {
            "value": centre_base.text("land_use")[int(differing_rows[0])],
            "expected": base_parcels.text("land_use")[base_row],
            "percent": round(100 * contradicted / compared_area, 2),
        },
        ctx,
    )
    finding.params["shown"]["compared_m2"] = round(compared_area, 2)
    _name_land_uses(finding, centre_base, base_parcels, ctx)
    _record_class_pairs(finding, centre_base, differing_rows, base_parcels, base_rows[differing_rows], ctx)
    yield finding


def _name_land_uses(finding: Finding, layer: Layer, other_layer: Layer, ctx: RuleContext) -> None:
    """Record both codes of land use of a finding with their names, for its message."""
    finding.params["shown"] |= {
        name: format_code_with_name(one, "land_use", finding.params[name], ctx)
        for name, one in (("value", layer), ("expected", other_layer))
    }


def _record_class_pairs(
    finding: Finding, layer: Layer, rows: NDArray, other_layer: Layer, other_rows: NDArray, ctx: RuleContext
) -> None:
    """Record the pairs of land uses on the same land, each with its number, for the message: the most frequent first.

    ``rows`` and ``other_rows`` are (n,) positions in the two layers.
    """
    codes, other_codes = layer.text("land_use"), other_layer.text("land_use")
    counts = Counter(
        (codes[row], other_codes[other_row]) for row, other_row in zip(rows.tolist(), other_rows.tolist(), strict=True)
    )
    finding.params["shown"]["class_pairs"] = [
        [
            format_code_with_name(layer, "land_use", code, ctx),
            format_code_with_name(other_layer, "land_use", other_code, ctx),
            count,
        ]
        for (code, other_code), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _make_class_finding(
    layer: Layer,
    rows: NDArray,
    other_layer: Layer,
    other_row: int,
    case: str,
    area_m2: float,
    params: dict[str, Any],
    ctx: RuleContext,
) -> Finding:
    """Return the finding on rows whose class of land differs from that in another layer.

    ``other_row``: row of ``other_layer`` at the first of these rows.
    """
    shown_rows = rows[:MAX_SHOWN_FIDS].tolist()
    return ctx.make_row_finding(
        layer,
        shown_rows[0],
        case=case,
        field=layer.get_field_name("land_use") if layer.has_field("land_use") else "",
        params=make_row_list_params(layer, rows.tolist(), max_named_rows=MOST_NAMED_FEATURES) | params,
        area_m2=area_m2,
        geometry=ctx.geometry.unite_shapes(layer.plane_shapes[shown_rows]),
        related_role=other_layer.role,
        related_keys=[other_layer.keys[other_row]],
    )


def _compare_land_use(
    layer: Layer, rows: NDArray, other_layer: Layer, other_rows: NDArray, ctx: RuleContext
) -> tuple[NDArray, NDArray, NDArray]:
    """Return the (k,) rows whose land use differs from that of another layer, and both land uses by name.

    ``rows`` and ``other_rows`` are (n,) positions in the two layers. Groups of land use are compared, some classes
    exactly. A row without a group is not compared.
    """
    groups_by_code, other_groups_by_code = _find_land_use_groups(layer, ctx), _find_land_use_groups(other_layer, ctx)
    exact_classes, other_exact_classes = _find_exact_classes(layer, ctx), _find_exact_classes(other_layer, ctx)
    codes = np.array(layer.text("land_use"), dtype=object)[rows]
    other_codes = np.array(other_layer.text("land_use"), dtype=object)[other_rows]
    names_by_pair: dict[tuple[str, str], tuple[str, str] | None] = {}
    for pair in set(zip(codes.tolist(), other_codes.tolist(), strict=True)):
        groups, other_groups = groups_by_code.get(pair[0], ()), other_groups_by_code.get(pair[1], ())
        is_different = bool(groups and other_groups and not set(groups) & set(other_groups))
        names_by_pair[pair] = (groups[0], other_groups[0]) if is_different else None
        classes, other_classes = exact_classes.get(pair[0], frozenset()), other_exact_classes.get(pair[1], frozenset())
        if not is_different and classes and other_classes and not classes & other_classes:
            names_by_pair[pair] = _get_class_name(layer, pair[0], ctx), _get_class_name(other_layer, pair[1], ctx)
    name_pairs = [names_by_pair[pair] for pair in zip(codes.tolist(), other_codes.tolist(), strict=True)]
    position_of_row = {row: n for n, row in enumerate(rows.tolist()) if name_pairs[n] is not None}
    differing_positions = [position_of_row[row] for row in layer.sort_rows(position_of_row)]
    pairs = np.array([name_pairs[position] for position in differing_positions], dtype=object).reshape(-1, 2)
    return rows[differing_positions], pairs[:, 0], pairs[:, 1]


def _find_land_use_groups(layer: Layer, ctx: RuleContext) -> dict[str, tuple[str, ...]]:
    """Return code of land use as written → names of its groups; codes in no group are left out."""
    group_by_class: dict[str, str] = {}
    for line in ctx.norm.get("attributes.base_class_groups"):
        name, *members = line.split()
        group_by_class |= dict.fromkeys(members, name)
    groups_by_code = {
        written_code: {group_by_class.get(planning_code[:CLASS_DIGITS], "") for planning_code in planning_codes}
        for written_code, planning_codes in _find_planning_codes(layer, ctx).items()
    }
    return {code: tuple(sorted(groups)) for code, groups in groups_by_code.items() if "" not in groups}


def _find_exact_classes(layer: Layer, ctx: RuleContext) -> dict[str, frozenset[str]]:
    """Return code of land use as written → its second-level planning classes, where these are compared exactly."""
    exact_classes = set(ctx.norm.get("attributes.base_exact_classes"))
    classes_by_code = {
        written_code: frozenset(planning_code[: 2 * CLASS_DIGITS] for planning_code in planning_codes)
        for written_code, planning_codes in _find_planning_codes(layer, ctx).items()
    }
    return {
        code: classes
        for code, classes in classes_by_code.items()
        if all(one[:CLASS_DIGITS] in exact_classes and len(one) == 2 * CLASS_DIGITS for one in classes)
    }


def _find_planning_codes(layer: Layer, ctx: RuleContext) -> dict[str, list[str]]:
    """Return code of land use as written → its codes in the planning list; unknown codes are left out."""
    template_field = layer.template.find_field("land_use")
    if template_field is None or not template_field.codes:
        return {}
    codes = ctx.get_code_list(template_field.codes).entry_by_code
    planning_codes_by_code = {}
    for written_code in set(layer.text("land_use")):
        code = trim_code_padding(written_code, template_field.code_pad)
        entry = codes.get(code)
        if entry is not None:
            column = entry.other_columns.get(CODE_2023_COLUMN)
            planning_codes_by_code[written_code] = [code] if column is None else column.split("|")
    return planning_codes_by_code


def _get_class_name(layer: Layer, written_code: str, ctx: RuleContext) -> str:
    """Return the name of a known code of land use."""
    template_field = layer.template.find_field("land_use")
    if template_field is None or not template_field.codes:
        return written_code
    return (
        ctx.get_code_list(template_field.codes)
        .entry_by_code[trim_code_padding(written_code, template_field.code_pad)]
        .name
    )


def _is_comparable_field(name: str, layer: Layer, parcels: Layer) -> bool:
    """Return True if layer and parcels have a field, without personal data."""
    template_field = layer.template.find_field_by_name(name)
    is_in_both = layer.get_column_by_name(name) is not None and parcels.get_column_by_name(name) is not None
    return is_in_both and template_field is not None and not template_field.personal


def _report_differences(
    name: str, layer: Layer, parcels: Layer, rows: NDArray, parcel_rows: NDArray, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield one finding on the rows whose value differs from their parcel's.

    ``rows`` are (k,) positions in the layer, ``parcel_rows`` their (k,) parcels. It yields nothing if no value differs.
    """
    layer_values = np.array(layer.get_texts_by_name(name), dtype=object)[rows]
    survey_values = np.array(parcels.get_texts_by_name(name), dtype=object)[parcel_rows]
    is_different = (layer_values != survey_values) & (layer_values != "") & (survey_values != "")
    template_field = layer.template.find_field_by_name(name)
    if template_field is not None and template_field.codes and is_reported_elsewhere(ctx, "ATT002"):
        # ATT002 reports values that are not in the field's code list.
        is_different &= np.isin(layer_values, list(ctx.get_code_list(template_field.codes).entry_by_code))
    differing_positions = np.flatnonzero(is_different)
    if not len(differing_positions):
        return
    position_of_row = {int(rows[n]): n for n in differing_positions}
    positions = layer.sort_rows(position_of_row)
    first = position_of_row[positions[0]]
    shown_rows = positions[:MAX_SHOWN_FIDS]
    params = {
        "value": layer_values[first],
        "expected": survey_values[first],
        **make_row_list_params(layer, positions, max_named_rows=MOST_NAMED_FEATURES),
    }
    finding = ctx.make_row_finding(
        layer,
        shown_rows[0],
        field=template_field.name if template_field is not None else name,
        params=params,
        geometry=ctx.geometry.unite_shapes(layer.plane_shapes[shown_rows]),
        related_role=parcels.role,
        related_keys=[parcels.keys[int(parcel_rows[first])]],
    )
    finding.params["shown"] |= {
        shown_name: label_code_of_field(one.template.find_field_by_name(name), params[shown_name], ctx)
        for shown_name, one in (("value", layer), ("expected", parcels))
    }
    yield finding
