# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts of a package of any origin: its files, manifest and layers.

Reading collects them without judgement; the rules DOC judge them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...base.errors import Cancellation, DataError, InputError
from ...base.files.data import parse_json
from ...base.files.digests import (
    DIGEST_LIST,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_MISSING,
    MANIFEST_PAGE_FILE_NAME,
)
from ...geometry import crs as crs_care
from ..jpeg import DecodedJpeg, JpegProperties, make_world_file_name
from ..names import FIELD_NAME_FILE, fill_placeholders, make_name_matcher
from ..package_spec.spec import FORMAT_NAMES, GENERATED_DOCUMENTS, FileSlot, PackageSpec, VectorSet
from ..slot_files import is_stray_file
from ..tables.sheets import PrintedWorkbook
from .integrity import IntegrityError
from .pdf import PdfFact

if TYPE_CHECKING:
    from pyproj import CRS

    from ...plan.layer import SourceLayer
    from .dataset_comparison import DatasetComparison


VCT_SUFFIX = ".vct"
#: A CRS by its code; other texts of a manifest are not passed to PROJ.
_EPSG_CODE_PATTERN = re.compile(r"EPSG:\d{4,6}")
#: Items of a report that rules read, for `read_value`.
_REPORT_TYPES = {
    "findings?": list,
    "indicators": [{"id": str, "unit": str, "value?": (int, float, NoneType)}],
    "provenance": {
        "layers": [{"role": str, "name": str, "features": int}],
        "profile": {"id": str},
        **dict.fromkeys(("versions?", "standard?", "settings?"), dict),
    },
    "rules?": [{"code": str, "parameters?": [{"name?": str}], "unconfirmed?": (list, NoneType)}],
    "summary": {"verdict": str, "errors": int},
    "tolerance?": dict,
}


def has_vct_suffix(path: str) -> bool:
    """Return True if a file name has the suffix of a VCT file."""
    return path.lower().endswith(VCT_SUFFIX)


def read_vct_facts(
    folder: Path, data_set: str, cancellation: Cancellation
) -> tuple[list[LayerFact], list[SourceLayer]]:
    """Read a VCT file of a package; return the facts of its layers, and the layers.

    ``data_set``: path of the file in the package. The whole file is read, because only this shows whether it is valid.
    """
    from ...exchange.vct.head import VERTICAL_CRS, VERTICAL_DATUM_NAME
    from ...exchange.vct.read import open_vct, read_all_layers

    try:
        with open_vct(folder / data_set, cancellation, merges_parts=True) as vct:
            layers = read_all_layers(vct, str(folder / data_set))
            heights = VERTICAL_CRS if vct.header.vertical_datum == VERTICAL_DATUM_NAME else vct.header.vertical_datum
    except InputError as error:
        return [LayerFact(data_set, Path(data_set).stem, -1, problem=(error.key, error.params))], []
    return [
        LayerFact(data_set, layer.name, len(layer.frame), crs_care.make_crs_label(layer.crs), heights)
        for layer in layers
        if layer.problem is None
    ], layers


@dataclass(frozen=True)
class FileFact:
    """A file of a package.

    Attributes
    ----------
    path
        Path in the package, with ``/``.
    first_bytes, last_bytes
        The first bytes; the last bytes of a PDF.
    sha256
        Empty unless a manifest lists the file or it is a jpg.
    jpeg_properties, decoded_jpeg
        Properties of a jpg and the result of decoding it; None for other files.
    is_link
        Whether the file is a link, which is not followed.
    is_special_file
        Whether the file is a pipe, device or socket, which is never opened.
    pdf_fact
        Content of a PDF.
    active_content
        Active content and external links of an Office file, as keys of message texts (``active_content``).
    """

    path: str
    size_bytes: int
    first_bytes: bytes = b""
    sha256: str = ""
    jpeg_properties: JpegProperties | None = None
    is_link: bool = False
    last_bytes: bytes = field(default=b"", repr=False)
    is_special_file: bool = False
    pdf_fact: PdfFact | None = None
    active_content: tuple[str, ...] = ()
    decoded_jpeg: DecodedJpeg | None = None

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
    feature_count
        Number of features, −1 for an unreadable layer.
    problem
        Text key and parameters of the reason, if known.
    crs, vertical_crs
        Label of the horizontal part, and code of the vertical part or empty.
    geometry_type
        polygon, line or point; empty for other types.
    extent
        Extent of the shapes in their CRS, if metadata need it.
    field_names
        Fields except those that formats reserve; None if unknown.
    """

    file: str
    name: str
    feature_count: int
    crs: str = ""
    vertical_crs: str = ""
    problem: tuple[str, dict[str, Any]] | None = field(default=None, hash=False)
    geometry_type: str = ""
    extent: tuple[float, float, float, float] | None = None
    field_names: tuple[str, ...] | None = None

    @property
    def data_format(self) -> str:
        """Return the name of the data set's format."""
        return FORMAT_NAMES.get(Path(self.file).suffix.lower(), FORMAT_NAMES[".shp"])


class UnreadLayer(NamedTuple):
    """A layer that the rules do not read, because its data set has another layer with the same code.

    ``name``: the unread layer of the data set ``file``; ``role``: the layer code that both match; ``used_layer``: name
    of the layer that is read.
    """

    file: str
    name: str
    role: str
    used_layer: str


@dataclass(frozen=True)
class PackageFacts:
    """Facts of a package.

    Attributes
    ----------
    folder_name
        Name of the package's folder.
    county_code, county_name
        Code and name of the county, from the package's file names.
    manifest, manifest_state
        Content of the manifest, None if unreadable, and what its digest shows.
    document_contents
        Path → content of report (JSON), metadata (XML) and generated pages.
    digest_lists
        File name of a list of digests (SHA256SUMS) → path → digest; None instead of an unreadable list.
    vct_layers
        Path of a VCT file → its layers, which GIS libraries do not read.
    integrity_errors
        Damaged or missing files of databases.
    dataset_comparisons
        Comparisons of layers with their copies in an earlier data set.
    unread_layers
        Layers that are not read, because their data set has another layer with the same code.
    empty_folders
        Empty folders that the specification does not have.
    files_outside
        Files of the zip outside the folder of the package.
    system_files
        Files and folders that a system left in the zip beside the package.
    document_texts
        Path of a document that the plugin made → its texts, or a key of texts for why they are unknown.
    """

    folder_name: str
    package_spec: PackageSpec
    county_code: str = ""
    county_name: str = ""
    files: tuple[FileFact, ...] = ()
    layers: tuple[LayerFact, ...] = ()
    manifest: dict[str, Any] | None = field(default=None, hash=False, compare=False)
    manifest_state: str = MANIFEST_MISSING
    workbooks: tuple[PrintedWorkbook, ...] = field(default=(), hash=False, compare=False)
    document_contents: dict[str, bytes] = field(default_factory=dict, hash=False, compare=False)
    vct_layers: dict[str, list[SourceLayer]] = field(default_factory=dict, hash=False, compare=False, repr=False)
    digest_lists: dict[str, dict[str, str] | None] = field(default_factory=dict, hash=False, compare=False)
    integrity_errors: tuple[IntegrityError, ...] = ()
    dataset_comparisons: tuple[DatasetComparison, ...] = ()
    unread_layers: tuple[UnreadLayer, ...] = ()
    empty_folders: tuple[str, ...] = ()
    files_outside: tuple[str, ...] = ()
    system_files: tuple[str, ...] = ()
    document_texts: dict[str, list[str] | str] = field(default_factory=dict, hash=False, compare=False, repr=False)

    @cached_property
    def placeholder_values(self) -> dict[str, str]:
        """Return the known values of the placeholders ``county_code`` and ``county_name``."""
        return {key: text for key, text in (("code", self.county_code), ("name", self.county_name)) if text}

    @cached_property
    def original_crs(self) -> CRS | None:
        """Return the CRS in which all layers were drawn before they were converted for the package.

        The edges were straight in this CRS when the figures were computed. The manifest names it; without a manifest,
        it is the CRS of the report. None if the manifest names no source CRS or several, or if both are missing.
        """
        labels = {str(self.report_data.get("provenance", {}).get("crs", ""))}
        if self.manifest is not None:
            labels = {str(row.get("source_crs", "")) for row in self.manifest["layers"]}
        label = next(iter(labels)) if len(labels) == 1 else ""
        return crs_care.parse_crs(label) if _EPSG_CODE_PATTERN.fullmatch(label) else None

    @property
    def is_gathered(self) -> bool:
        """Return True if the manifest states that the package was made of packages of counties (汇总)."""
        return "gathered" in (self.manifest or {})

    @cached_property
    def report_data(self) -> dict[str, Any]:
        """Return the data of the package's report; empty if missing, or unreadable, which DOC013 reports."""
        content = self.document_contents.get(self.report_path, b"{}")
        try:
            return dict(parse_json(content, _REPORT_TYPES, file=Path(self.report_path)))
        except DataError:
            return {}

    @cached_property
    def files_outside_data_sets(self) -> list[FileFact]:
        """Return the files outside databases and shapefile folders."""
        return [f for f in self.files if not self.find_data_set_of_file(f.path)]

    @cached_property
    def regular_files(self) -> list[FileFact]:
        """Return the files outside data sets that can be read; not links, devices and files that systems leave."""
        return [
            f for f in self.files_outside_data_sets if not (f.is_link or f.is_special_file or is_stray_file(f.name))
        ]

    def find_data_set_of_file(self, path: str) -> str:
        """Return the path of the .gdb or the folder of shapefiles to which a file belongs.

        Empty for a file outside such data sets.
        """
        path_before_suffix, dot, _ = path.lower().partition(".gdb/")
        if dot:
            return path[: len(path_before_suffix) + 4]
        folder, _, name = path.rpartition("/")
        stems = self._shapefile_stems.get(folder, ())
        return folder if stems and (name == FIELD_NAME_FILE or name.partition(".")[0].lower() in stems) else ""

    @cached_property
    def _shapefile_stems(self) -> dict[str, set[str]]:
        """Return folder → names of its shapefiles in small letters, without suffix."""
        stems: dict[str, set[str]] = defaultdict(set)
        for file in self.files:
            if file.folder and file.name.lower().endswith(".shp"):
                stems[file.folder].add(file.name.partition(".")[0].lower())
        return stems

    def get_expected_path(self, folder: str, pattern: str) -> str:
        """Return the path that a file of the specification should have in this package.

        Parts of the name whose value is unknown are shown as dots.
        """
        values = {
            "code": "……",
            "name": "……",
            "year": (str((self.manifest or {}).get("made", ""))[:4] or "……"),
            "number": "01",
            "title": "……",
            **self.placeholder_values,
        }
        return self.package_spec.get_file_path(folder, fill_placeholders(pattern, values))

    def list_files_of_slot(self, slot: FileSlot) -> list[FileFact]:
        """Return the files for a document, map or table (slot) of the specification."""
        matcher = make_name_matcher(slot.file, {**self.placeholder_values, **slot.placeholder_values})
        return [f for f in self.files_outside_data_sets if matcher.fullmatch(f.name)]

    @cached_property
    def slots_by_path(self) -> dict[str, list[FileSlot]]:
        """Return path → slots (entries of the specification) that a file fills."""
        slots_by_path: dict[str, list[FileSlot]] = defaultdict(list)
        for slot in self.package_spec.files:
            for file in self.list_files_of_slot(slot):
                slots_by_path[file.path].append(slot)
        return slots_by_path

    def list_maps(self) -> list[tuple[FileFact, str, str]]:
        """Return each map with the number and title in its file name, sorted by path.

        The list is empty if the specification has no maps.
        """
        maps_by_path: dict[str, tuple[FileFact, str, str]] = {}
        for slot in self.package_spec.map_files:
            matcher = make_name_matcher(slot.file, {**self.placeholder_values, **slot.placeholder_values})
            for file in self.files_outside_data_sets:
                if match := matcher.fullmatch(file.name):
                    parts = {**slot.placeholder_values, **match.groupdict()}
                    maps_by_path.setdefault(file.path, (file, parts.get("number", ""), parts.get("title", "")))
        return sorted(maps_by_path.values(), key=lambda one: one[0].path)

    @cached_property
    def data_sets(self) -> list[str]:
        """Return the paths of databases, folders of shapefiles and VCT files.

        They are in the order in which rules look for a layer. Data sets with a link, a pipe or a device are omitted:
        opening them would follow the link or block.
        """
        blocked = {self.find_data_set_of_file(f.path) for f in self.files if f.is_link or f.is_special_file}
        data_sets = dict.fromkeys(
            data_set for f in self.files if (data_set := self.find_data_set_of_file(f.path)) and data_set not in blocked
        )
        single_files = [
            f.path
            for f in self.files_outside_data_sets
            if f.name.lower().endswith((".gpkg", ".vct")) and not (f.is_link or f.is_special_file)
        ]

        def make_sort_key(data_set: str) -> tuple[bool, bool, int, str]:
            """Return the place of a data set: those of the specification first, databases before VCT, its order."""
            sets = self.find_vector_sets(data_set)
            return (
                not sets,
                has_vct_suffix(data_set),
                self.package_spec.vectors.index(sets[0]) if sets else 0,
                data_set,
            )

        # Rules check a layer in the first data set that has it.
        return sorted([*data_sets, *single_files], key=make_sort_key)

    def find_vector_sets(self, data_set: str) -> list[VectorSet]:
        """Return the specification's data sets (`VectorSet`) whose name a data set of the package has."""
        name = data_set.rpartition("/")[2]
        return [
            vectors
            for vectors in self.package_spec.vectors
            if make_name_matcher(vectors.file.removesuffix(".shp"), self.placeholder_values).fullmatch(name)
        ]

    @cached_property
    def report_path(self) -> str:
        """Return the path that the report's data (JSON) have or should have in the package.

        A package of an earlier version has the report, or its page alone, under a former name.
        """
        report = self.package_spec.report
        expected_stem, *former_stems = (
            self.get_expected_path(report.folder, name) for name in (report.file, *report.former_files)
        )
        existing_paths = {*self.document_contents, *(file.path for file in self.files)}
        existing_stems = (
            stem
            for stem in (expected_stem, *former_stems)
            if not existing_paths.isdisjoint((f"{stem}.json", f"{stem}.html"))
        )
        return f"{next(existing_stems, expected_stem)}.json"

    @property
    def report_page_path(self) -> str:
        """Return the path that the report's page (HTML) has or should have in the package."""
        return self.report_path.removesuffix("json") + "html"

    def get_kinds_of_generated_documents(self) -> dict[str, str]:
        """Return path → kind of each document that the plugin made according to the manifest.

        Only documents in slots for such documents count.
        """
        return {
            path: row["generated"]
            for row in (self.manifest or {}).get("slots", ())
            if row.get("generated") in GENERATED_DOCUMENTS
            for path in row["files"]
        }

    def list_generated_paths(self) -> set[str]:
        """Return the paths of the files that the plugin writes into a package, with world files of any map."""
        return {
            MANIFEST_FILE_NAME,
            MANIFEST_PAGE_FILE_NAME,
            MANIFEST_DIGEST_FILE_NAME,
            DIGEST_LIST,
            self.report_page_path,
            self.report_path,
            self.get_expected_path(self.package_spec.metadata.folder, self.package_spec.metadata.file),
            self.tables_path,
            *(
                make_world_file_name(file.path)
                for file, _, _ in (self.list_maps() if self.package_spec.maps.world_file else [])
            ),
        }

    @property
    def tables_path(self) -> str:
        """Return the path of the plugin's workbook in the package; empty if the specification has none."""
        tables = self.package_spec.tables
        return f"{self.get_expected_path(tables.folder, tables.file)}.xlsx" if tables else ""
