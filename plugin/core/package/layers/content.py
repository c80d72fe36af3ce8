# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers of a plan go into a set of a package, under which names and with which fields; their rows batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry import crs as crs_care
from ...geometry.validity import missing
from ...standard.template import Field, Template
from .values import Carried, carry

if TYPE_CHECKING:
    from pyproj import CRS

    from ...plan.layer import Layer
    from ...plan.plan import Plan
    from ..form.model import LayerSlot, VectorSet

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

    def carried(self, declared: Field, rows: slice = slice(None)) -> Carried:
        """The values of one field as they are to be written, and the rows that cannot be."""
        column = self.columns[declared.name]
        frame = self.layer.frame.iloc[rows]
        if column is None or self.left_empty(declared):
            return Carried(np.full(len(frame), None, dtype=object), {})
        return carry(frame[column], declared)

    def left_empty(self, declared: Field) -> bool:
        """Does the field tell of persons, which nobody asked for?"""
        return declared.personal and not self.personal

    def shapes(self, target: CRS, rows: slice = slice(None)) -> NDArray:
        """(k,) geometries in the target CRS: the stored vertices, each brought there by itself; no heights. A collection of one
        point is that point, which every format takes."""
        drawn = self.layer.drawn[rows].copy()
        drawn[missing(drawn)] = None
        if self.template.geometry == "point":
            single = shapely.get_num_geometries(drawn) == 1
            drawn[single] = shapely.get_geometry(drawn[single], 0)
        return crs_care.reproject(drawn, self.layer.known_crs, target)

    def nowhere(self, target: CRS) -> NDArray:
        """(k,) positions of shapes with a coordinate that is no number, or so far out that there is no place for it on earth
        or in the target CRS."""
        drawn = self.layer.drawn
        rows = np.flatnonzero(~missing(drawn))
        xy, of = shapely.get_coordinates(drawn[rows], return_index=True)
        lost = np.bincount(of[~np.isfinite(xy).all(axis=1)], minlength=len(rows)) > 0
        # What is far away shows at the corners.
        corners = shapely.bounds(drawn[rows])[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
        for crs in (target, crs_care.GEODETIC):
            placed = crs_care.coordinates(corners, self.layer.known_crs, crs)
            lost |= ~np.isfinite(placed).reshape(-1, 8).all(axis=1)
        return rows[lost]

    def batches(self, target: CRS) -> Iterator[Rows]:
        for first in range(0, len(self), BATCH_ROWS):
            rows = slice(first, min(first + BATCH_ROWS, len(self)))
            values = {f.name: self.carried(f, rows).values for f in self.template.fields}
            yield Rows(first, self.shapes(target, rows), values)

    def keys(self, positions: Any) -> list[str]:
        """What rows are called: the BSM, else the feature id."""
        return [self.layer.keys[n] or f"fid {self.layer.fids[n]}" for n in positions]


@dataclass(frozen=True)
class Wanting:
    """A slot that no layer of the plan fills. ``unusable``: there is one, but its coordinates cannot be used."""

    slot: LayerSlot
    unusable: str = ""


def contents(plan: Plan, vectors: VectorSet, *, personal: bool = False) -> tuple[list[Content], list[Wanting]]:
    """The layers of one set, in the order of its slots, then the others in the standard's; and slots that stay empty.

    A slot's concept is answered by the plan's layer for it. ``personal``: fields that tell of persons are filled.
    """
    found: list[Content] = []
    wanting: list[Wanting] = []
    taken: set[str] = set()
    for slot in vectors.layers:
        layer = plan.concept(slot.layer)
        if layer is None:
            lost = plan.unusable_for(slot.layer)
            wanting.append(Wanting(slot, lost.name if lost else ""))
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


def vertices(shapes: NDArray) -> NDArray:
    """(n,) vertices of each geometry."""
    return shapely.get_num_coordinates(shapes)
