# SPDX-License-Identifier: GPL-2.0-or-later
"""Give new rows of packages keys (标识码, BSM) that no row has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..conversion.key_numbers import KeyNumberer
from ..loading import make_default_key_table_path
from ..loading.key_table import read_renumbered_keys
from .decide import Decisions, Edit, Outcome, get_record_key
from .read_packages import RecordKey
from .stored_rows import StoredRow, find_key_field


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
    added = [edit for edit in decisions.edits if _is_added(edit)]
    used = [row.key for rows in county_rows.values() for row in rows] + [edit.key for edit in added]
    used += list(former_keys)
    table = make_default_key_table_path(source)
    if table.is_file():
        for (_, old_key), new_key in read_renumbered_keys(table).items():
            used += [old_key, new_key]
    numberer: KeyNumberer | None = None
    deleted = {
        (get_record_key(edit.layer), edit.county_fid)
        for edit in decisions.edits
        if edit.row is None and edit.outcome is Outcome.APPLIED
    }
    seen = {
        (record_key, row.key)
        for record_key, rows in county_rows.items()
        for row in rows
        if (record_key, row.fid) not in deleted
    }
    for position, edit in enumerate(decisions.edits):
        if not _is_added(edit):
            continue
        record_key = get_record_key(edit.layer)
        if not edit.key or (record_key, edit.key) in seen:
            numberer = numberer or KeyNumberer(county_code, used)
            (new_key,) = numberer.number_layer(edit.layer.name, [edit.key], county_prefix).keys
            decisions.edits[position] = replace(edit, new_key=new_key)
        seen.add((record_key, edit.key))


def _is_added(edit: Edit) -> bool:
    """Return True if an edit adds a row to a layer with keys."""
    is_new = edit.county_fid is None and edit.row is not None and edit.outcome is Outcome.APPLIED
    return is_new and bool(find_key_field(edit.layer.fields))
