# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the coordinates of a VCT file with the zone of its header."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...geometry.crs import EASTING_REACH_M, describe_crs, find_coordinate_problem, make_crs_label
from .head import VctHeader
from .line_reader import LineReader
from .settings import load_settings
from .store import ShapeStore

#: Kind of mismatch between coordinates and header (`find_coordinate_problem`) → text key.
_MISMATCH_MESSAGES = {"axis": "vct_place_axis", "prefix": "vct_place_prefix", "zone": "vct_place_zone", "degrees": "vct_place_degrees",  # noqa: E501 - a table
            "metres": "vct_place_metres"}  # fmt: skip


class OutsidePositions(NamedTuple):
    """Positions outside a bounding box.

    ``record_count``: number of their records; ``farthest_line_number``, ``farthest_record_id``: the record of the
    farthest position; ``middle_position``: (2,) median of the positions.
    """

    record_count: int
    farthest_line_number: int
    farthest_record_id: int
    middle_position: NDArray


def find_positions_outside_box(stores: Iterable[ShapeStore], box: NDArray) -> OutsidePositions:
    """Return the positions outside a box, which is given by its lower and upper corner (2, 2)."""
    records = 0
    farthest, line, ident = 0.0, 0, 0
    middle = np.zeros(2)
    for store in stores:
        for first, xy in store.iterate_position_blocks():
            excess_distances = np.maximum(box[0] - xy, xy - box[1]).max(axis=1)
            outside_positions = np.flatnonzero(excess_distances > 0)
            if not len(outside_positions):
                continue
            if not records:
                middle = np.median(xy[outside_positions], axis=0)
            records += store.count_records_with_positions(first + outside_positions)
            worst = int(outside_positions[np.argmax(excess_distances[outside_positions])])
            if excess_distances[worst] > farthest:
                farthest = float(excess_distances[worst])
                line, ident = store.find_line_and_id(first + worst)
    return OutsidePositions(records, line, ident, middle)


def _compute_zone_box(header: VctHeader) -> NDArray:
    """Return the permitted corners (2, 2) of positions, lower then upper: China in degrees, or the zone in metres."""
    frame = describe_crs(header.crs)
    settings = load_settings()
    if frame.is_geographic:
        return np.array(settings.china_degrees).reshape(2, 2)
    easting, (south, north) = frame.false_easting, settings.northings_m
    return np.array([[easting - EASTING_REACH_M, south], [easting + EASTING_REACH_M, north]])


def verify_zone(header: VctHeader, stores: Iterable[ShapeStore], line_reader: LineReader) -> None:
    """Raise InputError if positions are outside the CRS zone of the header."""
    box = _compute_zone_box(header)
    outside_positions = find_positions_outside_box(stores, box)
    if not outside_positions.record_count:
        return
    x, y = outside_positions.middle_position.tolist()
    problem = find_coordinate_problem(header.crs, (x, y, x, y))
    key = _MISMATCH_MESSAGES.get(problem[0] if problem else "", "vct_place_beyond")
    line_reader.number = outside_positions.farthest_line_number
    frame = describe_crs(header.crs)
    params = {"x": f"{x:.10g}", "y": f"{y:.10g}", "crs": make_crs_label(header.crs)}
    if frame.is_geographic:
        (west, south), (east, north) = box.tolist()
        params["range"] = f"{west:g}°–{east:g}°E, {south:g}°–{north:g}°N"
        key = "vct_place_beyond_degrees" if key == "vct_place_beyond" else key
    else:
        params["meridian"] = f"{frame.central_meridian:g}"
    raise line_reader.make_error(
        key, id=outside_positions.farthest_record_id, count=outside_positions.record_count, **params
    )
