# SPDX-License-Identifier: GPL-2.0-or-later
"""A package as the toolbox makes it: of a plan that was checked, with the pictures of QGIS in its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .check import stopper
from .threads import steady

if TYPE_CHECKING:
    from ..core.check import Checked
    from ..core.exchange.package.export import Exported, Order


@steady
def export(
    checked: Checked,
    order: Order,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Exported:
    """Make the package, in any thread. Raises SanxianError, and Cancelled; then what stood at the target still does."""
    from ..core.exchange.package.export import export_package
    from ..core.render.html import render
    from .pictures import draw

    stop = stopper(cancelled)

    def page() -> str:
        return render(checked.report, checked.plan.norm, draw(checked.plan, checked.report, check=stop))

    return export_package(checked, order, page=page, progress=progress, check=stop)
