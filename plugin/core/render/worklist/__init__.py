# SPDX-License-Identifier: GPL-2.0-or-later
"""Work list (工作清单): state, assignee and note of each finding, in a file next to the data.

Several people share the file, or parts of it.
"""

from __future__ import annotations

from pathlib import Path

from ...plan.loading.key_table import KEY_TABLE_SUFFIX

#: The suffix of a work list, after the name of the data.
WORKLIST_SUFFIX = ".worklist.csv"


def find_key_table_of_worklist(path: Path) -> str:
    """Return the path of the table of old and new keys next to a work list; empty without one.

    ``copy.worklist.csv`` → ``copy.renumbered.csv``.
    """
    table = path.with_name(path.name.removesuffix(WORKLIST_SUFFIX) + KEY_TABLE_SUFFIX)
    return str(table) if table.is_file() else ""
