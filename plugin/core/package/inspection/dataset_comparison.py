# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a layer that two data sets of a package have.

The data sets are a database and shapefiles, or a VCT file. Rules check the first layer only; here the other one is
compared with it, row by row.
"""

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

#: Distance (m) up to which vertices are equal in any format, so that outlines need no comparison.
_NEAR_M = 1e-4
#: Relative rounding error of a double in half a digit.
_DOUBLE = 1e-6
#: Decimals of an area in m² where the template has no decimals: surveys print two.
_AREA = 2


class FeatureSample(NamedTuple):
    """The number of some features and the names of the first few."""

    many: int
    names: tuple[str, ...]


class FieldDifference(NamedTuple):
    """Features whose values in a field differ, and both values of the first feature."""

    features: FeatureSample
    first: Any
    other: Any


@dataclass(frozen=True)
class DatasetComparison:
    """Comparison of a layer of two data sets; pairs are (first, other).

    Attributes
    ----------
    name
        The layer's name in the other data set.
    file, place
        The first data set, which the rules check, and the other one.
    features, areas
        Numbers of features, and statutory areas in m², zero without areas.
    alone
        Features without a counterpart by key.
    off
        (k,) metres between the shapes of differing pairs; inf for shapes of different kinds.
    named
        Names of these pairs.
    placed
        False if a CRS is missing, so that shapes were not compared.
    fields
        Field → differing features.
    lacking
        Fields that the first layer and that the other layer lacks.
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
    """Compare ``other`` with ``first``; both have one template.

    Parameters
    ----------
    without
        Fields (capitals) that the specification omits in one of the two.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    rows, others = _match_rows(first, other)
    alone = (_unmatched_features(first, rows), _unmatched_features(other, others))
    fields, lacking = _compare_fields(first, other, (rows, others), without, cancellation)
    placed = first.crs is not None and other.crs is not None
    areas, off = (0.0, 0.0), np.zeros(0)
    if placed:
        if first.template.geometry == "polygon":
            for layer in (first, other):
                layer.measure(cancellation)
            areas = (float(np.nansum(first.statutory)), float(np.nansum(other.statutory)))
        off = _measure_distances(first, other, rows, others, cancellation)
    distance = np.flatnonzero(off > 0)
    named = tuple(_row_names(first, rows[distance].tolist()))
    features = (len(first), len(other))
    return DatasetComparison(
        first.role, other.name, file, place, features, areas, alone, off[distance], named, placed, fields, lacking
    )


def _match_rows(first: Layer, other: Layer) -> tuple[NDArray, NDArray]:
    """Return the (k,) rows of both layers that belong together.

    Rows are matched by key. Rows with a repeated key or without a key are matched in their order, if both layers have
    the same number of them.
    """
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


def _unmatched_features(layer: Layer, paired: NDArray) -> FeatureSample:
    return _sample_features(layer, np.setdiff1d(np.arange(len(layer)), paired))


def _sample_features(layer: Layer, rows: NDArray) -> FeatureSample:
    return FeatureSample(len(rows), tuple(_row_names(layer, rows[:NAMED].tolist())))


def _row_names(layer: Layer, rows: list[int]) -> list[str]:
    """Return the names of rows: the key, else the feature id."""
    return [layer.keys[n] or f"fid {layer.fids[n]}" for n in rows]


def _measure_distances(
    first: Layer, other: Layer, rows: NDArray, others: NDArray, cancellation: Cancellation
) -> NDArray:
    """Return the (k,) metres between the shapes of each pair.

    The value is inf for a missing shape or another kind of shape.
    """
    crs, other_crs = first.known_crs, other.known_crs
    off = np.zeros(len(rows))
    for some in batches(first.raw_shapes[rows]):
        cancellation.raise_if_cancelled()
        given = _without_empty(first.raw_shapes[rows[some]])
        found = crs_care.reproject(_without_empty(other.raw_shapes[others[some]]), other_crs, crs)
        # Coordinates that the conversion could not compute count as infinitely distant.
        distance = max_vertex_shift(given, found, crs)
        distance[np.isnan(distance)] = np.inf
        # Formats drop vertices and linearise arcs; then compare the outlines.
        far = np.flatnonzero((distance > _NEAR_M) & _measurable(given) & _measurable(found))
        distance[far] = np.minimum(distance[far], outline_distance(given[far], found[far], crs))
        off[some] = distance
    return off


def _measurable(shapes: NDArray) -> NDArray:
    """Return a (n,) bool: shapes that exist and have finite coordinates."""
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    bad = np.bincount(of[~np.isfinite(xy).all(axis=1)], minlength=len(shapes)) > 0
    return ~is_missing(shapes) & ~bad


def _without_empty(shapes: NDArray) -> NDArray:
    shapes = shapes.copy()
    shapes[is_missing(shapes)] = None
    return shapes


def _compare_fields(
    first: Layer, other: Layer, pairs: tuple[NDArray, NDArray], without: frozenset[str], cancellation: Cancellation
) -> tuple[dict[str, FieldDifference], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return fields with differing pairs, and fields that only one layer has."""
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
        # Equal raw values need no conversion and comparison of single values.
        same = values[0].reset_index(drop=True).eq(values[1].reset_index(drop=True)).fillna(False).to_numpy(dtype=bool)
        rest = np.flatnonzero(~same & (values[0].notna().to_numpy() | values[1].notna().to_numpy()))
        one, two = (convert_values(v.iloc[rest], declared).values for v in values)
        wrong = [n for n, (a, b) in enumerate(zip(one, two, strict=True)) if not _equal(a, b, declared)]
        if wrong:
            features = _sample_features(first, pairs[0][rest[wrong]])
            differing[declared.name] = FieldDifference(
                features, *(_printable_value(side[wrong[0]], declared) for side in (one, two))
            )
    return differing, (tuple(lacking[0]), tuple(lacking[1]))


def _column(layer: Layer, declared: Field, short: str) -> pd.Series | None:
    """Return the values of a field, also under its short name of ten bytes."""
    column = layer.spelling(declared)
    return layer.values(column) if column is not None else layer.named(short)


def _printable_value(value: Any, declared: Field) -> Any:
    """Return a value for a message: dots for personal data, dates without time."""
    if value is None:
        return None
    if declared.personal:
        return "…"
    return value.date().isoformat() if declared.type == "date" else value


def _equal(one: Any, two: Any, declared: Field) -> bool:
    """Return True if values are equal within the template's digits; ignore times."""
    if one is None or two is None or declared.type == "text":
        return bool(one == two)
    if declared.type == "date":
        return bool(one.date() == two.date())
    decimals = _AREA if declared.decimals is None and declared.unit == "m2" else dbf_number_format(declared).decimals
    half = 0.5 * 10.0**-decimals
    return abs(one - two) <= half * (1 + _DOUBLE) or is_same_number(one, two)
