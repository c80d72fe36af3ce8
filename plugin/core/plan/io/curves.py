# SPDX-License-Identifier: GPL-2.0-or-later
"""Read shapes with arcs from a file as WKT, since pyogrio reads them as straight segments without a notice."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from numpy.typing import NDArray

from ...geometry.arcs import count_arcs
from .shape_headers import find_wkb_start, read_stored_shapes
from .sql_names import quote_name

_CURVE_TYPES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
#: Formats without arcs.
_FORMATS_WITHOUT_CURVES = (".shp", ".geojson", ".json", ".kml", ".tab")
#: Well-known binary code of a type → its name; codes of types with Z, M and both add 1000, 2000 and 3000.
_NAMES_BY_CODE = {
    2: "LINESTRING", 3: "POLYGON", 5: "MULTILINESTRING", 6: "MULTIPOLYGON", 8: "CIRCULARSTRING", 9: "COMPOUNDCURVE",
    10: "CURVEPOLYGON", 11: "MULTICURVE", 12: "MULTISURFACE",
}  # fmt: skip
_DIMENSIONS = {0: ("", 2), 1: (" Z", 3), 2: (" M", 3), 3: (" ZM", 4)}
_PAIR_PATTERN = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?) (-?[\d.]+(?:e[-+]?\d+)?)")


def read_curve_wkt(path: Path, opened: Path, name: str, key: str | None, fids: NDArray) -> dict[int, str]:
    """Return feature id → WKT of a layer's shapes with curves.

    ``path``: the file that the user chose, with the suffix of its format; ``opened``: the path that the driver opens
    instead, such as that of a copy; ``name``, ``key``, ``fids``: as of `read_stored_shapes`.

    Shapes are found by their type. A shape of a curve type without an arc is straight and left out, except in a
    FileGDB: there the driver has replaced a Bézier curve by segments, and the WKT of these segments is returned.
    Coordinates have 15 digits. Those of a GeoPackage are exact: its shapes are read without the driver, of which one
    damaged shape would stop the search.
    """
    if path.suffix.lower() == ".gpkg":
        all_texts = ((fid, _format_curve(blob)) for fid, blob in read_stored_shapes(opened, name, key, fids))
        return {fid: text for fid, text in all_texts if count_arcs(text)}
    if path.suffix.lower() in _FORMATS_WITHOUT_CURVES:
        return {}
    type_list = ", ".join(f"'{c}'" for c in _CURVE_TYPES)

    def read_column(column: str) -> tuple[NDArray, NDArray]:
        """Return feature ids and values of a column, for the shapes of a curve type."""
        sql = f"SELECT {column} AS value FROM {quote_name(name)} WHERE OGR_GEOMETRY IN ({type_list})"  # nosec B608 # the name is quoted, column and types are ours
        _, fids, _, (values,) = pyogrio.raw.read(
            opened, sql=sql, sql_dialect="OGRSQL", return_fids=True, read_geometry=False
        )
        return fids, values

    # The driver makes the WKT of all rows, whatever the condition: it is asked for only if there are curves.
    if not len(read_column("OGR_GEOMETRY")[0]):
        return {}
    fids, texts = read_column("OGR_GEOM_WKT")
    text_by_fid = {int(fid): str(text) for fid, text in zip(fids, texts, strict=True)}
    if path.suffix.lower() != ".gdb":
        text_by_fid = {fid: text for fid, text in text_by_fid.items() if count_arcs(text)}
    return text_by_fid


def replace_rounded_vertices(text: str, shape: shapely.Geometry | None) -> str:
    """Return the WKT of a shape with arcs, with exact coordinates of the ends of arcs and segments.

    ``text``: the WKT, whose coordinates the driver has rounded to 15 digits; ``shape``: the same shape with straight
    segments, whose vertices include these ends exactly.
    """

    def round_as_driver(x: float, y: float) -> tuple[str, str]:
        """Return x and y as texts of 15 digits, as the driver writes them."""
        return f"{x:.15g}", f"{y:.15g}"

    vertices = shapely.get_coordinates(shape).tolist()
    exact_text_by_vertex = {round_as_driver(x, y): f"{x!r} {y!r}" for x, y in vertices}
    return _PAIR_PATTERN.sub(
        lambda pair: exact_text_by_vertex.get(round_as_driver(float(pair[1]), float(pair[2])), pair[0]), text
    )


def _format_curve(blob: Any) -> str:
    """Return the WKT with all digits of a shape of a GeoPackage; empty if it is not of a curve type, or damaged."""
    try:
        wkb = blob[find_wkb_start(blob) :]
        return _format_wkb_at(wkb, 0)[0] if _read_type(wkb, 0)[0] in _CURVE_TYPES else ""
    except (struct.error, IndexError, KeyError, RecursionError, TypeError):
        return ""


def _read_type(wkb: bytes, start: int) -> tuple[str, str, int, str]:
    """Return type, word of its dimensions, numbers of a point and byte order of the shape that begins at a byte."""
    order = "<" if wkb[start] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, start + 1)
    # Older writers mark Z by the highest bit.
    return _NAMES_BY_CODE[(code & 0xFFFF) % 1000], *_DIMENSIONS[(code & 0xFFFF) // 1000 + (code >> 31)], order


def _format_wkb_at(wkb: bytes, start: int) -> tuple[str, int]:
    """Return the WKT, with all digits, of the shape that begins at a byte, and the position after its last byte.

    The shape is well-known binary (ISO 13249-3). Raise KeyError or struct.error for another type, or if bytes are
    missing.
    """
    name, word, size, order = _read_type(wkb, start)
    (count,), position = struct.unpack_from(f"{order}I", wkb, start + 5), start + 9
    parts = []
    if name in ("LINESTRING", "CIRCULARSTRING"):
        text, position = _format_points(wkb, position, count, order, size)
        parts.append(text)
    elif name == "POLYGON":
        for _ in range(count):
            (points,) = struct.unpack_from(f"{order}I", wkb, position)
            text, position = _format_points(wkb, position + 4, points, order, size)
            parts.append(f"({text})")
    else:
        for _ in range(count):
            text, position = _format_wkb_at(wkb, position)
            parts.append(text)
    return (f"{name}{word} ({', '.join(parts)})" if count else f"{name}{word} EMPTY"), position


def _format_points(wkb: bytes, position: int, count: int, order: str, size: int) -> tuple[str, int]:
    """Return ``count`` points as text, and the position after them.

    ``order``: byte order for struct; ``size``: numbers of a point, 2 to 4.
    """
    numbers = struct.unpack_from(f"{order}{count * size}d", wkb, position)
    points = (" ".join(map(repr, numbers[n : n + size])) for n in range(0, len(numbers), size))
    return ", ".join(points), position + 8 * len(numbers)
