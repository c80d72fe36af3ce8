# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the local rules on a small plan of the rows that a change meets."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..engine.evaluate import evaluate_rules
from ..engine.finish import complete_findings
from ..messages.texts import Texts
from ..model.findings import sort_findings
from ..model.rule import EVERY_LAYER, Rule
from ..plan.layer import Layer
from ..plan.plan import Plan, RecheckFocus
from ..waivers.application import mark_accepted_findings
from ..waivers.model import NO_WAIVERS, Waivers
from .rows import (
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

if TYPE_CHECKING:
    from ..geometry.tolerance import Tolerance
    from ..model.findings import Finding

#: Rows of a covering layer (lines, zones, divisions) up to which all its rows near a changed row are checked.
MAX_COARSE_LAYER_ROWS = 3000
#: Meanings of fields that follow from the row's shape; rows that meet the changed row are not checked for them.
_ROW_ONLY_MEANINGS = {"area"}


def _checks_rows_alone(rule: Rule) -> bool:
    """Return True if a local rule checks each row without any other one: its shape (GEO) or its values (ATT)."""
    return rule.family in ("GEO", "ATT") and [need.concept for need in rule.needs.values()] == [EVERY_LAYER]


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
        self.rules = [rule for rule in rules if rule.local]
        self._parameters, self._tolerance, self._lang = parameters, tolerance, lang
        self._rows = EditedRows(plan)

    @property
    def rows(self) -> EditedRows:
        """Return the rows with the edits so far."""
        return self._rows

    def fork(self) -> IncrementalChecker:
        """Return a checker that starts from the present edits and does not change this one."""
        fork = copy.copy(self)
        fork._rows = self._rows.fork()
        return fork

    def prepare(self, cancellation: Cancellation = NEVER_CANCELLED) -> None:
        """Build the search index before the first edit needs it."""
        for layer in self.plan.layers.values():
            cancellation.raise_if_cancelled()
            layer.polygons.find_rows_meeting_bounds((0.0, 0.0, 0.0, 0.0))
            _ = layer.repeated_keys, layer.broken, layer.raw_shapes, layer.unrepaired_shapes
            self._rows.find_row_of_key(layer.role, "")
        cancellation.raise_if_cancelled()
        self.plan.compute_county_shape()
        _ = self.plan.area_code

    def edit_row(
        self, role: str, row: int, shape: Any = ..., curve_text: str = "", /, **attributes: Any
    ) -> RecheckResult:
        """Set shape and attributes of a row, and recheck it.

        Parameters
        ----------
        role, row
            Layer code and row number.
        shape
            Shape in the layer's own coordinates; None: no shape; omitted: unchanged.
        curve_text
            Text (WKT) of a given shape that has arcs; empty: it has none.
        attributes
            Values by field name; omitted fields are unchanged.

        Returns
        -------
        RecheckResult
            Findings of the local rules on the row and on the land that it covers. A removed row is restored.

        Raises
        ------
        KeyError
            The layer code is unknown.
        """
        former = self._rows.make_current_row_layer(role, row)
        restored = former if len(former) else self._rows.restore_removed(role, row)
        edited = self._rows.make_changed_row(role, restored, shape, attributes, curve_text)
        self._rows.update_key_uniqueness(role, row, restored, edited)
        affects_others = not self._affect_only_row(role, attributes)
        return self._recheck_row(role, row, former, edited, whole=affects_others or not len(former))

    def add_row(
        self, role: str, fid: int, shape: Any, curve_text: str = "", /, **attributes: Any
    ) -> tuple[int, RecheckResult]:
        """Add a row; return its number for later edits, and its findings.

        ``curve_text``: as in `edit_row`.

        A key (BSM) that another row has is not reported, since that concerns the whole layer; the row is then
        identified by its feature id too.
        """
        layer = self.plan.layers[role]
        row = self._rows.issue_row_number(role)
        frame = layer.frame.iloc[:0].reindex([fid])
        added = self._rows.make_changed_row(
            role, layer.make_layer_of_source(make_source_with_frame(layer, frame)), shape, attributes, curve_text
        )
        self._rows.update_key_uniqueness(role, row, None, added)
        return row, self._recheck_row(role, row, self._rows.make_empty_layer(role), added)

    def remove_row(self, role: str, row: int) -> RecheckResult:
        """Remove a row and recheck where it was: its findings end, and gaps may appear."""
        former = self._rows.make_current_row_layer(role, row)
        if len(former):
            self._rows.remember_removed(role, row, former)
        return self._recheck_row(role, row, former, self._rows.make_empty_layer(role))

    def set_row_feature_id(self, role: str, row: int, fid: int) -> RecheckResult | None:
        """Set the feature id of a row that was saved.

        Return new findings if only the feature id identifies the row, else None.
        """
        former = self._rows.make_current_row_layer(role, row)
        if not len(former):
            return None
        layer = self.plan.layers[role]
        source = make_source_with_frame(layer, former.frame.set_axis([fid], axis=0))
        renumbered = layer.make_layer_of_source(set_curve_text(source, fid, self._rows.get_curve_text(role, row)))
        renumbered.__dict__["repeated_keys"] = former.repeated_keys
        if former.repeated_keys:
            return self._recheck_row(role, row, former, renumbered, whole=True)
        self._rows.set_row(role, row, renumbered)
        return None

    def get_row(self, role: str, row: int) -> tuple[Any, dict[str, Any]] | None:
        """Return shape and attributes of a row as edited; None if it was removed.

        The shape is in the layer's own coordinates.
        """
        return self._rows.get_row(role, row)

    def _affect_only_row(self, role: str, attributes: Iterable[str]) -> bool:
        """Return True if changes of these fields cannot affect findings on other rows."""
        template = self.plan.layers[role].template
        meanings = {declared.name.upper(): declared.meaning for declared in template.fields}
        return all(meanings.get(name.upper()) in _ROW_ONLY_MEANINGS for name in attributes)

    def _recheck_row(self, role: str, row: int, before: Layer, after: Layer, *, whole: bool = False) -> RecheckResult:
        """Recheck a row after a change.

        ``whole``: recheck all land of the row, not only where its shape changed, because a field that other rows'
        findings depend on may have changed.
        """
        self._rows.set_row(role, row, after)
        shapes = [layer.plane[0] if len(layer) else None for layer in (before, after)]
        extent = compute_common_bounds(*shapes)
        changed_box = extent if whole else compute_changed_bounds(*shapes)
        rules = [rule for rule in self.rules if self._uses_layer(rule, role)]
        row_rules = [rule for rule in rules if _checks_rows_alone(rule)]
        other_rules = [rule for rule in rules if not _checks_rows_alone(rule)]
        layers, selected, touched = self._collect_surroundings(
            role, row, after, changed_box, extent, self._list_read_roles(role, other_rules)
        )
        small_plan = self._make_small_plan(layers)
        # The county's outline cuts all layers, so a change to it concerns all of them.
        county = self.plan.find_layer_of_concept("county")
        focus = RecheckFocus(selected, None if county is not None and county.role == role else frozenset({role}))
        row_plan = self._make_small_plan({one: self._rows.make_empty_layer(one) for one in layers} | {role: after})
        findings: list[Finding] = []
        for part_of_rules, plan in ((row_rules, row_plan), (other_rules, small_plan)):
            findings += evaluate_rules(
                part_of_rules, plan, focus=focus, run_rules=rules,
                parameters=self._parameters, tolerance=self._tolerance, lang=self._lang,
            ).findings  # fmt: skip
        complete_findings(small_plan, findings, Texts(self._lang), NEVER_CANCELLED)
        codes = frozenset(rule.code for rule in self.rules)
        names = frozenset(make_row_name(role, layer, 0) for layer in (before, after) if len(layer))
        result = RecheckResult(names, frozenset(touched), codes)
        result.new_findings = [finding for finding in sort_findings(findings) if result.may_replace_finding(finding)]
        mark_accepted_findings(result.new_findings, self.plan, self._waivers())
        result.failed_rules = tuple(f.params["rule"] for f in findings if f.code.startswith("RUN"))
        return result

    def _list_read_roles(self, role: str, rules: list[Rule]) -> set[str]:
        """Return the layers that rules on rows and their surroundings read after a change of a layer.

        The townships are among them, since each finding names one.
        """
        if any(not rule.needs for rule in rules):
            return set(self.plan.layers)
        concepts = {need.concept for rule in rules for need in rule.needs.values()} | {"townships"}
        layers = (self.plan.find_layer_of_concept(concept) for concept in concepts - {EVERY_LAYER})
        return {role} | {layer.role for layer in layers if layer is not None}

    def _collect_surroundings(
        self,
        role: str,
        row: int,
        after: Layer,
        changed_box: RowBounds | None,
        extent: RowBounds | None,
        read_roles: set[str],
    ) -> tuple[dict[str, Layer], dict[str, np.ndarray], set[RowName]]:
        """Return the rows that a changed row meets, as layers by role; which to check.

        Layers that no rule reads (not in ``read_roles``) are empty. The third result has the names of the rows where
        the layer changed.
        """
        layers: dict[str, Layer] = {}
        selected: dict[str, np.ndarray] = {}
        touched: set[RowName] = set()
        for other_role, layer in self.plan.layers.items():
            own_row = {row} if other_role == role else set()
            in_changed_box = self._rows.find_rows_meeting_bounds(other_role, changed_box) - own_row
            in_extent = in_changed_box | (
                self._rows.find_rows_meeting_bounds(other_role, extent) - own_row
                if len(layer) <= MAX_COARSE_LAYER_ROWS
                else set()
            )
            touched |= {self._rows.get_row_name(other_role, n) for n in in_changed_box}
            if other_role not in read_roles:
                layers[other_role] = self._rows.make_empty_layer(other_role)
                selected[other_role] = np.zeros(0, dtype=bool)
                continue
            rows = self._rows.sort_edited_last(other_role, in_extent)
            layers[other_role] = self._rows.make_layer_of_rows(other_role, rows, after if own_row else None)
            selected[other_role] = np.array(
                [n in in_changed_box for n in rows] + [False] * (len(layers[other_role]) - len(rows)), dtype=bool
            )
        if len(self.plan.layers[role]) <= MAX_COARSE_LAYER_ROWS:
            # Other rows of its layer may cover the land that the changed row covered.
            checked_shapes = [
                layer.plane[n] for other_role, layer in layers.items() for n in np.flatnonzero(selected[other_role])
            ]
            in_extent = self._rows.find_rows_meeting_bounds(
                role, compute_common_bounds(extent and shapely.box(*extent), *checked_shapes)
            ) - {row}
            layers[role] = self._rows.make_layer_of_rows(role, self._rows.sort_edited_last(role, in_extent), after)
        # The changed row is the last one in its layer.
        selected[role] = np.arange(len(layers[role])) >= len(layers[role]) - len(after)
        return layers, selected, touched

    def _uses_layer(self, rule: Rule, role: str) -> bool:
        """Return True if the rule uses this layer; a rule without needs uses all layers."""
        needed_layers = (
            self.plan.find_layer_of_concept(need.concept) for need in rule.needs.values() if need.concept != EVERY_LAYER
        )
        needs_each_layer = any(need.concept == EVERY_LAYER for need in rule.needs.values())
        return (
            needs_each_layer
            or not rule.needs
            or any(layer is not None and layer.role == role for layer in needed_layers)
        )

    def _make_small_plan(self, layers: dict[str, Layer]) -> Plan:
        """Return a plan of these layers, with the county's settings."""
        county = self.plan.find_layer_of_concept("county")
        return self.plan.make_part(
            layers, same_county=county is not None and not self._rows.has_edited_rows(county.role)
        )
