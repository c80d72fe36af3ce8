# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the attributes of two editions of a layer: common fields and differing values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..files.cells import cell_text, strip_blanks, texts
from ..plan.layer import Layer

if TYPE_CHECKING:
    # Pandas loads on use: QGIS lists the rules at every start.
    import pandas as pd

#: Columns that programs maintain themselves.
OWN_COLUMNS = frozenset(
    ("FID", "OBJECTID", "SHAPE_LENG", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LE_1", "OGC_FID", "OBJECTID_1")
)
#: Larger than the difference of a number written to and read from another format.
_RELATIVE = 1e-12


@dataclass(frozen=True)
class ComparedField:
    """A field of both editions.

    ``measure``: an area, which follows from the geometry and is meaningless for part of a feature.
    """

    name: str
    before: str
    after: str
    measure: bool


@dataclass(frozen=True)
class ComparedFields:
    """Common fields of two editions, and names of fields in one edition only."""

    compared: tuple[ComparedField, ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


def match_fields(before: Layer, after: Layer, only: Iterable[str] = ()) -> ComparedFields:
    """Match fields of equal name (ignoring case), else of equal meaning, except the key.

    ``only``: names of the fields to compare; empty for all.
    """
    left, right = _columns(before), _columns(after)
    names = _same_fields(before, after, left, right)
    key = {t.field("key").name for t in (before.template, after.template) if t.field("key") is not None}  # type: ignore[union-attr]
    chosen = {name.upper() for name in only}
    found = tuple(
        ComparedField(name, left[name], right[other], _is_measure(before, name) or _is_measure(after, other))
        for name, other in names.items()
        if name not in key and (not chosen or name in chosen)
    )
    paired = set(names.values())
    return ComparedFields(
        found,
        () if chosen else tuple(n for n in left if n not in names and n not in key),
        () if chosen else tuple(n for n in right if n not in paired and n not in key),
    )


def _same_fields(before: Layer, after: Layer, left: Iterable[str], right: Iterable[str]) -> dict[str, str]:
    """Return each field of one edition with its name in the other."""
    names = {name: name for name in left if name in right}
    for declared in before.template.fields:
        other = after.template.field(declared.meaning) if declared.meaning else None
        if other is not None and declared.name in left and declared.name not in right and other.name in right:
            names.setdefault(declared.name, other.name)
    return names


def _columns(layer: Layer) -> dict[str, str]:
    """Name in capitals → column."""
    columns = [str(c) for c in layer.frame.columns if c != layer.frame.geometry.name]
    return {c.upper(): c for c in columns if c.upper() not in OWN_COLUMNS}


def _is_measure(layer: Layer, name: str) -> bool:
    declared = layer.template.field_named(name)
    return declared is not None and declared.type == "real" and declared.unit == "m2"


def find_differing(
    fields: ComparedFields, before: Layer, after: Layer, rows: NDArray, others: NDArray, whole: NDArray
) -> list[tuple[ComparedField, NDArray]]:
    """Return each field with a difference, and the pairs of rows that differ in it.

    Blank and missing values are equal, and so are a whole number and its text.

    Parameters
    ----------
    rows, others : (k,) int arrays
        Rows of the earlier and of the later edition.
    whole : (k,) bool array
        Pairs of equal shape; area fields are compared only for these.
    """
    found = []
    for field in fields.compared:
        same = _same(before.frame[field.before].iloc[rows], after.frame[field.after].iloc[others])
        differs = ~same & whole if field.measure else ~same
        if differs.any():
            found.append((field, differs))
    return found


def _same(left: pd.Series, right: pd.Series) -> NDArray:
    if left.dtype.kind in "iuf" and right.dtype.kind in "iuf":
        a, b = left.to_numpy(dtype=float), right.to_numpy(dtype=float)
        return np.isclose(a, b, rtol=_RELATIVE, atol=0.0, equal_nan=True)
    if left.dtype.kind == "M" and right.dtype.kind == "M":
        return (left.to_numpy() == right.to_numpy()) | (left.isna().to_numpy() & right.isna().to_numpy())
    if "M" in (left.dtype.kind, right.dtype.kind):
        return _same_dates(left, right)
    return np.array(_texts(left), dtype=object) == np.array(_texts(right), dtype=object)


def _texts(series: pd.Series) -> list[str]:
    return texts(strip_blanks(series))


def _same_dates(left: pd.Series, right: pd.Series) -> NDArray:
    """Compare a date with text by day."""
    import pandas as pd

    days = [
        pd.to_datetime(side, errors="coerce", format="mixed").dt.strftime("%Y-%m-%d").fillna("")
        for side in (left, right)
    ]
    return days[0].to_numpy() == days[1].to_numpy()


def value_text(layer: Layer, column: str, row: int) -> str:
    """Return a cell as displayed: text, a date as a day."""
    import pandas as pd

    value = layer.frame[column].iloc[row]
    if isinstance(value, pd.Timestamp):
        return "" if pd.isna(value) else value.strftime("%Y-%m-%d")
    if isinstance(value, float | np.floating) and not np.isnan(value):
        return f"{value:.10g}"
    return cell_text(value)
