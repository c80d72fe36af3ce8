# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge edits before they are offered: apply them to a copy, and evaluate the rules on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from ..cancellation import NEVER_CANCELLED
from ..engine.finish import complete_findings
from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, is_missing
from ..live.rows import compute_common_bounds
from ..live.session import FullCheckNeeded
from ..messages.texts import Texts
from ..model.findings import Finding
from ..model.rule import load_all_rules
from .edits import UNCHANGED, Edits, FixRefused, is_same_shape
from .model import Fix, Safety
from .proposal import AreaChange, OpenedWindow, Proposal
from .sealed import is_sealed_for_fixes, require_unsealed
from .shapes import is_below_sliver_limits, measure_width
from .state import EditingState, Row
from .window import MARGIN_M, Bounds, WindowFailed, choose_window_rules, find_window_findings

#: Largest difference (m²) of the area balance.
MAX_IMBALANCE_M2 = 0.01
#: Families of rules whose findings have the problem's own area: one that grows is a new problem.
_MEASURED_FAMILIES = ("TOP", "REL")
#: Distance (m) within which two findings are at the same place.
_SAME_PLACE_M = 0.01
#: Share of the smaller one that two findings on the same land have in common.
_SAME_PLACE_SHARE = 0.01
#: Share of the larger one that two findings on the same gap have in common.
_SAME_GAP_SHARE = 0.9
#: Digits of a location code (坐落单位代码) that name the township.
_TOWNSHIP_DIGITS = 9
#: Fields of zones' codes: a fix that changes one changes what the land is for.
_ZONE_MEANINGS = ("zone_code", "zone_name")


@dataclass
class _ChangedRow:
    """A row before and after; ``None`` for a new or a deleted one."""

    role: str
    before: Row | None
    after: Row | None


@dataclass
class _Differences:
    ended_findings: list[Finding] = field(default_factory=list)
    new_findings: list[Finding] = field(default_factory=list)
    renamed: list[tuple[Finding, Finding]] = field(default_factory=list)


def propose_fix(
    state: EditingState, fix: Fix, finding: Finding, parameters: Mapping[str, Any] | None = None
) -> tuple[Proposal, EditingState]:
    """Run a fix on a finding and judge its edits; return the proposal and the state with the edits applied.

    ``parameters``: keyword arguments of the fix. The given state is not changed. Raise FixRefused with the reason if
    the fix does not apply, or as `judge` does.
    """
    try:
        return judge(state, fix, finding, fix.function(finding, state=state, **(parameters or {})))
    except shapely.GEOSException as error:
        raise FixRefused("overlay_failed") from error


def judge(state: EditingState, fix: Fix, finding: Finding, edits: Edits) -> tuple[Proposal, EditingState]:
    """Judge the edits of a fix, and return the proposal and the state with the edits applied.

    The given state is not changed.

    Raises
    ------
    FixRefused
        The edits must not be offered: a layer is sealed, a row would be empty or leave the county, a sum of net areas
        would break, the finding is out of date or would remain, areas do not balance, or the rules cannot check it.
    """
    require_unsealed(edits.roles, state.norm, state.settings.documents)
    after = state.fork()
    after.note_new_rows_and_fields(edits)
    batch = state.make_batch(edits)
    try:
        change = after.session.check_edits(batch)
    except FullCheckNeeded as error:
        raise FixRefused("not_judged", rules=str(error)) from error
    changed_rows = _list_changed_rows(state, after, edits)
    _require_valid_shapes(state, changed_rows)
    _require_inside_county(state, changed_rows)
    areas = _measure_areas(state, changed_rows)
    if any(abs(one.imbalance_m2) > MAX_IMBALANCE_M2 for one in areas):
        raise FixRefused("unbalanced", difference_m2=max(abs(one.imbalance_m2) for one in areas))
    differences = _Differences(list(change.ended_findings), list(change.new_findings))
    for former, present in change.changed_findings:
        if _has_grown(former, present, state.tolerance):
            differences.new_findings.append(present)
    _add_window_differences(state, after, finding, edits, changed_rows, differences)
    _match_renamed_findings(edits, changed_rows, differences, state.tolerance)
    _require_solved(state, finding, differences)
    edited_keys = {(row.role, one.key) for row in changed_rows for one in (row.before, row.after) if one is not None}
    for appearing in differences.new_findings:
        if appearing.code == "ATT003" and (appearing.role, appearing.key) in edited_keys:
            raise FixRefused("net_area_sum", role=appearing.role, key=appearing.key)
    proposal = Proposal(
        fix, finding, edits, differences.ended_findings, differences.new_findings, differences.renamed, areas
    )
    proposal.documents = {
        role: state.settings.documents[role] for role in edits.roles if is_sealed_for_fixes(role, state.norm)
    }
    for edit, row in zip(edits, changed_rows, strict=True):
        named = row.after or row.before
        proposal.row_keys[edit.role, edit.fid] = "" if named is None else named.key
    proposal.windows = _measure_windows(state, edits)
    proposal.doubts = _list_doubts(state, proposal, changed_rows)
    return proposal, after


# --- rows
def _list_changed_rows(state: EditingState, after: EditingState, edits: Edits) -> list[_ChangedRow]:
    return [
        _ChangedRow(
            edit.role,
            None if edit.is_new else state.get_row(edit.role, edit.fid),
            None if edit.is_deleted else after.get_row(edit.role, edit.fid),
        )
        for edit in edits
    ]


def _get_plane(row: Row | None) -> Any:
    """Return the shape of a row in the plane; None for a missing row or shape."""
    if row is None or is_missing(np.array([row.plane], dtype=object))[0]:
        return None
    return row.plane


def _require_valid_shapes(state: EditingState, changed_rows: list[_ChangedRow]) -> None:
    """Raise FixRefused if a row that stays has no valid shape, while it had one before."""
    for row in changed_rows:
        if row.after is None:
            continue
        had_shape = row.before is None or row.before.stored_shape is not None
        raw = row.after.stored_shape
        if had_shape and (raw is None or raw.is_empty):
            raise FixRefused("would_be_empty", role=row.role, key=row.after.key)
        is_new_shape = row.before is None or not is_same_shape(row.before.stored_shape, raw)
        if raw is not None and is_new_shape and not raw.is_valid:
            raise FixRefused("would_be_invalid", role=row.role, key=row.after.key)


def _require_inside_county(state: EditingState, changed_rows: list[_ChangedRow]) -> None:
    """Raise FixRefused if a row would cover more land outside the county than before."""
    county, outline = state.plan.find_layer_of_concept("county"), state.county_shape
    if county is None or outline is None:
        return
    for row in changed_rows:
        before, after = _get_plane(row.before), _get_plane(row.after)
        if row.role == county.role or after is None or row.after is None:
            continue
        gained = after if before is None else shapely.difference(after, before)
        if row.before is None and _was_covered(gained, changed_rows, row.role):
            # A part of a row that was divided.
            continue
        outside = shapely.difference(gained, outline)
        if outside.area > 0 and not state.tolerance.is_sliver(outside.area, measure_width(outside)):
            raise FixRefused("leaves_county", role=row.role, key=row.after.key, area_m2=float(outside.area))


def _was_covered(shape: Any, changed_rows: list[_ChangedRow], role: str) -> bool:
    """Return True if the rows of a layer that change covered a shape before."""
    former = [_get_plane(row.before) for row in changed_rows if row.role == role]
    cover = shapely.union_all([one for one in former if one is not None])
    return bool(shapely.difference(shape, cover).area <= MAX_IMBALANCE_M2)


# --- areas
def _measure_areas(state: EditingState, changed_rows: list[_ChangedRow]) -> list[AreaChange]:
    """Return the area balance of each layer whose shapes change."""
    balances = []
    transformer = crs_care.make_lonlat_transformer(state.plan.plane_crs)
    for role in dict.fromkeys(row.role for row in changed_rows):
        rows = [row for row in changed_rows if row.role == role and not _has_same_shape(row)]
        pairs = [(_get_plane(row.before), _get_plane(row.after)) for row in rows]
        if not pairs or any(
            shape is not None and shapely.get_dimensions(shape) < 2 for pair in pairs for shape in pair
        ):
            continue
        before, after = (_make_array([pair[side] for pair in pairs]) for side in (0, 1))
        moved_out, moved_in = shapely.difference(before, after), shapely.difference(after, before)
        moved_out, moved_in = (
            _replace_missing_by_minuend(moved_out, before, after),
            _replace_missing_by_minuend(moved_in, after, before),
        )
        planar = [float(np.nansum(shapely.area(shapes))) for shapes in (before, moved_out, moved_in, after)]
        drawn = [
            float(np.nansum(compute_drawn_area(_keep_polygons(shapes), transformer)))
            for shapes in (before, moved_out, moved_in, after)
        ]
        lands = [extract_polygons(shapely.union_all(_keep_polygons(shapes))) for shapes in (moved_in, moved_out)]
        balances.append(AreaChange(role, len(rows), *planar, *drawn, *lands))
    return balances


def _measure_windows(state: EditingState, edits: Edits) -> list[OpenedWindow]:
    """Return the windows that edits open, with area and a point inside."""
    plane = state.plan.plane_crs
    windows = []
    for window in edits.windows:
        holes = _make_array([window.shape])
        centre = window.shape.centroid
        point = centre if window.shape.contains(centre) else window.shape.point_on_surface()
        (lonlat,) = crs_care.reproject_to_lonlat(_make_array([point]), plane)
        area_m2 = float(compute_drawn_area(holes, crs_care.make_lonlat_transformer(plane))[0])
        document = state.settings.documents.get(window.role, "")
        windows.append(
            OpenedWindow(
                window.role,
                window.key,
                window.filler_role,
                window.filler_key,
                area_m2,
                float(lonlat.x),
                float(lonlat.y),
                document,
            )
        )
    return windows


def _has_same_shape(row: _ChangedRow) -> bool:
    return (
        row.before is not None
        and row.after is not None
        and is_same_shape(row.before.stored_shape, row.after.stored_shape)
    )


def _make_array(shapes: list[Any]) -> Any:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _replace_missing_by_minuend(differences: Any, minuend: Any, subtrahend: Any) -> Any:
    """Return differences, with the whole minuend where the subtrahend is missing."""
    filled = differences.copy()
    for position in range(len(filled)):
        if subtrahend[position] is None:
            filled[position] = minuend[position]
    return filled


def _keep_polygons(shapes: Any) -> Any:
    kept = [extract_polygons(shape) for shape in shapes]
    return _make_array([shape for shape in kept if shape is not None])


# --- findings
def _add_window_differences(
    state: EditingState,
    after: EditingState,
    finding: Finding,
    edits: Edits,
    changed_rows: list[_ChangedRow],
    differences: _Differences,
) -> None:
    """Add the differences of rules that are not local, within the window of the change."""
    key_changes = any(
        row.before is None or row.after is None or row.before.key != row.after.key for row in changed_rows
    )
    # A new key renames all findings on the row.
    near_rows = key_changes or any(edit.shape is not UNCHANGED for edit in edits)
    rules = choose_window_rules(after, edits.roles, shapes=near_rows, keys=key_changes, fields=bool(edits.new_fields))
    if not rules:
        return
    window = _make_window(state.get_finding_shape(finding), changed_rows) if near_rows else None
    if not key_changes:
        changed_rows = []
    present_rows = [one for row in changed_rows for one in (row.before, row.after) if one is not None]
    keys = {one.key for one in present_rows if one.key}
    numbers = [
        _collect_row_numbers_by_role([getattr(row, side) for row in changed_rows]) for side in ("before", "after")
    ]
    try:
        former = find_window_findings(state, rules, edits.roles, window, keys, numbers[0])
        present = find_window_findings(after, rules, edits.roles, window, keys, numbers[1])
    except WindowFailed as error:
        raise FixRefused("not_judged", rules=str(error)) from error
    remaining, appearing = list(former), []
    for one in present:
        match = next((other for other in remaining if is_same_problem(other, one)), None)
        if match is not None:
            remaining.remove(match)
        if match is None or _has_grown(match, one, state.tolerance):
            appearing.append(one)
    # Findings that do not change need no message.
    complete_findings(state.plan, [*appearing, *remaining], Texts(state.settings.lang), NEVER_CANCELLED)
    differences.new_findings += appearing
    differences.ended_findings += remaining


def _collect_row_numbers_by_role(rows: list[Row | None]) -> dict[str, set[int]]:
    """Return layer code → numbers of these rows."""
    numbers: dict[str, set[int]] = {}
    for row in rows:
        if row is not None:
            numbers.setdefault(row.role, set()).add(row.number)
    return numbers


def _make_window(place: Any, changed_rows: list[_ChangedRow]) -> Bounds | None:
    shapes = [_get_plane(one) for row in changed_rows for one in (row.before, row.after)]
    bounds = compute_common_bounds(*shapes, place)
    if bounds is None:
        return None
    xmin, ymin, xmax, ymax = bounds
    return xmin - MARGIN_M, ymin - MARGIN_M, xmax + MARGIN_M, ymax + MARGIN_M


def get_problem_name(finding: Finding) -> tuple[Any, ...]:
    """Return what two findings on the same problem have in common; findings of one name may be different problems."""
    return (
        finding.code, finding.case, finding.role, finding.key, finding.field,
        finding.related_role, tuple(sorted(finding.related_keys)),
    )  # fmt: skip


def is_same_problem(first: Finding, second: Finding) -> bool:
    """Return True if two findings are on the same problem: rule, rows and field, and place where only it differs."""
    if get_problem_name(first) != get_problem_name(second):
        return False
    for name in ("fid", "related_fid"):
        # A finding names the feature id only as long as another row has the same key.
        fids = [one.params.get(name) for one in (first, second)]
        if None not in fids and fids[0] != fids[1]:
            return False
    return not (first.by_place or second.by_place) or _is_at_same_place(first, second)


def _has_grown(former: Finding, present: Finding, tolerance: Tolerance) -> bool:
    if present.code[:3] not in _MEASURED_FAMILIES or former.area_m2 is None or present.area_m2 is None:
        return False
    return present.area_m2 > former.area_m2 + tolerance.min_area_m2


#: Layer code, key and feature id of a row, as a finding names it.
_RowName = tuple[str, str, int | None]


def _match_renamed_findings(
    edits: Edits, changed_rows: list[_ChangedRow], differences: _Differences, tolerance: Tolerance
) -> None:
    """Remove ended and new findings that are one and the same problem from the differences, in place.

    They are `renamed` if the row has another name, since its key changed, or if a gap between several rows is named by
    other ones. A part of a divided row counts as the row.
    """
    origins: dict[_RowName, tuple[str, int]] = {}
    for edit, row in zip(edits, changed_rows, strict=True):
        origin = edit.role, edit.fid if edit.attribute_source_fid is None else edit.attribute_source_fid
        for one in (row.before, row.after):
            if one is None:
                continue
            origins[edit.role, one.key, one.fid] = origin
            if not one.layer.repeated_keys:
                origins[edit.role, one.key, None] = origin

    def identify(finding: Finding) -> tuple[Any, ...]:
        fid, related_fid = finding.params.get("fid"), finding.params.get("related_fid")
        name = finding.role, finding.key, fid
        rows = [str(origins.get(name, name))]
        related = [(finding.related_role, key, related_fid) for key in finding.related_keys]
        related_rows = sorted(str(origins.get(one, one)) for one in related)
        if finding.role == finding.related_role:
            # Of two rows of a layer, the one with the smaller key comes first: a new key may change their order.
            rows, related_rows = sorted(rows + related_rows), []
        return finding.code, finding.case, finding.field, finding.related_role, tuple(rows), tuple(related_rows)

    for appearing in list(differences.new_findings):
        # A part that shrank has another place, and so another fingerprint.
        same = next((one for one in differences.ended_findings if is_same_problem(one, appearing)), None)
        name = identify(appearing)
        match = same or next(
            (
                one
                for one in differences.ended_findings
                if (identify(one) == name and _is_at_same_place(one, appearing)) or _is_same_gap(one, appearing)
            ),
            None,
        )
        if match is None:
            continue
        differences.ended_findings.remove(match)
        if same is None:
            differences.renamed.append((match, appearing))
        if not _has_grown(match, appearing, tolerance):
            differences.new_findings.remove(appearing)


def _is_at_same_place(first: Finding, second: Finding) -> bool:
    if first.geom_kind == "none" or second.geom_kind == "none":
        return True
    if first.geom_kind == second.geom_kind == "area":
        # Two parts may touch at a point.
        shared_m2 = shapely.intersection(first.geometry, second.geometry).area
        return bool(shared_m2 > _SAME_PLACE_SHARE * min(first.geometry.area, second.geometry.area))
    return bool(shapely.dwithin(first.geometry, second.geometry, _SAME_PLACE_M))


def _is_same_gap(first: Finding, second: Finding) -> bool:
    """Return True for findings of one rule and layer on the same land between features, whichever of them they name.

    Only the location distinguishes these findings. An overlap is different: another pair on the same land is another
    problem.
    """
    if not (first.by_place and second.by_place):
        return False
    if (first.code, first.case, first.role, first.related_role) != (
        second.code, second.case, second.role, second.related_role,
    ):  # fmt: skip
        return False
    if first.role != first.related_role or not first.geom_kind == second.geom_kind == "area":
        return False
    shared_m2 = shapely.intersection(first.geometry, second.geometry).area
    return bool(shared_m2 > _SAME_GAP_SHARE * max(first.geometry.area, second.geometry.area))


def _require_solved(state: EditingState, finding: Finding, differences: _Differences) -> None:
    """Raise FixRefused unless the finding was there before and ends.

    A finding of a repeated key may remain on fewer rows; it then counts as ended. What a person asks for without a
    finding (`choices.make_alignment_request`) has nothing to end.
    """
    if not finding.code:
        return
    if any(is_same_problem(finding, one) for one in differences.ended_findings):
        return
    rule = load_all_rules()[finding.code]
    if rule.local and not any(
        is_same_problem(finding, one) for one in state.session.find_findings_on(finding.role, finding.key)
    ):
        raise FixRefused("stale")
    raise FixRefused("not_solved")


# --- safety
def _list_doubts(
    state: EditingState, proposal: Proposal, changed_rows: list[_ChangedRow]
) -> list[tuple[str, dict[str, Any]]]:
    """Return why a proposal is not safe; empty for a safe one."""
    fix, edits = proposal.fix, proposal.edits
    doubts: list[tuple[str, dict[str, Any]]] = []
    if fix.safety is Safety.NEVER:
        doubts.append(("never", {}))
    doubts += [(key, {}) for key in edits.review_reasons]
    if len(edits.roles) > 1:
        doubts.append(("several_layers", {"count": len(edits.roles)}))
    if any(edit.is_deleted for edit in edits):
        doubts.append(("deletes", {}))
    if proposal.documents:
        doubts.append(("sealed_changed", {"roles": ", ".join(sorted(proposal.documents))}))
    if any(_changes_zone_code(state, edit.role, edit.attributes) for edit in edits if not edit.is_new):
        doubts.append(("zone_code", {}))
    if proposal.new_findings:
        codes = sorted({finding.code for finding in proposal.new_findings})
        doubts.append(("appearing", {"count": len(proposal.new_findings), "rules": ", ".join(codes)}))
    if not _moves_little(state, fix, changed_rows):
        moved_m2 = sum(one.ellipsoid_out_m2 + one.ellipsoid_in_m2 for one in proposal.areas)
        doubts.append(("moves_land", {"area_m2": moved_m2}))
    if any(_leaves_its_township(state, row) for row in changed_rows):
        doubts.append(("other_township", {}))
    if edits.keeps_union and not _keeps_union(changed_rows):
        doubts.append(("union_changes", {}))
    return doubts


def _changes_zone_code(state: EditingState, role: str, attributes: Iterable[str]) -> bool:
    declared = (state.plan.layers[role].template.find_field_by_name(name.upper()) for name in attributes)
    return any(one is not None and one.meaning in _ZONE_MEANINGS for one in declared)


def _leaves_its_township(state: EditingState, row: _ChangedRow) -> bool:
    """Return True if a row with a new shape has too little land in the township that its location code names.

    LAW004 then counts it elsewhere. A part of a divided row counts like a row.
    """
    townships = state.plan.find_layer_of_concept("townships")
    if row.after is None or townships is None or row.role == townships.role or _has_same_shape(row):
        return False
    code = row.after.layer.text("location_code")[0][:_TOWNSHIP_DIGITS]
    shape = _get_plane(row.after)
    if not code or shape is None or not townships.has("division_code"):
        return False
    named = [n for n, known in enumerate(townships.text("division_code")) if known[:_TOWNSHIP_DIGITS] == code]
    if not named:
        return False
    least_share = float(state.norm.get("indicators.least_township_share"))
    land = [one for one in townships.plane[named] if one is not None]

    def share(one: Any) -> float:
        return float(sum(shapely.intersection(one, township).area for township in land) / max(one.area, 1e-9))

    was_elsewhere = row.before is not None and share(_get_plane(row.before) or shape) < least_share
    return not was_elsewhere and share(shape) < least_share


def _moves_little(state: EditingState, fix: Fix, changed_rows: list[_ChangedRow]) -> bool:
    """Return True if the land that changes its row is below the sliver limits, in total and part by part.

    A formal fix may divide a row: land that moves to a new row of its layer does not count.
    """
    for role in dict.fromkeys(row.role for row in changed_rows):
        rows = [row for row in changed_rows if row.role == role]
        if fix.safety is Safety.FORMAL:
            # The layer's land counts, not how it is divided among its rows.
            sides = [
                shapely.union_all([s for s in (_get_plane(getattr(row, side)) for row in rows) if s is not None])
                for side in ("before", "after")
            ]
            pairs = [(sides[0], sides[1])]
        else:
            pairs = [
                (_get_plane(row.before) or shapely.Polygon(), _get_plane(row.after) or shapely.Polygon())
                for row in rows
            ]
        moved = [
            part
            for before, after in pairs
            for part in shapely.get_parts(
                [extract_polygons(shapely.symmetric_difference(before, after)) or shapely.Polygon()]
            )
            if part.area > 0
        ]
        total = sum(part.area for part in moved)
        if total >= state.tolerance.min_area_m2 and total >= state.tolerance.ignored_feature_m2:
            return False
        if not all(is_below_sliver_limits(part.area, measure_width(part), state.tolerance) for part in moved):
            return False
    return True


def _keeps_union(changed_rows: list[_ChangedRow]) -> bool:
    """Return True if the changed rows of each layer cover the same land as before."""
    for role in {row.role for row in changed_rows}:
        sides = []
        for side in ("before", "after"):
            shapes = [_get_plane(getattr(row, side)) for row in changed_rows if row.role == role]
            sides.append(shapely.union_all([shape for shape in shapes if shape is not None]))
        if shapely.symmetric_difference(*sides).area > MAX_IMBALANCE_M2:
            return False
    return True
