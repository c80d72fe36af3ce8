# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge edits before they are offered: apply them to a copy, and evaluate the rules on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..checks.live.session import EditBatch, FindingsChange, FullCheckNeeded
from ..engine.context import find_rows_of_land_only
from ..geometry import crs as crs_care
from ..model.findings import Finding
from ..model.rule import load_all_rules
from ..standard.profile.norm import is_sealed_or_supplied
from .differences import (
    ChangedRow,
    Differences,
    EditsOfFinding,
    add_differences_in_surroundings,
    find_remaining_finding,
    get_plane_shape,
    is_same_problem,
    match_renamed_findings,
)
from .edits import Edits, FixRefused, is_same_shape, require_unsealed
from .fix_declaration import Fix, Safety
from .land_boxes import is_found_by_place
from .proposal import MAX_IMBALANCE_M2, AreaChange, OpenedWindow, Proposal, balance_areas
from .shapes import is_below_sliver_limits, list_parts, measure_width
from .state import EditingState
from .surroundings import SurroundingsFailed, list_untried_rules

#: Digits of a location code (坐落单位代码) that name the township.
_TOWNSHIP_DIGITS = 9

_Result = TypeVar("_Result")


def propose_fix(
    state: EditingState, fix: Fix, finding: Finding, parameters: Mapping[str, Any] | None = None
) -> tuple[Proposal, EditingState]:
    """Run a fix on a finding and judge its edits; return the proposal, and the state with the edits applied.

    ``parameters``: keyword arguments of the fix. The given state is not changed, so a new row has the same key (BSM) in
    each proposal. Raise FixRefused if the fix does not apply, or if its edits must not be offered (`judge_edits`).
    """
    state = state.fork()
    return judge_edits(state, fix, finding, run_fix(fix, finding, state, parameters))


def run_fix(fix: Fix, finding: Finding, state: EditingState, parameters: Mapping[str, Any] | None = None) -> Edits:
    """Return the edits with which a fix would end a finding. Raise FixRefused if the fix does not apply."""
    try:
        return fix.function(finding, state=state, **(parameters or {}))
    except shapely.GEOSException as error:
        raise FixRefused("overlay_failed") from error


def judge_edits(state: EditingState, fix: Fix, finding: Finding, edits: Edits) -> tuple[Proposal, EditingState]:
    """Judge the edits of a fix; return the proposal, and the state with the edits applied.

    The given state is not changed.

    Raises
    ------
    FixRefused
        The edits must not be offered: a layer is sealed, a row would be empty or leave the county, a sum of net areas
        would break, the finding is out of date or would remain, areas do not balance, or the rules cannot check it.
    """
    judgement = judge_alone(state, Attempt(fix, finding, edits))
    if isinstance(judgement, FixRefused):
        # A new one: with its traceback, the one in this frame would keep the state.
        raise FixRefused(judgement.key, **judgement.params)
    return judgement.proposal, apply_judgements(state, [judgement])


@dataclass(frozen=True)
class Attempt:
    """Edits with which a fix would end a finding, before they are judged."""

    fix: Fix
    finding: Finding
    edits: Edits


@dataclass(frozen=True)
class FixJudgement:
    """A proposal, and how its edits change rows and findings.

    ``change``: rows, and findings of the local rules; ``differences``: all findings, those that stay with another shape
    both as ended and as new.
    """

    proposal: Proposal
    change: FindingsChange
    differences: Differences


def apply_judgements(state: EditingState, judgements: Iterable[FixJudgement]) -> EditingState:
    """Return a state with judged edits applied, without judging them again; the given state is not changed."""
    state_after = state.fork()
    for judgement in judgements:
        state_after.record_new_rows_and_fields(judgement.proposal.edits)
        state_after.session.adopt_change(judgement.change)
        _replace_findings_of_other_rules(state_after, judgement.differences)
        new_findings = [one for one in judgement.differences.new_findings if is_found_by_place(one)]
        if new_findings:
            places = state_after.places_of_uncut_findings
            # A new object: all forks share the former one.
            state_after.places_of_uncut_findings = replace(places, findings=[*places.findings, *new_findings])
    return state_after


def _replace_findings_of_other_rules(state: EditingState, differences: Differences) -> None:
    """Replace findings of rules that are not local, which the session of a state does not follow, in place."""
    rules = load_all_rules()
    former_findings, present_findings = (
        [one for one in findings if not rules[one.code].local]
        for findings in (differences.ended_findings, differences.new_findings)
    )
    listed_findings = {
        id(one): one
        for former in former_findings
        for one in state.session.current_findings.find_findings_on_row(former.role, former.key)
        if is_same_problem(one, former)
    }
    state.session.replace_findings(listed_findings.values(), present_findings)


def judge_alone(state: EditingState, attempt: Attempt) -> FixJudgement | FixRefused:
    """Return the judgement of one attempt, or why it must not be offered; the given state is not changed."""
    (judgement,) = judge_separate(state, [attempt])
    if judgement is None:
        raise AssertionError("A single attempt has no effect in common with another one.")
    return judgement


def judge_separate(
    state: EditingState, attempts: Sequence[Attempt], cancellation: Cancellation = NEVER_CANCELLED
) -> list[FixJudgement | FixRefused | None]:
    """Return the judgements of attempts on separate land, by one evaluation of the rules.

    ``attempts``: no two change or read the same land. The judgement of each is as if it were judged alone; a FixRefused
    if the attempt must not be offered; None if its effect on the findings cannot be separated from another attempt's.
    The given state is not changed. Raise Cancelled if the user cancelled.
    """
    judgements: dict[int, FixJudgement | FixRefused] = {}
    batches: dict[int, EditBatch] = {}
    for number, attempt in enumerate(attempts):
        try:
            require_unsealed(attempt.edits.roles, state.norm, state.settings.documents)
            batches[number] = state.make_batch(attempt.edits.select_checked_edits(state.new_fields))
        except FixRefused as refused:
            judgements[number] = refused.with_traceback(None)
    state_after = state.fork()
    for number in batches:
        state_after.record_new_rows_and_fields(attempts[number].edits)
    try:
        changes = state_after.session.check_separate_edits(list(batches.values()), cancellation)
        trials: dict[int, _Trial] = {}
        for number, change in zip(batches, changes, strict=True):
            if change is not None:
                trial = _Trial(state, state_after, attempts[number], change)
                judgement = _catch_refusal(trial.require_sound_rows)
                if judgement is None:
                    trials[number] = trial
                else:
                    judgements[number] = judgement
        judged = list(trials.values())
        unclear = add_differences_in_surroundings(
            state,
            state_after,
            [one.edits_of_finding for one in judged],
            [one.differences for one in judged],
            cancellation,
        )
        for trial in judged:
            _replace_findings_of_other_rules(state_after, trial.differences)
    except (FullCheckNeeded, SurroundingsFailed, shapely.GEOSException) as error:
        if len(attempts) > 1:
            # Which of them the rules cannot check is not known.
            return [judgements.get(number) for number in range(len(attempts))]
        return [_explain_failure(error)]
    for position, (number, trial) in enumerate(trials.items()):
        if position not in unclear:
            judgements[number] = _catch_refusal(trial.make_judgement)
    return [judgements.get(number) for number in range(len(attempts))]


def _catch_refusal(function: Callable[[], _Result]) -> _Result | FixRefused:
    """Return the result of a function, or the FixRefused that it raises; a failed overlay becomes a refusal."""
    try:
        return function()
    except FixRefused as refused:
        # A traceback keeps the state until Python's next garbage collection.
        return refused.with_traceback(None)
    except shapely.GEOSException as error:
        return _explain_failure(error)


def _explain_failure(error: Exception) -> FixRefused:
    """Return the refusal for an overlay or an evaluation of rules that failed."""
    if isinstance(error, shapely.GEOSException):
        return FixRefused("overlay_failed")
    return FixRefused("not_judged", rules=str(error))


class _Trial:
    """Edits of one fix that were applied to a fork of the state, and the findings that they end and cause."""

    def __init__(self, state: EditingState, state_after: EditingState, attempt: Attempt, change: FindingsChange):
        self.state, self.state_after, self.attempt, self.change = state, state_after, attempt, change
        self.checked_edits = attempt.edits.select_checked_edits(state.new_fields)
        #: The rows of the checked edits.
        self.changed_rows = [
            ChangedRow(
                edit.role,
                None if edit.is_new else state.get_row(edit.role, edit.fid),
                None if edit.is_deleted else state_after.get_row(edit.role, edit.fid),
            )
            for edit in self.checked_edits
        ]
        self.edits_of_finding = EditsOfFinding(attempt.finding, self.checked_edits, self.changed_rows)
        self.differences = Differences(
            [*change.ended_findings, *(former for former, _ in change.changed_findings)],
            [*change.new_findings, *(present for _, present in change.changed_findings)],
        )

    def require_sound_rows(self) -> None:
        """Raise FixRefused if a row would be empty, invalid or outside the county, or if areas do not balance."""
        for row in self.changed_rows:
            if row.after is None:
                continue
            had_shape = row.before is None or row.before.stored_shape is not None
            stored_shape = row.after.stored_shape
            if had_shape and (stored_shape is None or stored_shape.is_empty):
                raise FixRefused("would_be_empty", role=row.role, key=row.after.key)
            is_new_shape = row.before is None or not is_same_shape(row.before.stored_shape, stored_shape)
            if is_new_shape and row.after.home_layer.invalid_rows[row.after.position]:
                raise FixRefused("would_be_invalid", role=row.role, key=row.after.key)
        _require_inside_county(self.state, self.changed_rows, self.area_balances)
        worst_m2 = max((abs(one.imbalance_m2) for one in self.area_balances), default=0.0)
        if worst_m2 > MAX_IMBALANCE_M2:
            raise FixRefused("unbalanced", difference_m2=worst_m2)

    @cached_property
    def area_balances(self) -> list[AreaChange]:
        """Return the area balance of each layer whose shapes change."""
        balances = []
        for role in dict.fromkeys(row.role for row in self.changed_rows):
            rows_by_feature: dict[int, list[ChangedRow]] = {}
            for edit, row in zip(self.checked_edits, self.changed_rows, strict=True):
                if edit.role == role and not _has_same_shape(row):
                    source = edit.attribute_source_fid if edit.is_part else None
                    rows_by_feature.setdefault(edit.fid if source is None else source, []).append(row)
            rows = [row for rows_of_feature in rows_by_feature.values() for row in rows_of_feature]
            if rows and not any(
                shape is not None and shapely.get_dimensions(shape) < 2 for row in rows for shape in row.plane_shapes
            ):
                balances.append(
                    balance_areas(
                        role,
                        {fid: _measure_land(rows_of_feature) for fid, rows_of_feature in rows_by_feature.items()},
                        self.state.plan.plane_crs,
                        [shape for row in rows if (shape := get_plane_shape(row.after)) is not None],
                    )
                )
        return balances

    def make_judgement(self) -> FixJudgement:
        """Return the judgement: the proposal with its doubts, and the change of the findings.

        Raise FixRefused if the finding remains, or if a sum of net areas would no longer be right.
        """
        state, edits, finding = self.state, self.attempt.edits, self.attempt.finding
        differences = Differences(list(self.differences.ended_findings), list(self.differences.new_findings))
        match_renamed_findings(self.checked_edits, self.changed_rows, differences, state.tolerance)
        _require_solved(state, finding, differences)
        edited_keys = {
            (row.role, one.key) for row in self.changed_rows for one in (row.before, row.after) if one is not None
        }
        for appearing in differences.new_findings:
            rule = load_all_rules().get(appearing.code)
            if rule is not None and rule.refuses_fix and (appearing.role, appearing.key) in edited_keys:
                raise FixRefused(rule.refuses_fix, role=appearing.role, key=appearing.key)
        proposal = Proposal(
            self.attempt.fix, finding, edits, differences.ended_findings, differences.new_findings,
            differences.renamed, list_untried_rules(state.settings, edits), self.area_balances,
        )  # fmt: skip
        proposal.remaining = [
            (one, remaining)
            for one in proposal.resolved_findings
            if (remaining := find_remaining_finding(self.state_after, one)) is not None
        ]
        proposal.documents = {
            role: state.settings.documents[role] for role in edits.roles if is_sealed_or_supplied(role, state.norm)
        }
        for edit, row in zip(self.checked_edits, self.changed_rows, strict=True):
            named_row = row.after or row.before
            proposal.row_keys[edit.role, edit.fid] = "" if named_row is None else named_row.key
        for edit in edits:
            if (edit.role, edit.fid) not in proposal.row_keys:
                proposal.row_keys[edit.role, edit.fid] = state.get_row(edit.role, edit.fid).key
        for window in edits.windows:
            centre = window.shape.centroid
            point = centre if window.shape.contains(centre) else window.shape.point_on_surface()
            (lonlat,) = crs_care.reproject_to_lonlat(np.array([point]), state.plan.plane_crs)
            proposal.windows.append(
                OpenedWindow(
                    window.role,
                    window.key,
                    window.filler_role,
                    window.filler_key,
                    state.measure_drawn_area_m2(window.shape),
                    float(lonlat.x),
                    float(lonlat.y),
                    state.settings.documents.get(window.role, ""),
                )
            )
        proposal.doubts = list(_find_doubts(state, proposal, self.changed_rows))
        if proposal.fix.safety is Safety.NEVER and not proposal.doubts:
            proposal.doubts.append(("never", {}))
        return FixJudgement(proposal, self.change, self.differences)


# --- rows
def _require_inside_county(state: EditingState, changed_rows: list[ChangedRow], areas: list[AreaChange]) -> None:
    """Raise FixRefused if rows would cover more land outside the county.

    Rows that may be at sea are not compared with the county.
    """
    county, outline = state.plan.find_layer_of_concept("county"), state.county_shape
    if county is None or outline is None:
        return
    for change in areas:
        if change.role == county.role or change.moved_in is None or shapely.covers(outline, change.moved_in):
            continue
        rows = [
            row
            for row in changed_rows
            if row.role == change.role
            and row.after is not None
            and find_rows_of_land_only(row.after.layer, state.plan).all()
        ]
        outside = shapely.difference(change.moved_in, outline)
        if change.moved_out is not None:
            outside = shapely.difference(outside, change.moved_out)
        outside = shapely.intersection(outside, shapely.union_all([row.gained_land for row in rows]))
        if outside.area > 0 and not state.tolerance.is_sliver(outside.area, measure_width(outside)):
            keys = [
                row.after.key for row in rows if row.after is not None and shapely.intersects(row.gained_land, outside)
            ]
            raise FixRefused(
                "leaves_county",
                role=change.role,
                key=next(iter(keys), ""),
                area_m2=state.measure_drawn_area_m2(outside),
            )


# --- areas


def _measure_land(rows: list[ChangedRow]) -> tuple[Any, Any, Any]:
    """Return a feature's former shape, and the land that it loses and gains.

    ``rows``: the row of the feature and its new parts.
    """
    row, *parts = sorted(rows, key=lambda row: row.before is None)
    shape, lost, gained = get_plane_shape(row.before), row.lost_land, row.gained_land
    if parts:
        land_of_parts = shapely.union_all([part.gained_land for part in parts])
        lost = shapely.difference(lost, land_of_parts)
        gained = shapely.union(gained, shapely.difference(land_of_parts, shape))
    return shape, lost, gained


def _has_same_shape(row: ChangedRow) -> bool:
    """Return True if the edits leave the shape of a row unchanged."""
    return (
        row.before is not None
        and row.after is not None
        and is_same_shape(row.before.stored_shape, row.after.stored_shape)
    )


# --- findings
def _require_solved(state: EditingState, finding: Finding, differences: Differences) -> None:
    """Raise FixRefused unless the finding existed before the edits and ends with them.

    A finding about a repeated key may remain on fewer rows; it then counts as ended. A request that no rule made
    (`choices.make_alignment_request`) has nothing to end.
    """
    if not finding.code:
        return
    former_names = {id(former_finding) for former_finding, _ in differences.renamed}
    if any(is_same_problem(finding, one) for one in differences.ended_findings if id(one) not in former_names):
        return
    if load_all_rules()[finding.code].local and not any(
        is_same_problem(finding, one)
        for one in state.session.current_findings.find_findings_on_row(finding.role, finding.key)
    ):
        raise FixRefused("stale")
    raise FixRefused("not_solved")


# --- safety
def _find_doubts(
    state: EditingState, proposal: Proposal, changed_rows: list[ChangedRow]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield why a proposal is not safe, as (text key, parameters); nothing for a safe proposal."""
    edits = proposal.edits
    yield from ((key, {}) for key in edits.review_reasons)
    if len(edits.roles) > 1:
        yield "several_layers", {"count": len(edits.roles)}
    if any(edit.is_deleted for edit in edits):
        yield "deletes", {}
    # Shapes of new rows, and smallest parts of rows with further parts.
    added_shapes: list[Any] = []
    for row in changed_rows:
        before, after = ([] if shape is None else shapely.get_parts([shape]) for shape in row.plane_shapes)
        added_shapes += sorted(after, key=shapely.area)[: max(0, len(after) - len(before))]
    if added_shapes:
        count, smallest_m2 = len(added_shapes), min(map(state.measure_drawn_area_m2, added_shapes))
        params = {"count": count, "area_m2": smallest_m2}
        yield ("adds_features", params) if smallest_m2 > 0 else ("adds_lines", {"count": count})
    if proposal.documents:
        yield "sealed_changed", {"roles": ", ".join(sorted(proposal.documents))}
    # The code or name of a planning zone is what the land is for.
    edited_fields = (
        state.plan.layers[edit.role].template.find_field_by_name(name.upper())
        for edit in edits
        if not edit.is_new
        for name in edit.attributes
    )
    if any(one is not None and one.meaning in ("zone_code", "zone_name") for one in edited_fields):
        yield "zone_code", {}
    renamed = {id(present_finding) for _, present_finding in proposal.renamed}
    new_codes = [finding.code for finding in proposal.new_findings if id(finding) not in renamed]
    if new_codes:
        yield "appearing", {"count": len(new_codes), "rules": sorted(set(new_codes))}
    if not _moves_land_below_sliver_limits(state, proposal.areas):
        yield "moves_land", {"area_m2": sum(one.ellipsoid_out_m2 + one.ellipsoid_in_m2 for one in proposal.areas)}
    if any(_leaves_its_township(state, row) for row in changed_rows):
        yield "other_township", {}
    if edits.keeps_union and any(not one.keeps_union for one in proposal.areas):
        yield "union_changes", {}


def _leaves_its_township(state: EditingState, row: ChangedRow) -> bool:
    """Return True if a row, by its new shape, no longer lies in the township that its location code names.

    Then too little of its land is in that township, so that LAW004 counts it elsewhere. False if that was so before. A
    part of a divided row counts like a row.
    """
    townships = state.plan.find_layer_of_concept("townships")
    if row.after is None or townships is None or row.role == townships.role or _has_same_shape(row):
        return False
    code = row.after.get_text("location_code")[:_TOWNSHIP_DIGITS]
    shape = get_plane_shape(row.after)
    if not code or shape is None or not townships.has_field("division_code"):
        return False
    township_rows = [
        n for n, division_code in enumerate(townships.text("division_code")) if division_code[:_TOWNSHIP_DIGITS] == code
    ]
    if not township_rows:
        return False
    least_share = float(state.norm.get("indicators.least_township_share"))
    land = [one for one in townships.plane_shapes[township_rows] if one is not None]

    def share(one: Any) -> float:
        """Return the share of a shape's area that is in the township."""
        if shapely.covers(land, one).any():
            return 1.0
        return float(sum(shapely.intersection(one, township).area for township in land) / max(one.area, 1e-9))

    if share(shape) >= least_share:
        return False
    return row.before is None or share(get_plane_shape(row.before) or shape) >= least_share


def _moves_land_below_sliver_limits(state: EditingState, areas: list[AreaChange]) -> bool:
    """Return True if the moved land is below the sliver limits.

    The limits apply to its total and to each polygon. Moved land changes its feature.
    """
    for change in areas:
        moved_polygons = [
            part
            for _shape, *moved_lands in change.lands.values()
            for part in list_parts(shapely.union_all([one for one in moved_lands if one is not None]))
        ]
        total = sum(part.area for part in moved_polygons)
        if total >= max(state.tolerance.min_area_m2, state.tolerance.ignored_feature_m2) or not all(
            is_below_sliver_limits(part.area, measure_width(part), state.tolerance) for part in moved_polygons
        ):
            return False
    return True
