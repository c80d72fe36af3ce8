# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer that could not be used or contradict themselves, and sentences on them.

Programs that conclude from a layer read this: land that nothing occupies, a distance or a sum is only certain if every
row of the layer was used. Rules report the rows one by one (GEO001, GEO002, SCH003).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..standard.messages.texts import Message, MessageList, format_number

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
        return _label_row(self.key, self.fid, Message(GAPS_SECTION, f"reason_{self.reason}"))


@dataclass(frozen=True)
class NetExcess:
    """A row whose net area exceeds the gross area, of the field or of the shape; areas in m².

    ``basis``: ``gross`` or ``statutory``, what ``gross_m2`` is; ``key``: 标识码, empty if it is missing or repeated.
    """

    fid: int
    key: str
    net_m2: float
    gross_m2: float
    basis: str

    @property
    def label(self) -> Message:
        """Return key or feature id with both areas, as a part of a sentence."""
        areas = {"net": format_number(self.net_m2, 2), "gross": format_number(self.gross_m2, 2)}
        return _label_row(self.key, self.fid, Message(GAPS_SECTION, f"excess_{self.basis}", areas))


def _label_row(key: str, fid: int, reason: Message) -> Message:
    """Return key or feature id of a row with the reason why a sentence names it."""
    name = Message(GAPS_SECTION, "key" if key else "fid", {"key": key, "fid": fid})
    return Message(GAPS_SECTION, "row", {"name": name, "reason": reason})


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
    return _describe_rows("rows", layer_name, tuple(rows))


def describe_net_excess(layer_name: Message, field: str, rows: Iterable[NetExcess]) -> Message | None:
    """Return a sentence on rows with more net than gross area; None without any. ``field``: of the net area."""
    return _describe_rows("net_excess", layer_name, tuple(rows), field=field)


def _describe_rows(
    key: str, layer_name: Message, rows: Sequence[UnusedRow | NetExcess], **params: str
) -> Message | None:
    """Return a sentence that names a few rows of a layer; None without rows."""
    if not rows:
        return None
    return Message(
        GAPS_SECTION,
        key if len(rows) <= _MAX_NAMED_ROWS else f"{key}_more",
        {
            "layer": layer_name,
            "count": len(rows),
            "rows": MessageList(tuple(row.label for row in rows[:_MAX_NAMED_ROWS])),
            **params,
        },
    )
