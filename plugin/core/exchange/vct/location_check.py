# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the coordinates of a VCT file with its header, and refuse degrees written as DD.MMSS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...base.errors import InputError
from ...geometry.crs import describe_crs, find_coordinate_problem, make_crs_label
from .head import VctHeader
from .line_reader import LineReader
from .settings import FileRemarks, load_settings
from .store import ShapeStore

#: Length of a degree of latitude in metres.
_DEGREE_M = 111_320.0
#: Largest northing in China, in metres.
_MAX_NORTHING_M = 6_700_000.0
#: Largest rounding error of a printed decimal number, as a share of a minute.
_MINUTE_ROUNDING = 1e-7
#: Seconds that rounding in print turns into sixty.
_MAX_SECONDS = 60.0001


def verify_positions(
    header: VctHeader, stores: list[ShapeStore], line_reader: LineReader, remarks: FileRemarks
) -> None:
    """Raise InputError for positions outside the zone of the header, and for degrees written as DD.MMSS.

    A declared extent that differs from the data gets a remark.
    """
    corners = [(xy.min(axis=0), xy.max(axis=0)) for store in stores for xy in store.iterate_position_blocks()]
    if not corners:
        return
    lows, highs = np.array(corners).swapaxes(0, 1)
    bounds = np.array([lows.min(axis=0), highs.max(axis=0)])
    if _find_problem(header, bounds):
        raise _make_zone_error(header, stores, line_reader)
    if describe_crs(header.crs).is_geographic and not any(header.position_offset):
        for store in stores:
            _refuse_packed_degrees(store, line_reader)
    if header.declared_extent is not None:
        _compare_with_extent(header, *header.declared_extent, bounds, remarks)


def _find_problem(header: VctHeader, xy: NDArray) -> str:
    """Return the kind of problem (`find_coordinate_problem`) of positions (n, 2) outside the zone, empty without one.

    Both corners are judged by themselves: a position beyond one side is found, however far the others reach.
    """
    for x, y in (xy.min(axis=0), xy.max(axis=0)):
        if problem := find_coordinate_problem(header.crs, (x, y, x, y)):
            return problem[0]
        if not 0 <= y <= _MAX_NORTHING_M:
            return "beyond"
    return ""


def _make_zone_error(header: VctHeader, stores: list[ShapeStore], line_reader: LineReader) -> InputError:
    """Return the error about the records with positions outside the zone; it names the first of them."""
    count, key = 0, ""
    frame = describe_crs(header.crs)
    params: dict[str, str | int] = {"crs": make_crs_label(header.crs), "meridian": f"{frame.central_meridian or 0:g}"}
    for store in stores:
        for record in range(len(store)):
            xy = store.read_positions(record)
            if not _find_problem(header, xy):
                continue
            count += 1
            if key:
                continue
            problems = ((x, y, _find_problem(header, np.array([[x, y]]))) for x, y in xy.tolist())
            x, y, kind = next((x, y, problem) for x, y, problem in problems if problem)
            key = f"vct_place_{kind}" + ("_degrees" if kind == "beyond" and frame.is_geographic else "")
            params |= {"x": f"{x:.10g}", "y": f"{y:.10g}", "id": store.get_record_id(record)}
            line_reader.number = store.get_line_number(record)
    return line_reader.make_error(key, count=count, **params)


def _refuse_packed_degrees(store: ShapeStore, line_reader: LineReader) -> None:
    """Raise InputError if all minutes and seconds of many positions are below 60: degrees written as DD.MMSS.

    Points, lines and polygons are judged separately, because a file may have only its points in this notation.
    """
    minutes: set[int] = set()
    seconds: set[int] = set()
    for xy in store.iterate_position_blocks():
        hundredths = xy % 1 * 100
        minute = np.floor(hundredths + _MINUTE_ROUNDING)
        second = (hundredths - minute) * 100
        if (minute >= 60).any() or (second > _MAX_SECONDS).any():
            return
        # The sign keeps the full minutes of both axes distinct.
        minutes.update(np.unique((np.floor(xy) * 100 + minute + 1) * (1, -1)).tolist())
        seconds.update(np.unique(np.floor(second)).tolist())
    settings = load_settings()
    if len(minutes) >= settings.packed_minutes and len(seconds) >= settings.packed_seconds:
        x, y = (f"{value:.10g}" for value in store.read_positions(0)[0].tolist())
        line_reader.number = store.get_line_number(0)
        raise line_reader.make_error("vct_place_packed", id=store.get_record_id(0), x=x, y=y)


def _compare_with_extent(
    header: VctHeader, extent: NDArray, line_number: int, bounds: NDArray, remarks: FileRemarks
) -> None:
    """Add a remark if the declared extent differs from the bounds of the data; both are corners (2, 2).

    The extent may have the northing first, as the positions may, and may be given before the offset is added.
    """
    extents = [extent, extent[:, ::-1]] if header.is_northing_first else [extent]
    extents += [corners + header.position_offset for corners in extents]
    differences = [float(np.abs(corners - bounds).max()) for corners in extents]
    distance = min(differences) * (_DEGREE_M if describe_crs(header.crs).is_geographic else 1.0)
    if distance > load_settings().extent_differs_m:
        texts = {"extent": _format_corners(extents[int(np.argmin(differences))]), "data": _format_corners(bounds)}
        remarks.add_remark("vct_note_extent", line_number, distance=f"{distance:.0f}", **texts)


def _format_corners(corners: NDArray) -> str:
    """Return corners (2, 2) as text for a message."""
    return " – ".join(", ".join(f"{value:.10g}" for value in corner) for corner in corners.tolist())
