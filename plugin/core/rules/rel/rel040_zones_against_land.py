# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.land_use import CLASS_CODE_LIST_ID, find_rows_of_classes
from ...figures.indicators.survey_deductions import find_containing_rows
from ...geometry.overlay_pieces import OverlayPieces
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import (
    MAX_SHOWN_FIDS,
    find_value_of_most_land,
    join_code_names,
    join_code_names_of_field,
    list_largest_rows_first,
    make_row_list_params,
    read_setting_words,
)
from .._places import SQUARE_KM_WKT, SQUARE_WKT, find_polygons_overlapping_any, find_usable_layer_or_note_reason

WEST_WKT = "POLYGON ((0 0, 500 0, 500 1000, 0 1000, 0 0))"
EAST_WKT = "POLYGON ((500 0, 1000 0, 1000 1000, 500 1000, 500 0))"
FAR_WEST_WKT = "POLYGON ((-2000 0, 0 0, 0 1000, -2000 1000, -2000 0))"
#: Parcels are compared with a zone if together they cover this share of it at least, and this many times it at most.
LEAST_PARCEL_SHARE, MOST_PARCEL_SHARE = 0.5, 2.0
#: A parcel is in a layer that covers this share of it.
INCLUDED_SHARE = 0.5
#: In a setting: features of each kind.
EVERY_KIND = "*"
SURVEY, BASE = {"base_parcels": "DLTB"}, {"base_parcels": "XZYDYH"}


def _make_plan(zone: str, west: str, east: str, **layers: list) -> dict[str, list]:
    """Return the layers of an example: one zone over a west and an east parcel with these land uses."""
    return {
        "base_parcels": [{"wkt": WEST_WKT, "land_use": west}, {"wkt": EAST_WKT, "land_use": east}],
        "YDYHGHFQ": [{"wkt": SQUARE_KM_WKT, "zone_code": zone}],
        **layers,
    }


@rule(
    "REL040",
    "zones-against-land",
    problem="A zone or layer does not fit the present land",
    severity=Severity.WARNING,
    basis=["zone-functions", "forest-protection"],
    needs={"base_parcels": LayerNeed("base_parcels", fields=("land_use",))},
    uses=[
        "zones.present_classes", "zones.min_present_share", "zones.min_present_m2", "zones.mineral_layers",
        "main_function.energy_zones", "zones.described_classes", "zones.min_described_share", "zones.min_partly_share",
        "zones.min_described_m2", "zones.expected_kinds", "zones.kept_layers", "zones.min_kept_m2",
    ],
    messages={
        "zone": "{layer} ({key}) is {zone}, but only {percent} % of the land in it ({related_layer}) is {expected}; "
        "zones of this kind usually have more{usual_fact}. Compare code and outline with the approved result, and "
        "correct them if they are wrong; if the land is to change as planned, waive the finding and give the "
        "document of approval.",
        "mineral": "{layer} ({key}) is {zone}, but only {percent} % of the land in it ({related_layer}) is "
        "{expected}{usual_fact}, and no feature of the mineral layers is in it. Compare the code of the zone with "
        "the approved result, and correct it if it is wrong; if it is right, draw the missing mineral features; for "
        "a zone of energy supply, waive the finding and give the document.",
        "left_out": "{layer} includes {percent} % of the land of these classes in {related_layer}: {expected}. "
        "Parcels of {area} are not in it: {count} ({rows}{more}). First compare their class with the survey, and "
        "correct it if it is wrong; if it is right, add parcels that the layer's source has; if they are excluded "
        "with reason, waive the finding and give the reason.",
        "kept": "{layer} ({zone}) shares {area} ({percent} % of its area) with {related_layer}; features of the "
        "latter: {count} ({rows}{more}). Such forest must be kept: no fields, villages or surface mining. Compare "
        "both outlines; move the zone or line back, or state in the text of the plan how the forest is kept (for "
        "example above underground mining), waive the finding and give the document.",
        "partly": "{layer} covers only {percent} % of the land of these classes in {related_layer}: {expected}. "
        "Parcels of {area} are not in it: {count} ({rows}{more}). Compare the layer with its source. Add what is "
        "missing; if the layer is to include only part of such land, waive the finding and give the document.",
        "lost": "{layer} has no zone of the kind {zone}, but {related_layer} has {area} of such land ({expected}), "
        "parcels: {count} ({rows}{more}), most of it in zones of the kind {now}. Compare {field} with the plan's "
        "map, and correct it; if the plan has no zone of this kind, waive the finding and give the document.",
    },
    approval_cases=("zone", "mineral", "kept", "partly", "lost"),
    fails=[
        RuleExample("a village zone of fields", _make_plan("510", "0103", "0103"), finds=1, roles=SURVEY, areas=(1000000.0,)),
        RuleExample("a forestry zone of fields and houses", _make_plan("530", "010300", "070100"), finds=1, roles=BASE),
        RuleExample("a flood line on fields", {**_make_plan("520", "0103", "0103"), "HLFXKZX": [{"wkt": SQUARE_KM_WKT, "feature_kind": "21"}]}, finds=1, roles=SURVEY),
        RuleExample("a mining zone of orchards far from any mine", _make_plan("700", "0201", "0201", KCZYKCBHX=[FAR_WEST_WKT]), finds=1, roles=SURVEY),
        RuleExample("a marsh that is not a wetland", {"base_parcels": [{"wkt": wkt, "land_use": "1108"} for wkt in (FAR_WEST_WKT, WEST_WKT)],
                "SD": [FAR_WEST_WKT]}, finds=1, areas=(500000.0,), roles=SURVEY),
        RuleExample("a mine without its line", {"base_parcels": [{"wkt": wkt, "land_use": "0602"} for wkt in (FAR_WEST_WKT, WEST_WKT)],
                "KCZYKCBHX": [FAR_WEST_WKT]}, finds=1, roles=SURVEY),
        RuleExample("natural forest to be ploughed", _make_plan("520", "0301", "0301", TRL=[WEST_WKT, SQUARE_WKT]), finds=1, areas=(500000.0,), roles=SURVEY,
                settings={"zones.expected_kinds": []}),
        RuleExample("a mine on public welfare forest", _make_plan("530", "0301", "0301", KCZYKCBHX=[WEST_WKT], STGYL=[SQUARE_KM_WKT]), finds=1, areas=(500000.0,), roles=SURVEY),
        RuleExample("a wetland layer with a third of the marshes", {"base_parcels": [{"wkt": wkt, "land_use": "1108"} for wkt in (FAR_WEST_WKT, WEST_WKT)],
                "SD": [WEST_WKT]}, finds=1, areas=(2000000.0,), roles=SURVEY),
        RuleExample("a wetland layer with one river of many", {"base_parcels": [{"wkt": SQUARE_WKT, "land_use": "1101"}, {"wkt": FAR_WEST_WKT, "land_use": "1101"}],
                "SD": [SQUARE_WKT]}, finds=1, areas=(2000000.0,), roles=SURVEY),
        RuleExample("a mine, but no mining zone", _make_plan("200", "0602", "0201", KCZYKCBHX=[WEST_WKT]), finds=1, areas=(500000.0,), roles=SURVEY),
    ],
    passes=[
        RuleExample("natural forest in a forestry zone", _make_plan("530", "0301", "0301", TRL=[SQUARE_KM_WKT]), roles=SURVEY),
        RuleExample("a grove among fields", _make_plan("520", "0103", "0103", TRL=["POLYGON ((0 0, 50 0, 50 50, 0 50, 0 0))"]), roles=SURVEY),
        RuleExample("a village and fields", _make_plan("510", "0702", "0103"), roles=SURVEY),
        RuleExample("a forestry zone to be planted", _make_plan("530", "0404", "0103"), roles=SURVEY),
        RuleExample("a small new village", {**_make_plan("520", "0103", "0103"), "YDYHGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "510"}]}, roles=SURVEY),
        RuleExample("a mine under orchards", _make_plan("700", "0201", "0201", KCZYKCBHX=[SQUARE_WKT]), roles=SURVEY),
        RuleExample("no layer shows where mines are", _make_plan("700", "0201", "0201"), roles=SURVEY),
        RuleExample("rivers are not in this wetland layer", {"base_parcels": [{"wkt": WEST_WKT, "land_use": "1101"}, {"wkt": EAST_WKT, "land_use": "1108"}],
                "SD": [EAST_WKT]}, roles=SURVEY),
        RuleExample("a mine in a mining zone", _make_plan("700", "0602", "0201"), roles=SURVEY),
        RuleExample("a small pond left out", {"base_parcels": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "land_use": "1108"}, {"wkt": FAR_WEST_WKT, "land_use": "1108"}],
                "SD": [FAR_WEST_WKT]}, roles=SURVEY),
    ],
)  # fmt: skip
def zones_against_land(base_parcels: Layer, *, ctx: RuleContext) -> RuleResult:
    """Zones and layers fit the present land.

    What it checks
        Zones and lines of the kinds in `zones.present_classes` (村庄建设区, 林业发展区, 牧业发展区, 矿产能源发展区, 河湖湿地 of the flood line)
        from `zones.min_present_m2` on: at least `zones.min_present_share` of the base parcels in them is of the classes
        given there. Zones for mining (`main_function.energy_zones`) without such land pass if a feature of
        `zones.mineral_layers` is in them. If a zone layer has no zone of a kind in `zones.expected_kinds`, the county
        has less than `zones.min_present_m2` of the land given there. Findings on zones are information. Layers in
        `zones.described_classes` (湿地: wetland and water; 洪涝风险控制线: water; 矿产资源控制线: mining land): if a layer includes
        `zones.min_described_share` of the land of a class, it includes every parcel of that class from
        `zones.min_described_m2` on, by more than half. One that includes less, from `zones.min_partly_share` on or if a
        whole parcel is in it, is information, one finding for a layer. Also as information, one for each kind: features
        of layers that stay as they are (`zones.kept_layers`: 天然林 and 生态公益林) with `zones.min_kept_m2` or more in zones
        of fields or villages, or in the mining line, if they fill the share given there.
    Why
        Zones keep or develop what is there. A zone whose land is of another kind often has the wrong code or outline;
        a wetland missing in its layer loses its protection.
    How to fix
        Check code and outline of the zone by the plan's map. Add the missing land to the layer, or correct its class.
        If it is as approved, waive the finding and give the document.
    Limits
        Classes, shares and areas are settings of mark C, and generous: a zone may be planned for a change of its land.
        In zones, a parcel counts where a point inside it is. A layer that includes no parcel of a class, and less of it
        than `zones.min_partly_share`, is not compared with it. REL006 reports farmland zones, REL039 zones of the
        centre. Runs by default for a whole county (scope county), else if the rule or its group control_lines is
        selected.
    """
    result = RuleResult(is_applicable=False)
    for name, code, *classes in read_setting_words(ctx.norm, "zones.present_classes", 3):
        layer = find_usable_layer_or_note_reason(name, ctx, result)
        if layer is not None and layer.template.geometry == "polygon":
            result.add_applicable(_find_zones_on_other_land(layer, code, classes, base_parcels, ctx))
    for name, code, *classes in read_setting_words(ctx.norm, "zones.expected_kinds", 3):
        layer = find_usable_layer_or_note_reason(name, ctx, result)
        if layer is not None and layer.template.geometry == "polygon" and layer.has_field("zone_code"):
            result.add_applicable(_find_land_of_a_kind_without_zone(layer, code, classes, base_parcels, ctx))
    for name, *classes in read_setting_words(ctx.norm, "zones.described_classes", 2):
        layer = find_usable_layer_or_note_reason(name, ctx, result)
        if layer is not None and layer.template.geometry == "polygon" and layer is not base_parcels:
            result.add_applicable(_find_land_left_out(layer, classes, base_parcels, ctx))
    kept_lines = read_setting_words(ctx.norm, "zones.kept_layers", 4, number_at=2)
    # Zones of all kinds are overlaid in one go: it prepares both layers, and cuts large polygons, only once.
    pieces_by_layers: dict[tuple[str, str], OverlayPieces] = {}
    for name, kind, share, *kept_names in kept_lines:
        layer = find_usable_layer_or_note_reason(name, ctx, result)
        for kept_name in kept_names if layer is not None else []:
            kept_layer = find_usable_layer_or_note_reason(kept_name, ctx, result)
            if layer is not None and kept_layer is not None:
                result.is_applicable = True
                if layer.template.geometry == kept_layer.template.geometry == "polygon":
                    key = layer.role, kept_layer.role
                    if key not in pieces_by_layers:
                        is_compared = _find_rows_of_kinds(
                            layer, [other for own_name, other, *_ in kept_lines if own_name == name], ctx
                        )
                        pieces_by_layers[key] = ctx.geometry.find_shared_pieces(
                            kept_layer, layer, right_rows=is_compared, keep_slivers=True
                        )
                    result.findings += _find_kept_land(
                        layer, kind, float(share), kept_layer, pieces_by_layers[key], ctx
                    )
    return result


def _find_zones_on_other_land(
    layer: Layer, code: str, classes: list[str], parcels: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding for each large zone of a kind whose land has little of the kind's classes.

    ``code``: the kind of zone; ``classes``: land-use classes (2023) that such a zone should have.
    """
    meaning = "zone_code" if layer.has_field("zone_code") else "feature_kind"
    zone_areas = layer.plane_areas
    is_compared = ctx.find_rows_with_code(layer, meaning, [code]) & (
        zone_areas >= float(ctx.norm.get("zones.min_present_m2"))
    )
    if not is_compared.any():
        return
    zone_of_parcel = find_containing_rows(parcels, layer, ctx)
    on = zone_of_parcel >= 0
    areas = np.where(on, parcels.plane_areas, 0.0)
    described_areas = np.bincount(zone_of_parcel[on], areas[on], minlength=len(layer))
    is_expected = on & find_rows_of_classes(parcels, classes, ctx)
    expected = np.bincount(zone_of_parcel[is_expected], areas[is_expected], minlength=len(layer))
    # A zone is not compared if the parcels assigned to it cover little of it or reach far beyond it.
    is_described = (described_areas > LEAST_PARCEL_SHARE * zone_areas) & (
        described_areas < MOST_PARCEL_SHARE * zone_areas
    )
    min_share = float(ctx.norm.get("zones.min_present_share"))
    is_other = is_compared & is_described & (expected < min_share * described_areas)
    is_mineral = code in ctx.norm.get("main_function.energy_zones")
    if is_mineral and is_other.any():
        layers = [ctx.plan.find_layer_of_concept(role) for role in ctx.norm.get("zones.mineral_layers")]
        shapes = [one.plane_shapes[one.has_shape] for one in layers if one is not None]
        if not any(len(one) for one in shapes):
            return
        is_other &= ~find_polygons_overlapping_any(layer.plane_shapes, np.concatenate(shapes))
    other_rows = np.flatnonzero(is_other)
    for row, area in zip(other_rows.tolist(), layer.measure_rows(other_rows).tolist(), strict=True):
        yield ctx.make_row_finding(
            layer,
            row,
            case="mineral" if is_mineral else "zone",
            severity=Severity.INFO if meaning == "zone_code" else None,
            field=layer.get_field_name(meaning),
            params={
                "zone": join_code_names_of_field(layer, meaning, [code], ctx),
                "percent": round(100 * float(expected[row] / described_areas[row]), 2),
                "expected": join_code_names(classes, CLASS_CODE_LIST_ID, ctx),
                "shown": {"noted": {"usual_fact": {"share": f"{100 * min_share:g}"}}},
            },
            geometry=layer.plane_shapes[row],
            area_m2=area,
            related_role=parcels.role,
        )


def _find_rows_of_kinds(layer: Layer, kinds: list[str], ctx: RuleContext) -> NDArray | None:
    """Return (n,) bool: zones or lines of these kinds; None if all are."""
    meaning = "zone_code" if layer.has_field("zone_code") else "feature_kind"
    return None if EVERY_KIND in kinds else ctx.find_rows_with_code(layer, meaning, kinds)


def _find_kept_land(
    layer: Layer, kind: str, min_share: float, kept_layer: Layer, shared_pieces: OverlayPieces, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on features of protected land that reach far into zones or lines of a kind.

    ``kind``: code of the zones or lines, ``*`` for all; ``min_share``: share (0–1) of their area above which there is a
    finding; ``kept_layer``: the layer of protected land; ``shared_pieces``: the land that it shares with zones or lines
    of this kind and others.
    """
    meaning = "zone_code" if layer.has_field("zone_code") else "feature_kind"
    is_of_kind = _find_rows_of_kinds(layer, [kind], ctx)
    if is_of_kind is not None:
        shared_pieces = shared_pieces.select(is_of_kind[shared_pieces.right])
    areas = np.bincount(shared_pieces.left, shared_pieces.area, minlength=len(kept_layer))
    areas = np.minimum(areas, kept_layer.plane_areas)
    is_large = areas >= float(ctx.norm.get("zones.min_kept_m2"))
    pieces = ctx.geometry.remove_repeated_land(shared_pieces.select(is_large[shared_pieces.left]), kept_layer, layer)
    shared_area = float(pieces.area.sum())
    zone_areas = layer.plane_areas if is_of_kind is None else layer.plane_areas[is_of_kind]
    if not is_large.any() or shared_area <= min_share * float(zone_areas.sum()):
        return
    rows = list_largest_rows_first(kept_layer, is_large, areas)
    shown_rows = rows[:MAX_SHOWN_FIDS]
    yield Finding(
        layer.role,
        case="kept",
        severity=Severity.INFO,
        params={
            "percent": round(100 * shared_area / float(zone_areas.sum()), 2),
            "zone": layer.name if kind == EVERY_KIND else join_code_names_of_field(layer, meaning, [kind], ctx),
            **make_row_list_params(kept_layer, rows),
        },
        related_role=kept_layer.role,
        related_keys=[kept_layer.keys[row] for row in shown_rows],
        area_m2=float(ctx.geometry.compute_piece_areas(pieces, kept_layer, layer).sum()),
        geometry=ctx.geometry.unite_shapes(pieces.geometry[np.isin(pieces.left, shown_rows)]),
    )


def _find_land_of_a_kind_without_zone(
    layer: Layer, code: str, classes: list[str], parcels: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on present land of a kind if the zone layer has no zone of this kind.

    ``code``: the kind of zone; ``classes``: land-use classes (2023) of its land.
    """
    positions = np.array(
        parcels.sort_rows(np.flatnonzero(find_rows_of_classes(parcels, classes, ctx) & parcels.has_shape)), dtype=int
    )
    if ctx.find_rows_with_code(layer, "zone_code", [code]).any():
        return
    areas = np.nan_to_num(parcels.measure_rows(positions))
    area = float(areas.sum())
    if area < float(ctx.norm.get("zones.min_present_m2")):
        return
    order = np.argsort(-areas, kind="stable")
    positions, areas = positions[order], areas[order]
    zone_of_parcel = find_containing_rows(parcels, layer, ctx)[positions]
    on = zone_of_parcel >= 0
    zone_codes = np.array(layer.text("zone_code"), dtype=object)[zone_of_parcel[on]]
    present_zone_code = find_value_of_most_land(zone_codes, areas[on])
    yield Finding(
        layer.role,
        case="lost",
        severity=Severity.INFO,
        field=layer.get_field_name("zone_code"),
        params={
            "zone": join_code_names_of_field(layer, "zone_code", [code], ctx),
            "expected": join_code_names(classes, CLASS_CODE_LIST_ID, ctx),
            "now": join_code_names_of_field(layer, "zone_code", [present_zone_code], ctx) or "—",
            **make_row_list_params(parcels, positions.tolist()),
        },
        related_role=parcels.role,
        # Findings on several kinds differ in their related keys.
        related_keys=[parcels.keys[position] for position in positions[:MAX_SHOWN_FIDS].tolist()],
        area_m2=area,
        geometry=ctx.geometry.unite_shapes(parcels.plane_shapes[positions[:MAX_SHOWN_FIDS]]),
    )


def _find_land_left_out(layer: Layer, classes: list[str], parcels: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on the large parcels that a layer leaves out.

    One is on the classes of which it includes most land (``left_out``), one on those of which it includes a part
    (``partly``).
    """
    areas = parcels.plane_areas
    parts = ctx.geometry.find_shared_areas(parcels, layer, left_rows=find_rows_of_classes(parcels, classes, ctx))
    covered_areas = np.minimum(np.bincount(parts.left, parts.area, minlength=len(parcels)), areas)
    is_large = areas >= float(ctx.norm.get("zones.min_described_m2"))
    is_large_outside = is_large & (covered_areas < INCLUDED_SHARE * areas)
    described_share, partly_share = (
        float(ctx.norm.get(f"zones.{name}")) for name in ("min_described_share", "min_partly_share")
    )
    classes_by_case: dict[str, list[str]] = {"left_out": [], "partly": []}
    for one in classes:
        rows = find_rows_of_classes(parcels, [one], ctx)
        class_area, inside = float(areas[rows].sum()), float(covered_areas[rows].sum())
        # One parcel that is included shows that the layer is to have this class.
        is_in_layer = rows & is_large & (covered_areas > INCLUDED_SHARE * areas)
        is_described = inside > partly_share * class_area or is_in_layer.any()
        if is_described and (rows & is_large_outside).any():
            classes_by_case["left_out" if inside > described_share * class_area else "partly"].append(one)
    for case, class_codes in classes_by_case.items():
        rows = find_rows_of_classes(parcels, class_codes, ctx)
        positions = parcels.sort_rows(np.flatnonzero(rows & is_large_outside))
        if positions:
            yield Finding(
                layer.role,
                case=case,
                severity=Severity.INFO if case == "partly" else None,
                params={
                    "percent": round(100 * float(covered_areas[rows].sum() / areas[rows].sum()), 2),
                    "expected": join_code_names(class_codes, CLASS_CODE_LIST_ID, ctx),
                    **make_row_list_params(parcels, positions),
                },
                related_role=parcels.role,
                related_keys=[parcels.keys[position] for position in positions[:MAX_SHOWN_FIDS]],
                area_m2=float(parcels.measure_rows(positions).sum()),
                geometry=ctx.geometry.unite_shapes(parcels.plane_shapes[positions]),
            )
