# SPDX-License-Identifier: GPL-2.0-or-later
"""Work packages (工作包): the manifest of what was handed out to a township, and what an edited package changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.data import read_json, read_record, read_value
from ...exchange.edited_copy import copy_dataset
from .stored_rows import Cells, StoredRow, list_fields, list_layers, match_rows, open_dataset, read_rows

#: File of the data set in the county, and name of the layer.
RecordKey = tuple[str, str]
MANIFEST_SCHEMA = "sanxian-township-package/1"
#: Files of a package besides its data.
MANIFEST_NAME, NEIGHBOURS_NAME, TARGETS_NAME = "manifest.json", "neighbours.gpkg", "targets.csv"
#: Types of the items of a manifest besides its records, for `read_value`.
_MANIFEST_TYPES = {
    **dict.fromkeys(("person", "data"), str),
    "split": dict,
    "township": {"code": str, "name": str},
    "layers": list,
}
#: Name of the package of rows in no township and of tables without shape, in file and folder names.
COUNTY_PACKAGE = "county"


@dataclass(frozen=True, slots=True)
class RowRecord:
    """A row that was handed out: feature id, key (BSM), and digests of the row in the county and in the package."""

    fid: int
    key: str
    county_digest: str
    package_digest: str


@dataclass(frozen=True, slots=True)
class NeighbourRecord:
    """A read-only row of another package: feature id, key, digest in the package, code of the township that has it."""

    fid: int
    key: str
    package_digest: str
    township: str


@dataclass(frozen=True, slots=True)
class CrossingRecord:
    """A row in several townships: feature id, key, codes of the townships, that of its package first."""

    fid: int
    key: str
    townships: tuple[str, ...]


@dataclass(frozen=True)
class LayerRecord:
    """A layer of a package.

    ``file``: name of the data set of the county; ``name``: layer in it; ``package_name``: layer in the package;
    ``fields``: names of the fields that the digests cover.
    """

    file: str
    name: str = field(metadata={"key": "layer"})
    package_name: str = field(metadata={"key": "package_layer"})
    fields: tuple[str, ...]
    rows: tuple[RowRecord, ...] = ()
    neighbours: tuple[NeighbourRecord, ...] = ()
    crossing: tuple[CrossingRecord, ...] = ()

    @property
    def key(self) -> RecordKey:
        """Return file and name of the layer in the county."""
        return self.file, self.name


@dataclass(frozen=True)
class SplitRecord:
    """A division of a county into packages.

    ``identity``: differs in each division; ``source``: name of the data without folders; ``source_digest``: of all
    rows.
    """

    identity: str = field(metadata={"key": "id"})
    time: str
    version: str
    source: str
    source_digest: str
    county_code: str
    county_name: str
    distance_m: float = field(metadata={"key": "neighbour_distance_m"})


@dataclass(frozen=True)
class TownshipManifest:
    """What a package has: its division, township, person and layers.

    ``code``: nine digits, empty for the package of rows in no township; ``data_file``: GeoPackage with the rows.
    """

    split: SplitRecord
    code: str
    name: str
    person: str
    data_file: str
    layers: tuple[LayerRecord, ...]

    @property
    def label(self) -> str:
        """Return code and name of the township."""
        return f"{self.code} {self.name}".strip()

    @property
    def row_count(self) -> int:
        """Return the number of rows handed out."""
        return sum(len(layer.rows) for layer in self.layers)


def dump_township_manifest(manifest: TownshipManifest) -> str:
    """Return the manifest of a package as JSON."""
    split = manifest.split
    data = {
        "schema": MANIFEST_SCHEMA,
        "split": {
            "id": split.identity,
            "time": split.time,
            "version": split.version,
            "source": split.source,
            "source_digest": split.source_digest,
            "county_code": split.county_code,
            "county_name": split.county_name,
            "neighbour_distance_m": split.distance_m,
        },
        "township": {"code": manifest.code, "name": manifest.name},
        "person": manifest.person,
        "data": manifest.data_file,
        "layers": [
            {
                "file": layer.file,
                "layer": layer.name,
                "package_layer": layer.package_name,
                "fields": list(layer.fields),
                # Rows are lists, because a county has many.
                "rows": [[row.fid, row.key, row.county_digest, row.package_digest] for row in layer.rows],
                "neighbours": [[row.fid, row.key, row.package_digest, row.township] for row in layer.neighbours],
                "crossing": [[row.fid, row.key, list(row.townships)] for row in layer.crossing],
            }
            for layer in manifest.layers
        ],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def read_township_manifest(path: Path) -> TownshipManifest:
    """Return the manifest of a package.

    Raise InputError if the file is missing or is another manifest, DataError with its place for a wrong value.
    """
    if not path.is_file():
        raise InputError("townships_no_manifest", package=str(path.parent), file=path.name)
    data = read_json(path)
    if not isinstance(data, dict) or data.get("schema") != MANIFEST_SCHEMA:
        raise InputError("townships_manifest_damaged", file=str(path))
    read_value(data, _MANIFEST_TYPES, file=path)
    return TownshipManifest(
        read_record(SplitRecord, data["split"], file=path, where="split"),
        data["township"]["code"],
        data["township"]["name"],
        data["person"],
        # A name with folders could lead out of the package.
        Path(data["data"]).name,
        read_value(data["layers"], tuple[LayerRecord, ...], file=path, key="layers"),
    )


@dataclass(frozen=True)
class EditedPackage:
    """A package that is merged: its folder as given, manifest, person, and copies of its data to read."""

    number: int
    folder: Path
    manifest: TownshipManifest
    person: str
    data: Path
    neighbours: Path | None


@dataclass(frozen=True)
class RowChange:
    """A row that a package changed: as handed out (None if added), and as it is now (None if deleted)."""

    package: EditedPackage
    layer: LayerRecord
    base: StoredRow | None
    row: StoredRow | None

    @property
    def key(self) -> str:
        """Return the key (BSM) with which the row was handed out, that of an added row."""
        row = self.base or self.row
        return row.key if row is not None else ""

    @property
    def identity(self) -> str:
        """Return the content after the change: equal changes have an equal identity."""
        return "" if self.row is None else self.row.digest


@dataclass(frozen=True)
class PackageNote:
    """A difference between a package and what was handed out that is not a row.

    ``kind``: field_added, field_missing, layer_added, layer_missing or neighbours_missing.
    """

    package: EditedPackage
    kind: str
    layer: str = ""
    field: str = ""
    count: int = 0


@dataclass
class PackageChanges:
    """All that a package changed: ``changes`` of its rows, and of its read-only ``neighbours``."""

    package: EditedPackage
    changes: list[RowChange] = field(default_factory=list)
    neighbours: list[RowChange] = field(default_factory=list)
    notes: list[PackageNote] = field(default_factory=list)


def list_package_folders(paths: Sequence[str]) -> list[Path]:
    """Return the folders of packages: of each path, or of its subfolders if these are packages.

    A path may also lead to a file in a package. Raise InputError for a path that does not exist.
    """
    folders: list[Path] = []
    for text in paths:
        path = Path(text)
        if not path.exists():
            raise InputError("source_missing", source=text)
        folder = path if path.is_dir() else path.parent
        inner = [] if (folder / MANIFEST_NAME).is_file() else sorted(folder.glob(f"*/{MANIFEST_NAME}"))
        folders += [one.parent for one in inner] or [folder]
    return folders


def open_packages(paths: Sequence[str], persons: Mapping[str, str], work_folder: Path) -> list[EditedPackage]:
    """Return the packages (`list_package_folders`), with copies of their data in a folder.

    ``persons``: code or name of a township → person, in place of that of the package. Raise InputError for a path
    without a package, for packages of different divisions, and for one given twice.
    """
    packages: list[EditedPackage] = []
    for number, folder in enumerate(list_package_folders(paths)):
        if any(one.folder.resolve() == folder.resolve() for one in packages):
            raise InputError("townships_package_twice", package=str(folder))
        manifest = read_township_manifest(folder / MANIFEST_NAME)
        data, neighbours = folder / manifest.data_file, folder / NEIGHBOURS_NAME
        if not data.is_file():
            raise InputError("townships_no_data", package=str(folder), file=manifest.data_file)
        copy_folder = work_folder / str(number)
        copy_folder.mkdir()
        packages.append(
            EditedPackage(
                number,
                folder,
                manifest,
                persons.get(manifest.code) or persons.get(manifest.name) or manifest.person,
                copy_dataset(data, copy_folder),
                copy_dataset(neighbours, copy_folder) if neighbours.is_file() else None,
            )
        )
    if not packages:
        raise InputError("townships_no_packages")
    newest = max(packages, key=lambda one: one.manifest.split.time).manifest.split
    for package in packages:
        if package.manifest.split.identity != newest.identity:
            raise InputError(
                "townships_other_split",
                package=str(package.folder),
                time=package.manifest.split.time,
                newest=newest.time,
            )
    return packages


def read_package_changes(
    gdal: Any,
    package: EditedPackage,
    find_county_cells: Callable[[RecordKey, Sequence[str]], Callable[[int, str], Cells]],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PackageChanges:
    """Return what a package changed.

    ``find_county_cells``: for a layer and fields that the package lost, a function that gives the county's values.
    """
    found = PackageChanges(package)
    dataset = open_dataset(gdal, package.data)
    layers = {one.GetName(): one for one in list_layers(dataset)}
    handed_out = {record.package_name for record in package.manifest.layers}
    found.notes += [
        PackageNote(package, "layer_added", name, count=layer.GetFeatureCount())
        for name, layer in layers.items()
        if name not in handed_out
    ]
    for record in package.manifest.layers:
        layer = layers.get(record.package_name)
        if layer is None:
            # A layer that is missing as a whole was not edited row by row: its rows stay.
            found.notes.append(PackageNote(package, "layer_missing", record.package_name, count=len(record.rows)))
            continue
        names = tuple(list_fields(layer))
        missing = [name for name in record.fields if name not in names]
        added = [name for name in names if name not in record.fields]
        for kind, fields in (("field_missing", missing), ("field_added", added)):
            found.notes += [PackageNote(package, kind, record.package_name, name) for name in fields]
        fill = find_county_cells(record.key, missing) if missing else None
        rows = read_rows(layer, record.fields, cancellation, fill)
        found.changes += _list_changes(package, record, record.rows, rows)
    layers.clear()
    layer = None
    del dataset
    _read_neighbours(gdal, found, cancellation)
    return found


def _list_changes(
    package: EditedPackage,
    layer: LayerRecord,
    handed_out: Sequence[RowRecord | NeighbourRecord],
    rows: Sequence[StoredRow],
) -> list[RowChange]:
    """Return the rows of a layer that differ from those that were handed out: changed, deleted and added ones."""
    former = [StoredRow(one.fid, one.key, one.package_digest) for one in handed_out]
    present, added = match_rows(former, rows)
    return [
        RowChange(package, layer, base, row)
        for base, row in [*zip(former, present, strict=True), *((None, row) for row in added)]
        if base is None or row is None or row.digest != base.digest
    ]


def _read_neighbours(gdal: Any, found: PackageChanges, cancellation: Cancellation) -> None:
    """Record changes of the read-only rows of a package."""
    package = found.package
    if package.neighbours is None:
        if any(record.neighbours for record in package.manifest.layers):
            found.notes.append(PackageNote(package, "neighbours_missing"))
        return
    dataset = open_dataset(gdal, package.neighbours)
    for record in package.manifest.layers:
        layer = dataset.GetLayerByName(record.package_name)
        if layer is None or not set(record.fields) <= set(list_fields(layer)):
            count = len(record.neighbours)
            if count:
                found.notes.append(PackageNote(package, "layer_missing", record.package_name, count=count))
            continue
        found.neighbours += _list_changes(
            package, record, record.neighbours, read_rows(layer, record.fields, cancellation)
        )
        layer = None
    del dataset
