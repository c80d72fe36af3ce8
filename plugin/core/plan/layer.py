# SPDX-License-Identifier: GPL-2.0-or-later
"""One role of the plan: a table as it was read (`SourceLayer`) with its shapes in the plane (`Layer`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..cancellation import NEVER, Cancellation
from ..files.cells import strip_blanks, texts
from ..files.encoding import garbled
from ..geometry import crs as crs_care
from ..geometry.edge_densification import DensifiedShapes, Edge, reproject_densified
from ..geometry.polygons import Polygons
from ..geometry.statutory_area import statutory_area
from ..geometry.validity import is_missing, make_areal, repair_polygon
from ..geometry.vertex_index import VertexIndex
from ..invariants import require_value
from ..standard.template import Field, Template

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["FieldInfo", "Layer", "SourceLayer"]


class Column:
    """``raw`` as it was read. What is given is not to be changed: others are given the same."""

    def __init__(self, raw: pd.Series):
        self._raw = raw

    @cached_property
    def values(self) -> pd.Series:
        """(n,) the values without blanks around them, blank text as missing."""
        return strip_blanks(self._raw)

    @cached_property
    def texts(self) -> list[str]:
        """(n,) the values as text, missing ones empty; whole numbers without a decimal point."""
        import pandas as pd

        values = self.values
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            return texts(values)
        # They are stripped already.
        found = values.to_numpy(dtype=object, copy=True)
        found[values.isna().to_numpy()] = ""
        return list(found)

    @cached_property
    def garbled(self) -> frozenset[str]:
        """Those of the texts that were broken before they came here."""
        if self.values.dtype.kind in "iufbM":
            return frozenset()
        return frozenset(v for v in self.values.unique() if isinstance(v, str) and not v.isascii() and garbled(v))


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it; ``type`` in the templates' words (text, integer, real, date).

    None: the source does not tell. ``alias`` is empty for a field without one, ``codes`` (code → name) for one without a
    coded domain.
    """

    name: str
    type: str
    length: int | None = None
    alias: str | None = None
    codes: dict[str, str] | None = field(default=None, hash=False)


@dataclass
class SourceLayer:
    """A table as it was read: nothing repaired, nothing reprojected.

    ``frame`` is indexed by feature id; ``curves`` are the ids of features that held arcs, densified on reading by
    ``curve_step`` (degrees); ``broken`` the ids of features whose shape no geometry library can hold (missing in
    ``frame``); ``notices`` are (text key, parameters). ``problem``: why nobody can use it (a table without shapes, a file
    that cannot be read), as text key and parameters. ``kind`` and ``rows`` are the type of geometry and the number of rows
    as the source gives them without reading a row; empty and None where it does not. ``filter``: the condition that hides
    rows of it in a project. ``rings``: the lines of a layer that is not read are all closed.
    ``shape_crs``: coordinate systems, other than the layer's, that its shapes declare, with the number of shapes.
    """

    name: str
    frame: gpd.GeoDataFrame
    fields: tuple[FieldInfo, ...]
    crs: CRS | None
    source: str = ""
    encoding: str = ""
    template_id: str = ""
    curves: tuple[int, ...] = ()
    curve_step: float = 0.0
    unsaved: int = 0
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: tuple[int, ...] = ()
    problem: tuple[str, dict[str, Any]] | None = None
    kind: str = ""
    rows: int | None = None
    filter: str = ""
    rings: bool = False
    shape_crs: dict[str, int] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """``county.gpkg/DLTB``: tells layers of one name in several files apart."""
        file = self.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return f"{file}/{self.name}" if file else self.name


#: GEOS's number of a geometry collection.
_COLLECTION = 7


class Layer:
    """One role of the plan: its rows, its template, and its geometry in the plan's plane (``plane_crs``).

    ``frame`` as read; ``plane`` (n,) geometries in that plane with invalid ones replaced by repaired copies and
    missing or stray ones by None, and with vertices on long edges that another CRS would bend; ``undensified_edges`` are such edges
    that get none, since a layer in another CRS has them too (`geometry.undensified_edges`); ``repaired`` maps row position to the planar area change (m²) of such a copy;
    ``stray_rows`` maps row positions whose coordinates contradict the CRS, which most rows do not, to the problem.
    """

    def __init__(
        self,
        source: SourceLayer,
        template: Template,
        plane_crs: CRS,
        stray: dict[int, tuple[str, dict[str, Any]]] | None = None,
        undensified_edges: frozenset[Edge] = frozenset(),
    ):
        self.source = source
        self.template = template
        self.role = template.role
        self.frame = source.frame
        self.plane_crs = plane_crs
        self.crs = source.crs
        self.stray_rows = stray or {}
        self.undensified_edges = undensified_edges
        #: Is every edge straight in the plane, since the layer was converted from there vertex by vertex?
        self.by_vertices = False
        #: The plane's own vertices, for a layer that is brought there from another CRS.
        self.vertex_index: VertexIndex | None = None
        # Where two fields differ by case only, the one written as the standard does is meant.
        columns = [str(c) for c in self.frame.columns if c != self.frame.geometry.name]
        names = {c.upper(): c for c in reversed(columns)} | {c: c for c in columns if c.isupper()}
        self._columns = {f.meaning: names[f.name] for f in template.fields if f.meaning and f.name in names}
        self._names = names
        self._read: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def name(self) -> str:
        return self.source.name

    def has(self, meaning: str) -> bool:
        return meaning in self._columns

    def has_values(self, meaning: str) -> bool:
        """Has the layer a value of a meaning at all? Figures ask this: a field of blanks gives no more than none, and a package
        has every field of its template."""
        column = self.column(meaning)
        return column is not None and bool(column.notna().any())

    def field_name(self, meaning: str) -> str:
        """The field's official name in this layer's template, also when the layer lacks it; empty when it has none."""
        found = self.template.field(meaning)
        return found.name if found else ""

    def column(self, meaning: str) -> pd.Series | None:
        """The values of a meaning, blank text as missing; None when the layer has no such field."""
        return self.values(self._columns[meaning]) if meaning in self._columns else None

    def named(self, field_name: str) -> pd.Series | None:
        """The values of a field by its name, whatever its case; None when there is none."""
        column = self._names.get(field_name.upper())
        return None if column is None else self.values(column)

    def named_text(self, field_name: str) -> list[str]:
        """The values of a field by its name as text, missing ones empty, and all of a field that is not there."""
        column = self._names.get(field_name.upper())
        return [""] * len(self) if column is None else self._column(column).texts

    def garbled_rows(self, field_name: str) -> frozenset[str]:
        """The texts of a field that were broken before they came here."""
        column = self._names.get(field_name.upper())
        return frozenset() if column is None else self._column(column).garbled

    def spelling(self, declared: Field) -> str | None:
        """The column that holds a field, perhaps of another edition's template: by its name in any case, else by its meaning."""
        return self._names.get(declared.name.upper()) or self._columns.get(declared.meaning or "-")

    def values(self, column: str) -> pd.Series:
        return self._column(column).values

    def _column(self, column: str) -> Column:
        if column not in self._read:
            self._read[column] = Column(self.frame[column])
        return self._read[column]

    def text(self, meaning: str) -> list[str]:
        """A meaning's values as text, missing ones empty; whole numbers without a decimal point. Not to be changed."""
        return self._column(self._columns[meaning]).texts if meaning in self._columns else [""] * len(self)

    def numbers(self, meaning: str) -> NDArray:
        """A meaning's values as (n,) float64, missing, unreadable or infinite ones NaN."""
        import pandas as pd

        column = self.column(meaning)
        if column is None:
            return np.full(len(self), np.nan)
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def keys(self) -> list[str]:
        """Each row's own BSM as read, empty where there is none."""
        return self.text("key")

    @cached_property
    def repeated_keys(self) -> frozenset[int]:
        """Row positions whose key is missing or repeated: only the feature id tells them apart."""
        import pandas as pd

        series = pd.Series(self.keys)
        return frozenset(np.flatnonzero((series == "") | series.duplicated(keep=False)).tolist())

    @cached_property
    def fids(self) -> list[int]:
        return [int(v) for v in self.frame.index]

    @cached_property
    def raw_shapes(self) -> NDArray:
        """(n,) geometries as read, flat (no Z), in the layer's own coordinates."""
        shapes = self.frame.geometry.to_numpy()
        # A copy of millions of vertices is made only where there is something to drop.
        return shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes

    @property
    def known_crs(self) -> CRS:
        """The CRS of a layer of a plan. A layer without one never becomes part of a plan."""
        return require_value(self.crs, f"the CRS of {self.role}")

    @cached_property
    def original(self) -> NDArray:
        """(n,) geometries as read, flat, in the plan's plane."""
        shapes = self._brought.shapes
        return shapes if self.vertex_index is None else self.vertex_index.snap(shapes)

    @cached_property
    def _brought(self) -> DensifiedShapes:
        return reproject_densified(
            self.raw_shapes, self.known_crs, self.plane_crs, self.undensified_edges, by_vertices=self.by_vertices
        )

    @property
    def added(self) -> NDArray:
        """(k, 2) the vertices that ``original`` and ``plane`` have beyond those stored."""
        return self._brought.added

    def in_plane(self, geometry: Any) -> Any:
        """A geometry in the layer's own coordinates, brought to the plan's plane."""
        return crs_care.reproject(np.array([geometry], dtype=object), self.known_crs, self.plane_crs)[0]

    @cached_property
    def broken(self) -> NDArray:
        """(n,) bool: the source has a shape, but none that a geometry library can hold."""
        return np.isin(self.frame.index.to_numpy(), self.source.broken)

    @cached_property
    def empty(self) -> NDArray:
        """(n,) bool: null or empty geometry."""
        return is_missing(self.frame.geometry.to_numpy()) & ~self.broken

    @cached_property
    def invalid(self) -> NDArray:
        """(n,) bool: there, but not valid as it was drawn, in the layer's own coordinates."""
        return ~self.empty & ~shapely.is_valid(self.raw_shapes)

    @cached_property
    def has_wrong_geometry_type(self) -> bool:
        """True if more than half of the valid shapes are of another geometry type than the template's."""
        there = ~(self.empty | self.broken | self.invalid)
        dimensions = shapely.get_dimensions(self.raw_shapes[there])
        others = np.count_nonzero(dimensions != ("point", "line", "polygon").index(self.template.geometry))
        return bool(2 * others > len(dimensions))

    def like(self, source: SourceLayer) -> Layer:
        """Return other rows of this layer, brought to the plane as its own are. What holds of the whole layer is kept."""
        other = Layer(source, self.template, self.plane_crs, undensified_edges=self.undensified_edges)
        other.vertex_index = self.vertex_index
        other.by_vertices = self.by_vertices
        other.__dict__["has_wrong_geometry_type"] = self.has_wrong_geometry_type
        return other

    def take(self, rows: NDArray) -> Layer:
        """A layer of some rows ((k,) positions), with what is known of them: nothing is repaired or read again."""
        source = replace(self.source, frame=self.frame.iloc[rows])
        some = self.like(source)
        known = {name: getattr(self, name)[rows] for name in ("raw_shapes", "original", "broken", "empty", "invalid")}
        at = {int(row): n for n, row in enumerate(rows)}
        repaired = {at[row]: area for row, area in self.repaired.items() if row in at}
        some.stray_rows = {at[row]: problem for row, problem in self.stray_rows.items() if row in at}
        some.__dict__ |= known | {"_prepared": (self.plane[rows], repaired)}
        some.__dict__["repeated_keys"] = frozenset(at[row] for row in self.repeated_keys & at.keys())
        return some

    @property
    def has_no_geometry(self) -> bool:
        """Has no row a shape of the layer's kind that can be used? Then no rule can say anything of it."""
        return bool(is_missing(self.plane).all())

    @cached_property
    def _prepared(self) -> tuple[NDArray, dict[int, float]]:
        plane = self.original.copy()
        plane[self.empty] = None
        plane[list(self.stray_rows)] = None
        changes: dict[int, float] = {}
        # Another projection can make a hair's breadth of a valid shape invalid, and mend one that is not.
        sound = ~self.invalid if self.original is self.raw_shapes else shapely.is_valid(plane)
        for position in np.flatnonzero(~sound & ~shapely.is_missing(plane)).tolist():
            fixed = repair_polygon(plane[position])
            before = shapely.area(plane[position])
            changes[position] = float(
                (shapely.area(fixed) if fixed is not None else 0.0) - (before if np.isfinite(before) else 0.0)
            )
            plane[position] = fixed
        if self.template.geometry == "polygon":
            other = ~is_missing(plane) & ~np.isin(shapely.get_type_id(plane), (3, 6))
            for position in np.flatnonzero(other).tolist():
                plane[position] = make_areal(plane[position])
        return plane, changes

    @property
    def plane(self) -> NDArray:
        return self._prepared[0]

    @cached_property
    def polygons(self) -> Polygons:
        """The plane's geometries with what is computed of them once for all rules."""
        return Polygons(self.plane)

    @property
    def repaired(self) -> dict[int, float]:
        return self._prepared[1]

    @cached_property
    def statutory(self) -> NDArray:
        """(n,) statutory areas in m², from the stored vertices; rows that are invalid from a repaired copy."""
        return self._measure(NEVER)

    def statutory_of(self, rows: NDArray) -> NDArray:
        """(k,) `statutory` of some rows, without measuring a large layer for the sake of a few."""
        some, at = np.unique(rows, return_inverse=True)
        if "statutory" in self.__dict__ or 2 * len(some) > len(self):
            return self.statutory[rows]
        return self.take(some).statutory[at.ravel()]

    def measure(self, cancellation: Cancellation) -> None:
        """Know `statutory`, with looks at the cancel button on the way."""
        if "statutory" not in self.__dict__:
            self.__dict__["statutory"] = self._measure(cancellation)

    def _measure(self, cancellation: Cancellation) -> NDArray:
        crs = self.known_crs
        if crs == self.plane_crs:
            return statutory_area(self.plane, crs_care.make_lonlat_transformer(crs), cancellation)
        own = self.raw_shapes.copy()
        own[is_missing(self.plane)] = None
        for position in np.flatnonzero(self.invalid & ~is_missing(own)).tolist():
            own[position] = repair_polygon(own[position])
        for position in np.flatnonzero(shapely.get_type_id(own) == _COLLECTION).tolist():
            own[position] = make_areal(own[position])
        return statutory_area(own, crs_care.make_lonlat_transformer(crs), cancellation)
