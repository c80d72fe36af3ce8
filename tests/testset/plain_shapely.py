# SPDX-License-Identifier: GPL-2.0-or-later
"""What plain shapely finds in cases (overlaps, gaps, invalid shapes), and whether it confirms declared areas."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

#: Key (empty: none) and shape of each finding.
PlainFindings = Iterable[tuple[str, Any]]


def list_valid_shapes(table: gpd.GeoDataFrame) -> np.ndarray:
    """Return a shape for each row, repaired; an empty one for a missing one."""
    return shapely.make_valid(table.geometry.fillna(shapely.Polygon()).to_numpy())


def merge_shapes(table: gpd.GeoDataFrame) -> Any:
    return shapely.union_all(list_valid_shapes(table))


def find_overlaps(table: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> Iterator[tuple[int, int, Any]]:
    """Yield rows and shared land of each pair of rows that share area; within one table each pair once."""
    first, second = list_valid_shapes(table), list_valid_shapes(other)
    for a, b in shapely.STRtree(second).query(first, predicate="intersects").T.tolist():
        shared = shapely.intersection(first[a], second[b])
        if shared.area > 0 and (table is not other or a < b):
            yield a, b, shared


def flag_overlaps(table: gpd.GeoDataFrame, other: gpd.GeoDataFrame | None = None) -> PlainFindings:
    return ((table["BSM"].iloc[a], shared) for a, _, shared in find_overlaps(table, table if other is None else other))


def make_holes(shapes: Iterable[Any]) -> list[Any]:
    return [shapely.Polygon(ring) for part in shapely.get_parts([*shapes]) for ring in getattr(part, "interiors", ())]


def flag_uncovered(table: gpd.GeoDataFrame, cover: gpd.GeoDataFrame) -> PlainFindings:
    """Return the parts of a table's land that another table does not cover."""
    uncovered = shapely.difference(merge_shapes(table), merge_shapes(cover))
    return (("", part) for part in shapely.get_parts(uncovered) if part.area > 0)


#: Kind → function, and the inputs of the kind whose tables it takes; ``layer`` is any kind's first input.
CHECKS: dict[str, tuple[Callable[..., PlainFindings], tuple[str, ...]]] = {
    "invalid-geometry": (lambda t: ((key, None) for key in t["BSM"][~t.is_valid & t.geometry.notna()]), ("layer",)),
    "layer-gaps": (lambda t: (("", hole) for hole in make_holes([merge_shapes(t)])), ("layer",)),
    "unexpected-holes": (lambda t: (("", hole) for hole in make_holes(list_valid_shapes(t))), ("layer",)),
    "zone-gaps": (flag_uncovered, ("county", "zones")),
    "parcel-coverage": (flag_uncovered, ("county", "parcels")),
    "outside-county": (flag_uncovered, ("layer", "county")),
    "layer-overlap": (flag_overlaps, ("layer",)),
    "farmland-in-red-line": (flag_overlaps, ("farmland", "red_line")),
    "farmland-in-boundary": (flag_overlaps, ("farmland", "boundary")),
    "red-line-in-boundary": (flag_overlaps, ("red_line", "boundary")),
}


def check_with_shapely(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the findings on a case of a kind in `CHECKS` as rows for `judge`; ``path``: its data."""
    kind, layers = case["kinds"][0], case["layers"]
    flag, inputs = CHECKS[kind]
    names = [layers.get(name) or (name == "layer" and next(iter(layers.values()))) for name in inputs]
    if all(names):
        for key, shape in flag(*(pyogrio.read_dataframe(case["path"], layer=name) for name in names)):
            area = shape and shape.area
            yield {"case": case["case"], "layer": names[0], "key": key, "kind": kind, "area_m2": area}


def confirm_areas(tables: Iterable[gpd.GeoDataFrame], areas: Iterable[float]) -> None:
    """Raise ValueError for a declared planar area (m²) that no piece has which plain shapely cuts from the tables."""
    whole = np.array([shape for table in tables for shape in (*list_valid_shapes(table), merge_shapes(table))])
    one, other = np.repeat(whole, len(whole)), np.tile(whole, len(whole))
    pieces = [*shapely.intersection(one, other), *shapely.difference(one, other), *shapely.union(one, other)]
    pieces += make_holes([*whole, shapely.union_all(whole)])
    found = shapely.area([*pieces, *shapely.get_parts(pieces)])
    for area in areas:
        if not np.isclose(found, area, rtol=1e-6, atol=1e-4).any():
            raise ValueError(f"plain shapely finds no piece of {area} m²")


def list_overlapping_rows(
    kind: str, layers: Mapping[str, str], tables: Mapping[str, gpd.GeoDataFrame]
) -> list[tuple[str, str]]:
    """Return layer and key of each row that shares area with another one, if the kind is about overlaps; else none.

    ``layers``: input of the kind → layer; ``tables``: layer → table.
    """
    flag, inputs = CHECKS.get(kind, (None, ()))
    if flag is not flag_overlaps:
        return []
    pair = [layers[name] for name in (inputs[0], inputs[-1])]
    found = find_overlaps(*(tables[layer] for layer in pair))
    rows = ((layer, row) for *both, _ in found for layer, row in zip(pair, both, strict=True))
    return sorted({(layer, tables[layer]["BSM"].iloc[row]) for layer, row in rows})
