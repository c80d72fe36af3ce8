# SPDX-License-Identifier: GPL-2.0-or-later
"""Values as JSON text on one line, with Chinese characters unescaped and non-finite numbers as null."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

_PLAIN_TYPES = frozenset((str, int, float, bool, type(None)))


def convert_to_plain_value(value: Any) -> Any:
    """Return a numpy or pandas scalar as a plain Python value for JSON; other values unchanged."""
    if type(value) in _PLAIN_TYPES:
        return value
    if isinstance(value, list | tuple | set):
        return [convert_to_plain_value(v) for v in value]
    if isinstance(value, dict):
        return {k: convert_to_plain_value(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


#: One encoder for all values, because creating one is slower than using it.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=convert_to_plain_value)


def encode_json(value: Any) -> str:
    """Return a value as JSON text."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_replace_non_finite(convert_to_plain_value(value)))


def _replace_non_finite(value: Any) -> Any:
    """Return plain data in which None replaces infinite numbers and NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _replace_non_finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_non_finite(v) for v in value]
    return value
