# SPDX-License-Identifier: GPL-2.0-or-later
"""Why something was not checked, as sentences: what is said of many layers alike is said once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..messages.texts import Texts

#: Layers named where one sentence speaks of several; the rest is counted.
_NAMED = 5
#: With one layer or two, each has its own sentence.
_ALIKE = 3
_MANY = "_many"


def sentences(said: Iterable[tuple[str, dict[str, Any]]], texts: Texts) -> list[str]:
    """One sentence a reason; reasons that the texts can tell of many layers (``…_many``) together, from three on."""
    by_key: dict[str, list[dict[str, Any]]] = {}
    for key, params in said:
        by_key.setdefault(key, []).append(params)
    told: list[str] = []
    for key, each in by_key.items():
        if len(each) >= _ALIKE and key + _MANY in texts.section("reasons"):
            told.append(texts.reason(key + _MANY, _together(each, texts)))
        else:
            told += [texts.reason(key, params) for params in each]
    return list(dict.fromkeys(told))


def _together(each: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    names = list(dict.fromkeys(str(params["layer"]) for params in each))
    shown = texts.get("words", "between_names").join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return {"layers": shown, "number": len(names), "count": sum(int(params.get("count", 1)) for params in each)}
