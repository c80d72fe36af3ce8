# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of the plan: the table as read, and its geometry in the plane.

`SourceLayer` is the table as read. `Layer` adds its role (layer code), its template, and geometries in the plan's CRS.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, require_value
from ..base.files.cells import are_stripped, find_distinct_texts, format_column, mask_texts, strip_blanks
from ..base.files.encoding import is_garbled
from ..base.parallel.threads import apply_in_threads, get_lock, shared_property
from ..geometry import crs as crs_care
from ..geometry.edge_densification import DensifiedShapes, EdgeCoordinates, VertexIndex, reproject_densified
from ..geometry.polygon_rings import find_inner_points
from ..geometry.polygons import ClipCache, Polygons
from ..geometry.shape_comparison import hash_shapes
from ..geometry.statutory_area import measure_statutory_area
from ..geometry.validity import (
    drop_empty_holes,
    extract_parts,
    extract_valid_polygons,
    find_flat_polygons,
    join_parts,
    mask_missing_shapes,
    repair_polygon,
)
from ..standard.messages.texts import Message
from ..standard.template import Template, TemplateField
from .unused_rows import GAPS_SECTION, NetExcess, UnusedRow, describe_unused_rows, make_layer_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["FieldInfo", "Layer", "SourceLayer"]
#: Polygons below this area (m²) may be flat; the outline of a flat one is as long as that of a county.
_MAX_FLAT_AREA_M2 = 100.0
#: Error of a double, and rounding to two decimals, m².
_DOUBLE_ERROR_M2, _ROUNDING_M2 = 1e-6, 0.005
#: Width (m) of a polygon that encloses no land: vertices this near are one.
_FLAT_WIDTH_M = 1e-4
#: Problems of tables that have no shapes, or are not registered as a layer: they are complete.
TABLE_PROBLEMS = ("table", "unregistered")
#: Values of a layer that cost time and depend on its rows alone. None contains a geometry: a layer of another check may
#: be in use in another thread.
_REUSABLE_VALUES = ("invalid_rows", "plane_areas", "statutory")
#: Name of a further such value, which belongs to the polygons of the layer.
_OVERLAP_CANDIDATES = "overlap_candidates"


@dataclass
class FieldColumn:
    """A column as read, with derived forms that are computed once and cached.

    Callers share the returned objects and must not change them.
    """

    raw: pd.Series
    known_distinct_texts: list[str] | None = None

    @shared_property
    def values(self) -> pd.Series:
        """Return (n,) values without blanks around texts; a blank text becomes missing."""
        return self.raw if are_stripped(self._distinct_raw_texts) else strip_blanks(self.raw)

    @shared_property
    def _distinct_raw_texts(self) -> list[str] | None:
        """Return the distinct texts as read; None if the column has values other than texts."""
        return find_distinct_texts(self.raw) if self.known_distinct_texts is None else self.known_distinct_texts

    @shared_property
    def texts(self) -> list[str]:
        """Return (n,) values as text: missing ones empty, integers without a decimal point."""
        import pandas as pd

        values = self.values
        if values.dtype == object and self._distinct_raw_texts == []:
            return [""] * len(values)
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            return format_column(values)
        # They are stripped already.
        all_texts = values.to_numpy(dtype=object, copy=True)
        all_texts[values.isna().to_numpy()] = ""
        return list(all_texts)

    @shared_property
    def garbled_texts(self) -> frozenset[str]:
        """Return the texts of this column that were garbled before it was read."""
        distinct_raw_texts = self._distinct_raw_texts if self.values is self.raw else None
        texts = self.values.unique() if distinct_raw_texts is None else distinct_raw_texts
        return frozenset(text for text in texts if isinstance(text, str) and not text.isascii() and is_garbled(text))


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it.

    ``type``: text, integer, real or date. ``length``, ``alias`` and ``codes`` are None if the source declares none;
    ``alias`` may be empty; ``codes``: code → name, of a coded domain.
    """

    name: str
    type: str
    length: int | None = None
    alias: str | None = None
    codes: dict[str, str] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class MistypedColumn:
    """A column read as texts: its declared type, the number of stored values of another, the first, and first ids."""

    declared_type: str
    count: int
    example: str
    fids: tuple[int, ...]


@dataclass
class SourceLayer:
    """A table as read: nothing repaired, nothing reprojected.

    ``frame``: rows, indexed by feature id. ``curve_texts``: id of each feature with arcs → its WKT; on reading, its
    arcs were divided into segments by ``curve_step`` (degrees). ``broken_fids``: ids of features whose geometry no
    library can represent, so that ``frame`` lacks it. ``notices``: (text key, parameters) of each notice. ``problem``:
    why the table is unusable (no geometry, unreadable file), as text key and parameters.

    ``declared_geometry_type`` and ``declared_row_count``: geometry type and number of rows that the source declares;
    empty and None if it declares none. ``row_filter``: the condition that hides rows in a project.
    ``has_closed_lines_only``: all lines of the layer are closed, so it is not read. ``shape_crs``: CRS that geometries
    declare instead of the layer's → number of these geometries. ``shape_crs_fids``: the first features with such
    geometries. ``described_crs``: the CRS that the file's definition describes, if its code is that of another CRS.
    ``mistyped_columns``: field → what is wrong, of fields that were read as texts because values stored in them are not
    of the declared type.
    """

    name: str
    frame: gpd.GeoDataFrame
    fields: tuple[FieldInfo, ...]
    crs: CRS | None
    source: str = ""
    encoding: str = ""
    template_id: str = ""
    curve_texts: dict[int, str] = field(default_factory=dict)
    curve_step: float = 0.0
    unsaved_edit_count: int = 0
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken_fids: tuple[int, ...] = ()
    problem: tuple[str, dict[str, Any]] | None = None
    declared_geometry_type: str = ""
    declared_row_count: int | None = None
    row_filter: str = ""
    has_closed_lines_only: bool = False
    shape_crs: dict[str, int] = field(default_factory=dict)
    shape_crs_fids: tuple[int, ...] = ()
    described_crs: str = ""
    mistyped_columns: dict[str, MistypedColumn] = field(default_factory=dict)
    #: What the reader knows of the rows of a frame. A copy of the layer with another frame does not get it.
    _frame_as_read: weakref.ref[gpd.GeoDataFrame] | None = field(default=None, init=False, repr=False, compare=False)
    _distinct_texts_by_column: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _digest_by_column: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _shape_hashes: NDArray | None = field(default=None, init=False, repr=False, compare=False)

    def keep_reading_results(
        self,
        texts_by_column: dict[str, list[str]],
        digest_by_column: dict[str, bytes],
        shape_hashes: NDArray | None,
    ) -> None:
        """Keep what the reader knows of the frame's rows, as long as the layer has this frame.

        ``texts_by_column``: the distinct texts of columns that have only texts and None. ``digest_by_column``: digests
        of the bytes from which columns were made; equal digests mean equal columns. ``shape_hashes`` (n,): of the
        geometries (`hash_shapes`), None if they are unknown.
        """
        self._frame_as_read = weakref.ref(self.frame)
        self._distinct_texts_by_column, self._digest_by_column = texts_by_column, digest_by_column
        self._shape_hashes = shape_hashes

    def find_distinct_texts(self, column: str) -> list[str] | None:
        """Return the distinct texts of a column; None if the reader does not know them."""
        return self._distinct_texts_by_column.get(column) if self._has_frame_as_read() else None

    def find_column_digest(self, column: str) -> bytes | None:
        """Return the digest of the bytes from which a column was read; None if the reader does not know it."""
        return self._digest_by_column.get(column) if self._has_frame_as_read() else None

    def compute_shape_hashes(self) -> NDArray:
        """Return (n,) hashes of the geometries as read (`hash_shapes`)."""
        if self._shape_hashes is not None and self._has_frame_as_read():
            return self._shape_hashes
        return hash_shapes(self.frame.geometry.to_numpy())

    def _has_frame_as_read(self) -> bool:
        return self._frame_as_read is not None and self._frame_as_read() is self.frame

    def require_usable(self) -> None:
        """Raise InputError with the reason if the layer is damaged.

        A table without shapes is not damaged.
        """
        if self.problem is not None and self.problem[0] not in TABLE_PROBLEMS:
            raise InputError(
                "layer_damaged",
                unusable=(self.problem[0], {"layer": self.full_name, "role": self.name, **self.problem[1]}),
            )

    @property
    def known_row_count(self) -> int | None:
        """Return the number of rows; None if they were not read and the source declares no number."""
        if self.frame.empty and (self.source or self.declared_row_count is not None):
            return self.declared_row_count
        return len(self.frame)

    @property
    def fids_with_arcs(self) -> tuple[int, ...]:
        """Return the ids of the features with arcs."""
        return tuple(self.curve_texts)

    @property
    def full_name(self) -> str:
        """Return file and layer name, as in ``county.gpkg/DLTB``.

        It is unique if several files have a layer of this name.
        """
        file = self.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return f"{file}/{self.name}" if file else self.name


class Layer:
    """A recognised layer of the plan: rows, template, and geometry in the plane.

    ``plane_crs``: the plan's plane (metres). ``frame``: rows as read. ``plane_shapes``: (n,) geometries in that plane;
    invalid ones are replaced by repaired copies, missing ones by None, stray ones by their parts that agree with the
    CRS, and long edges that reprojection would bend have additional vertices. ``undensified_edges``: edges without
    additional vertices, because a layer in another CRS shares them. ``repair_area_change_by_row``: row position →
    change of planar area (m²) by the repair.
    ``stray_rows``: row position → problem (text key, parameters), for rows whose coordinates contradict the CRS
    although most rows agree with it.
    """

    def __init__(
        self,
        source: SourceLayer,
        template: Template,
        plane_crs: CRS,
        stray: dict[int, tuple[str, dict[str, Any]]] | None = None,
        undensified_edges: frozenset[EdgeCoordinates] = frozenset(),
    ):
        self.source = source
        self.template = template
        self.role = template.role
        self.frame = source.frame
        self.plane_crs = plane_crs
        self.crs = source.crs
        self.stray_rows = stray or {}
        self.undensified_edges = undensified_edges
        #: xmin, ymin, xmax, ymax in the plane, outside of which no row of the plan can be; None if unknown.
        self.plausible_box: tuple[float, float, float, float] | None = None
        #: Is every edge straight in the plane, because the layer was converted from there by vertex?
        self.by_vertices = False
        #: Clipped parts of large polygons that this layer shares with the one that it was made from.
        self.clip_cache: ClipCache | None = None
        #: Those that the layers made from this one share. This layer does not use them: how it clips must not depend on
        #: whether such a layer was made before.
        self._clip_cache_of_parts: ClipCache | None = None
        #: The plane's vertices, for a layer that is reprojected into the plane.
        self.vertex_index: VertexIndex | None = None
        #: Statutory areas of an equal layer, if they are known. They count as measured (`is_measured`) when a rule has
        #: asked for them, as in a check without former results.
        self.known_statutory_areas: NDArray | None = None
        #: Hashes (k,) of geometries that are known to be valid (`shape_hashes`).
        self.known_valid_hashes: NDArray | None = None
        #: Result of `Polygons.find_overlap_candidates` for an equal layer, if it is known.
        self._known_overlap_candidates: NDArray | None = None
        #: Results of `find_flat_rows`.
        self._flat_rows_by_width: dict[float, NDArray] = {}
        #: Row position → area as drawn (m²), of the rows that a review of projects has measured.
        self.drawn_area_by_row: dict[int, float] = {}
        #: Digest of rows and settings of the layer, once computed (`engine.input_digest`).
        self.stored_digest: bytes | None = None
        #: Digest of the geometries alone, once computed.
        self.stored_shape_digest: bytes | None = None
        # Where two fields differ by case only, use the one spelled like the standard's.
        geometry_name = self.frame.geometry.name
        columns = [str(c) for c in self.frame.columns if c != geometry_name]
        spelled_name_by_name = {c.upper(): c for c in reversed(columns)} | {c: c for c in columns if c.isupper()}
        self._columns = {
            f.meaning: spelled_name_by_name[f.name]
            for f in template.fields
            if f.meaning and f.name in spelled_name_by_name
        }
        self._names = spelled_name_by_name
        self._columns_read: dict[str, FieldColumn] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def get_computed_values(self) -> dict[str, Any]:
        """Return the values that cost time and are computed already, by name; equal layers have equal values."""
        values = {name: self.__dict__[name] for name in _REUSABLE_VALUES if name in self.__dict__}
        if "_areas_of_rows" in self.__dict__:
            values["statutory"] = self._areas_of_rows
        candidates = self.polygons.overlap_candidates if "polygons" in self.__dict__ else self._known_overlap_candidates
        return values if candidates is None else {**values, _OVERLAP_CANDIDATES: candidates}

    def set_computed_values(self, values: dict[str, Any]) -> None:
        """Set values that an equal layer has computed (`get_computed_values`)."""
        self.__dict__.update({name: value for name, value in values.items() if name != _OVERLAP_CANDIDATES})
        if _OVERLAP_CANDIDATES in values:
            self._known_overlap_candidates = values[_OVERLAP_CANDIDATES]
            if "polygons" in self.__dict__:
                self.polygons.overlap_candidates = self._known_overlap_candidates

    @property
    def is_measured(self) -> bool:
        """Return True if the statutory areas are computed already; figures then need no estimates."""
        return "statutory" in self.__dict__

    @property
    def name(self) -> str:
        """Return the layer's name for messages."""
        return self.source.name

    def has_field(self, meaning: str) -> bool:
        """Return True if the layer has a field of this meaning."""
        return meaning in self._columns

    def has_values(self, meaning: str) -> bool:
        """Return True if any row has a value in the field of this meaning.

        Figures treat a field of blanks as missing, because a package has every field of its template.
        """
        column = self.column(meaning)
        return column is not None and bool(column.notna().any())

    def get_field_name(self, meaning: str) -> str:
        """Return the official name of the field with this meaning, even if the layer lacks it.

        Empty if the template has no such field.
        """
        template_field = self.template.find_field(meaning)
        return template_field.name if template_field else ""

    def column(self, meaning: str) -> pd.Series | None:
        """Return the values of the field with this meaning, blank text as missing; None without such a field."""
        return self.values(self._columns[meaning]) if meaning in self._columns else None

    def get_column_by_name(self, field_name: str) -> pd.Series | None:
        """Return the values of a field by its name in any case; None without such a field."""
        column = self._names.get(field_name.upper())
        return None if column is None else self.values(column)

    def get_texts_by_name(self, field_name: str) -> list[str]:
        """Return the values of a field as text, by its name in any case; missing values are empty.

        Without such a field all texts are empty.
        """
        column = self._names.get(field_name.upper())
        return [""] * len(self) if column is None else self._find_column(column).texts

    def get_garbled_texts(self, field_name: str) -> frozenset[str]:
        """Return the texts of a field that were garbled before the layer was read."""
        column = self._names.get(field_name.upper())
        return frozenset() if column is None else self._find_column(column).garbled_texts

    def find_column_name(self, declared: TemplateField) -> str | None:
        """Return the name of the layer's column for a field of any template, as the layer spells it.

        The column is found by the field's name in any case, else by its meaning; None without such a column.
        """
        return self._names.get(declared.name.upper()) or self._columns.get(declared.meaning or "-")

    def values(self, column: str) -> pd.Series:
        """Return the values of a column without blanks around texts; a blank text becomes missing."""
        return self._find_column(column).values

    def _find_column(self, column: str) -> FieldColumn:
        """Return the column with this name, read once and cached."""
        with get_lock(self, f"column_{column}"):
            if column not in self._columns_read:
                self._columns_read[column] = FieldColumn(self.frame[column], self.source.find_distinct_texts(column))
            return self._columns_read[column]

    def text(self, meaning: str) -> list[str]:
        """Return the values of the field with this meaning as text; missing values are empty.

        Without such a field all texts are empty. Integers have no decimal point. Callers must not change the list.
        """
        return self._find_column(self._columns[meaning]).texts if meaning in self._columns else [""] * len(self)

    def numbers(self, meaning: str, rows: slice = slice(None)) -> NDArray:
        """Return (n,) float64: the values of the field with this meaning, of all rows or of those in ``rows``.

        Missing, unreadable and infinite values are NaN.
        """
        return self._convert_to_numbers(self.column(meaning), rows)

    def get_numbers_by_name(self, field_name: str) -> NDArray:
        """Return (n,) float64: the values of a field, by its name in any case, as ``numbers`` does."""
        return self._convert_to_numbers(self.get_column_by_name(field_name))

    def _convert_to_numbers(self, column: pd.Series | None, rows: slice = slice(None)) -> NDArray:
        """Return (n,) float64 of a column, or of its ``rows``; NaN where a value is missing or no number.

        All are NaN if ``column`` is None.
        """
        import pandas as pd

        if column is None:
            return np.full(len(self), np.nan)[rows]
        values = pd.to_numeric(column.iloc[rows], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

    @shared_property
    def keys(self) -> list[str]:
        """Return each row's BSM as read, empty if missing."""
        return self.text("key")

    @shared_property
    def repeated_keys(self) -> frozenset[int]:
        """Return the row positions whose key is missing or repeated.

        For these only the feature id is unique.
        """
        keys = {key for key, count in Counter(self.keys).items() if count > 1 or not key}
        return frozenset(np.flatnonzero(mask_texts(self.keys, keys)).tolist() if keys else ())

    def sort_rows(self, rows: Iterable[int]) -> list[int]:
        """Return row positions sorted by key.

        Rows with a missing or repeated key are sorted by the bounds of their shapes, then by feature id. Findings on
        several rows name the first one: they must not depend on the order of rows in a file.
        """
        keys, repeated, fids = self.keys, self.repeated_keys, self.fids
        return sorted(
            (int(row) for row in rows),
            key=lambda row: (
                keys[row], *((*np.nan_to_num(self.row_bounds[row]).tolist(), fids[row]) if row in repeated else ()),
            ),
        )  # fmt: skip

    @shared_property
    def fids(self) -> list[int]:
        """Return the feature id of each row."""
        return list(self.frame.index.astype(np.int64).tolist())

    @shared_property
    def raw_shapes(self) -> NDArray:
        """Return (n,) geometries as read, without Z and empty holes, in the layer's coordinates."""
        shapes = drop_empty_holes(self.frame.geometry.to_numpy())
        # Copy millions of vertices only if there are Z values to drop.
        return shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes

    @property
    def known_crs(self) -> CRS:
        """Return the CRS of the source; a layer of a plan always has one."""
        return require_value(self.crs, f"the CRS of {self.role}")

    @shared_property
    def unrepaired_shapes(self) -> NDArray:
        """Return (n,) geometries as read, without Z, in the plan's plane."""
        shapes = self._densified_shapes.shapes
        return shapes if self.vertex_index is None else shapely.transform(shapes, self.vertex_index.find_nearest)

    @shared_property
    def _densified_shapes(self) -> DensifiedShapes:
        """Return the geometries as read, reprojected into the plane with vertices added to long edges."""
        return reproject_densified(
            self.raw_shapes, self.known_crs, self.plane_crs, self.undensified_edges, by_vertices=self.by_vertices
        )

    @property
    def added_vertices(self) -> NDArray:
        """Return (k, 2) the vertices that densification added, in the plane."""
        return self._densified_shapes.added_vertices

    @shared_property
    def broken_rows(self) -> NDArray:
        """Return (n,) bool: rows whose geometry in the source no library can represent."""
        return np.isin(self.frame.index.to_numpy(), self.source.broken_fids)

    @shared_property
    def empty_rows(self) -> NDArray:
        """Return (n,) bool: rows with a missing or empty geometry."""
        return mask_missing_shapes(self.frame.geometry.to_numpy()) & ~self.broken_rows

    @shared_property
    def invalid_rows(self) -> NDArray:
        """Return (n,) bool: rows with a geometry that is invalid as read."""
        needs_test = ~self.empty_rows
        if self.known_valid_hashes is not None:
            needs_test &= ~np.isin(self.shape_hashes, self.known_valid_hashes)
        is_invalid = np.zeros(len(self), dtype=bool)
        is_invalid[needs_test] = ~apply_in_threads(shapely.is_valid, self.raw_shapes[needs_test])
        return is_invalid

    @shared_property
    def shape_hashes(self) -> NDArray:
        """Return (n,) hashes of the geometries as read (`hash_shapes`)."""
        return self.source.compute_shape_hashes()

    @shared_property
    def has_wrong_geometry_type(self) -> bool:
        """Return True if most valid geometries are of another type than the template's."""
        is_present = ~(self.empty_rows | self.broken_rows)
        is_wrong = is_present & (
            shapely.get_dimensions(self.raw_shapes) != ("point", "line", "polygon").index(self.template.geometry)
        )
        if not is_wrong.any():
            # Without a row of another type, the result does not depend on which rows are valid.
            return False
        is_valid = is_present & ~self.invalid_rows
        return bool(2 * np.count_nonzero(is_wrong & is_valid) > np.count_nonzero(is_valid))

    def make_layer_of_source(self, source: SourceLayer) -> Layer:
        """Return a layer of the rows of another source, with this layer's role, template and reprojection."""
        layer = Layer(source, self.template, self.plane_crs, undensified_edges=self.undensified_edges)
        layer.vertex_index, layer.plausible_box = self.vertex_index, self.plausible_box
        layer.by_vertices = self.by_vertices
        with get_lock(self, "clip_cache_of_parts"):
            self._clip_cache_of_parts = self._clip_cache_of_parts or self.clip_cache or ClipCache()
        layer.clip_cache = self._clip_cache_of_parts
        layer.__dict__["has_wrong_geometry_type"] = self.has_wrong_geometry_type
        return layer

    def select_rows(self, rows: NDArray) -> Layer:
        """Return a layer that has only the rows at (k,) positions.

        Values that this layer has already computed are copied, not computed again.
        """
        layer, changes = self.select_rows_unprepared(rows), self.repair_area_change_by_row
        layer.__dict__ |= {
            "invalid_rows": self.invalid_rows[rows],
            "_plane_and_repairs": (
                self.plane_shapes[rows],
                {n: changes[int(row)] for n, row in enumerate(rows) if row in changes},
            ),
        }
        return layer

    def select_rows_unprepared(self, rows: NDArray) -> Layer:
        """Return a layer that has only the rows at (k,) positions, as `select_rows` does.

        Validity is examined and geometries are repaired for these rows alone, when they are asked for. That each value
        depends on its row only makes them equal to those of `select_rows`.
        """
        layer = self.make_layer_of_source(replace(self.source, frame=self.frame.iloc[rows]))
        raw_shapes = self.raw_shapes[rows]
        layer.__dict__ |= {
            "raw_shapes": raw_shapes,
            "unrepaired_shapes": raw_shapes
            if self.unrepaired_shapes is self.raw_shapes
            else self.unrepaired_shapes[rows],
            "broken_rows": self.broken_rows[rows],
            "empty_rows": self.empty_rows[rows],
        }
        new_position = {int(row): n for n, row in enumerate(rows)}
        layer.stray_rows = {
            new_position[row]: problem for row, problem in self.stray_rows.items() if row in new_position
        }
        layer.__dict__["repeated_keys"] = frozenset(
            new_position[row] for row in self.repeated_keys & new_position.keys()
        )
        return layer

    def detach_rows(self, rows: NDArray) -> Layer:
        """Return a layer that has only the rows at (k,) positions and does not keep this layer's other data in memory.

        Its shapes in the plane are computed; it does not share the vertices, edges and clips of the plan's layers.
        """
        layer = self.select_rows(rows)
        fids = set(layer.frame.index)
        layer.source = replace(
            layer.source, curve_texts={fid: text for fid, text in self.source.curve_texts.items() if fid in fids}
        )
        layer.vertex_index, layer.clip_cache, layer.undensified_edges = None, None, frozenset()
        return layer

    def select_rows_with_shapes(self, rows: NDArray, plane_shapes: NDArray) -> Layer:
        """Return a layer of the rows at (k,) positions, with other geometries in the plane.

        ``plane_shapes`` (k,): the geometries, such as each row's geometry clipped to a box. The stored geometries stay
        whole.
        """
        layer = self.select_rows(rows)
        layer.__dict__["_plane_and_repairs"] = plane_shapes, {}
        return layer

    @shared_property
    def has_no_geometry(self) -> bool:
        """Return True if no row has a usable geometry of the layer's type."""
        return not self.has_shape.any()

    @shared_property
    def _plane_and_repairs(self) -> tuple[NDArray, dict[int, float]]:
        """Return (n,) repaired geometries in the plane, and row position → area change (m²) by the repair."""
        plane = self.unrepaired_shapes.copy()
        plane[self.empty_rows] = None
        self.drop_stray_parts(plane)
        changes: dict[int, float] = {}
        # Reprojection can make a barely valid geometry invalid, and the reverse.
        valid = ~self.invalid_rows if self.unrepaired_shapes is self.raw_shapes else shapely.is_valid(plane)
        valid[list(self.stray_rows)] = shapely.is_valid(plane[list(self.stray_rows)])
        for position in np.flatnonzero(~valid & ~shapely.is_missing(plane)).tolist():
            repaired_polygon = repair_polygon(plane[position])
            former_area = shapely.area(plane[position])
            changes[position] = float(
                (shapely.area(repaired_polygon) if repaired_polygon is not None else 0.0)
                - (former_area if np.isfinite(former_area) else 0.0)
            )
            plane[position] = repaired_polygon
        if self.template.geometry == "polygon":
            not_areal = ~mask_missing_shapes(plane) & ~np.isin(shapely.get_type_id(plane), (3, 6))
            for position in np.flatnonzero(not_areal).tolist():
                plane[position] = extract_valid_polygons(plane[position])
        return plane, changes

    def find_used_part(self, row: int, shape: Any = None) -> Any:
        """Return the parts of a stray row that agree with the CRS; None without any.

        They are one geometry. ``shape``: the row's geometry in another plane, whose parts are selected; by default the
        geometry as read.
        """
        raw_parts = extract_parts(self.raw_shapes[row])
        is_used = np.array(
            [
                len(part.bounds) == 4
                and np.isfinite(part.bounds).all()
                and crs_care.find_coordinate_problem(self.crs, part.bounds) is None
                for part in raw_parts
            ],
            dtype=bool,
        )
        return join_parts((raw_parts if shape is None else extract_parts(shape))[is_used])

    def drop_stray_parts(self, shapes: NDArray) -> None:
        """Remove parts of stray rows that contradict the CRS from (n,) shapes, in place.

        ``shapes``: geometries of all rows.
        """
        for row in self.stray_rows:
            shapes[row] = self.find_used_part(row, shapes[row])

    @shared_property
    def unused_rows(self) -> tuple[UnusedRow, ...]:
        """Return the rows whose land is not, or not completely, known, with the reason.

        Their land in `plane_shapes` counts as occupied, but land outside it is not certainly free. An invalid polygon
        that was repaired on a copy is known. Few rows are repaired for this: those that may be flat.
        """
        reason_by_row: dict[int, str] = {}
        if self.plausible_box is not None:
            xmin, ymin, xmax, ymax = shapely.bounds(self.unrepaired_shapes).reshape(-1, 4).T
            west, south, east, north = self.plausible_box
            is_far = (xmin < west) | (ymin < south) | (xmax > east) | (ymax > north)
            reason_by_row = dict.fromkeys(np.flatnonzero(is_far).tolist(), "far")
        shapes = self.unrepaired_shapes
        is_present = ~(self.empty_rows | self.broken_rows)
        for row in np.flatnonzero(
            is_present & (shapely.get_type_id(self.raw_shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
        ).tolist():
            if len({*shapely.get_dimensions(extract_parts(self.raw_shapes[row])).tolist()}) > 1:
                reason_by_row[row] = "mixed"
        dimension = ("point", "line", "polygon").index(self.template.geometry)
        has_other_type = is_present & (shapely.get_dimensions(self.raw_shapes) != dimension)
        reason_by_row |= dict.fromkeys(np.flatnonzero(has_other_type).tolist(), "type")
        # A coordinate that is not a number makes area and length so, too.
        sizes = shapely.area(shapes) if dimension == 2 else shapely.length(shapes)
        has_finite_bounds = np.isfinite(shapely.bounds(shapes).reshape(-1, 4)).all(axis=1)
        is_doubtful = ~np.isfinite(sizes) | ~has_finite_bounds | ((dimension == 2) & (sizes < _MAX_FLAT_AREA_M2))
        rows = np.flatnonzero(is_present & ~has_other_type & is_doubtful)
        plane_shapes = self.select_rows_unprepared(rows).plane_shapes
        has_no_land = mask_missing_shapes(plane_shapes) | find_flat_polygons(plane_shapes, _FLAT_WIDTH_M)
        if dimension != 2:
            has_no_land |= ~np.isfinite(sizes[rows]) | ~has_finite_bounds[rows]
        reason_by_row |= dict.fromkeys(rows[has_no_land].tolist(), "no_land")
        reason_by_row |= {row: "stray" if self.find_used_part(row) is None else "stray_part" for row in self.stray_rows}
        reason_by_row |= dict.fromkeys(np.flatnonzero(self.empty_rows).tolist(), "missing")
        reason_by_row |= dict.fromkeys(np.flatnonzero(self.broken_rows).tolist(), "broken")
        keys = self.keys if reason_by_row else []
        return tuple(
            UnusedRow(self.fids[row], "" if row in self.repeated_keys else keys[row], reason)
            for row, reason in sorted(reason_by_row.items())
        )

    def list_net_excess(self, allowance_m2: float, statutory_allowance_m2: float) -> list[NetExcess]:
        """Return rows whose net area exceeds the gross area of the field, or the statutory area, by more than allowed.

        Rows without such a figure are not compared.
        """
        net, gross = self.numbers("net_area"), self.numbers("gross_area")
        statutory = np.where(self.has_shape, self.statutory, np.nan)
        # The error of a double does not count.
        exceeds_gross = net - gross > allowance_m2 + _DOUBLE_ERROR_M2
        exceeds = exceeds_gross | (net - statutory > statutory_allowance_m2 + _ROUNDING_M2)
        return [
            NetExcess(
                self.fids[row],
                "" if row in self.repeated_keys else self.keys[row],
                float(net[row]),
                float((gross if exceeds_gross[row] else statutory)[row]),
                "gross" if exceeds_gross[row] else "statutory",
            )
            for row in np.flatnonzero(exceeds).tolist()
        ]

    @property
    def gaps(self) -> tuple[Message, ...]:
        """Return sentences on unknown data: rows not used, rows that the source hides.

        With gaps, land outside the layer's rows is not certainly free, and sums of the layer are not confirmed.
        """
        return self.describe_gaps(self.unused_rows)

    def describe_gaps(self, unused_rows: Iterable[UnusedRow]) -> tuple[Message, ...]:
        """Return `gaps` for other rows that could not be used, such as after edits."""
        layer_name = make_layer_name(self.name, self.role, self.template.name)
        unused = describe_unused_rows(layer_name, unused_rows)
        part = (
            Message(GAPS_SECTION, "part", {"layer": layer_name, "filter": self.source.row_filter})
            if self.source.row_filter
            else None
        )
        return tuple(one for one in (unused, part) if one is not None)

    @property
    def plane_shapes(self) -> NDArray:
        """Return (n,) geometries in the plane, repaired and densified."""
        return self._plane_and_repairs[0]

    @shared_property
    def polygons(self) -> Polygons:
        """Return the geometries in the plane as `Polygons`, whose cached values all rules share."""
        polygons = Polygons(self.plane_shapes, self.clip_cache, np.flatnonzero(self.has_shape))
        polygons.overlap_candidates = self._known_overlap_candidates
        return polygons

    @property
    def repair_area_change_by_row(self) -> dict[int, float]:
        """Return row position → change of planar area (m²), for rows with a repaired geometry."""
        return self._plane_and_repairs[1]

    @shared_property
    def has_shape(self) -> NDArray:
        """Return (n,) bool: rows with a geometry in the plane that is not empty."""
        return ~mask_missing_shapes(self.plane_shapes)

    @shared_property
    def row_bounds(self) -> NDArray:
        """Return (n, 4) xmin, ymin, xmax and ymax (m) of the geometries in the plane; NaN without a shape."""
        # Column by column in memory: rules compute with columns.
        return np.asfortranarray(shapely.bounds(self.plane_shapes).reshape(-1, 4))

    def find_flat_rows(self, width_m: float) -> NDArray:
        """Return (n,) bool: rows with a polygon, before repair, that encloses no area (`find_flat_polygons`)."""
        if width_m not in self._flat_rows_by_width:
            # No edge is longer than the diagonal of its polygon's box. Most polygons are far from flat, so this bound
            # replaces the measurement of their outlines.
            xmin, ymin, xmax, ymax = self.row_bounds.T
            max_lengths = shapely.get_num_coordinates(self.plane_shapes) * np.hypot(xmax - xmin, ymax - ymin)
            is_unchanged = np.array(
                [shape is former for shape, former in zip(self.plane_shapes, self.unrepaired_shapes, strict=True)],
                dtype=bool,
            )
            rows = np.flatnonzero(~(is_unchanged & (2 * self.plane_areas > width_m * max_lengths)))
            is_flat = np.zeros(len(self), dtype=bool)
            is_flat[rows] = find_flat_polygons(self.unrepaired_shapes[rows], width_m)
            self._flat_rows_by_width[width_m] = is_flat
        return self._flat_rows_by_width[width_m]

    @shared_property
    def plane_areas(self) -> NDArray:
        """Return (n,) planar areas (m²) of the geometries in the plane; 0 without a shape.

        They are for comparing rows with each other: measuring the statutory areas of all rows would take long.
        """
        return np.nan_to_num(shapely.area(self.plane_shapes))

    @shared_property
    def inner_points(self) -> NDArray:
        """Return (n,) a point of each row in the plane, as `find_inner_points`; None without a geometry."""
        points = np.full(len(self), None, dtype=object)
        points[self.has_shape] = apply_in_threads(find_inner_points, self.plane_shapes[self.has_shape])
        return points

    @shared_property
    def statutory(self) -> NDArray:
        """Return (n,) statutory areas in m², by stored vertices or, for an invalid geometry, of its repaired copy."""
        return self._areas_of_rows

    @shared_property
    def _areas_of_rows(self) -> NDArray:
        """Return `statutory`; the layer does not count as measured by it."""
        return self._measure_statutory_areas(NEVER_CANCELLED)

    def measure_rows(self, rows: ArrayLike) -> NDArray:
        """Return (k,) statutory areas (m²) of the rows at (k,) positions.

        The layer does not count as measured afterwards (`is_measured`). At most half of the rows are measured alone.
        """
        rows = np.asarray(rows, dtype=int)
        unique_rows, row_index = np.unique(rows, return_inverse=True)
        is_known = "_areas_of_rows" in self.__dict__ or self.known_statutory_areas is not None
        if is_known or 2 * len(unique_rows) > len(self):
            return self._areas_of_rows[rows]
        return self.select_rows(unique_rows)._areas_of_rows[row_index.ravel()]

    def measure_statutory(self, cancellation: Cancellation) -> None:
        """Compute and store the statutory areas of all rows (`statutory`). Raise Cancelled."""
        with get_lock(self, "_areas_of_rows"):
            if "_areas_of_rows" not in self.__dict__:
                self.__dict__["_areas_of_rows"] = self._measure_statutory_areas(cancellation)
            self.__dict__["statutory"] = self._areas_of_rows

    def _measure_statutory_areas(self, cancellation: Cancellation) -> NDArray:
        """Return (n,) statutory areas (m²), by stored vertices or of a repaired copy. Raise Cancelled."""
        if self.known_statutory_areas is not None:
            return self.known_statutory_areas
        crs = self.known_crs
        if crs == self.plane_crs:
            return measure_statutory_area(self.plane_shapes, crs_care.make_lonlat_transformer(crs), cancellation)
        shapes = self.raw_shapes.copy()
        self.drop_stray_parts(shapes)
        shapes[~self.has_shape] = None
        for position in np.flatnonzero(self.invalid_rows & ~mask_missing_shapes(shapes)).tolist():
            shapes[position] = repair_polygon(shapes[position])
        for position in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION).tolist():
            shapes[position] = extract_valid_polygons(shapes[position])
        return measure_statutory_area(shapes, crs_care.make_lonlat_transformer(crs), cancellation)
