# SPDX-License-Identifier: GPL-2.0-or-later
"""What a form of package is (汇交成果包的样式), once it is read: `read` does that, `load_map_set` finds it sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...profile.document import DocumentInfo
from ...standard.map_set import MapCatalogue, load_map_set
from ..names import make_name

NEEDS = ("M", "C", "O")
FORMAT_NAMES = {".gdb": "FileGDB", ".gpkg": "GeoPackage", ".shp": "Shapefile", ".vct": "VCT 3.0"}
FORMATS = tuple(FORMAT_NAMES)
ENCODINGS = ("UTF-8", "GBK")
#: Items of the metadata, as this plugin calls them: elements that hold the others, and what the two kinds of them hold.
FRAMES = ("metadata", "package", "dataset")
PACKAGE_ITEMS = (
    "data_id", "name", "format", "integrity", "score", "grade", "product_date", "update_date", "secrecy",
)  # fmt: skip
LAYER_ITEMS = (
    "data_id", "resource_id", "name", "alias", "format", "geometry", "wkid", "unit", "currency", "features", "extent",
    "product_date", "secrecy",
)  # fmt: skip
METADATA_ITEMS = tuple(dict.fromkeys((*FRAMES, *PACKAGE_ITEMS, *LAYER_ITEMS)))
#: Dots per inch of maps at least (汇交要求, B).
LEAST_DPI, MOST_DPI = 300, 1200


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
class MapSettings:
    """How the plugin makes the maps. ``page``: a sheet of the map set; ``world_file``: a .jgw beside each jpg; ``map_set``:
    the set's file, None for the plugin's own; ``maker``, ``drawer``, ``date``: fallbacks of the title block, with placeholders, where
    neither project nor county profile has a value."""

    page: str = "A3"
    dpi: int = LEAST_DPI
    world_file: bool = False
    map_set: Path | None = None
    maker: str = ""
    drawer: str = ""
    date: str = ""

    def catalogue(self) -> MapCatalogue:
        return load_map_set(self.map_set or "")


@dataclass(frozen=True)
class PackageSpec:
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

    def document_info(self, values: Mapping[str, str]) -> DocumentInfo:
        """Return the form's fallback values of the document information (成果信息). ``values``: values of the placeholders."""
        maker, drawer, date = (make_name(text, values) for text in (self.maps.maker, self.maps.drawer, self.maps.date))
        return DocumentInfo(secrecy=self.secrecy, compiler=maker, cartographer=drawer, date=date)

    def place(self, folder: str, name: str) -> str:
        """A path in the package, with ``/``."""
        return "/".join(part for part in (self.folders.get(folder, ""), name) if part)
