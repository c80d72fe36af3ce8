# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate care: zone, prefix and axis order of CGCS2000, told from the coordinates and from the layer's CRS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

GEODETIC = CRS.from_epsg(4490)
#: A zone's eastings lie this near its false easting: half a 6° zone at the equator is 334 km, and neighbours spill over.
EASTING_REACH_M = 450_000.0


@dataclass(frozen=True)
class Frame:
    """What a CRS says of itself. ``zone`` is the CGCS2000 zone number; ``prefixed``: the easting begins with it."""

    geographic: bool
    cgcs2000: bool
    false_easting: float = 0.0
    meridian: float | None = None
    zone: int | None = None
    prefixed: bool = False
    metres: bool = True


@lru_cache(maxsize=64)
def describe(crs: CRS) -> Frame:
    """Read zone and prefix from a CRS. Whatever its name, the parameters of its projection decide."""
    geodetic = crs.geodetic_crs
    cgcs = bool(geodetic and (("2000" in geodetic.name and "China" in geodetic.name) or "CGCS2000" in geodetic.name))
    if crs.is_geographic:
        return Frame(geographic=True, cgcs2000=cgcs)
    operation = crs.coordinate_operation
    values = {p.name: p.value for p in operation.params} if operation else {}
    easting = float(values.get("False easting", 0.0))
    meridian = values.get("Longitude of natural origin")
    metres = all(axis.unit_name in ("metre", "meter", "m") for axis in crs.axis_info)
    gauss = bool(
        operation
        and operation.method_name == "Transverse Mercator"
        and values.get("Scale factor at natural origin") == 1
    )
    if not gauss or meridian is None:
        return Frame(geographic=False, cgcs2000=cgcs, false_easting=easting, metres=metres)
    prefixed = easting >= 1e6
    zone = int(easting // 1e6) if prefixed else round(float(meridian) / 3)
    return Frame(False, cgcs, easting, float(meridian), zone, prefixed, metres)


def three_degree_zone(longitude: float) -> CRS:
    """The CGCS2000 3° zone with prefix (EPSG:4513 to 4533, zones 25 to 45) of a longitude in degrees."""
    return CRS.from_epsg(4513 + min(max(round(longitude / 3), 25), 45) - 25)


def label(crs: CRS | None) -> str:
    """``EPSG:4526``, or the CRS's name when it has no code; empty for none."""
    if crs is None:
        return ""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.name


def coordinate_problem(crs: CRS | None, bounds: Iterable[float]) -> tuple[str, dict[str, Any]] | None:
    """Do the coordinates contradict what the layer says of itself?

    ``bounds``: xmin, ymin, xmax, ymax in the layer's own units. Returns the problem's name and its parameters:
    ``missing`` (no CRS), ``degrees`` (says metres), ``metres`` (says degrees), ``axis`` (northing first), ``prefix``
    (zone prefix lacking, or there where the CRS has none), ``zone`` (another zone's prefix), ``not_metres``; or None.
    """
    xmin, ymin, xmax, ymax = bounds
    if crs is None:
        return "missing", {"hint": guess(xmin, ymin, xmax, ymax)}
    if not np.isfinite([xmin, ymin, xmax, ymax]).all():
        return None
    frame = describe(crs)
    name = label(crs)
    looks_degrees = max(abs(xmin), abs(xmax)) <= 360 and max(abs(ymin), abs(ymax)) <= 90
    if frame.geographic:
        if abs(ymin) > 90 or abs(ymax) > 90:
            swapped = max(abs(xmin), abs(xmax)) <= 90 and max(abs(ymin), abs(ymax)) <= 180
            return ("axis" if swapped else "metres"), {"crs": name, "hint": guess(xmin, ymin, xmax, ymax)}
        return None
    if not frame.metres:
        return "not_metres", {"crs": name}
    if looks_degrees:
        return "degrees", {"crs": name}
    if frame.zone is None:
        return None
    if _near(xmin, xmax, frame.false_easting):
        return None
    if _near(ymin, ymax, frame.false_easting) or (_zone_of(ymin, ymax) and not _zone_of(xmin, xmax)):
        return "axis", {"crs": name}
    found = _zone_of(xmin, xmax)
    if frame.prefixed and found and found != frame.zone:
        return "zone", {"crs": name, "zone": frame.zone, "found": found, "hint": guess(xmin, ymin, xmax, ymax)}
    if frame.prefixed != bool(found):
        return "prefix", {"crs": name, "hint": guess(xmin, ymin, xmax, ymax, zone=frame.zone)}
    return None


def _near(low: float, high: float, easting: float) -> bool:
    return abs(low - easting) <= EASTING_REACH_M and abs(high - easting) <= EASTING_REACH_M


def _zone_of(low: float, high: float) -> int:
    """The zone number in front of eastings such as 38 612 345, or 0."""
    if low < 13e6 or int(low // 1e6) != int(high // 1e6):
        return 0
    zone = int(low // 1e6)
    return zone if zone <= 45 and _near(low, high, zone * 1e6 + 500_000) else 0


def guess(xmin: float, ymin: float, xmax: float, ymax: float, zone: int | None = None) -> str:
    """The CRS that the coordinates look like, as ``EPSG:…``, or empty. A 3° zone where 3° and 6° read alike."""
    if 70 <= xmin <= xmax <= 140 and 0 <= ymin <= ymax <= 60:
        return "EPSG:4490"
    found = _zone_of(xmin, xmax)
    if 25 <= found <= 45:
        return f"EPSG:{4513 + found - 25}"
    if found:
        return f"EPSG:{4491 + found - 13}"
    if zone and 25 <= zone <= 45 and _near(xmin, xmax, 500_000.0):
        return f"EPSG:{4534 + zone - 25}"
    return ""


def choose(layers: Iterable[tuple[CRS, int]], longitude: float) -> CRS:
    """The CRS a plan is measured in: the projected one most features have, else the 3° zone of the county."""
    votes: Counter[CRS] = Counter()
    for crs, features in layers:
        if not describe(crs).geographic:
            votes[crs] += max(features, 1)
    if votes:
        return votes.most_common(1)[0][0]
    if 73 <= longitude <= 136:
        return three_degree_zone(longitude)
    # Outside China (trial data): any conformal metre grid near the place will do for finding shared parts.
    return CRS.from_dict(
        {"proj": "tmerc", "lon_0": round(longitude), "k": 1, "x_0": 500000, "ellps": "GRS80", "units": "m"}
    )


@lru_cache(maxsize=64)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def reproject(geometries: NDArray, source: CRS, target: CRS) -> NDArray:
    """(n,) geometries from one CRS to another, x = easting or longitude; the same array when they are equal."""
    if source == target:
        return geometries
    transformer = _transformer(source, target)
    return shapely.transform(geometries, lambda c: np.column_stack(transformer.transform(c[:, 0], c[:, 1])))


def to_lonlat(geometries: NDArray, crs: CRS) -> NDArray:
    """(n,) geometries as (longitude, latitude) in degrees on CGCS2000."""
    return reproject(geometries, crs, GEODETIC)
