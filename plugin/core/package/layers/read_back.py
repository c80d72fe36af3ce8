# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of written layers with the plan: each is read again, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import NEVER, Cancellation
from ...exchange.schema import FORMATS
from ...geometry import crs as crs_care
from ...geometry.statutory_area import statutory_area
from ...geometry.validity import is_missing, repair_polygon
from ...standard.template import Field
from ..names import AREA_FIELDS
from . import shapefile, vct_precision
from .content import BATCH_ROWS, Content, Rows
from .readers import OpenLayer, ReadRows, open_layer, reader_library
from .shape_comparison import max_vertex_shift

if TYPE_CHECKING:
    from pyproj import CRS

#: Tolerances: metres by which a vertex may move; m² by which an area may differ, in total and per vertex.
MOST_MOVED_M = 1e-4
AREA_M2, AREA_PER_VERTEX_M2 = 0.01, 2e-6
#: Most features named for a kind of difference.
_NAMED = 5


@dataclass
class ReadBack:
    """Result of reading one layer again.

    ``areas`` maps basis → m² as read; ``differences`` maps (kind, field) → number; ``examples`` has the first
    features of each by BSM; ``extent`` is in the layer's CRS.
    """

    layer: str
    library: str
    features: int = 0
    fields: int = 0
    crs: str = ""
    moved_m: float = 0.0
    area_off_m2: float = 0.0
    areas: dict[str, float] = field(default_factory=dict)
    extent: tuple[float, float, float, float] | None = None
    differences: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    has_declared_widths: bool = True

    @property
    def same(self) -> bool:
        """Return True without differences."""
        return not self.differences

    def differs(self, kind: str, name: str = "", features: list[str] | None = None, count: int = 1) -> None:
        """Add differences of a kind."""
        self.differences[kind, name] += count
        named = self.examples.setdefault((kind, name), [])
        named += (features or [])[: _NAMED - len(named)]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as values for JSON."""
        rows = [
            {"kind": kind, "field": name, "count": count, "features": self.examples[kind, name]}
            for (kind, name), count in self.differences.items()
        ]
        return {
            "library": self.library,
            "features": self.features,
            "fields": self.fields,
            "widths_told": self.has_declared_widths,
            "moved_m": round(self.moved_m, 9),
            "area_off_m2": round(self.area_off_m2, 9),
            "same": self.same,
            "differences": rows,
        }


def read_back(
    path: Path,
    content: Content,
    plane: CRS,
    *,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER,
) -> ReadBack:
    """Read a written layer again and compare it with the plan's layer.

    Compared are fields, rows, values, shapes (1e-4 m) and statutory areas.

    Parameters
    ----------
    path
        The .gdb, .gpkg or .shp.
    plane
        The horizontal CRS of the written layer.

    Raises
    ------
    InputError
        If the layer cannot be read.
    """
    with open_layer(path, content.name) as found:
        return compare_layer(
            found, content, plane, path.suffix.lower(), reader_library(), progress=progress, cancellation=cancellation
        )


def compare_layer(
    found: OpenLayer,
    content: Content,
    plane: CRS,
    suffix: str,
    reader: str,
    *,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER,
) -> ReadBack:
    """Compare an open layer with the plan's layer.

    ``suffix`` determines what the format stores, ``reader`` is the name of the reading library.
    """
    done = ReadBack(content.name, reader, fields=len(found.fields), crs=found.crs)
    names = content.template.export_names if suffix == ".shp" else {f.name: f.name for f in content.template.fields}
    _compare_schema(found, content, names, suffix, plane, done)
    sums = _Sums(content)
    read = found.batches(BATCH_ROWS)
    for rows in content.batches(plane):
        cancellation.raise_if_cancelled()
        other = next(read, None)
        done.features += 0 if other is None else len(other.shapes)
        if other is None or len(other.shapes) != len(rows.shapes):
            break
        _compare_values(rows, other, content, names, suffix, done)
        sums.add(other, names, _compare_shapes(rows, other.shapes, content, plane, suffix, done))
        progress(len(rows.shapes))
    done.features += sum(len(more.shapes) for more in read)
    # The stored number of rows (a GeoPackage has one) may differ from the rows: both must be right.
    for count in dict.fromkeys((done.features, found.features)):
        if count != len(content):
            done.differs("count", count=abs(count - len(content)))
    done.areas, done.extent = sums.areas, sums.extent
    return done


def _compare_schema(
    found: OpenLayer, content: Content, names: dict[str, str], suffix: str, plane: CRS, done: ReadBack
) -> None:
    wanted = [names[f.name] for f in content.template.fields]
    if [f.name for f in found.fields] != wanted:
        lacking = [n for n in wanted if n not in {f.name for f in found.fields}]
        done.differs("fields", ", ".join(lacking))
    there = {f.name: f for f in found.fields}
    done.has_declared_widths = any(f.length is not None for f in found.fields if f.type == "text")
    for declared in content.template.fields:
        read = there.get(names[declared.name])
        if read is None:
            continue
        if read.type != _type_when_read(declared, suffix):
            done.differs("type", declared.name)
        length = shapefile.text_width(declared) if suffix == ".shp" else declared.length
        if declared.type == "text" and length and read.length is not None and read.length != length:
            done.differs("width", declared.name)
    if crs_care.crs_label(crs_care.parse_crs(found.crs)) != crs_care.crs_label(plane):
        done.differs("crs", found.crs[:60])


def _type_when_read(declared: Field, suffix: str) -> str:
    """Return the type of a field when it is read again, in the templates' terms."""
    if suffix not in FORMATS or declared.type != "integer":
        return declared.type
    kind = FORMATS[suffix].types["long" if (declared.length or 0) > 9 else "integer"].ogr
    return "real" if kind == "Real" else "integer"


def _compare_values(
    rows: Rows, other: ReadRows, content: Content, names: dict[str, str], suffix: str, done: ReadBack
) -> None:
    for declared in content.template.fields:
        values = other.values.get(names[declared.name])
        if values is None:
            continue
        given = rows.values[declared.name]
        wrong = [n for n, (a, b) in enumerate(zip(given, values, strict=True)) if not _equal(a, b, declared, suffix)]
        if wrong:
            done.differs("value", declared.name, content.keys([rows.first + n for n in wrong]), len(wrong))


def _equal(given: Any, read: Any, declared: Field, suffix: str) -> bool:
    if given is None:
        return read is None or read == ""
    if read is None:
        return False
    if declared.type == "text":
        return bool(given == read)
    if declared.type == "date":
        return _to_datetime(read) == given
    if suffix == ".vct" and declared.type == "real":
        return vct_precision.is_same_number(given, read)
    if suffix == ".shp" and declared.type == "real":
        given = float(f"{given:.{shapefile.dbf_number_format(declared).decimals}f}")
    return bool(float(read) == float(given)) if declared.type == "real" else int(read) == given


def _to_datetime(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None


def _compare_shapes(rows: Rows, shapes: NDArray, content: Content, plane: CRS, suffix: str, done: ReadBack) -> float:
    """Compare shapes; return the statutory area of those that were read, m²."""
    given = vct_precision.round_shapes(rows.shapes, plane.is_geographic) if suffix == ".vct" else rows.shapes
    off = max_vertex_shift(given, shapes, plane)
    # The negation includes NaN.
    far = np.flatnonzero(~(off <= MOST_MOVED_M))
    if len(far):
        done.differs("shape", "", content.keys((rows.first + far).tolist()), len(far))
    near = off[off <= MOST_MOVED_M]
    done.moved_m = max(done.moved_m, float(near.max()) if len(near) else 0.0)
    if content.template.geometry != "polygon":
        return 0.0
    to_lonlat = crs_care.make_lonlat_transformer(plane)
    areas = statutory_area(shapes, to_lonlat)
    difference_m2 = np.abs(statutory_area(rows.shapes, to_lonlat) - areas)
    allowed = np.maximum(AREA_M2, AREA_PER_VERTEX_M2 * shapely.get_num_coordinates(rows.shapes))
    if suffix == ".vct":
        # A row without a shape has no perimeter, so its tolerance is NaN.
        allowed = np.fmax(allowed, vct_precision.area_tolerance(rows.shapes, plane))
    wrong = np.flatnonzero(~(difference_m2 <= allowed))
    if len(wrong):
        done.differs("area", "", content.keys((rows.first + wrong).tolist()), len(wrong))
    done.area_off_m2 = max(done.area_off_m2, float(difference_m2.max()) if len(difference_m2) else 0.0)
    return float(areas.sum()) + _area_added_by_repair(shapes, areas, content, rows.first, to_lonlat)


def _area_added_by_repair(shapes: NDArray, areas: NDArray, content: Content, first: int, to_lonlat: Any) -> float:
    """Return the area (m²) that repaired copies of invalid shapes add.

    Figures of the plan, and those of an inspection, are computed from repaired shapes.
    """
    invalid = np.flatnonzero(content.layer.invalid[first : first + len(shapes)] & ~is_missing(shapes))
    repaired = np.array([repair_polygon(shapes[n]) for n in invalid.tolist()], dtype=object)
    return float(statutory_area(repaired, to_lonlat).sum() - areas[invalid].sum()) if len(invalid) else 0.0


class _Sums:
    """Sums of areas by basis, and the extent, of the rows that were read."""

    def __init__(self, content: Content):
        self.content = content
        self.areas: dict[str, float] = {}
        self.extent: tuple[float, float, float, float] | None = None
        template = content.template
        self.fields = {
            basis: declared.name
            for basis, meaning in AREA_FIELDS.items()
            if (declared := template.field(meaning)) is not None and content.columns[declared.name] is not None
        }

    def add(self, other: ReadRows, names: dict[str, str], statutory_m2: float) -> None:
        """Add the rows of a batch."""
        if self.content.template.geometry == "polygon":
            self.areas["statutory"] = self.areas.get("statutory", 0.0) + statutory_m2
        for basis, name in self.fields.items():
            values = [float(v) for v in other.values.get(names[name], []) if v is not None]
            self.areas[basis] = self.areas.get(basis, 0.0) + sum(values)
        bounds = shapely.total_bounds(other.shapes)
        if np.isfinite(bounds).all():
            low, high = bounds[:2], bounds[2:]
            if self.extent is not None:
                low, high = np.minimum(low, self.extent[:2]), np.maximum(high, self.extent[2:])
            self.extent = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
