# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer that could not be used, and sentences on unknown data.

Programs that conclude from a layer read this: land that nothing occupies, a distance or a sum is only certain if every
row of the layer was used. Rules report the rows one by one (GEO001, GEO002, SCH003).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import extract_parts, find_flat_polygons, mask_missing_shapes
from ..standard.messages.texts import Message, MessageList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .layer import Layer

#: Section of the texts on data of layers that are not known.
GAPS_SECTION = "data_gaps"
#: Rows that a sentence names.
_MAX_NAMED_ROWS = 5
#: Polygons below this area (m²) may be flat; the outline of a flat one is as long as that of a county.
_MAX_FLAT_AREA_M2 = 100.0
#: Width (m) of a polygon that encloses no land: vertices this near are one.
_FLAT_WIDTH_M = 1e-4


@dataclass(frozen=True)
class UnusedRow:
    """A row that could not be used, or not with all its parts.

    The parts that agree with the CRS count as occupied land.

    ``reason``: text key: ``missing``, ``broken``, ``type``, ``no_land``, ``mixed`` (land, and lines or points),
    ``stray``, ``stray_part``, ``far``; ``key``: 标识码, empty if it is missing or repeated.
    """

    fid: int
    key: str
    reason: str

    @property
    def label(self) -> Message:
        """Return key or feature id with the reason, as a part of a sentence."""
        name = Message(GAPS_SECTION, "key" if self.key else "fid", {"key": self.key, "fid": self.fid})
        return Message(GAPS_SECTION, "row", {"name": name, "reason": Message(GAPS_SECTION, f"reason_{self.reason}")})


def find_unused_rows(layer: Layer) -> tuple[UnusedRow, ...]:
    """Return the rows of a layer whose land is not, or not completely, known.

    An invalid polygon that was repaired on a copy is known. Few rows are repaired for this: those that may be flat.
    """
    reason_by_row = dict.fromkeys(np.flatnonzero(_mask_far_rows(layer)).tolist(), "far")
    shapes = layer.unrepaired_shapes
    is_present = ~(layer.empty_rows | layer.broken_rows)
    type_ids = shapely.get_type_id(layer.raw_shapes)
    for row in np.flatnonzero(is_present & (type_ids == shapely.GeometryType.GEOMETRYCOLLECTION)).tolist():
        if len({*shapely.get_dimensions(extract_parts(layer.raw_shapes[row])).tolist()}) > 1:
            reason_by_row[row] = "mixed"
    dimension = ("point", "line", "polygon").index(layer.template.geometry)
    has_other_type = is_present & (shapely.get_dimensions(layer.raw_shapes) != dimension)
    reason_by_row |= dict.fromkeys(np.flatnonzero(has_other_type).tolist(), "type")
    # A coordinate that is not a number makes area and length so, too.
    sizes = shapely.area(shapes) if dimension == 2 else shapely.length(shapes)
    has_finite_bounds = np.isfinite(shapely.bounds(shapes).reshape(-1, 4)).all(axis=1)
    is_doubtful = ~np.isfinite(sizes) | ~has_finite_bounds | ((dimension == 2) & (sizes < _MAX_FLAT_AREA_M2))
    rows = np.flatnonzero(is_present & ~has_other_type & is_doubtful)
    plane_shapes = layer.select_rows_unprepared(rows).plane_shapes
    has_no_land = mask_missing_shapes(plane_shapes) | find_flat_polygons(plane_shapes, _FLAT_WIDTH_M)
    if dimension != 2:
        has_no_land |= ~np.isfinite(sizes[rows]) | ~has_finite_bounds[rows]
    reason_by_row |= dict.fromkeys(rows[has_no_land].tolist(), "no_land")
    reason_by_row |= {row: "stray" if layer.find_used_part(row) is None else "stray_part" for row in layer.stray_rows}
    reason_by_row |= dict.fromkeys(np.flatnonzero(layer.empty_rows).tolist(), "missing")
    reason_by_row |= dict.fromkeys(np.flatnonzero(layer.broken_rows).tolist(), "broken")
    keys = layer.keys if reason_by_row else []
    return tuple(
        UnusedRow(layer.fids[row], "" if row in layer.repeated_keys else keys[row], reason)
        for row, reason in sorted(reason_by_row.items())
    )


def _mask_far_rows(layer: Layer) -> NDArray:
    """Return (n,) bool: rows with a vertex outside `Layer.plausible_box`."""
    if layer.plausible_box is None:
        return np.zeros(len(layer), dtype=bool)
    xmin, ymin, xmax, ymax = shapely.bounds(layer.unrepaired_shapes).reshape(-1, 4).T
    west, south, east, north = layer.plausible_box
    return (xmin < west) | (ymin < south) | (xmax > east) | (ymax > north)


def make_layer_name(name: str, role: str, title: str) -> Message:
    """Return the name of a layer as a part of a sentence: title and code.

    The name that the layer has in its source is added if it is neither of them.
    """
    key = "layer_name" if name in (role, title) else "layer_with_own_name"
    return Message(GAPS_SECTION, key, {"layer": name, "role": role, "title": title})


def describe_unused_rows(layer_name: Message, rows: Iterable[UnusedRow]) -> Message | None:
    """Return a sentence on rows that could not be used; None without any.

    It names a few of them with the reason. ``layer_name``: `make_layer_name`.
    """
    rows = tuple(rows)
    if not rows:
        return None
    listed = MessageList(tuple(row.label for row in rows[:_MAX_NAMED_ROWS]))
    key = "rows" if len(rows) <= _MAX_NAMED_ROWS else "rows_more"
    return Message(GAPS_SECTION, key, {"layer": layer_name, "count": len(rows), "rows": listed})
