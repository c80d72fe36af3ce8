# SPDX-License-Identifier: GPL-2.0-or-later
"""The header's values by key, with the lines that they stand in."""

from __future__ import annotations

from ...errors import InputError
from .lines import FARTHEST, Lines
from .remarks import Remarks

SPHEROID = "CGCS2000,6378137.0,298.257222101"
#: Keys that a header should have, as they are written; degrees need no projection.
KEYS = (
    "Datamark", "Version", "CoordinateSystemType", "Dim", "XAxisDirection", "YAxisDirection", "XYUnit", "ZUnit", "Spheroid",
    "PrimeMeridian", "Projection", "Parameters", "VerticalDatum", "TemporalReferenceSystem", "ExtentMin", "ExtentMax",
    "MapScale", "Offset", "Date", "Separator",
)  # fmt: skip
_WRITTEN = {key.lower(): key for key in KEYS}
#: Keys that reading requires, with an example value for the message.
_EXAMPLES = {"spheroid": SPHEROID, "parameters": "114,1,38500000,0,3,38"}


class Pairs:
    """The header's values, with the lines that they stand in and their keys as written there.

    ``used``: keys that were read or verified; the others are reported by `report_unused`.
    """

    def __init__(self, lines: Lines, pairs: dict[str, tuple[str, int, str]], remarks: Remarks):
        self.lines, self.pairs, self.remarks = lines, pairs, remarks
        self.used: set[str] = set()

    def get(self, key: str) -> str:
        self.used.add(key)
        return self.pairs.get(key, ("", 0, ""))[0]

    def line(self, key: str) -> int:
        return self.pairs.get(key, ("", self.lines.number, key))[1]

    def error(self, key: str, problem: str = "vct_head_value", **params: str) -> InputError:
        value, number, written = self.pairs.get(key, ("", self.lines.number, _WRITTEN.get(key, key)))
        self.lines.number = number
        if problem == "vct_head_value":
            problem, params = problem if value else "vct_head_absent", {"wanted": _EXAMPLES[key]}
        return self.lines.error(problem, key=written, value=value, **params)

    def refuse_unless(self, right: bool, key: str, wanted: str, problem: str = "vct_head_wanted") -> None:
        """InputError naming what the value of a key should be."""
        if not right:
            raise self.error(key, problem, wanted=wanted)

    def remark(self, key: str, problem: str) -> None:
        """Note a value that was not used."""
        value, number, written = self.pairs[key]
        self.remarks.add(problem, number, key=written, value=value)

    def parts(self, key: str, problem: str = "vct_head_value") -> list[float | None]:
        """The numbers of a value by their places; None for an empty one. Empty places at the end are left out.

        InputError with the text of ``problem`` where one is no number.
        """
        texts = [t.strip() for t in self.get(key).replace(self.lines.separator, ",").split(",")]
        while texts and not texts[-1]:
            texts.pop()
        try:
            found = [float(text) if text else None for text in texts]
        except ValueError as error:
            raise self.error(key, problem) from error
        if not all(number is None or abs(number) <= FARTHEST for number in found) or "_" in self.get(key):
            raise self.error(key, problem)
        return found

    def numbers(self, key: str, counts: tuple[int, ...], problem: str) -> list[float]:
        """The numbers of a value, as many as one of ``counts``; none where the header does not give it.

        InputError with the text of ``problem``.
        """
        found = self.parts(key, problem)
        if self.get(key) and (len(found) not in counts or None in found):
            raise self.error(key, problem)
        return [number for number in found if number is not None]

    def report_unused(self, known_values: dict[str, tuple[str, ...]]) -> None:
        """Note every key that nothing was read from, apart from those whose value is the usual one."""
        for key, (value, _, _) in self.pairs.items():
            if key not in self.used and value and value not in known_values.get(key, ()):
                self.remark(key, "vct_note_head_unused")
