# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps in the form of a package: how they are made (`[maps]`), and the slots that each of them fills (`[[map]]`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...files.data import check_keys, expect
from ..names import SAMPLE, fill, name_problem
from .model import LEAST_DPI, MOST_DPI, FileSlot, MapSettings
from .values import check_one_of, check_placeholders

#: What a slot of a map may say besides what every slot says.
MAP_KEYS = ("number", "layout")
_NUMBER = re.compile(r"\d{2}")


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
        check_placeholders(row.get(key, ""), path, f"maps.{key}")
    found = MapSettings(**{**row, "map_set": path.parent / row["map_set"] if row.get("map_set") else None})
    if not LEAST_DPI <= found.dpi <= MOST_DPI:
        raise _unknown(path, "maps.dpi", found.dpi, f"{LEAST_DPI}–{MOST_DPI}")
    sheets = found.catalogue().sheets
    check_one_of(found.page, sheets, path, "maps.page")
    return found


def check_map_slots(files: Iterable[FileSlot], settings: MapSettings, path: Path) -> None:
    """DataError names file and key: a layout that the map set does not have, a number that is none, a slot that names many
    files and is to be made, two slots with one number or layout."""
    maps = settings.catalogue().maps
    seen: dict[str, set[str]] = {"number": set(), "layout": set()}
    for n, slot in enumerate((one for one in files if one.kind == "map"), start=1):
        if slot.number and not _NUMBER.fullmatch(slot.number):
            raise _unknown(path, f"map[{n}].number", slot.number, "01–99")
        if slot.layout:
            check_one_of(slot.layout, maps, path, f"map[{n}].layout")
        if slot.layout and not slot.number:
            raise DataError("data_key_missing", file=str(path), key=f"map[{n}].number")
        if slot.layout:
            check_one_of(Path(slot.file).suffix.lower(), (".jpg", ".jpeg"), path, f"map[{n}].file")
        if slot.number and (problem := name_problem(fill(slot.file, {**SAMPLE, **slot.own}))):
            raise DataError("package_name", file=str(path), key=f"map[{n}].title", value=slot.title, detail=problem)
        for key, values in seen.items():
            value = getattr(slot, key)
            if value and value in values:
                raise DataError("data_duplicate", file=str(path), key=f"map[{n}].{key}", value=value)
            values.add(value)


def _unknown(path: Path, key: str, value: object, known: str) -> DataError:
    return DataError("data_value_unknown", file=str(path), key=key, value=value, known=known)
