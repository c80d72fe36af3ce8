# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules around an edit: a small plan of the rows that the change meets, and what is found there."""

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

#: A layer of up to this many rows (lines, zones, divisions) covers others: all its rows by a changed one are looked at.
COARSE_ROWS = 3000
#: Meanings of fields that follow from the row's own shape: what it meets is not asked for them.
_OF_THE_ROW = {"area"}


class IncrementalChecker:
    """A plan that is being edited. ``rules``: those of the run; only the local ones are run again after an edit.

    The plan given is not changed. Not for use by several threads at once.
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
        # Asked at each edit: waivers may change while edits go on.
        self._waivers = waivers
        self.rules = [rule for rule in rules if rule.local]
        self._parameters, self._tolerance, self._lang = parameters, tolerance, lang
        self._rows = Rows(plan)

    def prepare(self, cancellation: Cancellation = NEVER) -> None:
        """Build what edits are looked up in; otherwise the first edit does."""
        for layer in self.plan.layers.values():
            cancellation.raise_if_cancelled()
            layer.polygons.rows_in((0.0, 0.0, 0.0, 0.0))
            _ = layer.repeated_keys, layer.broken, layer.raw_shapes, layer.original
            self._rows.row_of_key(layer.role, "")
        cancellation.raise_if_cancelled()
        self.plan.county_shape()
        _ = self.plan.area_code

    def edit(self, role: str, row: int, shape: Any = ..., /, **attributes: Any) -> RecheckResult:
        """Row ``row`` of a layer has now this ``shape`` (in the layer's own coordinates; None: none) and these
        ``attributes`` by field name; what is not given stays. A row that was removed comes back.

        Returns what the local rules say of the row now, and of what it covers. Raises KeyError for an unknown role.
        """
        before = self._rows.current_row(role, row)
        known = before if len(before) else self._rows.restore_removed(role, row)
        after = self._rows.changed(role, known, shape, attributes)
        self._rows.update_key_uniqueness(role, row, known, after)
        widely = not self._concern_the_row(role, attributes)
        return self._recheck(role, row, before, after, whole=widely or not len(before))

    def add(self, role: str, fid: int, shape: Any, /, **attributes: Any) -> tuple[int, RecheckResult]:
        """A new row: its number, for later edits, and what the local rules say of it. That its key is another row's
        too is a matter of the whole layer: here it only has it told by its feature id."""
        layer = self.plan.layers[role]
        row = self._rows.next_number(role)
        frame = layer.frame.iloc[:0].reindex([fid])
        after = self._rows.changed(role, layer.like(replace_frame(layer, frame)), shape, attributes)
        self._rows.update_key_uniqueness(role, row, None, after)
        return row, self._recheck(role, row, self._rows.empty_layer(role), after)

    def remove(self, role: str, row: int) -> RecheckResult:
        """A row is gone: what was found on it is, too; what it covered may lie bare."""
        before = self._rows.current_row(role, row)
        if len(before):
            self._rows.remember_removed(role, row, before)
        return self._recheck(role, row, before, self._rows.empty_layer(role))

    def renumber(self, role: str, row: int, fid: int) -> RecheckResult | None:
        """A row has another feature id (it was saved). What is said of it anew where only the id tells it from others."""
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
        """A row as it stands now: its shape, in the layer's own coordinates, and its attributes; None when it is gone."""
        return self._rows.row(role, row)

    def _concern_the_row(self, role: str, attributes: Iterable[str]) -> bool:
        """Do rules ask of these fields by the row alone, not where it meets others?"""
        template = self.plan.layers[role].template
        meanings = {declared.name.upper(): declared.meaning for declared in template.fields}
        return all(meanings.get(name.upper()) in _OF_THE_ROW for name in attributes)

    def _recheck(self, role: str, row: int, before: Layer, after: Layer, *, whole: bool = False) -> RecheckResult:
        """``whole``: not only where the shape changed, for the row's code may say something else of all its land now."""
        self._rows.set_row(role, row, after)
        shapes = [layer.plane[0] if len(layer) else None for layer in (before, after)]
        extent = union_bounds(*shapes)
        where = extent if whole else changed_bounds(*shapes)
        layers, asked, touched = self._around(role, row, after, where, extent)
        small = self._small(layers)
        # An outline cuts all layers, so that a changed one concerns them all.
        county = self.plan.concept("county")
        focus = Focus(asked, None if county is not None and county.role == role else frozenset({role}))
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
        """The rows that a changed one meets, as layers; which of them are asked; the names of those where it changed."""
        layers: dict[str, Layer] = {}
        asked: dict[str, np.ndarray] = {}
        touched: set[Name] = set()
        for other, layer in self.plan.layers.items():
            own = {row} if other == role else set()
            near = self._rows.inside(other, where) - own
            around = near | (self._rows.inside(other, extent) - own if len(layer) <= COARSE_ROWS else set())
            touched |= {self._rows.name(other, n) for n in near}
            rows = self._rows.order(other, around)
            layers[other] = self._rows.take(other, rows, after if own else None)
            asked[other] = np.array([n in near for n in rows] + [False] * (len(layers[other]) - len(rows)), dtype=bool)
        if len(self.plan.layers[role]) <= COARSE_ROWS:
            # What the changed row covered may be covered by others of its layer.
            reach = [layer.plane[n] for other, layer in layers.items() for n in np.flatnonzero(asked[other])]
            around = self._rows.inside(role, union_bounds(extent and shapely.box(*extent), *reach)) - {row}
            layers[role] = self._rows.take(role, self._rows.order(role, around), after)
        # The changed row comes last in its layer.
        asked[role] = np.arange(len(layers[role])) >= len(layers[role]) - len(after)
        return layers, asked, touched

    def _concerns(self, rule: Rule, role: str) -> bool:
        """Does the rule look at this layer? One without needs looks at whatever is there."""
        answers = (self.plan.concept(need.concept) for need in rule.needs.values() if need.concept != EACH)
        each = any(need.concept == EACH for need in rule.needs.values())
        return each or not rule.needs or any(layer is not None and layer.role == role for layer in answers)

    def _small(self, layers: dict[str, Layer]) -> Plan:
        """A plan of these layers, with what of the county's does not follow from the rows at hand."""
        county = self.plan.concept("county")
        return self.plan.part(layers, same_county=county is not None and not self._rows.any_edited(county.role))
