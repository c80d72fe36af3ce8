# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the parts of a gathered package besides its layers: documents, maps, metadata, manifest.

Verdicts and counts of the manifest are those of the counties' inspections.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...base.cancellation import Cancellation
from ...base.files.digests import write_manifest_digest
from ...checks.check import CheckResult
from ...engine.waivers.waiver import NO_WAIVERS
from ...model.report import Report
from ...model.side_inputs import NO_SIDE_INPUTS
from ...package.export import copy_documents, write_metadata
from ...package.export_order import DocumentsToMake, ExportContext, ExportOrder, PlannedMaps, RowProgress
from ...package.manifest import make_manifest_head, make_slot_rows, write_manifest
from ...package.map_slots import make_maps_and_list_in_manifest
from ...package.names import fill_name_pattern
from ...package.package_spec.spec import PackageSpec
from ...package.problems import ExportProblem, ProblemLevel, drop_duplicate_notes, select_problems_of_levels
from ...package.slot_files import FilledSlot
from ...plan.loading.assembly import assemble_plan
from ...standard.messages.texts import Texts
from ...standard.profile import Norm
from ...standard.profile.document import ResolvedDocument
from ..county_record import VERDICT_ORDER
from .data_set import GrowingDataSet
from .gathered_counties import GatheredCounty, GatherResult
from .gathering_sentences import describe_reasons


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
    manifest = make_gathered_head(
        check, spec, placeholders, fill_name_pattern(spec.root, placeholders), document, result.counties, is_forced
    )
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
    # The report of a check is not a part: it needs all layers in memory.
    copy_documents(context)
    problems = [*problems, *make_maps_and_list_in_manifest(context)]
    write_metadata(context)
    problems = drop_duplicate_notes(problems, manifest["slots"])
    write_manifest(new_folder, manifest, problems, result.lang, cancellation)
    return write_manifest_digest(new_folder), problems


#: Counts of an inspection that are added up.
_SUMMED = ("errors", "warnings", "waived", "skipped", "crashed")


def make_gathered_head(
    empty_check: CheckResult,
    package_spec: PackageSpec,
    placeholder_values: dict[str, str],
    folder_name: str,
    document: ResolvedDocument,
    counties: Iterable[GatheredCounty],
    is_forced: bool,
) -> dict[str, Any]:
    """Return the items of the manifest that describe the whole package.

    ``empty_check``: a result without layers and findings under the parent's norm, which names standard and profile.
    """
    counties = list(counties)
    head = make_manifest_head(empty_check, package_spec, placeholder_values, folder_name, document, is_forced)
    gathered = [one for one in counties if one.is_gathered]
    verdicts, scopes = {one.summary["verdict"] for one in gathered}, {one.scope for one in gathered}
    head["check"] = {
        **head["check"],
        "verdict": str(next(verdict for verdict in VERDICT_ORDER if str(verdict) in verdicts)),
        **{key: sum(one.summary[key] for one in gathered) for key in _SUMMED},
        **{key: sorted({name for one in gathered for name in one.summary[key]}) for key in ("left_out", "unconfirmed")},
        "scope": scopes.pop() if len(scopes) == 1 else "",
        "findings": sum(one.summary[key] for one in gathered for key in ("errors", "warnings", "infos", "waived")),
    }
    texts = Texts(empty_check.report.lang)
    head["gathered"] = {
        "counties": [
            {
                "code": one.area_code,
                "name": one.area_name,
                "verdict": one.summary["verdict"],
                "errors": one.summary["errors"],
                "warnings": one.summary["warnings"],
                "standard": one.standard,
                "version": one.version,
                "digest": one.digest,
            }
            for one in gathered
        ],
        "left_out": [
            {"name": one.name, "reason": describe_reasons(one, texts)} for one in counties if not one.is_gathered
        ],
    }
    return head
