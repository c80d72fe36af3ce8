# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the parts of a gathered package besides its layers: documents, maps, metadata, manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..cancellation import Cancellation
from ..check import CheckResult
from ..files.digests import write_manifest_digest
from ..loading.assembly import assemble_plan
from ..model.report import Report
from ..model.side_inputs import NO_SIDE_INPUTS
from ..package.documents import DocumentsToMake
from ..package.export import copy_documents, write_metadata
from ..package.export_context import ExportContext, RowProgress
from ..package.manifest import make_slot_rows, write_manifest
from ..package.maps.slots import PlannedMaps, make_maps_and_list_in_manifest
from ..package.names import fill_name_pattern
from ..package.problems import ExportProblem, ProblemLevel, drop_duplicate_notes, select_problems_of_levels
from ..waivers.model import NO_WAIVERS
from .data_set import GrowingDataSet
from .manifest import make_gathered_head
from .model import GatherResult

if TYPE_CHECKING:
    from ..package.order import ExportOrder
    from ..package.slot_files import FilledSlot
    from ..profile import Norm
    from ..profile.document import ResolvedDocument

#: Parts in the order in which they are made. The report of a check is not among them: it needs all layers in memory.
_STEPS = (copy_documents, make_maps_and_list_in_manifest, write_metadata)


def write_package_parts(
    norm: Norm,
    order: ExportOrder,
    new_folder: Path,
    placeholders: dict[str, str],
    document: ResolvedDocument,
    filled_slots: list[FilledSlot],
    data_sets: Sequence[GrowingDataSet],
    result: GatherResult,
    problems: list[ExportProblem],
    cancellation: Cancellation,
) -> tuple[str, list[ExportProblem]]:
    """Write all parts that follow the layers; return the digest of the manifest and the problems.

    Raises
    ------
    OutputError
        If a part cannot be written, or the metadata read again differ.
    """
    spec = order.package_spec
    plan = assemble_plan([], norm, source=spec.name, allow_no_layers=True)
    check = CheckResult(plan, Report(lang=result.lang), NO_SIDE_INPUTS, NO_WAIVERS)
    is_forced = bool(select_problems_of_levels(problems, ProblemLevel.GATE))
    # The folder still has a temporary name.
    root = fill_name_pattern(spec.root, placeholders)
    manifest = make_gathered_head(check, spec, placeholders, root, document, result.counties, is_forced)
    context = ExportContext(
        check,
        spec,
        new_folder,
        placeholders,
        manifest,
        filled_slots,
        PlannedMaps(allows_missing_maps=order.is_forced),
        DocumentsToMake(),
        lambda report: None,
        document,
        RowProgress(0, lambda share, text: None),
        cancellation,
    )
    manifest["layers"] = [
        row
        for one in data_sets
        if one.path.exists()
        for row in one.make_rows(spec, context.get_path_in_package(one.path))
    ]
    manifest["slots"] = make_slot_rows(filled_slots, spec)
    for step in _STEPS:
        problems = [*problems, *step(context)]
    problems = drop_duplicate_notes(problems, manifest["slots"])
    write_manifest(new_folder, manifest, problems, result.lang, cancellation)
    return write_manifest_digest(new_folder), problems
