# SPDX-License-Identifier: GPL-2.0-or-later
"""What a merge reports: the changes of each package, both versions of each contradiction; sentences of split and merge.

Single rows of the county and of packages are read for their values, geometry and area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ...exchange.gdal_setup import raise_if_refused
from ...geometry.crs import make_lonlat_transformer, parse_crs
from ...geometry.statutory_area import measure_statutory_area
from ...model.rule import Severity
from ...standard.messages.texts import Message, Texts
from ..seams.seam_result import SeamFinding
from .apply import find_dataset_of_layer
from .decide import Contradiction, ContradictionKind, Edit, Outcome, Prefer, Version
from .split import SplitResult
from .stored_rows import Cells, list_fields, open_dataset, read_cells, read_shape_bytes
from .work_package import EditedPackage, LayerRecord, PackageNote

#: Contradictions that the console lists; the workbook has all.
_MAX_LISTED = 10


@dataclass(frozen=True)
class RowContent:
    """A row: values as text, geometry as WKB, statutory area (m²; None without a polygon or CRS)."""

    cells: Cells
    shape_bytes: bytes
    area_m2: float | None


@dataclass
class RowContents:
    """Reads rows of the county and of packages by feature id, while the data sets are open."""

    gdal: Any
    datasets: Sequence[Path]
    encodings: Mapping[tuple[str, str], str]
    _open: dict[tuple[str, str], Any] = field(default_factory=dict, init=False)

    def close(self) -> None:
        """Close all data sets."""
        self._open.clear()

    def open_layer(self, layer: LayerRecord, version: Version) -> Any:
        """Return the GDAL layer of a version, whose data set is opened once. Raise RuntimeError if it is missing."""
        if version.package is None:
            path, name = find_dataset_of_layer(layer.file, self.datasets), layer.name
            encoding = self.encodings.get(layer.key, "")
        else:
            neighbours = version.package.neighbours if version.is_neighbour else None
            path, name, encoding = neighbours or version.package.data, layer.package_name, ""
        key = (str(path), encoding)
        if key not in self._open:
            self._open[key] = open_dataset(self.gdal, path, encoding)
        return raise_if_refused(self._open[key].GetLayerByName(name))

    def read(self, record: LayerRecord, version: Version) -> RowContent | None:
        """Return a version of a row, with the fields that were handed out; None if it was deleted."""
        if version.fid is None:
            return None
        layer = self.open_layer(record, version)
        feature = layer.GetFeature(version.fid)
        if feature is None:
            return None
        fields = {one: place for one, place in list_fields(layer).items() if one in record.fields}
        shape_bytes = read_shape_bytes(feature)
        reference, area = layer.GetSpatialRef(), None
        crs = parse_crs(reference.ExportToWkt()) if reference is not None else None
        shape = shapely.from_wkb(shape_bytes, on_invalid="ignore") if shape_bytes else None
        if crs is not None and shape is not None and shapely.get_dimensions(shape) == 2:
            area = float(measure_statutory_area(np.array([shape], dtype=object), make_lonlat_transformer(crs))[0])
        return RowContent(read_cells(feature, fields), shape_bytes, area)


class ChangeKind(StrEnum):
    """Kind of a change of a row."""

    NEW = "new"
    DELETED = "deleted"
    SHAPE = "shape"
    ATTRIBUTES = "attributes"
    BOTH = "shape_and_attributes"


@dataclass(frozen=True)
class LoggedChange:
    """An edit with its kind, the names of changed fields, and areas before and after (m²; None without a polygon)."""

    edit: Edit
    kind: ChangeKind
    fields: tuple[str, ...]
    area_before_m2: float | None
    area_after_m2: float | None


@dataclass(frozen=True)
class LoggedVersion:
    """A version of a row in a contradiction: ``package`` None for the county; ``values``: differing values.

    ``is_deleted``: the row is not there in this version.
    """

    package: EditedPackage | None
    is_deleted: bool
    values: tuple[tuple[str, str | None], ...]
    area_m2: float | None


@dataclass(frozen=True)
class LoggedContradiction:
    """A contradiction with its versions; ``has_other_shape``: they differ in shape."""

    number: int
    contradiction: Contradiction
    versions: tuple[LoggedVersion, ...]
    has_other_shape: bool


@dataclass(frozen=True)
class MergeLog:
    """All that a merge reports.

    ``county_changed_count``: rows of the county that differ from the split; ``former_seam_count``: seams that the
    county had already; ``gaps``: unknown data of the merged layers (`Layer.gaps`).
    """

    packages: tuple[EditedPackage, ...]
    changes: tuple[LoggedChange, ...]
    contradictions: tuple[LoggedContradiction, ...]
    notes: tuple[PackageNote, ...]
    county_changed_count: int
    prefer: Prefer
    seams: tuple[SeamFinding, ...] = ()
    former_seam_count: int = 0
    gaps: tuple[Message, ...] = ()
    has_seams: bool = False

    @property
    def open_count(self) -> int:
        """Return the number of contradictions that somebody must decide."""
        return sum(one.contradiction.choice is Prefer.ASK for one in self.contradictions)


def log_changes(edits: Sequence[Edit], contents: RowContents) -> tuple[LoggedChange, ...]:
    """Return the changes with their kinds, fields and areas."""
    logged = []
    for edit in edits:
        before = contents.read(edit.layer, Version(None, edit.county_fid))
        after = contents.read(edit.layer, Version(edit.package, edit.row.fid if edit.row else None))
        fields: tuple[str, ...] = ()
        has_other_shape = False
        if before is not None and after is not None:
            has_other_shape = before.shape_bytes != after.shape_bytes
            fields = tuple(name for name, value in before.cells.items() if after.cells.get(name, value) != value)
        kind = ChangeKind.ATTRIBUTES
        if edit.row is None:
            kind = ChangeKind.DELETED
        elif before is None:
            kind = ChangeKind.NEW
        elif has_other_shape:
            kind = ChangeKind.BOTH if fields else ChangeKind.SHAPE
        logged.append(
            LoggedChange(edit, kind, fields, before.area_m2 if before else None, after.area_m2 if after else None)
        )
    return tuple(logged)


def log_contradictions(found: Sequence[Contradiction], contents: RowContents) -> tuple[LoggedContradiction, ...]:
    """Return the contradictions with the values in which their versions differ."""
    logged = []
    for number, one in enumerate(found, 1):
        if one.kind is ContradictionKind.TWO_PACKAGES:
            logged.append(
                LoggedContradiction(
                    number,
                    one,
                    tuple(LoggedVersion(version.package, False, (), None) for version in one.versions),
                    False,
                )
            )
            continue
        rows = [contents.read(one.layer, version) for version in one.versions]
        present = [row for row in rows if row is not None]
        differing = [
            name
            for name in (present[0].cells if present else {})
            if len({row.cells.get(name) for row in present}) > 1 or len(present) == 1
        ]
        logged.append(
            LoggedContradiction(
                number,
                one,
                tuple(
                    LoggedVersion(
                        version.package,
                        row is None,
                        tuple((name, row.cells.get(name)) for name in differing) if row else (),
                        row.area_m2 if row else None,
                    )
                    for version, row in zip(one.versions, rows, strict=True)
                ),
                len({row.shape_bytes for row in present}) > 1,
            )
        )
    return tuple(logged)


def describe_note(note: PackageNote, texts: Texts) -> str:
    """Return a difference between a package and what was handed out, with its consequence."""
    return texts.get("township_notes", note.kind, layer=note.layer, field=note.field, count=note.count)


def describe_split(result: SplitResult, texts: Texts) -> list[str]:
    """Return what a split wrote, one line for each package."""
    manifests = [one.manifest for one in result.packages]
    lines = [
        texts.get("townships", "split_done", packages=len(manifests), rows=sum(one.row_count for one in manifests)),
        *(
            texts.get(
                "townships",
                "split_line",
                name=one.label if one.code else texts.get("townships", "county_package"),
                rows=one.row_count,
                neighbours=sum(len(layer.neighbours) for layer in one.layers),
                crossing=sum(len(layer.crossing) for layer in one.layers),
            )
            for one in manifests
        ),
    ]
    if result.left_out:
        lines.append(texts.get("townships", "left_out", names=", ".join(result.left_out)))
    return lines


def describe_merge(log: MergeLog, texts: Texts) -> list[str]:
    """Return what a merge did, with its contradictions."""
    applied = [one for one in log.changes if one.edit.outcome is Outcome.APPLIED]
    counts = {kind: sum(one.kind is kind for one in applied) for kind in ChangeKind}
    lines = [
        texts.get(
            "townships",
            "merge_done",
            packages=len(log.packages),
            changed=len(applied) - counts[ChangeKind.NEW] - counts[ChangeKind.DELETED],
            new=counts[ChangeKind.NEW],
            deleted=counts[ChangeKind.DELETED],
            contradictions=len(log.contradictions),
        )
    ]
    if log.county_changed_count:
        lines.append(texts.get("townships", "county_changed", count=log.county_changed_count))
    lines += [
        texts.get("townships", "note_line", name=note.package.manifest.label, note=describe_note(note, texts))
        for note in log.notes
    ]
    for one in log.contradictions[:_MAX_LISTED]:
        lines.append(
            texts.get(
                "townships",
                "contradiction_line",
                number=one.number,
                kind=texts.get("township_contradictions", one.contradiction.kind),
                layer=one.contradiction.layer.name,
                key=one.contradiction.key,
                versions=", ".join(
                    version.package.manifest.label if version.package else texts.get("townships", "county")
                    for version in one.versions
                ),
                choice=texts.get("township_choices", one.contradiction.choice),
            )
        )
    if len(log.contradictions) > _MAX_LISTED:
        lines.append(texts.get("townships", "more", count=len(log.contradictions) - _MAX_LISTED))
    if log.has_seams:
        notes = sum(one.severity is Severity.INFO for one in log.seams)
        lines += [
            texts.get(
                "townships", "seams_done", warnings=len(log.seams) - notes, notes=notes, former=log.former_seam_count
            ),
            *[gap.render(texts) for gap in log.gaps],
        ]
    return lines
