# SPDX-License-Identifier: GPL-2.0-or-later
"""Search keys (标识码, BSM) that several counties have; the keys are on disk, so that memory does not grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ..invariants import require_value
from .model import RepeatedKeys

#: Keys of a pair of counties that the result names.
_MAX_EXAMPLES = 5


class KeyRegister:
    """Keys of all counties so far, in a temporary SQLite file."""

    def __init__(self, path: Path):
        self._database = sqlite3.connect(path)
        # The file is deleted after the run: it needs no protection against a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, county INTEGER) WITHOUT ROWID")
        self._database.execute("CREATE TABLE repeated (key TEXT, first INTEGER, second INTEGER)")
        self._names: list[str] = []

    def begin_county(self, name: str) -> None:
        """Set the county of the keys that are added next."""
        self._names.append(name)

    def add(self, keys: Iterable[str]) -> None:
        """Add keys of the present county; keys of an earlier county are recorded, empty ones are left out."""
        number = len(self._names) - 1
        for key in keys:
            if not key:
                continue
            added = self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, number)).rowcount
            if added:
                continue
            row = self._database.execute("SELECT county FROM keys WHERE key = ?", (key,)).fetchone()
            (first,) = require_value(row, "the county of a repeated key")
            if first != number:
                self._database.execute("INSERT INTO repeated VALUES (?, ?, ?)", (key, first, number))

    def list_repeated(self) -> list[RepeatedKeys]:
        """Return the repeated keys, by pair of counties."""
        pairs = self._database.execute(
            "SELECT first, second, COUNT(DISTINCT key) FROM repeated GROUP BY first, second ORDER BY first, second"
        ).fetchall()
        result = []
        for first, second, count in pairs:
            examples = self._database.execute(
                "SELECT DISTINCT key FROM repeated WHERE first = ? AND second = ? ORDER BY key LIMIT ?",
                (first, second, _MAX_EXAMPLES),
            ).fetchall()
            result.append(
                RepeatedKeys(self._names[first], self._names[second], count, tuple(str(key) for (key,) in examples))
            )
        return result

    def close(self) -> None:
        """Close the file."""
        self._database.close()
