# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of a form of package, each from its table in the file. DataError names file and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyproj import CRS

from ...errors import DataError, OutputError
from ...files.data import check_keys, expect
from ...messages.texts import Texts
from ..names import PLACEHOLDERS, field_problem
from .maps import MAP_KEYS
from .model import (
    ENCODINGS,
    FORMATS,
    FRAMES,
    LAYER_ITEMS,
    NEEDS,
    PACKAGE_ITEMS,
    FileSlot,
    LayerSlot,
    NamedFile,
    TableWords,
    VectorSet,
)
from .values import check_no_two, check_one_of, check_pattern, check_reference, texts_of


def vector_set(row: Any, where: str, path: Path, folders: dict[str, str]) -> VectorSet:
    expect(row, dict, file=path, key=where)
    required, allowed = ("id", "folder", "file", "crs", "layer"), ("vertical", "encoding", "others")
    check_keys(row, required=required, allowed=allowed, file=path, where=where)
    for key, value in row.items():
        expect(value, {"layer": list, "others": bool}.get(key, str), file=path, key=f"{where}.{key}")
    check_one_of(row["folder"], folders, path, f"{where}.folder")
    check_pattern(row["file"], path, f"{where}.file")
    check_one_of(Path(row["file"]).suffix.lower(), FORMATS, path, f"{where}.file")
    check_one_of(row.get("encoding", "UTF-8"), ENCODINGS, path, f"{where}.encoding")
    check_reference(row["crs"], path, f"{where}.crs")
    if row.get("vertical"):
        check_reference(row["vertical"], path, f"{where}.vertical", vertical=True)
    if Path(row["file"]).suffix.lower() == ".vct":
        _for_vct(row, path, where)
    if Path(row["file"]).suffix.lower() == ".shp" and row.get("vertical"):
        # Not every program finds heights in a .prj, and GDAL drops those beside EPSG:4490.
        raise DataError("package_vertical", file=str(path), key=f"{where}.vertical", value=row["vertical"])
    layers = tuple(_layer(one, f"{where}.layer[{n}]", path) for n, one in enumerate(row.pop("layer"), start=1))
    check_no_two([one.layer for one in layers], path, f"{where}.layer")
    check_no_two([one.name.upper() for one in layers if one.name], path, f"{where}.layer.name")
    return VectorSet(**row, layers=layers)


def _for_vct(row: dict[str, Any], path: Path, where: str) -> None:
    """A VCT file is in GBK and tells its CRS in its header, which knows CGCS2000 and the heights of 1985 only."""
    # Here, for the list of forms is there without shapely, too.
    from ...exchange.vct.head import VERTICAL, check_crs

    check_one_of(row.setdefault("encoding", "GBK"), ("GBK",), path, f"{where}.encoding")
    check_one_of(row.get("vertical", ""), ("", VERTICAL), path, f"{where}.vertical")
    try:
        check_crs(CRS.from_user_input(row["crs"]), row["id"])
    except OutputError as error:
        raise DataError("package_crs", file=str(path), key=f"{where}.crs", value=row["crs"]) from error


def _layer(row: Any, where: str, path: Path) -> LayerSlot:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("layer", "need"), allowed=("name", "fields", "names"), file=path, where=where)
    for key, value in row.items():
        expect(value, {"fields": list, "names": dict}.get(key, str), file=path, key=f"{where}.{key}")
    check_one_of(row["need"], NEEDS, path, f"{where}.need")
    fields = tuple(expect(f, str, file=path, key=f"{where}.fields") for f in row.get("fields", ()))
    names = texts_of(row.get("names", {}), path, f"{where}.names")
    check_no_two([f.upper() for f in fields], path, f"{where}.fields")
    check_no_two([n.upper() for n in names.values()], path, f"{where}.names")
    for key, name in ((f"{where}.name", row.get("name", "")), *((f"{where}.names.{k}", n) for k, n in names.items())):
        if name and (problem := field_problem(name)):
            raise DataError("package_name", file=str(path), key=key, value=name, detail=problem)
    return LayerSlot(row["layer"], row["need"], row.get("name", ""), fields, names)


def file_slot(kind: str, row: Any, where: str, path: Path, folders: dict[str, str]) -> FileSlot:
    expect(row, dict, file=path, key=where)
    more = MAP_KEYS if kind == "map" else ()
    check_keys(row, required=("id", "title", "folder", "file", "need"), allowed=more, file=path, where=where)
    for key, value in row.items():
        expect(value, str, file=path, key=f"{where}.{key}")
    check_one_of(row["folder"], folders, path, f"{where}.folder")
    check_one_of(row["need"], NEEDS, path, f"{where}.need")
    check_pattern(row["file"], path, f"{where}.file", tuple(PLACEHOLDERS))
    return FileSlot(kind, **row)


def table_words(row: Any, path: Path) -> TableWords:
    """What else sheets and columns may be called; taken out of ``[tables]``."""
    expect(row, dict, file=path, key="tables")
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    texts = Texts("zh")
    for part, known in (("titles", texts.section("sheets")), ("heads", texts.section("columns"))):
        given = expect(row.pop(part, {}), dict, file=path, key=f"tables.{part}")
        for key, words in given.items():
            check_one_of(key, known, path, f"tables.{part}")
            expect(words, list, file=path, key=f"tables.{part}.{key}")
            for word in words:
                expect(word, str, file=path, key=f"tables.{part}.{key}")
        found[part] = {key: tuple(words) for key, words in given.items()}
    return TableWords(**found)


def named_file(row: Any, where: str, path: Path, folders: dict[str, str], items: tuple[str, ...] = ()) -> NamedFile:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("folder", "file", *(["names"] if items else [])), allowed=(), file=path, where=where)
    check_one_of(row["folder"], folders, path, f"{where}.folder")
    check_pattern(expect(row["file"], str, file=path, key=f"{where}.file"), path, f"{where}.file")
    names = texts_of(row.get("names", {}), path, f"{where}.names")
    if items:
        check_keys(names, required=items, allowed=(), file=path, where=f"{where}.names")
        for key, name in names.items():
            if name and (problem := field_problem(name)) == "field_characters":
                raise DataError("package_name", file=str(path), key=f"{where}.names.{key}", value=name, detail=problem)
        # Two things of one name in one element could not be told apart.
        for together in (("package", "dataset"), PACKAGE_ITEMS, LAYER_ITEMS):
            check_no_two(
                [name for key in together if (name := names[key] or key * (key in FRAMES))], path, f"{where}.names"
            )
    return NamedFile(row["folder"], row["file"], names)
