# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the target CRS of a change of zone (带号): add or strip the zone number, or another 3° zone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pyproj import CRS

from ..errors import InputError
from ..geometry.crs import describe_crs, is_standard_zone, make_crs_label
from ..geometry.crs_zones import FIRST_ZONE, LAST_ZONE, ZONE_WIDTH_DEGREES

#: EPSG codes of zone 25 with and without zone number; the codes of the other zones follow.
_FIRST_CODE_WITH_NUMBER, _FIRST_CODE_WITHOUT_NUMBER = 4513, 4534


class ZoneNumber(StrEnum):
    """What happens to the zone number at the beginning of eastings."""

    KEEP = "keep"
    ADD = "add"
    STRIP = "strip"


@dataclass(frozen=True)
class ZoneChange:
    """How the coordinates of a layer change.

    ``shift_m``: what is added to eastings where the central meridian stays; None if the layer is reprojected.
    """

    source_crs: CRS
    target_crs: CRS
    shift_m: float | None


def make_zone_crs(zone: int, *, has_number: bool) -> CRS:
    """Return a 3° zone of CGCS2000: EPSG:4513 to 4533 with zone number, EPSG:4534 to 4554 without.

    Raise InputError for a zone other than 25 to 45.
    """
    if not FIRST_ZONE <= zone <= LAST_ZONE:
        raise InputError("zone_unknown", value=zone, first=FIRST_ZONE, last=LAST_ZONE)
    first_code = _FIRST_CODE_WITH_NUMBER if has_number else _FIRST_CODE_WITHOUT_NUMBER
    return CRS.from_epsg(first_code + zone - FIRST_ZONE)


def plan_zone_change(layer: str, source_crs: CRS | None, zone: int, number: ZoneNumber) -> ZoneChange | None:
    """Return how the coordinates of a layer change; None if they stay as they are.

    A layer in degrees has no zone and stays. ``zone``: number of the target's 3° zone; 0 keeps the central meridian.

    Raises
    ------
    InputError
        The layer has no CRS, or its CRS is not a Gauss–Krüger zone of CGCS2000 with the usual false easting; the
        central meridian is not that of a 3° zone and no zone is given.
    """
    if source_crs is None:
        raise InputError("zone_no_crs", layer=layer)
    frame = describe_crs(source_crs)
    if frame.is_geographic and frame.is_cgcs2000:
        return None
    if not is_standard_zone(source_crs) or frame.central_meridian is None:
        raise InputError("zone_crs", layer=layer, crs=make_crs_label(source_crs))
    present_zone = frame.central_meridian / ZONE_WIDTH_DEGREES
    if not zone and present_zone != round(present_zone):
        raise InputError("zone_crs", layer=layer, crs=make_crs_label(source_crs))
    has_number = frame.has_zone_prefix if number is ZoneNumber.KEEP else number is ZoneNumber.ADD
    target_crs = make_zone_crs(zone or round(present_zone), has_number=has_number)
    target_frame = describe_crs(target_crs)
    if target_frame.central_meridian != frame.central_meridian:
        return ZoneChange(source_crs, target_crs, None)
    shift_m = target_frame.false_easting - frame.false_easting
    return ZoneChange(source_crs, target_crs, shift_m) if shift_m else None
