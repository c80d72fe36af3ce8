# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the attributes of two editions of a layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...base.files.cells import format_cell, format_column, strip_blanks
from ...plan.layer import Layer

if TYPE_CHECKING:
    # Pandas loads on use: QGIS lists the rules at every start.
    import pandas as pd

#: Columns that programs maintain themselves.
SOFTWARE_COLUMNS = frozenset(
    ("FID", "OBJECTID", "SHAPE_LENG", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LE_1", "OGC_FID", "OBJECTID_1")
)
#: Larger than the difference of a number written to and read from another format.
_RELATIVE_TOLERANCE = 1e-12


@dataclass(frozen=True)
class ComparedField:
    """A field that both editions have, with its name in each edition.

    ``name``: its name for messages; ``is_area``: it holds the area of the feature. Such a field is compared on whole
    features only, because the area of a piece differs anyway.
    """

    name: str
    earlier_name: str
    later_name: str
    is_area: bool


@dataclass(frozen=True)
class ComparedFields:
    """Fields that both editions have, and names of fields that only one has."""

    compared: tuple[ComparedField, ...]
    fields_only_in_earlier: tuple[str, ...] = ()
    fields_only_in_later: tuple[str, ...] = ()


def match_fields_of_editions(before: Layer, after: Layer, only: Iterable[str] = ()) -> ComparedFields:
    """Return the fields that two editions have in common, matched by name, otherwise by meaning.

    Case is ignored and the key (BSM) is left out. ``only``: names of the fields to compare; empty for all.
    """
    left, right = _index_columns_by_name(before), _index_columns_by_name(after)
    later_name_by_earlier = _pair_fields(before, after, left, right)
    key = {t.find_field("key").name for t in (before.template, after.template) if t.find_field("key") is not None}  # type: ignore[union-attr]
    selected_names = {name.upper() for name in only}
    compared_fields = tuple(
        ComparedField(name, left[name], right[other], _is_measure(before, name) or _is_measure(after, other))
        for name, other in later_name_by_earlier.items()
        if name not in key and (not selected_names or name in selected_names)
    )
    paired_later_names = set(later_name_by_earlier.values())
    return ComparedFields(
        compared_fields,
        () if selected_names else tuple(n for n in left if n not in later_name_by_earlier and n not in key),
        () if selected_names else tuple(n for n in right if n not in paired_later_names and n not in key),
    )


def _pair_fields(
    earlier_layer: Layer, later_layer: Layer, unpaired_before: Iterable[str], unpaired_after: Iterable[str]
) -> dict[str, str]:
    """Return name of a field in the earlier edition → its name in the later edition."""
    later_name_by_earlier = {name: name for name in unpaired_before if name in unpaired_after}
    for template_field in earlier_layer.template.fields:
        other = later_layer.template.find_field(template_field.meaning) if template_field.meaning else None
        if (
            other is not None
            and template_field.name in unpaired_before
            and template_field.name not in unpaired_after
            and other.name in unpaired_after
        ):
            later_name_by_earlier.setdefault(template_field.name, other.name)
    return later_name_by_earlier


def _index_columns_by_name(layer: Layer) -> dict[str, str]:
    """Return name in capitals → name of the column as the layer spells it."""
    columns = [str(c) for c in layer.frame.columns if c != layer.frame.geometry.name]
    return {c.upper(): c for c in columns if c.upper() not in SOFTWARE_COLUMNS}


def _is_measure(layer: Layer, name: str) -> bool:
    """Return True if the template has the field as an area: a real number in m²."""
    template_field = layer.template.find_field_by_name(name)
    return template_field is not None and template_field.type == "real" and template_field.unit == "m2"


def find_differing_fields(
    fields: ComparedFields, before: Layer, after: Layer, rows: NDArray, later_rows: NDArray, equal_shape: NDArray
) -> list[tuple[ComparedField, NDArray]]:
    """Return (field, (k,) bool) for each field that differs: True for the pairs of rows that differ in it.

    Blank and missing values are equal, and so are a whole number and its text.

    Parameters
    ----------
    rows, later_rows : (k,) int arrays
        Rows of the earlier and of the later edition that are compared.
    equal_shape : (k,) bool array
        Pairs of equal shape; area fields are compared only for these.
    """
    differing_fields = []
    for field in fields.compared:
        is_equal = _compare_values(
            before.frame[field.earlier_name].iloc[rows], after.frame[field.later_name].iloc[later_rows]
        )
        is_differing = ~is_equal & equal_shape if field.is_area else ~is_equal
        if is_differing.any():
            differing_fields.append((field, is_differing))
    return differing_fields


def _compare_values(left: pd.Series, right: pd.Series) -> NDArray:
    """Return (k,) bool: values of two columns that are equal, whatever types the columns have."""
    import pandas as pd

    if left.dtype.kind in "iuf" and right.dtype.kind in "iuf":
        a, b = left.to_numpy(dtype=float), right.to_numpy(dtype=float)
        return np.isclose(a, b, rtol=_RELATIVE_TOLERANCE, atol=0.0, equal_nan=True)
    if left.dtype.kind == "M" and right.dtype.kind == "M":
        return (left.to_numpy() == right.to_numpy()) | (left.isna().to_numpy() & right.isna().to_numpy())
    if "M" in (left.dtype.kind, right.dtype.kind):
        # A date and a text of the same day are equal.
        dates = (pd.to_datetime(side, errors="coerce", format="mixed") for side in (left, right))
        texts = [one.dt.strftime("%Y-%m-%d").fillna("").to_numpy() for one in dates]
    else:
        texts = [np.array(format_column(strip_blanks(side)), dtype=object) for side in (left, right)]
    return texts[0] == texts[1]


def format_cell_values(layer: Layer, column: str, rows: NDArray) -> list[str]:
    """Return (k,) cells of a column as texts, for (k,) rows; a date is written as a day."""
    return [_format_value(value) for value in layer.frame[column].iloc[rows]]


def _format_value(value: object) -> str:
    """Return a value as text; a date is written as a day, a missing value is empty."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return "" if pd.isna(value) else value.strftime("%Y-%m-%d")
    if isinstance(value, float | np.floating) and not np.isnan(value):
        return f"{value:.10g}"
    return format_cell(value)
