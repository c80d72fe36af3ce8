# SPDX-License-Identifier: GPL-2.0-or-later
"""Find which findings edits end and which are new, also for rules that are not local, and match renamed ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..engine.outcome import complete_findings
from ..exchange.edited_copy import UNCHANGED
from ..geometry.polygons import widen_bounds
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, mask_missing_shapes
from ..model.findings import Finding
from ..standard.messages.texts import Texts
from .edits import Edits
from .land_boxes import LayerClipper, join_meeting_boxes
from .state import EditingState, Row
from .surroundings import (
    MARGIN_M,
    Bounds,
    choose_surroundings_rules,
    compute_changed_box,
    find_findings_in_surroundings,
    list_part_boxes,
)

#: Distance (m) within which two findings are at the same place.
_SAME_PLACE_M = 0.01
#: Share of the smaller one that two findings on the same land have in common.
_SAME_PLACE_SHARE = 0.01
#: Share of the larger one that two findings on the same gap have in common.
_SAME_GAP_SHARE = 0.9
#: Polygons with more vertices are compared near their changed edges only, which is faster.
_MANY_VERTICES = 200


@dataclass
class ChangedRow:
    """A row before and after edits: ``before`` is None for a new row, ``after`` for a deleted one."""

    role: str
    before: Row | None
    after: Row | None

    @property
    def plane_shapes(self) -> tuple[Any, Any]:
        """Return the shapes in the plane before and after; None without one."""
        return get_plane_shape(self.before), get_plane_shape(self.after)

    @cached_property
    def changed_box(self) -> Bounds | None:
        """Return the box (m, in the plane) around the edges that change; None if none do (`compute_changed_box`)."""
        return compute_changed_box(*self.plane_shapes)

    @cached_property
    def gained_land(self) -> Any:
        """Return the land (in the plane) that the row covers only after the edits; None for a deleted row."""
        return _subtract_shape(get_plane_shape(self.after), get_plane_shape(self.before), self.changed_box)

    @cached_property
    def lost_land(self) -> Any:
        """Return the land (in the plane) that the row covers only before the edits; None for a new row."""
        return _subtract_shape(get_plane_shape(self.before), get_plane_shape(self.after), self.changed_box)


def _subtract_shape(minuend: Any, subtrahend: Any, changed_box: Bounds | None) -> Any:
    """Return the part of one state of a row that the other state does not cover; None without a minuend.

    ``changed_box``: around the edges that the two states do not have in common; None if they have all.
    """
    if minuend is None or subtrahend is None:
        return minuend
    if max(shapely.get_num_coordinates([minuend, subtrahend])) > _MANY_VERTICES:
        # The land between two polygons is bounded by edges that only one of them has, so it is in the box around these.
        # Edges that both have are cut at the same points.
        box = shapely.Polygon() if changed_box is None else shapely.box(*widen_bounds(changed_box, MARGIN_M))
        minuend, subtrahend = (
            extract_polygons(one) or shapely.Polygon() for one in shapely.intersection([minuend, subtrahend], box)
        )
    return shapely.difference(minuend, subtrahend)


@dataclass
class Differences:
    """How edits change the findings.

    ``renamed``: those pairs of an ended and a new finding that are the same problem, as its row has another name.
    """

    ended_findings: list[Finding] = field(default_factory=list)
    new_findings: list[Finding] = field(default_factory=list)
    renamed: list[tuple[Finding, Finding]] = field(default_factory=list)


@dataclass
class EditsOfFinding:
    """The edits of one fix, the finding that they are to end, and the rows that they change."""

    finding: Finding
    edits: Edits
    changed_rows: list[ChangedRow]


def get_plane_shape(row: Row | None) -> Any:
    """Return the shape of a row in the plane; None for a missing row or shape."""
    if row is None or mask_missing_shapes(np.array([row.plane_shape], dtype=object))[0]:
        return None
    return row.plane_shape


# --- rules on whole layers
class _Surroundings:
    """The land around the edits of one fix, and what the rules that are not local read of it.

    ``rules``: code → rule that the edits may affect. ``boxes``: around the finding and the changed edges. If a key
    changes, also around the findings of these rules at the row, since they name the key. ``keys``: keys (BSM) whose
    rows are read too, wherever they are. ``changed_rows``: the rows if any key changes, else empty.
    """

    def __init__(self, state: EditingState, state_after: EditingState, edits_of_finding: EditsOfFinding):
        edits, rows = edits_of_finding.edits, edits_of_finding.changed_rows
        key_changes = any(row.before is None or row.after is None or row.before.key != row.after.key for row in rows)
        # A new key renames all findings on the row.
        is_near = key_changes or any(edit.shape is not UNCHANGED for edit in edits)
        self.rules = {
            rule.code: rule
            for rule in choose_surroundings_rules(
                state_after, edits.roles, shapes=is_near, keys=key_changes, fields=bool(edits.new_fields)
            )
        }
        self.roles = edits.roles
        boxes: list[Bounds] = []
        if is_near:
            part_boxes = list_part_boxes(state.get_finding_shape(edits_of_finding.finding))
            boxes += [
                widen_bounds(box, MARGIN_M)
                for box in (*part_boxes, *(row.changed_box for row in rows))
                if box is not None
            ]
        if key_changes:
            # Findings at the rows name the changed keys.
            boxes += [
                widen_bounds(box, MARGIN_M)
                for row in rows
                if (shape := get_plane_shape(row.before)) is not None
                for box in state.places_of_uncut_findings.list_boxes_near(shape, MARGIN_M)
            ]
        # A gap that a box would cut may have another size there than as a whole.
        self.boxes = join_meeting_boxes(state.places_of_uncut_findings.extend_box_to_findings(box) for box in boxes)
        self._box_shapes = [shapely.box(*box) for box in self.boxes]
        self.changed_rows = rows if key_changes else []
        self.keys = {
            one.key for row in self.changed_rows for one in (row.before, row.after) if one is not None and one.key
        }

    def may_cause(self, finding: Finding, shape: Any) -> bool:
        """Return True if these edits may be the reason why a finding ended or is new.

        ``shape``: the shape of the finding in the plane, or None.
        """
        if finding.code not in self.rules:
            return False
        if shape is None:
            return bool(self.keys & {finding.key, *finding.related_keys}) or finding.role in self.roles
        return bool(shapely.intersects(shape, self._box_shapes).any())


def add_differences_in_surroundings(
    state: EditingState,
    after: EditingState,
    edits_of_findings: Sequence[EditsOfFinding],
    differences: Sequence[Differences],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> set[int]:
    """Add ended and new findings of rules that are not local, near the edits, to ``differences``, in place.

    ``edits_of_findings``, ``differences``: one of each for every fix; the fixes are on separate land. A difference that
    several fixes may cause is added to none of them. Return the positions of the fixes that may cause such an unclear
    difference.

    Raise SurroundingsFailed for a rule that could not check, Cancelled if the user cancelled.
    """
    surroundings = [_Surroundings(state, after, one) for one in edits_of_findings]
    rules = {code: rule for one in surroundings for code, rule in one.rules.items()}
    if not rules:
        return set()
    roles = frozenset(role for one in surroundings for role in one.roles)
    clipper = LayerClipper(join_meeting_boxes(box for one in surroundings for box in one.boxes))
    keys = {key for one in surroundings for key in one.keys}
    rows = [row for one in surroundings for row in one.changed_rows]
    # Layer code → numbers of the changed rows, before and after the edits.
    numbers: list[dict[str, set[int]]] = [{}, {}]
    for row in rows:
        for state_of_row, numbers_by_role in zip((row.before, row.after), numbers, strict=True):
            if state_of_row is not None:
                numbers_by_role.setdefault(state_of_row.role, set()).add(state_of_row.number)
    ordered_rules = [rules[code] for code in sorted(rules)]
    former_findings, present_findings = (
        find_findings_in_surroundings(one, ordered_rules, roles, clipper, keys, row_numbers, cancellation)
        for one, row_numbers in zip((state, after), numbers, strict=True)
    )
    unchanged_ids = {
        id(one)
        for pair in _pair_findings(former_findings, present_findings)
        if shapely.normalize(pair[0].geometry) == shapely.normalize(pair[1].geometry)
        for one in pair
    }
    ended_findings, appearing = (
        [one for one in findings if id(one) not in unchanged_ids] for findings in (former_findings, present_findings)
    )
    unclear: set[int] = set()
    for name, changed_findings in (("new_findings", appearing), ("ended_findings", ended_findings)):
        for one in changed_findings:
            shape = state.get_finding_shape(one)
            causes = [n for n, land in enumerate(surroundings) if len(surroundings) == 1 or land.may_cause(one, shape)]
            if len(causes) == 1:
                getattr(differences[causes[0]], name).append(one)
            else:
                unclear.update(causes or range(len(surroundings)))
    # Findings that do not change need no message.
    complete_findings(state.plan, [*appearing, *ended_findings], Texts(state.settings.lang), NEVER_CANCELLED)
    return unclear


# --- problems by their names
def is_same_problem(first: Finding, second: Finding) -> bool:
    """Return True if two findings are on the same problem.

    They have the same name (`Finding.problem_name`) and, where several findings have that name, the same location.
    """
    if first.problem_name != second.problem_name:
        return False
    fids = zip(*([fid for _, _, fid in one.list_rows()] for one in (first, second)), strict=True)
    # A finding names the feature id only as long as another row has the same key.
    if any(None not in pair and pair[0] != pair[1] for pair in fids):
        return False
    return not (first.by_place or second.by_place) or _is_at_same_place(first, second)


def _measure_problem(finding: Finding) -> float:
    """Return the area (m²) of a problem; 0 if its finding does not measure it."""
    # Findings of these families have the problem's own area: one that grows is a new problem.
    return finding.area_m2 or 0.0 if finding.code[:3] in ("TOP", "REL") else 0.0


#: Layer code, key and feature id of a row, as a finding names it.
_RowName = tuple[str, str, int | None]


def match_renamed_findings(
    edits: Edits, changed_rows: list[ChangedRow], differences: Differences, tolerance: Tolerance
) -> None:
    """Add pairs of an ended and a new finding of one problem to ``renamed``.

    They are one problem if the row only has another name, since its key changed, or if a gap between several rows is
    named by other rows. A part of a divided row counts as the row. A check lists both, so they stay ended and new. A
    finding with the same name is neither, unless its area has grown.
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
        """Return what identifies the problem of a finding although keys changed: rows are named by their origin."""
        name, *related_features = finding.list_rows()
        rows = [str(origins.get(name, name))]
        related_rows = sorted(str(origins.get(one, one)) for one in related_features)
        if finding.role == finding.related_role:
            # Of two rows of a layer, the one with the smaller key comes first: a new key may change their order.
            rows, related_rows = sorted(rows + related_rows), []
        return finding.code, finding.case, finding.field, finding.related_role, tuple(rows), tuple(related_rows)

    # A part that shrank has another place, and so another fingerprint.
    pairs = _pair_findings(differences.ended_findings, differences.new_findings)
    kept_ids = {id(one) for pair in pairs for one in pair}
    # Parts that join are together no larger than before.
    not_larger_ids = {
        id(present)
        for _, present in pairs
        if _measure_problem(present)
        <= tolerance.min_area_m2
        + sum(_measure_problem(one) for one in differences.ended_findings if is_same_problem(one, present))
    }
    differences.ended_findings[:] = [one for one in differences.ended_findings if id(one) not in kept_ids]
    for former in differences.ended_findings:
        name = identify(former)
        same_problems = [
            (former, one)
            for one in differences.new_findings
            if id(one) not in kept_ids
            and ((identify(one) == name and _is_at_same_place(former, one)) or _is_same_gap(former, one))
        ]
        differences.renamed += sorted(same_problems, key=lambda pair: -_measure_shared_land(*pair))[:1]
    differences.new_findings[:] = [one for one in differences.new_findings if id(one) not in not_larger_ids]


def _pair_findings(
    former_findings: Iterable[Finding], present_findings: Iterable[Finding]
) -> list[tuple[Finding, Finding]]:
    """Return pairs of a former and a present finding on one problem, each in one pair.

    Of several findings with one name, those that share most land are a pair.
    """
    former_by_name: dict[tuple[Any, ...], list[Finding]] = defaultdict(list)
    for one in former_findings:
        former_by_name[one.problem_name].append(one)
    candidates = [
        (former, present)
        for present in present_findings
        for former in former_by_name[present.problem_name]
        if is_same_problem(former, present)
    ]
    pairs: list[tuple[Finding, Finding]] = []
    paired_ids: set[int] = set()
    for pair in sorted(candidates, key=lambda pair: -_measure_shared_land(*pair)):
        if not paired_ids.intersection(map(id, pair)):
            pairs.append(pair)
            paired_ids.update(map(id, pair))
    return pairs


def find_remaining_finding(state: EditingState, former: Finding) -> Finding | None:
    """Return the present finding with most of the land of a former one of its rule and case; None without any.

    A finding of a rule on land may name other rows of the layers; another finding has the same name.
    """
    names = {(former.role, former.key), *((former.related_role, key) for key in former.related_keys)}
    shape = state.get_finding_shape(former)
    # Another finding of a rule on land there is on the same problem, whichever rows it names.
    is_on_land = former.code[:3] in ("TOP", "REL", "LAW") and shape is not None
    if is_on_land:
        names |= {
            (role, row.key)
            for role in {former.role, former.related_role} & state.plan.layers.keys()
            for row in state.find_rows_meeting(role, shape)
        }
    present_findings = {
        id(one): one for name in names for one in state.session.current_findings.find_findings_on_row(*name)
    }
    remaining_findings = [
        one
        for one in present_findings.values()
        if (is_on_land and _has_land_in_common(former, one, state.tolerance)) or is_same_problem(former, one)
    ]
    return max(remaining_findings, key=lambda one: _measure_shared_land(former, one), default=None)


def _has_land_in_common(first: Finding, second: Finding, tolerance: Tolerance) -> bool:
    """Return True for findings of one rule and case on land of one layer, or of two, some of which they share."""
    kinds = [(one.code, one.case, one.role, one.related_role, one.field) for one in (first, second)]
    return kinds[0] == kinds[1] and (
        _is_at_same_place(first, second) or _measure_shared_land(first, second) > tolerance.min_area_m2
    )


def _measure_shared_land(first: Finding, second: Finding) -> float:
    """Return the area of the land that two findings share, in the unit of the plan's CRS; 0 without areas."""
    is_land = first.geom_kind == second.geom_kind == "area"
    return float(shapely.intersection(first.geometry, second.geometry).area) if is_land else 0.0


def _is_at_same_place(first: Finding, second: Finding) -> bool:
    """Return True if two findings share area, or points and lines of them are at most 1 cm apart."""
    if first.geom_kind == "none" or second.geom_kind == "none":
        return True
    if first.geom_kind == second.geom_kind == "area":
        # Two parts may touch at a point.
        return _measure_shared_land(first, second) > _SAME_PLACE_SHARE * min(first.geometry.area, second.geometry.area)
    return bool(shapely.dwithin(first.geometry, second.geometry, _SAME_PLACE_M))


def _is_same_gap(first: Finding, second: Finding) -> bool:
    """Return True for findings of one rule and layer on the same land between features, whichever they name.

    Only the location distinguishes these findings. An overlap is different: another pair of features on the same land
    is another problem.
    """
    kinds = [(one.code, one.case, one.role, one.related_role, one.geom_kind, one.by_place) for one in (first, second)]
    is_gap = first.by_place and first.role == first.related_role and first.geom_kind == "area"
    return (
        is_gap
        and kinds[0] == kinds[1]
        and _measure_shared_land(first, second) > _SAME_GAP_SHARE * max(first.geometry.area, second.geometry.area)
    )
