# SPDX-License-Identifier: GPL-2.0-or-later
"""Words, units and numbers as different hands write them in tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from unicodedata import normalize

from ...indicators.typed import UNITS, figure
from ...messages.texts import LANGUAGES, Texts
from ...model.indicator import SQUARE_METRES

_BRACKETS = re.compile(r"\(([^()]*)\)$")
#: Marks that lead to a note below, and what a last row is called in place of 合计.
_MARKS, _SUMS = re.compile(r"[*＊※①-⑳\s]+"), re.compile(r"^(总计|总和|全县合计|全县)$")
_PART = re.compile(r"^(其中|ofwhich)[::,]?")


@dataclass(frozen=True)
class Printed:
    """A number as it is printed; ``unit`` empty where none stands behind it. None of both for what is no number."""

    value: float
    decimals: int
    unit: str = ""


def number_in(text: str) -> Printed | None:
    """The number that a cell prints; digits of full width, commas, a unit behind it and a minus of any kind are understood."""
    plain = normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    wrapped = re.fullmatch(r"\((\d[\d,. ]*)\)", plain)
    read = figure("", f"-{wrapped.group(1)}" if wrapped else plain.removeprefix("+"))
    if read.value is None or read.unit is None or read.comparison != "=":
        return None
    return Printed(read.value, read.decimals, read.unit)


def word(text: str) -> str:
    """A word without what hands write differently: spaces, widths of signs, brackets around a unit, 其中, marks of notes."""
    # Before the signs of full width are turned, for ① would be a 1.
    plain = normalize("NFKC", _MARKS.sub("", text)).lower()
    inside = _BRACKETS.search(plain)
    if inside and unit_of(inside.group(1)):
        plain = plain[: inside.start()]
    return _SUMS.sub("合计", _PART.sub("", plain))


def unit_of(text: str) -> str:
    """The unit that a text is, empty for none."""
    plain = re.sub(r"^(单位|unit)[::]?", "", re.sub(r"\s+", "", normalize("NFKC", text)).lower())
    return next((unit for unit, words in _units().items() if plain in words), "")


@cache
def _units() -> dict[str, set[str]]:
    known = {unit: {normalize("NFKC", one).lower() for one in words} for unit, words in UNITS.items()}
    for lang in LANGUAGES:
        for section in ("units", "unit_names"):
            for unit, one in Texts(lang).section(section).items():
                if one:
                    known.setdefault(unit, set()).add(re.sub(r"\s+", "", normalize("NFKC", one)).lower())
    return known


def in_brackets(text: str) -> str:
    """What stands in brackets at the end of a head, empty for nothing."""
    inside = _BRACKETS.search(re.sub(r"\s+", "", normalize("NFKC", text)))
    return inside.group(1) if inside else ""


def convertible(known: str, other: str) -> bool:
    """Is the other unit the one that is known, or can figures be brought from one into the other?"""
    return bool(other) and (known == other or (known in SQUARE_METRES and other in SQUARE_METRES))
