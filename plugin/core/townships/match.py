# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the rows that were handed out among the rows of a package or of the county as it is now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .stored_rows import StoredRow


@dataclass(frozen=True)
class RowMatch:
    """``found``: position of a former row → position of the present one; ``new``: positions of further rows."""

    found: dict[int, int]
    new: tuple[int, ...]


def match_rows(former: Sequence[StoredRow], present: Sequence[StoredRow]) -> RowMatch:
    """Return which present row each former row has become.

    A key that occurs once on both sides decides. Of several present rows with the key, as after a division of a
    feature, the one with the former feature id continues the row, else an unchanged one. Rows without such a key are
    found by feature id, unless the file was written anew with other ids, else by equal content.
    """
    found: dict[int, int] = {}
    present_by_key: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(present):
        present_by_key[row.key].append(position)
    key_counts = Counter(row.key for row in former)
    for number, row in enumerate(former):
        if row.key and key_counts[row.key] == 1 and present_by_key.get(row.key):
            candidates = present_by_key[row.key]
            found[number] = min(
                candidates, key=lambda n: (present[n].fid != row.fid, present[n].digest != row.digest, n)
            )
    same_id = sum(former[number].fid == present[position].fid for number, position in found.items())
    used = set(found.values())
    if 2 * same_id >= len(found):
        position_by_fid = {row.fid: n for n, row in enumerate(present) if n not in used}
        for number, row in enumerate(former):
            if number not in found and row.fid in position_by_fid:
                found[number] = position_by_fid[row.fid]
        used = set(found.values())
    positions_by_content: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position in range(len(present) - 1, -1, -1):
        if position not in used:
            positions_by_content[present[position].key, present[position].digest].append(position)
    for number, row in enumerate(former):
        if number not in found and positions_by_content.get((row.key, row.digest)):
            found[number] = positions_by_content[row.key, row.digest].pop()
    used = set(found.values())
    return RowMatch(found, tuple(n for n in range(len(present)) if n not in used))
