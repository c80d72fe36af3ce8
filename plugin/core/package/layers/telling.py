# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems of one layer of a package, as they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ..problems import NAMED, Level, Problem
from .content import Content


def told(content: Content, level: Level, key: str, name: str = "", count: int = 0, **params: Any) -> Problem:
    return Problem(level, key, layer=content.layer.name, field=name, count=count, params=params)


def on_rows(
    content: Content, level: Level, key: str, rows: NDArray, name: str = "", **params: Any
) -> Iterator[Problem]:
    """One problem for (k,) positions, or none."""
    if len(rows):
        features = tuple(content.keys(rows[:NAMED].tolist()))
        yield Problem(level, key, content.layer.name, name, len(rows), features, params)
