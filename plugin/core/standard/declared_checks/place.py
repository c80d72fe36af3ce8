# SPDX-License-Identifier: GPL-2.0-or-later
"""The place of a declared check in its file, for errors that name file, line and check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...files.toml_text import TomlPath, find_line


@dataclass(frozen=True)
class CheckPlace:
    """A check, or a part of it, in the file that declares it.

    ``keys``: path of the part, such as ``("check", 0, "must", 1)``. ``label``: code of the check, else its number.
    """

    path: Path
    keys: TomlPath
    label: str

    def enter(self, *keys: str | int) -> CheckPlace:
        """Return the place of a part of this part."""
        return CheckPlace(self.path, (*self.keys, *keys), self.label)

    def find_line(self) -> int:
        """Return the line of the part in the file, or of the table around it; 0 if the file cannot be read."""
        try:
            return find_line(self.path.read_text(encoding="utf-8-sig"), self.keys)
        except (OSError, ValueError):
            return 0

    def make_error(self, problem: str, **params: Any) -> DataError:
        """Return the error of this part. ``problem``: key of a text under ``[check_errors]`` with its parameters."""
        return DataError(
            "data_check",
            file=str(self.path),
            line=self.find_line() or "—",
            check=self.label,
            check_problem=problem,
            **params,
        )

    def check_keys(self, table: dict[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Raise DataError if a table of this place lacks a required key or has an unknown one."""
        required, optional = tuple(required), tuple(optional)
        for key in table:
            if key not in (*required, *optional):
                raise self.enter(key).make_error("key_unknown", key=key, known=", ".join((*required, *optional)))
        for key in required:
            if key not in table:
                raise self.make_error("key_missing", key=key, known=", ".join((*required, *optional)))

    def check_type(self, value: Any, kind: type, expected: str) -> Any:
        """Return a value of the type ``kind``; raise DataError for another one.

        ``expected``: key of the expected type under ``[check_types]``.
        """
        if not isinstance(value, kind):
            raise self.make_error("kind", key=str(self.keys[-1]), value=repr(value), check_type=expected)
        return value

    def read_text(self, value: Any) -> str:
        """Return a text that is not blank; raise DataError for another value."""
        text = str(self.check_type(value, str, "text")).strip()
        if not text:
            raise self.make_error("blank", key=str(self.keys[-1]))
        return text
