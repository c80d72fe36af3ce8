# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer templates (图层模板), as written in a standard's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from ..base.errors import DataError
from ..base.files.data import (
    NOT_IN_FILE,
    SourceMark,
    check_known,
    check_unique,
    join_key,
    one_of,
    read_record,
    read_toml,
)
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
    type: Annotated[str, one_of(*FIELD_TYPES)]
    mark: SourceMark
    length: int | None = None
    decimals: int | None = None
    meaning: str = ""
    codes: str = ""
    code_name: str = ""
    code_pad: int = 0
    constraint: Annotated[str, one_of("M", "C", "O", "")] = ""
    unit: str = ""
    personal: bool = False
    short: str = ""
    default: str = ""

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a short name that shapefiles do not allow, and for a default of another type."""
        if self.short and (not _WORD_PATTERN.fullmatch(self.short) or len(self.short.encode()) > MAX_SHORT_NAME_BYTES):
            raise DataError(
                "data_short_name", file=str(file), key=f"{where}.short", value=self.short, bytes=MAX_SHORT_NAME_BYTES
            )
        if self.default and self.type in ("integer", "real") and not _NUMBER_PATTERN.fullmatch(self.default):
            raise DataError(
                "data_value_kind", file=str(file), key=f"{where}.default", value=repr(self.default), expected=self.type
            )


@dataclass(frozen=True)
class Template:
    """The schema of one official layer in one edition.

    ``role``: the layer's code; ``overlap``: whether its features may overlap; ``base``: code of the layer that it is
    derived from (年度动态维护), else empty.
    """

    role: str
    name: str
    geometry: Annotated[str, one_of(*GEOMETRY_TYPES)]
    overlap: Annotated[str, one_of("never", "allowed")]
    constraint: str
    name_mark: str
    fields_mark: SourceMark
    source: str
    fields: tuple[TemplateField, ...] = field(metadata={"key": "field"})
    aliases: tuple[str, ...] = ()
    feature_code: str = ""
    group: str = ""
    standard: str = field(default="", metadata=NOT_IN_FILE)
    base: str = field(default="", metadata=NOT_IN_FILE)

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for two fields with one name."""
        check_field_names(self.fields, file, join_key(where, "field"))

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
        return next((field for field in self.fields if field.name == name), None)

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
        for template_field in self.fields:
            short_name, number = export_names.get(template_field.name) or _truncate_to_bytes(template_field.name), 1
            while template_field.name not in export_names and short_name.upper() in used_names:
                number_suffix = f"_{number}"
                short_name, number = (
                    _truncate_to_bytes(template_field.name, MAX_SHORT_NAME_BYTES - len(number_suffix)) + number_suffix,
                    number + 1,
                )
            used_names.add(short_name.upper())
            export_names[template_field.name] = short_name
        return {template_field.name: export_names[template_field.name] for template_field in self.fields}


def _truncate_to_bytes(name: str, max_bytes: int = MAX_SHORT_NAME_BYTES) -> str:
    """Return a name truncated to ``max_bytes`` bytes without splitting a character."""
    return name.encode()[:max_bytes].decode(errors="ignore")


def load_template(path: Path, standard: str = "") -> Template:
    """Read one template. DataError names file and key."""
    template = read_record(Template, read_toml(path), file=path, given={"standard": standard})
    check_known(template.role, (path.stem,), path, "role")
    return template


def check_field_names(fields: tuple[TemplateField, ...], path: Path, entry: str) -> None:
    """Raise DataError for two fields with the same name, title or short name, ignoring case.

    Some formats use a field's title as its name in forms and tables.
    """
    declared_names = {
        "name": [template_field.name.upper() for template_field in fields],
        "alias": [template_field.alias for template_field in fields],
        "short": [template_field.short.upper() for template_field in fields if template_field.short],
    }
    for key, values in declared_names.items():
        check_unique(values, path, f"{entry}.{key}")


def check_code_lists(templates: Iterable[Template], lists: Mapping[str, CodeList]) -> None:
    """Raise DataError for a field with an unknown code list, code-name field or default code."""
    for template in templates:
        for template_field in template.fields:
            field_path = {"layer": template.role, "field": template_field.name}
            if template_field.codes and template_field.codes not in lists:
                raise DataError(
                    "template_list_missing", **field_path, name=template_field.codes, known=", ".join(sorted(lists))
                )
            if template_field.code_name and template.find_field_by_name(template_field.code_name) is None:
                raise DataError("template_name_field", **field_path, name=template_field.code_name)
            if (
                template_field.codes
                and template_field.default
                and template_field.default
                not in lists[template_field.codes].get_names_by_written_code(template_field.code_pad)
            ):
                raise DataError(
                    "template_default", **field_path, value=template_field.default, name=template_field.codes
                )
