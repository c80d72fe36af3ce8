# SPDX-License-Identifier: GPL-2.0-or-later
"""A package as the toolbox makes it: of a plan that was checked, with the pictures of QGIS in its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER, Cancellation
from .. import health
from ..checking.check import in_qgis
from ..running.threads import steady

if TYPE_CHECKING:
    from ...core.check import Checked, Options
    from ...core.model.report import Report
    from ...core.package.export import Exported, Order
    from ...core.package.form.model import PackageProfile


@steady
def export(
    checked: Checked,
    order: Order,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Exported:
    """Make the package, in any thread; its maps are printed on the main one, page by page. Raises SanxianError, and
    Cancelled; then what stood at the target still does."""
    from ...core.package.export import export_package
    from ...core.render.html import render
    from ..layouts import packed
    from ..pictures import draw

    def page(report: Report) -> str:
        return render(report, checked.plan.norm, draw(checked.plan, report, cancellation=cancellation))

    return export_package(checked, order, page=page, draw=packed.draw, progress=progress, cancellation=cancellation)


@steady
def inspect(
    path: str,
    form: PackageProfile,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Checked:
    """Check a package, folder or zip, in any thread. Raises SanxianError for what is none, and Cancelled."""
    health.require(cancellation)
    from ...core.package.inspection.inspect import inspect_package

    return in_qgis(inspect_package(path, form, options, progress=progress, cancellation=cancellation))
