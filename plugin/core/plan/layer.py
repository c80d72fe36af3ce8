# SPDX-License-Identifier: GPL-2.0-or-later
"""One role of the plan: the table as read, and its geometry in the plane.

`SourceLayer` and `Layer`.
"""

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
    """A column as read (``raw``) and derived forms.

    Callers share the returned objects and must not change them.
    """

    def __init__(self, raw: pd.Series):
        self._raw = raw

    @cached_property
    def values(self) -> pd.Series:
        """Return (n,) the values without surrounding blanks, blank text as missing."""
        return strip_blanks(self._raw)

    @cached_property
    def texts(self) -> list[str]:
        """Return (n,) the values as text, missing ones empty.

        Integers without a decimal point.
        """
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
        """Return those texts that were garbled before reading."""
        if self.values.dtype.kind in "iufbM":
            return frozenset()
        return frozenset(v for v in self.values.unique() if isinstance(v, str) and not v.isascii() and garbled(v))


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it; ``type`` is text, integer, real or date.

    None: the source does not declare it. ``alias`` is empty for a field without one, ``codes`` (code → name) for a
    field without a coded domain.
    """

    name: str
    type: str
    length: int | None = None
    alias: str | None = None
    codes: dict[str, str] | None = field(default=None, hash=False)


@dataclass
class SourceLayer:
    """A table as read: nothing repaired, nothing reprojected.

    ``frame``: indexed by feature id. ``curves``: ids of features with arcs, densified on reading by ``curve_step``
    (degrees). ``broken``: ids of features whose geometry no library can represent (missing in ``frame``). ``notices``:
    (text key, parameters). ``problem``: why the table is unusable (no geometry, unreadable file), as text key and
    parameters. ``kind`` and ``rows``: geometry type and number of rows as the source declares them; empty and None if
    it does not. ``filter``: the condition that hides rows in a project. ``rings``: all lines of a layer that is not
    read are closed. ``shape_crs``: coordinate systems other than the layer's that its geometries declare → their
    number. ``described_crs``: the CRS that the file's definition describes, if its code is that of another one.
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
    described_crs: str = ""

    @property
    def full_name(self) -> str:
        """Return ``county.gpkg/DLTB``.

        It is unique if several files have a layer of this name.
        """
        file = self.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return f"{file}/{self.name}" if file else self.name


#: GEOS's number of a geometry collection.
_COLLECTION = 7


class Layer:
    """One role of the plan: its rows, its template, and its geometry in the plane.

    ``plane_crs`` is the plan's plane. ``frame``: as read. ``plane``: (n,) geometries in that plane; invalid ones are
    replaced by repaired copies, missing or stray ones by None, and long edges that reprojection would bend have
    additional vertices. ``undensified_edges``: such edges without additional vertices, because a layer in another CRS
    shares them (`geometry.undensified_edges`). ``repaired``: row position → planar area change (m²) of a repaired copy.
    ``stray_rows``: row position → problem, for rows whose coordinates contradict the CRS while most rows agree with it.
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
        #: Is every edge straight in the plane, because the layer was converted from there by vertex?
        self.by_vertices = False
        #: The plane's vertices, for a layer that is reprojected into the plane.
        self.vertex_index: VertexIndex | None = None
        # Where two fields differ by case only, use the one spelled like the standard's.
        columns = [str(c) for c in self.frame.columns if c != self.frame.geometry.name]
        names = {c.upper(): c for c in reversed(columns)} | {c: c for c in columns if c.isupper()}
        self._columns = {f.meaning: names[f.name] for f in template.fields if f.meaning and f.name in names}
        self._names = names
        self._read: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def name(self) -> str:
        """Return the layer's name for messages."""
        return self.source.name

    def has(self, meaning: str) -> bool:
        """Return True if the layer has a field of this meaning."""
        return meaning in self._columns

    def has_values(self, meaning: str) -> bool:
        """Return True if any row has a value in the field of this meaning.

        For figures a field of blanks counts as missing: a package has every field of its template.
        """
        column = self.column(meaning)
        return column is not None and bool(column.notna().any())

    def field_name(self, meaning: str) -> str:
        """Return the official field name in this layer's template.

        Also if the layer lacks the field. Empty if the template has no such field.
        """
        found = self.template.field(meaning)
        return found.name if found else ""

    def column(self, meaning: str) -> pd.Series | None:
        """Return the values of a meaning, blank text as missing.

        None without such a field.
        """
        return self.values(self._columns[meaning]) if meaning in self._columns else None

    def named(self, field_name: str) -> pd.Series | None:
        """Return the values of a field by its name in any case; None without such a field."""
        column = self._names.get(field_name.upper())
        return None if column is None else self.values(column)

    def named_text(self, field_name: str) -> list[str]:
        """Return a field's values as text, missing ones empty.

        All empty without such a field.
        """
        column = self._names.get(field_name.upper())
        return [""] * len(self) if column is None else self._find_column(column).texts

    def garbled_rows(self, field_name: str) -> frozenset[str]:
        """Return the texts of a field that were garbled before reading."""
        column = self._names.get(field_name.upper())
        return frozenset() if column is None else self._find_column(column).garbled

    def spelling(self, declared: Field) -> str | None:
        """Return the column of a field, by its name in any case, else by its meaning.

        The field may belong to another edition's template.
        """
        return self._names.get(declared.name.upper()) or self._columns.get(declared.meaning or "-")

    def values(self, column: str) -> pd.Series:
        """Return the column's values without blanks, blank text as missing."""
        return self._find_column(column).values

    def _find_column(self, column: str) -> Column:
        if column not in self._read:
            self._read[column] = Column(self.frame[column])
        return self._read[column]

    def text(self, meaning: str) -> list[str]:
        """Return a meaning's values as text, missing ones empty.

        Integers have no decimal point. Callers must not change the list.
        """
        return self._find_column(self._columns[meaning]).texts if meaning in self._columns else [""] * len(self)

    def numbers(self, meaning: str) -> NDArray:
        """Return a meaning's values as (n,) float64.

        Missing, unreadable or infinite ones are NaN.
        """
        import pandas as pd

        column = self.column(meaning)
        if column is None:
            return np.full(len(self), np.nan)
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def keys(self) -> list[str]:
        """Return each row's BSM as read, empty if missing."""
        return self.text("key")

    @cached_property
    def repeated_keys(self) -> frozenset[int]:
        """Return the row positions whose key is missing or repeated.

        For these only the feature id is unique.
        """
        import pandas as pd

        series = pd.Series(self.keys)
        return frozenset(np.flatnonzero((series == "") | series.duplicated(keep=False)).tolist())

    @cached_property
    def fids(self) -> list[int]:
        """Return the feature ids."""
        return [int(v) for v in self.frame.index]

    @cached_property
    def raw_shapes(self) -> NDArray:
        """Return (n,) geometries as read, without Z, in the layer's coordinates."""
        shapes = self.frame.geometry.to_numpy()
        # Copy millions of vertices only if there are Z values to drop.
        return shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes

    @property
    def known_crs(self) -> CRS:
        """Return the layer's CRS. A layer without one never becomes part of a plan."""
        return require_value(self.crs, f"the CRS of {self.role}")

    @cached_property
    def original(self) -> NDArray:
        """Return (n,) geometries as read, without Z, in the plan's plane."""
        shapes = self._reproject.shapes
        return shapes if self.vertex_index is None else self.vertex_index.snap(shapes)

    @cached_property
    def _reproject(self) -> DensifiedShapes:
        return reproject_densified(
            self.raw_shapes, self.known_crs, self.plane_crs, self.undensified_edges, by_vertices=self.by_vertices
        )

    @property
    def added(self) -> NDArray:
        """Return (k, 2) the vertices of ``original`` and ``plane`` that are not stored."""
        return self._reproject.added

    def in_plane(self, geometry: Any) -> Any:
        """Reproject a geometry from the layer's coordinates to the plan's plane."""
        return crs_care.reproject(np.array([geometry], dtype=object), self.known_crs, self.plane_crs)[0]

    @cached_property
    def broken(self) -> NDArray:
        """Return (n,) bool: the source has a geometry that no library can represent."""
        return np.isin(self.frame.index.to_numpy(), self.source.broken)

    @cached_property
    def empty(self) -> NDArray:
        """Return (n,) bool: null or empty geometry."""
        return is_missing(self.frame.geometry.to_numpy()) & ~self.broken

    @cached_property
    def invalid(self) -> NDArray:
        """Return (n,) bool: present, but invalid as drawn, in the layer's coordinates."""
        return ~self.empty & ~shapely.is_valid(self.raw_shapes)

    @cached_property
    def has_wrong_geometry_type(self) -> bool:
        """Return True if most valid geometries are of another type than the template's."""
        there = ~(self.empty | self.broken | self.invalid)
        dimensions = shapely.get_dimensions(self.raw_shapes[there])
        others = np.count_nonzero(dimensions != ("point", "line", "polygon").index(self.template.geometry))
        return bool(2 * others > len(dimensions))

    def like(self, source: SourceLayer) -> Layer:
        """Return other rows of this layer, reprojected to the plane in the same way.

        Properties of the whole layer are retained.
        """
        other = Layer(source, self.template, self.plane_crs, undensified_edges=self.undensified_edges)
        other.vertex_index = self.vertex_index
        other.by_vertices = self.by_vertices
        other.__dict__["has_wrong_geometry_type"] = self.has_wrong_geometry_type
        return other

    def take(self, rows: NDArray) -> Layer:
        """Return a layer of some rows ((k,) positions) with their computed values.

        Nothing is read again.
        """
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
        """Return True if no row has a usable geometry of the layer's type."""
        return bool(is_missing(self.plane).all())

    @cached_property
    def _prepared(self) -> tuple[NDArray, dict[int, float]]:
        plane = self.original.copy()
        plane[self.empty] = None
        plane[list(self.stray_rows)] = None
        changes: dict[int, float] = {}
        # Reprojection can make a barely valid geometry invalid, and the reverse.
        valid = ~self.invalid if self.original is self.raw_shapes else shapely.is_valid(plane)
        for position in np.flatnonzero(~valid & ~shapely.is_missing(plane)).tolist():
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
        """Return (n,) geometries in the plane, repaired and densified."""
        return self._prepared[0]

    @cached_property
    def polygons(self) -> Polygons:
        """Return the plane's geometries with values computed once for all rules."""
        return Polygons(self.plane)

    @property
    def repaired(self) -> dict[int, float]:
        """Return row position → planar area change (m²) of repaired geometries."""
        return self._prepared[1]

    @cached_property
    def statutory(self) -> NDArray:
        """Return (n,) statutory areas in m², from the stored vertices.

        Invalid rows from a repaired copy.
        """
        return self._measure_rows(NEVER)

    def statutory_of(self, rows: NDArray) -> NDArray:
        """Return (k,) `statutory` of some rows without measuring the whole layer."""
        some, at = np.unique(rows, return_inverse=True)
        if "statutory" in self.__dict__ or 2 * len(some) > len(self):
            return self.statutory[rows]
        return self.take(some).statutory[at.ravel()]

    def measure(self, cancellation: Cancellation) -> None:
        """Compute `statutory`; can be cancelled."""
        if "statutory" not in self.__dict__:
            self.__dict__["statutory"] = self._measure_rows(cancellation)

    def _measure_rows(self, cancellation: Cancellation) -> NDArray:
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
