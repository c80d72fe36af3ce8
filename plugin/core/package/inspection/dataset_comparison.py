# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer that two data sets of a package have (a database and shapefiles, or a VCT file): do they say the same? Rules look at the
first alone; the other is held against it here, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import Cancellation
from ...geometry import crs as crs_care
from ...geometry.linework import batches
from ...geometry.validity import is_missing
from ..layers.content import convert_values
from ..layers.shape_comparison import max_vertex_shift, outline_distance
from ..layers.shapefile import dbf_number_format
from ..layers.vct_precision import is_same_number
from ..problems import NAMED

if TYPE_CHECKING:
    import pandas as pd

    from ...plan.layer import Layer
    from ...standard.template import Field

#: Metres up to which vertices are the same without a look at outlines: what any format keeps.
_NEAR_M = 1e-4
#: A share of half a digit that a double does not hold.
_DOUBLE = 1e-6
#: Decimals of an area in m² where the template says none: surveys print two, whatever a double holds.
_AREA = 2


class FeatureSample(NamedTuple):
    """Features: how many, and the first few by what they are called."""

    many: int
    names: tuple[str, ...]


class FieldDifference(NamedTuple):
    """Features whose values in a field differ, with the first one's in both layers as a message may repeat them."""

    features: FeatureSample
    first: Any
    other: Any


@dataclass(frozen=True)
class DatasetComparison:
    """A layer of ``file``, which rules look at, and that of ``place``, called ``name`` there; pairs are (first, other).

    ``features`` and ``areas`` (statutory, m²; zero for what has none) of both; ``alone``: features that have no counterpart by their key; ``off``
    (k,) metres by which each pair is apart, inf where nothing is alike, and ``named`` what they are called; ``placed``: False
    where a CRS is lacking, so that shapes were not compared; ``fields``: field → features that differ; ``lacking``: fields
    that the first, and that the other lacks.
    """

    role: str
    name: str
    file: str
    place: str
    features: tuple[int, int] = (0, 0)
    areas: tuple[float, float] = (0.0, 0.0)
    alone: tuple[FeatureSample, FeatureSample] = (FeatureSample(0, ()), FeatureSample(0, ()))
    off: NDArray = field(default_factory=lambda: np.zeros(0), hash=False, compare=False)
    named: tuple[str, ...] = ()
    placed: bool = True
    fields: dict[str, FieldDifference] = field(default_factory=dict, hash=False)
    lacking: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def compare_datasets(
    first: Layer, other: Layer, file: str, place: str, without: frozenset[str], cancellation: Cancellation
) -> DatasetComparison:
    """Hold ``other`` against ``first``; both have one template. ``without``: fields (capitals) that the form does not want in
    one of the two. Raises Cancelled."""
    rows, others = _pairs(first, other)
    alone = (_alone(first, rows), _alone(other, others))
    fields, lacking = _fields(first, other, (rows, others), without, cancellation)
    placed = first.crs is not None and other.crs is not None
    areas, off = (0.0, 0.0), np.zeros(0)
    if placed:
        if first.template.geometry == "polygon":
            for layer in (first, other):
                layer.measure(cancellation)
            areas = (float(np.nansum(first.statutory)), float(np.nansum(other.statutory)))
        off = _off(first, other, rows, others, cancellation)
    apart = np.flatnonzero(off > 0)
    named = tuple(_called(first, rows[apart].tolist()))
    features = (len(first), len(other))
    return DatasetComparison(
        first.role, other.name, file, place, features, areas, alone, off[apart], named, placed, fields, lacking
    )


def _pairs(first: Layer, other: Layer) -> tuple[NDArray, NDArray]:
    """(k,) rows of both that belong together: of one key, and of a key that several have (or none) in their order, where
    both have as many."""
    import pandas as pd

    keyed = first.has("key") and other.has("key")
    sides = []
    for layer in (first, other):
        keys = np.array(layer.keys if keyed else [""] * len(layer), dtype=object)
        side = pd.DataFrame({"row": np.arange(len(layer)), "key": keys})
        side["many"] = side.groupby("key")["row"].transform("size")
        side["nth"] = side.groupby("key").cumcount()
        sides.append(side)
    both = sides[0].merge(sides[1], on=["key", "many", "nth"], suffixes=("", "_other")).sort_values("row")
    return both["row"].to_numpy(dtype=np.int64), both["row_other"].to_numpy(dtype=np.int64)


def _alone(layer: Layer, paired: NDArray) -> FeatureSample:
    return _some(layer, np.setdiff1d(np.arange(len(layer)), paired))


def _some(layer: Layer, rows: NDArray) -> FeatureSample:
    return FeatureSample(len(rows), tuple(_called(layer, rows[:NAMED].tolist())))


def _called(layer: Layer, rows: list[int]) -> list[str]:
    """What rows are called: the key, else the feature id."""
    return [layer.keys[n] or f"fid {layer.fids[n]}" for n in rows]


def _off(first: Layer, other: Layer, rows: NDArray, others: NDArray, cancellation: Cancellation) -> NDArray:
    """(k,) metres by which the shapes of each pair are apart; inf for one that is missing or of another kind."""
    crs, other_crs = first.known_crs, other.known_crs
    off = np.zeros(len(rows))
    for some in batches(first.raw_shapes[rows]):
        cancellation.raise_if_cancelled()
        given = _there(first.raw_shapes[rows[some]])
        found = crs_care.reproject(_there(other.raw_shapes[others[some]]), other_crs, crs)
        # What came out of the other CRS as no number is nowhere near.
        apart = max_vertex_shift(given, found, crs)
        apart[np.isnan(apart)] = np.inf
        # Formats drop vertices and linearise arcs: then outlines tell.
        far = np.flatnonzero((apart > _NEAR_M) & _measurable(given) & _measurable(found))
        apart[far] = np.minimum(apart[far], outline_distance(given[far], found[far], crs))
        off[some] = apart
    return off


def _measurable(shapes: NDArray) -> NDArray:
    """(n,) bool: there, and every coordinate a number."""
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    bad = np.bincount(of[~np.isfinite(xy).all(axis=1)], minlength=len(shapes)) > 0
    return ~is_missing(shapes) & ~bad


def _there(shapes: NDArray) -> NDArray:
    shapes = shapes.copy()
    shapes[is_missing(shapes)] = None
    return shapes


def _fields(
    first: Layer, other: Layer, pairs: tuple[NDArray, NDArray], without: frozenset[str], cancellation: Cancellation
) -> tuple[dict[str, FieldDifference], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Fields of the template that both have and where pairs differ; those that only one has."""
    differing: dict[str, FieldDifference] = {}
    lacking: tuple[list[str], list[str]] = ([], [])
    short = first.template.export_names
    for declared in first.template.fields:
        cancellation.raise_if_cancelled()
        columns = [_column(layer, declared, short[declared.name]) for layer in (first, other)]
        there = [column is not None for column in columns]
        if not all(there):
            if any(there) and declared.name.upper() not in without:
                lacking[there.index(False)].append(declared.name)
            continue
        values = [column.iloc[rows] for column, rows in zip(columns, pairs, strict=True) if column is not None]
        # What is the same as it was read need not be looked at value by value.
        same = values[0].reset_index(drop=True).eq(values[1].reset_index(drop=True)).fillna(False).to_numpy(dtype=bool)
        rest = np.flatnonzero(~same & (values[0].notna().to_numpy() | values[1].notna().to_numpy()))
        one, two = (convert_values(v.iloc[rest], declared).values for v in values)
        wrong = [n for n, (a, b) in enumerate(zip(one, two, strict=True)) if not _equal(a, b, declared)]
        if wrong:
            features = _some(first, pairs[0][rest[wrong]])
            differing[declared.name] = FieldDifference(
                features, *(_shown(side[wrong[0]], declared) for side in (one, two))
            )
    return differing, (tuple(lacking[0]), tuple(lacking[1]))


def _column(layer: Layer, declared: Field, short: str) -> pd.Series | None:
    """The values of a field, under the name that it has where ten bytes must do."""
    column = layer.spelling(declared)
    return layer.values(column) if column is not None else layer.named(short)


def _shown(value: Any, declared: Field) -> Any:
    """A value as a message may repeat it: dots for what tells of a person, a day without the time of it."""
    if value is None:
        return None
    if declared.personal:
        return "…"
    return value.date().isoformat() if declared.type == "date" else value


def _equal(one: Any, two: Any, declared: Field) -> bool:
    """Are two values the same as far as the template's digits go? A day is one whatever time of it a format keeps."""
    if one is None or two is None or declared.type == "text":
        return bool(one == two)
    if declared.type == "date":
        return bool(one.date() == two.date())
    decimals = _AREA if declared.decimals is None and declared.unit == "m2" else dbf_number_format(declared).decimals
    half = 0.5 * 10.0**-decimals
    return abs(one - two) <= half * (1 + _DOUBLE) or is_same_number(one, two)
