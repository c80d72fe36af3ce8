# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as text, for messages, panel, reports, workbooks and log: one precision for one value.

Areas of findings are in hectares with two decimals, below one hectare four; sentences show those below 0.01 hectares
in m². Figures with a target have the decimals of their unit or of the target, more only where rounding would hide on
which side of the target they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

#: Separator of groups of three digits: narrow, without a line break.
THIN_SPACE = "\u202f"
MINUS_SIGN = "\u2212"
#: Decimals in official documents.
DECIMALS_BY_UNIT = {"m2": 2, "ha": 2, "km2": 2, "mu": 2, "wan_mu": 4, "ratio": 4, "share": 2, "count": 0, "km_km2": 2}
_MAX_DECIMALS = 6
#: A limit of 1.2 is printed as 1.20, as in the documents that set it.
_LIMIT_DECIMALS = 2
_M2_PER_HA = 10_000.0
#: From this area (m²) on, hectares have two decimals; smaller areas have four.
_MIN_AREA_FOR_TWO_DECIMALS_M2 = 10_000.0
#: Smaller areas would be printed as zero hectares.
SMALLEST_HECTARE_AREA_M2 = 1.0
#: Sentences show smaller areas in m².
MIN_AREA_IN_HECTARES_M2 = 100.0
#: Smaller areas would be printed as zero square metres.
_SMALLEST_M2 = 0.01
#: Widths below this (m) keep two significant digits, at most four decimals.
_NARROW_WIDTH_M, _WIDTH_DECIMALS = 0.1, 4


def count_decimals(number_text: str) -> int:
    """Return the number of decimals of a number as text."""
    return len(number_text.partition(".")[2])


def format_number(value: float | None, decimals: int) -> str:
    """Return a number with thin spaces between groups of three: 12 640.35.

    A dash for None. A negative number has the minus sign U+2212, except where it is printed as zero.
    """
    if value is None:
        return "—"
    digits = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    return MINUS_SIGN + digits if value < 0 and digits.strip("0.") else digits


def format_plain_number(value: float) -> str:
    """Return a setting as text with the decimals that it was written with: 100 000, 0.5.

    Groups of three digits are separated as in `format_number`.
    """
    digits = f"{abs(value):.10g}"
    whole, point, decimals = digits.partition(".")
    figure = f"{int(whole):,}".replace(",", THIN_SPACE) + point + decimals if whole.isdecimal() else digits
    return MINUS_SIGN + figure if value < 0 else figure


def choose_target_decimals(unit: str, decimals: int) -> int:
    """Return the number of decimals to print for a target written with ``decimals``; for a ratio two or more."""
    return max(decimals, _LIMIT_DECIMALS) if unit == "ratio" else decimals


def format_ratio_limit(limit: float) -> str:
    """Return a limit of the expansion ratio as text: 1.20, 1.25, 1.255."""
    return format_number(limit, choose_target_decimals("ratio", count_decimals(f"{limit:.10g}")))


def drop_final_zeros(text: str) -> str:
    """Return a text with the figures 1.30 and 2.00 as 1.3 and 2: versions print limits with other decimals."""
    return re.sub(r"\d+\.\d+", lambda figure: figure[0].rstrip("0").rstrip("."), text)


def format_signed_number(value: float, decimals: int) -> str:
    """Return a change as text: +0.35, −0.35, and 0.00 for what is printed as zero."""
    text = format_number(value, decimals)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def format_width(width_m: float | None, decimals: int = 2) -> str:
    """Return a width in metres as text.

    A width below 0.1 m keeps two significant digits (0.06, 0.012), so it is never shown as 0.00.
    """
    if width_m is None or not 0 < width_m < _NARROW_WIDTH_M:
        return format_number(width_m, decimals)
    least = 10.0**-_WIDTH_DECIMALS
    if width_m < least:
        return f"< {format_number(least, _WIDTH_DECIMALS)}"
    rounded_width = format_number(width_m, min(1 - math.floor(math.log10(width_m)), _WIDTH_DECIMALS))
    return rounded_width[: len("0.00")] + rounded_width[len("0.00") :].rstrip("0")


def format_square_metres(area_m2: float | None, decimals: int = 2) -> str:
    """Return an area in m² with its unit; a dash without an area.

    For values of fields, tolerances and limits that are in m²; areas of findings are in hectares.
    """
    return "—" if area_m2 is None else f"{format_number(area_m2, decimals)} m²"


def choose_decimals_unlike_limits(value: float, limits: Iterable[float], decimals: int = 2) -> int:
    """Return the number of decimals at which a value that is not equal to its limit does not look equal to it.

    99.99994 with the limit 100 needs four: 99.9999. At least ``decimals``, at most `_MAX_DECIMALS`.
    """
    other_limits = [limit for limit in limits if limit != value]
    while decimals < _MAX_DECIMALS and any(round(value, decimals) == round(limit, decimals) for limit in other_limits):
        decimals += 1
    return decimals


def round_unlike_limit(value: float, limit: float, decimals: int = 2) -> float:
    """Return a value rounded to ``decimals``, or to more if it would otherwise equal its limit."""
    return round(value, choose_decimals_unlike_limits(value, [limit], decimals))


def format_small_square_metres(area_m2: float) -> str:
    """Return an area above zero in m² with its unit and two decimals, never as 0.00."""
    return f"< {format_square_metres(_SMALLEST_M2)}" if 0 < area_m2 < _SMALLEST_M2 else format_square_metres(area_m2)


def format_hectare_number(area_m2: float | None) -> str:
    """Return an area as a number of hectares: two decimals, four below one hectare; a dash without an area."""
    if area_m2 is None:
        return "—"
    if 0 < area_m2 < SMALLEST_HECTARE_AREA_M2:
        return f"< {format_number(SMALLEST_HECTARE_AREA_M2 / _M2_PER_HA, 4)}"
    return format_number(area_m2 / _M2_PER_HA, 2 if area_m2 >= _MIN_AREA_FOR_TWO_DECIMALS_M2 else 4)


def choose_figure_decimals(unit: str, target_decimals: int, margin: float | None, value: float | None) -> int:
    """Return the number of decimals to print for a figure and its difference from the target.

    At least the decimals usual for the unit, and ``target_decimals``; more where rounding would hide on which side of
    the target the value is. ``margin``: the difference in the figure's unit, None without a target.
    """
    decimals = max(DECIMALS_BY_UNIT.get(unit, 2), target_decimals)
    if decimals == 0 and value is not None and float(value).is_integer():
        # A count near its target is still a whole number.
        return decimals
    while margin and decimals < _MAX_DECIMALS and abs(margin) < 10.0 ** (1 - decimals):
        decimals += 1
    return decimals
