# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare county at the split, county now and packages, and decide what is written (three-way merge)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ...base.files import make_path_next_to_data
from ...exchange.renumber import KeyNumberer
from ...plan.loading.key_table import KEY_TABLE_SUFFIX, read_renumbered_keys
from .stored_rows import StoredRow, find_key_field, match_rows
from .work_package import EditedPackage, LayerRecord, PackageChanges, RecordKey, RowChange, RowRecord


class Prefer(StrEnum):
    """Which version a contradiction gives: COUNTY, PACKAGE, or ASK: the county's until somebody decides."""

    COUNTY = "county"
    PACKAGE = "package"
    ASK = "ask"


class ContradictionKind(StrEnum):
    """Kind of a contradiction between a package and the county, or between packages."""

    BOTH_CHANGED = "both_changed"
    PACKAGE_DELETED = "package_deleted"
    COUNTY_DELETED = "county_deleted"
    PACKAGES_DIFFER = "packages_differ"
    NEW_SAME_KEY = "new_same_key"
    NEIGHBOUR_CHANGED = "neighbour_changed"
    TWO_PACKAGES = "two_packages"


class Outcome(StrEnum):
    """What became of a change: APPLIED, KEPT (the county's version stays), SAME (the county has it already)."""

    APPLIED = "applied"
    KEPT = "kept"
    SAME = "same"


@dataclass(frozen=True)
class Version:
    """A version of a row: in the county (``package`` None) or in a package; ``fid`` None if the row was deleted.

    ``is_neighbour``: the row is in the read-only neighbours of the package.
    """

    package: EditedPackage | None
    fid: int | None
    is_neighbour: bool = False


@dataclass(frozen=True)
class Contradiction:
    """A contradiction, with the county's version first (if it has one) and those of packages; ``choice``: written."""

    kind: ContradictionKind
    layer: LayerRecord
    key: str
    versions: tuple[Version, ...]
    choice: Prefer


@dataclass(frozen=True)
class Edit:
    """A change of a row: ``county_fid`` None for a new row; ``row`` None for a deleted one.

    ``new_key``: key in place of that in the package, empty to keep it.
    """

    package: EditedPackage
    layer: LayerRecord
    county_fid: int | None
    row: StoredRow | None
    key: str
    outcome: Outcome
    new_key: str = ""


@dataclass
class Decisions:
    """What is written, and what contradicts."""

    edits: list[Edit] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    #: Rows of the county that differ from those that were handed out.
    county_changed_count: int = 0


def decide(
    packages: Sequence[PackageChanges],
    county_rows: Mapping[RecordKey, Sequence[StoredRow]],
    prefer: Prefer,
    *,
    with_new_keys: bool = False,
) -> Decisions:
    """Return the edits and contradictions of all packages.

    ``county_rows``: layer → rows as they are now; ``with_new_keys``: new rows get another key where theirs is in use,
    so that equal keys do not contradict.
    """
    decisions = Decisions()
    records: dict[RecordKey, tuple[LayerRecord, dict[int, RowRecord]]] = {}
    for one in packages:
        for layer in one.package.manifest.layers:
            _, rows_by_fid = records.setdefault(layer.key, (layer, {}))
            rows_by_fid.update({row.fid: row for row in layer.rows})
    changes: dict[tuple[RecordKey, int], list[RowChange]] = defaultdict(list)
    new_rows: list[RowChange] = []
    for change in (change for one in packages for change in one.changes):
        if change.base is None:
            new_rows.append(change)
        else:
            changes[change.layer.key, change.base.fid].append(change)
    for key, (record, rows_by_fid) in records.items():
        base_rows = list(rows_by_fid.values())
        for base, now in zip(
            base_rows,
            match_rows([StoredRow(row.fid, row.key, row.county_digest) for row in base_rows], county_rows[key])[0],
            strict=True,
        ):
            decisions.county_changed_count += now is None or now.digest != base.county_digest
            if (key, base.fid) in changes:
                _decide_row(decisions, record, base, now, changes[key, base.fid], prefer)
    _decide_new_rows(decisions, new_rows, county_rows, prefer, with_new_keys)
    for altered in (altered for one in packages for altered in one.neighbours):
        # A changed read-only row is never written.
        row = altered.row or altered.base
        county = (Version(None, altered.base.fid),) if altered.base else ()
        decisions.contradictions.append(
            Contradiction(
                ContradictionKind.NEIGHBOUR_CHANGED,
                altered.layer,
                row.key if row else "",
                (*county, replace(_make_version(altered), is_neighbour=True)),
                Prefer.COUNTY,
            )
        )
    by_label: dict[str, list[EditedPackage]] = defaultdict(list)
    for one in packages:
        by_label[one.package.manifest.label].append(one.package)
    decisions.contradictions += [
        Contradiction(
            ContradictionKind.TWO_PACKAGES,
            LayerRecord("", "", "", ()),
            "",
            tuple(Version(package, None) for package in several),
            Prefer.ASK,
        )
        for several in by_label.values()
        if len(several) > 1
    ]
    return decisions


def _decide_row(
    decisions: Decisions,
    layer: LayerRecord,
    base: RowRecord,
    now: StoredRow | None,
    changes: Sequence[RowChange],
    prefer: Prefer,
) -> None:
    """Decide on a row that was handed out; ``now``: the county's row, None if it was deleted there."""
    county = Version(None, now.fid if now else None)
    if len({change.identity for change in changes}) > 1:
        versions = (county, *(_make_version(change) for change in changes))
        # A preference for packages does not decide between two of them.
        decisions.contradictions.append(
            Contradiction(ContradictionKind.PACKAGES_DIFFER, layer, base.key, versions, Prefer.ASK)
        )
        decisions.edits += [_make_edit(change, now, Outcome.KEPT) for change in changes]
        return
    change = changes[0]
    if change.identity == (now.digest if now else ""):
        decisions.edits.append(_make_edit(change, now, Outcome.SAME))
        return
    if now is not None and now.digest == base.county_digest:
        decisions.edits.append(_make_edit(change, now, Outcome.APPLIED))
        return
    kind = ContradictionKind.BOTH_CHANGED if now is not None else ContradictionKind.COUNTY_DELETED
    if change.row is None:
        kind = ContradictionKind.PACKAGE_DELETED
    decisions.contradictions.append(Contradiction(kind, layer, base.key, (county, _make_version(change)), prefer))
    decisions.edits.append(_make_edit(change, now, Outcome.APPLIED if prefer is Prefer.PACKAGE else Outcome.KEPT))


def _make_version(change: RowChange) -> Version:
    """Return a package's version of a row."""
    return Version(change.package, change.row.fid if change.row else None)


def _make_edit(change: RowChange, now: StoredRow | None, outcome: Outcome) -> Edit:
    """Return the edit of a change; ``now``: the row in the county, None if it is not there."""
    return Edit(change.package, change.layer, now.fid if now else None, change.row, change.key, outcome)


def _decide_new_rows(
    decisions: Decisions,
    new_rows: Sequence[RowChange],
    county_rows: Mapping[RecordKey, Sequence[StoredRow]],
    prefer: Prefer,
    with_new_keys: bool,
) -> None:
    """Decide on the rows that packages added: rows with a key in use contradict, unless new keys are given."""
    county_by_key: dict[tuple[RecordKey, str], list[StoredRow]] = defaultdict(list)
    for record_key, row in _iterate_remaining(decisions, county_rows):
        county_by_key[record_key, row.key].append(row)
    groups: dict[tuple[RecordKey, str], list[RowChange]] = defaultdict(list)
    for new_row in new_rows:
        group_key = new_row.layer.key, new_row.key
        if new_row.key and any(row.digest == new_row.identity for row in county_by_key.get(group_key, [])):
            decisions.edits.append(_make_edit(new_row, None, Outcome.SAME))
        else:
            groups[group_key].append(new_row)
    for group_key, all_members in groups.items():
        members = all_members
        if group_key[1]:
            # Of rows with one key and the same content, the first counts.
            by_digest: dict[str, RowChange] = {}
            doubled = [one for one in all_members if by_digest.setdefault(one.identity, one) is not one]
            members = list(by_digest.values())
            decisions.edits += [_make_edit(one, None, Outcome.SAME) for one in doubled]
        present = county_by_key.get(group_key, [])
        if with_new_keys or not group_key[1] or (not present and len(members) == 1):
            decisions.edits += [_make_edit(one, None, Outcome.APPLIED) for one in members]
            continue
        decisions.contradictions.append(
            Contradiction(
                ContradictionKind.NEW_SAME_KEY,
                members[0].layer,
                group_key[1],
                (*(Version(None, row.fid) for row in present), *map(_make_version, members)),
                prefer,
            )
        )
        outcome = Outcome.APPLIED if prefer is Prefer.PACKAGE else Outcome.KEPT
        decisions.edits += [_make_edit(one, None, outcome) for one in members]


def _iterate_remaining(
    decisions: Decisions, county_rows: Mapping[RecordKey, Sequence[StoredRow]]
) -> Iterator[tuple[RecordKey, StoredRow]]:
    """Yield layer and row for each row of the county that no applied edit deletes."""
    deleted = {
        (edit.layer.key, edit.county_fid)
        for edit in decisions.edits
        if edit.row is None and edit.outcome is Outcome.APPLIED
    }
    for record_key, rows in county_rows.items():
        yield from ((record_key, row) for row in rows if (record_key, row.fid) not in deleted)


def assign_new_keys(
    decisions: Decisions,
    county_rows: Mapping[RecordKey, Sequence[StoredRow]],
    former_keys: Iterable[str],
    source: str,
    county_code: str,
    county_prefix: str,
) -> None:
    """Set new keys of added rows without a key, or with a key that another row of the layer has.

    Parameters
    ----------
    former_keys
        Keys that were handed out: a number is never assigned twice (rule A1).
    county_prefix
        The digits with which a key of this county begins.

    Raises
    ------
    InputError
        The county has no code, or its numbers are exhausted.
    """
    used = [row.key for rows in county_rows.values() for row in rows]
    used += [*(edit.key for edit in decisions.edits if _is_added(edit)), *former_keys]
    table = make_path_next_to_data(source, KEY_TABLE_SUFFIX)
    if table.is_file():
        for (_, old_key), new_key in read_renumbered_keys(table).items():
            used += [old_key, new_key]
    numberer: KeyNumberer | None = None
    seen = {(record_key, row.key) for record_key, row in _iterate_remaining(decisions, county_rows)}
    for position, edit in enumerate(decisions.edits):
        if not _is_added(edit):
            continue
        if not edit.key or (edit.layer.key, edit.key) in seen:
            numberer = numberer or KeyNumberer(county_code, used)
            (new_key,) = numberer.number_layer(edit.layer.name, [edit.key], county_prefix).keys
            decisions.edits[position] = replace(edit, new_key=new_key)
        seen.add((edit.layer.key, edit.key))


def _is_added(edit: Edit) -> bool:
    """Return True if an edit adds a row to a layer with keys."""
    is_new = edit.county_fid is None and edit.row is not None and edit.outcome is Outcome.APPLIED
    return is_new and bool(find_key_field(edit.layer.fields))
