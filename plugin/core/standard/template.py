# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer templates (图层模板), as written in a standard's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.data import SOURCE_MARKS, check_keys, check_known, check_type, read_toml
from .codes import CodeEntry as CodeEntry
from .codes import CodeList as CodeList
from .codes import load_code_list as load_code_list

FIELD_TYPES = ("text", "integer", "real", "date")
#: Type of a field → OGR's name of the type in a database. ``integer`` is for up to nine digits, ``long`` for more.
OGR_TYPES = {"text": "String", "integer": "Integer", "long": "Integer64", "real": "Real", "date": "Date"}
GEOMETRY_TYPES = ("polygon", "line", "point")
#: Length in bytes of a field name in a shapefile.
MAX_SHORT_NAME_BYTES = 10
_NUMBER_PATTERN = re.compile(r"-?\d+(\.\d+)?")
_WORD_PATTERN = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*")


@dataclass(frozen=True)
class TemplateField:
    """One field of a template.

    ``meaning``: the name by which rules read it (``net_area``), whatever its name in this edition (YJJBNTMJ).
    ``codes``: id of its code list; ``code_name``: the field that has the name of the code; ``code_pad``:
    digits that codes are padded to. ``short``: a name of at most ten bytes (shapefile) for a longer name. ``default``:
    value in a new row. ``personal``: it has personal data (name, ID number, telephone, address) and is empty in exports
    unless requested.
    """

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
    short: str = ""
    default: str = ""


@dataclass(frozen=True)
class Template:
    """The schema of one official layer in one edition.

    ``role``: the layer's code; ``overlap``: whether its features may overlap; ``base``: code of the layer that it is
    derived from (年度动态维护), else empty.
    """

    role: str
    name: str
    geometry: str
    overlap: str
    constraint: str
    name_mark: str
    fields_mark: str
    source: str
    fields: tuple[TemplateField, ...]
    aliases: tuple[str, ...] = ()
    feature_code: str = ""
    group: str = ""
    standard: str = ""
    base: str = ""

    @classmethod
    def make_plain(cls, role: str, name: str, geometry: str, fields: Iterable[TemplateField]) -> Template:
        """Return the schema of a layer that no edition defines, such as imported boundary points."""
        return cls(role, name, geometry, "allowed", "", "C", "C", "", tuple(fields))

    def find_field(self, meaning: str) -> TemplateField | None:
        """Return the field of this meaning, or None."""
        return next((field for field in self.fields if field.meaning == meaning), None)

    @property
    def personal_fields(self) -> tuple[TemplateField, ...]:
        """Return the fields with personal data."""
        return tuple(field for field in self.fields if field.personal)

    def find_field_by_name(self, name: str) -> TemplateField | None:
        """Return the field of this name, or None."""
        return self._field_by_name.get(name)

    @cached_property
    def _field_by_name(self) -> dict[str, TemplateField]:
        """Return name → the first field of this name."""
        return {field.name: field for field in reversed(self.fields)}

    @property
    def shapefile_name_by_field(self) -> dict[str, str]:
        """Return field name → a unique name of at most ten bytes, for shapefiles.

        Names are unique ignoring case. A name is the field's ``short`` name, else its own if it fits, else truncated,
        with a number if needed. A name that fits is never given to another field.
        """
        export_names = {
            template_field.name: template_field.short for template_field in self.fields if template_field.short
        }
        used_names = {short_name.upper() for short_name in export_names.values()}
        fitting_names = [
            template_field.name
            for template_field in self.fields
            if template_field.name not in export_names and len(template_field.name.encode()) <= MAX_SHORT_NAME_BYTES
        ]
        export_names |= {name: name for name in fitting_names if name.upper() not in used_names}
        used_names |= {name.upper() for name in export_names.values()}
        for field in self.fields:
            short_name, number = export_names.get(field.name) or _truncate_to_bytes(field.name), 1
            while field.name not in export_names and short_name.upper() in used_names:
                number_suffix = f"_{number}"
                short_name, number = (
                    _truncate_to_bytes(field.name, MAX_SHORT_NAME_BYTES - len(number_suffix)) + number_suffix,
                    number + 1,
                )
            used_names.add(short_name.upper())
            export_names[field.name] = short_name
        return {field.name: export_names[field.name] for field in self.fields}


def _truncate_to_bytes(name: str, max_bytes: int = MAX_SHORT_NAME_BYTES) -> str:
    """Return a name truncated to ``max_bytes`` bytes without splitting a character."""
    return name.encode()[:max_bytes].decode(errors="ignore")


_LAYER_KEYS = ("role", "name", "name_mark", "geometry", "overlap", "constraint", "fields_mark", "source", "field")
_FIELD_KEYS = ("name", "alias", "type", "mark")
#: Further keys of a field with the types of their values.
_OPTIONAL_FIELD_KEYS: dict[str, type] = {
    **dict.fromkeys(("length", "decimals", "code_pad"), int),
    **dict.fromkeys(("meaning", "codes", "code_name", "constraint", "unit", "short", "default"), str),
    "personal": bool,
}


def load_template(path: Path, standard: str = "") -> Template:
    """Read one template. DataError names file and key."""
    table = read_toml(path)
    check_keys(table, required=_LAYER_KEYS, allowed=("aliases", "feature_code", "group"), file=path)
    fields = read_fields(table.pop("field"), path)
    for key, allowed_values in (
        ("geometry", GEOMETRY_TYPES),
        ("overlap", ("never", "allowed")),
        ("fields_mark", SOURCE_MARKS),
    ):
        check_known(table[key], allowed_values, path, key)
    check_known(table["role"], (path.stem,), path, "role")
    table["aliases"] = tuple(table.get("aliases", ()))
    return Template(**table, fields=fields, standard=standard)


def read_fields(rows: Any, path: Path, where: str = "field") -> tuple[TemplateField, ...]:
    """Return the fields of a ``[[field]]`` table.

    Raise DataError with file and key.
    """
    fields = [
        _read_field(row, f"{where}[{position}]", path)
        for position, row in enumerate(check_type(rows, list, file=path, key=where), start=1)
    ]
    _check_names(fields, path, where)
    return tuple(fields)


def _read_field(row: Any, entry: str, path: Path) -> TemplateField:
    """Return the field in a row of ``[[field]]``; raise DataError for an invalid key, type, short name or default."""
    check_type(row, dict, file=path, key=entry)
    check_keys(row, required=_FIELD_KEYS, allowed=_OPTIONAL_FIELD_KEYS, file=path, where=entry)
    for key, value in row.items():
        check_type(value, _OPTIONAL_FIELD_KEYS.get(key, str), file=path, key=f"{entry}.{key}")
    for key, allowed_values in (("type", FIELD_TYPES), ("mark", SOURCE_MARKS), ("constraint", ("M", "C", "O", ""))):
        if key in row:
            check_known(row[key], allowed_values, path, f"{entry}.{key}")
    field = TemplateField(**row)
    if field.short and (not _WORD_PATTERN.fullmatch(field.short) or len(field.short.encode()) > MAX_SHORT_NAME_BYTES):
        raise DataError(
            "data_short_name", file=str(path), key=f"{entry}.short", value=field.short, bytes=MAX_SHORT_NAME_BYTES
        )
    if field.default and field.type in ("integer", "real") and not _NUMBER_PATTERN.fullmatch(field.default):
        raise DataError(
            "data_value_kind", file=str(path), key=f"{entry}.default", value=repr(field.default), expected=field.type
        )
    return field


def _check_names(fields: list[TemplateField], path: Path, entry: str) -> None:
    """Raise DataError for two fields with the same name, title or short name, ignoring case.

    Some formats use a field's title as its name in forms and tables.
    """
    declared_names = {
        "name": [template_field.name.upper() for template_field in fields],
        "alias": [template_field.alias for template_field in fields],
        "short": [template_field.short.upper() for template_field in fields if template_field.short],
    }
    for key, values in declared_names.items():
        for value in values:
            if values.count(value) > 1:
                raise DataError("data_duplicate", file=str(path), key=f"{entry}.{key}", value=value)


def check_code_lists(templates: Iterable[Template], lists: Mapping[str, CodeList]) -> None:
    """Raise DataError for a field with an unknown code list, code-name field or default code."""
    for template in templates:
        for field in template.fields:
            field_path = {"layer": template.role, "field": field.name}
            if field.codes and field.codes not in lists:
                raise DataError("template_list_missing", **field_path, name=field.codes, known=", ".join(sorted(lists)))
            if field.code_name and template.find_field_by_name(field.code_name) is None:
                raise DataError("template_name_field", **field_path, name=field.code_name)
            if (
                field.codes
                and field.default
                and field.default not in lists[field.codes].get_names_by_written_code(field.code_pad)
            ):
                raise DataError("template_default", **field_path, value=field.default, name=field.codes)
