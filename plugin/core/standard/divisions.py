# SPDX-License-Identifier: GPL-2.0-or-later
"""Which county is meant, and which coordinate systems suit it; from the list of divisions (行政区代码表)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.crs_zones import zones_of
from .numbering import is_county
from .template import Code, CodeList

if TYPE_CHECKING:
    from pyproj import CRS

#: Province, city, county: the level of a county in the list.
COUNTY_LEVEL = 3
#: Half of a 3° zone and of a 6° zone: how far from its meridian a place may be.
_HALF_ZONE = {True: 3.0, False: 1.5}
#: Degrees beyond a county's own that no survey of it reaches.
_FAR = 1.5
_SIDES = ("west", "east", "south", "north")


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
    shown = "、".join(f"{c.code} {c.name}" for c in {c.code: c for c in _near(wanted, counties, parents)}.values())
    raise InputError("county_unknown", value=text, near=shown)


def _near(wanted: str, counties: list[Code], parents: dict[str, str]) -> list[Code]:
    """Return the counties that a text may mean: those of a city, those a slip of the pen away, or of similar names."""
    # A code or a name of a city: its counties are what can be chosen.
    near = [c for c in counties if wanted in (c.parent, parents[c.code])]
    if wanted.isdigit():
        # Two digits in the wrong order, or one that is wrong.
        alike = [c for c in counties if len(wanted) == len(c.code) and _typing_slip(wanted, c.code)]
        near = near or alike or [c for c in counties if c.code[:4] == wanted[:4]]
    names = {**{c.name: c for c in counties}, **{c.code: c for c in counties}}
    return near or [names[n] for n in difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)] or counties[:4]


def _typing_slip(wanted: str, code: str) -> bool:
    differ = [n for n, (a, b) in enumerate(zip(wanted, code, strict=True)) if a != b]
    swapped = len(differ) == 2 and sorted(wanted) == sorted(code) and differ[1] == differ[0] + 1
    return len(differ) == 1 or swapped


def parse_county(text: str, provinces: CodeList, divisions: CodeList) -> Code:
    """A county as someone tells it: code or name (`find_county`), or both, ``610724 西乡县``, for one of another province."""
    code, _, name = text.strip().partition(" ")
    return (
        make_unlisted_county(code, name, provinces, divisions)
        if code.isdigit() and name
        else find_county(text, divisions)
    )


def make_unlisted_county(code: str, name: str, provinces: CodeList, divisions: CodeList) -> Code:
    """A county that the list does not have, by the six digits someone typed (GB/T 2260) and its name.

    InputError when the code is no county's, of no province, or of a province whose counties are listed and it is not
    among them: there a code that is not in the list is a slip.
    """
    code, name = code.strip(), name.strip()
    listed = divisions.codes.get(code)
    if listed is not None and listed.level == COUNTY_LEVEL:
        if name and name not in (listed.name, divisions.codes[listed.parent].name + listed.name):
            raise InputError("county_code_name", value=code, county=listed.name, name=name)
        return listed
    if not is_county(code) or code.endswith("00") or code[2:4] == "00":
        raise InputError("county_code_form", value=code)
    province = f"{code[:2]}0000"
    if province not in provinces.codes:
        raise InputError("county_code_province", value=code, digits=code[:2])
    if province in divisions.codes:
        return find_county(code, divisions)
    if not name:
        raise InputError("county_name_missing", value=code)
    return Code(code, name, "", COUNTY_LEVEL, "C")


def explain_province_mismatch(code: str, province: str, digits: str) -> InputError:
    """Why a code cannot be that of a county in the province that was chosen."""
    return InputError("county_code_elsewhere", value=code, province=province, digits=digits)


class GeographicExtent(NamedTuple):
    """Western, eastern, southern and northern end in degrees (the latter two where they are told), and whose they are."""

    west: float
    east: float
    south: float | None
    north: float | None
    division: Code

    @property
    def latitude(self) -> float | None:
        return None if self.south is None or self.north is None else (self.south + self.north) / 2


def extent(code: str, divisions: CodeList) -> GeographicExtent | None:
    """The reach of a division, or of the nearest one above it that has it told; None where none has."""
    return next(iter(_extents(code, divisions)), None)


def _extents(code: str, divisions: CodeList) -> list[GeographicExtent]:
    """The reaches that are told of a division and of those above it, the nearest first."""
    found = []
    for step in divisions.lineage(code):
        row = divisions.codes[step]
        west, east, south, north = (_degrees(row.extra.get(side, "")) for side in _SIDES)
        if west is not None and east is not None:
            found.append(GeographicExtent(west, east, south, north, row))
    return found


def find_remote_extent(longitude: float, code: str, divisions: CodeList) -> GeographicExtent | None:
    """The reach of a county, or else of its city or province, when a longitude lies far from it; None when it does not.

    Far is more than half a 3° zone: coordinates taken for those of the next zone are three degrees off.
    """
    known = next((c for c in (code, f"{code[:4]}00", f"{code[:2]}0000") if c in divisions.codes), None)
    told = extent(known, divisions) if known else None
    if told is None or told.west - _FAR <= longitude <= told.east + _FAR:
        return None
    return told


def _degrees(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        # Not told.
        return None


def default_crs(code: str, divisions: CodeList) -> CRS:
    """The 3° zone of a county. InputError when the list does not tell one: someone has to choose."""
    found = extent(code, divisions)
    zones = [crs_care.three_degree_zone(3.0 * z) for z in zones_of(found.west, found.east)] if found else []
    if len(zones) == 1:
        return zones[0]
    county = divisions.codes[code].name if code in divisions.codes else code
    raise InputError("create_crs_missing", county=county, known="、".join(map(_with_meridian, zones)) or "EPSG:4490")


def check_crs(crs: CRS | None, given: str = "") -> CRS:
    """The CRS itself when a plan can be drawn in it: a Gauss–Krüger zone of CGCS2000 in metres, or EPSG:4490.

    InputError for another; ``given`` is what the user wrote, for one that cannot be understood.
    """
    frame = crs_care.describe_crs(crs) if crs is not None else None
    plane = frame is not None and not frame.geographic and frame.metres and frame.zone is not None
    if crs is None or frame is None or not frame.cgcs2000 or not (plane or frame.geographic):
        raise InputError("create_crs_kind", crs=crs_care.crs_label(crs) or given or "-")
    return crs


def crs_covers(crs: CRS, west: float, east: float) -> bool:
    """Does the zone of a CRS reach a stretch of longitudes? Always true of degrees."""
    frame = crs_care.describe_crs(crs)
    if frame.geographic or frame.meridian is None:
        return True
    half = _HALF_ZONE[frame.zone is not None and frame.zone < 25]
    return west - half < frame.meridian < east + half


def explain_crs_mismatch(crs: CRS, county: str, west: float, east: float) -> InputError:
    """Why a CRS does not suit a county between these longitudes."""
    return InputError("create_crs_elsewhere", **_elsewhere(crs, county, county, west, east))


def _elsewhere(crs: CRS, county: str, whose: str, west: float, east: float) -> dict[str, Any]:
    known = "、".join(_with_meridian(crs_care.three_degree_zone(3.0 * z)) for z in zones_of(west, east))
    meridian = f"{crs_care.describe_crs(crs).meridian:g}"
    return {"crs": crs_care.crs_label(crs), "meridian": meridian, "county": county, "whose": whose, "known": known}


def check_place(crs: CRS, code: str, divisions: CodeList) -> tuple[str, dict[str, Any]] | None:
    """Does the county lie in the CRS's zone, as far as the list tells?

    InputError for a zone that the whole province does not reach: a CRS of another province. A notice for one that the
    county itself (or its city) does not reach: work on a border is drawn in a neighbour's zone now and then.
    """
    told = _extents(code, divisions)
    out = [reach for reach in told if not crs_covers(crs, reach.west, reach.east)]
    if not out:
        return None
    far = out[-1]
    params = _elsewhere(crs, divisions.codes[code].name, far.division.name, far.west, far.east)
    if far is told[-1]:
        raise InputError("create_crs_elsewhere", **params)
    return "notice_crs_of_elsewhere", params


def _with_meridian(crs: CRS) -> str:
    return f"{crs_care.crs_label(crs)}（{crs_care.describe_crs(crs).meridian:g}°E）"
