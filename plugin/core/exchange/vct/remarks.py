# SPDX-License-Identifier: GPL-2.0-or-later
"""Remarks on a file that is read: one note for each kind, with the count and the first place."""

from __future__ import annotations

from typing import Any

Note = tuple[str, dict[str, Any]]


class Remarks:
    """Occurrences are counted by text key and group; each note names the first of them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[tuple[str, Any], ...]], dict[str, Any]] = {}

    def add(self, key: str, line: int, ident: int | None = None, count: int = 1, /, **group: Any) -> None:
        """``line`` and ``ident`` of an occurrence; ``group``: parameters by which notes of one key are kept apart."""
        place = (key, tuple(group.items()))
        known = self._found.get(place)
        if known is not None:
            known["count"] += count
            return
        known = self._found[place] = {**group, "count": count, "line": line}
        if ident is not None:
            known["id"] = ident

    def add_example(self, key: str, line: int, value: str, count: int, /, **group: Any) -> None:
        """As `add`; ``value``: what stands in the first line."""
        self.add(key, line, None, count, **group)
        self._found[key, tuple(group.items())].setdefault("value", value)

    def notes(self) -> list[Note]:
        return [(key, dict(params)) for (key, _), params in self._found.items()]
