# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer templates (图层模板) and code lists (代码表), as written in a standard's folder.

Code lists are CSV files that a planner edits in a spreadsheet: every error names file and line, and its message names
the remedy.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from ..base.errors import DataError
from ..base.files.data import (
    NOT_IN_FILE,
    SOURCE_MARKS,
    SourceMark,
    check_known,
    check_unique,
    join_key,
    one_of,
    read_toml_record,
)
from ..base.files.encoding import (
    OLD_WORKBOOK_SIGNATURE,
    WORKBOOK_SIGNATURE,
    UndecodableTextError,
    decode_file_text,
    find_delimiter,
)

CODE_LIST_COLUMNS = ("code", "name", "parent", "level", "mark")
#: Headings that a planner may use instead of the column names.
_COLUMN_BY_HEADING = {
    "代码": "code",
    "名称": "name",
    "上级代码": "parent",
    "上级": "parent",
    "级别": "level",
    "层级": "level",
    "来源级别": "mark",
    "来源": "mark",
}


@dataclass(frozen=True)
class CodeEntry:
    """A code with its name, parent, level and further columns."""

    code: str
    name: str
    parent: str
    level: int
    mark: str
    other_columns: dict[str, str] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class CodeList:
    """A code list, which may be a hierarchy.

    ``entry_by_code``: code → entry, in the order of the file.
    """

    id: str
    entry_by_code: dict[str, CodeEntry]

    @property
    def mark(self) -> str:
        """Return the weakest mark of the rows."""
        return max((code.mark for code in self.entry_by_code.values()), default="C")

    def get_names_by_written_code(self, pad: int = 0) -> dict[str, str]:
        """Return code as it is written in fields → name.

        Codes of digits are padded on the right with zeros to ``pad`` digits.
        """
        return {
            code.code.ljust(pad, "0") if pad and code.code.isdigit() else code.code: code.name
            for code in self.entry_by_code.values()
        }

    def restore_leading_zeros(self, text: str, pad: int = 0) -> str:
        """Return the code, as it is written in fields, that became ``text`` when it was stored as a number.

        Empty if no code of the list begins with zeros before these digits. ``pad``: as in `get_names_by_written_code`.
        """
        codes = [*self.get_names_by_written_code(pad), *self.entry_by_code] if text.isdecimal() else []
        return next((code for code in codes if code.startswith("0") and code.lstrip("0") == text), "")

    def list_code_and_parents(self, code: str) -> tuple[str, ...]:
        """Return a code, its parent, the parent's parent and so on; empty if unknown."""
        chain: list[str] = []
        while code in self.entry_by_code and code not in chain:
            chain.append(code)
            code = self.entry_by_code[code].parent
        return tuple(chain)

    def is_code_within(self, code: str, ancestors: tuple[str, ...] | list[str]) -> bool:
        """Return True if a code is one of ``ancestors`` or below one of them."""
        return any(ancestor in ancestors for ancestor in self.list_code_and_parents(code))

    def collect_members(self, ancestors: tuple[str, ...] | list[str]) -> set[str]:
        """Return all codes that are one of ``ancestors`` or below one of them."""
        return {code for code in self.entry_by_code if self.is_code_within(code, ancestors)}


def load_code_list(path: Path) -> CodeList:
    """Read a CSV of ``code,name,parent,level,mark`` and further columns.

    Chinese headings are 代码、名称、上级代码、级别、来源级别. Encoding is UTF-8 (with or without a byte order mark)
    or GBK, with any line ends; empty rows and columns at the end are skipped.

    Raise DataError with file and line for a missing file, a workbook, an unknown encoding, a missing, repeated or
    unnamed column, a code that is empty, repeated or has two names, a blank name, an unknown parent, a cycle of
    parents, and codes that lost their leading zeros.
    """
    lines: dict[str, int] = {}
    codes: dict[str, CodeEntry] = {}
    for line, row in _read_rows(path, _read_text(path)):
        code, name = row["code"], row["name"]
        if not code or not name:
            raise DataError("data_code_blank", file=str(path), line=line, column="name" if code else "code", value=code)
        if row["mark"] not in SOURCE_MARKS or not (row["level"].isascii() and row["level"].isdigit()):
            raise DataError("data_code_row", file=str(path), line=line, value=code)
        if code in codes:
            other_name = codes[code].name
            params: dict[str, object] = {"file": str(path), "line": line, "first": lines[code], "value": code}
            if name != other_name:
                raise DataError("data_code_two_names", **params, name=other_name, other=name)
            raise DataError("data_code_repeated", **params)
        extra = {k: text for k, text in row.items() if k and k not in CODE_LIST_COLUMNS}
        codes[code] = CodeEntry(code, name, row["parent"], int(row["level"]), row["mark"], extra)
        lines[code] = line
    for code, entry in codes.items():
        params = {"file": str(path), "line": lines[code], "value": code}
        if entry.parent and entry.parent not in codes:
            raise DataError("data_code_parent", **params, parent=entry.parent)
        chain = [code]
        while (parent := codes[chain[-1]].parent) and parent not in chain:
            chain.append(parent)
        if parent == code:
            raise DataError("data_code_circle", **params, chain=" → ".join([*chain, parent]))
        if entry.parent and codes[entry.parent].level >= entry.level:
            raise DataError(
                "data_code_level", **params, level=entry.level, parent=entry.parent, above=codes[entry.parent].level
            )
    _check_leading_zeros(path, codes, lines)
    return CodeList(path.stem, codes)


def _read_text(path: Path) -> str:
    """Return the text of a CSV file; raise DataError for a missing, unreadable or binary file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    except OSError as error:
        raise DataError("data_list_no_access", file=str(path)) from error
    if data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE)):
        raise DataError("data_list_workbook", file=str(path))
    try:
        return decode_file_text(data)
    except UndecodableTextError as error:
        raise DataError("data_list_encoding", file=str(path), line=error.line) from error


def _read_rows(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Return line number and cells by column of every row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            lines.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise DataError("data_list_quotes", file=str(path), line=lines[-1][0] + 1 if lines else 1) from error
    lines = [(line, cells) for line, cells in lines if any(cells)]
    known_columns = ",".join(CODE_LIST_COLUMNS)
    if not lines:
        raise DataError("data_list_empty", file=str(path), columns=known_columns)
    head_line, headings = lines.pop(0)
    columns = [_COLUMN_BY_HEADING.get(heading, heading.lower()) for heading in headings]
    for name in CODE_LIST_COLUMNS:
        if name not in columns:
            raise DataError("data_list_column", file=str(path), line=head_line, column=name, columns=known_columns)
    for name in columns:
        if name and columns.count(name) > 1:
            raise DataError("data_list_column_twice", file=str(path), line=head_line, column=name)
    for line, cells in lines:
        for position, cell in enumerate(cells):
            if cell and (position >= len(columns) or not columns[position]):
                raise DataError("data_list_stray", file=str(path), line=line, column=position + 1, value=cell)
    return [(line, dict(zip(columns, cells + [""] * len(columns), strict=False))) for line, cells in lines]


def _check_leading_zeros(path: Path, codes: dict[str, CodeEntry], lines: dict[str, int]) -> None:
    """Raise DataError for codes that lost their leading zeros.

    A spreadsheet reads 0101 as a number and saves 101. In a list with levels, codes of one level have the same
    length.
    """
    if not any(each_code.parent for each_code in codes.values()):
        # 1 … 12 may be a valid list without levels.
        return
    longest: dict[int, str] = {}
    for code in codes.values():
        if code.code.isdigit():
            longest[code.level] = max(longest.get(code.level, ""), code.code, key=len)
    for code in codes.values():
        if code.code.isdigit() and len(code.code) == len(longest[code.level]) - 1:
            params = {"file": str(path), "line": lines[code.code], "value": code.code}
            raise DataError("data_code_zeros", **params, other=longest[code.level], meant=f"0{code.code}")


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
    template = read_toml_record(Template, path, given={"standard": standard})
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
