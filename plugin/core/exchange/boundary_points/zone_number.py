# SPDX-License-Identifier: GPL-2.0-or-later
"""The number of a Gauss–Krüger zone of CGCS2000, and the same zone with or without it in eastings."""

from __future__ import annotations

from pyproj import CRS

from ...geometry.crs import describe_crs
from .crs_choice import make_gauss_kruger_crs
from .settings import load_settings

#: EPSG codes of the 6° zones without zone number, which only their codes distinguish from 3° zones.
_SIX_DEGREE_CODES = range(4502, 4513)


def get_zone_and_width(crs: CRS) -> tuple[int, int]:
    """Return number and width in degrees (3 or 6) of a zone. ``crs``: a Gauss–Krüger zone of CGCS2000."""
    frame = describe_crs(crs)
    if frame.has_zone_prefix and frame.zone_number is not None:
        return frame.zone_number, load_settings().get_zone_width(frame.zone_number)
    meridian = round(frame.central_meridian or 0)
    if crs.to_epsg() in _SIX_DEGREE_CODES:
        return (meridian + 3) // 6, 6
    return meridian // 3, 3


def add_zone_number(crs: CRS, *, has_number: bool) -> CRS:
    """Return the same zone with or without zone number. ``crs``: a Gauss–Krüger zone of CGCS2000."""
    if describe_crs(crs).has_zone_prefix == has_number:
        return crs
    zone, width = get_zone_and_width(crs)
    return make_gauss_kruger_crs(zone, width, has_number=has_number)
