# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as JSON: all of it, in the shape that resources/reports/report.schema.json describes."""

from __future__ import annotations

import json
import math
from typing import Any

from ..model.report import Report

#: One for all lines: making one takes longer than using it.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_json(report: Report) -> str:
    """UTF-8 text, valid for any JSON reader: what is not a finite number becomes null."""
    return dump(report.to_dict())


def dump(data: dict[str, Any]) -> str:
    """Return plain data as JSON text, a line for each entry of its lists."""
    try:
        return _dump(data)
    except ValueError:
        return _dump(_finite(data))


def _dump(data: dict[str, Any]) -> str:
    """One line for each rule, finding and indicator: read and compared line by line, and written fast."""
    parts = [f"{_one(key)}: {_lines(value) if isinstance(value, list) else _one(value)}" for key, value in data.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(values: list[Any]) -> str:
    return "[\n" + ",\n".join(_one(v) for v in values) + "\n]" if values else "[]"


def _one(value: Any) -> str:
    return _ENCODER.encode(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
