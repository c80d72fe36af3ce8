# SPDX-License-Identifier: GPL-2.0-or-later
"""Find unit and CRS of a drawing from what it states; ask for them where that is not enough.

Nothing is guessed. A drawing has no field for its CRS: only a text in it may state the datum, and zone numbers of
eastings the zone. In a drawing, x is the easting and y the northing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pyproj import CRS

from ...base.errors import InputError
from ...geometry.crs import make_crs_label, make_gauss_kruger_crs
from ..boundary_points.crs_choice import (
    find_zone_number,
    get_expected_zone,
    is_near_zone,
    is_northing,
    is_swapped,
    require_usable_crs,
)
from ..boundary_points.forms import load_settings as load_point_settings
from .drawing import DrawingLine, DrawingText, LeftOut
from .mapping import load_settings
from .tags import DrawingTags


def choose_unit(drawing: DrawingTags, unit: str) -> float:
    """Return the metres of one unit of a drawing.

    ``unit``: name that the user gives, empty if the drawing is to state it.

    Raises
    ------
    InputError
        The unit is unknown, or the drawing does not state metres and the unit must be given.
    """
    settings, name = load_settings(), drawing.path.name
    if unit:
        if unit not in settings.metres_by_unit:
            raise InputError("drawing_unit_unknown", value=unit, known=", ".join(settings.metres_by_unit))
        return settings.metres_by_unit[unit]
    code = int(drawing.unit_code) if drawing.unit_code.isdecimal() else 0
    if code != settings.metres_insunits:
        stated = settings.unit_names.get(str(code), drawing.unit_code)
        raise InputError("drawing_unit_not_stated", file=name, stated=stated, known=", ".join(settings.metres_by_unit))
    return 1.0


def choose_crs(drawing: DrawingTags, lines: Sequence[DrawingLine], texts: Sequence[DrawingText], crs_text: str) -> CRS:
    """Return the CRS of a drawing.

    Parameters
    ----------
    lines, texts
        Of the drawing in metres; the lines are those that are taken.
    crs_text
        The CRS that the user gives; empty if the drawing is to state it.

    Raises
    ------
    InputError
        The drawing states 西安80, 北京54 or another datum, or contradicts the given CRS; its axes are swapped; its
        coordinates are not in China; or the CRS is not stated and must be given.
    """
    name = drawing.path.name
    # Zone numbers of the starts of lines, 0 for eastings without one.
    counts: Counter[int] = Counter()
    swapped = 0
    for line in lines:
        east, north = line.vertices[0].tolist()
        zone = find_zone_number(east)
        if is_northing(north) and (zone or is_near_zone(east, 0)):
            counts[zone] += 1
        else:
            swapped += is_swapped(north, east)
    if lines and not counts:
        east, north = lines[0].vertices[0].tolist()
        zone_key = "drawing_swapped" if swapped else "drawing_outside"
        params = {"x": f"{east:.3f}", "y": f"{north:.3f}", "handle": lines[0].handle, "layer": lines[0].layer}
        raise InputError(zone_key, file=drawing.path.name, **params)
    zones = [zone for zone, _ in counts.most_common()]
    settings = load_point_settings()
    found = set()
    for text in filter(is_statement, texts):
        datum = settings.classify_datum(text.text.replace("：", ":").rsplit(":", 1)[-1])
        if datum == "refused":
            raise InputError("drawing_datum", file=drawing.path.name, value=text.text, handle=text.handle)
        found.add(datum)
    stated = "cgcs2000" if found == {"cgcs2000"} else "unknown"
    prevailing = next(iter(zones), 0)
    if crs_text:
        crs = require_usable_crs(crs_text)
        if zones and get_expected_zone(crs) not in zones:
            key = "drawing_crs_contradiction" if prevailing else "drawing_crs_no_number"
            raise InputError(key, file=name, crs=make_crs_label(crs), found=prevailing)
        return crs
    width = load_point_settings().get_zone_width(prevailing)
    hint = make_crs_label(make_gauss_kruger_crs(prevailing, width, has_number=True)) if width else "EPSG:4526"
    if stated != "cgcs2000" or not prevailing:
        raise InputError("drawing_crs_not_stated", file=name, hint=hint, zone=prevailing or "—")
    if len(zones) > 1:
        listed = "、".join(str(zone or "—") for zone in zones)
        raise InputError("drawing_zones_mixed", file=name, zones=listed, hint=hint)
    return make_gauss_kruger_crs(prevailing, width, has_number=True)


def is_statement(text: DrawingText) -> bool:
    """Return True if a text states something about the CRS of its drawing."""
    return any(word in text.text.upper() for word in load_settings().statement_words)


def take_lines_in_place(lines: Sequence[DrawingLine], crs: CRS) -> tuple[list[DrawingLine], list[LeftOut]]:
    """Return the lines that can be in a CRS, and the others: other zone, swapped axes, outside of China."""
    expected = get_expected_zone(crs)
    kept: list[DrawingLine] = []
    left_out: list[LeftOut] = []
    for line in lines:
        low, high = line.vertices.min(axis=0).tolist(), line.vertices.max(axis=0).tolist()
        if all(is_northing(north) and is_near_zone(east, expected) for east, north in (low, high)):
            kept.append(line)
            continue
        east, north = line.vertices[0].tolist()
        found = find_zone_number(east)
        key = "swapped" if is_swapped(north, east) else "zone" if found != expected and found else "outside"
        params = {"found": found, "zone": expected or "—"}
        left_out.append(LeftOut(key, line.layer, (line.handle,), line.kind, (east, north), params=params))
    return kept, left_out
