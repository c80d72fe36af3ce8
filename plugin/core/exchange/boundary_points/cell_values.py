# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers in cells as offices write them: full-width characters, thousands separators, units."""

from __future__ import annotations

import re
import unicodedata

_NUMBER_PATTERN = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+")
#: With at least one separator; a point follows only after whole groups of three digits.
_SEPARATED_NUMBER_PATTERN = re.compile(r"[+-]?\d{1,3}(?:[,' \u2009\u00a0]\d{3})+(?:\.\d*)?")
_SEPARATORS_PATTERN = re.compile(r"[,' \u2009\u00a0]")
_NUMBER_WITH_UNIT_PATTERN = re.compile(r"([+-]?[\d.,' ]*\d\.?)\s*(\D*)")
_CHINESE_DIGITS = str.maketrans("三六", "36")
#: Degrees, with minutes and seconds or without; NFKC makes ″ two ′.
_MERIDIAN_PATTERN = re.compile(
    r"(?:东经|E)?(\d+(?:\.\d+)?)(?:[°º˚o度:-](?:(\d+(?:\.\d+)?)(?:[′'’分:-](?:(\d+(?:\.\d+)?)(?:′′|''|[\"”秒])?)?)?)?)?(?:东经|E)?",
    re.IGNORECASE,
)
_NUMBERED_NAME_PATTERN = re.compile(r"\D*(\d+)")


def normalise_digits(text: str) -> str:
    """Return a text with half-width digits, letters and punctuation, without outer blanks."""
    return unicodedata.normalize("NFKC", text).strip()


def parse_number(text: str) -> tuple[str, bool]:
    """Return a number as plain text, and True if it had thousands separators.

    The digits are unchanged, so that nothing is rounded. The text is empty for anything but a number.
    """
    plain = normalise_digits(text)
    if _NUMBER_PATTERN.fullmatch(plain):
        return plain, False
    if _SEPARATED_NUMBER_PATTERN.fullmatch(plain):
        return _SEPARATORS_PATTERN.sub("", plain), True
    return "", False


def parse_area(text: str) -> tuple[str, str]:
    """Return the number and the unit of an area such as 0.7655公顷; empty texts for what is missing or no number."""
    match = _NUMBER_WITH_UNIT_PATTERN.fullmatch(normalise_digits(text))
    if match is None:
        return "", ""
    number, _ = parse_number(match[1])
    return number, match[2].strip() if number else ""


def find_integer(text: str) -> int | None:
    """Return the integer in a text such as 3度带, 六度带, 38 or 114.0; None without one or with several numbers."""
    plain = normalise_digits(text).translate(_CHINESE_DIGITS)
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", plain)]
    return int(numbers[0]) if len(numbers) == 1 and numbers[0].is_integer() else None


def parse_meridian(text: str) -> float | None:
    """Return the degrees east of a meridian such as 114, 东经114度 or 113°17′30″; None for another text."""
    match = _MERIDIAN_PATTERN.fullmatch("".join(normalise_digits(text).split()))
    if match is None:
        return None
    degrees, minutes, seconds = (float(number or 0) for number in match.groups())
    return degrees + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else None


def find_point_number(name: str) -> int | None:
    """Return the number in a point's name, 12 for J12; None without one, and for a name such as J12-1."""
    match = _NUMBERED_NAME_PATTERN.fullmatch(name)
    return int(match[1]) if match else None


def count_decimals(number_text: str) -> int:
    """Return the number of decimals of a number as text."""
    return len(number_text.partition(".")[2])
