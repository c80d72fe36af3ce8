# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of a package from outside, whoever made it: its files, its manifest, its layers. Rules (DOC) judge it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancellation import Cancellation
from ...errors import InputError
from ...files.digests import DIGEST, MANIFEST, MISSING, PAGE, SUMS
from ...geometry import crs as crs_care
from ..maps.jpeg import DecodedJpeg, Picture, world_file_of
from ..names import FIELD_NAMES, fill_placeholders, make_name_matcher
from ..package_spec.model import FORMAT_NAMES, FileSlot, PackageSpec
from ..tables.model import Workbook
from .integrity import IntegrityError
from .pdf import PdfFact

if TYPE_CHECKING:
    from pyproj import CRS

    from ...plan.layer import SourceLayer
    from ..package_spec.model import VectorSet
    from .dataset_comparison import DatasetComparison


SUFFIX = ".vct"


class VctFact(NamedTuple):
    """One layer of a file, as `LayerFact` tells it; ``features`` −1 and a ``problem`` for a file that cannot be read."""

    name: str
    features: int
    crs: str = ""
    vertical: str = ""
    problem: tuple[str, dict[str, Any]] | None = None


def is_vct(path: str) -> bool:
    return path.lower().endswith(SUFFIX)


#: Bytes of a file in which its header is.
_HEAD = 2**16


def read_header(path: Path) -> dict[str, str]:
    """What a file's header says, by key in small letters, as it is written; empty where there is none."""
    from ...exchange.vct.settings import ENCODING

    with path.open("rb") as handle:
        lines = handle.read(_HEAD).decode(ENCODING, "replace").splitlines()
    low = [line.strip().lower() for line in lines]
    if "headbegin" not in low or "headend" not in low:
        return {}
    pairs = (
        line.replace("：", ":", 1).partition(":") for line in lines[low.index("headbegin") + 1 : low.index("headend")]
    )
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def read_vct_facts(folder: Path, place: str, cancellation: Cancellation) -> tuple[list[VctFact], list[SourceLayer]]:
    """Read a file of a package as a whole: nothing short of that tells whether it is sound."""
    from ...exchange.vct.head import DATUM, VERTICAL
    from ...exchange.vct.read import open_vct, read_all
    from ...geometry import crs as crs_care

    try:
        with open_vct(folder / place, cancellation, join=True) as vct:
            layers = read_all(vct, str(folder / place))
            heights = VERTICAL if vct.head.heights == DATUM else vct.head.heights
    except InputError as error:
        return [VctFact(Path(place).stem, -1, problem=(error.key, error.params))], []
    drawn = [layer for layer in layers if layer.problem is None]
    return [VctFact(x.name, len(x.frame), crs_care.crs_label(x.crs), heights) for x in drawn], layers


#: A CRS by its code: no other text of a manifest goes to PROJ.
_CODE = re.compile(r"EPSG:\d{4,6}")


@dataclass(frozen=True)
class FileFact:
    """A file by its path in the package, with ``/``. ``sha256`` is empty where no manifest asks for it and it is no jpg; ``picture``: what a
    jpg says of itself, None for any other file; ``tail``: the last bytes of a pdf; ``link``: to a file or folder that lies elsewhere, of which nothing is read;
    ``special``: a pipe, device or socket, which is never opened; ``pdf``: its pages; ``active``: what runs or leads elsewhere in
    an office file, as keys of texts (``active``); ``decoded``: what decoding a jpg came to."""

    path: str
    size: int
    head: bytes = b""
    sha256: str = ""
    picture: Picture | None = None
    link: bool = False
    tail: bytes = field(default=b"", repr=False)
    special: bool = False
    pdf: PdfFact | None = None
    active: tuple[str, ...] = ()
    decoded: DecodedJpeg | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class LayerFact:
    """A layer of a data set of the package. ``features`` −1 for one that cannot be read, ``problem`` why, where it is known
    (text key and parameters); ``crs`` the horizontal part's label, ``vertical`` a code of heights or empty; ``geometry``
    polygon, line or point, empty for another; ``extent`` of its shapes in its CRS, where metadata ask for it; ``fields`` but for
    those that formats keep for themselves, None where they are not known; ``titles``: what a GeoPackage calls it besides."""

    file: str
    name: str
    features: int
    crs: str = ""
    vertical: str = ""
    problem: tuple[str, dict[str, Any]] | None = field(default=None, hash=False)
    geometry: str = ""
    extent: tuple[float, float, float, float] | None = None
    fields: tuple[str, ...] | None = None
    titles: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        return FORMAT_NAMES.get(Path(self.file).suffix.lower(), FORMAT_NAMES[".shp"])


class UnreadLayer(NamedTuple):
    """A layer ``name`` of a data set ``file`` that looks like ``role``, while ``used`` in the same data set does so, too, and is
    the one that rules look at."""

    file: str
    name: str
    role: str
    used: str


@dataclass(frozen=True)
class PackageFacts:
    """``root``: the name of the package's own folder; ``code`` and ``name`` of the county as the names tell them;
    ``documents``: content of the report (JSON) and of metadata (XML) by path; ``sums``: lists of digests (SHA256SUMS) by name, None for one that cannot be read;
    ``exchanged``: path of a VCT file → its layers, which no GIS library reads; ``integrity_errors``: files of databases that are damaged
    or gone; ``dataset_comparisons``: layers that are in an earlier data set, too, held against those; ``unread_layers``: layers that are in their
    own data set twice; ``find_hidden_tables``: data set → tables, views and triggers that no layer of it is; ``duplicate_files``: a name that
    stands twice in the manifest; ``empty_folders`` that the form does not have; ``heads``: path of a VCT file → its header."""

    root: str
    package_spec: PackageSpec
    code: str = ""
    name: str = ""
    files: tuple[FileFact, ...] = ()
    layers: tuple[LayerFact, ...] = ()
    manifest: dict[str, Any] | None = field(default=None, hash=False, compare=False)
    manifest_state: str = MISSING
    workbooks: tuple[Workbook, ...] = field(default=(), hash=False, compare=False)
    documents: dict[str, bytes] = field(default_factory=dict, hash=False, compare=False)
    exchanged: dict[str, list[SourceLayer]] = field(default_factory=dict, hash=False, compare=False, repr=False)
    sums: dict[str, dict[str, str] | None] = field(default_factory=dict, hash=False, compare=False)
    integrity_errors: tuple[IntegrityError, ...] = ()
    dataset_comparisons: tuple[DatasetComparison, ...] = ()
    unread_layers: tuple[UnreadLayer, ...] = ()
    hidden_tables: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False, compare=False)
    duplicate_files: str = ""
    empty_folders: tuple[str, ...] = ()
    heads: dict[str, dict[str, str]] = field(default_factory=dict, hash=False, compare=False)

    @cached_property
    def values(self) -> dict[str, str]:
        """What placeholders stand for, as far as it is known."""
        return {key: text for key, text in (("code", self.code), ("name", self.name)) if text}

    @cached_property
    def drawn_in(self) -> CRS | None:
        """The CRS that the manifest says all layers were converted from, vertex by vertex: there their edges were straight when
        figures were made. None where it says none, or several."""
        rows = self.manifest["layers"] if self.manifest else []
        named = {str(row.get("source_crs", "")) for row in rows}
        label = next(iter(named)) if len(named) == 1 else ""
        return crs_care.parse_crs(label) if _CODE.fullmatch(label) else None

    @cached_property
    def single(self) -> list[FileFact]:
        """Files that stand for themselves: not the parts of a database or of a folder of shapefiles."""
        return [f for f in self.files if not self.data_set(f.path)]

    def data_set(self, path: str) -> str:
        """The .gdb or the folder of shapefiles that a file is a part of; empty for any other."""
        before, dot, _ = path.lower().partition(".gdb/")
        if dot:
            return path[: len(before) + 4]
        folder, _, name = path.rpartition("/")
        stems = self._shapefiles.get(folder, ())
        return folder if stems and (name == FIELD_NAMES or name.partition(".")[0].lower() in stems) else ""

    @cached_property
    def _shapefiles(self) -> dict[str, set[str]]:
        """Folder → what its shapefiles are called, in small letters. Other files there stand for themselves."""
        return {
            folder: {path.rpartition("/")[2].partition(".")[0].lower() for path in paths}
            for folder, paths in self._shape_paths.items()
            if folder
        }

    @cached_property
    def _shape_paths(self) -> dict[str, list[str]]:
        """Folder → paths of the shapefiles (.shp) that lie in it."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            if file.name.lower().endswith(".shp"):
                found.setdefault(file.folder, []).append(file.path)
        return found

    def shapefiles(self, folder: str) -> list[str]:
        """Paths of the shapefiles (.shp) that lie in a folder."""
        return self._shape_paths.get(folder, [])

    def expected(self, folder: str, pattern: str) -> str:
        """How a file of the form is called here, for a message."""
        year = str((self.manifest or {}).get("made", ""))[:4] or "……"
        values = {"code": "……", "name": "……", "year": year, "number": "01", "title": "……", **self.values}
        return self.package_spec.place(folder, fill_placeholders(pattern, values))

    def filling(self, slot: FileSlot) -> list[FileFact]:
        """The files of a slot of the form; each slot's are searched for once."""
        if slot not in self._filled:
            told = make_name_matcher(slot.file, {**self.values, **slot.own})
            self._filled[slot] = [f for f in self.single if told.fullmatch(f.name)]
        return self._filled[slot]

    @cached_property
    def _filled(self) -> dict[FileSlot, list[FileFact]]:
        return {}

    @cached_property
    def slots(self) -> dict[str, list[FileSlot]]:
        """Path of each file that fills a slot of the form → its slots."""
        found: dict[str, list[FileSlot]] = {}
        for slot in self.package_spec.files:
            for file in self.filling(slot):
                found.setdefault(file.path, []).append(slot)
        return found

    def maps(self) -> list[tuple[FileFact, str, str]]:
        """Maps by path, each with the number and the title that its name tells (empty where the form asks for none)."""
        found: dict[str, tuple[FileFact, str, str]] = {}
        for slot in (one for one in self.package_spec.files if one.kind == "map"):
            told = make_name_matcher(slot.file, {**self.values, **slot.own})
            for file in self.filling(slot):
                match = told.fullmatch(file.name)
                named = {**slot.own, **(match.groupdict() if match else {})}
                found.setdefault(file.path, (file, named.get("number", ""), named.get("title", "")))
        return sorted(found.values(), key=lambda one: one[0].path)

    def world_files(self) -> set[str]:
        """Paths of files that would place a map, where the form asks for such."""
        return {world_file_of(file.path) for file, _, _ in self.maps()} if self.package_spec.maps.world_file else set()

    def data_sets(self) -> list[str]:
        """Databases and folders of shapefiles by path, as they are called. One with a link, a pipe or a device in it is
        none: who opens it would follow, or wait for ever."""
        return list(self._data_sets)

    @cached_property
    def _data_sets(self) -> list[str]:
        closed = {self.data_set(f.path) for f in self.files if f.link or f.special}
        found = dict.fromkeys(place for f in self.files if (place := self.data_set(f.path)) and place not in closed)
        single = [
            f.path for f in self.single if f.name.lower().endswith((".gpkg", ".vct")) and not (f.link or f.special)
        ]
        # What the form asks for, databases before VCT, and in its order: where a layer is in several, it is looked at in the first.
        return sorted(
            [*found, *single], key=lambda place: (not self.sets_of(place), is_vct(place), self._order(place), place)
        )

    def _order(self, place: str) -> int:
        """Where in the form a data set stands."""
        sets = self.sets_of(place)
        return self.package_spec.vectors.index(sets[0]) if sets else 0

    def sets_of(self, place: str) -> list[VectorSet]:
        """The sets of the form that a data set is called after, wherever it lies."""
        name = place.rpartition("/")[2]
        own = [(v, v.file.removesuffix(".shp")) for v in self.package_spec.vectors]
        return [v for v, pattern in own if make_name_matcher(pattern, self.values).fullmatch(name)]

    @property
    def report_path(self) -> str:
        """Where the report as data is, if it is there."""
        return f"{self.expected(self.package_spec.report.folder, self.package_spec.report.file)}.json"

    @property
    def report_page(self) -> str:
        """Where the report as a page is, if it is there."""
        return self.report_path.removesuffix("json") + "html"

    def made_by_us(self) -> set[str]:
        """Paths of the files that the plugin itself puts into a package."""
        report = self.expected(self.package_spec.report.folder, self.package_spec.report.file)
        metadata = self.expected(self.package_spec.metadata.folder, self.package_spec.metadata.file)
        own = {MANIFEST, PAGE, DIGEST, SUMS, f"{report}.html", self.report_path, metadata}
        tables = self.package_spec.tables
        return own | ({f"{self.expected(tables.folder, tables.file)}.xlsx"} if tables else set())
