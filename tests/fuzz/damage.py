# SPDX-License-Identifier: GPL-2.0-or-later
"""Damage to files, chosen by a random generator: bytes, texts, JSON, cells of SQLite and Excel, members of archives."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import struct
import zipfile
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import IllegalCharacterError

from plugin.core.base.files.digests import add_digest

#: What is written of a damage that leaves a valid file of other rows.
ANOTHER = "another file"
TEXTS = (
    "", " ", "0", "-1", "1e999", "nan", "9" * 30, "２", "\0", "\x08", "\x0b", "\ufffe", "\uffff", "\ud7ff", "a，b;c", 'a"b', "=1+1",
    "长" * 5000, "2026-02-30", "../x", "<x>&", "\r\n", "]]>", "/vsicurl/http://127.0.0.1:9/x", "EPSG:0", "true", "[1]", "{}", "'",
)  # fmt: skip
VALUES = (None, True, 0, -1, 1e308, float("nan"), 10**30, [], {}, [[]], [None], {"a": None}, *TEXTS)
NUMBERS = (
    *(struct.pack("<i", n) for n in (0, -1, 1, 2**31 - 1)),
    *(struct.pack("<d", x) for x in (1e308, float("nan"))),
)
BLOBS = (
    b"",
    b"\0",
    b"GP",
    b"GP\0\1\xae\x11\0\0",
    b"POINT (1 2)",
    b"GP\0\1\xae\x11\0\0" + struct.pack("<BII", 1, 3, 2**31),
)
TEXT_SUFFIXES = {*".geojson .json .gml .xsd .xml .rels .csv .txt .vct .dxf .toml .prj .cpg .html .svg .sha256".split()}
ARCHIVES = {".zip", ".xlsx", ".docx"}
BYTE_CHANGES = {
    "flip": lambda data, at, size, chance: data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
    "cut": lambda data, at, size, chance: data[:at],
    "insert": lambda data, at, size, chance: data[:at] + chance.randbytes(size) + data[at:],
    "remove": lambda data, at, size, chance: data[:at] + data[at + size :],
    "zeros": lambda data, at, size, chance: data[:at] + bytes(len(data[at : at + size])) + data[at + size :],
    "repeat": lambda data, at, size, chance: data[: at + size] + data[at:],
    "number": lambda data, at, size, chance: data[: at - at % 4] + (n := chance.choice(NUMBERS)) + data[at - at % 4 + len(n) :],
}  # fmt: skip
CODECS = ("gb18030", "utf-16", "utf-8-sig", "utf-16-be", "big5")


def damage_folder(folder: Path, chance: Random) -> str:
    """Damage one file of a folder; return what was done, with the file."""
    path = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    name = path.relative_to(folder).as_posix()
    if chance.random() < 0.04:
        other = chance.choice([None, *sorted(p for p in path.parent.iterdir() if p.is_file())])
        path.unlink() if other in (None, path) else shutil.copy(other, path)
        return f"{name}: replaced by {other and other.name}, {ANOTHER}"
    data, kind = damage_data(path.read_bytes(), path.suffix.lower(), chance)
    path.write_bytes(data)
    return f"{name}: {kind}"


def damage_data(data: bytes, suffix: str, chance: Random) -> tuple[bytes, str]:
    """Return the damaged content of a file, and what was done; one time in three the bytes, else what they mean."""
    kinds = [_damage_bytes]
    kinds += [_damage_text] * 2 if suffix in TEXT_SUFFIXES else []
    kinds += [_damage_json] * 3 if suffix in (".json", ".geojson") else []
    kinds += [_damage_toml] * 3 if suffix == ".toml" else []
    kinds += [_damage_archive] * 2 if suffix in ARCHIVES else []
    kinds += [_damage_workbook] * 2 if suffix == ".xlsx" else []
    kinds += [_damage_database] * 4 if suffix == ".gpkg" else []
    return chance.choice(kinds)(data, chance) if data else (chance.randbytes(9), "filled")


def _damage_bytes(data: bytes, chance: Random) -> tuple[bytes, str]:
    at, size = chance.randrange(len(data)), chance.choice((1, 4, 8, 64, 512, 4096))
    # The head of a file has its structure.
    at = chance.randrange(min(len(data), 512)) if chance.random() < 0.3 else at
    kind = chance.choice(list(BYTE_CHANGES))
    return BYTE_CHANGES[kind](data, at, size, chance), f"bytes {kind} {at} {size}"


def _damage_text(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Replace a word, move or repeat a line, or write the text in another encoding."""
    kind = chance.choice(("word", "word", "word", "line", "lines", "codec"))
    if kind == "codec":
        codec = chance.choice(CODECS)
        return data.decode("utf-8", "replace").encode(codec, "replace"), f"text {codec}"
    if kind == "word":
        word = chance.choice(list(re.finditer(rb"[^\s,;:\"'<>=\[\]{}()/]+", data)) or [re.search(rb"", data)])
        text = chance.choice(TEXTS)
        return data[: word.start()] + text.encode(chance.choice(("utf-8", "gb18030"))) + data[
            word.end() :
        ], f"text {word[0][:20]!r} → {text[:20]!r}"
    lines = data.splitlines(keepends=True)
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[at] = b"" if kind == "line" else lines[other]
    return b"".join(lines), f"text {kind} {at} {other}: {ANOTHER}"


def _damage_toml(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Replace the value of a key by one of another type."""
    value = chance.choice(["0", "-1", "1e308", "nan", '""', "true", "[]", "{}", "[[]]", "[1]", '["a", 1]', "2026-01-01", '"\\u0008"', '"\\uFFFE"', "9" * 30, '{a = 1}'])  # fmt: skip
    found = chance.choice(
        list(re.finditer(rb"(?m)^(\s*[\w.\"-]+ *= *|.*= )(.+)$", data)) or [re.search(rb"()()", data)]
    )
    return data[: found.start(2)] + value.encode() + data[found.end(2) :], f"toml {found[1][-20:]!r} → {value[:20]}"


def _damage_json(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Replace or remove a value of JSON; a digest of the file's text is renewed."""
    with suppress(ValueError):
        document, places = json.loads(data), []
        is_signed = isinstance(document, dict) and data.startswith(b'{"digest"') and document.pop("digest")

        def list_places(value: Any) -> None:
            for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
                places.append((value, key))
                list_places(value[key])

        list_places(document)
        holder, key = chance.choice(places)
        value = chance.choice(VALUES)
        kind = chance.choice((ANOTHER, "", "", ""))
        if kind:
            del holder[key]
        else:
            holder[key] = value
        text = json.dumps(document, ensure_ascii=False)
        return (add_digest(text) if is_signed else text).encode(
            errors="replace"
        ), f"json {key!r} → {kind or repr(value)[:20]}"
    return _damage_bytes(data, chance)


def _damage_archive(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Damage, rename or repeat a member of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at, target = chance.randrange(len(members)), io.BytesIO()
    name, content = members[at]
    kind = chance.choice(("content", "content", "content", "name", "again", "left out"))
    if kind == "content":
        content, kind = damage_data(content, Path(name).suffix.lower(), chance)
    elif kind == "name":
        name = chance.choice(("../x", "/x", "C:\\x", "a/" * 100 + "x", name.upper(), "con", "地\x07", f"{name}/x"))
    members[at : at + 1] = {"again": [(name, content)] * 2, "left out": []}.get(kind, [(name, content)])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in members:
            archive.writestr(*one)
    return target.getvalue(), f"member {name}: {kind}"


def _damage_workbook(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Set a cell of a workbook, sometimes far from the others, or merge cells."""
    book, target = openpyxl.load_workbook(io.BytesIO(data)), io.BytesIO()
    sheet = chance.choice(book.worksheets)
    row, column = chance.randint(1, sheet.max_row + 1), chance.randint(1, sheet.max_column + 1)
    row, column = chance.choice(((row, column),) * 4 + ((1048576, column), (row, 16384)))
    value = chance.choice([None, True, -1, 1e308, "#REF!", "=A1", *TEXTS])
    with suppress(ValueError, AttributeError, IllegalCharacterError):  # characters that XML forbids; merged cells
        sheet.cell(row, column).value = value
        if chance.random() < 0.2:
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
        book.save(target)
    return target.getvalue(), f"cell {row} {column} → {str(value)[:20]!r}"


def _damage_database(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Change cells of one column in a GeoPackage, in data or in its catalogue, or drop or rename a table."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(data)
        database.execute("PRAGMA writable_schema = ON")
        kinds = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = chance.choice([name for name in kinds if not name.startswith("sqlite_")])
        columns = [row[1:3] for row in database.execute(f'PRAGMA table_info("{table}")')]
        column, type_ = chance.choice(columns + [one for one in columns if one[0] == "geom"] * 3)
        kind = chance.choice(("cell",) * 6 + ("column", "drop", "rename", "type"))
        value: Any = chance.choice([*TEXTS, *BLOBS, None, True, -1, 1e308, 2**60])
        with suppress(sqlite3.Error):  # constraints
            match kind:
                case "cell" | "column":
                    rows = database.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall() or [(0, None)]
                    some = [chance.choice(rows)] if kind == "cell" else rows
                    if type(some[0][1]) is bytes and chance.random() < 0.6:
                        value, kind = _damage_bytes(some[0][1], chance)
                    database.executemany(
                        f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', [(value, n) for n, _ in some]
                    )
                case "drop":
                    database.execute(f'DROP TABLE "{table}"')
                case "rename":
                    database.execute(
                        f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{chance.choice(("x", "FID", "名，", "BSM", "geometry"))}"'
                    )
                case _:
                    database.execute(
                        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = ?",
                        (type_, chance.choice(("", "X", "BLOB", "TEXT(0)", "DATE")), table),
                    )
        database.commit()
        return database.serialize(), f"sqlite {kind} {table}.{column} → {str(value)[:20]!r}"
