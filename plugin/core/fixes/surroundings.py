# SPDX-License-Identifier: GPL-2.0-or-later
"""The land around a change: rules that are not local are evaluated there, and fixes on separate land are independent.

A rule such as TOP002 compares a whole layer with the county. In the surroundings of a change it has the same result as
on the whole, if the county's outline is cut at the edge of the surroundings and all rows that meet them are there. The
surroundings are evaluated before and after the change, and only differences count; so their edge does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..checks.live.edited_rows import compute_changed_edge_bounds, compute_common_bounds
from ..engine.evaluate import evaluate_rules
from ..exchange.edited_copy import UNCHANGED
from ..geometry.polygons import Polygons, do_boxes_meet, widen_bounds
from ..geometry.validity import extract_polygons, mask_missing_shapes
from ..model.findings import Finding
from ..model.rule import EVERY_LAYER, Rule, load_all_rules
from ..plan.layer import Layer
from ..plan.plan import RecheckFocus
from .edits import Edits
from .land_boxes import LayerClipper, join_meeting_boxes
from .state import EditingState, RunSettings

#: Land around a change (m) that belongs to its surroundings.
MARGIN_M = 5.0
#: The setting that a rule uses if it reads the lines that may fill the windows (开天窗) of a layer.
_WINDOW_FILLERS = "quality.window_fillers"

Bounds = tuple[float, float, float, float]


class SurroundingsFailed(Exception):
    """Raised if a rule could not check the surroundings of an edit; the text names the rule."""


def choose_surroundings_rules(
    state: EditingState, roles: Iterable[str], *, shapes: bool, keys: bool, fields: bool
) -> list[Rule]:
    """Return the rules that are not local and that a change of these layers may affect.

    ``shapes``, ``keys``, ``fields``: whether shapes, keys or the list of fields change.
    """
    is_affected = {"gaps": shapes, "shapes": shapes, "keys": keys, "fields": fields}
    changed_roles = set(roles)
    rules = sorted(map(load_all_rules().__getitem__, state.settings.rule_codes), key=lambda rule: rule.order)
    return [rule for rule in rules if is_affected.get(rule.surroundings) and _reads_layers(rule, state, changed_roles)]


def list_untried_rules(settings: RunSettings, edits: Edits) -> list[str]:
    """Return the codes of rules that edits may affect but a trial does not evaluate.

    A trial evaluates neither totals and other rules on whole layers, nor the values of a new field, nor the default
    rules that the check left out. No rule is omitted here because of its layers: many of these rules read more layers
    than they need. Rules on the structure of layers (SCH) depend only on their fields, and on whether they have rows.
    """
    adds_fields = bool(edits.new_fields)
    has_other_structure = adds_fields or any(edit.is_deleted for edit in edits)
    rules = load_all_rules()
    codes = (*(code for code in settings.rule_codes if not rules[code].surroundings), *settings.left_out_rules)
    return [
        rule.code
        for rule in map(rules.__getitem__, codes)
        if (
            has_other_structure
            if rule.family == "SCH"
            else adds_fields or not rule.local or rule.partly_local or rule.code in settings.left_out_rules
        )
    ]


def _reads_layers(rule: Rule, state: EditingState, roles: set[str]) -> bool:
    """Return True if a rule reads one of these layers."""
    concepts = [need.concept for need in rule.needs.values()]
    return not concepts or EVERY_LAYER in concepts or bool(_find_roles(state, concepts) & roles)


def find_findings_in_surroundings(
    state: EditingState,
    rules: list[Rule],
    changed_roles: Iterable[str],
    clipper: LayerClipper,
    keys: Collection[str],
    numbers: Mapping[str, set[int]],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[Finding]:
    """Return the findings of rules in the surroundings of edits, without messages.

    ``changed_roles``: the layers that change; rules that check each layer alone check only these. ``clipper``: has the
    boxes of the surroundings in the plane, which must not meet each other. ``keys``: keys (BSM) whose rows in all
    layers are checked too, wherever they are. ``numbers``: layer code → row numbers of further rows to check. Raise
    SurroundingsFailed, Cancelled.
    """
    rows, boxes = state.session.checker.rows, clipper.boxes
    layers: dict[str, Layer] = {}
    focused_roles = _choose_roles_for_rules_on_every_layer(rules, state, set(changed_roles))
    read_roles = _list_read_roles(rules, state, focused_roles)
    for role in state.plan.layers:
        if role not in read_roles:
            # The rules still see that the plan has the layer.
            layers[role] = rows.make_empty_layer(role)
            continue
        row_numbers = {*numbers.get(role, ()), *rows.find_rows_meeting_bounds(role, *boxes)}
        row_numbers.update(*(rows.find_rows_with_key(role, key) for key in keys))
        layers[role] = state.make_layer(role, row_numbers)
    gap_rules = [rule for rule in rules if rule.surroundings == "gaps"]
    other_rules = [rule for rule in rules if rule.surroundings != "gaps"]
    findings = _evaluate(state, other_rules, layers, boxes, focused_roles, cancellation) if other_rules else []
    # Without a box, no edge changed and no gap has a row that changed.
    if gap_rules and boxes:
        findings += _evaluate(state, gap_rules, clipper.clip_layers(layers), boxes, focused_roles, cancellation)
    return findings


def _evaluate(
    state: EditingState,
    rules: list[Rule],
    layers: dict[str, Layer],
    boxes: Sequence[Bounds],
    focused_roles: frozenset[str] | None,
    cancellation: Cancellation,
) -> list[Finding]:
    """Return the findings of rules in layers that are cut to the surroundings.

    ``focused_roles``: the layers that rules on every layer check, None for all. Raise SurroundingsFailed, Cancelled.
    """
    county = state.plan.find_layer_of_concept("county")
    is_same_county = county is not None and not state.session.checker.rows.list_edited_rows(county.role)
    part = state.plan.make_plan_of_rows(layers, same_county=is_same_county)
    shape = state.county_shape
    if is_same_county and boxes and shape is not None:
        land = shapely.multipolygons([shapely.box(*box) for box in boxes])
        part.get_cache("county_shape", of_given_layers=True)[None] = Polygons(
            np.array([extract_polygons(shapely.intersection(shape, land))], dtype=object)
        )
    evaluation = evaluate_rules(
        rules,
        part,
        focus=RecheckFocus({}, focused_roles),
        # A rule leaves out what another rule of the check reports.
        run_rules=[load_all_rules()[code] for code in state.settings.rule_codes],
        parameters=state.settings.parameters,
        tolerance=state.settings.tolerance,
        lang=state.settings.lang,
        cancellation=cancellation,
    )
    failed_rules = [finding.params["rule"] for finding in evaluation.findings if finding.code.startswith("RUN")]
    if failed_rules:
        raise SurroundingsFailed(", ".join(map(str, failed_rules)))
    return evaluation.findings


def _choose_roles_for_rules_on_every_layer(
    rules: list[Rule], state: EditingState, changed_roles: set[str]
) -> frozenset[str] | None:
    """Return the codes of the layers that rules on every layer (`EVERY_LAYER`) must check; None for all layers.

    These are the changed layers, unless one of the rules compares layers with each other.
    """
    every_layer = [rule for rule in rules if any(need.concept == EVERY_LAYER for need in rule.needs.values())]
    if not all(rule.checks_one_layer for rule in every_layer):
        return None
    if any(_WINDOW_FILLERS in rule.uses for rule in every_layer) and changed_roles & _find_roles(
        state, state.norm.get(_WINDOW_FILLERS)
    ):
        return frozenset(changed_roles | _find_roles(state, state.norm.get("quality.windowed")))
    return frozenset(changed_roles)


def _list_read_roles(rules: list[Rule], state: EditingState, focused_roles: frozenset[str] | None) -> set[str]:
    """Return the codes of the layers that at least one of the rules reads.

    Rules on every layer read only ``focused_roles``; None: all layers.
    """
    concepts = {need.concept for rule in rules for need in rule.needs.values()}
    if focused_roles is None or not all(rule.needs for rule in rules):
        return set(state.plan.layers)
    read_roles = _find_roles(state, concepts - {EVERY_LAYER})
    if EVERY_LAYER in concepts:
        read_roles |= focused_roles
        if focused_roles & _find_roles(state, state.norm.get("quality.windowed")):
            read_roles |= _find_roles(state, state.norm.get(_WINDOW_FILLERS))
    return read_roles


def _find_roles(state: EditingState, concepts: Iterable[str]) -> set[str]:
    """Return the codes of the plan's layers that belong to these concepts."""
    layers = (state.plan.find_layer_of_concept(concept) for concept in concepts)
    return {layer.role for layer in layers if layer is not None}


#: Parts of a shape that get a box each, at most; more of them get one box around all.
_MAX_SEPARATE_PARTS = 20


@dataclass(frozen=True)
class Region:
    """The land that a fix concerns, in the plane (m).

    ``boxes``: around the parts of the finding and around the edges that change, widened by `MARGIN_M`, and around the
    findings there of rules that are not local; no two of them meet. ``shapes``: the changed rows before and after.
    """

    boxes: tuple[Bounds, ...]
    shapes: tuple[Any, ...] = ()


def compute_finding_region(state: EditingState, finding: Finding) -> Region | None:
    """Return the region of a finding, or of its row if the finding has no shape; None without either."""
    boxes = list_part_boxes(state.get_finding_shape(finding))
    if not boxes and finding.role in state.plan.layers:
        rows = state.session.checker.rows
        bounds = rows.compute_bounds(finding.role, rows.find_rows_with_key(finding.role, finding.key))
        boxes = [] if bounds is None else [bounds]
    return Region(tuple(join_meeting_boxes(widen_bounds(box, MARGIN_M) for box in boxes))) if boxes else None


def list_part_boxes(shape: Any) -> list[Bounds]:
    """Return the boxes around the parts of a multipart shape; none without a shape.

    The rows with one key may be anywhere in the county: a box around all would be most of it. A shape of more than
    `_MAX_SEPARATE_PARTS` parts has one box around all of them.
    """
    bounds = compute_common_bounds(shape)
    if bounds is None:
        return []
    parts = [part for part in shapely.get_parts([shape]) if not part.is_empty]
    return [part.bounds for part in parts] if len(parts) <= _MAX_SEPARATE_PARTS else [bounds]


def compute_edits_region(state: EditingState, place: Region, edits: Edits) -> Region | None:
    """Return the region of edits and their finding; ``place``: the region of the finding.

    None if the edits concern more than the land around their rows: a new field, or a row without a shape.
    """
    if edits.new_fields:
        return None
    boxes = list(place.boxes)
    shapes: list[Any] = []
    for edit in edits:
        shape_before = None if edit.is_new else state.get_row(edit.role, edit.fid).plane_shape
        shape_after = shape_before if edit.shape is UNCHANGED else edit.shape
        shape_pair = np.array([shape_before, shape_after, None], dtype=object)
        present_shapes = shape_pair[~mask_missing_shapes(shape_pair)].tolist()
        if not present_shapes:
            return None
        shapes += present_shapes
        is_whole = (
            len(present_shapes) == 1
            or edit.is_deleted
            or (not state.session.checker.do_changes_affect_only_row(edit.role, edit.attributes))
        )
        box = compute_common_bounds(*present_shapes) if is_whole else compute_changed_box(shape_before, shape_after)
        boxes += [] if box is None else [widen_bounds(box, MARGIN_M)]
    return Region(
        tuple(join_meeting_boxes(state.places_of_uncut_findings.extend_box_to_findings(box) for box in boxes)),
        tuple(shapes),
    )


def compute_changed_box(before: Any, after: Any) -> Bounds | None:
    """Return the box (m) around the land in which two shapes of a row in the plane differ; None if they do not.

    For two polygons it is the box around the edges that differ, else around both shapes. One of them may be None.
    """
    if before is None or after is None or min(shapely.get_dimensions([before, after])) < 2:
        return compute_common_bounds(before, after)
    return compute_changed_edge_bounds(before, after)


class OccupiedLand:
    """The regions of the fixes in a group, to find out whether a further fix is on separate land."""

    def __init__(self, regions: Iterable[Region] = ()):
        #: Boxes, and shapes of rows, each as its bounds and its geometry.
        self._boxes: list[tuple[Bounds, Any]] = []
        self._shapes: list[tuple[Bounds, Any]] = []
        for region in regions:
            self.add(region)

    def add(self, region: Region) -> None:
        """Add the region of a further fix."""
        self._boxes += [(box, shapely.box(*box)) for box in region.boxes]
        self._shapes += [(shape.bounds, shape) for shape in region.shapes]

    def meets_region(self, region: Region) -> bool:
        """Return True if a further fix would not be on separate land.

        That is so if one of the two changes land next to a row that the other changes.
        """
        if any(do_boxes_meet(box, other) for box in region.boxes for other, _ in self._boxes):
            return True
        boxes = ((box, shapely.box(*box), self._shapes) for box in region.boxes)
        shapes = ((shape.bounds, shape, self._boxes) for shape in region.shapes)
        for bounds, shape, others in (*boxes, *shapes):
            nearby = [other for other_bounds, other in others if do_boxes_meet(bounds, other_bounds)]
            if nearby and shapely.intersects(shape, nearby).any():
                return True
        return False
