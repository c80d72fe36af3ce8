# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer templates (图层模板), as written in a standard's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codes import MARKS
from .codes import Code as Code
from .codes import CodeList as CodeList
from .codes import load_code_list as load_code_list
from .data import check_keys, expect, read_toml
from .errors import DataError

TYPES = ("text", "integer", "real", "date")
GEOMETRIES = ("polygon", "line", "point")


@dataclass(frozen=True)
class Field:
    """One field. ``meaning`` is how rules ask for it (``net_area``), whatever its name in this edition (YJJBNTMJ)."""

    name: str
    alias: str
    type: str
    mark: str
    length: int | None = None
    decimals: int | None = None
    meaning: str = ""
    codes: str = ""
    code_name: str = ""
    code_pad: int = 0
    constraint: str = ""
    unit: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Template:
    """One official layer in one edition: the single source of its schema. ``base``: the role whose template it is
    made from (年度动态维护), empty for one that is written out."""

    role: str
    name: str
    geometry: str
    overlap: str
    constraint: str
    name_mark: str
    fields_mark: str
    source: str
    fields: tuple[Field, ...]
    aliases: tuple[str, ...] = ()
    feature_code: str = ""
    group: str = ""
    standard: str = ""
    base: str = ""

    def field(self, meaning: str) -> Field | None:
        """The field of this meaning, or None when the layer has none."""
        return next((f for f in self.fields if f.meaning == meaning), None)

    def field_named(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)


_LAYER_KEYS = ("role", "name", "name_mark", "geometry", "overlap", "constraint", "fields_mark", "source", "field")
_FIELD_KEYS = ("name", "alias", "type", "mark")
_FIELD_MORE = ("length", "decimals", "meaning", "codes", "code_name", "code_pad", "constraint", "unit", "personal")


def load_template(path: Path, standard: str = "") -> Template:
    """Read one template. DataError names file and key."""
    table = read_toml(path)
    check_keys(table, required=_LAYER_KEYS, allowed=("aliases", "feature_code", "group"), file=path)
    fields = read_fields(table.pop("field"), path)
    for key, known in (("geometry", GEOMETRIES), ("overlap", ("never", "allowed")), ("fields_mark", MARKS)):
        if table[key] not in known:
            raise DataError("data_value_unknown", file=str(path), key=key, value=table[key], known=", ".join(known))
    if table["role"] != path.stem:
        raise DataError("data_value_unknown", file=str(path), key="role", value=table["role"], known=path.stem)
    table["aliases"] = tuple(table.get("aliases", ()))
    return Template(**table, fields=fields, standard=standard)


def read_fields(rows: Any, path: Path, where: str = "field") -> tuple[Field, ...]:
    """The fields of a ``[[field]]`` table. DataError names file and key."""
    fields = []
    for position, row in enumerate(expect(rows, list, file=path, key=where), start=1):
        key = f"{where}[{position}]"
        check_keys(row, required=_FIELD_KEYS, allowed=_FIELD_MORE, file=path, where=key)
        if row["type"] not in TYPES:
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{key}.type", value=row["type"], known=", ".join(TYPES)
            )
        fields.append(Field(**row))
    # Some formats take a field's title for its name in forms and tables: two alike cannot be told apart.
    for part, values in (("name", [f.name for f in fields]), ("alias", [f.alias for f in fields])):
        for value in values:
            if values.count(value) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"{where}.{part}", value=value)
    return tuple(fields)
