# SPDX-License-Identifier: GPL-2.0-or-later
"""Which county is meant, and which coordinate systems suit it; from the list of divisions (行政区代码表)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .geometry import crs as crs_care
from .template import Code, CodeList

if TYPE_CHECKING:
    from pyproj import CRS

#: Province, city, county: the level of a county in the list.
COUNTY_LEVEL = 3
#: Half of a 3° zone and of a 6° zone: how far from its meridian a place may be.
_HALF_ZONE = {True: 3.0, False: 1.5}


def find_county(text: str, divisions: CodeList) -> Code:
    """A county by code, name, or name after its city's (``大同市浑源县``); the word 县 may be left out.

    InputError names what is near when there is none, or the codes when there are several.
    """
    wanted = text.strip()
    counties = [c for c in divisions.codes.values() if c.level == COUNTY_LEVEL]
    parents = {c.code: divisions.codes[c.parent].name if c.parent else "" for c in counties}
    for means in (
        lambda c: (c.code, c.name, parents[c.code] + c.name),
        lambda c: (c.name[:-1],) if len(c.name) > 2 else (),
    ):
        found = [c for c in counties if wanted in means(c)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = "、".join(f"{c.code} {parents[c.code]}{c.name}" for c in found)
            raise InputError("county_ambiguous", value=text, counties=shown)
    names = {**{c.name: c for c in counties}, **{c.code: c for c in counties}}
    # A code or a name of a city: its counties are what can be chosen.
    near = [c for c in counties if wanted in (c.parent, parents[c.code])]
    if wanted.isdigit():
        # Two digits in the wrong order, or one that is wrong.
        alike = [c for c in counties if len(wanted) == len(c.code) and _typing_slip(wanted, c.code)]
        near = near or alike or [c for c in counties if c.code[:4] == wanted[:4]]
    near = near or [names[n] for n in difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)] or counties[:4]
    shown = "、".join(f"{c.code} {c.name}" for c in {c.code: c for c in near}.values())
    raise InputError("county_unknown", value=text, near=shown)


def _typing_slip(wanted: str, code: str) -> bool:
    differ = [n for n, (a, b) in enumerate(zip(wanted, code, strict=True)) if a != b]
    swapped = len(differ) == 2 and sorted(wanted) == sorted(code) and differ[1] == differ[0] + 1
    return len(differ) == 1 or swapped


def extent(code: str, divisions: CodeList) -> tuple[float, float, Code] | None:
    """Western and eastern end (degrees) of a division, or of the nearest one above it that has them, and which that is."""
    for step in divisions.lineage(code):
        row = divisions.codes[step]
        try:
            return float(row.extra["west"]), float(row.extra["east"]), row
        except (KeyError, ValueError):
            # Not told of this one: ask the one above.
            continue
    return None


def zones_of(west: float, east: float) -> list[CRS]:
    """The 3° zones (with prefix) that a stretch of longitudes lies in."""
    first, last = round(west / 3), round(east / 3)
    return [crs_care.three_degree_zone(3.0 * zone) for zone in range(first, last + 1)]


def default_crs(code: str, divisions: CodeList) -> CRS:
    """The 3° zone of a county. InputError when the list does not tell one: someone has to choose."""
    found = extent(code, divisions)
    zones = zones_of(*found[:2]) if found else []
    if len(zones) == 1:
        return zones[0]
    county = divisions.codes[code].name
    raise InputError("create_crs_missing", county=county, known="、".join(map(_with_meridian, zones)) or "EPSG:4490")


def check_crs(crs: CRS | None, given: str = "") -> CRS:
    """The CRS itself when a plan can be drawn in it: a Gauss–Krüger zone of CGCS2000 in metres, or EPSG:4490.

    InputError for another; ``given`` is what the user wrote, for one that cannot be understood.
    """
    frame = crs_care.describe(crs) if crs is not None else None
    plane = frame is not None and not frame.geographic and frame.metres and frame.zone is not None
    if crs is None or frame is None or not frame.cgcs2000 or not (plane or frame.geographic):
        raise InputError("create_crs_kind", crs=crs_care.label(crs) or given or "-")
    return crs


def crs_warning(crs: CRS, code: str, divisions: CodeList) -> tuple[str, dict[str, Any]] | None:
    """A notice when the county does not lie in the CRS's zone (another province's CRS), as far as the list tells."""
    frame, found = crs_care.describe(crs), extent(code, divisions)
    if frame.geographic or frame.meridian is None or found is None:
        return None
    west, east, whose = found
    wide = frame.zone is not None and frame.zone < 25
    half = _HALF_ZONE[wide]
    if west - half < frame.meridian < east + half:
        return None
    params = {
        "crs": crs_care.label(crs),
        "meridian": f"{frame.meridian:g}",
        "county": divisions.codes[code].name,
        "whose": whose.name,
        "known": "、".join(map(_with_meridian, zones_of(west, east))),
    }
    return "notice_crs_of_elsewhere", params


def _with_meridian(crs: CRS) -> str:
    return f"{crs_care.label(crs)}（{crs_care.describe(crs).meridian:g}°E）"
