# SPDX-License-Identifier: GPL-2.0-or-later
"""Merge the edits of several fixes, applied one after the other, into edits of one step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..checks.live.session import FeatureKey
from ..exchange.edited_copy import UNCHANGED
from .edits import Edits, RowEdit


def merge_edits(applied: Iterable[Edits]) -> Edits:
    """Return the net edits of several fixes: each row once, with its last shape and all its last values.

    A row that was added and deleted again is left out.
    """
    rows: dict[FeatureKey, RowEdit] = {}
    net_edits = Edits()
    for edits in applied:
        net_edits.new_fields += [new for new in edits.new_fields if new not in net_edits.new_fields]
        # A new row takes the values that its source row had before this fix: the fix may change or delete that row.
        sources = {(one.role, one.attribute_source_fid) for one in edits if one.is_new}
        rows_before = {key: rows[key] for key in sources if key in rows}
        for one in edits:
            edit = _resolve_attribute_source(one, rows_before)
            former_edit = rows.get((edit.role, edit.fid))
            if former_edit is None:
                rows[edit.role, edit.fid] = edit
            elif edit.is_deleted and former_edit.is_new:
                del rows[edit.role, edit.fid]
            elif edit.is_deleted:
                rows[edit.role, edit.fid] = edit
            else:
                rows[edit.role, edit.fid] = replace(
                    former_edit,
                    shape=former_edit.shape if edit.shape is UNCHANGED else edit.shape,
                    attributes=former_edit.attributes | edit.attributes,
                )
    net_edits.rows = list(rows.values())
    return net_edits


def _resolve_attribute_source(edit: RowEdit, rows_before: dict[FeatureKey, RowEdit]) -> RowEdit:
    """Return the edit of a new row with attributes copied from a row that existed before all fixes.

    ``rows_before``: the net edits of the earlier fixes.
    """
    like = None if edit.attribute_source_fid is None else rows_before.get((edit.role, edit.attribute_source_fid))
    if not edit.is_new or like is None:
        return edit
    like_fid = like.attribute_source_fid if like.is_new else edit.attribute_source_fid
    return replace(edit, attribute_source_fid=like_fid, attributes=like.attributes | edit.attributes)
