# SPDX-License-Identifier: GPL-2.0-or-later
"""A package as the toolbox makes it: of a plan that was checked, with the pictures of QGIS in its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import health
from .check import in_qgis, stopper
from .threads import steady

if TYPE_CHECKING:
    from ..core.check import Checked, Options
    from ..core.model.report import Report
    from ..core.package.export import Exported, Order
    from ..core.package.form.model import PackageProfile


@steady
def export(
    checked: Checked,
    order: Order,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Exported:
    """Make the package, in any thread; its maps are printed on the main one, page by page. Raises SanxianError, and
    Cancelled; then what stood at the target still does."""
    from ..core.package.export import export_package
    from ..core.render.html import render
    from .layouts import packed
    from .pictures import draw

    stop = stopper(cancelled)

    def page(report: Report) -> str:
        return render(report, checked.plan.norm, draw(checked.plan, report, check=stop))

    return export_package(checked, order, page=page, draw=packed.draw, progress=progress, check=stop)


@steady
def inspect(
    path: str,
    form: PackageProfile,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Checked:
    """Check a package, folder or zip, in any thread. Raises SanxianError for what is none, and Cancelled."""
    health.require(stopper(cancelled))
    from ..core.package.inspection.inspect import inspect_package

    return in_qgis(inspect_package(path, form, options, progress=progress, cancelled=cancelled))
