# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of a waiver file, and conversion of waivers to cells and back.

A spreadsheet cuts numbers of 18 digits; keys are therefore written after their layer's code in one cell, as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ...base.errors import DataError
from ...base.files.cells import parse_date
from ...base.files.data import parse_json
from ...model.rule import normalise_rule_code
from .waiver import Waiver

#: Marks a missing layer of a finding.
NO_LAYER_CELL = "*"
#: Measure of the area: as drawn. A row of version 0.1.0 has no measure; its area is by vertices alone.
AS_DRAWN_CELL_TEXT = "按图形"
_SHA256_PATTERN = re.compile(r"[0-9a-fA-F]{64}")
#: A key in a list of keys, where a backslash precedes a semicolon or backslash of the key.
_KEY_PATTERN = re.compile(r"(?:^|;)((?:\\[\\;]|[^;])*)")
_ESCAPED_PATTERN = re.compile(r"\\([\\;])")


def _parse_layer_and_keys(cell: str) -> tuple[str, tuple[str, ...]]:
    """Return the layer code (empty if the cell names none) and the keys in a cell."""
    role, _, keys_text = cell.partition(" ")
    keys = tuple(_ESCAPED_PATTERN.sub(r"\1", key.strip()) for key in _KEY_PATTERN.findall(keys_text))
    return ("" if role == NO_LAYER_CELL else role), keys


def _parse_date(cell: str) -> date | None:
    """Return the date in a cell, as typed or as a spreadsheet writes it.

    Examples: 2026-11-20, 2026/11/20, 2026年11月20日, 20261120. None for an empty cell.
    """
    if not cell:
        return None
    parsed_date = parse_date(cell)
    if parsed_date is None:
        raise ValueError(cell)
    return parsed_date


def _parse_number(cell: str) -> float | None:
    """Return the finite number in a cell, None for an empty cell; ValueError for another text."""
    if not cell:
        return None
    value = float(cell.replace(",", ""))
    if not abs(value) < float("inf"):
        raise ValueError(cell)
    return value


def _parse_tolerance(cell: str) -> float | None:
    """Return the number in a cell, None for an empty cell; ValueError for a negative or invalid one."""
    value = _parse_number(cell)
    if value is not None and value < 0:
        raise ValueError(cell)
    return value


def _parse_as_drawn(cell: str) -> bool:
    """Return True if a cell states that the area was measured inside the drawn edges.

    False for an empty cell. Raises ValueError for another text.
    """
    if cell not in ("", AS_DRAWN_CELL_TEXT):
        raise ValueError(cell)
    return bool(cell)


def _parse_digest(cell: str) -> str:
    """Return the SHA-256 in a cell in small letters, empty for an empty cell.

    ValueError for another text.
    """
    if cell and not _SHA256_PATTERN.fullmatch(cell):
        raise ValueError(cell)
    return cell.lower()


def _parse_figures(cell: str) -> dict[str, Any]:
    """Return name → value of the figures that a cell has as JSON; ValueError for an invalid cell."""
    if not cell:
        return {}
    try:
        return dict(parse_json(cell, dict[str, str | int | float], file=Path()))
    except DataError as error:
        raise ValueError(cell) from error


@dataclass(frozen=True)
class WaiverColumn:
    """A column of a waiver file.

    ``name`` is English, ``chinese_name`` is written to files; both are read. ``is_required``: each waiver must have a
    value in this column. ``parse``: returns the value of a cell, or raises ValueError.
    """

    name: str
    chinese_name: str
    is_required: bool = False
    parse: Callable[[str], Any] = str


WAIVER_COLUMNS = (
    WaiverColumn("id", "编号", True),
    WaiverColumn("rule", "规则", True),
    WaiverColumn("problem", "问题"),
    WaiverColumn("reason", "理由", True),
    WaiverColumn("document", "文号", True),
    WaiverColumn("attachment", "附件"),
    WaiverColumn("digest", "附件校验值", parse=_parse_digest),
    WaiverColumn("author", "登记人", True),
    WaiverColumn("date", "登记日期", True, parse=_parse_date),
    WaiverColumn("until", "有效期至", parse=_parse_date),
    WaiverColumn("layer", "图层和标识码", True, parse=_parse_layer_and_keys),
    WaiverColumn("related", "另一图层和标识码", parse=_parse_layer_and_keys),
    WaiverColumn("field", "字段"),
    WaiverColumn("longitude", "经度", parse=_parse_number),
    WaiverColumn("latitude", "纬度", parse=_parse_number),
    WaiverColumn("may_move_m", "位置允许差m", parse=_parse_tolerance),
    WaiverColumn("area_m2", "面积m2", parse=_parse_number),
    WaiverColumn("may_change_m2", "面积允许差m2", parse=_parse_tolerance),
    WaiverColumn("area_basis", "面积口径", parse=_parse_as_drawn),
    WaiverColumn("case", "情形"),
    WaiverColumn("figures", "数值", parse=_parse_figures),
)
COLUMNS_BY_HEADING = {c.name: c for c in WAIVER_COLUMNS} | {c.chinese_name: c for c in WAIVER_COLUMNS}


def convert_waiver_to_cells(waiver: Waiver) -> dict[str, str]:
    """Return a waiver as column name → text of the cell."""

    def format_decimals(value: float | None, decimals: int) -> str:
        """Return a number with a fixed number of decimals; empty for None."""
        return "" if value is None else f"{value:.{decimals}f}"

    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "problem": waiver.message,
        "reason": waiver.reason,
        "document": waiver.document,
        "attachment": waiver.attachment,
        "digest": waiver.digest,
        "author": waiver.author,
        "date": waiver.date.isoformat(),
        "until": waiver.until.isoformat() if waiver.until else "",
        "layer": _format_layer_and_keys(waiver.role, (waiver.key,)),
        "related": _format_layer_and_keys(waiver.related_role, waiver.related_keys),
        "field": waiver.field,
        # 1e-7° is a centimetre.
        "longitude": format_decimals(waiver.lon, 7),
        "latitude": format_decimals(waiver.lat, 7),
        "may_move_m": format_decimals(waiver.place_m, 2) if waiver.lonlat else "",
        "area_m2": format_decimals(waiver.area_m2, 2),
        "may_change_m2": format_decimals(waiver.change_m2, 2) if waiver.area_m2 is not None else "",
        "area_basis": AS_DRAWN_CELL_TEXT if waiver.as_drawn else "",
        "case": waiver.case,
        "figures": json.dumps(waiver.figures, ensure_ascii=False, sort_keys=True) if waiver.figures else "",
    }


def parse_waiver_cells(cells: dict[str, str]) -> Waiver:
    """Return the waiver in the cells of a row.

    Raises ValueError with the column's name for an invalid or missing value.
    """
    for column in WAIVER_COLUMNS:
        if column.is_required and not cells.get(column.name, ""):
            raise ValueError(column.name)
    values: dict[str, Any] = {}
    for column in WAIVER_COLUMNS:
        try:
            values[column.name] = column.parse(cells.get(column.name, ""))
        except ValueError as error:
            raise ValueError(column.name) from error
    role, keys = values["layer"]
    related_role, related_keys = values["related"]
    if len(keys) > 1:
        raise ValueError("layer")
    return Waiver(
        id=values["id"],
        rule=normalise_rule_code(values["rule"]),
        reason=values["reason"],
        document=values["document"],
        author=values["author"],
        date=values["date"],
        until=values["until"],
        attachment=values["attachment"],
        digest=values["digest"],
        message=values["problem"],
        case=values["case"],
        role=role,
        key=keys[0] if keys else "",
        related_role=related_role,
        related_keys=() if related_keys == ("",) else related_keys,
        field=values["field"],
        lon=values["longitude"],
        lat=values["latitude"],
        place_m=values["may_move_m"] or 0.0,
        area_m2=values["area_m2"],
        change_m2=values["may_change_m2"] or 0.0,
        figures=values["figures"],
        as_drawn=values["area_basis"],
    )


def _format_layer_and_keys(role: str, keys: tuple[str, ...]) -> str:
    """Return the cell for a layer code and the keys of its rows."""
    joined_keys = "; ".join(key.replace("\\", "\\\\").replace(";", "\\;") for key in keys)
    return f"{role or NO_LAYER_CELL} {joined_keys}".strip()
