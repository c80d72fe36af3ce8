# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a plan as tables.

They are the only source for the workbook, the layer of figures and the package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .report_table import ReportTable

if TYPE_CHECKING:
    from ...figures.indicators.compute import PlanIndicators


def make_all_tables(
    figures: PlanIndicators, progress: Callable[[float], None] = lambda share: None
) -> list[ReportTable]:
    """Return every table that the plan's layers provide, in the order of the workbook."""
    # Whoever asks for a table's class only must not load the libraries that figures need.
    from . import by_land_use, by_place, indicator_tables

    builders: list[Callable[[PlanIndicators], ReportTable | None]] = [
        indicator_tables.make_indicator_table,
        by_place.make_line_table,
        indicator_tables.make_ratio_table,
        by_place.make_zone_table,
        by_place.make_space_table,
        by_land_use.make_land_use_table,
        by_land_use.make_transition_table,
        by_place.make_township_table,
    ]
    tables = []
    for number, build in enumerate(builders):
        figures.ctx.cancellation.raise_if_cancelled()
        progress(number / len(builders))
        table = build(figures)
        if table is not None:
            tables.append(table)
    return tables
