# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the tags of a DXF file: pairs of a group code and a value, grouped to entities."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from ...base.errors import InputError
from ...base.files.open_datasource import read_whole_file

#: First bytes of a DWG: its version, such as AC1032.
_DWG_PATTERN = re.compile(rb"AC1\d\d\d")
#: From this version on (AutoCAD 2007), files are in UTF-8.
_FIRST_UNICODE_VERSION = "AC1021"
#: A character as its number; halves of a pair (D800 to DFFF) are not characters.
_UNICODE_ESCAPE = re.compile(r"\\U\+((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})")
#: Entities that others follow, up to SEQEND.
_COMPOUND_TYPES = {"POLYLINE": "VERTEX", "INSERT": "ATTRIB"}


@dataclass(frozen=True)
class Tag:
    """A group code and its value."""

    code: int
    value: str


@dataclass
class Entity:
    """An entity of a drawing with its tags.

    ``block``: name of the block that defines it, empty for the drawing itself; ``line``: number of its first line in
    the file; ``children``: vertices of a POLYLINE, attributes of an INSERT.
    """

    type: str
    line: int
    block: str
    tags: list[Tag] = field(default_factory=list)
    children: list[Entity] = field(default_factory=list)

    def get(self, code: int, default: str = "") -> str:
        """Return the first value of a group code."""
        return next((tag.value.strip() for tag in self.tags if tag.code == code), default)

    def get_number(self, code: int, default: float = 0.0) -> float:
        """Return the first value of a group code as a number. Raise InputError for another text."""
        return self.convert(self.get(code, repr(default)), code)

    def get_numbers(self, code: int) -> list[float]:
        """Return all values of a group code as numbers."""
        return [self.convert(tag.value, code) for tag in self.tags if tag.code == code]

    def get_flags(self) -> int:
        """Return the bits of group code 70."""
        return int(self.get_number(70))

    def convert(self, text: str, code: int) -> float:
        """Return a value as a number. Raise InputError with line and group code."""
        try:
            number = float(text)
        except ValueError as error:
            raise InputError("drawing_number", line=self.line, kind=self.type, code=code, value=text) from error
        if not math.isfinite(number):
            raise InputError("drawing_number", line=self.line, kind=self.type, code=code, value=text)
        return number

    @property
    def handle(self) -> str:
        """Return the handle; for an entity without one (R12), ``L`` and the number of its line in the file."""
        return self.get(5) or f"L{self.line}"

    @property
    def layer(self) -> str:
        """Return the name of the layer."""
        return self.get(8, "0")


@dataclass
class Block:
    """A block (图块): its head (the entity BLOCK), its entities, and whether it is a reference to another file."""

    name: str
    is_external: bool
    head: Entity | None = None
    entities: list[Entity] = field(default_factory=list)


@dataclass
class DrawingTags:
    """What a DXF file contains.

    ``encoding``: Python's name of it; ``unit_code``: value of $INSUNITS, 0 if it is missing; ``blocks``: by name in
    capitals.
    """

    path: Path
    encoding: str
    unit_code: str
    layer_names: list[str]
    blocks: dict[str, Block]
    entities: list[Entity]


def read_tags(path: Path) -> DrawingTags:
    """Read an ASCII DXF file.

    Raises
    ------
    InputError
        The file is missing or may not be read, a DWG, a binary DXF, damaged or not a DXF; the error names the remedy.
    """
    data = read_whole_file(path)
    if _DWG_PATTERN.match(data[:6]) or path.suffix.lower() == ".dwg":
        raise InputError("drawing_dwg", file=path.name)
    if data.startswith(b"AutoCAD Binary DXF"):
        raise InputError("drawing_binary", file=path.name)
    encoding = find_encoding(data)
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    text = _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    lines = text.replace("\r\n", "\n").split("\n")
    numbered_tags: list[tuple[int, Tag]] = []
    for position in range(0, len(lines) - 1, 2):
        try:
            numbered_tags.append((position + 1, Tag(int(lines[position]), lines[position + 1])))
        except ValueError as error:
            raise InputError("drawing_damaged", file=path.name, line=position + 1) from error
    drawing = DrawingTags(path, encoding, _find_variable(data, b"INSUNITS") or "0", [], {}, [])
    _group_tags(drawing, numbered_tags)
    return drawing


def find_encoding(data: bytes) -> str:
    """Return the encoding of a DXF file, as Python names it.

    It is that of the version (UTF-8 from AutoCAD 2007 on) or of $DWGCODEPAGE, if the bytes can be decoded with it; else
    UTF-8 or GB 18030, whichever fits. Other programs write UTF-8 into files that state a western code page, with which
    any bytes can be decoded: there UTF-8 comes first.
    """
    version = _find_variable(data, b"ACADVER")
    page = _find_variable(data, b"DWGCODEPAGE").upper()
    encodings = ["utf-8", "gb18030"]
    if version < _FIRST_UNICODE_VERSION and page == "ANSI_936":
        # 936 is GBK, which GB 18030 contains.
        encodings.reverse()
    elif version < _FIRST_UNICODE_VERSION and page.startswith("ANSI_"):
        encodings.insert(1, f"cp{page.removeprefix('ANSI_')}")
    for encoding in encodings:
        try:
            data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    return "gb18030"


def _find_variable(data: bytes, name: bytes) -> str:
    """Return the value of a variable of the header, empty without it."""
    found = re.search(rb"\$%s\s+\d+[ \t]*\r?\n[ \t]*([^\r\n]*)" % name, data)
    return found[1].decode("ascii", errors="replace").strip() if found else ""


def _group_tags(drawing: DrawingTags, numbered_tags: list[tuple[int, Tag]]) -> None:
    """Add the tags of a file to its drawing by entity. Raise InputError for a file without entities or end.

    ``numbered_tags``: numbers of lines (from 1) and tags.
    """
    section, block = "", Block("", False)
    current: Entity | None = None
    parent: Entity | None = None
    layers: list[Entity] = []
    is_complete, has_entities = False, False
    for position, (line, tag) in enumerate(numbered_tags):
        value = tag.value.strip()
        if tag.code == 0:
            current = None
            if value == "SECTION":
                following = numbered_tags[position + 1 : position + 2]
                section = following[0][1].value.strip() if following else ""
                has_entities = has_entities or section == "ENTITIES"
            elif value == "ENDSEC":
                section, parent, block = "", None, Block("", False)
            elif value == "EOF":
                is_complete = True
                break
            elif section in ("BLOCKS", "ENTITIES", "TABLES"):
                current = Entity(value, line, block.name)
                parent = _place(current, parent, section, block, drawing)
                layers += [current] if section == "TABLES" and value == "LAYER" else []
                if value == "BLOCK":
                    block = _read_block_head(current, numbered_tags, position)
                    drawing.blocks[block.name.upper()] = block
                elif value == "ENDBLK":
                    block = Block("", False)
        elif current is not None:
            current.tags.append(tag)
    if not has_entities or not is_complete:
        raise InputError("drawing_incomplete" if has_entities else "drawing_not_dxf", file=drawing.path.name)
    drawing.layer_names += [tag.value.strip() for layer in layers for tag in layer.tags if tag.code == 2]


def _read_block_head(head: Entity, numbered_tags: list[tuple[int, Tag]], position: int) -> Block:
    """Return an empty block with the name and the flags that follow the first tag of its head."""
    values: dict[int, str] = {}
    while position + 1 < len(numbered_tags) and numbered_tags[position + 1][1].code != 0:
        position += 1
        tag = numbered_tags[position][1]
        values.setdefault(tag.code, tag.value.strip())
    flags = values.get(70, "0")
    # 4: a reference to another file (XREF), 8: an overlay of one.
    return Block(values.get(2, ""), flags.isdecimal() and bool(int(flags) & 12), head)


def _place(entity: Entity, parent: Entity | None, section: str, block: Block, drawing: DrawingTags) -> Entity | None:
    """Add an entity to its parent, its block or the drawing. Return the parent of the entities that follow."""
    if section == "TABLES" or entity.type in ("BLOCK", "ENDBLK"):
        return None
    if parent is not None and entity.type in (_COMPOUND_TYPES[parent.type], "SEQEND"):
        parent.children.append(entity)
        return parent if entity.type != "SEQEND" else None
    if section == "ENTITIES":
        drawing.entities.append(entity)
    elif block.name:
        block.entities.append(entity)
    return entity if entity.type in _COMPOUND_TYPES else None
