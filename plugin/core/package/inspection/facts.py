# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts of a package of any origin: files, manifest, layers; judged by rules DOC."""

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
    """A layer of a VCT file, as `LayerFact`; unreadable: ``features`` −1, ``problem``."""

    name: str
    features: int
    crs: str = ""
    vertical: str = ""
    problem: tuple[str, dict[str, Any]] | None = None


def is_vct(path: str) -> bool:
    """Return True for names of VCT files."""
    return path.lower().endswith(SUFFIX)


#: Bytes of a file in which its header is.
_HEAD = 2**16


def read_header(path: Path) -> dict[str, str]:
    """Return a VCT file's header by key in small letters, empty without one."""
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
    """Read a VCT file completely, because only this shows whether it is valid."""
    from ...exchange.vct.head import DATUM, VERTICAL
    from ...exchange.vct.read import open_vct, read_all
    from ...geometry import crs as crs_care

    try:
        with open_vct(folder / place, cancellation, join=True) as vct:
            layers = read_all(vct, str(folder / place))
            heights = VERTICAL if vct.head.heights == DATUM else vct.head.heights
    except InputError as error:
        return [VctFact(Path(place).stem, -1, problem=(error.key, error.params))], []
    readable = [layer for layer in layers if layer.problem is None]
    return [VctFact(x.name, len(x.frame), crs_care.crs_label(x.crs), heights) for x in readable], layers


#: A CRS by its code; other texts of a manifest are not passed to PROJ.
_CODE = re.compile(r"EPSG:\d{4,6}")


@dataclass(frozen=True)
class FileFact:
    """A file by its path in the package, with ``/``.

    Attributes
    ----------
    sha256
        Empty unless a manifest lists the file or it is a jpg.
    picture, decoded
        Properties of a jpg and the result of decoding it; None for other files.
    link
        Whether it is a link, which is not followed.
    tail
        The last bytes of a PDF.
    special
        Whether it is a pipe, device or socket, which is never opened.
    pdf
        Pages of a PDF.
    active
        Active content and external links of an Office file, as keys of texts (``active``).
    """

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
        """Return the file's name."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Return the file's folder in the package."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class LayerFact:
    """A layer of a data set of the package.

    Attributes
    ----------
    features
        Number of features, −1 for an unreadable layer.
    problem
        Text key and parameters of the reason, if known.
    crs, vertical
        Label of the horizontal part, and code of the vertical part or empty.
    geometry
        polygon, line or point; empty for other types.
    extent
        Extent of the shapes in their CRS, if metadata need it.
    fields
        Fields except those that formats reserve; None if unknown.
    titles
        Other names of the layer in a GeoPackage.
    """

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
        """Return the name of the data set's format."""
        return FORMAT_NAMES.get(Path(self.file).suffix.lower(), FORMAT_NAMES[".shp"])


class UnreadLayer(NamedTuple):
    """A layer that rules do not read, because another layer has its role.

    The layer ``name`` of the data set ``file`` matches ``role``, but the layer ``used`` of the same data set is read
    for it.
    """

    file: str
    name: str
    role: str
    used: str


@dataclass(frozen=True)
class PackageFacts:
    """Facts of a package.

    Attributes
    ----------
    root
        Name of the package's folder.
    code, name
        The county by the package's file names.
    documents
        Content of report (JSON) and metadata (XML) by path.
    sums
        Lists of digests (SHA256SUMS) by name, None for an unreadable one.
    exchanged
        Path of a VCT file → its layers, which GIS libraries do not read.
    integrity_errors
        Damaged or missing files of databases.
    dataset_comparisons
        Comparisons of layers that an earlier data set has, too.
    unread_layers
        Layers that a data set has twice.
    hidden_tables
        Data set → tables, views and triggers that are not layers.
    duplicate_files
        A name that is twice in the manifest.
    empty_folders
        Empty folders that the specification does not have.
    heads
        Path of a VCT file → its header.
    archive_comments
        Text of the zip that belongs to none of its files.
    """

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
    archive_comments: str = ""

    @cached_property
    def values(self) -> dict[str, str]:
        """Return the known values of placeholders."""
        return {key: text for key, text in (("code", self.code), ("name", self.name)) if text}

    @cached_property
    def original_crs(self) -> CRS | None:
        """Return the CRS from which the manifest reports that all layers were converted.

        The edges were straight in this CRS when the figures were computed. None if the manifest has no source CRS or
        several.
        """
        rows = self.manifest["layers"] if self.manifest else []
        named = {str(row.get("source_crs", "")) for row in rows}
        label = next(iter(named)) if len(named) == 1 else ""
        return crs_care.parse_crs(label) if _CODE.fullmatch(label) else None

    @cached_property
    def single(self) -> list[FileFact]:
        """Return files outside databases and shapefile folders."""
        return [f for f in self.files if not self.data_set(f.path)]

    def data_set(self, path: str) -> str:
        """Return the .gdb or folder of shapefiles of a file; empty for other files."""
        before, dot, _ = path.lower().partition(".gdb/")
        if dot:
            return path[: len(before) + 4]
        folder, _, name = path.rpartition("/")
        stems = self._shapefiles.get(folder, ())
        return folder if stems and (name == FIELD_NAMES or name.partition(".")[0].lower() in stems) else ""

    @cached_property
    def _shapefiles(self) -> dict[str, set[str]]:
        """Return folder → names of its shapefiles in small letters."""
        return {
            folder: {path.rpartition("/")[2].partition(".")[0].lower() for path in paths}
            for folder, paths in self._shape_paths.items()
            if folder
        }

    @cached_property
    def _shape_paths(self) -> dict[str, list[str]]:
        """Return folder → paths of the shapefiles (.shp) in it."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            if file.name.lower().endswith(".shp"):
                found.setdefault(file.folder, []).append(file.path)
        return found

    def shapefiles(self, folder: str) -> list[str]:
        """Return the paths of the shapefiles (.shp) in a folder."""
        return self._shape_paths.get(folder, [])

    def expected(self, folder: str, pattern: str) -> str:
        """Return the path of a file of the specification in this package, for a message."""
        year = str((self.manifest or {}).get("made", ""))[:4] or "……"
        values = {"code": "……", "name": "……", "year": year, "number": "01", "title": "……", **self.values}
        return self.package_spec.place(folder, fill_placeholders(pattern, values))

    def filling(self, slot: FileSlot) -> list[FileFact]:
        """Return the files of a slot; the result is cached."""
        if slot not in self._filled:
            matcher = make_name_matcher(slot.file, {**self.values, **slot.own})
            self._filled[slot] = [f for f in self.single if matcher.fullmatch(f.name)]
        return self._filled[slot]

    @cached_property
    def _filled(self) -> dict[FileSlot, list[FileFact]]:
        return {}

    @cached_property
    def slots(self) -> dict[str, list[FileSlot]]:
        """Return path → slots of each file that fills a slot."""
        found: dict[str, list[FileSlot]] = {}
        for slot in self.package_spec.files:
            for file in self.filling(slot):
                found.setdefault(file.path, []).append(slot)
        return found

    def maps(self) -> list[tuple[FileFact, str, str]]:
        """Return the maps by path, each with the number and title from its name.

        They are empty if the specification does not require them.
        """
        found: dict[str, tuple[FileFact, str, str]] = {}
        for slot in (one for one in self.package_spec.files if one.kind == "map"):
            matcher = make_name_matcher(slot.file, {**self.values, **slot.own})
            for file in self.filling(slot):
                match = matcher.fullmatch(file.name)
                named = {**slot.own, **(match.groupdict() if match else {})}
                found.setdefault(file.path, (file, named.get("number", ""), named.get("title", "")))
        return sorted(found.values(), key=lambda one: one[0].path)

    def world_files(self) -> set[str]:
        """Return the paths of the maps' world files, if the specification has such files."""
        return {world_file_of(file.path) for file, _, _ in self.maps()} if self.package_spec.maps.world_file else set()

    def data_sets(self) -> list[str]:
        """Return databases and folders of shapefiles by path.

        Those that contain a link, a pipe or a device are omitted: opening them would follow the link or block.
        """
        return list(self._data_sets)

    @cached_property
    def _data_sets(self) -> list[str]:
        closed = {self.data_set(f.path) for f in self.files if f.link or f.special}
        found = dict.fromkeys(place for f in self.files if (place := self.data_set(f.path)) and place not in closed)
        single = [
            f.path for f in self.single if f.name.lower().endswith((".gpkg", ".vct")) and not (f.link or f.special)
        ]
        # Order: data sets of the specification, databases before VCT, order of the specification. Rules check a layer
        # in the first data set that has it.
        return sorted(
            [*found, *single], key=lambda place: (not self.sets_of(place), is_vct(place), self._order(place), place)
        )

    def _order(self, place: str) -> int:
        """Return the position of a data set in the specification."""
        sets = self.sets_of(place)
        return self.package_spec.vectors.index(sets[0]) if sets else 0

    def sets_of(self, place: str) -> list[VectorSet]:
        """Return the specification's sets whose name a data set has, in any folder."""
        name = place.rpartition("/")[2]
        own = [(v, v.file.removesuffix(".shp")) for v in self.package_spec.vectors]
        return [v for v, pattern in own if make_name_matcher(pattern, self.values).fullmatch(name)]

    @property
    def report_path(self) -> str:
        """Return the path of the report's data, whether it exists or not."""
        return f"{self.expected(self.package_spec.report.folder, self.package_spec.report.file)}.json"

    @property
    def report_page(self) -> str:
        """Return the path of the report's page, whether it exists or not."""
        return self.report_path.removesuffix("json") + "html"

    def made_by_us(self) -> set[str]:
        """Return the paths of the files that the plugin writes into a package."""
        report = self.expected(self.package_spec.report.folder, self.package_spec.report.file)
        metadata = self.expected(self.package_spec.metadata.folder, self.package_spec.metadata.file)
        own = {MANIFEST, PAGE, DIGEST, SUMS, f"{report}.html", self.report_path, metadata}
        tables = self.package_spec.tables
        return own | ({f"{self.expected(tables.folder, tables.file)}.xlsx"} if tables else set())
