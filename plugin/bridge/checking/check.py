# SPDX-License-Identifier: GPL-2.0-or-later
"""One check, from layers or a file to its output files; for toolbox and panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qgis.core import Qgis

from ...core.base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...core.base.files.writing import OutputPaths, check_outputs
from ...core.checks.check import CheckResult, RunOptions, check_plan as core_check, make_plan_layer_selector
from .. import health
from ..layers.reading import read_snapshots
from ..layers.snapshots import LayerSnapshot, make_snapshot_names_unique
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.engine.rule_memory import RuleMemory
    from ...core.plan.layer import SourceLayer
    from ...core.render.document.blocks import ReportChapter
    from ...core.render.public_edition.redaction import PublicReport
    from ...core.render.worklist.worklist_row import WorkItem


class MemoryOfProject:
    """The results of rules that are kept between checks of one project, created on first use in a check."""

    _memory: RuleMemory | None = None

    def get_memory(self) -> RuleMemory:
        """Return the memory. It needs the GIS libraries, which may be missing when the plugin starts."""
        from ...core.engine.rule_memory import RuleMemory

        if self._memory is None:
            self._memory = RuleMemory()
        return self._memory


@run_in_python_thread
def check_project_or_folder(
    path_or_snapshots: str | list[LayerSnapshot],
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    memory: MemoryOfProject | None = None,
) -> CheckResult:
    """Check a county plan and return its result.

    ``path_or_snapshots``: path of a file or a folder, or snapshots of layers; ``source``: origin of the layers as the
    report states it. ``memory``: results of earlier checks of the project, for layers; rules whose inputs are unchanged
    are not computed again. `RunOptions.roles` may contain a layer's id in the project instead of its name. May be
    called from any thread. Raises SanxianError if nothing can be checked, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    path_or_layers, options = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(0.1 * share, text), cancellation
    )
    check_result = core_check(
        path_or_layers,
        options,
        source=source,
        progress=progress,
        cancellation=cancellation,
        memory=memory.get_memory() if memory is not None and not isinstance(path_or_snapshots, str) else None,
    )
    return record_qgis_version(check_result)


def read_plan_snapshots(
    path_or_snapshots: str | list[LayerSnapshot],
    options: RunOptions,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> tuple[str | Iterable[SourceLayer], RunOptions]:
    """Read the snapshots of plan layers; return the layers, and the options with layer names instead of layer ids.

    A path is returned unchanged, with the options. Raise InputError if no snapshot is of a plan layer.
    """
    if isinstance(path_or_snapshots, str):
        return path_or_snapshots, options
    if not path_or_snapshots:
        raise InputError("no_layers")
    shots = make_snapshot_names_unique(path_or_snapshots)
    layer_name_by_id = {s.layer_id: s.name for s in shots if s.layer_id}
    roles = {role: layer_name_by_id.get(layer, layer) for role, layer in options.get_role_choices().items()}
    options = replace(options, roles=roles)
    layer_filter = make_plan_layer_selector(
        options.resolve_norm(), options.get_role_choices(), further_fields=options.further_fields
    )
    return read_snapshots(shots, progress=progress, cancellation=cancellation, choose_fields=layer_filter), options


def record_qgis_version(check_result: CheckResult) -> CheckResult:
    """Return the check result with the QGIS version recorded in its report.

    The core runs without QGIS and cannot record it.
    """
    check_result.report.provenance["versions"]["qgis"] = Qgis.QGIS_VERSION.partition("-")[0]
    return check_result


@run_in_python_thread
def write_check_outputs(
    check_result: CheckResult,
    outputs: OutputPaths,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    has_rows: bool = True,
    docx_template: str = "",
    worklist: Mapping[str, WorkItem] | None = None,
    public: PublicReport | None = None,
    chapter: ReportChapter | None = None,
) -> None:
    """Write all output files of a check, or none.

    Each output is written to a temporary file; when all are complete, they are moved into place. ``has_rows``: the
    features of the layers are in memory; a result restored from disk has none, so its report has no pictures.
    ``docx_template``: path of an office's template for the docx report, or empty. ``worklist``: fingerprint → row of
    the work list, for the ledger. ``public``: the public edition to write instead. ``chapter``: a further chapter of
    the report. Raise OutputError, also for a target that was an input of the check, and Cancelled.
    """
    from ...core.render.finding_lists import ReportPictures
    from ...core.render.outputs import write_outputs
    from ...core.render.words import ReportTexts
    from ..pictures import draw_pictures
    from ..printing.pdf import write_pdf

    def draw_report_pictures() -> ReportPictures:
        if has_rows and public is not None:
            # Drawn without hidden layers.
            return draw_pictures(
                public.picture_plan,
                public.picture_report,
                largest_scale=public.redactor.edition.largest_scale,
                cancellation=cancellation,
            )
        if has_rows:
            return draw_pictures(check_result.plan, check_result.report, cancellation=cancellation)
        return ReportPictures(problem=ReportTexts(check_result.report.lang).get("text", "kept_result"))

    check_outputs(outputs, list(check_result.plan.input_files))
    write_outputs(
        check_result.report,
        check_result.plan,
        outputs,
        draw_report_pictures,
        print_pdf=partial(write_pdf, cancellation=cancellation),
        docx_template=docx_template,
        worklist=worklist,
        public=public,
        chapter=chapter,
        cancellation=cancellation,
    )
    progress(1.0, "")
