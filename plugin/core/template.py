# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer templates (图层模板) and code lists (代码表), as written in a standard's folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from .data import check_keys, expect, read_toml
from .errors import DataError

TYPES = ("text", "integer", "real", "date")
GEOMETRIES = ("polygon", "line", "point")
MARKS = ("A", "B", "C")


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
    """One official layer in one edition: the single source of its schema."""

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
    fields = []
    for position, row in enumerate(expect(table.pop("field"), list, file=path, key="field"), start=1):
        where = f"field[{position}]"
        check_keys(row, required=_FIELD_KEYS, allowed=_FIELD_MORE, file=path, where=where)
        if row["type"] not in TYPES:
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.type", value=row["type"], known=", ".join(TYPES)
            )
        fields.append(Field(**row))
    # Some formats take a field's title for its name in forms and tables: two alike cannot be told apart.
    for key, values in (("name", [f.name for f in fields]), ("alias", [f.alias for f in fields])):
        for value in values:
            if values.count(value) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"field.{key}", value=value)
    for key, known in (("geometry", GEOMETRIES), ("overlap", ("never", "allowed")), ("fields_mark", MARKS)):
        if table[key] not in known:
            raise DataError("data_value_unknown", file=str(path), key=key, value=table[key], known=", ".join(known))
    if table["role"] != path.stem:
        raise DataError("data_value_unknown", file=str(path), key="role", value=table["role"], known=path.stem)
    table["aliases"] = tuple(table.get("aliases", ()))
    return Template(**table, fields=tuple(fields), standard=standard)


@dataclass(frozen=True)
class Code:
    code: str
    name: str
    parent: str
    level: int
    mark: str
    extra: dict[str, str] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class CodeList:
    """A code list with parents; ``mark`` is its weakest row's."""

    id: str
    codes: dict[str, Code]

    @property
    def mark(self) -> str:
        return max((c.mark for c in self.codes.values()), default="C")

    def lineage(self, code: str) -> tuple[str, ...]:
        """The code and its parents, nearest first; empty when the code is not in the list."""
        chain: list[str] = []
        while code in self.codes and code not in chain:
            chain.append(code)
            code = self.codes[code].parent
        return tuple(chain)

    def within(self, code: str, ancestors: tuple[str, ...] | list[str]) -> bool:
        """Is the code one of these or below one of them?"""
        return any(c in ancestors for c in self.lineage(code))

    def members(self, ancestors: tuple[str, ...] | list[str]) -> set[str]:
        """All codes that are one of these or below one of them."""
        return {code for code in self.codes if self.within(code, ancestors)}


def load_code_list(path: Path) -> CodeList:
    """Read a CSV of ``code,name,parent,level,mark`` and further columns.

    DataError names file and line: a missing column, an empty or repeated code, a parent that is not there.
    """
    required = ("code", "name", "parent", "level", "mark")
    codes: dict[str, Code] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            for column in required:
                if column not in (reader.fieldnames or ()):
                    raise DataError("data_key_missing", file=str(path), key=column)
            for row in reader:
                line = reader.line_num
                code = (row["code"] or "").strip()
                if not code or code in codes:
                    raise DataError("data_code_repeated", file=str(path), line=line, value=code)
                if row["mark"] not in MARKS or not (row["level"] or "").isdigit():
                    raise DataError("data_code_row", file=str(path), line=line, value=code)
                extra = {k: v or "" for k, v in row.items() if k and k not in required}
                codes[code] = Code(
                    code, row["name"].strip(), (row["parent"] or "").strip(), int(row["level"]), row["mark"], extra
                )
    except FileNotFoundError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise DataError("data_file_broken", file=str(path), detail=str(error)) from error
    for code in codes.values():
        if code.parent and code.parent not in codes:
            raise DataError("data_code_parent", file=str(path), value=code.code, parent=code.parent)
    return CodeList(path.stem, codes)
