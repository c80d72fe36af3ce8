# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections FeatureCode and TableStructure of a VCT file.

They declare the classes of features and the fields of their tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .line_reader import LineReader, shorten_line
from .settings import VCT_SEPARATOR, FileRemarks

#: Kind of geometry → its word in a file.
SECTION_NAMES = {"point": "Point", "line": "Line", "polygon": "Polygon", "annotation": "Annotation"}
#: Field types of a file → types of templates. Int4 and the like have their length in the name.
_FIELD_TYPES_BY_VCT_NAME = {
    "char": "text", "varchar": "text", "varbin": "text", "string": "text", "text": "text",
    "int": "integer", "integer": "integer", "long": "integer", "short": "integer",
    "float": "real", "double": "real", "number": "real", "numeric": "real",
    "date": "date", "datetime": "date", "time": "text", "bool": "text",
}  # fmt: skip


@dataclass(frozen=True)
class VctColumn:
    """A field of a table in a VCT file.

    ``type``: as in templates; ``length``: 0 if missing; ``is_unlimited``: a text without limit.
    """

    name: str
    type: str
    length: int = 0
    decimals: int = 0
    is_unlimited: bool = False

    def format_declaration(self) -> str:
        """Return the text line that declares the field."""
        type_text_by_type = {
            "text": f"Char{VCT_SEPARATOR}{self.length}",
            "integer": f"Int{VCT_SEPARATOR}{self.length}",
            "real": f"Float{VCT_SEPARATOR}{self.length}{VCT_SEPARATOR}{self.decimals}",
            "date": f"Date{VCT_SEPARATOR}8",
        }
        return f"{self.name}{VCT_SEPARATOR}{type_text_by_type[self.type]}"


@dataclass(frozen=True)
class VctTable:
    """A table of a VCT file; without columns, a feature class as declared (``line_number``: where).

    ``shape_kind``: point, line, polygon, annotation, or empty without shapes; ``class_code``: its 要素代码 (feature
    class code); ``title``: Chinese name of the features.
    """

    name: str
    columns: tuple[VctColumn, ...]
    shape_kind: str = ""
    class_code: str = ""
    title: str = ""
    line_number: int = 0


@dataclass
class VctStructure:
    """All feature classes and tables that a VCT file declares."""

    feature_classes: list[VctTable]
    tables: dict[str, VctTable]

    @cached_property
    def class_by_code(self) -> dict[str, VctTable]:
        """Feature class code (要素代码) → the first class that declares it.

        If several layers share a code, the attribute rows decide to which table a feature belongs (`tables_of_code`).
        """
        return {c.class_code: c for c in reversed(self.feature_classes)}

    @cached_property
    def tables_of_code(self) -> dict[str, set[str]]:
        """Feature class code (要素代码) → names of its tables, in capitals."""
        return {
            code: {c.name.upper() for c in self.feature_classes if c.class_code == code} for code in self.class_by_code
        }


def read_classes(line_reader: LineReader, remarks: FileRemarks) -> list[VctTable]:
    """Read the feature classes up to FeatureCodeEnd.

    InputError names a line that is invalid or contradicts another line of the same table.
    """
    kinds = {word.lower(): kind for kind, word in SECTION_NAMES.items()}
    feature_classes: list[VctTable] = []
    while (line := line_reader.read_stripped_line()).lower() != "featurecodeend":
        parts = [part.strip() for part in line.split(line_reader.separator)]
        if len(parts) < 4 or not parts[0] or not parts[3]:
            line_reader.refuse_section_mark(line)
            separator = line_reader.separator if line_reader.separator.isprintable() else "Tab"
            raise line_reader.make_error("vct_class", value=shorten_line(line), separator=separator)
        word = parts[2].lower()
        if word not in kinds:
            if word not in ("solid", "image", "nonegeometry", "none", "table"):
                raise line_reader.make_error("vct_class_kind", value=parts[2][:40], table=parts[3])
            # Their sections cannot be read: the tables are retained without shapes.
            remarks.add_remark("vct_note_class_kind", line_reader.number, table=parts[3], of_kind=parts[2])
        code, title, _, name, *_ = parts
        declared = VctTable(name, (), kinds.get(word, ""), code, title, line_reader.number)
        for other in feature_classes:
            if other.name.upper() == name.upper() and other.shape_kind != declared.shape_kind:
                raise line_reader.make_error("vct_two_kinds", table=name, code=code, other=other.class_code)
        feature_classes.append(declared)
    return feature_classes


def read_tables(line_reader: LineReader, classes: list[VctTable], remarks: FileRemarks) -> dict[str, VctTable]:
    """Read the tables up to TableStructureEnd; return them by name in capitals.

    Classes without a table and tables without a class get a remark. Raises InputError for a wrong number of fields.
    """
    tables: dict[str, VctTable] = {}
    of_table = {c.name.upper(): c for c in reversed(classes)}
    while (line := line_reader.read_stripped_line()).lower() != "tablestructureend":
        parts = [part.strip() for part in line.split(line_reader.separator)]
        if len(parts) < 2 or not parts[1].isdecimal():
            line_reader.refuse_section_mark(line)
            raise line_reader.make_error("vct_table", value=shorten_line(line))
        count, start = line_reader.parse_integer(parts[1]), line_reader.number
        if parts[0].upper() in tables:
            raise line_reader.make_error("vct_table_twice", table=parts[0])
        table = parts[0]
        unusable_lengths: list[tuple[int, str]] = []
        columns: list[VctColumn] = []
        places: dict[str, int] = {}
        for _ in range(count):
            columns.append(_parse_column(line_reader, table, unusable_lengths))
            name = columns[-1].name
            if (first := places.setdefault(name.upper(), line_reader.number)) != line_reader.number:
                raise line_reader.make_error("vct_field_twice", table=table, field=name, first=first)
        if unusable_lengths:
            number, value = unusable_lengths[0]
            remarks.add_remark("vct_note_length", number, None, len(unusable_lengths), table=table, value=value)
        if (end := line_reader.read_stripped_line()) != "0":
            raise line_reader.make_error("vct_fields_count", table=parts[0], count=parts[1], value=shorten_line(end))
        its = of_table.get(parts[0].upper())
        without_geometry = len(parts) > 2 and parts[2].lower() == "nonegeometry"
        if without_geometry and its is not None and its.shape_kind:
            line_reader.number = start
            raise line_reader.make_error("vct_table_kind", table=parts[0], code=its.class_code)
        if its is None and not without_geometry:
            remarks.add_remark("vct_note_no_class", start, table=parts[0])
        its = its or VctTable("", ())
        kind = "" if without_geometry else its.shape_kind
        tables[parts[0].upper()] = replace(its, name=parts[0], columns=tuple(columns), shape_kind=kind)
    for one in of_table.values():
        if one.name.upper() not in tables:
            remarks.add_remark("vct_note_no_table", line_reader.number, table=one.name, code=one.class_code)
    return tables


def _parse_column(line_reader: LineReader, table: str, unusable_lengths: list[tuple[int, str]]) -> VctColumn:
    """Return the column that the next line declares.

    A length that cannot be used is added to ``unusable_lengths`` with its line number.
    """
    line = line_reader.read_stripped_line()
    parts = [part.strip() for part in line.split(line_reader.separator)]
    word = parts[1].lower() if len(parts) > 1 else ""
    type_ = _FIELD_TYPES_BY_VCT_NAME.get(word.rstrip("0123456789"), "")
    if not parts[0] or not type_:
        line_reader.refuse_section_mark(line)
        raise line_reader.make_error("vct_field", table=table, value=shorten_line(line))
    # Keep positions: an invalid width must not make the decimals the width.
    length, decimals, *_ = [line_reader.parse_integer(part) if part.isdecimal() else 0 for part in [*parts[2:], "", ""]]
    long = word.startswith("var")
    length_texts = parts[2:4] if type_ == "real" else parts[2:3]
    is_length_readable = all(part.isdecimal() for part in length_texts if part)
    is_length_missing = word == "char" and not any(length_texts)
    if (
        is_length_missing
        or not is_length_readable
        or (not length and any(length_texts[:1]) and not long)
        or (length and decimals > length)
    ):
        unusable_lengths.append((line_reader.number, shorten_line(line)))
        length = 0
    return VctColumn(parts[0], type_, length, decimals, long)
