# SPDX-License-Identifier: GPL-2.0-or-later
"""Export and inspection of a package for the toolbox, with pictures of QGIS."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...core.base.errors import NEVER_CANCELLED, Cancellation
from ...core.package.export import ExportedPackage, ExportOrder, export_package
from .. import health
from ..checking.check import record_qgis_version
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.checks.check import CheckResult, RunOptions
    from ...core.package.package_spec.spec import PackageSpec


@run_in_python_thread
def export_project_package(
    check_result: CheckResult,
    order: ExportOrder,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ExportedPackage:
    """Write a checked plan as a submission package, and return what was written.

    May be called from any thread; maps are printed on the main thread. After SanxianError or Cancelled the former
    content of the target remains.
    """
    from ..layouts import package_maps
    from ..pictures import draw_pictures
    from ..printing.pdf import write_pdf

    return export_package(
        check_result,
        order,
        draw_pictures=partial(draw_pictures, check_result.plan, cancellation=cancellation),
        map_renderer=package_maps.render_maps,
        print_pdf=partial(write_pdf, cancellation=cancellation),
        progress=progress,
        cancellation=cancellation,
    )


@run_in_python_thread
def inspect_package_layers(
    path: str,
    package_spec: PackageSpec,
    options: RunOptions,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CheckResult:
    """Check a submission package (folder or zip).

    May be called from any thread. Raises SanxianError for a file that is not a package, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.package.inspection.inspect import inspect_package

    return record_qgis_version(
        inspect_package(path, package_spec, options, progress=progress, cancellation=cancellation)
    )
