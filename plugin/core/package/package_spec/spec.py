# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of a package specification (汇交成果包的样式)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from ...base.errors import DataError
from ...base.files.data import NOT_IN_FILE, SourceMark, between, check_unique, matching, one_of
from ..names import find_field_name_problem

_Need = Annotated[str, one_of("M", "C", "O")]
FORMAT_NAMES = {".gdb": "FileGDB", ".gpkg": "GeoPackage", ".shp": "Shapefile", ".vct": "VCT 3.0"}
DATA_SET_SUFFIXES = tuple(FORMAT_NAMES)
VCT_ENCODINGS = ("UTF-8", "GBK")
#: Items of the metadata by the plugin's names: enclosing elements, items of the package, items of a layer.
METADATA_CONTAINER_ELEMENTS = ("metadata", "package", "dataset")
PACKAGE_METADATA_ITEMS = (
    "data_id", "name", "format", "integrity", "score", "grade", "product_date", "update_date", "secrecy",
)  # fmt: skip
LAYER_METADATA_ITEMS = (
    "data_id", "resource_id", "name", "alias", "format", "geometry", "wkid", "unit", "currency", "features", "extent",
    "product_date", "secrecy",
)  # fmt: skip
METADATA_ITEMS = tuple(dict.fromkeys((*METADATA_CONTAINER_ELEMENTS, *PACKAGE_METADATA_ITEMS, *LAYER_METADATA_ITEMS)))
#: Documents that the plugin can make of a check (质量检查报告, 质量检查记录), and their formats.
GENERATED_DOCUMENTS = ("report", "record")
GENERATED_SUFFIXES = (".pdf", ".docx")
#: Least (汇交要求, B) and greatest resolution of maps, dots per inch.
MIN_DPI, MAX_DPI = 300, 1200


@dataclass(frozen=True)
class LayerSlot:
    """The specification of one layer in a data set.

    Attributes
    ----------
    layer
        A layer code of the standard, or a concept (a name for several codes, such as ``farmland``).
    need
        M (mandatory), C (if it exists) or O (optional).
    name
        Its name in the package; empty: its code.
    fields
        The written fields in order; empty: all of its template.
    names_by_field
        Field → its name in the package.
    """

    layer: str
    need: _Need
    name: str = ""
    fields: tuple[str, ...] = ()
    names_by_field: dict[str, str] = field(default_factory=dict, hash=False, metadata={"key": "names"})

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a repeated field or name, or a name that formats do not allow."""
        check_unique([f.upper() for f in self.fields], file, f"{where}.fields")
        check_unique([n.upper() for n in self.names_by_field.values()], file, f"{where}.names")
        for key, name in (("name", self.name), *((f"names.{k}", n) for k, n in self.names_by_field.items())):
            if name and (problem := find_field_name_problem(name)):
                raise DataError("package_name", file=str(file), key=f"{where}.{key}", value=name, detail=problem)


@dataclass(frozen=True)
class VectorSet:
    """The specification of a data set: one file (.gdb, .gpkg, .vct) or folder (.shp).

    ``vertical``: the vertical CRS, or empty; ``encoding``: encoding of texts; ``others``: whether the data set includes
    all other layers of the plan that the standard describes.
    """

    id: str
    folder: str
    file: str
    crs: str
    layers: tuple[LayerSlot, ...] = field(metadata={"key": "layer"})
    vertical: str = ""
    encoding: Annotated[str, one_of(*VCT_ENCODINGS)] = "UTF-8"
    others: bool = False

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a layer or name that is there twice."""
        check_unique([one.layer for one in self.layers], file, f"{where}.layer")
        check_unique([one.name.upper() for one in self.layers if one.name], file, f"{where}.layer.name")

    @property
    def suffix(self) -> str:
        """Return the file's suffix in small letters."""
        return Path(self.file).suffix.lower()


@dataclass(frozen=True)
class FileSlot:
    """The specification of a document, map or table that comes with the data.

    A slot with ``{number}`` or ``{title}`` in its file name holds several files, except a map with a ``number`` (two
    digits), which is one file with one title. ``layout`` is the map of the map set that the plugin can make for the
    slot, or empty. ``generated`` is the document that the plugin can make for it (`GENERATED_DOCUMENTS`), or empty.
    ``least_pages``: pages that a whole document has; ``parts``: what its text contains, alternatives with ``|`` between
    them.
    """

    kind: str = field(metadata=NOT_IN_FILE)
    id: str
    title: str
    folder: str
    file: str
    need: _Need
    number: Annotated[str, matching(r"\d{2}", "01–99")] = ""
    layout: str = ""
    generated: Annotated[str, one_of(*GENERATED_DOCUMENTS)] = ""
    least_pages: int = 0
    parts: tuple[str, ...] = ()

    @property
    def placeholder_values(self) -> dict[str, str]:
        """Return the number and title that fill the placeholders in this file's name."""
        return {"number": self.number, "title": self.title} if self.number else {}


@dataclass(frozen=True)
class NamedFile:
    """The specification of a generated file.

    ``names_by_item``: item of its content → name in the file; ``former_files``: its file names in packages of earlier
    versions. In workbooks that other programs made, tables and columns may have further names (ids as in
    ``core.render.tables``); ``titles``: table → titles of sheets; ``heads``: column → heads.
    """

    folder: str
    file: str
    names_by_item: dict[str, str] = field(default_factory=dict, hash=False, metadata={"key": "names"})
    former_files: tuple[str, ...] = ()
    titles: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class MapSettings:
    """Settings of the maps that the plugin makes.

    ``page`` is a sheet of the map set, ``world_file`` adds a .jgw to each jpg, ``map_set`` is the file of the map set
    (empty: the plugin's). ``maker``, ``drawer`` and ``date`` are texts of the title block, with placeholders; they are
    used if neither project nor county profile has a value.
    """

    page: str = "A3"
    dpi: Annotated[int, between(MIN_DPI, MAX_DPI)] = MIN_DPI
    world_file: bool = False
    map_set: str = ""
    maker: str = ""
    drawer: str = ""
    date: str = ""


@dataclass(frozen=True)
class GatheringSpec:
    """How packages of counties become this package (汇总).

    ``renamed``: layer code in the counties' database → layer code here; ``dissolved``: layer code here → layer code
    here of the divisions that it joins, one feature for each 市级行政区.
    """

    renamed: dict[str, str] = field(default_factory=dict, hash=False)
    dissolved: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class PackageSpec:
    """The specification of a package; the keys of its file without a default must be there.

    ``folders``: key of a folder → its name in the package; ``tables``: the workbook of the plan's figures or None;
    ``marks``: key → A, B or C, which states how well its source is verified; ``path``: the file.
    """

    id: str
    name: str
    standard: str
    source: str
    digits: Literal[2, 4, 6]
    root: str
    secrecy: str
    folders: dict[str, str]
    vectors: tuple[VectorSet, ...] = field(metadata={"key": "vector"})
    report: NamedFile
    metadata: NamedFile
    secrecy_levels: tuple[str, ...] = ()
    marks: dict[str, SourceMark] = field(default_factory=dict)
    documents: tuple[FileSlot, ...] = field(default=(), metadata={"key": "document"})
    map_files: tuple[FileSlot, ...] = field(default=(), metadata={"key": "map"})
    maps: MapSettings = field(default_factory=MapSettings)
    table_files: tuple[FileSlot, ...] = field(default=(), metadata={"key": "table"})
    tables: NamedFile | None = None
    gathering: GatheringSpec = field(default_factory=GatheringSpec)
    path: Path = field(default=Path(), metadata=NOT_IN_FILE)

    @property
    def files(self) -> tuple[FileSlot, ...]:
        """Return the documents, maps and tables that come with the data."""
        return (*self.documents, *self.map_files, *self.table_files)

    @property
    def unverified_keys(self) -> list[str]:
        """Return the keys of the specification whose source is not verified (mark C)."""
        return sorted(key for key, mark in self.marks.items() if mark == "C")

    def get_file_path(self, folder: str, name: str) -> str:
        """Return the path in the package of a file in a folder, with ``/``."""
        return "/".join(part for part in (self.folders.get(folder, ""), name) if part)
