# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by planning zone (规划分区) and by 三区."""

from __future__ import annotations

import numpy as np

from ...indicators.compute import Figures
from ...model.indicator import SQUARE_METRES, in_unit
from ...profile.spaces import OUTSIDE, UNMAPPED, ZONES_LIST, space_map
from ...three_zones.figures import of_layer, zone_codes
from .model import Column, Row, Table, measured, unbacked, unbacked_note

_HA = SQUARE_METRES["ha"]


def zones(figures: Figures) -> Table | None:
    """By code of the list, finer codes below theirs; statutory area, and the area field beside it where there is one."""
    ctx, texts = figures.ctx, figures.texts
    layer = ctx.plan.concept("zones")
    if layer is None or layer.bare or not layer.tells("zone_code"):
        return None
    codes = ctx.codes(ZONES_LIST)
    own = np.array(zone_codes(layer), dtype=object)
    said = layer.numbers("area") if layer.has("area") else np.full(len(layer), np.nan)
    unit = layer.template.field("area")
    factor = SQUARE_METRES[(unit.unit if unit else "") or "m2"]
    whole = float(layer.statutory.sum())
    columns = [
        Column("code", wide=8),
        Column("zone", wide=22),
        Column("features", "count", wide=10),
        Column("statutory", "ha", wide=16),
        Column("share", "share", wide=12),
        Column("stored", "ha", wide=16),
    ]
    table = Table("zones", columns, unit="ha")

    def row(rows: np.ndarray, code: str, name: str, kind: str) -> None:
        area = float(layer.statutory[rows].sum())
        stored = said[rows]
        table.rows.append(
            Row(
                [
                    code,
                    name,
                    measured(int(rows.sum()), "count"),
                    measured(area / _HA, "ha"),
                    measured(100 * area / whole, "share") if whole else None,
                    None if np.isnan(stored).all() else measured(float(np.nansum(stored)) * factor / _HA, "ha"),
                ],
                kind,
                code,
            )
        )

    for top in (c for c in codes.codes.values() if not c.parent):
        inside = np.isin(own, list(codes.members([top.code])))
        if not inside.any():
            continue
        row(inside, top.code, top.name, "row")
        finer = sorted(set(own[inside]) - {top.code}, key=str)
        for code in finer:
            row(own == code, code, codes.codes[code].name, "part")
    strange = ~np.isin(own, list(codes.codes))
    for code in sorted(set(own[strange])):
        row(own == code, code, texts.get("tables", "no_code" if not code else "unknown_code"), "row")
    every = np.ones(len(layer), dtype=bool)
    row(every, "", texts.get("tables", "sum"), "sum")
    county = ctx.plan.concept("county")
    if county is not None and not county.bare:
        area = float(county.statutory.sum())
        for name, value in (("county", area), ("difference", whole - area)):
            cells = ["", texts.get("tables", name), None, measured(value / _HA, "ha"), None, None]
            table.rows.append(Row(cells, "sum", name))
    table.notes.append(texts.get("tables", "zones_note", layer=layer.name))
    table.notes += unbacked_note(unbacked([layer], ("area",), figures), figures)
    return table


def spaces(figures: Figures) -> Table | None:
    """农业空间, 生态空间, 城镇空间 as the report has them, and what is in none of them."""
    ctx, texts = figures.ctx, figures.texts
    layer = ctx.plan.concept("zones")
    if layer is None or layer.bare or not layer.tells("zone_code"):
        return None
    mapping = space_map(ctx.norm)
    found = of_layer(layer, mapping, ctx.cancellation)
    county = ctx.plan.concept("county")
    whole = float(county.statutory.sum()) if county is not None and not county.bare else found.total_m2
    columns = [
        Column("space", wide=18),
        Column("features", "count", wide=10),
        Column("statutory_km2", "km2", wide=16),
        Column("statutory", "ha", wide=16),
        Column("county_share", "share", wide=12),
    ]
    table = Table("spaces", columns, unit="ha")

    def row(name: str, features: int, area: float, kind: str, code: str) -> None:
        cells = [
            name,
            measured(features, "count"),
            measured(in_unit(area, "km2"), "km2"),
            measured(area / _HA, "ha"),
            measured(100 * area / whole, "share") if whole else None,
        ]
        table.rows.append(Row(cells, kind, code))

    for space in mapping.spaces.codes:
        area = found.area(space)
        if area or space not in (OUTSIDE, UNMAPPED):
            row(mapping.name(space), found.features.get(space, 0), area, "row", space)
    row(texts.get("tables", "sum"), sum(found.features.values()), found.total_m2, "sum", "")
    if not found.adds_up:
        overlap = texts.get("tables", "spaces_overlap", area=f"{found.overlap_m2 / _HA:.4f}")
        table.notes.append(overlap)
    table.notes.append(texts.get("tables", "spaces_note"))
    return table
