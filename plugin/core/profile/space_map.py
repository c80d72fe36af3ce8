# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of the three zones (三区) a planning zone belongs to: an editable mapping of the standard and the profile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..files.data import expect
from ..standard.template import CodeList

if TYPE_CHECKING:
    from ..standard import Standard
    from . import Norm

#: The section of settings, the code list of the spaces, and what a rule says it uses.
THREE_ZONES = "three_zones"
ZONES_LIST = "planning_zones"
#: The three by their codes, as indicators name them; what no space takes and what nobody placed are told beside them.
SPACES = {"01": "agricultural", "02": "ecological", "03": "urban"}
OUTSIDE, UNMAPPED = "90", "99"
#: Ids of the figures, a promise to users, and the space each is the area of.
SPACE_FIGURES = {
    **{f"{name}_space_area": code for code, name in SPACES.items()},
    "outside_spaces_area": OUTSIDE,
    "unmapped_zones_area": UNMAPPED,
}


@dataclass(frozen=True)
class SpaceMap:
    """Zone code → code of a space in ``three_zones.csv``: a code's own line, else that of the nearest code above it."""

    lines: dict[str, str]
    zones: CodeList
    spaces: CodeList

    def space(self, zone: str) -> str:
        """The space's code; ``UNMAPPED`` for a blank code and for one that no line reaches."""
        for code in (zone, *self.zones.lineage(zone)):
            if code in self.lines:
                return self.lines[code]
        return UNMAPPED

    def name(self, space: str) -> str:
        return self.spaces.codes[space].name


def space_map(norm: Norm) -> SpaceMap:
    """The mapping that a run obeys: ``[three_zones]`` of the profile before the standard's.

    DataError for a value that is no name of the list, or a standard without the lists.
    """
    standard = norm.standard
    file = standard.folder / "standard.toml"
    for name in (THREE_ZONES, ZONES_LIST):
        if name not in standard.code_lists:
            raise DataError("data_file_missing", file=f"{standard.id}: {name}.csv")
    codes = {c.name: c.code for c in standard.code_lists[THREE_ZONES].codes.values()}
    lines = {}
    for zone, name in norm.section(THREE_ZONES).items():
        # What a profile says was held against the list when it was read.
        check_space(name, standard, file, f"{THREE_ZONES}.{zone}")
        lines[zone] = codes[name]
    return SpaceMap(lines, standard.code_lists[ZONES_LIST], standard.code_lists[THREE_ZONES])


def check_space(name: Any, standard: Standard, file: Path, key: str) -> None:
    """DataError, with file and key, unless the value is the name of a space."""
    known = [c.name for c in standard.code_lists[THREE_ZONES].codes.values()]
    if expect(name, str, file=file, key=key) not in known:
        raise DataError("data_value_unknown", file=str(file), key=key, value=name, known=", ".join(known))
