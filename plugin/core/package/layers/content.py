# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a plan that go into a set: names, fields, and rows in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...files.cells import strip_blanks, texts
from ...geometry import crs as crs_care
from ...geometry.validity import is_missing
from ...standard.template import Field, Template

if TYPE_CHECKING:
    import pandas as pd
    from pyproj import CRS

    from ...plan.layer import Layer
    from ...plan.plan import Plan
    from ..package_spec.model import LayerSlot, VectorSet


#: A date and, after it, a time without a zone. Without separators eight digits are required: 2024111 has two readings.
_DATE = re.compile(
    r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2}))(?:[ "
    r"T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?"
)


class ConvertedValues(NamedTuple):
    """Values of a field and the values that cannot be converted.

    ``values`` are (n,) objects: str, int, float, datetime or None. ``wrong`` maps a reason to the positions of lost
    values.
    """

    values: NDArray
    wrong: dict[str, NDArray]


def convert_values(series: pd.Series, declared: Field) -> ConvertedValues:
    """Convert a column to a field's type; texts are stripped, blank texts become None.

    Returns
    -------
    ConvertedValues
        With the reasons ``number_unreadable``, ``not_whole`` and ``date_unreadable``.
    """
    if declared.type == "text":
        return ConvertedValues(_blank_to_none(np.array(texts(strip_blanks(series)), dtype=object)), {})
    if declared.type == "date":
        return _convert_dates(series)
    return _convert_numbers(series, declared.type == "integer")


def _blank_to_none(values: NDArray) -> NDArray:
    values[values == ""] = None
    return values


def _convert_numbers(series: pd.Series, whole: bool) -> ConvertedValues:
    values = np.full(len(series), None, dtype=object)
    unreadable, broken = [], []
    if series.dtype.kind in "iu":
        values[:] = series.tolist() if whole else [float(v) for v in series.tolist()]
        return ConvertedValues(values, {})
    if series.dtype.kind == "f":
        numbers = series.to_numpy()
        there = ~np.isnan(numbers)
        if not whole:
            values[there] = numbers[there].tolist()
            unreadable = np.flatnonzero(np.isinf(numbers)).tolist()
            return _clear_wrong(values, unreadable, [])
    for position, text in enumerate(texts(strip_blanks(series))):
        if not text:
            continue
        number = _parse_number(text)
        if number is None:
            unreadable.append(position)
        elif not whole:
            values[position] = float(number)
        elif float(number).is_integer():
            values[position] = int(number)
        else:
            broken.append(position)
    return _clear_wrong(values, unreadable, broken)


def _clear_wrong(values: NDArray, unreadable: list[int], broken: list[int]) -> ConvertedValues:
    wrong = {"number_unreadable": unreadable, "not_whole": broken}
    for positions in wrong.values():
        values[positions] = None
    return ConvertedValues(values, {key: np.array(rows) for key, rows in wrong.items() if rows})


def _parse_number(text: str) -> int | float | None:
    if re.fullmatch(r"[+-]?\d+", text):
        # A float cannot represent 18 digits.
        return int(text)
    try:
        # Python reads 1_000 as a thousand; other programs do not.
        number = float(text) if "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _convert_dates(series: pd.Series) -> ConvertedValues:
    values = np.full(len(series), None, dtype=object)
    wrong = []
    for position, value in enumerate(series.tolist()):
        found = _parse_date(value)
        if found == "":
            wrong.append(position)
        else:
            values[position] = found
    return ConvertedValues(values, {"date_unreadable": np.array(wrong)} if wrong else {})


def _parse_date(value: Any) -> datetime | str | None:
    """Return a time without zone, None for a missing one, "" for an unreadable one."""
    import pandas as pd

    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        found = _DATE.fullmatch(text)
        numbers = [int(part) for part in found.groups() if part] if found else []
        try:
            return datetime(*numbers) if numbers else ""  # type: ignore[arg-type]
        except ValueError:
            return ""
    if pd.isna(value):
        return None
    if isinstance(value, datetime):
        return (
            value.replace(tzinfo=None, microsecond=0)
            if not isinstance(value, pd.Timestamp)
            else _convert_timestamp(value)
        )
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return ""


def _convert_timestamp(value: Any) -> datetime:
    return value.tz_localize(None).floor("s").to_pydatetime() if value.tzinfo else value.floor("s").to_pydatetime()


#: Rows that are converted to Python objects at a time.
BATCH_ROWS = 2_000


class Rows(NamedTuple):
    """Some rows as they are written.

    ``shapes`` are (k,) 2D geometries in the target CRS, None for a missing one. ``values`` maps field → (k,) objects,
    None for a missing one. ``first`` is the position of the first row.
    """

    first: int
    shapes: NDArray
    values: dict[str, NDArray]


@dataclass(frozen=True)
class Content:
    """One layer of a package.

    ``template`` describes the layer with its names in the package. ``columns`` maps a field's name in the package to
    the column of the plan's layer, None for an empty field.
    """

    layer: Layer
    template: Template
    columns: dict[str, str | None]
    need: str
    personal: bool

    @property
    def name(self) -> str:
        """Return the layer's name in the package."""
        return self.template.role

    def __len__(self) -> int:
        return len(self.layer)

    def convert_values(self, declared: Field, rows: slice = slice(None)) -> ConvertedValues:
        """Return the values of one field as they are written, and the lost ones."""
        column = self.columns[declared.name]
        frame = self.layer.frame.iloc[rows]
        if column is None or self.is_left_empty(declared):
            return ConvertedValues(np.full(len(frame), None, dtype=object), {})
        return convert_values(frame[column], declared)

    def is_left_empty(self, declared: Field) -> bool:
        """Return True if the field has personal data that were not ordered."""
        return declared.personal and not self.personal

    def shapes(self, target: CRS, rows: slice = slice(None)) -> NDArray:
        """Return (k,) 2D geometries in the target CRS, transformed vertex by vertex.

        A multipoint with one point becomes a point, which every format accepts.
        """
        drawn = self.layer.raw_shapes[rows].copy()
        drawn[is_missing(drawn)] = None
        if self.template.geometry == "point":
            single = shapely.get_num_geometries(drawn) == 1
            drawn[single] = shapely.get_geometry(drawn[single], 0)
        return crs_care.reproject(drawn, self.layer.known_crs, target)

    def rows_without_place(self, target: CRS) -> NDArray:
        """Return (k,) positions of shapes with coordinates that have no place.

        Such coordinates are not finite, or outside the range of the earth or of the target CRS.
        """
        drawn = self.layer.raw_shapes
        rows = np.flatnonzero(~is_missing(drawn))
        xy, of = shapely.get_coordinates(drawn[rows], return_index=True)
        lost = np.bincount(of[~np.isfinite(xy).all(axis=1)], minlength=len(rows)) > 0
        # The corners show whether a shape is too far away.
        corners = shapely.bounds(drawn[rows])[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
        for crs in (target, crs_care.GEODETIC):
            placed = crs_care.reproject_coordinates(corners, self.layer.known_crs, crs)
            lost |= ~np.isfinite(placed).reshape(-1, 8).all(axis=1)
        return rows[lost]

    def batches(self, target: CRS) -> Iterator[Rows]:
        """Yield the rows in batches."""
        for first in range(0, len(self), BATCH_ROWS):
            rows = slice(first, min(first + BATCH_ROWS, len(self)))
            values = {f.name: self.convert_values(f, rows).values for f in self.template.fields}
            yield Rows(first, self.shapes(target, rows), values)

    def keys(self, positions: Any) -> list[str]:
        """Return the names of rows: the BSM, else the feature id."""
        return [self.layer.keys[n] or f"fid {self.layer.fids[n]}" for n in positions]


@dataclass(frozen=True)
class MissingLayer:
    """A slot without a layer; ``unusable`` names a layer with unusable coordinates."""

    slot: LayerSlot
    unusable: str = ""


def make_contents(
    plan: Plan, vectors: VectorSet, *, personal: bool = False
) -> tuple[list[Content], list[MissingLayer]]:
    """Return the layers of one set and the empty slots.

    Layers are in the order of the slots, then of the standard. A concept is filled by the plan's layer for it.
    ``personal`` includes fields with personal data.
    """
    found: list[Content] = []
    wanting: list[MissingLayer] = []
    taken: set[str] = set()
    for slot in vectors.layers:
        layer = plan.concept(slot.layer)
        if layer is None:
            lost = plan.unusable_for(slot.layer)
            wanting.append(MissingLayer(slot, lost.name if lost else ""))
        elif layer.role not in taken:
            taken.add(layer.role)
            found.append(_make_content(plan, layer, slot, personal))
    if vectors.others:
        roles = plan.norm.standard.templates
        found += [
            _make_content(plan, plan.layers[role], None, personal)
            for role in roles
            if role in plan.layers and role not in taken
        ]
    return found, wanting


def _make_content(plan: Plan, layer: Layer, slot: LayerSlot | None, personal: bool) -> Content:
    own = plan.norm.standard.templates[layer.role]
    fields = list(own.fields)
    if slot is not None and slot.fields:
        wanted = {f.upper(): n for n, f in enumerate(slot.fields)}
        fields = sorted((f for f in fields if f.name.upper() in wanted), key=lambda f: wanted[f.name.upper()])
    names = {f.name.upper() for f in own.fields}
    columns: dict[str, str | None] = {}
    made = []
    for declared in fields:
        column = layer.spelling(declared)
        if column is not None and column.upper() != declared.name.upper() and column.upper() in names:
            # The column has the same meaning in its edition, but its name is another field of this template.
            column = None
        name = slot.names.get(declared.name, declared.name) if slot is not None else declared.name
        columns[name] = column
        # A personal field that is left empty must not be mandatory.
        empty = declared.personal and not personal
        # A short name belongs to the original name only.
        short = declared.short if name == declared.name else ""
        made.append(replace(declared, name=name, short=short, constraint="" if empty else declared.constraint))
    name = slot.name if slot is not None and slot.name else own.role
    template = replace(own, role=name, fields=tuple(made))
    return Content(layer, template, columns, slot.need if slot is not None else "O", personal)


def list_vertices(shapes: NDArray) -> NDArray:
    """Return the (n,) numbers of vertices."""
    return shapely.get_num_coordinates(shapes)
