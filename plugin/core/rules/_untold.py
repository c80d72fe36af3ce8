# SPDX-License-Identifier: GPL-2.0-or-later
"""What a source does not tell of its fields: a reason that is short, whatever their number."""

from __future__ import annotations

from typing import Any

from ..plan.layer import Layer

#: Names shown; the rest is counted.
SHOWN = 5


def some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def untold(layer: Layer, names: list[str]) -> dict[str, Any]:
    """Parameters of a reason not to have compared these fields of a layer."""
    return {"layer": layer.name, "role": layer.role, "count": len(names), "fields": some(names)}
