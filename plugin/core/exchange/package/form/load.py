# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package holds and how things are called in it (汇交成果包的样式), as data: `resources/packages` or a province's own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pyproj import CRS
from pyproj.exceptions import CRSError

from .....paths import PACKAGES
from ....data import check_keys, expect, read_toml
from ....errors import DataError, OutputError
from ....profile.complaints import Complaints
from ....template import MARKS
from ....texts import Texts
from ..names import OWN_PLACEHOLDERS, PLACEHOLDERS, field_problem, fill, name_problem, unknown_placeholder
from .maps import MAP_KEYS, MapSettings, check_map_slots, map_settings
from .model import FileSlot as FileSlot
from .model import LayerSlot as LayerSlot
from .model import NamedFile as NamedFile
from .model import PackageProfile as PackageProfile
from .model import TableWords as TableWords
from .model import VectorSet as VectorSet

NEEDS = ("M", "C", "O")
FORMAT_NAMES = {".gdb": "FileGDB", ".gpkg": "GeoPackage", ".shp": "Shapefile", ".vct": "VCT 3.0"}
FORMATS = tuple(FORMAT_NAMES)
ENCODINGS = ("UTF-8", "GBK")
#: Items of the metadata, as this plugin calls them.
METADATA_ITEMS = (
    "metadata", "package", "dataset", "data_id", "resource_id", "name", "alias", "format", "geometry", "wkid", "unit",
    "currency", "integrity", "score", "grade", "product_date", "update_date", "secrecy", "features", "extent",
)  # fmt: skip
Made = TypeVar("Made")
#: Stands for a value while a pattern is looked at.
_SAMPLE = {"code": "140225", "name": "浑源县", "year": "2026", "number": "01", "title": "图"}


def package_ids() -> list[str]:
    return sorted(p.stem for p in PACKAGES.glob("*.toml"))


_TOP = ("id", "name", "standard", "source", "digits", "root", "secrecy", "folders", "vector", "report", "metadata")
_TOP_MORE = ("secrecy_levels", "marks", "document", "map", "maps", "table", "tables")
_KINDS = ("document", "map", "table")


def package_file(name: str | Path) -> Path:
    """The file of a form by id, or by the path of a .toml. DataError names the ids there are."""
    path = PACKAGES / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise DataError("package_unknown", value=str(name), known=", ".join(package_ids()))
    return path


def load_package(name: str | Path) -> PackageProfile:
    """A form of package by id or path. DataError names file and key of the first slip: of its own, or against its standard,
    for a field that no layer has would not be written, and of two files in one place one would be lost."""
    from .complaints import against_standard

    form = read_form(package_file(name), Complaints())
    against_standard(form, Complaints())
    return form


def read_form(path: Path, complaints: Complaints) -> PackageProfile:
    """A form from its file, part by part, so that one slip does not hide the next; what has one is left empty. The caller
    asks the complaints before it uses what comes of it."""
    table = read_toml(path)
    for key in (*_TOP, *table):
        with complaints.part():
            check_keys({k: v for k, v in table.items() if k == key}, required=(key,), allowed=(), file=path)
            _one_key(key, path)
    texts = dict.fromkeys(("id", "name", "standard", "source", "root", "secrecy"), "")
    for key in texts:
        if key in table:
            with complaints.part():
                texts[key] = expect(table[key], str, file=path, key=key)
    digits = table.get("digits", 6)
    with complaints.part():
        _one_of(digits, (4, 6), path, "digits")
    with complaints.part():
        _pattern(texts["root"] or "{code}", path, "root")
    none: dict[str, str] = {}
    folders = _part(complaints, none, _folders, table.get("folders", {}), path)
    rows: list[Any] = _part(complaints, [], _rows, table.get("vector", []), path, "vector")
    vectors = [_part(complaints, None, _vector, row, f"vector[{n}]", path, folders) for n, row in enumerate(rows, 1)]
    slots = []
    for kind in _KINDS:
        rows = _part(complaints, [], _rows, table.get(kind, []), path, kind)
        slots += [
            _part(complaints, None, _file_slot, kind, row, f"{kind}[{n}]", path, folders)
            for n, row in enumerate(rows, 1)
        ]
    files = tuple(slot for slot in slots if slot is not None)
    sets = tuple(one for one in vectors if one is not None)
    with complaints.part():
        _no_two([v.id for v in sets] + [f.id for f in files], path, "id")
    words = _part(complaints, TableWords(), _table_words, table.get("tables", {}), path)
    maps = _part(complaints, MapSettings(), map_settings, table.get("maps", {}), path)
    with complaints.part():
        check_map_slots(files, maps, path)
    nothing = NamedFile("", "")
    named: dict[str, NamedFile] = {}
    for key, items in (("report", ()), ("metadata", METADATA_ITEMS), ("tables", ())):
        if key in table:
            named[key] = _part(complaints, nothing, _named, table[key], key, path, folders, items)
    return PackageProfile(
        **texts,
        digits=digits,
        secrecy_levels=_part(complaints, (), _levels, table, path),
        folders=folders,
        vectors=sets,
        files=files,
        report=named.get("report", nothing),
        metadata=named.get("metadata", nothing),
        tables=named.get("tables"),
        words=words,
        maps=maps,
        marks=_part(complaints, none, _marks, table.get("marks", {}), path),
        path=path,
    )


def _part(complaints: Complaints, empty: Made, read: Callable[..., Made], *given: Any) -> Made:
    """What a part of the file gives; ``empty`` for one with a slip, which is kept (or raised, as the complaints will)."""
    with complaints.part():
        return read(*given)
    return empty


def _one_key(key: str, path: Path) -> None:
    check_keys({key: None}, required=(), allowed=(*_TOP, *_TOP_MORE), file=path)


def _rows(rows: Any, path: Path, key: str) -> list[Any]:
    return list(expect(rows, list, file=path, key=key))


def _folders(value: Any, path: Path) -> dict[str, str]:
    folders = _texts(value, path, "folders")
    for key, text in folders.items():
        for part in text.split("/"):
            _name(part, path, f"folders.{key}")
    return folders


def _levels(table: dict[str, Any], path: Path) -> tuple[str, ...]:
    given = expect(table.get("secrecy_levels", []), list, file=path, key="secrecy_levels")
    levels = tuple(expect(v, str, file=path, key="secrecy_levels") for v in given)
    if levels:
        _one_of(table.get("secrecy"), levels, path, "secrecy")
    return levels


def _marks(value: Any, path: Path) -> dict[str, str]:
    marks = _texts(value, path, "marks")
    for key, mark in marks.items():
        _one_of(mark, MARKS, path, f"marks.{key}")
        _one_of(key.split(".")[0], (*_TOP, *_TOP_MORE), path, f"marks.{key}")
    return marks


def _vector(row: Any, where: str, path: Path, folders: dict[str, str]) -> VectorSet:
    expect(row, dict, file=path, key=where)
    required, allowed = ("id", "folder", "file", "crs", "layer"), ("vertical", "encoding", "others")
    check_keys(row, required=required, allowed=allowed, file=path, where=where)
    for key, value in row.items():
        expect(value, {"layer": list, "others": bool}.get(key, str), file=path, key=f"{where}.{key}")
    _one_of(row["folder"], folders, path, f"{where}.folder")
    _pattern(row["file"], path, f"{where}.file")
    _one_of(Path(row["file"]).suffix.lower(), FORMATS, path, f"{where}.file")
    _one_of(row.get("encoding", "UTF-8"), ENCODINGS, path, f"{where}.encoding")
    _reference(row["crs"], path, f"{where}.crs")
    if row.get("vertical"):
        _reference(row["vertical"], path, f"{where}.vertical", vertical=True)
    if Path(row["file"]).suffix.lower() == ".vct":
        _for_vct(row, path, where)
    if Path(row["file"]).suffix.lower() == ".shp" and row.get("vertical"):
        # Not every program finds heights in a .prj, and GDAL drops those beside EPSG:4490.
        raise DataError("package_vertical", file=str(path), key=f"{where}.vertical", value=row["vertical"])
    layers = tuple(_layer(one, f"{where}.layer[{n}]", path) for n, one in enumerate(row.pop("layer"), start=1))
    _no_two([one.layer for one in layers], path, f"{where}.layer")
    _no_two([one.name.upper() for one in layers if one.name], path, f"{where}.layer.name")
    return VectorSet(**row, layers=layers)


def _for_vct(row: dict[str, Any], path: Path, where: str) -> None:
    """A VCT file is in GBK and tells its CRS in its header, which knows CGCS2000 and the heights of 1985 only."""
    # Here, for the list of forms is there without shapely, too.
    from ...vct.head import VERTICAL, check_crs

    _one_of(row.setdefault("encoding", "GBK"), ("GBK",), path, f"{where}.encoding")
    _one_of(row.get("vertical", ""), ("", VERTICAL), path, f"{where}.vertical")
    try:
        check_crs(CRS.from_user_input(row["crs"]), row["id"])
    except OutputError as error:
        raise DataError("package_crs", file=str(path), key=f"{where}.crs", value=row["crs"]) from error


def _layer(row: Any, where: str, path: Path) -> LayerSlot:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("layer", "need"), allowed=("name", "fields", "names"), file=path, where=where)
    for key, value in row.items():
        expect(value, {"fields": list, "names": dict}.get(key, str), file=path, key=f"{where}.{key}")
    _one_of(row["need"], NEEDS, path, f"{where}.need")
    fields = tuple(expect(f, str, file=path, key=f"{where}.fields") for f in row.get("fields", ()))
    names = _texts(row.get("names", {}), path, f"{where}.names")
    _no_two([f.upper() for f in fields], path, f"{where}.fields")
    _no_two([n.upper() for n in names.values()], path, f"{where}.names")
    for key, name in ((f"{where}.name", row.get("name", "")), *((f"{where}.names.{k}", n) for k, n in names.items())):
        if name and (problem := field_problem(name)):
            raise DataError("package_name", file=str(path), key=key, value=name, detail=problem)
    return LayerSlot(row["layer"], row["need"], row.get("name", ""), fields, names)


def _file_slot(kind: str, row: Any, where: str, path: Path, folders: dict[str, str]) -> FileSlot:
    expect(row, dict, file=path, key=where)
    more = MAP_KEYS if kind == "map" else ()
    check_keys(row, required=("id", "title", "folder", "file", "need"), allowed=more, file=path, where=where)
    for key, value in row.items():
        expect(value, str, file=path, key=f"{where}.{key}")
    _one_of(row["folder"], folders, path, f"{where}.folder")
    _one_of(row["need"], NEEDS, path, f"{where}.need")
    _pattern(row["file"], path, f"{where}.file", tuple(PLACEHOLDERS))
    return FileSlot(kind, **row)


def _table_words(row: Any, path: Path) -> TableWords:
    """What else sheets and columns may be called; taken out of ``[tables]``."""
    expect(row, dict, file=path, key="tables")
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    texts = Texts("zh")
    for part, known in (("titles", texts.section("sheets")), ("heads", texts.section("columns"))):
        given = expect(row.pop(part, {}), dict, file=path, key=f"tables.{part}")
        for key, words in given.items():
            _one_of(key, known, path, f"tables.{part}")
            expect(words, list, file=path, key=f"tables.{part}.{key}")
            for word in words:
                expect(word, str, file=path, key=f"tables.{part}.{key}")
        found[part] = {key: tuple(words) for key, words in given.items()}
    return TableWords(**found)


def _named(row: Any, where: str, path: Path, folders: dict[str, str], items: tuple[str, ...] = ()) -> NamedFile:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=("folder", "file", *(["names"] if items else [])), allowed=(), file=path, where=where)
    _one_of(row["folder"], folders, path, f"{where}.folder")
    _pattern(expect(row["file"], str, file=path, key=f"{where}.file"), path, f"{where}.file")
    names = _texts(row.get("names", {}), path, f"{where}.names")
    if items:
        check_keys(names, required=items, allowed=(), file=path, where=f"{where}.names")
        for key, name in names.items():
            if name and (problem := field_problem(name)) == "field_characters":
                raise DataError("package_name", file=str(path), key=f"{where}.names.{key}", value=name, detail=problem)
    return NamedFile(row["folder"], row["file"], names)


def _texts(value: Any, path: Path, where: str) -> dict[str, str]:
    expect(value, dict, file=path, key=where)
    return {key: expect(text, str, file=path, key=f"{where}.{key}") for key, text in value.items()}


def _one_of(value: Any, known: Any, path: Path, key: str) -> None:
    if value not in known:
        raise DataError("data_value_unknown", file=str(path), key=key, value=value, known=", ".join(map(str, known)))


def _no_two(values: list[str], path: Path, key: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise DataError("data_duplicate", file=str(path), key=key, value=value)


def _pattern(pattern: str, path: Path, key: str, known: tuple[str, ...] = OWN_PLACEHOLDERS) -> None:
    unknown = unknown_placeholder(pattern, known)
    if unknown is not None:
        shown = " ".join(f"{{{name}}}" for name in known)
        raise DataError("package_placeholder", file=str(path), key=key, value=unknown, known=shown)
    _name(fill(pattern, _SAMPLE), path, key)


def _name(name: str, path: Path, key: str) -> None:
    if problem := name_problem(name):
        raise DataError("package_name", file=str(path), key=key, value=name, detail=problem)


def _reference(text: str, path: Path, key: str, vertical: bool = False) -> None:
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise DataError("package_crs", file=str(path), key=key, value=text) from error
    if crs.is_vertical is not vertical or (not vertical and not (crs.is_geographic or crs.is_projected)):
        raise DataError("package_crs", file=str(path), key=key, value=text)
