# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of files and fields in a package: placeholders and validation."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import date
from typing import Any

#: Placeholders of names, with the pattern of each when a file is recognised by its name.
PLACEHOLDER_PATTERNS = {"code": r"\d+", "name": r"[^\d\W]+", "year": r"\d{4}", "number": r"\d{2}", "title": r"\D.*?"}
#: Example values of a county and its maps, for validating or showing a pattern.
SAMPLE_VALUES = {"code": "140225", "name": "浑源县", "year": "2026", "number": "01", "title": "图"}
#: Placeholders in names that the plugin assigns.
DEFAULT_PLACEHOLDERS = ("code", "name", "year")
#: The file of field names, in the folder of the shapefiles.
FIELD_NAME_FILE = "字段名对照.csv"
_FIELD_NAME_PATTERN = re.compile(r"[A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*")
#: Names that FileGDB, GeoPackage or SQL reserve.
_RESERVED_FIELD_NAMES = {
    "OBJECTID", "SHAPE", "SHAPE_LENGTH", "SHAPE_AREA", "FID", "GEOM", "OGC_FID", "ROWID",
    "ADD", "ALTER", "AND", "AS", "ASC", "BETWEEN", "BY", "COLUMN", "CREATE", "DATE", "DELETE", "DESC", "DROP", "EXISTS",
    "FOR", "FROM", "GROUP", "IN", "INSERT", "INTO", "IS", "LIKE", "NOT", "NULL", "OR", "ORDER", "SELECT", "SET", "TABLE",  # noqa: E501 - a table
    "UPDATE", "VALUES", "WHERE",
}  # fmt: skip
#: Basis of an area in a manifest → meaning of the field that is summed.
AREA_FIELD_MEANING_BY_BASIS = {"survey": "gross_area", "net": "net_area", "declared": "area"}


def fill_placeholders(pattern: str, value_by_placeholder: Mapping[str, Any]) -> str:
    """Return a name pattern with its placeholders replaced by values.

    Raises
    ------
    KeyError
        If a placeholder has no value.
    """
    return string.Formatter().vformat(pattern, (), dict(value_by_placeholder))


def fill_name_pattern(pattern: str, value_by_placeholder: Mapping[str, Any]) -> str:
    """Return a filled name pattern; ``{year}`` is the current year unless given."""
    return fill_placeholders(pattern, {"year": date.today().year, **value_by_placeholder})


def make_name_matcher(pattern: str, value_by_placeholder: Mapping[str, Any]) -> re.Pattern[str]:
    """Return a regular expression that matches the file names of a pattern.

    A placeholder with a value matches only this value, others any value of their kind.
    """
    groups = {name: f"(?P<{name}>{kind})" for name, kind in PLACEHOLDER_PATTERNS.items()}
    groups |= {name: re.escape(str(value)) for name, value in value_by_placeholder.items()}
    parts = string.Formatter().parse(pattern)
    matched_texts = (re.escape(text) + (groups[name] if name is not None else "") for text, name, _, _ in parts)
    return re.compile("".join(matched_texts), re.IGNORECASE)


def find_field_name_problem(name: str) -> str:
    """Return why a name of a layer or field is invalid, as a key of texts; empty if it is valid."""
    if not _FIELD_NAME_PATTERN.fullmatch(name) or len(name) > 64:
        return "field_characters"
    return "field_taken" if name.upper() in _RESERVED_FIELD_NAMES else ""
