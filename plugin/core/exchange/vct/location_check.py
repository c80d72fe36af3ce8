# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare coordinates with their expected location.

This is the header's zone and extent and the county that rows name; degrees may be written as DD.MMSS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.crs import EASTING_REACH_M, crs_label, describe_crs, find_coordinate_problem, make_lonlat_transformer
from ...standard.divisions import GeographicExtent, extent
from .head import Head
from .header_values import Extent
from .lines import Lines
from .settings import Remarks, load_settings
from .store import Store

#: Largest rounding error of a printed decimal number, as a share of a minute.
_MISSED = 1e-7
#: Seconds that rounding in print turns into sixty.
_SIXTY = 60.0001


@dataclass(frozen=True)
class DmsCheck:
    """Positions whose digits are all valid minutes and seconds below 60.

    ``low`` and ``high``: (2,) bounds in decimal degrees if read as DD.MMSS; ``minutes``: number of different full
    minutes on both axes; ``seconds``: number of different full seconds; ``first``: (2,) the first position as written,
    with its ``line`` and ``ident``; ``count``: number of positions.
    """

    low: NDArray
    high: NDArray
    minutes: int
    seconds: int
    first: NDArray
    line: int
    ident: int
    count: int

    @property
    def by_digits(self) -> bool:
        """True if decimal degrees would have minutes or seconds above 60 somewhere."""
        settings = load_settings()
        return self.minutes >= settings.packed_minutes and self.seconds >= settings.packed_seconds


def convert_dms_degrees(stores: Iterable[Store]) -> DmsCheck | None:
    """Read the positions as DD.MMSS; ``None`` where one of them is not of that form."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    minutes: set[int] = set()
    seconds: set[int] = set()
    first, place, count = np.zeros(2), (0, 0), 0
    for store in stores:
        for start, xy in store.blocks():
            degrees = np.floor(xy)
            hundredths = (xy - degrees) * 100
            minute = np.floor(hundredths + _MISSED)
            second = np.maximum((hundredths - minute) * 100, 0.0)
            if (minute >= 60).any() or (second > _SIXTY).any():
                return None
            if not count and len(xy):
                first, place = xy[0].copy(), store.record(start)
            count += len(xy)
            decimal = degrees + minute / 60 + second / 3600
            low, high = np.minimum(low, decimal.min(axis=0)), np.maximum(high, decimal.max(axis=0))
            # Separate both axes: the sign keeps their full minutes distinct.
            cells = (degrees * 100 + minute + 1) * (1, -1)
            minutes.update(np.unique(cells).astype(int).tolist())
            seconds.update(np.unique(np.floor(second)).astype(int).tolist())
    return DmsCheck(low, high, len(minutes), len(seconds), first, *place, count) if count else None


#: Length of a degree of latitude in metres.
_DEGREE_M = 111_320.0
#: Kind of mismatch between coordinates and header (`find_coordinate_problem`) → text key.
_REASONS = {"axis": "vct_place_axis", "prefix": "vct_place_prefix", "zone": "vct_place_zone", "degrees": "vct_place_degrees",  # noqa: E501 - a table
            "metres": "vct_place_metres"}  # fmt: skip


class Bounds(NamedTuple):
    """The bounds of all positions.

    ``low`` and ``high``: (2,); ``at``: line and id of the records with the least x, y and greatest x, y; ``packed``:
    the positions as DD.MMSS if their digits allow it.
    """

    low: NDArray
    high: NDArray
    at: tuple[tuple[int, int], ...]
    packed: DmsCheck | None = None


class Outside(NamedTuple):
    """Positions outside a box.

    Number of positions and of their records; distance, line and id of the farthest; their middle.
    """

    positions: int
    records: int
    distance: float
    line: int
    ident: int
    middle: NDArray


def bounds_of(stores: Iterable[Store]) -> Bounds | None:
    """Return the bounds of all positions; ``None`` without positions."""
    ends = np.array([[np.inf, np.inf], [-np.inf, -np.inf]])
    at = [(0, 0)] * 4
    for store, first, xy in _blocks(stores):
        least, most = xy.argmin(axis=0), xy.argmax(axis=0)
        for k, place in enumerate((*least.tolist(), *most.tolist())):
            side, axis = divmod(k, 2)
            value = xy[place, axis]
            if (value < ends[side, axis]) if side == 0 else (value > ends[side, axis]):
                ends[side, axis] = value
                at[k] = store.record(first + place)
    return Bounds(ends[0], ends[1], tuple(at)) if np.isfinite(ends).all() else None


def _blocks(stores: Iterable[Store]) -> Iterator[tuple[Store, int, NDArray]]:
    for store in stores:
        for first, xy in store.blocks():
            yield store, first, xy


def find_outside(stores: Iterable[Store], low: NDArray, high: NDArray) -> Outside:
    """Return the positions outside a box with corners ``low`` and ``high`` (2,)."""
    positions = records = 0
    farthest, line, ident = 0.0, 0, 0
    middle = np.zeros(2)
    for store, first, xy in _blocks(stores):
        excess = np.maximum(low - xy, xy - high).max(axis=1)
        out = np.flatnonzero(excess > 0)
        if not len(out):
            continue
        if not positions:
            middle = np.median(xy[out], axis=0)
        positions += len(out)
        records += store.count_records(first + out)
        worst = int(out[np.argmax(excess[out])])
        if excess[worst] > farthest:
            farthest = float(excess[worst])
            line, ident = store.record(first + worst)
    return Outside(positions, records, farthest, line, ident, middle)


def verify_location(head: Head, stores: list[Store], lines: Lines, remarks: Remarks) -> Bounds | None:
    """Return the bounds of all positions after comparison with zone and extent.

    Raises InputError for positions outside the header's zone or far outside its extent; smaller differences from the
    extent are noted.
    """
    found = bounds_of(stores)
    if found is None:
        return None
    _verify_zone(head, found, stores, lines)
    if describe_crs(head.crs).geographic and not any(head.offset):
        found = found._replace(packed=convert_dms_degrees(stores))
    _verify_extent(head, found, stores, lines, remarks)
    if found.packed is not None and found.packed.by_digits:
        raise _packed_error("vct_place_packed", found.packed, lines)
    return found


def _packed_error(key: str, packed: DmsCheck, lines: Lines, **params: str) -> InputError:
    """Return the error on degrees written as DD.MMSS.

    ``key`` and ``params`` give the proof.
    """
    lines.number = packed.line
    x, y = (f"{value:.10g}" for value in packed.first.tolist())
    return lines.error(key, id=packed.ident, count=packed.count, x=x, y=y, **params)


def _box(head: Head) -> NDArray:
    frame = describe_crs(head.crs)
    settings = load_settings()
    if frame.geographic:
        return np.array(settings.china_degrees).reshape(2, 2)
    easting, (south, north) = frame.false_easting, settings.northings_m
    return np.array([[easting - EASTING_REACH_M, south], [easting + EASTING_REACH_M, north]])


def _verify_zone(head: Head, found: Bounds, stores: list[Store], lines: Lines) -> None:
    box = _box(head)
    if (found.low >= box[0]).all() and (found.high <= box[1]).all():
        return
    out = find_outside(stores, *box)
    x, y = out.middle.tolist()
    problem = find_coordinate_problem(head.crs, (x, y, x, y))
    key = _REASONS.get(problem[0] if problem else "", "vct_place_beyond")
    lines.number = out.line
    frame = describe_crs(head.crs)
    params = {"x": f"{x:.10g}", "y": f"{y:.10g}", "crs": crs_label(head.crs)}
    if frame.geographic:
        params["range"] = _span(*box.ravel().tolist())
        key = "vct_place_beyond_degrees" if key == "vct_place_beyond" else key
    else:
        params["meridian"] = f"{frame.meridian:g}"
    raise lines.error(key, id=out.ident, count=out.records, **params)


def _verify_extent(head: Head, found: Bounds, stores: list[Store], lines: Lines, remarks: Remarks) -> None:
    if head.extent is None:
        return
    geographic, settings = describe_crs(head.crs).geographic, load_settings()
    slack = max(head.extent.digit, settings.extent_least_degrees if geographic else settings.extent_least_m)
    low, high = min(_extents(head, head.extent), key=lambda ends: _difference(ends, found))
    texts = {
        "extent": _corners(low, high),
        "data": _corners(found.low, found.high),
    }
    if not (low.any() or high.any()):
        remarks.add("vct_note_extent_wide", head.extent.lines[1], **texts)
        return
    out = find_outside(stores, low - slack, high + slack)
    packed = found.packed
    if packed is not None and out.distance >= settings.packed_extent_degrees:
        if (packed.low >= low - slack).all() and (packed.high <= high + slack).all():
            raise _packed_error("vct_place_packed_extent", packed, lines, extent=texts["extent"])
    if out.records:
        distance = (out.distance + slack) * (_DEGREE_M if geographic else 1.0)
        far = f"{distance:.0f}" if distance >= 10 else f"{distance:.3g}"
        if distance > settings.extent_far_m:
            lines.number = out.line
            raise lines.error("vct_place_extent", id=out.ident, count=out.records, distance=far, extent=texts["extent"])
        remarks.add("vct_note_extent", out.line, out.ident, out.records, distance=far, **texts)
    elif (found.low - low > slack).any() or (high - found.high > slack).any():
        remarks.add("vct_note_extent_wide", head.extent.lines[0], **texts)


def _extents(head: Head, extent: Extent) -> list[tuple[NDArray, NDArray]]:
    """Return the possible readings of the header's extent.

    It may have the northing first like the positions or not, and be valid before or after the offset.
    """
    ends = [(extent.low, extent.high)]
    if head.swapped:
        ends += [(low[::-1], high[::-1]) for low, high in ends]
    if any(head.offset):
        ends += [(low + head.offset, high + head.offset) for low, high in ends]
    return ends


def _difference(ends: tuple[NDArray, NDArray], found: Bounds) -> float:
    return float(np.abs(np.r_[ends[0] - found.low, ends[1] - found.high]).max())


def _corners(low: NDArray, high: NDArray) -> str:
    return " – ".join(", ".join(f"{value:.10g}" for value in corner.tolist()) for corner in (low, high))


class CountyCodes:
    """The county codes of rows, by field.

    A row's key (BSM) counts only without a field of a place.
    """

    def __init__(self) -> None:
        self.named: Counter[str] = Counter()
        self.keyed: Counter[str] = Counter()

    def add(self, field: str, values: Iterable[object]) -> None:
        """Count the codes of a field."""
        target = self.keyed if field == "BSM" else self.named
        target.update(str(value)[:6] for value in values if value is not None)

    def county(self) -> tuple[str, bool]:
        """Return the most frequent code and whether it comes from a field of a place.

        Empty without any code.
        """
        for codes, sure in ((self.named, True), (self.keyed, False)):
            known = Counter({code: n for code, n in codes.items() if len(code) == 6 and code.isdecimal()})
            if known:
                return known.most_common(1)[0][0], sure
        return "", False


def verify_county(head: Head, bounds: Bounds, codes: CountyCodes, lines: Lines, remarks: Remarks) -> InputError | None:
    """Return an InputError for positions far from the rows' county.

    Note a smaller distance.
    """
    code, sure = codes.county()
    reach = _reach(code)
    if reach is None:
        # Locations of counties come from the list of divisions; a code outside it is noted.
        remarks.add("vct_note_place_unknown", lines.number, code=code or "—")
        return None
    corners = np.array([bounds.low, [bounds.low[0], bounds.high[1]], bounds.high, [bounds.high[0], bounds.low[1]]])
    lonlat = make_lonlat_transformer(head.crs)(np.vstack([corners, (corners + np.roll(corners, 1, axis=0)) / 2]))
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    ends = _beyond(reach, low, high)
    side = int(np.argmax(ends))
    excess, settings = ends[side], load_settings()
    if excess <= (settings.county_near if sure else settings.county_far):
        return None
    line, ident = bounds.at[side]
    params = {"code": code, "county": reach.division.name, "degrees": f"{excess:.2f}",
              "reach": _span(reach.west, reach.south, reach.east, reach.north),
              "data": _span(*low.round(2).tolist(), *high.round(2).tolist())}  # fmt: skip
    packed = bounds.packed
    if packed is not None and max(_beyond(reach, packed.low, packed.high)) <= 0:
        where = {key: params[key] for key in ("code", "county", "reach")}
        return _packed_error("vct_place_packed_county", packed, lines, **where)
    if excess <= settings.county_far:
        remarks.add("vct_note_county", line, ident, **params)
        return None
    lines.number = line
    # A wrong zone shifts longitudes; correct longitudes exclude it.
    north = side in (1, 3) and max(ends[0], ends[2]) <= settings.county_near
    return lines.error("vct_place_county_north" if north else "vct_place_county", id=ident, **params)


def _beyond(reach: GeographicExtent, low: NDArray, high: NDArray) -> tuple[float, float, float, float]:
    """Return degrees by which bounds exceed an extent in the west, south, east and north.

    Negative values are inside.
    """
    (west, south), (east, north) = low.tolist(), high.tolist()
    return reach.west - west, (reach.south or 0.0) - south, east - reach.east, north - (reach.north or 90.0)


def _span(west: float, south: float | None, east: float, north: float | None) -> str:
    latitudes = "" if south is None or north is None else f", {south:g}°–{north:g}°N"
    return f"{west:g}°–{east:g}°E{latitudes}"


def _reach(code: str) -> GeographicExtent | None:
    from ...standard import load_standard

    divisions = load_standard("county_db").code_lists.get("divisions")
    if not code or divisions is None:
        return None
    known = next((c for c in (code, f"{code[:4]}00", f"{code[:2]}0000") if c in divisions.codes), None)
    return extent(known, divisions) if known else None
