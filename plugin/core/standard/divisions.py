# SPDX-License-Identifier: GPL-2.0-or-later
"""Find a county and suitable coordinate systems in the list of divisions (行政区代码表)."""

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

#: Level of a county in the list, after province and city.
COUNTY_LEVEL = 3
#: Half of a 3° and of a 6° zone: the largest distance of a place from its meridian.
_HALF_ZONE = {True: 3.0, False: 1.5}
#: Degrees beyond a county's extent that no survey of it reaches.
_FAR = 1.5
_SIDES = ("west", "east", "south", "north")


def find_county(text: str, divisions: CodeList) -> Code:
    """Return a county by code, name, or name after its city's (``大同市浑源县``).

    The word 县 may be omitted. Raise InputError with similar names for an unknown county, or with the codes of
    several.
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
    """Return the counties that a text may mean.

    They are those of a city, those with a typing error, and those of similar names.
    """
    # The code or name of a city: its counties are the candidates.
    near = [c for c in counties if wanted in (c.parent, parents[c.code])]
    if wanted.isdigit():
        # Two digits in the wrong order, or one wrong digit.
        alike = [c for c in counties if len(wanted) == len(c.code) and _typing_slip(wanted, c.code)]
        near = near or alike or [c for c in counties if c.code[:4] == wanted[:4]]
    names = {**{c.name: c for c in counties}, **{c.code: c for c in counties}}
    return near or [names[n] for n in difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)] or counties[:4]


def _typing_slip(wanted: str, code: str) -> bool:
    differ = [n for n, (a, b) in enumerate(zip(wanted, code, strict=True)) if a != b]
    swapped = len(differ) == 2 and sorted(wanted) == sorted(code) and differ[1] == differ[0] + 1
    return len(differ) == 1 or swapped


def parse_county(text: str, provinces: CodeList, divisions: CodeList) -> Code:
    """Return a county from a user's text.

    The text is a code or name (`find_county`), or both, ``610724 西乡县``, for a county of another province.
    """
    code, _, name = text.strip().partition(" ")
    return (
        make_unlisted_county(code, name, provinces, divisions)
        if code.isdigit() and name
        else find_county(text, divisions)
    )


def make_unlisted_county(code: str, name: str, provinces: CodeList, divisions: CodeList) -> Code:
    """Return a county that the list lacks, by six digits (GB/T 2260) and a name.

    Raise InputError if the code is not a county's, has no province, or is missing although the list has the counties
    of its province: the code is then a typing error.
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
    """Return the error for a code outside the selected province."""
    return InputError("county_code_elsewhere", value=code, province=province, digits=digits)


class GeographicExtent(NamedTuple):
    """Western, eastern, southern and northern limits in degrees, and the division.

    The list may lack the latter two limits.
    """

    west: float
    east: float
    south: float | None
    north: float | None
    division: Code

    @property
    def latitude(self) -> float | None:
        """Return the middle latitude in degrees, or None."""
        return None if self.south is None or self.north is None else (self.south + self.north) / 2


def extent(code: str, divisions: CodeList) -> GeographicExtent | None:
    """Return the extent of a division, or of the nearest one above it with an extent."""
    return next(iter(_extents(code, divisions)), None)


def _extents(code: str, divisions: CodeList) -> list[GeographicExtent]:
    """Return the extents of a division and of those above it, the nearest first."""
    found = []
    for step in divisions.lineage(code):
        row = divisions.codes[step]
        west, east, south, north = (_degrees(row.extra.get(side, "")) for side in _SIDES)
        if west is not None and east is not None:
            found.append(GeographicExtent(west, east, south, north, row))
    return found


def find_remote_extent(longitude: float, code: str, divisions: CodeList) -> GeographicExtent | None:
    """Return the extent of a county if a longitude is far from it, else None.

    Without an extent of the county that of its city or province is used. Far is more than half a 3° zone: coordinates
    assigned to the next zone are three degrees off.
    """
    known = next((c for c in (code, f"{code[:4]}00", f"{code[:2]}0000") if c in divisions.codes), None)
    found = extent(known, divisions) if known else None
    if found is None or found.west - _FAR <= longitude <= found.east + _FAR:
        return None
    return found


def _degrees(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        # The list has no extent.
        return None


def default_crs(code: str, divisions: CodeList) -> CRS:
    """Return the 3° zone of a county.

    Raise InputError if the list gives no zone: the user must choose one.
    """
    found = extent(code, divisions)
    zones = [crs_care.three_degree_zone(3.0 * z) for z in zones_of(found.west, found.east)] if found else []
    if len(zones) == 1:
        return zones[0]
    county = divisions.codes[code].name if code in divisions.codes else code
    raise InputError("create_crs_missing", county=county, known="、".join(map(_with_meridian, zones)) or "EPSG:4490")


def check_crs(crs: CRS | None, given: str = "") -> CRS:
    """Return the CRS if a plan can be drawn in it.

    It is a Gauss–Krüger zone of CGCS2000 in metres, or EPSG:4490. Raise InputError for another CRS; ``given`` is the
    user's text for a CRS that cannot be interpreted.
    """
    frame = crs_care.describe_crs(crs) if crs is not None else None
    plane = frame is not None and not frame.geographic and frame.metres and frame.zone is not None
    if crs is None or frame is None or not frame.cgcs2000 or not (plane or frame.geographic):
        raise InputError("create_crs_kind", crs=crs_care.crs_label(crs) or given or "-")
    return crs


def crs_covers(crs: CRS, west: float, east: float) -> bool:
    """Return True if the zone of a CRS covers a range of longitudes.

    A CRS in degrees covers all.
    """
    frame = crs_care.describe_crs(crs)
    if frame.geographic or frame.meridian is None:
        return True
    half = _HALF_ZONE[frame.zone is not None and frame.zone < 25]
    return west - half < frame.meridian < east + half


def explain_crs_mismatch(crs: CRS, county: str, west: float, east: float) -> InputError:
    """Return the error for a CRS that does not suit a county between these longitudes."""
    return InputError("create_crs_elsewhere", **_elsewhere(crs, county, county, west, east))


def _elsewhere(crs: CRS, county: str, owner_name: str, west: float, east: float) -> dict[str, Any]:
    known = "、".join(_with_meridian(crs_care.three_degree_zone(3.0 * z)) for z in zones_of(west, east))
    meridian = f"{crs_care.describe_crs(crs).meridian:g}"
    return {"crs": crs_care.crs_label(crs), "meridian": meridian, "county": county, "whose": owner_name, "known": known}


def check_place(crs: CRS, code: str, divisions: CodeList) -> tuple[str, dict[str, Any]] | None:
    """Check that the county is in the CRS's zone, by the extents of the list.

    Raise InputError for a zone outside the whole province. Return a notice for a zone outside the county (or its
    city): work at a border sometimes uses the neighbouring zone.
    """
    extents = _extents(code, divisions)
    out = [reach for reach in extents if not crs_covers(crs, reach.west, reach.east)]
    if not out:
        return None
    far = out[-1]
    params = _elsewhere(crs, divisions.codes[code].name, far.division.name, far.west, far.east)
    if far is extents[-1]:
        raise InputError("create_crs_elsewhere", **params)
    return "notice_crs_of_elsewhere", params


def _with_meridian(crs: CRS) -> str:
    return f"{crs_care.crs_label(crs)}（{crs_care.describe_crs(crs).meridian:g}°E）"
