# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of a generated JSON that its schema does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

#: Keys that a message names, and letters of each.
_NAMED, _LONGEST = 8, 80


@cache
def _schema(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def unknown_keys(data: Any, path: Path) -> str:
    """Name the keys of ``data`` that the JSON schema at ``path`` has no place for; empty for none. Objects of which the schema
    names no properties may have any."""
    schema = _schema(path)
    found = list(dict.fromkeys(_unknown(data, schema, schema, "")))
    return ", ".join(key[:_LONGEST] for key in found[:_NAMED]) + (" …" if len(found) > _NAMED else "")


def _unknown(data: Any, schema: dict[str, Any], whole: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(data, list) and "items" in schema:
        for one in data:
            yield from _unknown(one, schema["items"], whole, f"{place}[]")
    if not isinstance(data, dict):
        return
    properties, more = schema.get("properties"), schema.get("additionalProperties")
    for key, value in data.items():
        inside = f"{place}.{key}" if place else key
        if properties is not None and key in properties:
            yield from _unknown(value, properties[key], whole, inside)
        elif isinstance(more, dict):
            yield from _unknown(value, more, whole, inside)
        elif properties is not None and key not in schema.get("required", ()):
            yield inside
