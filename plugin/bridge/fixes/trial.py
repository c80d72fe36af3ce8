# SPDX-License-Identifier: GPL-2.0-or-later
"""Trials of fixes in another thread, on a copy of the live check's state; see `LiveCheck.run_trial`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.base.errors import Cancellation, ProgressCallback

if TYPE_CHECKING:
    from ...core.checks.live.session import FeatureKey
    from ...core.fixes.applied_edits import RowBefore
    from ...core.fixes.batch import BatchResult
    from ...core.fixes.choices import FixChoice
    from ...core.fixes.drafts import DraftChange
    from ...core.model.indicator import Indicator
    from ...core.model.report import Report

#: In place of the document of a sealed layer while a draft is judged.
_LATER = "-"


@dataclass(frozen=True)
class BatchTrial:
    """The result of a trial of many fixes, and the rows as they are in the layers before the fixes.

    ``result``: entries and proposals; the rows of its state are discarded. ``rows_before``: (layer code, feature id) →
    row, for the rows that the applied proposals change; ``rows_shown``: the same for the rows that any of the proposals
    changes.
    """

    result: BatchResult
    rows_before: Mapping[FeatureKey, RowBefore]
    rows_shown: Mapping[FeatureKey, RowBefore]


@dataclass(frozen=True)
class CopyCheck:
    """The report of a check of all layers as fixes would leave them, and the county's indicators without the fixes."""

    report: Report
    indicators_before: list[Indicator]


def _make_editing_state(check_result: Any, run_options: Any, session: Any, documents: Mapping[str, str]) -> Any:
    from ...core.fixes.state import EditingState

    return EditingState(check_result, run_options, session=session, documents=documents)


def make_choices_trial(finding: Any, documents: Mapping[str, str]) -> Callable[..., list[FixChoice]]:
    """Return a function for `LiveCheck.run_trial` that lists all ways to fix a finding.

    ``documents``: layer code → document that allows the change of a sealed layer.
    """

    def try_choices(
        check_result: Any, run_options: Any, session: Any, progress: ProgressCallback, cancellation: Cancellation
    ) -> Any:
        from ...core.fixes.choices import list_choices

        state = _make_editing_state(check_result, run_options, session, documents)
        return list_choices(state, finding, progress=progress, cancellation=cancellation)

    return try_choices


def make_alignment_trial(request: Any, within_m: float) -> Callable[..., list[FixChoice]]:
    """Return a function for `LiveCheck.run_trial` that lists the ways to align a feature.

    ``request``: the feature and the layer to align it with; ``within_m``: greatest distance in metres (see
    `core.fixes.choices.list_alignments`).
    """

    def try_alignments(
        check_result: Any, run_options: Any, session: Any, progress: ProgressCallback, cancellation: Cancellation
    ) -> Any:
        from ...core.fixes.choices import list_alignments

        state = _make_editing_state(check_result, run_options, session, {})
        return list_alignments(state, request, within_m, progress=progress, cancellation=cancellation)

    return try_alignments


def make_boundary_trial(order: Any) -> Callable[..., list[FixChoice]]:
    """Return a function for `LiveCheck.run_trial` that drafts a boundary for each preference.

    ``order``: `core.studies.proposals.propose_boundary.BoundaryOrder`. A draft starts from the checked layers: after
    edits it is refused. It may change a sealed layer: the document of each, empty in the proposal, is needed to apply
    it.
    """

    def draft(plan: Any, run_options: Any, state: Any, **running: Any) -> Iterator[tuple[Any, Callable[[], FixChoice]]]:
        from ...core.base.choices import BOUNDARY_PREFERENCES
        from ...core.checks.side_tables import read_side_tables
        from ...core.studies.proposals.propose_boundary import draft_boundaries

        tables = read_side_tables(run_options, plan.norm, None)
        side_inputs = tables.make_side_inputs(plan, plan.norm, running["cancellation"])
        for one in draft_boundaries(plan, order, run_options, side_inputs, BOUNDARY_PREFERENCES, **running):
            yield (one.is_found, *one.changed), partial(_make_boundary_choice, one, state, run_options.lang)

    return _make_draft_trial(draft, order.preference)


def make_supplement_trial(order: Any) -> Callable[..., list[FixChoice]]:
    """Return a function for `LiveCheck.run_trial` that drafts a supplement for each preference.

    ``order``: `core.studies.proposals.supplement_result.SupplementOrder`; edits and documents: as for
    `make_boundary_trial`. InputError if the demand cannot be read, or no layer has candidates.
    """

    def draft(plan: Any, run_options: Any, state: Any, **running: Any) -> Iterator[tuple[Any, Callable[[], FixChoice]]]:
        from .supplement_draft import draft_supplement_sets

        return draft_supplement_sets(plan, order, run_options, state, **running)

    return _make_draft_trial(draft, order.preference)


def _make_draft_trial(
    draft: Callable[..., Iterator[tuple[Any, Callable[[], FixChoice]]]], preference: str
) -> Callable[..., list[FixChoice]]:
    """Return a function for `LiveCheck.run_trial` that judges each different draft.

    ``draft``: yields what makes a draft different, and the function that judges it; ``preference``: of the refusal.
    """

    def try_drafts(
        check_result: Any, run_options: Any, session: Any, progress: ProgressCallback, cancellation: Cancellation
    ) -> Any:
        from ...core.fixes.drafts import refuse_draft

        plan = check_result.plan
        if any(session.checker.rows.has_changed_rows(role) for role in plan.layers):
            return [refuse_draft(preference, "")]
        state = _make_editing_state(check_result, run_options, session, dict.fromkeys(plan.layers, _LATER))
        # Two preferences may lead to the same draft: it is shown once.
        different: dict[Any, Callable[[], FixChoice]] = {}
        running = {"keeps_lock_free": True, "progress": progress, "cancellation": cancellation}
        for content, judge in draft(plan, run_options, state, **running):
            different.setdefault(content, judge)
        choices = [judge() for judge in different.values()]
        for proposal in filter(None, (one.proposal for one in choices)):
            proposal.documents = dict.fromkeys(proposal.documents, "")
        return choices

    return try_drafts


def _make_boundary_choice(result: Any, state: Any, lang: str) -> FixChoice:
    """Return a proposed boundary as a judged draft, or the reason why it is missing."""
    from ...core.fixes.drafts import Draft, LayerDraft, make_draft_choice, refuse_draft
    from ...core.standard.messages.numbers import format_number
    from ...core.standard.messages.texts import Texts
    from ...core.studies.proposals.boundary_tables import BoundaryTables

    preference, layer, tables = result.order.preference, result.land.layer, BoundaryTables(result, Texts(lang))
    if not result.is_found:
        reason = " ".join(tables.summarise())
        return refuse_draft(preference, layer.role, reason)
    shapes_by_fid: dict[int, list[Any]] = {
        layer.fids[result.land.row[n]]: [] for n in result.changed if result.land.row[n] >= 0
    }
    for feature in result.list_draft():
        if feature.is_changed:
            shapes_by_fid.setdefault(layer.fids[feature.row], []).append(feature.shape)
    ratios, areas = result.measure_ratios(), result.sum_areas()
    before_text, after_text = (format_number(one, 4) for one in ratios) if ratios else ("—", "—")
    params = {
        "count": len(result.changed),
        **{f"{name}_m2": area for name, area in areas._asdict().items()},
        "distance": tables.describe_shortly(),
    }
    params |= {"ratio_before": before_text, "ratio_after": after_text}
    draft = Draft([LayerDraft(layer.role, shapes_by_fid)], params, _list_changes(result, tables), study=tables)
    return make_draft_choice(state, preference, draft)


def _list_changes(result: Any, tables: Any) -> list[DraftChange]:
    """Return the land that leaves or comes, with N1 after each piece."""
    import shapely

    from ...core.fixes.drafts import DraftChange
    from ...core.standard.messages.numbers import format_number

    land, changes = result.land, []
    area_m2, base_m2 = float(land.cells.area_m2[land.cells.is_inside].sum()), land.base_m2
    for position in (one for group in result.group_changed().values() for one in group):
        change_m2 = float(land.cells.area_m2[position]) * (-1 if land.cells.is_inside[position] else 1)
        area_m2 += change_m2
        changes.append(
            DraftChange(
                tables.give_change(position),
                land.townships[position],
                tables.get_land_use(position),
                change_m2,
                format_number(area_m2 / base_m2, 4) if base_m2 > 0 else "—",
                shapely.to_wkb(land.shape[position]),
                number=tables.number[position],
            )
        )
    return changes


def make_batch_trial(findings: Iterable[Any], *, safe_only: bool) -> Callable[..., BatchTrial]:
    """Return a function for `LiveCheck.run_trial` that fixes as many of the findings as possible.

    The function proposes a fix for each finding and applies it to a copy of the rows. ``safe_only``: apply only fixes
    that need no confirmation.
    """
    batch_findings = list(findings)

    def try_batch(
        check_result: Any, run_options: Any, session: Any, progress: ProgressCallback, cancellation: Cancellation
    ) -> Any:
        from ...core.fixes.applied_edits import merge_edits, read_rows_before
        from ...core.fixes.batch import choose_fixes, run_batch
        from ...core.fixes.edits import FixRefused

        state = _make_editing_state(check_result, run_options, session, {})
        result = run_batch(
            state, batch_findings, choose_fixes([]), safe_only=safe_only, progress=progress, cancellation=cancellation
        )
        edits = merge_edits(proposal.edits for proposal in result.applied)
        rows_before = read_rows_before(state, edits)
        rows_shown = dict(rows_before)
        for entry in result.entries:
            if entry.proposal is not None and not entry.is_applied:
                cancellation.raise_if_cancelled()
                try:
                    rows_shown |= read_rows_before(state, entry.proposal.edits)
                except FixRefused:
                    # An applied fix has added the row; it is not in the layers yet.
                    continue
        # Freed on the main thread, the state would stop the desktop; proposals and rows do not need it.
        result.state.session.checker.rows.discard_edits()
        return BatchTrial(result, rows_before, rows_shown)

    return try_batch


def make_copy_check(proposals: Iterable[Any]) -> Callable[..., CopyCheck]:
    """Return a function for `LiveCheck.run_trial` that checks a copy of all layers with the edits of proposals."""
    edits_of_proposals = [proposal.edits for proposal in proposals]

    def check_copy(
        check_result: Any, run_options: Any, session: Any, progress: ProgressCallback, cancellation: Cancellation
    ) -> Any:
        from ...core.fixes.applied_edits import merge_edits
        from ...core.fixes.whole_check import check_with_edits

        running = {"progress": progress, "cancellation": cancellation}
        report = check_with_edits(check_result, run_options, session, merge_edits(edits_of_proposals), **running)
        return CopyCheck(report, list(session.figures.indicators))

    return check_copy
