# SPDX-License-Identifier: GPL-2.0-or-later
"""One value into one field: its type, length and code list; why it did not fit."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import numpy as np

from ..engine.context import trim
from ..files.cells import as_text, read_day
from ..standard import Standard
from ..standard.template import CodeList, Field
from .model import Translation


class Carrier:
    """Brings values into one target field: (value, reason, parameters); the reason is empty when all went well."""

    def __init__(self, target: Field, standard: Standard, translation: Translation | None):
        self.target = target
        self.codes = standard.code_lists.get(target.codes) if target.codes else None
        self.translation = translation
        self.source = standard.code_lists.get(translation.list) if translation else None
        self.done: dict[str, tuple[Any, str, dict[str, Any]]] = {}

    def __call__(self, value: Any) -> tuple[Any, str, dict[str, Any]]:
        if self.target.type == "date" and isinstance(value, datetime):
            # A missing moment is a datetime, too.
            return (value, "", {}) if as_text(value) else (None, "", {})
        text = as_text(value)
        if not text:
            return None, "", {}
        if text not in self.done:
            self.done[text] = self._carry(text)
        return self.done[text]

    def _carry(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if self.codes is not None:
            return self._code(text, self.codes)
        if target.type == "date":
            found = _date(text)
            return (found, "", {}) if found else (None, "date_unreadable", {})
        if target.type in ("integer", "real"):
            return self._number(text)
        return self._fitting(text, "", {})

    def _code(self, text: str, codes: CodeList) -> tuple[Any, str, dict[str, Any]]:
        """A code that is not in an unchanged list goes on as it is (many lists are not verified); a translated one that
        has no single answer does not."""
        pad = self.target.code_pad
        if self.translation:
            bare = trim(text, pad or 6)
            chosen = self.translation.choices.get(text) or self.translation.choices.get(bare)
            if chosen:
                return self._fitting(_pad(chosen, pad), "", {})
            if self.source is not None:
                row = self.source.codes.get(text) or self.source.codes.get(bare)
                if row is None:
                    return None, "code_unknown", {"list": self.source.id}
                answers = [c for c in row.extra.get(self.translation.column, "").split("|") if c]
                if len(answers) == 1:
                    return self._fitting(_pad(answers[0], pad), "", {})
                return None, "code_many" if answers else "code_none", {"codes": " ".join(answers), "name": row.name}
        bare = trim(text, pad)
        if bare in codes.codes:
            return self._fitting(_pad(bare, pad), "", {})
        return self._fitting(text, "code_unknown", {"list": codes.id})

    def _number(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        try:
            # Whole numbers by themselves: a double has no room for 18 digits.
            number: Any = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            return None, "number_unreadable", {}
        if not np.isfinite(float(number)):
            return None, "number_unreadable", {}
        if target.type == "integer" and not float(number).is_integer():
            return None, "not_whole", {}
        number = int(number) if target.type == "integer" else float(number)
        if target.length:
            room = target.length - (target.decimals + 1 if target.decimals else 0)
            if len(str(abs(int(number)))) > room:
                return None, "too_long", {"length": target.length, "count": len(text)}
        return number, "", {}

    def _fitting(self, text: str, reason: str, params: dict[str, Any]) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if target.type != "text":
            return self._number(text) if not reason else (None, reason, params)
        if target.length and len(text) > target.length:
            return None, "too_long", {"length": target.length, "count": len(text)}
        return text, reason, params


def _pad(code: str, pad: int) -> str:
    return code.ljust(pad, "0") if pad and code.isdigit() else code


def _date(text: str) -> datetime | None:
    found = read_day(text.split(" ")[0].split("T")[0])
    return datetime(found.year, found.month, found.day) if found else None
