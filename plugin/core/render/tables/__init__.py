# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a plan as tables.

They are the only source for the workbook, the layer of figures and the package.
"""

from __future__ import annotations

from collections.abc import Callable

from ...indicators.compute import Figures
from . import by_land_use, by_place, indicator_tables
from .model import Table as Table


def all_tables(figures: Figures, progress: Callable[[float], None] = lambda share: None) -> list[Table]:
    """Return every table that the plan's layers provide, in the order of the workbook."""
    builders: list[Callable[[Figures], Table | None]] = [
        indicator_tables.indicator_table,
        by_place.line_table,
        indicator_tables.ratio_table,
        by_place.zone_table,
        by_place.space_table,
        by_land_use.land_use_table,
        by_land_use.transition_table,
        by_place.township_table,
    ]
    tables = []
    for number, build in enumerate(builders):
        figures.ctx.cancellation.raise_if_cancelled()
        progress(number / len(builders))
        table = build(figures)
        if table is not None:
            tables.append(table)
    return tables
