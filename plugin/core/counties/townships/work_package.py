# SPDX-License-Identifier: GPL-2.0-or-later
"""The manifest of a work package (工作包): what was handed out to a township."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ...base.errors import InputError
from ...base.files.data import read_json, read_record, read_value

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
