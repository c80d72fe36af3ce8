# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the CRS of a boundary-point file from what it states; ask for it where that is not enough.

Nothing is guessed: a file that does not name CGCS2000, or names another datum, or leaves the zone open, is refused
with an error that names what to give.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyproj import CRS

from ...base.errors import InputError
from ...geometry.crs import (
    EASTING_REACH_M,
    describe_crs,
    is_standard_zone,
    make_crs_label,
    make_gauss_kruger_crs,
    parse_crs,
)
from .forms import load_settings, normalise_word
from .parcels import (
    HeaderValue,
    NoteLevel,
    ParsedFile,
    PointNote,
    PointRow,
    RawParcel,
    find_integer,
    normalise_digits,
    parse_meridian,
)

#: Metres that one zone number adds to an easting, and the false easting within a zone.
ZONE_STEP_M, FALSE_EASTING_M = 1_000_000.0, 500_000.0
#: EPSG codes of the 6° zones without zone number, which only their codes distinguish from 3° zones.
_SIX_DEGREE_CODES = range(4502, 4513)


def get_zone_and_width(crs: CRS) -> tuple[int, int]:
    """Return number and width in degrees (3 or 6) of a zone. ``crs``: a Gauss–Krüger zone of CGCS2000."""
    frame = describe_crs(crs)
    if frame.has_zone_prefix and frame.zone_number is not None:
        return frame.zone_number, load_settings().get_zone_width(frame.zone_number)
    meridian = round(frame.central_meridian or 0)
    return ((meridian + 3) // 6, 6) if crs.to_epsg() in _SIX_DEGREE_CODES else (meridian // 3, 3)


@dataclass(frozen=True)
class _Statement:
    """What a header states about the zone: number and width in degrees, 0 if it does not state them.

    ``value``: that of the number. ``wrong_meridian``: a central meridian that is not that of the zone, or of any zone.
    """

    zone: int
    width: int
    value: HeaderValue | None
    wrong_meridian: HeaderValue | None


def choose_crs(parsed: ParsedFile, given_text: str) -> tuple[CRS, list[PointNote]]:
    """Return the CRS of a file, and notes on statements of its header that were not used.

    ``given_text``: the CRS that the user gives; empty if the file is to state it.

    Raises
    ------
    InputError
        The file is not in CGCS2000 (西安80, 北京54), not in metres or not in a Gauss–Krüger projection; it contradicts
        itself or the given CRS; or the CRS is not stated and must be given.
    """
    name = parsed.path.name
    _require_metres(parsed)
    datum = _require_usable_header(parsed)
    stated = _read_stated_zone(parsed)
    rows_by_zone: dict[int, list[PointRow]] = {}
    for zone_row in parsed.rows:
        if not is_swapped(zone_row.north, zone_row.east):
            rows_by_zone.setdefault(find_zone_number(zone_row.east), []).append(zone_row)
    first_row_by_zone = {zone: found[0] for zone, found in sorted(rows_by_zone.items(), key=lambda item: -len(item[1]))}
    if given_text:
        crs = require_usable_crs(given_text)
        return crs, [*_compare_with_given(parsed, crs, stated, first_row_by_zone), *_note_parameters(parsed)]
    # The CRS of CGCS2000 that zone numbers suggest, as an example to give; any if they suggest none.
    zone_number = next((zone for zone in first_row_by_zone if zone), 0)
    hint_zone = zone_number or stated.zone
    hint_width = load_settings().get_zone_width(hint_zone)
    hint = (
        make_crs_label(make_gauss_kruger_crs(hint_zone, hint_width, has_number=bool(zone_number)))
        if hint_width
        else "EPSG:4526"
    )
    if stated.wrong_meridian is not None:
        raise InputError(
            "boundary_meridian",
            file=name,
            line=stated.wrong_meridian.place.line,
            zone=stated.zone or "—",
            meridian=stated.wrong_meridian.text,
        )
    if datum != "cgcs2000":
        raise InputError("boundary_crs_not_stated", file=name, hint=hint)
    zones = [zone for zone in first_row_by_zone if zone]
    prevailing = next(iter(first_row_by_zone), 0)
    if stated.zone:
        if prevailing and stated.zone != prevailing:
            row = first_row_by_zone[prevailing]
            raise InputError(
                "boundary_zone_contradiction",
                file=name,
                zone=stated.zone,
                found=prevailing,
                line=row.place.line,
                hint=hint,
            )
        zone = stated.zone
    elif len(zones) > 1:
        listed = "、".join(f"{zone}（{first_row_by_zone[zone].place.line}）" for zone in zones)
        raise InputError("boundary_zones_mixed", file=name, zones=listed, hint=hint)
    elif zones:
        zone = zones[0]
    else:
        raise InputError("boundary_zone_not_stated", file=name)
    width = load_settings().get_zone_width(zone)
    if not width or (stated.width and stated.width != width):
        raise InputError("boundary_zone_width", file=name, zone=zone, width=stated.width or "—", right=width or "—")
    crs = make_gauss_kruger_crs(zone, width, has_number=prevailing > 0)
    notes = [PointNote("six_degree", NoteLevel.WARNING, params={"zone": zone})] if width == 6 else []
    return crs, [*notes, *_note_parameters(parsed)]


def _require_metres(parsed: ParsedFile) -> None:
    """Raise InputError for a file in degrees, or for one in which all points have X and Y swapped."""
    rows = parsed.rows
    if not rows:
        return
    if all(abs(row.north) <= 180 and abs(row.east) <= 180 for row in rows):
        raise InputError("boundary_degrees", file=parsed.path.name, line=rows[0].place.line)
    if all(is_swapped(row.north, row.east) for row in rows):
        raise InputError("boundary_swapped", file=parsed.path.name, line=rows[0].place.line, point=rows[0].name)


def _require_usable_header(parsed: ParsedFile) -> str:
    """Return how the datum of a file is classified. Raise InputError if its header makes the file unusable."""
    settings, values, name = load_settings(), parsed.header_values, parsed.path.name
    for meaning, words in (("projection", settings.projection_words), ("unit", settings.unit_words)):
        value = values.get(meaning)
        if value is not None and value.text and not any(word in normalise_word(value.text) for word in words):
            raise InputError(f"boundary_{meaning}", file=name, value=value.text, line=value.place.line)
    stated = values.get("datum")
    text = stated.text if stated is not None and stated.text else parsed.form.crs.datum
    datum = settings.classify_datum(text) if text else "unknown"
    if datum == "refused":
        line = stated.place.line if stated is not None else 0
        raise InputError("boundary_datum", file=name, value=text, line=line)
    return datum


def _read_stated_zone(parsed: ParsedFile) -> _Statement:
    """Return zone and width that the header or the form states; a central meridian gives its zone, 3° wide if unstated.

    A central meridian that cannot be read is a wrong one too.
    """
    values = parsed.header_values
    numbers = {key: find_integer(values[key].text) or 0 if key in values else 0 for key in ("zone", "zone_width")}
    zone, width = numbers["zone"] or parsed.form.crs.zone, numbers["zone_width"]
    value = values.get("meridian")
    if value is None or not any(map(str.isdecimal, normalise_digits(value.text))):
        return _Statement(zone, width, values.get("zone"), None)
    meridian = parse_meridian(value.text)
    possible = (zone * 3, zone * 6 - 3) if zone else range(75, 136, 6 if width == 6 else 3)
    if meridian is None or meridian not in possible:
        return _Statement(zone, width, values.get("zone"), value)
    zone = zone or int(meridian + 3 if width == 6 else meridian * 2) // 6
    return _Statement(zone, width, values.get("zone"), None)


def _note_parameters(parsed: ParsedFile) -> list[PointNote]:
    """Return a note if the header has parameters of a transformation, which are not applied."""
    value = parsed.header_values.get("parameters")
    if value is None or not any(character in "123456789" for character in value.text):
        return []
    return [PointNote("parameters", NoteLevel.WARNING, value.place, params={"value": value.text})]


def find_zone_number(east: float) -> int:
    """Return the zone number at the beginning of an easting in metres such as 38 472 109; 0 without one."""
    zone = int(east // ZONE_STEP_M)
    return zone if load_settings().get_zone_width(zone) and is_near_zone(east, zone) else 0


def is_near_zone(east: float, zone: int) -> bool:
    """Return True if an easting (m) may be in a zone with its number in front, or for 0 in one without it."""
    return abs(east - zone * ZONE_STEP_M - FALSE_EASTING_M) <= EASTING_REACH_M


def is_northing(value: float) -> bool:
    """Return True if a coordinate (m) may be a northing in China."""
    low, high = load_settings().northings_m
    return low <= value <= high


def _is_easting(value: float) -> bool:
    """Return True if a coordinate (m) may be an easting, with or without zone number."""
    return find_zone_number(value) > 0 or is_near_zone(value, 0)


def is_swapped(north: float, east: float) -> bool:
    """Return True if only the other order of two coordinates (m) is possible."""
    return not (is_northing(north) and _is_easting(east)) and is_northing(east) and _is_easting(north)


def require_usable_crs(text: str) -> CRS:
    """Return the CRS that the user gives. Raise InputError unless it is a zone of CGCS2000 in metres."""
    crs = parse_crs(text)
    if crs is None:
        raise InputError("boundary_crs_unknown", value=text)
    require_gauss_kruger(crs)
    return crs


def require_gauss_kruger(crs: CRS) -> None:
    """Raise InputError unless a CRS is a Gauss–Krüger zone of CGCS2000, 3° or 6° wide, in metres."""
    if not is_standard_zone(crs) or describe_crs(crs).is_geographic:
        raise InputError("boundary_crs_unusable", crs=make_crs_label(crs))


def get_expected_zone(crs: CRS) -> int:
    """Return the zone number that eastings in a CRS begin with, 0 without one."""
    frame = describe_crs(crs)
    return (frame.zone_number or 0) if frame.has_zone_prefix else 0


def _compare_with_given(
    parsed: ParsedFile, crs: CRS, stated: _Statement, first_row_by_zone: dict[int, PointRow]
) -> list[PointNote]:
    """Return notes on statements of the header that differ from the CRS that the user gives.

    Raise InputError if the eastings contradict the CRS, or if only the header could decide and contradicts it.
    """
    frame = describe_crs(crs)
    name, label = parsed.path.name, make_crs_label(crs)
    expected = get_expected_zone(crs)
    if first_row_by_zone and expected not in first_row_by_zone:
        found = next(iter(first_row_by_zone))
        line = first_row_by_zone[found].place.line
        if not found:
            raise InputError("boundary_crs_no_number", file=name, crs=label, line=line)
        raise InputError("boundary_crs_contradiction", file=name, crs=label, found=found, line=line)
    notes = []
    wrong = stated.wrong_meridian
    if wrong is not None and parse_meridian(wrong.text) != frame.central_meridian:
        params = {"meridian": wrong.text, "crs": label}
        notes.append(PointNote("header_meridian", NoteLevel.WARNING, wrong.place, params=params))
    is_zone_stated = stated.zone and frame.central_meridian not in (stated.zone * 3, stated.zone * 6 - 3)
    if is_zone_stated and not expected:
        raise InputError("boundary_crs_header", file=name, crs=label, zone=stated.zone)
    if is_zone_stated:
        place = stated.value.place if stated.value else None
        notes.append(PointNote("header_zone", NoteLevel.WARNING, place, params={"zone": stated.zone, "crs": label}))
    return notes


def find_row_problems(parcel: RawParcel, crs: CRS) -> list[PointNote]:
    """Return a note on the first point of a parcel that cannot be in the CRS of its file; empty without one.

    The point has swapped coordinates, another zone number or none, or is outside of China.
    """
    expected = get_expected_zone(crs)
    for row in parcel.rows:
        if is_swapped(row.north, row.east):
            key = "row_swapped"
        elif not is_northing(row.north):
            key = "row_outside"
        elif is_near_zone(row.east, expected):
            continue
        else:
            found = find_zone_number(row.east)
            key = "row_zone" if found and expected else "row_extra_zone" if found else "row_outside"
            key = "row_no_zone" if expected and not found and is_near_zone(row.east, 0) else key
        params = {"point": row.name, "zone": expected, "found": find_zone_number(row.east),
                  "north": row.north_text, "east": row.east_text}  # fmt: skip
        return [PointNote(key, NoteLevel.ERROR, row.place, parcel.label, params)]
    return []
