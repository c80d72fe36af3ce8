# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package on the manifest's page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...messages.texts import number
from ...render.words import Words


def map_rows(maps: Iterable[dict[str, Any]], words: Words) -> list[dict[str, Any]]:
    """The maps that are there, as the page shows them; those that are not are told among what is to be known."""
    return [_row(row, words) for row in maps if row["file"]]


def slots_beside(slots: list[dict[str, Any]], maps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The slots that the table of maps does not tell of: where there is one, those of maps that are neither in it nor told of."""
    told = {row["slot"] for row in maps}
    if not any(row["file"] for row in maps):
        return [row for row in slots if row["id"] not in told]
    return [row for row in slots if row["kind"] != "map" or (row["need"] == "M" and row["id"] not in told)]


def _row(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        "number": row["number"],
        "title": row["title"],
        "origin": words.get("package", f"map_{row['origin']}"),
        "pixels": f"{row['width']} × {row['height']}",
        "dpi": number(row["dpi"], 0) if row["dpi"] else "—",
        "scale": f"1:{number(row['scale'], 0)}" if row["scale"] else "—",
        "crs": row["crs"] or "—",
        "file": row["file"],
    }
