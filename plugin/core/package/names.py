# SPDX-License-Identifier: GPL-2.0-or-later
"""Names in a package: placeholders filled, and what no file, folder or field may be called."""

from __future__ import annotations

import re
import string
from collections.abc import Container, Mapping
from datetime import date
from typing import Any

#: What a name in a package may be made of, and what each stands for when a file is recognised by its name.
PLACEHOLDERS = {"code": r"\d+", "name": r"[^\d\W]+", "year": r"\d{4}", "number": r"\d{2}", "title": r"\D.*?"}
#: Stands for a county and its maps where a name is looked at or shown that nobody has filled yet.
SAMPLE = {"code": "140225", "name": "浑源县", "year": "2026", "number": "01", "title": "图"}
#: Those that a name has which the plugin gives itself.
OWN_PLACEHOLDERS = ("code", "name", "year")
#: The file of names, in the folder of the shapefiles.
FIELD_NAMES = "字段名对照.csv"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*")
#: Names that a FileGDB, a GeoPackage or SQL keep to themselves.
_TAKEN = {
    "OBJECTID", "SHAPE", "SHAPE_LENGTH", "SHAPE_AREA", "FID", "GEOM", "OGC_FID", "ROWID",
    "ADD", "ALTER", "AND", "AS", "ASC", "BETWEEN", "BY", "COLUMN", "CREATE", "DATE", "DELETE", "DESC", "DROP", "EXISTS",
    "FOR", "FROM", "GROUP", "IN", "INSERT", "INTO", "IS", "LIKE", "NOT", "NULL", "OR", "ORDER", "SELECT", "SET", "TABLE",
    "UPDATE", "VALUES", "WHERE",
}  # fmt: skip
#: Basis of an area in a manifest → what the field means that it is summed from.
AREA_FIELDS = {"survey": "gross_area", "net": "net_area", "declared": "area"}
#: Windows takes 260 characters for a whole path; a package is unpacked below folders of its own.
LONGEST_NAME = 120


def unknown_placeholder(pattern: str, known: Container[str] = PLACEHOLDERS) -> str | None:
    """The first placeholder that nothing fills, or a brace that stands alone; None when all is well."""
    try:
        for _, name, form, conversion in string.Formatter().parse(pattern):
            if name is not None and (name not in known or form or conversion):
                return name
    except ValueError:
        return pattern
    return None


def fill_placeholders(pattern: str, values: Mapping[str, Any]) -> str:
    """The name with its placeholders filled. KeyError for one that has no value."""
    return string.Formatter().vformat(pattern, (), dict(values))


def make_name(pattern: str, values: Mapping[str, Any]) -> str:
    """The name of something that is made here, in this year where it is to tell one."""
    return fill_placeholders(pattern, {"year": date.today().year, **values})


def make_name_matcher(pattern: str, values: Mapping[str, Any]) -> re.Pattern[str]:
    """What tells a file of this pattern by its name: placeholders with a value are that, others anything of their kind."""
    parts = []
    for text, name, _, _ in string.Formatter().parse(pattern):
        parts.append(re.escape(text))
        if name is not None:
            parts.append(re.escape(str(values[name])) if name in values else f"(?P<{name}>{PLACEHOLDERS[name]})")
    return re.compile("".join(parts), re.IGNORECASE)


def name_problem(name: str) -> str:
    """Why no system should be given a file or folder of this name, as a key of texts; empty when it is fine."""
    if not name.strip():
        return "name_empty"
    if _FORBIDDEN.search(name):
        return "name_characters"
    if _DEVICES.match(name) or name in (".", ".."):
        return "name_reserved"
    if name != name.strip() or name.endswith("."):
        return "name_end"
    if len(name) > LONGEST_NAME:
        return "name_long"
    try:
        # A zip made on a Chinese Windows has its names in GBK.
        name.encode("gbk")
    except UnicodeEncodeError:
        return "name_gbk"
    return ""


def field_problem(name: str) -> str:
    """Why no layer or field should be called so, as a key of texts; empty when it is fine."""
    if not _FIELD.fullmatch(name) or len(name) > 64:
        return "field_characters"
    return "field_taken" if name.upper() in _TAKEN else ""
