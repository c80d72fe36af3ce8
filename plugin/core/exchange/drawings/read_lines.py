# SPDX-License-Identifier: GPL-2.0-or-later
"""Read lines and texts of a drawing with GDAL's driver, which inserts the blocks."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyogrio
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...base.files.open_datasource import check_content
from ...plan.io import DRIVER_ERRORS
from .drawing import DrawingLine, DrawingText, LeftOut
from .straighten import StraightCopy, write_straight_copy
from .tags import DrawingTags

#: Options of the driver. Entities of a block stay separate, each in its layer, and none is dropped.
_DRIVER_OPTIONS = {
    "DXF_ENCODING": "UTF-8",
    "DXF_INLINE_BLOCKS": "TRUE",
    "DXF_MERGE_BLOCK_GEOMETRIES": "FALSE",
    "DXF_FEATURE_LIMIT_PER_BLOCK": "-1",
}


@dataclass(frozen=True)
class DrawingContent:
    """Lines and texts of a drawing in metres.

    ``deviation_m``: largest distance of a curve from its chords; ``curve_count``: number of curves in the drawing and
    in its blocks.
    """

    lines: list[DrawingLine]
    texts: list[DrawingText]
    left_out: list[LeftOut]
    deviation_m: float
    curve_count: int


def read_lines(drawing: DrawingTags, metres_per_unit: float, tolerance_m: float) -> DrawingContent:
    """Return lines and texts; curves are replaced by chords within the tolerance. The file does not change.

    Raise InputError if the driver cannot read the drawing, or as `check_content`.
    """
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "straight.dxf"
        copy = write_straight_copy(drawing, path, tolerance_m / metres_per_unit)
        check_content(path, drawing.path)
        # QGIS may use the same driver: its options are restored.
        former = {name: pyogrio.get_gdal_config_option(name) for name in _DRIVER_OPTIONS}
        pyogrio.set_gdal_config_options(_DRIVER_OPTIONS)
        try:
            meta, _, geometry, columns = pyogrio.raw.read(path, encoding="UTF-8")
        except DRIVER_ERRORS as error:
            raise InputError("drawing_unreadable", file=drawing.path.name, detail=type(error).__name__) from error
        finally:
            restored = {name: None if value is None else str(value) for name, value in former.items()}
            pyogrio.set_gdal_config_options(restored)
    values = dict(zip(meta["fields"], columns, strict=True))
    lines, texts = _sort_features(shapely.from_wkb(geometry), values, copy, metres_per_unit)
    left_out = [
        one if one.place is None else replace(one, place=_scale(one.place, metres_per_unit)) for one in copy.left_out
    ]
    return DrawingContent(lines, texts, left_out, copy.deviation * metres_per_unit, copy.curve_count)


def _sort_features(
    shapes: NDArray, values: dict[str, NDArray], copy: StraightCopy, metres_per_unit: float
) -> tuple[list[DrawingLine], list[DrawingText]]:
    """Return the features of the driver as lines and as texts, in metres."""
    lines: list[DrawingLine] = []
    texts: list[DrawingText] = []
    for shape, layer, handle, text in zip(shapes, values["Layer"], values["EntityHandle"], values["Text"], strict=True):
        if shape is None or shape.is_empty:
            continue
        kind = copy.kind_by_handle.get(handle, "ATTRIB")
        parts = shapely.get_parts(shape)
        if shapely.get_type_id(parts[0]) == shapely.GeometryType.POINT:
            if text:
                point = shapely.get_coordinates(parts[0])[0].tolist()
                place = _scale((point[0], point[1]), metres_per_unit)
                texts.append(DrawingText(handle, layer, kind, " ".join(text.split()), place))
            continue
        for part in parts:
            vertices = shapely.get_coordinates(part) * metres_per_unit
            lines.append(DrawingLine(handle, layer, kind, vertices))
    return lines, texts


def _scale(place: tuple[float, float], metres_per_unit: float) -> tuple[float, float]:
    """Return a place in metres."""
    return place[0] * metres_per_unit, place[1] * metres_per_unit
