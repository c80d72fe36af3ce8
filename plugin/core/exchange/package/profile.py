# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package holds and how things are called in it (汇交成果包的样式), as data: `resources/packages` or a province's own file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from ....paths import PACKAGES
from ...data import check_keys, expect, read_toml
from ...errors import DataError, OutputError
from ...template import MARKS
from ...texts import Texts
from ..vct.head import VERTICAL, check_crs
from .map_form import MAP_KEYS, MapSettings, check_map_slots, map_settings
from .names import OWN_PLACEHOLDERS, PLACEHOLDERS, field_problem, fill, name_problem, unknown_placeholder

NEEDS = ("M", "C", "O")
FORMAT_NAMES = {".gdb": "FileGDB", ".gpkg": "GeoPackage", ".shp": "Shapefile", ".vct": "VCT 3.0"}
FORMATS = tuple(FORMAT_NAMES)
ENCODINGS = ("UTF-8", "GBK")
#: Items of the metadata, as this plugin calls them.
METADATA_ITEMS = (
    "metadata", "package", "dataset", "data_id", "resource_id", "name", "alias", "format", "geometry", "wkid", "unit",
    "currency", "integrity", "score", "grade", "product_date", "update_date", "secrecy", "features", "extent",
)  # fmt: skip
#: Stands for a value while a pattern is looked at.
_SAMPLE = {"code": "140225", "name": "浑源县", "year": "2026", "number": "01", "title": "图"}


@dataclass(frozen=True)
class LayerSlot:
    """One layer of a vector set. ``layer`` is a concept or a role; ``need`` M, C or O; ``name`` its name in the package
    (empty: its code); ``fields`` those that are written, in order (empty: all of its template); ``names`` field → name."""

    layer: str
    need: str
    name: str = ""
    fields: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class VectorSet:
    """Layers in one file (.gdb, .gpkg, .vct) or one folder (.shp). ``vertical`` is empty or a CRS of heights; ``others``: every
    further layer of the plan that the standard describes."""

    id: str
    folder: str
    file: str
    crs: str
    layers: tuple[LayerSlot, ...]
    vertical: str = ""
    encoding: str = "UTF-8"
    others: bool = False

    @property
    def suffix(self) -> str:
        return Path(self.file).suffix.lower()


@dataclass(frozen=True)
class FileSlot:
    """A document, map or table that comes with the data. With ``{number}`` or ``{title}`` in its name it stands for many,
    but for a map with a ``number`` (two digits): that is one, and so is its title. ``layout``: the map of the map set that
    the plugin can make for it, or empty."""

    kind: str
    id: str
    title: str
    folder: str
    file: str
    need: str
    number: str = ""
    layout: str = ""

    @property
    def own(self) -> dict[str, str]:
        """What placeholders stand for in the name of this one alone."""
        return {"number": self.number, "title": self.title} if self.number else {}


@dataclass(frozen=True)
class NamedFile:
    """A file the plugin makes itself; ``names`` what its items are called."""

    folder: str
    file: str
    names: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class TableWords:
    """Other words by which the tables of the plan's figures are known in workbooks of other hands: ``titles`` of sheets by
    table, ``heads`` by column (ids as in ``core.render.tables``)."""

    titles: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class PackageProfile:
    """One form of a package. ``folders``: word → name in the tree; ``tables``: the workbook of the plan's figures, None where
    none is wanted; ``marks``: key → A, B or C."""

    id: str
    name: str
    standard: str
    source: str
    digits: int
    root: str
    secrecy: str
    secrecy_levels: tuple[str, ...]
    folders: dict[str, str]
    vectors: tuple[VectorSet, ...]
    files: tuple[FileSlot, ...]
    report: NamedFile
    metadata: NamedFile
    tables: NamedFile | None
    words: TableWords
    maps: MapSettings
    marks: dict[str, str]
    path: Path

    @property
    def unverified(self) -> list[str]:
        """Keys of what nobody has read in a text (mark C)."""
        return sorted(key for key, mark in self.marks.items() if mark == "C")

    def place(self, folder: str, name: str) -> str:
        """A path in the package, with ``/``."""
        return "/".join(part for part in (self.folders.get(folder, ""), name) if part)


def package_ids() -> list[str]:
    return sorted(p.stem for p in PACKAGES.glob("*.toml"))


_TOP = ("id", "name", "standard", "source", "digits", "root", "secrecy", "folders", "vector", "report", "metadata")
_TOP_MORE = ("secrecy_levels", "marks", "document", "map", "maps", "table", "tables")
_KINDS = ("document", "map", "table")


def load_package(name: str | Path) -> PackageProfile:
    """A form of package by id, or by the path of a .toml. DataError names file and key, or the ids there are."""
    path = PACKAGES / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise DataError("package_unknown", value=str(name), known=", ".join(package_ids()))
    table = read_toml(path)
    check_keys(table, required=_TOP, allowed=_TOP_MORE, file=path)
    for key in ("id", "name", "standard", "source", "root", "secrecy"):
        expect(table[key], str, file=path, key=key)
    _one_of(table["digits"], (4, 6), path, "digits")
    _pattern(table["root"], path, "root")
    levels = [expect(v, str, file=path, key="secrecy_levels") for v in table.get("secrecy_levels", ())]
    if levels:
        _one_of(table["secrecy"], levels, path, "secrecy")
    folders = _texts(table["folders"], path, "folders")
    for key, text in folders.items():
        for part in text.split("/"):
            _name(part, path, f"folders.{key}")
    rows = expect(table["vector"], list, file=path, key="vector")
    vectors = tuple(_vector(row, f"vector[{n}]", path, folders) for n, row in enumerate(rows, start=1))
    files = tuple(
        _file_slot(kind, row, f"{kind}[{n}]", path, folders)
        for kind in _KINDS
        for n, row in enumerate(expect(table.get(kind, []), list, file=path, key=kind), start=1)
    )
    _no_two([v.id for v in vectors] + [f.id for f in files], path, "id")
    words = _table_words(table.get("tables", {}), path)
    maps = map_settings(table.get("maps", {}), path)
    check_map_slots(files, maps, path)
    metadata = _named(table["metadata"], "metadata", path, folders, METADATA_ITEMS)
    marks = _texts(table.get("marks", {}), path, "marks")
    for key, mark in marks.items():
        _one_of(mark, MARKS, path, f"marks.{key}")
        _one_of(key.split(".")[0], (*_TOP, *_TOP_MORE), path, f"marks.{key}")
    return PackageProfile(
        **{key: table[key] for key in ("id", "name", "standard", "source", "digits", "root", "secrecy")},
        secrecy_levels=tuple(levels),
        folders=folders,
        vectors=vectors,
        files=files,
        report=_named(table["report"], "report", path, folders),
        metadata=metadata,
        tables=_named(table["tables"], "tables", path, folders) if "tables" in table else None,
        words=words,
        maps=maps,
        marks=marks,
        path=path,
    )


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
    layers = tuple(_layer(one, f"{where}.layer[{n}]", path) for n, one in enumerate(row.pop("layer"), start=1))
    _no_two([one.layer for one in layers], path, f"{where}.layer")
    _no_two([one.name.upper() for one in layers if one.name], path, f"{where}.layer.name")
    return VectorSet(**row, layers=layers)


def _for_vct(row: dict[str, Any], path: Path, where: str) -> None:
    """A VCT file is in GBK and tells its CRS in its header, which knows CGCS2000 and the heights of 1985 only."""
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
