# SPDX-License-Identifier: GPL-2.0-or-later
"""Do coordinates contradict what their layer says of itself: zone, prefix, axis order, degrees for metres? And which CRS they
look like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from pyproj import CRS

from . import crs as crs_care

#: A zone's eastings lie this near its false easting: half a 6° zone at the equator is 334 km, and neighbours spill over.
EASTING_REACH_M = 450_000.0
#: No place on Earth has a northing beyond this.
NORTHING_REACH_M = 10_100_000.0


def coordinate_problem(crs: CRS | None, bounds: Iterable[float]) -> tuple[str, dict[str, Any]] | None:
    """Do the coordinates contradict what the layer says of itself?

    ``bounds``: xmin, ymin, xmax, ymax in the layer's own units. Returns the problem's name and its parameters:
    ``missing`` (no CRS), ``degrees`` (says metres), ``metres`` (says degrees), ``axis`` (northing first), ``prefix``
    (zone prefix lacking, or there where the CRS has none), ``zone`` (another zone's prefix), ``meridian`` (the CRS's
    own prefix and central meridian disagree), ``beyond`` (no place of that CRS), ``not_metres``; or None.
    """
    xmin, ymin, xmax, ymax = bounds
    if crs is None:
        return "missing", {"hint": guess(xmin, ymin, xmax, ymax)}
    if not np.isfinite([xmin, ymin, xmax, ymax]).all():
        return None
    frame = crs_care.describe(crs)
    params: dict[str, Any] = {"crs": crs_care.label(crs)}
    if frame.geographic:
        return _problem_of_degrees(frame, params, xmin, ymin, xmax, ymax)
    if not frame.metres:
        return "not_metres", params
    if max(abs(xmin), abs(xmax)) <= 360 and max(abs(ymin), abs(ymax)) <= 90:
        return "degrees", params
    if frame.cgcs2000 and frame.zone and frame.prefixed and frame.meridian not in (frame.zone * 3, frame.zone * 6 - 3):
        return "meridian", {**params, "zone": frame.zone, "meridian": f"{frame.meridian:g}"}
    if max(abs(xmin), abs(ymin), abs(xmax), abs(ymax)) > 1e8:
        return "beyond", params
    if frame.zone is None or _near(xmin, xmax, frame.false_easting):
        swapped = frame.zone is not None and not _northing(ymin, ymax)
        return ("beyond", params) if swapped else None
    if _near(ymin, ymax, frame.false_easting) or (_zone_of(ymin, ymax) and not _zone_of(xmin, xmax)):
        return "axis", params
    found = _zone_of(xmin, xmax)
    if frame.prefixed and found and found != frame.zone:
        return "zone", {**params, "zone": frame.zone, "found": found, "hint": guess(xmin, ymin, xmax, ymax)}
    if (frame.prefixed and _near(xmin, xmax, 500_000.0)) or (not frame.prefixed and found):
        return "prefix", {**params, "hint": guess(xmin, ymin, xmax, ymax, zone=frame.zone)}
    return "beyond", params


def _problem_of_degrees(
    frame: crs_care.Frame, params: dict[str, Any], xmin: float, ymin: float, xmax: float, ymax: float
) -> tuple[str, dict[str, Any]] | None:
    if abs(ymin) > 90 or abs(ymax) > 90:
        swapped = max(abs(xmin), abs(xmax)) <= 90 and max(abs(ymin), abs(ymax)) <= 180
        return ("axis" if swapped else "metres"), {**params, "hint": guess(xmin, ymin, xmax, ymax)}
    if max(abs(xmin), abs(xmax)) > 360:
        return "beyond", params
    # West of 90° E both orders are degrees that exist; only one of them lies in China.
    if frame.cgcs2000 and not _in_china(xmin, ymin, xmax, ymax) and _in_china(ymin, xmin, ymax, xmax):
        return "axis", params
    # Radians, minutes, coordinates of a drawing: degrees of somewhere, but not of China.
    if frame.cgcs2000 and (xmax < 70 or xmin > 140 or ymax < 0 or ymin > 60):
        return "beyond", params
    return None


def _in_china(xmin: float, ymin: float, xmax: float, ymax: float) -> bool:
    return 70 <= xmin <= xmax <= 140 and 0 <= ymin <= ymax <= 60


def _northing(low: float, high: float) -> bool:
    return -NORTHING_REACH_M <= low <= high <= NORTHING_REACH_M


def _near(low: float, high: float, easting: float) -> bool:
    return abs(low - easting) <= EASTING_REACH_M and abs(high - easting) <= EASTING_REACH_M


def _zone_of(low: float, high: float) -> int:
    """The zone number in front of eastings such as 38 612 345, or 0."""
    if not (13e6 <= low <= high < 46e6) or int(low // 1e6) != int(high // 1e6):
        return 0
    zone = int(low // 1e6)
    return zone if _near(low, high, zone * 1e6 + 500_000) else 0


def guess(xmin: float, ymin: float, xmax: float, ymax: float, zone: int | None = None) -> str:
    """The CRS that the coordinates look like, as ``EPSG:…``, or empty. A 3° zone where 3° and 6° read alike."""
    if _in_china(xmin, ymin, xmax, ymax):
        return "EPSG:4490"
    found = _zone_of(xmin, xmax)
    if 25 <= found <= 45:
        return f"EPSG:{4513 + found - 25}"
    if found:
        return f"EPSG:{4491 + found - 13}" if found <= 23 else ""
    if zone and _near(xmin, xmax, 500_000.0):
        # A prefix of 6° zones says the same meridian as a 3° zone of its own number.
        zone = 2 * zone - 1 if zone < 25 else zone
        return f"EPSG:{4534 + zone - 25}" if 25 <= zone <= 45 else ""
    return ""
