# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the 要素代码 (YSDM) that a delivered database has, by layer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...standard.profile import Norm
from ..io.source import read_source
from .recognition import find_role

_FIELD = "YSDM"


def read_delivered_codes(source: Path, norm: Norm, cancellation: Cancellation = NEVER_CANCELLED) -> dict[str, str]:
    """Return role → 要素代码 of the layers of a database, a folder or a zip whose features all have one code.

    Features without a code do not count; a layer with several codes is left out. Raise InputError as `read_source`.
    """
    codes: dict[str, Counter[str]] = {}
    for layer in read_source(source, select_layer=lambda _layer: frozenset({_FIELD}), cancellation=cancellation):
        role, _reason = find_role(layer, norm)
        if role and _FIELD in layer.frame:
            texts = layer.frame[_FIELD].dropna().astype(str).str.strip()
            codes.setdefault(role, Counter()).update(text for text in texts if text)
    return {role: next(iter(found)) for role, found in codes.items() if len(found) == 1}
