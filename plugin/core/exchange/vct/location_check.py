# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the coordinates of a VCT file with its header and with its county.

The header gives zone and extent; the rows name the county. Degrees may be written as DD.MMSS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.crs import (
    EASTING_REACH_M,
    describe_crs,
    find_coordinate_problem,
    make_crs_label,
    make_lonlat_transformer,
)
from ...standard.divisions import GeographicExtent, find_extent
from .head import VctHeader
from .header_values import DeclaredExtent
from .line_reader import LineReader
from .settings import FileRemarks, load_settings
from .store import ShapeStore

#: Largest rounding error of a printed decimal number, as a share of a minute.
_MINUTE_ROUNDING = 1e-7
#: Seconds that rounding in print turns into sixty.
_MAX_SECONDS = 60.0001


@dataclass(frozen=True)
class DmsPositions:
    """All positions read as DD.MMSS (degrees, minutes, seconds), where every minute and second is below 60.

    ``lower_corner`` and ``upper_corner``: (2,) bounds in decimal degrees under this reading; ``distinct_minute_count``:
    number of different full minutes on both axes; ``distinct_second_count``: number of different full seconds;
    ``first_position``: (2,) the first position as written, in ``first_line_number`` of record ``first_record_id``;
    ``position_count``: number of positions.
    """

    lower_corner: NDArray
    upper_corner: NDArray
    distinct_minute_count: int
    distinct_second_count: int
    first_position: NDArray
    first_line_number: int
    first_record_id: int
    position_count: int

    @property
    def is_proven_by_digits(self) -> bool:
        """True if the digits alone show that the degrees are written as DD.MMSS."""
        settings = load_settings()
        return (
            self.distinct_minute_count >= settings.packed_minutes
            and self.distinct_second_count >= settings.packed_seconds
        )


def read_positions_as_dms(stores: Iterable[ShapeStore]) -> DmsPositions | None:
    """Read all positions as DD.MMSS; ``None`` if one cannot be read that way."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    minutes: set[int] = set()
    seconds: set[int] = set()
    first, first_line_and_id, count = np.zeros(2), (0, 0), 0
    for store in stores:
        for start, xy in store.iterate_position_blocks():
            degrees = np.floor(xy)
            hundredths = (xy - degrees) * 100
            minute = np.floor(hundredths + _MINUTE_ROUNDING)
            second = np.maximum((hundredths - minute) * 100, 0.0)
            if (minute >= 60).any() or (second > _MAX_SECONDS).any():
                return None
            if not count and len(xy):
                first, first_line_and_id = xy[0].copy(), store.find_line_and_id(start)
            count += len(xy)
            decimal = degrees + minute / 60 + second / 3600
            low, high = np.minimum(low, decimal.min(axis=0)), np.maximum(high, decimal.max(axis=0))
            # Separate both axes: the sign keeps their full minutes distinct.
            cells = (degrees * 100 + minute + 1) * (1, -1)
            minutes.update(np.unique(cells).astype(int).tolist())
            seconds.update(np.unique(np.floor(second)).astype(int).tolist())
    return DmsPositions(low, high, len(minutes), len(seconds), first, *first_line_and_id, count) if count else None


#: Length of a degree of latitude in metres.
_DEGREE_M = 111_320.0
#: Kind of mismatch between coordinates and header (`find_coordinate_problem`) → text key.
_MISMATCH_MESSAGES = {"axis": "vct_place_axis", "prefix": "vct_place_prefix", "zone": "vct_place_zone", "degrees": "vct_place_degrees",  # noqa: E501 - a table
            "metres": "vct_place_metres"}  # fmt: skip


class PositionBounds(NamedTuple):
    """The bounding box of all positions in a file.

    ``lower_corner`` and ``upper_corner``: (2,) corners; ``extreme_records``: line and id of the four records that reach
    least x, least y, greatest x, greatest y; ``dms_positions``: the positions read as DD.MMSS, if possible.
    """

    lower_corner: NDArray
    upper_corner: NDArray
    extreme_records: tuple[tuple[int, int], ...]
    dms_positions: DmsPositions | None = None


class OutsidePositions(NamedTuple):
    """Positions outside a bounding box.

    ``position_count`` and ``record_count``: how many; ``farthest_distance``, ``farthest_line_number``,
    ``farthest_record_id``: the farthest position; ``middle_position``: (2,) median of these positions.
    """

    position_count: int
    record_count: int
    farthest_distance: float
    farthest_line_number: int
    farthest_record_id: int
    middle_position: NDArray


def compute_bounds(stores: Iterable[ShapeStore]) -> PositionBounds | None:
    """Return the bounding box of all positions; ``None`` without any position."""
    ends = np.array([[np.inf, np.inf], [-np.inf, -np.inf]])
    at = [(0, 0)] * 4
    for store, first, xy in _iterate_position_blocks(stores):
        lowest_positions, highest_positions = xy.argmin(axis=0), xy.argmax(axis=0)
        for k, place in enumerate((*lowest_positions.tolist(), *highest_positions.tolist())):
            side, axis = divmod(k, 2)
            value = xy[place, axis]
            if (value < ends[side, axis]) if side == 0 else (value > ends[side, axis]):
                ends[side, axis] = value
                at[k] = store.find_line_and_id(first + place)
    return PositionBounds(ends[0], ends[1], tuple(at)) if np.isfinite(ends).all() else None


def _iterate_position_blocks(stores: Iterable[ShapeStore]) -> Iterator[tuple[ShapeStore, int, NDArray]]:
    """Yield each store with the number of the first position and the positions (b, 2) of each of its blocks."""
    for store in stores:
        for first, xy in store.iterate_position_blocks():
            yield store, first, xy


def find_positions_outside_box(
    stores: Iterable[ShapeStore], lower_corner: NDArray, upper_corner: NDArray
) -> OutsidePositions:
    """Return the positions outside a box, which is given by its corners (2,)."""
    positions = records = 0
    farthest, line, ident = 0.0, 0, 0
    middle = np.zeros(2)
    for store, first, xy in _iterate_position_blocks(stores):
        excess_distances = np.maximum(lower_corner - xy, xy - upper_corner).max(axis=1)
        outside_positions = np.flatnonzero(excess_distances > 0)
        if not len(outside_positions):
            continue
        if not positions:
            middle = np.median(xy[outside_positions], axis=0)
        positions += len(outside_positions)
        records += store.count_records_with_positions(first + outside_positions)
        worst = int(outside_positions[np.argmax(excess_distances[outside_positions])])
        if excess_distances[worst] > farthest:
            farthest = float(excess_distances[worst])
            line, ident = store.find_line_and_id(first + worst)
    return OutsidePositions(positions, records, farthest, line, ident, middle)


def verify_location(
    header: VctHeader, stores: list[ShapeStore], line_reader: LineReader, remarks: FileRemarks
) -> PositionBounds | None:
    """Return the bounding box of all positions after comparing it with the header's zone and extent.

    None without positions. Raises InputError for positions outside the zone or far outside the extent. Smaller
    deviations from the extent get a remark.
    """
    bounds = compute_bounds(stores)
    if bounds is None:
        return None
    _verify_zone(header, bounds, stores, line_reader)
    if describe_crs(header.crs).is_geographic and not any(header.position_offset):
        bounds = bounds._replace(dms_positions=read_positions_as_dms(stores))
    _verify_extent(header, bounds, stores, line_reader, remarks)
    if describe_crs(header.crs).is_geographic and not any(header.position_offset):
        for store in stores:
            _verify_notation_of_degrees(read_positions_as_dms([store]), line_reader, remarks)
    return bounds


def _verify_notation_of_degrees(
    dms_positions: DmsPositions | None, line_reader: LineReader, remarks: FileRemarks
) -> None:
    """Raise InputError if digits prove that degrees are written as DD.MMSS (degrees, minutes, seconds).

    Positions of points, lines and polygons are judged separately, because a file may have only its points in this
    notation. Digits that only make it likely get a remark.
    """
    if dms_positions is None:
        return
    if dms_positions.is_proven_by_digits:
        raise _make_packed_degrees_error("vct_place_packed", dms_positions, line_reader)
    if dms_positions.distinct_second_count >= load_settings().packed_seconds_likely:
        x, y = (f"{value:.10g}" for value in dms_positions.first_position.tolist())
        remarks.add_remark(
            "vct_note_packed",
            dms_positions.first_line_number,
            dms_positions.first_record_id,
            dms_positions.position_count,
            x=x,
            y=y,
        )


def _make_packed_degrees_error(
    key: str, dms_positions: DmsPositions, line_reader: LineReader, **params: str
) -> InputError:
    """Return the error about degrees written as DD.MMSS.

    ``key`` and ``params``: text key and parameters of the proof.
    """
    line_reader.number = dms_positions.first_line_number
    x, y = (f"{value:.10g}" for value in dms_positions.first_position.tolist())
    return line_reader.make_error(
        key, id=dms_positions.first_record_id, count=dms_positions.position_count, x=x, y=y, **params
    )


def _compute_zone_box(header: VctHeader) -> NDArray:
    """Return the permitted corners (2, 2) of positions, lower then upper: China in degrees, or the zone in metres."""
    frame = describe_crs(header.crs)
    settings = load_settings()
    if frame.is_geographic:
        return np.array(settings.china_degrees).reshape(2, 2)
    easting, (south, north) = frame.false_easting, settings.northings_m
    return np.array([[easting - EASTING_REACH_M, south], [easting + EASTING_REACH_M, north]])


def _verify_zone(header: VctHeader, bounds: PositionBounds, stores: list[ShapeStore], line_reader: LineReader) -> None:
    """Raise InputError if positions are outside the CRS zone of the header."""
    box = _compute_zone_box(header)
    if (bounds.lower_corner >= box[0]).all() and (bounds.upper_corner <= box[1]).all():
        return
    outside_positions = find_positions_outside_box(stores, *box)
    x, y = outside_positions.middle_position.tolist()
    problem = find_coordinate_problem(header.crs, (x, y, x, y))
    key = _MISMATCH_MESSAGES.get(problem[0] if problem else "", "vct_place_beyond")
    line_reader.number = outside_positions.farthest_line_number
    frame = describe_crs(header.crs)
    params = {"x": f"{x:.10g}", "y": f"{y:.10g}", "crs": make_crs_label(header.crs)}
    if frame.is_geographic:
        params["range"] = _format_span(*box.ravel().tolist())
        key = "vct_place_beyond_degrees" if key == "vct_place_beyond" else key
    else:
        params["meridian"] = f"{frame.central_meridian:g}"
    raise line_reader.make_error(
        key, id=outside_positions.farthest_record_id, count=outside_positions.record_count, **params
    )


def _verify_extent(
    header: VctHeader, bounds: PositionBounds, stores: list[ShapeStore], line_reader: LineReader, remarks: FileRemarks
) -> None:
    """Compare the bounding box of all positions with the declared extent.

    A small difference gets a remark; raise InputError for positions far outside the extent.
    """
    if header.declared_extent is None:
        return
    geographic, settings = describe_crs(header.crs).is_geographic, load_settings()
    slack = max(
        header.declared_extent.last_digit_unit, settings.extent_least_degrees if geographic else settings.extent_least_m
    )
    low, high = min(
        _list_possible_extents(header, header.declared_extent),
        key=lambda ends: _compute_largest_difference(ends, bounds),
    )
    texts = {
        "extent": _format_corners(low, high),
        "data": _format_corners(bounds.lower_corner, bounds.upper_corner),
    }
    if not (low.any() or high.any()):
        remarks.add_remark("vct_note_extent_wide", header.declared_extent.line_numbers[1], **texts)
        return
    outside_positions = find_positions_outside_box(stores, low - slack, high + slack)
    dms_positions = bounds.dms_positions
    if dms_positions is not None and outside_positions.farthest_distance >= settings.packed_extent_degrees:
        if (dms_positions.lower_corner >= low - slack).all() and (dms_positions.upper_corner <= high + slack).all():
            raise _make_packed_degrees_error(
                "vct_place_packed_extent", dms_positions, line_reader, extent=texts["extent"]
            )
    if outside_positions.record_count:
        distance = (outside_positions.farthest_distance + slack) * (_DEGREE_M if geographic else 1.0)
        far = f"{distance:.0f}" if distance >= 10 else f"{distance:.3g}"
        if distance > settings.extent_far_m:
            line_reader.number = outside_positions.farthest_line_number
            raise line_reader.make_error(
                "vct_place_extent",
                id=outside_positions.farthest_record_id,
                count=outside_positions.record_count,
                distance=far,
                extent=texts["extent"],
            )
        remarks.add_remark(
            "vct_note_extent",
            outside_positions.farthest_line_number,
            outside_positions.farthest_record_id,
            outside_positions.record_count,
            distance=far,
            **texts,
        )
    elif (bounds.lower_corner - low > slack).any() or (high - bounds.upper_corner > slack).any():
        remarks.add_remark("vct_note_extent_wide", header.declared_extent.line_numbers[0], **texts)


def _list_possible_extents(header: VctHeader, extent: DeclaredExtent) -> list[tuple[NDArray, NDArray]]:
    """Return the possible readings of the declared extent, each as lower and upper corner (2,).

    The northing may come first, as in the positions, or not. The corners may be given before or after the offset is
    added.
    """
    ends = [(extent.lower_corner, extent.upper_corner)]
    if header.is_northing_first:
        ends += [(low[::-1], high[::-1]) for low, high in ends]
    if any(header.position_offset):
        ends += [(low + header.position_offset, high + header.position_offset) for low, high in ends]
    return ends


def _compute_largest_difference(corners: tuple[NDArray, NDArray], bounds: PositionBounds) -> float:
    """Return the largest difference of a coordinate between two corners and those of the bounding box."""
    return float(np.abs(np.r_[corners[0] - bounds.lower_corner, corners[1] - bounds.upper_corner]).max())


def _format_corners(lower_corner: NDArray, upper_corner: NDArray) -> str:
    """Return two corners as text for a message: “x, y – x, y”."""
    return " – ".join(
        ", ".join(f"{value:.10g}" for value in corner.tolist()) for corner in (lower_corner, upper_corner)
    )


class CountyCodes:
    """Counts of the county codes in the rows of a file, by field.

    The key (BSM) begins with a county code too. It is used only if no division field has codes.
    """

    def __init__(self) -> None:
        self.named: Counter[str] = Counter()
        self.keyed: Counter[str] = Counter()

    def count_county_codes(self, field: str, values: Iterable[object]) -> None:
        """Count the county codes that the values of a field begin with."""
        target = self.keyed if field == "BSM" else self.named
        target.update(str(value)[:6] for value in values if value is not None)

    def find_most_frequent_code(self) -> str:
        """Return the most frequent code; empty if no row has one."""
        for codes in (self.named, self.keyed):
            county_code_counts = Counter({code: n for code, n in codes.items() if len(code) == 6 and code.isdecimal()})
            if county_code_counts:
                return county_code_counts.most_common(1)[0][0]
        return ""


def verify_county(
    header: VctHeader, bounds: PositionBounds, codes: CountyCodes, line_reader: LineReader, remarks: FileRemarks
) -> InputError | None:
    """Compare positions with the county that the rows name.

    Return an InputError if they are far from it, else None. ``codes``: the county codes counted in the rows.
    """
    code = codes.find_most_frequent_code()
    county_extent = _find_county_extent(code)
    if county_extent is None:
        # Locations of counties come from the list of divisions; a code outside it is noted.
        remarks.add_remark("vct_note_place_unknown", line_reader.number, code=code or "—")
        return None
    corners = np.array(
        [
            bounds.lower_corner,
            [bounds.lower_corner[0], bounds.upper_corner[1]],
            bounds.upper_corner,
            [bounds.upper_corner[0], bounds.lower_corner[1]],
        ]
    )
    lonlat = make_lonlat_transformer(header.crs)(np.vstack([corners, (corners + np.roll(corners, 1, axis=0)) / 2]))
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    ends = _compute_degrees_beyond(county_extent, low, high)
    side = int(np.argmax(ends))
    excess_degrees, settings = ends[side], load_settings()
    if excess_degrees <= settings.county_near:
        return None
    line, ident = bounds.extreme_records[side]
    params = {"code": code, "county": county_extent.division.name, "degrees": f"{excess_degrees:.2f}",
              "reach": _format_span(county_extent.west, county_extent.south, county_extent.east, county_extent.north),
              "data": _format_span(*low.round(2).tolist(), *high.round(2).tolist())}  # fmt: skip
    dms_positions = bounds.dms_positions
    if (
        dms_positions is not None
        and max(_compute_degrees_beyond(county_extent, dms_positions.lower_corner, dms_positions.upper_corner)) <= 0
    ):
        county_params = {key: params[key] for key in ("code", "county", "reach")}
        return _make_packed_degrees_error("vct_place_packed_county", dms_positions, line_reader, **county_params)
    if excess_degrees <= settings.county_far:
        return None
    line_reader.number = line
    # A wrong zone shifts longitudes; correct longitudes exclude it.
    north = side in (1, 3) and max(ends[0], ends[2]) <= settings.county_near
    return line_reader.make_error("vct_place_county_north" if north else "vct_place_county", id=ident, **params)


def _compute_degrees_beyond(
    county_extent: GeographicExtent, lower_corner: NDArray, upper_corner: NDArray
) -> tuple[float, float, float, float]:
    """Return by how many degrees a bounding box exceeds an extent: west, south, east, north.

    A negative value means that the box is inside on this side.
    """
    (west, south), (east, north) = lower_corner.tolist(), upper_corner.tolist()
    return (
        county_extent.west - west,
        (county_extent.south or 0.0) - south,
        east - county_extent.east,
        north - (county_extent.north or 90.0),
    )


def _format_span(west: float, south: float | None, east: float, north: float | None) -> str:
    """Return an extent in degrees as text, such as “113.1°–113.9°E, 39.2°–39.9°N”.

    Without latitudes if one is None.
    """
    latitudes = "" if south is None or north is None else f", {south:g}°–{north:g}°N"
    return f"{west:g}°–{east:g}°E{latitudes}"


def _find_county_extent(code: str) -> GeographicExtent | None:
    """Return the extent of a county in degrees; None for an unknown code.

    If the list of divisions lacks the county, the extent is that of its city or province.
    """
    from ...standard import load_standard

    divisions = load_standard("county_db").code_lists.get("divisions")
    if not code or divisions is None:
        return None
    listed_code = next((c for c in (code, f"{code[:4]}00", f"{code[:2]}0000") if c in divisions.entry_by_code), None)
    return find_extent(listed_code, divisions) if listed_code else None
