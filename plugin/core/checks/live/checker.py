# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the local rules on a small plan of the rows that a change meets."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import shapely

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...engine.context import has_cultivated_rows
from ...engine.evaluate import evaluate_rules
from ...engine.outcome import complete_findings
from ...engine.waivers.application import mark_accepted_findings
from ...engine.waivers.waiver import NO_WAIVERS, Waivers
from ...geometry.polygons import MAX_UNCLIPPED_VERTICES
from ...geometry.tolerance import Tolerance
from ...model.findings import Finding, sort_findings
from ...model.rule import DECLARED_FAMILY, EVERY_LAYER, Rule
from ...plan.layer import Layer
from ...plan.plan import Plan, RecheckFocus
from ...standard.messages.texts import Texts
from .edited_rows import (
    EditedRows,
    RecheckResult,
    RowBounds,
    RowName,
    compute_changed_bounds,
    compute_common_bounds,
    make_row_name,
    make_source_with_frame,
    set_curve_text,
)

#: Rows of a covering layer (lines, zones, divisions) up to which all its rows near a changed row are checked.
MAX_COARSE_LAYER_ROWS = 3000
#: Meanings of fields that follow from the row's shape; rows that meet the changed row are not checked for them.
_ROW_ONLY_MEANINGS = {"area"}


def _checks_rows_alone(rule: Rule) -> bool:
    """Return True if a local rule checks each row without any other one: its shape (GEO) or its values (ATT).

    Declared checks read no other row near the changed one either: foreign keys have the values of the whole layer.
    """
    if rule.family == DECLARED_FAMILY:
        return True
    return rule.family in ("GEO", "ATT") and [need.concept for need in rule.needs.values()] == [EVERY_LAYER]


@dataclass(frozen=True)
class RowChange:
    """A row before and after a change.

    ``before``, ``after``: the row as a layer of one row; an empty layer where the row does not exist. ``is_whole``:
    recheck all land of the row, not only where its shape changed, because a field on which findings of other rows
    depend may have changed. ``renamed``: the changes of other rows that are named by key alone, or by key and feature
    id, because this row got or lost their key.
    """

    role: str
    row: int
    before: Layer
    after: Layer
    is_whole: bool = False
    renamed: tuple[RowChange, ...] = ()

    @property
    def _shapes(self) -> list[Any]:
        """Return the shapes in the plane before and after the change; None without one."""
        return [layer.plane_shapes[0] if len(layer) else None for layer in (self.before, self.after)]

    @cached_property
    def extent(self) -> RowBounds | None:
        """Return the box around the shapes before and after; None without a shape."""
        return compute_common_bounds(*self._shapes)

    @cached_property
    def changed_box(self) -> RowBounds | None:
        """Return the box within which rows must be rechecked; None if no shape changed."""
        return self.extent if self.is_whole else self._box_of_changed_edges

    @cached_property
    def _box_of_changed_edges(self) -> RowBounds | None:
        """Return the box within which the shape changed; None if it did not."""
        return compute_changed_bounds(*self._shapes)

    def reuse_clips(self) -> None:
        """Use the clips of a large polygon also for its changed shape, where it did not change."""
        former_shape, shape = self._shapes
        cache = self.after.clip_cache
        if cache is None or former_shape is None or shape is None:
            return
        if shapely.get_num_coordinates(former_shape) > MAX_UNCLIPPED_VERTICES:
            cache.reuse_clips(former_shape, shape, self._box_of_changed_edges)


def _list_rows_by_role(changes: Iterable[RowChange]) -> dict[str, list[int]]:
    """Return layer code → numbers of changed rows, each once, without rows that were removed."""
    rows: dict[str, dict[int, bool]] = {}
    for change in changes:
        rows.setdefault(change.role, {})[change.row] = bool(len(change.after))
    return {role: [row for row, is_there in numbers.items() if is_there] for role, numbers in rows.items()}


def _distribute_findings(findings: list[Finding], results: list[RecheckResult]) -> None:
    """Add each finding to the recheck results whose rows it concerns, in place.

    These are the results that may replace such a finding (`RecheckResult.may_replace_finding`).
    """
    results_by_name: dict[RowName, list[int]] = {}
    for position, result in enumerate(results):
        for name in result.changed_row_names | result.touched_rows:
            results_by_name.setdefault(name, []).append(position)
    for finding in findings:
        for position in dict.fromkeys(n for name in finding.list_rows() for n in results_by_name.get(name, ())):
            if results[position].may_replace_finding(finding):
                results[position].new_findings.append(finding)


class IncrementalChecker:
    """Rechecks rows of a plan during edits.

    ``rules``: the rules of the run; only the local ones run after an edit. The given plan is not changed. An instance
    must not be used by several threads at once.
    """

    def __init__(
        self,
        plan: Plan,
        rules: Iterable[Rule],
        *,
        parameters: dict[str, dict[str, Any]] | None = None,
        tolerance: Tolerance | None = None,
        lang: str = "zh",
        waivers: Callable[[], Waivers] = lambda: NO_WAIVERS,
    ):
        self.plan = plan
        # Read at each edit: waivers may change during the session.
        self._waivers = waivers
        self._all_rules = list(rules)
        self.rules = [rule for rule in self._all_rules if rule.local]
        self._parameters, self._tolerance, self._lang = parameters, tolerance, lang
        #: The rows of the plan with the edits so far.
        self.rows = EditedRows(plan)

    def fork(self) -> IncrementalChecker:
        """Return a checker that starts with the edits of this one; further edits do not affect the other."""
        fork = copy.copy(self)
        fork.rows = self.rows.fork()
        return fork

    def prepare(self, cancellation: Cancellation = NEVER_CANCELLED) -> None:
        """Build the search index before the first edit needs it."""
        for layer in self.plan.layers.values():
            cancellation.raise_if_cancelled()
            layer.polygons.find_pairs_meeting_bounds(np.zeros((1, 4)))
            _ = layer.repeated_keys, layer.broken_rows, layer.raw_shapes, layer.unrepaired_shapes
            self.rows.find_rows_with_key(layer.role, "")
        cancellation.raise_if_cancelled()
        self.plan.compute_county_shape()
        _ = self.plan.area_code

    def edit_row(self, role: str, row: int, shape: Any = ..., curve_text: str = "", /, **attributes: Any) -> RowChange:
        """Set shape and attributes of a row, and return the change, which is not rechecked; a removed row is restored.

        Parameters
        ----------
        role, row
            Layer code and row number.
        shape
            Shape in the layer's own coordinates; None: no shape; omitted: unchanged.
        curve_text
            WKT of the given shape if it has arcs, else empty.
        attributes
            Values by field name; omitted fields are unchanged.

        Raises
        ------
        KeyError
            The layer code is unknown.
        """
        former_row_layer = self.rows.make_current_row_layer(role, row)
        restored = former_row_layer if len(former_row_layer) else self.rows.removed_rows[role].pop(row)
        edited_row_layer = self.rows.make_changed_row(role, restored, shape, attributes, curve_text)
        is_whole = not len(former_row_layer) or not self.do_changes_affect_only_row(role, attributes)
        return self.adopt_change(RowChange(role, row, former_row_layer, edited_row_layer, is_whole))

    def add_row(self, role: str, fid: int, shape: Any, curve_text: str = "", /, **attributes: Any) -> RowChange:
        """Add a row, and return the change, which is not rechecked.

        ``fid``: feature id of the row; ``shape``, ``curve_text``, ``attributes``: as for `edit_row`. A key (BSM) that
        another row has is not reported, since that concerns the whole layer; the row is then identified by its feature
        id too.
        """
        layer = self.plan.layers[role]
        row = max([len(layer) - 1, *self.rows.list_edited_rows(role)]) + 1
        frame = layer.frame.iloc[:0].reindex([fid])
        new_row_layer = self.rows.make_changed_row(
            role, layer.make_layer_of_source(make_source_with_frame(layer, frame)), shape, attributes, curve_text
        )
        return self.adopt_change(RowChange(role, row, self.rows.make_empty_layer(role), new_row_layer))

    def remove_row(self, role: str, row: int) -> RowChange:
        """Remove a row, and return the change, which is not rechecked."""
        former_row_layer = self.rows.make_current_row_layer(role, row)
        return self.adopt_change(RowChange(role, row, former_row_layer, self.rows.make_empty_layer(role)))

    def adopt_change(self, change: RowChange) -> RowChange:
        """Set a row to its state after a change, such as one made in a fork, and return the change."""
        if len(change.before) and not len(change.after):
            self.rows.removed_rows[change.role][change.row] = change.before
        change.reuse_clips()
        self.rows.set_row(change.role, change.row, change.after)
        keys = dict.fromkeys(layer.keys[0] for layer in (change.before, change.after) if len(layer))
        renamed = [one for key in keys for one in self.rows.rename_rows_with_key(change.role, key)]
        return replace(
            change,
            after=next((after for n, _, after in renamed if n == change.row), change.after),
            renamed=tuple(
                RowChange(change.role, n, before, after, is_whole=True)
                for n, before, after in renamed
                if n != change.row
            ),
        )

    def set_row_feature_id(self, role: str, row: int, fid: int) -> RecheckResult | None:
        """Set the feature id of a row, which changes when a new row is saved.

        Return the result of a recheck if the key alone does not identify the row, since its findings then name the
        feature id; else None.
        """
        former_row_layer = self.rows.make_current_row_layer(role, row)
        if not len(former_row_layer):
            return None
        layer = self.plan.layers[role]
        source = make_source_with_frame(layer, former_row_layer.frame.set_axis([fid], axis=0))
        renumbered = layer.make_layer_of_source(set_curve_text(source, fid, self.rows.get_curve_text(role, row)))
        renumbered.__dict__["repeated_keys"] = former_row_layer.repeated_keys
        if former_row_layer.repeated_keys:
            return self.recheck_change(
                self.adopt_change(RowChange(role, row, former_row_layer, renumbered, is_whole=True))
            )
        self.rows.set_row(role, row, renumbered)
        return None

    def do_changes_affect_only_row(self, role: str, attributes: Iterable[str]) -> bool:
        """Return True if new values of these fields (by name) cannot affect findings on other rows."""
        template = self.plan.layers[role].template
        meanings = {template_field.name.upper(): template_field.meaning for template_field in template.fields}
        return all(meanings.get(name.upper()) in _ROW_ONLY_MEANINGS for name in attributes)

    def recheck_change(self, change: RowChange) -> RecheckResult:
        """Recheck a changed row and the land that it covers; return the findings of the local rules there."""
        return self.recheck_groups([[change]])[0]

    def recheck_groups(
        self, groups: Sequence[Sequence[RowChange]], cancellation: Cancellation = NEVER_CANCELLED
    ) -> list[RecheckResult]:
        """Recheck groups of changed rows in one evaluation of the rules, and return a result for each group.

        ``groups``: the changes of each group; rows of different groups must not meet the same land. A finding between
        rows that several groups touch is in the results of all these groups. Raise Cancelled if the user cancelled.
        """
        groups = [[one for change in group for one in (change, *change.renamed)] for group in groups]
        changes = [change for group in groups for change in group]
        roles = frozenset(change.role for change in changes)
        rules = [rule for rule in self.rules if any(self._uses_layer(rule, role) for role in roles)]
        row_rules = [rule for rule in rules if _checks_rows_alone(rule)]
        other_rules = [rule for rule in rules if not _checks_rows_alone(rule)]
        layers, selection_by_role, touched_rows = self._collect_surroundings(groups, roles, other_rules)
        small_plan = self.make_plan_of_rows(layers)
        focus = RecheckFocus(selection_by_role, None if self._concerns_all_layers(roles) else roles)
        changed_rows = _list_rows_by_role(changes)
        row_plan = self.make_plan_of_rows(
            {role: self.rows.make_layer_of_rows(role, changed_rows.get(role, [])) for role in layers}
        )
        findings: list[Finding] = []
        for plan_rules, plan in ((row_rules, row_plan), (other_rules, small_plan)):
            findings += evaluate_rules(
                plan_rules, plan, focus=focus, run_rules=self._all_rules, cancellation=cancellation,
                parameters=self._parameters, tolerance=self._tolerance, lang=self._lang,
            ).findings  # fmt: skip
        complete_findings(small_plan, findings, Texts(self._lang), cancellation)
        codes = frozenset(rule.code for rule in self.rules)
        failed_rules = tuple(f.params["rule"] for f in findings if f.code.startswith("RUN"))
        # Rules that read a layer which lost its last shape or cultivated parcel, or got its first one.
        rows_now = self.make_plan_of_rows({role: self.rows.make_empty_layer(role) for role in roles})
        filled_or_emptied = {
            role
            for role, layer in rows_now.layers.items()
            if layer.has_no_geometry != self.plan.layers[role].has_no_geometry
            or has_cultivated_rows(rows_now, layer) != has_cultivated_rows(self.plan, layer)
        }
        changed_everywhere = tuple(
            rule.code for rule in self.rules if rule.needs and not filled_or_emptied.isdisjoint(self._list_roles(rule))
        )
        covered_roles = frozenset(
            (rule.code, cover, role)
            for rule in rules
            for cover, role in self._list_covering_roles([rule])
            if cover in roles
        )
        results = [
            RecheckResult(
                frozenset(
                    make_row_name(change.role, layer, 0)
                    for change in group
                    for layer in (change.before, change.after)
                    if len(layer)
                ),
                frozenset(names),
                codes,
                [],
                failed_rules,
                changed_everywhere,
                covered_roles,
            )
            for group, names in zip(groups, touched_rows, strict=True)
        ]
        _distribute_findings(sort_findings(findings), results)
        for result in results:
            mark_accepted_findings(result.new_findings, self.plan, self._waivers())
        return results

    def _list_roles(self, rule: Rule) -> set[str]:
        """Return the roles of the layers that a rule needs by concept."""
        layers = (self.plan.find_layer_of_concept(need.concept) for need in rule.needs.values())
        return {layer.role for layer in layers if layer is not None}

    def _collect_surroundings(
        self, groups: Sequence[Sequence[RowChange]], changed_roles: frozenset[str], rules: list[Rule]
    ) -> tuple[dict[str, Layer], dict[str, np.ndarray], list[set[RowName]]]:
        """Return the rows that changed rows meet, and which of them to check.

        Three results: role → layer of these rows, empty for layers that none of ``rules`` reads; role → (n,) bool, rows
        of that layer to check; for each group, the names of the rows that meet the land where shapes changed.
        """
        # Each finding names its township.
        townships = self.plan.find_layer_of_concept("townships")
        read_roles = {role for rule in rules for role in self._list_roles(rule)}.union(
            self.plan.layers
            if any(not rule.needs for rule in rules) or self._concerns_all_layers(changed_roles)
            else changed_roles,
            [] if townships is None else [townships.role],
        )
        changes = [change for group in groups for change in group]
        changed_rows = _list_rows_by_role(changes)
        near_rows: dict[str, set[int]] = {role: set() for role in self.plan.layers}
        rows_to_check: dict[str, set[int]] = {role: set() for role in self.plan.layers}
        touched_rows: list[set[RowName]] = [set() for _ in groups]
        # For each box the numbers of the rows that meet it; in one query of each layer.
        changed_boxes, extents = [change.changed_box for change in changes], [change.extent for change in changes]
        in_changed_boxes = {
            role: self.rows.find_rows_meeting_each_box(role, changed_boxes) for role in self.plan.layers
        }
        coarse_roles = {role for role in read_roles if len(self.plan.layers[role]) <= MAX_COARSE_LAYER_ROWS}
        in_extents = {role: self.rows.find_rows_meeting_each_box(role, extents) for role in coarse_roles}
        group_numbers = [number for number, group in enumerate(groups) for _ in group]
        for position, (change, number) in enumerate(zip(changes, group_numbers, strict=True)):
            row_names = touched_rows[number]
            has_several_roles = len({one.role for one in groups[number]}) > 1
            for role in self.plan.layers:
                in_changed_box = in_changed_boxes[role][position]
                if role == change.role:
                    in_changed_box.discard(change.row)
                row_names |= {make_row_name(role, *self.rows.locate_row(role, n)) for n in in_changed_box}
                if role not in read_roles:
                    continue
                near_rows[role] |= in_changed_box
                if role in coarse_roles:
                    near_rows[role] |= in_extents[role][position]
                # A change of another layer in the group concerns the other rows of this layer.
                if role != change.role or has_several_roles:
                    rows_to_check[role] |= in_changed_box
        for covering_role, role in self._list_covering_roles(rules):
            checked_rows = rows_to_check[role].union(changed_rows.get(role, []))
            boxes = [self.rows.compute_bounds(role, [n]) for n in checked_rows]
            near_rows[covering_role] |= self.rows.find_rows_meeting_bounds(covering_role, *boxes)
        layers: dict[str, Layer] = {}
        selection_by_role: dict[str, np.ndarray] = {}
        for role in self.plan.layers:
            role_rows = changed_rows.get(role, [])
            rows = [*self.rows.sort_edited_last(role, near_rows[role].difference(role_rows)), *role_rows]
            layers[role] = self.rows.make_layer_of_rows(role, rows)
            selected_rows = rows_to_check[role].union(role_rows)
            selection_by_role[role] = np.array([n in selected_rows for n in rows], dtype=bool)
        return layers, selection_by_role, touched_rows

    def _list_covering_roles(self, rules: list[Rule]) -> set[tuple[str, str]]:
        """Return pairs (covering layer, covered layer) by their codes.

        Rows of the first may together cover a row of the second.
        """
        return {
            (layer.role, role)
            for rule in rules
            for need in rule.needs.values()
            if need.covers and (layer := self.plan.find_layer_of_concept(need.concept)) is not None
            for role in self._list_roles_to_cover(rule) - {layer.role}
        }

    def _concerns_all_layers(self, changed_roles: frozenset[str]) -> bool:
        """Return True if changed layers include the outline of the county or of the sea, which cut all layers."""
        outlines = map(self.plan.find_layer_of_concept, ("county", "sea"))
        return any(layer is not None and layer.role in changed_roles for layer in outlines)

    def _list_roles_to_cover(self, rule: Rule) -> set[str]:
        """Return the roles of the layers that a rule compares with those that cover them: all, if it needs each."""
        needs_each_layer = any(need.concept == EVERY_LAYER for need in rule.needs.values())
        return set(self.plan.layers) if needs_each_layer else self._list_roles(rule)

    def _uses_layer(self, rule: Rule, role: str) -> bool:
        """Return True if a rule uses the layer with this role; a rule without needs uses all layers."""
        needs_each_layer = any(need.concept == EVERY_LAYER for need in rule.needs.values())
        return needs_each_layer or not rule.needs or role in self._list_roles(rule)

    def make_plan_of_rows(self, layers: dict[str, Layer]) -> Plan:
        """Return a plan of layers (by role) with the county's settings and outline.

        A layer counts as having a geometry if any row of the whole layer has one.
        """
        county = self.plan.find_layer_of_concept("county")
        plan_of_rows = self.plan.make_plan_of_rows(
            layers, same_county=county is not None and not self.rows.list_edited_rows(county.role)
        )
        for role, layer in layers.items():
            layer.__dict__["has_no_geometry"] = not self.rows.has_any_shape(role)
        plan_of_rows.whole_layer_values = partial(self.rows.find_values_of_field, self.plan)
        return plan_of_rows
