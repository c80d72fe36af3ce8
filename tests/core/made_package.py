# SPDX-License-Identifier: GPL-2.0-or-later
"""Small plans that can go into a package, and one layer with whatever a test wants in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from plugin.core.assembly import assemble
from plugin.core.check import Options
from plugin.core.exchange.package.content import Content, contents
from plugin.core.exchange.package.profile import LayerSlot, VectorSet
from plugin.core.plan import Plan
from tests.core.small import X, Y, as_read, box, table

PARCELS = {"DLBM": "0103", "DLMC": "旱地", "TBMJ": 10_000.0, "KCXS": 0.0, "KCMJ": 0.0, "TBDLMJ": 10_000.0}


def parcels(count: int = 3, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Squares of a hectare side by side, as DLTB; ``columns`` replace or add."""
    return table([box(100 * n, 0) for n in range(count)], **{**{k: [v] * count for k, v in PARCELS.items()}, **columns})


def plan_of(standard: str = "", **tables: gpd.GeoDataFrame) -> Plan:
    return assemble(as_read(tables), Options(standard=standard).norm(), source="x")


def vectors(
    file: str = "a.gdb", *, crs: str = "EPSG:4526", layers: Any = (), others: bool = True, **more: Any
) -> VectorSet:
    slots = tuple(LayerSlot(**one) for one in layers)
    return VectorSet("plan", "data", file, crs, slots, others=others, **more)


def only(plan: Plan, form: VectorSet, **more: Any) -> Content:
    (content,), _ = contents(plan, form, **more)
    return content


def awkward() -> gpd.GeoDataFrame:
    """Shapes that formats like to change: holes, islands in holes, parts, a hole that touches its shell."""
    hole = shapely.box(X + 300, Y, X + 400, Y + 100).difference(shapely.box(X + 320, Y + 20, X + 380, Y + 80))
    island = shapely.union(hole, shapely.box(X + 340, Y + 40, X + 360, Y + 60))
    touching = shapely.Polygon(
        [(X + 500, Y), (X + 600, Y), (X + 600, Y + 100), (X + 500, Y + 100)],
        [[(X + 500, Y), (X + 540, Y + 20), (X + 520, Y + 40)]],
    )
    parts = shapely.union(box(700, 0), box(850, 0))
    turned = shapely.reverse(box(1000, 0))
    return table([hole, island, touching, parts, turned], **{k: [v] * 5 for k, v in PARCELS.items()})


def names(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)).replace("\\", "/") for p in folder.rglob("*")}
