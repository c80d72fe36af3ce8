# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of areas by control line, planning zone (规划分区), 三区 and township.

They have targets and sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import require_value
from ...engine.context import cut_rows_at_coast
from ...engine.provenance import describe_sea_rows
from ...figures.indicators.areas import find_counted_reserve_rows
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import AREA_FIELD_MEANINGS, get_row_areas
from ...figures.indicators.ratio import BOUNDARY_ZONE_KINDS
from ...figures.indicators.townships import get_plan_townships, split_by_township
from ...figures.target_allocation.by_township import compute_area_by_township
from ...figures.three_zones import derive_from_layer, list_zone_codes
from ...geometry.validity import extract_polygons
from ...model.indicator import SQUARE_METRES, Indicator, convert_area
from ...plan.layer import Layer
from ...standard.messages.numbers import format_hectare_number
from ...standard.profile.space_map import OUTSIDE_ZONES_CODE, UNMAPPED_ZONE_CODE, ZONES_LIST, load_space_map
from .. import figures as shown
from ..words import ReportTexts
from .by_land_use import M2_PER_HECTARE, find_layers_with_unconfirmed_sums, make_note_on_unconfirmed_sums
from .report_table import ReportTable, ReportTableRow, TableColumn, make_row, make_table_number

#: Share by which the statutory area of a row may differ from its land as drawn, where townships divide the row.
_MAX_FORMULA_SHARE = 1e-3
#: The areas of targets, counted as in the rule on township targets; other lines use geometry.
INDICATOR_BY_TARGET_CONCEPT = {"cultivated": "cultivated_area", "farmland": "farmland_area"}
LINES_MEASURED_BY_GEOMETRY = ("farmland", "red_line", "boundary", "heritage")
#: The lines by concept, with the figure that has a target.
INDICATOR_BY_LINE_CONCEPT = {
    "cultivated": "cultivated_area",
    "farmland": "farmland_area",
    "red_line": "red_line_area",
    "boundary": "boundary_area",
    "heritage": "",
    "flood_line": "",
    "mineral_line": "",
    "reserves": "",
}
_LINE_COLUMNS = (
    TableColumn("line", width_in_characters=22),
    TableColumn("layer", width_in_characters=14),
    TableColumn("features", "count", width_in_characters=10),
    TableColumn("statutory", "ha", width_in_characters=16),
    TableColumn("survey", "ha", width_in_characters=16),
    TableColumn("net", "ha", width_in_characters=16),
    TableColumn("net_wan_mu", "wan_mu", width_in_characters=14),
    TableColumn("county_share", "share", width_in_characters=12),
    TableColumn("target", width_in_characters=17),
    TableColumn("room", width_in_characters=14),
    TableColumn("state", width_in_characters=12),
)


@dataclass
class TownshipAreas:
    """The columns of the township table, with their areas (m²) by township.

    ``columns``: each with its sums: the townships, then land outside all (-2) and land in two (-1); ``notes``: how the
    rows of layers were assigned to townships; ``unbacked_layers``: layers with sums that the geometry does not confirm.
    """

    columns: list[tuple[TableColumn, NDArray]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unbacked_layers: list[Layer] = field(default_factory=list)


def make_township_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the table of townships: one row per township, one for land outside all townships, and the sum.

    ``None`` without townships.
    """
    texts = figures.texts
    townships = get_plan_townships(figures.ctx)
    if townships is None:
        return None
    layer, township_list, _ = townships
    land_column = TableColumn("land", "ha", width_in_characters=16)
    areas = TownshipAreas([(land_column, _sum_land_of_townships(layer, figures))])
    _add_columns_of_target_areas(areas, figures)
    column_ids = {column.id for column, _ in areas.columns}
    for concept in LINES_MEASURED_BY_GEOMETRY:
        line = figures.ctx.plan.find_layer_of_concept(concept)
        if line is not None and not line.has_no_geometry and f"{concept}_statutory" not in column_ids:
            column = _make_area_column(concept, "statutory", line, figures)
            areas.columns.append((column, _sum_areas_by_township(line, figures)))
    _add_zone_columns(areas, figures)
    columns = [
        TableColumn("division_code", width_in_characters=14),
        TableColumn("township", width_in_characters=22),
        *(column for column, _ in areas.columns),
    ]
    # Areas by place and column.
    sums = np.column_stack([sums_of_column for _, sums_of_column in areas.columns])
    places = [
        *((one.code, one.name, sums[n], "row", one.code or one.name) for n, one in enumerate(township_list)),
        *(
            ("", texts.get("tables", name), sums[n], "row", name)
            for n, name in ((-2, "outside"), (-1, "twice"))
            if (np.abs(sums[n]) > 0.5).any()
        ),
        ("", texts.get("tables", "sum"), [column.sum() for column in sums.T.copy()], "sum", ""),
    ]
    rows = [
        ReportTableRow(
            [code, name, *(make_table_number(float(one) / M2_PER_HECTARE, "ha") for one in areas_m2)], kind, row_id
        )
        for code, name, areas_m2, kind, row_id in places
    ]
    notes = [
        texts.get("tables", "townships_note", layer=figures.make_layer_label(layer)),
        *areas.notes,
        *make_note_on_unconfirmed_sums(areas.unbacked_layers, figures),
    ]
    return ReportTable("townships", columns, rows, unit="ha", notes=notes)


def _add_columns_of_target_areas(areas: TownshipAreas, figures: PlanIndicators) -> None:
    """Add the areas that have township targets to ``areas``, counted as in the rule on these targets (LAW004)."""
    for concept, name in INDICATOR_BY_TARGET_CONCEPT.items():
        target_areas = compute_area_by_township(name, figures.ctx)
        if target_areas is None or target_areas.plan_figure.layer is None:
            continue
        layer = target_areas.plan_figure.layer
        column = _make_area_column(concept, target_areas.plan_figure.basis, layer, figures)
        areas.columns.append((column, target_areas.areas_m2))
        if not (target_areas.plan_figure.is_confirmed_by_geometry and target_areas.is_confirmed_by_geometry.all()):
            areas.unbacked_layers.append(layer)
        if target_areas.field_name:
            count = target_areas.divided_row_count
            key = "townships_by_code_and_shape" if count else "townships_by_code"
            areas.notes.append(
                figures.texts.get(
                    "tables", key, layer=figures.make_layer_label(layer), field=target_areas.field_name, count=count
                )
            )


def _add_zone_columns(areas: TownshipAreas, figures: PlanIndicators) -> None:
    """Add the area of each first-level planning zone, by township, to ``areas``."""
    zones = figures.ctx.plan.find_layer_of_concept("zones")
    if zones is None or zones.has_no_geometry or not zones.has_values("zone_code"):
        return
    codes = figures.ctx.get_code_list(ZONES_LIST)
    zone_codes = np.array(list_zone_codes(zones), dtype=object)
    for top in (c for c in codes.entry_by_code.values() if not c.parent):
        rows = np.isin(zone_codes, list(codes.collect_members([top.code])))
        if rows.any():
            column = TableColumn(f"zone_{top.code}", "ha", top.name, 16)
            areas.columns.append((column, _sum_areas_by_township(zones, figures, rows)))


def _make_area_column(concept: str, basis: str, layer: Layer, figures: PlanIndicators) -> TableColumn:
    """Return the column for the areas of a layer on one basis, titled by its concept."""
    texts = figures.texts
    # The survey's parcels replace a missing layer of cultivated land.
    is_layer_of_concept = layer.role in figures.ctx.plan.list_roles_of_concept(concept)
    name = layer.template.name if texts.lang == "zh" and is_layer_of_concept else texts.get_concept_name(concept)
    title = texts.get("tables", "line_basis", line=name, basis=texts.get("bases", basis))
    return TableColumn(f"{concept}_{basis}", "ha", title, 16)


def _sum_areas_by_township(layer: Layer, figures: PlanIndicators, rows: NDArray | None = None) -> NDArray:
    """Return (townships + 2,) sums of areas, as `TownshipSplit.sum_by_township`.

    A divided row gives its parts shares of its statutory area, so that sums close. If its edges are so long that this
    area is not that of the land as drawn, the parts have the area as drawn.
    """
    split = require_value(split_by_township(layer, figures.ctx), "the layer of townships")
    is_divided = np.bincount(split.row_of_share, minlength=len(layer)) + (split.outside_shares != 0) > 1
    is_divided &= layer.has_shape
    drawn = layer.statutory.copy()
    drawn[is_divided] = figures.ctx.geometry.measure_drawn_areas(layer.plane_shapes[is_divided])
    is_close = np.abs(drawn - layer.statutory) <= _MAX_FORMULA_SHARE * drawn
    return split.sum_by_township(np.where(is_close, layer.statutory, drawn), rows)


def _sum_land_of_townships(layer: Layer, figures: PlanIndicators) -> NDArray:
    """Return (townships + 2,) the land of townships; the last (negative) is the land that several of them count."""
    sums = _sum_areas_by_township(layer, figures)
    shapes = layer.plane_shapes[layer.has_shape]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    twice = []
    for number in np.unique(first[second < first]).tolist():
        earlier = shapely.union_all(shapes[second[(first == number) & (second < number)]])
        twice.append(extract_polygons(shapely.intersection(shapes[number], earlier)))
    found = np.array([one for one in twice if one is not None], dtype=object)
    sums[-1] -= figures.ctx.geometry.measure_drawn_areas(found).sum()
    return sums


def make_line_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the table of control lines: one row per available line, below the boundary its kinds of zones.

    None without any line.
    """
    ctx, texts = figures.ctx, figures.texts
    county = ctx.plan.find_layer_of_concept("county")
    county_m2 = float(county.statutory.sum()) if county is not None and not county.has_no_geometry else 0.0
    table = ReportTable("lines", list(_LINE_COLUMNS), unit="ha")

    def add_row(
        name: str, layer: Layer, rows: np.ndarray, kind: str, code: str, figure: Indicator | None = None
    ) -> None:
        areas = get_row_areas(layer)
        statutory_m2 = float(layer.statutory[rows].sum())
        survey, net = (None if a is None else float(np.nansum(a[rows])) for a in (areas.survey_m2, areas.net_m2))
        table.rows.append(
            ReportTableRow(
                [
                    name,
                    layer.role,
                    make_table_number(int(rows.sum()), "count"),
                    make_table_number(statutory_m2 / M2_PER_HECTARE, "ha"),
                    make_table_number(None if survey is None else survey / M2_PER_HECTARE, "ha"),
                    make_table_number(None if net is None else net / M2_PER_HECTARE, "ha"),
                    make_table_number(None if net is None else convert_area(net, "wan_mu"), "wan_mu"),
                    make_table_number(100 * statutory_m2 / county_m2, "share") if county_m2 else None,
                    *_make_target_cells(figure, figures),
                ],
                kind,
                code,
            )
        )

    unbacked: list[Layer] = []
    for concept, indicator in INDICATOR_BY_LINE_CONCEPT.items():
        layer = ctx.plan.find_layer_of_concept(concept)
        if layer is None or layer.has_no_geometry:
            continue
        is_counted = find_counted_reserve_rows(layer, ctx) if concept == "reserves" else np.ones(len(layer), dtype=bool)
        name = layer.template.name if texts.lang == "zh" else texts.get_concept_name(concept)
        add_row(name, layer, is_counted, "row", concept, figures.get_first_figure(indicator) if indicator else None)
        unbacked += find_layers_with_unconfirmed_sums([layer], tuple(AREA_FIELD_MEANINGS.values()), figures)
        if concept == "boundary" and layer.has_values("zone_code"):
            row_mask_by_kind = {
                k: ctx.find_rows_with_code(layer, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in BOUNDARY_ZONE_KINDS
            }
            row_mask_by_kind["uncoded"] = ~np.logical_or.reduce(list(row_mask_by_kind.values()))
            for kind, rows in row_mask_by_kind.items():
                if rows.any():
                    add_row(texts.get("tables", kind), layer, rows, "part", f"{concept}:{kind}")
    table.notes += [
        texts.get("tables", "lines_note"),
        *make_note_on_unconfirmed_sums(unbacked, figures),
    ]
    return table if table.rows else None


def _make_target_cells(figure: Indicator | None, figures: PlanIndicators) -> list:
    """Return target, margin and state of a figure as cells; empty cells without a target."""
    if figure is None or figure.target is None:
        return ["", None, ""]
    report_texts = ReportTexts(figures.texts.lang)
    return [
        shown.format_target(figure, report_texts).replace("\u202f", " "),
        make_table_number(figure.margin, figure.unit, shown.choose_decimals(figure)),
        shown.format_state(figure, report_texts),
    ]


def make_zone_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the table of planning zones; a finer code is below its parent.

    The area field is shown next to the statutory area. None without a layer of planning zones with codes.
    """
    ctx, texts = figures.ctx, figures.texts
    layer = ctx.plan.find_layer_of_concept("zones")
    if layer is None or layer.has_no_geometry or not layer.has_values("zone_code"):
        return None
    stored_areas = layer.numbers("area") if layer.has_field("area") else np.full(len(layer), np.nan)
    unit = layer.template.find_field("area")
    factor = SQUARE_METRES[(unit.unit if unit else "") or "m2"]
    _, land_shares = cut_rows_at_coast(layer, ctx.plan)

    def sum_areas(one: ZoneRows) -> float:
        return float((layer.statutory * one.shares).sum())

    def compute_share(one: ZoneRows) -> float | None:
        """Return zones of land as a share of all land zones, and those at sea of all sea zones."""
        total = 0.0 if one.whole is None else float((layer.statutory * one.whole).sum())
        return 100 * sum_areas(one) / total if total else None

    columns = [
        TableColumn("code", width_in_characters=8, value=lambda one: one.code),
        TableColumn("zone", width_in_characters=22, value=lambda one: one.name),
        TableColumn("features", "count", width_in_characters=10, value=lambda one: int((one.shares > 0).sum())),
        TableColumn("statutory", "ha", width_in_characters=16, value=lambda one: sum_areas(one) / M2_PER_HECTARE),
        TableColumn(
            "share",
            "share",
            width_in_characters=12,
            value=compute_share,
        ),
        TableColumn(
            "stored",
            "ha",
            width_in_characters=16,
            value=lambda one: (
                None
                if np.isnan(stored_areas[one.shares > 0]).all()
                else float(np.nansum(stored_areas * one.shares)) * factor / M2_PER_HECTARE
            ),
        ),
    ]

    zones = _list_zones(layer, figures, land_shares)
    table = ReportTable("zones", columns, [make_row(columns, one, one.kind, one.key) for one in zones], unit="ha")
    for concept, shares, prefix in (("county", land_shares, ""), ("sea", 1.0 - land_shares, "sea_")):
        whole = ctx.plan.find_layer_of_concept(concept)
        if whole is None or whole.has_no_geometry:
            continue
        area = float(whole.statutory.sum())
        difference = float((layer.statutory * shares).sum()) - area
        for name, value in ((concept, area), (f"{prefix}difference", difference)):
            cells = ["", texts.get("tables", name), None, make_table_number(value / M2_PER_HECTARE, "ha"), None, None]
            table.rows.append(ReportTableRow(cells, "sum", name))
    table.notes += [
        texts.get("tables", "zones_note", layer=figures.make_layer_label(layer)),
        *describe_sea_rows([layer], ctx.plan, texts),
        *make_note_on_unconfirmed_sums(find_layers_with_unconfirmed_sums([layer], ("area",), figures), figures),
    ]
    return table


@dataclass(frozen=True)
class ZoneRows:
    """A planning zone, or the sum of several: code, name, kind and key of the row of the table.

    ``shares`` (n,): the share of each row of the layer that counts, from 0 to 1; ``whole`` (n,): likewise of all zones
    of which the zone is a part, None for zones of land and sea together.
    """

    code: str
    name: str
    shares: NDArray
    kind: str
    key: str
    whole: NDArray | None = None


def _list_zones(layer: Layer, figures: PlanIndicators, land_shares: NDArray) -> list[ZoneRows]:
    """Return each planning zone, then the sum of all.

    If there are zones at sea, they follow those of land, and both have a sum too. A zone that the coast cuts is in
    both.
    """
    texts, codes = figures.texts, figures.ctx.get_code_list(ZONES_LIST)
    row_codes = np.array(list_zone_codes(layer), dtype=object)
    zones: list[ZoneRows] = []
    has_sea, everything = bool((land_shares < 1).any()), np.ones(len(layer))
    for part, shares in [("land", land_shares), ("sea", 1.0 - land_shares)] if has_sea else [("", everything)]:
        prefix = "sea:" if part == "sea" else ""
        for top in (c for c in codes.entry_by_code.values() if not c.parent):
            inside = shares * np.isin(row_codes, list(codes.collect_members([top.code])))
            if inside.any():
                zones.append(ZoneRows(top.code, top.name, inside, "row", prefix + top.code, shares))
                for code in sorted(set(row_codes[inside > 0]) - {top.code}, key=str):
                    name, finer = codes.entry_by_code[code].name, shares * (row_codes == code)
                    zones.append(ZoneRows(code, name, finer, "part", prefix + code, shares))
        for code in sorted(set(row_codes[(shares > 0) & ~np.isin(row_codes, list(codes.entry_by_code))])):
            name = texts.get("tables", "unknown_code" if code else "no_code")
            zones.append(ZoneRows(code, name, shares * (row_codes == code), "row", prefix + code, shares))
        if part:
            zones.append(ZoneRows("", texts.get("tables", f"{part}_sum"), shares, "sum", f"{part}_sum", shares))
    zones.append(ZoneRows("", texts.get("tables", "sum"), everything, "sum", "", None if has_sea else everything))
    return zones


def make_space_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the table of the three zones (三区) and of the land outside them, with the areas of the report.

    None without a layer of planning zones with codes.
    """
    ctx, texts = figures.ctx, figures.texts
    layer = ctx.plan.find_layer_of_concept("zones")
    if layer is None or layer.has_no_geometry or not layer.has_values("zone_code"):
        return None
    mapping = load_space_map(ctx.norm)
    three_zones = derive_from_layer(layer, mapping, ctx.plan, ctx.cancellation)
    county = ctx.plan.find_layer_of_concept("county")
    county_area_m2 = (
        float(county.statutory.sum()) if county is not None and not county.has_no_geometry else three_zones.total_m2
    )
    columns = [
        TableColumn("space", width_in_characters=18, value=lambda one: one[0]),
        TableColumn("features", "count", width_in_characters=10, value=lambda one: one[1]),
        TableColumn("statutory_km2", "km2", width_in_characters=16, value=lambda one: convert_area(one[2], "km2")),
        TableColumn("statutory", "ha", width_in_characters=16, value=lambda one: one[2] / M2_PER_HECTARE),
        TableColumn(
            "county_share",
            "share",
            width_in_characters=12,
            value=lambda one: 100 * one[2] / county_area_m2 if county_area_m2 else None,
        ),
    ]
    # Name, number of features and area of each zone, with the kind and the code of its row.
    zones = [
        (mapping.name(code), three_zones.zone_counts.get(code, 0), three_zones.get_zone_area_m2(code), "row", code)
        for code in mapping.spaces.entry_by_code
    ]
    shown_zones = [one for one in zones if one[2] or one[4] not in (OUTSIDE_ZONES_CODE, UNMAPPED_ZONE_CODE)]
    count = sum(three_zones.zone_counts.values())
    shown_zones.append((texts.get("tables", "sum"), count, three_zones.total_m2, "sum", ""))
    overlap = texts.get("tables", "spaces_overlap", area=format_hectare_number(three_zones.overlap_m2))
    notes = [
        *([] if three_zones.do_areas_add_up else [overlap]),
        texts.get("tables", "spaces_note"),
        *describe_sea_rows([layer], ctx.plan, texts),
    ]
    rows = [make_row(columns, one, one[3], one[4]) for one in shown_zones]
    return ReportTable("spaces", columns, rows, unit="ha", notes=notes)
