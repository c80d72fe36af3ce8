# SPDX-License-Identifier: GPL-2.0-or-later
"""A review of projects (建设项目合规性审查) on layers of QGIS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.check import RunOptions
from .. import health
from ..layers.reading import read_snapshot
from ..layers.snapshots import LayerSnapshot
from ..printing.documents import render_svg
from ..printing.pdf import write_pdf
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

if TYPE_CHECKING:
    from ...core.files.writing import OutputPaths
    from ...core.projects.model import ConformityResult

ProgressCallback = Callable[[float, str], None]
_READING_SHARE = 0.3


@run_in_python_thread
def review_projects(
    projects: LayerSnapshot,
    path_or_snapshots: str | list[LayerSnapshot],
    options: RunOptions,
    outputs: OutputPaths,
    *,
    width_m: float | None = None,
    use: str = "",
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ConformityResult:
    """Review the projects of a layer, write the requested results and return the result.

    ``path_or_snapshots``: path of the plan, or snapshots of its layers; ``source``: origin of the layers as the result
    states it; ``width_m``, ``use``: for rows without. May be called from any thread. Raises SanxianError,
    MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.projects.run import review_projects as core_review
    from ...core.projects.write import write_conformity_outputs

    layer = read_snapshot(projects, cancellation=cancellation)
    data, options = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(_READING_SHARE * share, text), cancellation
    )
    begun = 0.0 if isinstance(path_or_snapshots, str) else _READING_SHARE
    result = core_review(
        layer,
        data,
        options,
        width_m=width_m,
        use=use,
        source=source,
        progress=lambda share, text: progress(begun + (1 - begun) * share, text),
        cancellation=cancellation,
    )
    write_conformity_outputs(
        result,
        outputs,
        cancellation,
        print_pdf=lambda document, path: write_pdf(document, path, cancellation=cancellation),
        rasterise=render_svg,
    )
    return result
