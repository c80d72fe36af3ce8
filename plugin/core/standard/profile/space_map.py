# SPDX-License-Identifier: GPL-2.0-or-later
"""Map planning zones to the three zones (三区), by settings of standard and profile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...base.errors import DataError
from ...base.files.data import check_known, check_type
from .. import Standard
from ..template import CodeList
from .norm import Norm

#: The section of settings, the code list of the zones, and the setting that rules declare to use.
THREE_ZONES = "three_zones"
ZONES_LIST = "planning_zones"
#: The three zones by code, with the names of their indicators. Codes outside the three zones and unmapped codes are
#: reported separately.
ZONE_KINDS_BY_CODE = {"01": "agricultural", "02": "ecological", "03": "urban"}
OUTSIDE_ZONES_CODE, UNMAPPED_ZONE_CODE = "90", "99"
#: Ids of the figures, which are public, and the zone that each measures.
ZONE_CODE_BY_SPACE_FIGURE = {
    **{f"{name}_space_area": code for code, name in ZONE_KINDS_BY_CODE.items()},
    "outside_spaces_area": OUTSIDE_ZONES_CODE,
    "unmapped_zones_area": UNMAPPED_ZONE_CODE,
}


@dataclass(frozen=True)
class SpaceMap:
    """Which of the three zones (三区) each planning zone belongs to.

    ``three_zone_code_by_zone_code``: codes of ``three_zones.csv``. A planning zone without an entry uses the entry of
    the nearest zone above it in the code list. ``zones``: list of planning zones; ``spaces``: list of the three zones.
    """

    three_zone_code_by_zone_code: dict[str, str]
    zones: CodeList
    spaces: CodeList

    def get_three_zone_code(self, zone: str) -> str:
        """Return the three-zone code of a planning zone.

        Return ``UNMAPPED_ZONE_CODE`` for a blank code and for one without an entry.
        """
        known_codes = map(self.three_zone_code_by_zone_code.get, (zone, *self.zones.list_code_and_parents(zone)))
        return next(filter(None, known_codes), UNMAPPED_ZONE_CODE)

    def name(self, space: str) -> str:
        """Return the name of a three-zone code."""
        return self.spaces.entry_by_code[space].name


def load_space_map(norm: Norm) -> SpaceMap:
    """Return the map from planning zones to the three zones: ``[three_zones]`` of profile, else standard.

    Raise DataError for a value that is missing in the list, or for a standard without the lists.
    """
    standard = norm.standard
    file = standard.folder / "standard.toml"
    for name in (THREE_ZONES, ZONES_LIST):
        if name not in standard.code_lists:
            raise DataError("data_file_missing", file=f"{standard.id}: {name}.csv")
    codes = {code.name: code.code for code in standard.code_lists[THREE_ZONES].entry_by_code.values()}
    lines = {}
    for zone, name in norm.get_settings_section(THREE_ZONES).items():
        # Values of a profile were compared with the list when the profile was read.
        check_three_zone_name(name, standard, file, f"{THREE_ZONES}.{zone}")
        lines[zone] = codes[name]
    return SpaceMap(lines, standard.code_lists[ZONES_LIST], standard.code_lists[THREE_ZONES])


def check_three_zone_name(name: Any, standard: Standard, file: Path, key: str) -> None:
    """Raise DataError with file and key unless the value names one of the three zones."""
    known_codes = [code.name for code in standard.code_lists[THREE_ZONES].entry_by_code.values()]
    check_known(check_type(name, str, file=file, key=key), known_codes, file, key)
