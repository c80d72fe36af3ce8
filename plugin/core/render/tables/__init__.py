# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a plan as tables: one source for the workbook, the layer of figures and a package's tables."""

from __future__ import annotations

from collections.abc import Callable

from ...indicators.compute import Figures
from . import by_land_use, by_place, listed
from .model import Table as Table


def all_tables(figures: Figures, progress: Callable[[float], None] = lambda share: None) -> list[Table]:
    """Every table that the plan's layers give, in the order of the workbook."""
    builders: list[Callable[[Figures], Table | None]] = [
        listed.indicators,
        by_place.lines,
        listed.ratio,
        by_place.zones,
        by_place.spaces,
        by_land_use.land_use,
        by_land_use.transitions,
        by_place.townships,
    ]
    made = []
    for number, build in enumerate(builders):
        figures.ctx.cancellation.raise_if_cancelled()
        progress(number / len(builders))
        table = build(figures)
        if table is not None:
            made.append(table)
    return made
