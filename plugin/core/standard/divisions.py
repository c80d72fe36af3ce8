# SPDX-License-Identifier: GPL-2.0-or-later
"""Find a county, its CRS, and names of other places by the list of divisions (行政区代码表)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pyproj import CRS

from ..base.errors import InputError
from ..geometry import crs as crs_care
from .numbering import has_county_code_format
from .template import CodeEntry, CodeList

#: Level of a county in the list, after province and city.
COUNTY_LEVEL = 3
#: Id of the list of counties whose codes have changed since 2019: plans of 2020–2022 have them.
FORMER_DIVISIONS = "former_divisions"
#: Half of a 3° and of a 6° zone: the largest distance of a place from its meridian.
_HALF_ZONE_DEGREES_BY_IS_SIX_DEGREE = {True: 3.0, False: 1.5}
#: Degrees beyond a county's extent that no survey of it reaches.
_MAX_DEGREES_OUTSIDE_ZONE = 1.5
_EXTENT_COLUMNS = ("west", "east", "south", "north")
#: Similar names that are compared, of which four are proposed.
_CLOSE_MATCHES = 40
#: A province, or a city with one of its counties, at the beginning of a text; the county is not a 社区, 开发区, 规划区
#: and the like.
_UPPER_DIVISION_PATTERN = re.compile(
    "(?P<province>[\u4e00-\u9fff]{2,}?(?:省|自治区|特别行政区))"
    "|(?P<city>[\u4e00-\u9fff]{2,}?(?:市|自治州|地区|盟))"
    "(?=[\u4e00-\u9fff]{1,6}?(?:(?<![社小园景矿林库镇])(?<!开发)(?<!规划)(?<!保护)(?<!集中)区|县|市|旗))"
)
#: A text that is only the name of a city or a county.
_WHOLE_NAME_PATTERN = re.compile("[\u4e00-\u9fff]{2,}(?:省|自治区|特别行政区|市|自治州|地区|盟|县|旗)")
#: Words that end like a city but do not name one.
_WORDS_NOT_NAMING_A_CITY = ("中心城市", "县级市", "地级市")


def find_county(text: str, divisions: CodeList) -> CodeEntry:
    """Return a county by code, name, or name after its city's (``大同市浑源县``).

    The last character of the name (县) may be omitted. Raise InputError with similar names for an unknown county, and
    with the codes for several counties.
    """
    searched = text.strip()
    counties = [county for county in divisions.entry_by_code.values() if county.level == COUNTY_LEVEL]
    parents = {county.code: divisions.entry_by_code[county.parent].name if county.parent else "" for county in counties}
    for list_spellings in (
        lambda county: (county.code, county.name, parents[county.code] + county.name),
        lambda county: (county.name[:-1],) if len(county.name) > 2 else (),
    ):
        matches = [county for county in counties if searched in list_spellings(county)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            county_list_text = "、".join(f"{county.code} {parents[county.code]}{county.name}" for county in matches)
            raise InputError("county_ambiguous", value=text, counties=county_list_text)
    # What the text may mean: the counties of a city, a mistyped code, counties of the same city, similar names.
    candidates = [county for county in counties if searched in (county.parent, parents[county.code])]
    if searched.isdigit():
        similar_codes = [county for county in counties if _is_typing_error(searched, county.code)]
        candidates = candidates or similar_codes or [county for county in counties if county.code[:4] == searched[:4]]
    county_by_name_or_code = {
        **{county.name: county for county in counties},
        **{county.code: county for county in counties},
    }
    close_matches = difflib.get_close_matches(searched, county_by_name_or_code, n=_CLOSE_MATCHES, cutoff=0.5)
    # Of many names with the same character, those that begin like the text come first.
    close_matches.sort(key=lambda name: name[:1] != searched[:1])
    candidates = candidates or [county_by_name_or_code[name] for name in close_matches[:4]] or counties[:4]
    labels = dict.fromkeys(f"{county.code} {county.name}" for county in candidates)
    raise InputError("county_unknown", value=text, near="、".join(labels))


def find_divisions_by_name(text: str, divisions: CodeList) -> list[CodeEntry]:
    """Return the provinces, cities and counties with a name, which may follow those above it (``大同市平城区``)."""
    found = []
    for code, entry in divisions.entry_by_code.items():
        names = [divisions.entry_by_code[one].name for one in divisions.list_code_and_parents(code)]
        # 平城区, 大同市平城区, 山西省大同市平城区
        if text in ["".join(reversed(names[:count])) for count in range(1, len(names) + 1)]:
            found.append(entry)
    return found


def _is_typing_error(searched: str, code: str) -> bool:
    """Return True if two codes of equal length differ in one digit or by two swapped neighbouring digits."""
    if len(searched) != len(code):
        return False
    positions = [n for n, (a, b) in enumerate(zip(searched, code, strict=True)) if a != b]
    are_swapped = len(positions) == 2 and positions[1] == positions[0] + 1 and sorted(searched) == sorted(code)
    return len(positions) == 1 or are_swapped


def label_division(code: str, divisions: CodeList | None) -> str:
    """Return the code of a division followed by its name; the code alone if the list lacks it."""
    entry = None if divisions is None else divisions.entry_by_code.get(code)
    return code if entry is None else f"{code} {entry.name}"


def parse_county(text: str, code_lists: Mapping[str, CodeList]) -> CodeEntry:
    """Return a county from a user's text.

    The text is a code or name (`find_county`), or both: ``610724 西乡县``. The code may be a former one.
    """
    code, _, name = text.strip().partition(" ")
    if code.isdigit() and name:
        return make_unlisted_county(code, name, code_lists)
    return code_lists[FORMER_DIVISIONS].entry_by_code.get(code) or find_county(text, code_lists["divisions"])


def make_unlisted_county(code: str, name: str, code_lists: Mapping[str, CodeList]) -> CodeEntry:
    """Return a county by six digits (GB/T 2260) and a name, also one that the lists lack because its code is new.

    Raise InputError if the code is not a county's, has no province, or belongs to another name, and if the county of
    this name has another code: the code is then a typing error.
    """
    code, name = code.strip(), name.strip()
    divisions = code_lists["divisions"]
    listed_county = divisions.entry_by_code.get(code) or code_lists[FORMER_DIVISIONS].entry_by_code.get(code)
    if listed_county is not None and listed_county.level == COUNTY_LEVEL:
        lineage = [divisions.entry_by_code[one].name for one in divisions.list_code_and_parents(listed_county.parent)]
        # 浑源县, 大同市浑源县, 山西省大同市浑源县
        names = ["".join([*reversed(lineage[:count]), listed_county.name]) for count in range(len(lineage) + 1)]
        if name and name not in names:
            raise InputError("county_code_name", value=code, county=listed_county.name, name=name)
        return listed_county
    if not has_county_code_format(code) or code.endswith("00") or code[2:4] == "00":
        raise InputError("county_code_form", value=code)
    province = f"{code[:2]}0000"
    if province not in divisions.entry_by_code:
        raise InputError("county_code_province", value=code, digits=code[:2])
    if any(one.name == name and one.code[:2] == code[:2] for one in divisions.entry_by_code.values()):
        return find_county(code, divisions)
    if not name:
        raise InputError("county_name_missing", value=code)
    return CodeEntry(code, name, "", COUNTY_LEVEL, "C")


class GeographicExtent(NamedTuple):
    """Extent of a division in degrees; ``south`` and ``north`` are None if unknown."""

    west: float
    east: float
    south: float | None
    north: float | None
    division: CodeEntry

    @property
    def middle_latitude(self) -> float | None:
        """Return the middle latitude in degrees, or None."""
        return None if self.south is None or self.north is None else (self.south + self.north) / 2


def find_extent(code: str, divisions: CodeList) -> GeographicExtent | None:
    """Return the extent of a division, else of the nearest division above it, else None."""
    return next(iter(_list_extents(code, divisions)), None)


def _list_extents(code: str, divisions: CodeList) -> list[GeographicExtent]:
    """Return the extents of a division and of those above it, the nearest first."""
    extents = []
    for division_code in divisions.list_code_and_parents(code):
        row = divisions.entry_by_code[division_code]
        west, east, south, north = (_parse_degrees(row.other_columns.get(side, "")) for side in _EXTENT_COLUMNS)
        if west is not None and east is not None:
            extents.append(GeographicExtent(west, east, south, north, row))
    return extents


def find_extent_if_remote(longitude: float, code: str, divisions: CodeList) -> GeographicExtent | None:
    """Return the extent of a county if a longitude is far outside it, else None.

    Far is more than half a 3° zone, because coordinates assigned to the next zone are three degrees off. If the list
    lacks the county, the extent of its city or province is used.
    """
    listed_code = next(
        (
            division_code
            for division_code in (code, f"{code[:4]}00", f"{code[:2]}0000")
            if division_code in divisions.entry_by_code
        ),
        None,
    )
    known_extent = find_extent(listed_code, divisions) if listed_code else None
    if (
        known_extent is None
        or known_extent.west - _MAX_DEGREES_OUTSIDE_ZONE <= longitude <= known_extent.east + _MAX_DEGREES_OUTSIDE_ZONE
    ):
        return None
    return known_extent


def _parse_degrees(text: str) -> float | None:
    """Return a cell of the list as degrees; None if it is empty."""
    try:
        return float(text)
    except ValueError:
        # The list has no extent.
        return None


def _list_zones(west: float, east: float) -> list[CRS]:
    """Return the 3° zones of CGCS2000 between two longitudes (degrees)."""
    # A check of a plan in the county's zone needs no list of zones.
    from ..geometry.crs_zones import list_zones

    return [crs_care.find_three_degree_zone(3.0 * zone) for zone in list_zones(west, east)]


def find_default_crs(code: str, divisions: CodeList) -> CRS:
    """Return the 3° zone of CGCS2000 that contains a county.

    Raise InputError if the list gives no zone or several: the user must choose one.
    """
    county_extent = find_extent(code, divisions)
    zones = _list_zones(county_extent.west, county_extent.east) if county_extent else []
    if len(zones) == 1:
        return zones[0]
    county = divisions.entry_by_code[code].name if code in divisions.entry_by_code else code
    raise InputError(
        "create_crs_missing", county=county, known="、".join(map(_format_with_meridian, zones)) or "EPSG:4490"
    )


def require_drawable_crs(crs: CRS | None, given: str = "") -> CRS:
    """Return the CRS if a plan can be drawn in it, else raise InputError.

    It must be a Gauss–Krüger zone of CGCS2000 in metres, or EPSG:4490. ``given``: the user's text, for a CRS that
    cannot be interpreted.
    """
    if crs is None or not crs_care.is_standard_zone(crs):
        raise InputError("create_crs_kind", crs=crs_care.make_crs_label(crs) or given or "-")
    return crs


def is_longitude_range_in_crs_zone(crs: CRS, west: float, east: float) -> bool:
    """Return True if the zone of a CRS covers a range of longitudes (degrees).

    A CRS in degrees covers all.
    """
    frame = crs_care.describe_crs(crs)
    if frame.is_geographic or frame.central_meridian is None:
        return True
    half_width = _HALF_ZONE_DEGREES_BY_IS_SIX_DEGREE[frame.zone_number is not None and frame.zone_number < 25]
    return west - half_width < frame.central_meridian < east + half_width


def make_mismatch_params(crs: CRS, county: str, owner_name: str, west: float, east: float) -> dict[str, Any]:
    """Return the parameters of a text on a CRS whose zone does not suit a county's longitudes.

    ``owner_name``: the division (county, city or province) that has the longitudes ``west`` to ``east``.
    """
    return {
        "crs": crs_care.make_crs_label(crs),
        "meridian": f"{crs_care.describe_crs(crs).central_meridian:g}",
        "county": county,
        "whose": owner_name,
        "known": "、".join(map(_format_with_meridian, _list_zones(west, east))),
    }


def check_county_in_crs_zone(crs: CRS, code: str, divisions: CodeList) -> tuple[str, dict[str, Any]] | None:
    """Check that a county is in the zone of a CRS, by the extents in the list.

    Raise InputError for a zone outside the whole province. Return a notice (text key, parameters) for a zone outside
    the county or its city: work at a border sometimes uses the neighbouring zone. Return None if the zone suits.
    """
    extents = _list_extents(code, divisions)
    not_covered = [
        covered_extent
        for covered_extent in extents
        if not is_longitude_range_in_crs_zone(crs, covered_extent.west, covered_extent.east)
    ]
    if not not_covered:
        return None
    outermost = not_covered[-1]
    params = make_mismatch_params(
        crs, divisions.entry_by_code[code].name, outermost.division.name, outermost.west, outermost.east
    )
    if outermost is extents[-1]:
        raise InputError("create_crs_elsewhere", **params)
    return "notice_crs_of_elsewhere", params


def _format_with_meridian(crs: CRS) -> str:
    """Return a CRS by name with its central meridian: “EPSG:4526（114°E）”."""
    return f"{crs_care.make_crs_label(crs)}（{crs_care.describe_crs(crs).central_meridian:g}°E）"


def find_place_outside_county(text: str, code: str, divisions: CodeList, *, whole: bool = True) -> str:
    """Return the place outside a county that a text begins with; empty without one.

    The place is a province, city or county. ``code``: the county's six digits. A text that begins with the county, or
    with a division above it, is not foreign. ``whole``: include a text that is only the name of a city or county;
    otherwise it may be a village of that name.
    """
    own_names = [divisions.entry_by_code[division].name for division in divisions.list_code_and_parents(code)]
    if not own_names or own_names[0] in text:
        return ""
    remaining_text = text.strip()
    for name in reversed(own_names):
        remaining_text = remaining_text.removeprefix(name)
    if remaining_text.startswith(_WORDS_NOT_NAMING_A_CITY):
        return ""
    match = _UPPER_DIVISION_PATTERN.match(remaining_text)
    if match:
        return match[0]
    return remaining_text if whole and _WHOLE_NAME_PATTERN.fullmatch(remaining_text) else ""
