# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) as the toolbox makes it, from two files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER, Cancellation
from .. import health
from ..running.threads import steady

if TYPE_CHECKING:
    from ...core.check import Options
    from ...core.yearly import YearlyUpdate
    from ...core.yearly.write import Written


@steady
def make_update(
    filed: str,
    current: str,
    year: int,
    folder: str,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> tuple[YearlyUpdate, Written]:
    """Compare two editions and write the geodatabase, in any thread. Raises SanxianError, EnvironmentLacking and Cancelled."""
    health.require(cancellation)
    from ...core.yearly.make import make_update as make

    return make(filed, current, year, folder, options, progress=progress, cancellation=cancellation)
