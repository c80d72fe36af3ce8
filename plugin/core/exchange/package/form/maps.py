# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps in the form of a package: how they are made (`[maps]`), and the slots that each of them fills (`[[map]]`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....data import check_keys, expect
from ....errors import DataError
from ....map_set import Catalogue, load
from ..names import OWN_PLACEHOLDERS, fill, name_problem, own_name, unknown_placeholder

if TYPE_CHECKING:
    from .load import FileSlot

#: What a slot of a map may say besides what every slot says.
MAP_KEYS = ("number", "layout")
#: Dots per inch of maps at least (汇交要求, B).
LEAST_DPI, MOST_DPI = 300, 1200
#: Stands for a county while a name is looked at.
_SAMPLE = {"code": "140225", "name": "浑源县", "year": "2026"}
_NUMBER = re.compile(r"\d{2}")


@dataclass(frozen=True)
class MapSettings:
    """How the plugin makes the maps. ``page``: a sheet of the map set; ``world_file``: a .jgw beside each jpg; ``map_set``:
    the set's file, None for the plugin's own; ``maker``, ``drawer``, ``date``: the title block, with placeholders, empty to be
    filled by hand."""

    page: str = "A3"
    dpi: int = LEAST_DPI
    world_file: bool = False
    map_set: Path | None = None
    maker: str = ""
    drawer: str = ""
    date: str = ""

    def plate(self, values: Mapping[str, str]) -> tuple[str, str, str]:
        """Maker, drawer and date in words. ``values``: what placeholders stand for."""
        maker, drawer, date = (own_name(text, values) for text in (self.maker, self.drawer, self.date))
        return maker, drawer, date

    def catalogue(self) -> Catalogue:
        return load(self.map_set or "")


_KINDS: dict[str, type] = {
    "page": str, "dpi": int, "world_file": bool, "map_set": str, "maker": str, "drawer": str, "date": str,
}  # fmt: skip


def map_settings(row: Any, path: Path) -> MapSettings:
    """The form's `[maps]`. DataError names file and key; a map set is looked for beside the form."""
    expect(row, dict, file=path, key="maps")
    check_keys(row, required=(), allowed=_KINDS, file=path, where="maps")
    for key, value in row.items():
        expect(value, _KINDS[key], file=path, key=f"maps.{key}")
    for key in ("maker", "drawer", "date"):
        if (unknown := unknown_placeholder(row.get(key, ""), OWN_PLACEHOLDERS)) is not None:
            known = " ".join(f"{{{name}}}" for name in OWN_PLACEHOLDERS)
            raise DataError("package_placeholder", file=str(path), key=f"maps.{key}", value=unknown, known=known)
    found = MapSettings(**{**row, "map_set": path.parent / row["map_set"] if row.get("map_set") else None})
    if not LEAST_DPI <= found.dpi <= MOST_DPI:
        _unknown(path, "maps.dpi", found.dpi, [f"{LEAST_DPI}–{MOST_DPI}"])
    sheets = found.catalogue().sheets
    if found.page not in sheets:
        _unknown(path, "maps.page", found.page, sheets)
    return found


def check_map_slots(files: Iterable[FileSlot], settings: MapSettings, path: Path) -> None:
    """DataError names file and key: a layout that the map set does not have, a number that is none, a slot that names many
    files and is to be made, two slots with one number or layout."""
    maps = settings.catalogue().maps
    seen: dict[str, set[str]] = {"number": set(), "layout": set()}
    for n, slot in enumerate((one for one in files if one.kind == "map"), start=1):
        if slot.number and not _NUMBER.fullmatch(slot.number):
            _unknown(path, f"map[{n}].number", slot.number, ["01–99"])
        if slot.layout and slot.layout not in maps:
            _unknown(path, f"map[{n}].layout", slot.layout, maps)
        if slot.layout and not slot.number:
            raise DataError("data_key_missing", file=str(path), key=f"map[{n}].number")
        if slot.layout and Path(slot.file).suffix.lower() not in (".jpg", ".jpeg"):
            _unknown(path, f"map[{n}].file", slot.file, [".jpg"])
        if slot.number and (problem := name_problem(fill(slot.file, {**_SAMPLE, **slot.own}))):
            raise DataError("package_name", file=str(path), key=f"map[{n}].title", value=slot.title, detail=problem)
        for key, values in seen.items():
            value = getattr(slot, key)
            if value and value in values:
                raise DataError("data_duplicate", file=str(path), key=f"map[{n}].{key}", value=value)
            values.add(value)


def _unknown(path: Path, key: str, value: object, known: Iterable[str]) -> None:
    raise DataError("data_value_unknown", file=str(path), key=key, value=value, known=", ".join(known))
