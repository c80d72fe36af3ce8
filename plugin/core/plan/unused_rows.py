# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer that could not be used, and sentences on unknown data.

Programs that conclude from a layer read this: land that nothing occupies, a distance or a sum is only certain if every
row of the layer was used. Rules report the rows one by one (GEO001, GEO002, SCH003).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..standard.messages.texts import Message, MessageList

#: Section of the texts on data of layers that are not known.
GAPS_SECTION = "data_gaps"
#: Rows that a sentence names.
_MAX_NAMED_ROWS = 5


@dataclass(frozen=True)
class UnusedRow:
    """A row that could not be used, or not with all its parts.

    The parts that agree with the CRS count as occupied land.

    ``reason``: text key: ``missing``, ``broken``, ``type``, ``no_land``, ``mixed`` (land, and lines or points),
    ``stray``, ``stray_part``, ``far``; ``key``: 标识码, empty if it is missing or repeated.
    """

    fid: int
    key: str
    reason: str

    @property
    def label(self) -> Message:
        """Return key or feature id with the reason, as a part of a sentence."""
        return Message(
            GAPS_SECTION,
            "row",
            {
                "name": Message(GAPS_SECTION, "key" if self.key else "fid", {"key": self.key, "fid": self.fid}),
                "reason": Message(GAPS_SECTION, f"reason_{self.reason}"),
            },
        )


def make_layer_name(name: str, role: str, title: str) -> Message:
    """Return the name of a layer as a part of a sentence: title and code.

    The name that the layer has in its source is added if it is neither of them.
    """
    return Message(
        GAPS_SECTION,
        "layer_name" if name in (role, title) else "layer_with_own_name",
        {"layer": name, "role": role, "title": title},
    )


def describe_unused_rows(layer_name: Message, rows: Iterable[UnusedRow]) -> Message | None:
    """Return a sentence on rows that could not be used; None without any.

    It names a few of them with the reason. ``layer_name``: `make_layer_name`.
    """
    rows = tuple(rows)
    if not rows:
        return None
    return Message(
        GAPS_SECTION,
        "rows" if len(rows) <= _MAX_NAMED_ROWS else "rows_more",
        {
            "layer": layer_name,
            "count": len(rows),
            "rows": MessageList(tuple(row.label for row in rows[:_MAX_NAMED_ROWS])),
        },
    )
