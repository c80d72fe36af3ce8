# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of two copies of one layer, which are in two data sets of a package.

A data set is a database, a folder of shapefiles or a VCT file. Rules check the layer in the first data set; its copy in
another data set is compared with it, row by row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import Cancellation
from ...geometry import crs as crs_care
from ...geometry.polygon_rings import iterate_batches
from ...geometry.shape_comparison import compute_max_vertex_shift, compute_outline_distance
from ...geometry.validity import mask_missing_shapes
from ...plan.layer import Layer
from ...plan.row_pairs import pair_equal_rows
from ...standard.template import TemplateField
from ..layers.content import convert_values, list_row_names, mask_non_finite_shapes, replace_empty_by_none
from ..layers.layer_writers import choose_dbf_number_format
from ..layers.vct_precision import is_same_number
from ..problems import MAX_NAMED_FEATURES

#: Distance (m) up to which vertices are equal in any format, so that outlines need no comparison.
_SAME_VERTEX_M = 1e-4
#: Relative rounding error of a double in half a digit.
_DOUBLE_PRECISION_SHARE = 1e-6
#: Decimals of an area in m² where the template has no decimals: surveys print two.
_AREA_DECIMALS = 2


class FeatureSample(NamedTuple):
    """The number of some features (``feature_count``), and the names of the first few of them."""

    feature_count: int
    feature_names: tuple[str, ...]


class FieldDifference(NamedTuple):
    """Features whose values of a field differ between two data sets, and both values of the first such feature."""

    differing_features: FeatureSample
    first_value: Any
    other_value: Any


@dataclass(frozen=True)
class DatasetComparison:
    """Differences of one layer between two data sets.

    Pairs of values are (first data set, other data set).

    Attributes
    ----------
    role
        The layer's role (its code in the standard).
    name
        The layer's name in the other data set.
    first_path, other_path
        Paths of the first data set, which the rules check, and of the other one.
    feature_counts, areas_m2
        Numbers of features, and statutory areas in m², zero without areas.
    unmatched_features
        Features of each data set without a counterpart in the other.
    distances_m
        (k,) metres between both shapes of each feature whose shapes differ; inf for shapes of different kinds.
    moved_names
        (k) names of these features.
    are_shapes_compared
        False if a CRS is missing, so that shapes were not compared.
    differences_by_field
        Field → features that differ in it.
    missing_fields
        Fields that the first layer lacks, and fields that the other layer lacks.
    """

    role: str
    name: str
    first_path: str
    other_path: str
    feature_counts: tuple[int, int] = (0, 0)
    areas_m2: tuple[float, float] = (0.0, 0.0)
    unmatched_features: tuple[FeatureSample, FeatureSample] = (FeatureSample(0, ()), FeatureSample(0, ()))
    distances_m: NDArray = field(default_factory=lambda: np.zeros(0), hash=False, compare=False)
    moved_names: tuple[str, ...] = ()
    are_shapes_compared: bool = True
    differences_by_field: dict[str, FieldDifference] = field(default_factory=dict, hash=False)
    missing_fields: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def compare_datasets(
    first: Layer,
    other: Layer,
    first_path: str,
    other_path: str,
    omitted_fields: frozenset[str],
    cancellation: Cancellation,
) -> DatasetComparison:
    """Compare the layer ``other`` with the layer ``first``; both have one template.

    Parameters
    ----------
    first_path, other_path
        Paths of the data sets of ``first`` and ``other``.
    omitted_fields
        Names (capitals) of fields that the specification omits in one of the two data sets; they may be missing.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    both_have_keys = first.has_field("key") and other.has_field("key")
    keys_of_layers = [layer.keys if both_have_keys else [""] * len(layer) for layer in (first, other)]
    counts = [Counter(keys) for keys in keys_of_layers]
    # Rows with a repeated key are paired in their order, if both data sets have equally many.
    rows, others = pair_equal_rows(
        *(
            [np.array(keys, dtype=object), np.array([count[key] for key in keys], dtype=int)]
            for keys, count in zip(keys_of_layers, counts, strict=True)
        )
    )
    first_alone, other_alone = (
        _make_feature_sample(layer, np.setdiff1d(np.arange(len(layer)), matched_rows))
        for layer, matched_rows in ((first, rows), (other, others))
    )
    fields, lacking_fields = _compare_fields(first, other, (rows, others), omitted_fields, cancellation)
    placed = first.crs is not None and other.crs is not None
    areas, distances = (0.0, 0.0), np.zeros(0)
    if placed:
        if first.template.geometry == "polygon":
            for layer in (first, other):
                layer.measure_statutory(cancellation)
            areas = (float(np.nansum(first.statutory)), float(np.nansum(other.statutory)))
        distances = _measure_distances(first, other, rows, others, cancellation)
    moved = np.flatnonzero(distances > 0)
    return DatasetComparison(
        first.role,
        other.name,
        first_path,
        other_path,
        (len(first), len(other)),
        areas,
        (first_alone, other_alone),
        distances[moved],
        tuple(list_row_names(first, rows[moved].tolist())),
        placed,
        fields,
        lacking_fields,
    )


def _make_feature_sample(layer: Layer, rows: NDArray) -> FeatureSample:
    """Return the number of rows and the names of the features in the first few of them."""
    return FeatureSample(len(rows), tuple(list_row_names(layer, rows[:MAX_NAMED_FEATURES].tolist())))


def _measure_distances(
    first: Layer, other: Layer, first_rows: NDArray, other_rows: NDArray, cancellation: Cancellation
) -> NDArray:
    """Return (k,) metres between the shapes of each pair of rows.

    The value is inf if one shape is missing or both are of different kinds.
    """
    crs, other_crs = first.known_crs, other.known_crs
    distances = np.zeros(len(first_rows))
    for batch in iterate_batches(first.raw_shapes[first_rows]):
        cancellation.raise_if_cancelled()
        first_shapes = replace_empty_by_none(first.raw_shapes[first_rows[batch]])
        other_shapes = crs_care.reproject_geometries(
            replace_empty_by_none(other.raw_shapes[other_rows[batch]]), other_crs, crs
        )
        # Coordinates that the conversion could not compute count as infinitely distant.
        distance = compute_max_vertex_shift(first_shapes, other_shapes, crs)
        distance[np.isnan(distance)] = np.inf
        # Formats drop vertices and linearise arcs; then compare the outlines.
        has_no_outline = [
            mask_missing_shapes(one) | mask_non_finite_shapes(one) for one in (first_shapes, other_shapes)
        ]
        differing_positions = np.flatnonzero((distance > _SAME_VERTEX_M) & ~np.any(has_no_outline, axis=0))
        distance[differing_positions] = np.minimum(
            distance[differing_positions],
            compute_outline_distance(first_shapes[differing_positions], other_shapes[differing_positions], crs),
        )
        distances[batch] = distance
    return distances


def _compare_fields(
    first: Layer,
    other: Layer,
    pairs: tuple[NDArray, NDArray],
    omitted_fields: frozenset[str],
    cancellation: Cancellation,
) -> tuple[dict[str, FieldDifference], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return differences by field of pairs of rows, and the fields that the first and the other layer lacks.

    ``pairs``: (k,) rows of the first and (k,) rows of the other layer; ``omitted_fields``: fields that may be missing.
    """
    difference_by_field: dict[str, FieldDifference] = {}
    lacking_fields: tuple[list[str], list[str]] = ([], [])
    short = first.template.shapefile_name_by_field
    for template_field in first.template.fields:
        cancellation.raise_if_cancelled()
        # A field has its name in the template, or a short one of ten bytes.
        columns = [
            layer.get_column_by_name(short[template_field.name])
            if (column := layer.find_column_name(template_field)) is None
            else layer.values(column)
            for layer in (first, other)
        ]
        exists = [one is not None for one in columns]
        if not all(exists):
            if any(exists) and template_field.name.upper() not in omitted_fields:
                lacking_fields[exists.index(False)].append(template_field.name)
            continue
        values = [one.iloc[rows] for one, rows in zip(columns, pairs, strict=True) if one is not None]
        # Equal raw values need no conversion and comparison of single values.
        is_equal = (
            values[0].reset_index(drop=True).eq(values[1].reset_index(drop=True)).fillna(False).to_numpy(dtype=bool)
        )
        rows_to_compare = np.flatnonzero(~is_equal & (values[0].notna().to_numpy() | values[1].notna().to_numpy()))
        first_values, other_values = (convert_values(v.iloc[rows_to_compare], template_field).values for v in values)
        differing_rows = [
            n
            for n, (a, b) in enumerate(zip(first_values, other_values, strict=True))
            if not _are_equal_values(a, b, template_field)
        ]
        if differing_rows:
            shown = (
                _format_value_for_message(v[differing_rows[0]], template_field) for v in (first_values, other_values)
            )
            difference_by_field[template_field.name] = FieldDifference(
                _make_feature_sample(first, pairs[0][rows_to_compare[differing_rows]]), *shown
            )
    return difference_by_field, (tuple(lacking_fields[0]), tuple(lacking_fields[1]))


def _format_value_for_message(value: Any, template_field: TemplateField) -> Any:
    """Return a field's value as a message shows it: personal data as dots, dates without time."""
    if value is None:
        return None
    if template_field.personal:
        return "…"
    return value.date().isoformat() if template_field.type == "date" else value


def _are_equal_values(first: Any, other: Any, template_field: TemplateField) -> bool:
    """Return True if two values are equal within the template's digits.

    Times of dates are ignored.
    """
    if first is None or other is None or template_field.type == "text":
        return bool(first == other)
    if template_field.type == "date":
        return bool(first.date() == other.date())
    decimals = (
        _AREA_DECIMALS
        if template_field.decimals is None and template_field.unit == "m2"
        else choose_dbf_number_format(template_field).decimals
    )
    half_digit = 0.5 * 10.0**-decimals
    return abs(first - other) <= half_digit * (1 + _DOUBLE_PRECISION_SHARE) or is_same_number(first, other)
