# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the local rules on a small plan of the rows that a change meets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..cancellation import NEVER, Cancellation
from ..engine.evaluate import evaluate
from ..engine.finish import complete_findings
from ..messages.texts import Texts
from ..model.findings import sort_findings
from ..model.rule import EACH, Rule
from ..plan.layer import Layer
from ..plan.plan import Focus, Plan
from ..waivers.application import mark_accepted
from ..waivers.model import NO_WAIVERS, Waivers
from .rows import Bounds, Name, RecheckResult, Rows, changed_bounds, name_row, replace_frame, union_bounds

if TYPE_CHECKING:
    from ..geometry.tolerance import Tolerance

#: Rows of a covering layer (lines, zones, divisions) up to which all its rows near a changed row are checked.
COARSE_ROWS = 3000
#: Meanings of fields that follow from the row's shape; rows that meet the changed row are not checked for them.
_OF_THE_ROW = {"area"}


class IncrementalChecker:
    """Rechecks a plan during edits.

    ``rules``: the rules of the run; only the local ones run after an edit. The given plan is not changed. An instance
    is not safe for concurrent use by several threads.
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
        self._rows = Rows(plan)

    def prepare(self, cancellation: Cancellation = NEVER) -> None:
        """Build the search index before the first edit needs it."""
        for layer in self.plan.layers.values():
            cancellation.raise_if_cancelled()
            layer.polygons.rows_in((0.0, 0.0, 0.0, 0.0))
            _ = layer.repeated_keys, layer.broken, layer.raw_shapes, layer.original
            self._rows.row_of_key(layer.role, "")
        cancellation.raise_if_cancelled()
        self.plan.county_shape()
        _ = self.plan.area_code

    def edit(self, role: str, row: int, shape: Any = ..., /, **attributes: Any) -> RecheckResult:
        """Set shape and attributes of row ``row`` of a layer, and recheck it.

        Parameters
        ----------
        shape
            Shape in the layer's own coordinates; None: no shape. Omitted: unchanged.
        attributes
            Values by field name; omitted fields are unchanged.

        Returns
        -------
        RecheckResult
            Findings of the local rules on the row and on the land that it covers. A removed row is restored.

        Raises
        ------
        KeyError
            The role is unknown.
        """
        before = self._rows.current_row(role, row)
        known = before if len(before) else self._rows.restore_removed(role, row)
        after = self._rows.changed(role, known, shape, attributes)
        self._rows.update_key_uniqueness(role, row, known, after)
        widely = not self._concern_the_row(role, attributes)
        return self._recheck(role, row, before, after, whole=widely or not len(before))

    def add(self, role: str, fid: int, shape: Any, /, **attributes: Any) -> tuple[int, RecheckResult]:
        """Add a row; return its number for later edits, and its findings.

        A duplicate key concerns the whole layer: here it only makes the feature id part of the row's name.
        """
        layer = self.plan.layers[role]
        row = self._rows.next_number(role)
        frame = layer.frame.iloc[:0].reindex([fid])
        after = self._rows.changed(role, layer.like(replace_frame(layer, frame)), shape, attributes)
        self._rows.update_key_uniqueness(role, row, None, after)
        return row, self._recheck(role, row, self._rows.empty_layer(role), after)

    def remove(self, role: str, row: int) -> RecheckResult:
        """Remove a row: its findings end, and its removal may open gaps."""
        before = self._rows.current_row(role, row)
        if len(before):
            self._rows.remember_removed(role, row, before)
        return self._recheck(role, row, before, self._rows.empty_layer(role))

    def renumber(self, role: str, row: int, fid: int) -> RecheckResult | None:
        """Set the feature id of a row that was saved.

        Return the new findings if only the feature id identifies the row; else None.
        """
        before = self._rows.current_row(role, row)
        if not len(before):
            return None
        layer = self.plan.layers[role]
        after = layer.like(replace_frame(layer, before.frame.set_axis([fid], axis=0)))
        after.__dict__["repeated_keys"] = before.repeated_keys
        if before.repeated_keys:
            return self._recheck(role, row, before, after, whole=True)
        self._rows.set_row(role, row, after)
        return None

    def row(self, role: str, row: int) -> tuple[Any, dict[str, Any]] | None:
        """Return shape and attributes of a row as edited; None if it was removed.

        The shape is in the layer's own coordinates.
        """
        return self._rows.row(role, row)

    def _concern_the_row(self, role: str, attributes: Iterable[str]) -> bool:
        """Return True if rules read these fields for the row alone.

        Such fields do not matter where the row meets others.
        """
        template = self.plan.layers[role].template
        meanings = {declared.name.upper(): declared.meaning for declared in template.fields}
        return all(meanings.get(name.upper()) in _OF_THE_ROW for name in attributes)

    def _recheck(self, role: str, row: int, before: Layer, after: Layer, *, whole: bool = False) -> RecheckResult:
        """Recheck a row.

        ``whole``: recheck all land of the row, not only where the shape changed, because its code may have changed.
        """
        self._rows.set_row(role, row, after)
        shapes = [layer.plane[0] if len(layer) else None for layer in (before, after)]
        extent = union_bounds(*shapes)
        where = extent if whole else changed_bounds(*shapes)
        layers, selected, touched = self._around(role, row, after, where, extent)
        small = self._small(layers)
        # The county's outline cuts all layers, so a change to it concerns all of them.
        county = self.plan.concept("county")
        focus = Focus(selected, None if county is not None and county.role == role else frozenset({role}))
        rules = [rule for rule in self.rules if self._concerns(rule, role)]
        done = evaluate(
            rules, small, focus=focus, parameters=self._parameters, tolerance=self._tolerance, lang=self._lang
        )
        complete_findings(small, done.findings, Texts(self._lang), NEVER)
        codes = frozenset(rule.code for rule in self.rules)
        names = frozenset(name_row(role, layer, 0) for layer in (before, after) if len(layer))
        answer = RecheckResult(names, frozenset(touched), where, codes)
        answer.found = [finding for finding in sort_findings(done.findings) if answer.replaces(finding)]
        mark_accepted(answer.found, self.plan, self._waivers())
        answer.failed = tuple(f.params["rule"] for f in done.findings if f.code.startswith("RUN"))
        return answer

    def _around(
        self, role: str, row: int, after: Layer, where: Bounds | None, extent: Bounds | None
    ) -> tuple[dict[str, Layer], dict[str, np.ndarray], set[Name]]:
        """Return the rows that a changed row meets, as layers.

        The second result selects the rows to check; the third has the names of rows where the layer changed.
        """
        layers: dict[str, Layer] = {}
        selected: dict[str, np.ndarray] = {}
        touched: set[Name] = set()
        for other, layer in self.plan.layers.items():
            own = {row} if other == role else set()
            near = self._rows.inside(other, where) - own
            around = near | (self._rows.inside(other, extent) - own if len(layer) <= COARSE_ROWS else set())
            touched |= {self._rows.name(other, n) for n in near}
            rows = self._rows.order(other, around)
            layers[other] = self._rows.take(other, rows, after if own else None)
            selected[other] = np.array(
                [n in near for n in rows] + [False] * (len(layers[other]) - len(rows)), dtype=bool
            )
        if len(self.plan.layers[role]) <= COARSE_ROWS:
            # Other rows of its layer may cover the land that the changed row covered.
            reach = [layer.plane[n] for other, layer in layers.items() for n in np.flatnonzero(selected[other])]
            around = self._rows.inside(role, union_bounds(extent and shapely.box(*extent), *reach)) - {row}
            layers[role] = self._rows.take(role, self._rows.order(role, around), after)
        # The changed row is the last one in its layer.
        selected[role] = np.arange(len(layers[role])) >= len(layers[role]) - len(after)
        return layers, selected, touched

    def _concerns(self, rule: Rule, role: str) -> bool:
        """Return True if the rule uses this layer. A rule without needs uses all layers."""
        answers = (self.plan.concept(need.concept) for need in rule.needs.values() if need.concept != EACH)
        each = any(need.concept == EACH for need in rule.needs.values())
        return each or not rule.needs or any(layer is not None and layer.role == role for layer in answers)

    def _small(self, layers: dict[str, Layer]) -> Plan:
        """Return a plan of these layers, with the county's settings."""
        county = self.plan.concept("county")
        return self.plan.part(layers, same_county=county is not None and not self._rows.any_edited(county.role))
