# SPDX-License-Identifier: GPL-2.0-or-later
"""What a merge reports: the changes of each package, and both versions of each contradiction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...standard.messages.texts import Message
from .decide import Contradiction, ContradictionKind, Edit, Outcome, Prefer, Version
from .describe_rows import RowContents
from .read_packages import EditedPackage, PackageNote
from .seam_check import TownshipSeam


class ChangeKind(StrEnum):
    """Kind of a change of a row."""

    NEW = "new"
    DELETED = "deleted"
    SHAPE = "shape"
    ATTRIBUTES = "attributes"
    BOTH = "shape_and_attributes"


@dataclass(frozen=True)
class LoggedChange:
    """A change of a row: who changed what.

    ``layer``: name in the county; ``key``: the row's key, ``new_key``: another one that it got; ``fields``: names of
    changed fields; areas in m², None without a polygon.
    """

    package: EditedPackage
    layer: str
    key: str
    new_key: str
    kind: ChangeKind
    fields: tuple[str, ...]
    area_before_m2: float | None
    area_after_m2: float | None
    outcome: Outcome


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
    kind: ContradictionKind
    layer: str
    key: str
    versions: tuple[LoggedVersion, ...]
    has_other_shape: bool
    choice: Prefer
    contradiction: Contradiction


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
    seams: tuple[TownshipSeam, ...] = ()
    former_seam_count: int = 0
    gaps: tuple[Message, ...] = ()
    has_seams: bool = False

    @property
    def open_count(self) -> int:
        """Return the number of contradictions that somebody must decide."""
        return sum(one.choice is Prefer.ASK for one in self.contradictions)


def log_changes(edits: Sequence[Edit], contents: RowContents) -> tuple[LoggedChange, ...]:
    """Return the changes with their kinds, fields and areas."""
    logged = []
    for edit in edits:
        before = contents.read_county(edit.layer, edit.county_fid)
        after = contents.read_version(edit.layer, Version(edit.package, edit.row.fid if edit.row else None))
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
            LoggedChange(
                edit.package,
                edit.layer.name,
                edit.key,
                edit.new_key,
                kind,
                fields,
                before.area_m2 if before else None,
                after.area_m2 if after else None,
                edit.outcome,
            )
        )
    return tuple(logged)


def log_contradictions(found: Sequence[Contradiction], contents: RowContents) -> tuple[LoggedContradiction, ...]:
    """Return the contradictions with the values in which their versions differ."""
    logged = []
    for number, one in enumerate(found, 1):
        if one.kind is ContradictionKind.TWO_PACKAGES:
            packages = tuple(LoggedVersion(version.package, False, (), None) for version in one.versions)
            logged.append(LoggedContradiction(number, one.kind, "", "", packages, False, one.choice, one))
            continue
        rows = [contents.read_version(one.layer, version) for version in one.versions]
        present = [row for row in rows if row is not None]
        differing = [
            name
            for name in (present[0].cells if present else {})
            if len({row.cells.get(name) for row in present}) > 1 or len(present) == 1
        ]
        logged.append(
            LoggedContradiction(
                number,
                one.kind,
                one.layer.name,
                one.key,
                tuple(
                    (
                        LoggedVersion(version.package, True, (), None)
                        if row is None
                        else LoggedVersion(
                            version.package,
                            False,
                            tuple((name, row.cells.get(name)) for name in differing),
                            row.area_m2,
                        )
                    )
                    for version, row in zip(one.versions, rows, strict=True)
                ),
                len({row.shape_bytes for row in present}) > 1,
                one.choice,
                one,
            )
        )
    return tuple(logged)
