# SPDX-License-Identifier: GPL-2.0-or-later
"""Read shapes with arcs from a file as WKT, since pyogrio reads them as straight segments without a notice."""

from __future__ import annotations

import re
from pathlib import Path

import pyogrio
import shapely
from numpy.typing import NDArray

from ..geometry.arcs import count_arcs
from .sql_names import quote_name

_CURVE_TYPES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
#: Formats without arcs.
_FORMATS_WITHOUT_CURVES = (".shp", ".geojson", ".json", ".kml", ".tab")
_PAIR_PATTERN = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?) (-?[\d.]+(?:e[-+]?\d+)?)")


def read_curve_wkt(path: Path, opened: Path, name: str) -> dict[int, str]:
    """Return feature id → WKT of a layer's shapes with curves.

    ``path``: the file that the user chose, with the suffix of its format; ``opened``: the path that the driver opens
    instead, such as that of a copy; ``name``: the layer's name.

    Shapes are found by their type. A shape of a curve type without an arc is straight and left out, except in a
    FileGDB: there the driver has replaced a Bézier curve by segments, and the WKT of these segments is returned.
    Coordinates have 15 digits.
    """
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
