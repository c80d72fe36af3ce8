# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers of a plan go into a set of a package, under which names and with which fields; their rows and values
batch by batch."""

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


#: A day and, after it, a time of day without a zone. Without separators all eight digits are needed: 2024111 is two days.
_DATE = re.compile(
    r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2}))(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?"
)


class ConvertedValues(NamedTuple):
    """``values`` (n,) objects: str, int, float, datetime or None; ``wrong``: why → positions of values that are lost."""

    values: NDArray
    wrong: dict[str, NDArray]


def convert_values(series: pd.Series, declared: Field) -> ConvertedValues:
    """A column's values in a field's type; blanks around texts go, blank texts are missing values.

    Reasons: ``number_unreadable``, ``not_whole``, ``date_unreadable``.
    """
    if declared.type == "text":
        return ConvertedValues(_or_none(np.array(texts(strip_blanks(series)), dtype=object)), {})
    if declared.type == "date":
        return _dates(series)
    return _numbers(series, declared.type == "integer")


def _or_none(values: NDArray) -> NDArray:
    values[values == ""] = None
    return values


def _numbers(series: pd.Series, whole: bool) -> ConvertedValues:
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
            return _with(values, unreadable, [])
    for position, text in enumerate(texts(strip_blanks(series))):
        if not text:
            continue
        number = _number(text)
        if number is None:
            unreadable.append(position)
        elif not whole:
            values[position] = float(number)
        elif float(number).is_integer():
            values[position] = int(number)
        else:
            broken.append(position)
    return _with(values, unreadable, broken)


def _with(values: NDArray, unreadable: list[int], broken: list[int]) -> ConvertedValues:
    wrong = {"number_unreadable": unreadable, "not_whole": broken}
    for positions in wrong.values():
        values[positions] = None
    return ConvertedValues(values, {key: np.array(rows) for key, rows in wrong.items() if rows})


def _number(text: str) -> int | float | None:
    if re.fullmatch(r"[+-]?\d+", text):
        # A double has no room for 18 digits.
        return int(text)
    try:
        # Python reads 1_000 as a thousand; nobody else does.
        number = float(text) if "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _dates(series: pd.Series) -> ConvertedValues:
    values = np.full(len(series), None, dtype=object)
    wrong = []
    for position, value in enumerate(series.tolist()):
        found = _date(value)
        if found == "":
            wrong.append(position)
        else:
            values[position] = found
    return ConvertedValues(values, {"date_unreadable": np.array(wrong)} if wrong else {})


def _date(value: Any) -> datetime | str | None:
    """A moment without zone, None for a missing one, an empty text for one that cannot be read."""
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
        return value.replace(tzinfo=None, microsecond=0) if not isinstance(value, pd.Timestamp) else _stamp(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return ""


def _stamp(value: Any) -> datetime:
    return value.tz_localize(None).floor("s").to_pydatetime() if value.tzinfo else value.floor("s").to_pydatetime()


#: Rows that are turned into objects of Python at a time.
BATCH_ROWS = 2_000


class Rows(NamedTuple):
    """Some rows as they are written: ``shapes`` (k,) geometries in the target CRS, flat, None for a missing one; ``values``
    field → (k,) objects, None for a missing one; ``first`` the position of the first."""

    first: int
    shapes: NDArray
    values: dict[str, NDArray]


@dataclass(frozen=True)
class Content:
    """One layer of a package. ``template``: what it is there, with its name and its fields' names there; ``columns``: field
    there → the column of the plan's layer that it is filled from, None for one that stays empty."""

    layer: Layer
    template: Template
    columns: dict[str, str | None]
    need: str
    personal: bool

    @property
    def name(self) -> str:
        return self.template.role

    def __len__(self) -> int:
        return len(self.layer)

    def convert_values(self, declared: Field, rows: slice = slice(None)) -> ConvertedValues:
        """The values of one field as they are to be written, and the rows that cannot be."""
        column = self.columns[declared.name]
        frame = self.layer.frame.iloc[rows]
        if column is None or self.is_left_empty(declared):
            return ConvertedValues(np.full(len(frame), None, dtype=object), {})
        return convert_values(frame[column], declared)

    def is_left_empty(self, declared: Field) -> bool:
        """Does the field tell of persons, which nobody asked for?"""
        return declared.personal and not self.personal

    def shapes(self, target: CRS, rows: slice = slice(None)) -> NDArray:
        """(k,) geometries in the target CRS: the stored vertices, each brought there by itself; no heights. A collection of one
        point is that point, which every format takes."""
        drawn = self.layer.raw_shapes[rows].copy()
        drawn[is_missing(drawn)] = None
        if self.template.geometry == "point":
            single = shapely.get_num_geometries(drawn) == 1
            drawn[single] = shapely.get_geometry(drawn[single], 0)
        return crs_care.reproject(drawn, self.layer.known_crs, target)

    def rows_without_place(self, target: CRS) -> NDArray:
        """(k,) positions of shapes with a coordinate that is no number, or so far out that there is no place for it on earth
        or in the target CRS."""
        drawn = self.layer.raw_shapes
        rows = np.flatnonzero(~is_missing(drawn))
        xy, of = shapely.get_coordinates(drawn[rows], return_index=True)
        lost = np.bincount(of[~np.isfinite(xy).all(axis=1)], minlength=len(rows)) > 0
        # What is far away shows at the corners.
        corners = shapely.bounds(drawn[rows])[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
        for crs in (target, crs_care.GEODETIC):
            placed = crs_care.reproject_coordinates(corners, self.layer.known_crs, crs)
            lost |= ~np.isfinite(placed).reshape(-1, 8).all(axis=1)
        return rows[lost]

    def batches(self, target: CRS) -> Iterator[Rows]:
        for first in range(0, len(self), BATCH_ROWS):
            rows = slice(first, min(first + BATCH_ROWS, len(self)))
            values = {f.name: self.convert_values(f, rows).values for f in self.template.fields}
            yield Rows(first, self.shapes(target, rows), values)

    def keys(self, positions: Any) -> list[str]:
        """What rows are called: the BSM, else the feature id."""
        return [self.layer.keys[n] or f"fid {self.layer.fids[n]}" for n in positions]


@dataclass(frozen=True)
class MissingLayer:
    """A slot that no layer of the plan fills. ``unusable``: there is one, but its coordinates cannot be used."""

    slot: LayerSlot
    unusable: str = ""


def make_contents(
    plan: Plan, vectors: VectorSet, *, personal: bool = False
) -> tuple[list[Content], list[MissingLayer]]:
    """The layers of one set, in the order of its slots, then the others in the standard's; and slots that stay empty.

    A slot's concept is answered by the plan's layer for it. ``personal``: fields that tell of persons are filled.
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
            found.append(_content(plan, layer, slot, personal))
    if vectors.others:
        roles = plan.norm.standard.templates
        found += [
            _content(plan, plan.layers[role], None, personal)
            for role in roles
            if role in plan.layers and role not in taken
        ]
    return found, wanting


def _content(plan: Plan, layer: Layer, slot: LayerSlot | None, personal: bool) -> Content:
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
            # It means the same in its own edition, but is another field here.
            column = None
        name = slot.names.get(declared.name, declared.name) if slot is not None else declared.name
        columns[name] = column
        # A field that stays empty for the sake of persons cannot be one that must be filled.
        empty = declared.personal and not personal
        # A short name goes with the name that it stands for.
        short = declared.short if name == declared.name else ""
        made.append(replace(declared, name=name, short=short, constraint="" if empty else declared.constraint))
    name = slot.name if slot is not None and slot.name else own.role
    template = replace(own, role=name, fields=tuple(made))
    return Content(layer, template, columns, slot.need if slot is not None else "O", personal)


def list_vertices(shapes: NDArray) -> NDArray:
    """(n,) vertices of each geometry."""
    return shapely.get_num_coordinates(shapes)
