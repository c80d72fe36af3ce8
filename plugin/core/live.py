# SPDX-License-Identifier: GPL-2.0-or-later
"""Check an edit where it happened: what a changed row meets is looked at again, the rest stays as it was found.

What the local rules (`rule.Rule.local`) find on a row depends on that row and on those it meets. So a small plan is
made of the rows around the change, and the same rules run on it: an edit is judged by the code that judges the county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .engine import run
from .findings import Finding
from .geometry.linework import linework
from .geometry.validity import missing
from .layer import Layer
from .placing import look_at_coordinates
from .plan import Plan
from .rule import EACH, Rule
from .waivers.judge import hold

if TYPE_CHECKING:
    from .tolerance import Tolerance

Bounds = tuple[float, float, float, float]
#: A layer of up to this many rows (lines, zones, divisions) covers others: all its rows by a changed one are looked at.
COARSE_ROWS = 3000
#: Meanings of fields that follow from the row's own shape: what it meets is not asked for them.
_OF_THE_ROW = {"area"}
#: A polygon of up to this many vertices has changed wherever it lies.
_SMALL_VERTICES = 200


#: What tells a row: its layer's role, its key, and its feature id where the key is missing or repeated.
Name = tuple[str, str, int | None]


@dataclass
class Recheck:
    """What is to be said of a changed row now. ``found``: its findings; `replaces` tells which earlier ones they replace.

    ``names``: the row before and after the change; ``touched``: rows of all layers where it changed; ``where``: the box
    of the change (xmin, ymin, xmax, ymax in the plan's plane), None when no shape changed; ``codes``: the rules asked.
    """

    names: frozenset[Name]
    touched: frozenset[Name]
    where: Bounds | None
    codes: frozenset[str]
    found: list[Finding] = field(default_factory=list)
    #: Rules that could not look at all of it: what was found before is then neither confirmed nor ended.
    failed: tuple[str, ...] = ()

    def replaces(self, finding: Finding) -> bool:
        """Is this earlier finding one that the change may have ended or altered?"""
        if finding.code not in self.codes:
            return False
        own = (finding.role, finding.key, finding.params.get("fid"))
        fid = finding.params.get("related_fid")
        related = {(finding.related_role, key, fid) for key in finding.related_keys}
        nobodys = not finding.key and own[2] is None
        # Between two rows: nothing changed where they meet unless the other was touched too.
        if own in self.names:
            return not related or bool(related & (self.touched | self.names))
        if related & self.names:
            return nobodys or own in self.touched
        # What no row of a layer covers: the changed one may do so now, or no longer.
        roles = {role for role, _, _ in self.names}
        if not related:
            return finding.related_role in roles and own in self.touched
        return finding.role in roles and nobodys and bool(related & self.touched)


class Live:
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
    ):
        self.plan = plan
        self.rules = [rule for rule in rules if rule.local]
        self._parameters, self._tolerance, self._lang = parameters, tolerance, lang
        self._edited: dict[str, dict[int, Layer]] = {role: {} for role in plan.layers}
        #: Rows that were removed, as they last stood.
        self._gone: dict[str, dict[int, Layer]] = {role: {} for role in plan.layers}
        self._holders: dict[str, dict[str, int]] = {}

    def prepare(self, check: Callable[[], None] = lambda: None) -> None:
        """Build what edits are looked up in; otherwise the first edit does."""
        for layer in self.plan.layers.values():
            check()
            layer.polygons.rows_in((0.0, 0.0, 0.0, 0.0))
            _ = layer.unsure_keys, layer.broken, layer.drawn, layer.original
            self._holder(layer.role, "")
        check()
        self.plan.county_shape()
        _ = self.plan.area_code

    def edit(self, role: str, row: int, shape: Any = ..., /, **attributes: Any) -> Recheck:
        """Row ``row`` of a layer has now this ``shape`` (in the layer's own coordinates; None: none) and these
        ``attributes`` by field name; what is not given stays. A row that was removed comes back.

        Returns what the local rules say of the row now, and of what it covers. Raises KeyError for an unknown role.
        """
        before = self._now(role, row)
        known = before if len(before) else self._gone[role].pop(row)
        after = self._changed(role, known, shape, attributes)
        self._tell_apart(role, row, known, after)
        widely = not self._concern_the_row(role, attributes)
        return self._recheck(role, row, before, after, whole=widely or not len(before))

    def add(self, role: str, fid: int, shape: Any, /, **attributes: Any) -> tuple[int, Recheck]:
        """A new row: its number, for later edits, and what the local rules say of it. That its key is another row's
        too is a matter of the whole layer: here it only has it told by its feature id."""
        layer = self.plan.layers[role]
        row = max([len(layer) - 1, *self._edited[role]]) + 1
        frame = layer.frame.iloc[:0].reindex([fid])
        after = self._changed(role, layer.like(_with(layer, frame)), shape, attributes)
        self._tell_apart(role, row, None, after)
        return row, self._recheck(role, row, self._nothing(role), after)

    def remove(self, role: str, row: int) -> Recheck:
        """A row is gone: what was found on it is, too; what it covered may lie bare."""
        before = self._now(role, row)
        if len(before):
            self._gone[role][row] = before
        return self._recheck(role, row, before, self._nothing(role))

    def renumber(self, role: str, row: int, fid: int) -> Recheck | None:
        """A row has another feature id (it was saved). What is said of it anew where only the id tells it from others."""
        before = self._now(role, row)
        if not len(before):
            return None
        layer = self.plan.layers[role]
        after = layer.like(_with(layer, before.frame.set_axis([fid], axis=0)))
        after.__dict__["unsure_keys"] = before.unsure_keys
        if before.unsure_keys:
            return self._recheck(role, row, before, after, whole=True)
        self._edited[role][row] = after
        return None

    def row(self, role: str, row: int) -> tuple[Any, dict[str, Any]] | None:
        """A row as it stands now: its shape, in the layer's own coordinates, and its attributes; None when it is gone."""
        now = self._edited[role].get(row)
        frame = self.plan.layers[role].frame.iloc[[row]] if now is None else now.frame
        if not len(frame):
            return None
        shape = frame.geometry.name
        return frame.geometry.iloc[0], {name: frame[name].iloc[0] for name in frame.columns if name != shape}

    def _holder(self, role: str, key: str) -> int | None:
        """The row that had a key when the layer was read."""
        if role not in self._holders:
            self._holders[role] = {k: n for n, k in enumerate(self.plan.layers[role].keys)}
        return self._holders[role].get(key)

    def _tell_apart(self, role: str, row: int, before: Layer | None, after: Layer) -> None:
        """Does its key tell a changed row from all others?"""
        key, edited = after.keys[0], self._edited[role]
        if before is not None and before.keys[0] == key:
            after.__dict__["unsure_keys"] = before.unsure_keys
            return
        holder = self._holder(role, key)
        others = [n for n in edited if n != row and len(edited[n]) and edited[n].keys[0] == key]
        taken = bool(others) or (holder is not None and holder != row and holder not in edited)
        after.__dict__["unsure_keys"] = frozenset([0] if taken or not key else [])

    def _concern_the_row(self, role: str, attributes: Iterable[str]) -> bool:
        """Do rules ask of these fields by the row alone, not where it meets others?"""
        template = self.plan.layers[role].template
        meanings = {declared.name.upper(): declared.meaning for declared in template.fields}
        return all(meanings.get(name.upper()) in _OF_THE_ROW for name in attributes)

    def _now(self, role: str, row: int) -> Layer:
        edited = self._edited[role].get(row)
        return self.plan.layers[role].take(np.array([row])) if edited is None else edited

    def _nothing(self, role: str) -> Layer:
        return self.plan.layers[role].take(np.zeros(0, dtype=int))

    def _changed(self, role: str, before: Layer, shape: Any, attributes: dict[str, Any]) -> Layer:
        layer, frame = self.plan.layers[role], before.frame.copy()
        if shape is not ...:
            frame[frame.geometry.name] = _column(frame, shape)
        for name, value in attributes.items():
            # A field that came after the layer was read is no rule's.
            if name in frame.columns:
                frame[name] = np.array([value], dtype=object)
        changed = layer.like(_with(layer, frame))
        problem, _ = look_at_coordinates(changed.source)
        changed.stray = {0: problem} if problem else {}
        return changed

    def _recheck(self, role: str, row: int, before: Layer, after: Layer, *, whole: bool = False) -> Recheck:
        """``whole``: not only where the shape changed, for the row's code may say something else of all its land now."""
        self._edited[role][row] = after
        shapes = [layer.plane[0] if len(layer) else None for layer in (before, after)]
        extent = _joined(*shapes)
        where = extent if whole else changed_bounds(*shapes)
        layers: dict[str, Layer] = {}
        asked: dict[str, np.ndarray] = {}
        touched: set[Name] = set()
        for other, layer in self.plan.layers.items():
            own = {row} if other == role else set()
            near = self._rows_in(other, where) - own
            around = near | (self._rows_in(other, extent) - own if len(layer) <= COARSE_ROWS else set())
            touched |= {self._name(other, n) for n in near}
            rows = self._order(other, around)
            layers[other] = self._take(other, rows, after if own else None)
            asked[other] = np.array([n in near for n in rows] + [False] * (len(layers[other]) - len(rows)), dtype=bool)
        if len(self.plan.layers[role]) <= COARSE_ROWS:
            # What the changed row covered may be covered by others of its layer.
            reach = [layer.plane[n] for other, layer in layers.items() for n in np.flatnonzero(asked[other])]
            around = self._rows_in(role, _joined(extent and shapely.box(*extent), *reach)) - {row}
            layers[role] = self._take(role, self._order(role, around), after)
        # The changed row comes last in its layer.
        asked[role] = np.arange(len(layers[role])) >= len(layers[role]) - len(after)
        small = self._small(layers)
        small.asked = asked
        # An outline cuts all layers, so that a changed one concerns them all.
        county = self.plan.concept("county")
        small.each_of = None if county is not None and county.role == role else frozenset({role})
        rules = [rule for rule in self.rules if self._concerns(rule, role)]
        report = run(small, rules, parameters=self._parameters, tolerance=self._tolerance, lang=self._lang)
        codes = frozenset(rule.code for rule in self.rules)
        names = frozenset(_name(role, layer, 0) for layer in (before, after) if len(layer))
        answer = Recheck(names, frozenset(touched), where, codes)
        answer.found = [finding for finding in report.findings if answer.replaces(finding)]
        hold(answer.found, self.plan.waivers)
        answer.failed = tuple(f.params["rule"] for f in report.findings if f.code.startswith("RUN"))
        return answer

    def _name(self, role: str, row: int) -> Name:
        edited = self._edited[role].get(row)
        return _name(role, edited, 0) if edited is not None else _name(role, self.plan.layers[role], row)

    def _concerns(self, rule: Rule, role: str) -> bool:
        """Does the rule look at this layer? One without needs looks at whatever is there."""
        answers = (self.plan.concept(need.concept) for need in rule.needs.values() if need.concept != EACH)
        each = any(need.concept == EACH for need in rule.needs.values())
        return each or not rule.needs or any(layer is not None and layer.role == role for layer in answers)

    def _rows_in(self, role: str, bounds: Bounds | None) -> set[int]:
        if bounds is None:
            return set()
        edited = self._edited[role]
        near = set(self.plan.layers[role].polygons.rows_in(bounds).tolist()) - edited.keys()
        box = shapely.box(*bounds)
        return near | {n for n, layer in edited.items() if len(layer) and box.intersects(layer.plane[0] or _NOWHERE)}

    def _order(self, role: str, rows: set[int]) -> list[int]:
        """Rows as `_take` puts them: those that were edited before come last."""
        return sorted(rows, key=lambda n: (n in self._edited[role], n))

    def _take(self, role: str, rows: list[int], changed: Layer | None) -> Layer:
        """A layer of these rows as they stand now, the changed one behind them."""
        base, edited = self.plan.layers[role], self._edited[role]
        parts = [base.take(np.array([n for n in rows if n not in edited], dtype=int))]
        parts += [edited[n] for n in rows if n in edited]
        parts += [changed] if changed is not None else []
        parts = [part for part in parts if len(part)] or parts[:1]
        return parts[0] if len(parts) == 1 else _stacked(parts)

    def _small(self, layers: dict[str, Layer]) -> Plan:
        plan = self.plan
        small = Plan(layers, plan.norm, plan.scope, plan.crs, base_year=plan.base_year, role_choices=plan.role_choices)
        small.plane = plan.plane
        small._cache["area_code"] = plan.area_code
        county = plan.concept("county")
        if county is not None and not self._edited[county.role]:
            shape = plan.county_shape()
            if shape is not None:
                small._cache["county_shape"] = shape[1]
        return small


_NOWHERE = shapely.Polygon()


def _name(role: str, layer: Layer, row: int) -> Name:
    return role, layer.keys[row], layer.fids[row] if row in layer.unsure_keys else None


def changed_bounds(before: Any, after: Any) -> Bounds | None:
    """Where two states of a polygon differ (xmin, ymin, xmax, ymax): the box of the edges that only one of them has.

    None when they are the same. For small polygons, the box around both.
    """
    if before is None or after is None or max(shapely.get_num_coordinates([before, after])) <= _SMALL_VERTICES:
        same = before is not None and after is not None and before.equals_exact(after, 0.0)
        return None if same else _joined(before, after)
    lines = [linework(np.array([shape], dtype=object), np.array([0])) for shape in (before, after)]
    all_rows = np.ones(1, dtype=bool)
    corners = []
    for one, other in (lines, lines[::-1]):
        start = np.flatnonzero(one.unmatched(other, all_rows))
        corners += [one.xy[start], one.xy[start + 1]]
    xy = np.concatenate(corners)
    if not len(xy):
        return None
    (xmin, ymin), (xmax, ymax) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    return xmin, ymin, xmax, ymax


def _joined(*shapes: Any) -> Bounds | None:
    array = np.array([*shapes, None], dtype=object)
    real = array[~missing(array)]
    if not len(real):
        return None
    xmin, ymin, xmax, ymax = shapely.total_bounds(real).tolist()
    return xmin, ymin, xmax, ymax


def _column(frame: Any, shape: Any) -> Any:
    import geopandas as gpd

    return gpd.GeoSeries([shape], index=frame.index, crs=frame.crs)


def _with(layer: Layer, frame: Any) -> Any:
    return replace(layer.source, frame=frame, broken=())


def _stacked(parts: list[Layer]) -> Layer:
    """Several small layers of one role as one."""
    import pandas as pd

    first = parts[0]
    frames = [part.frame for part in parts]
    mixed = {c: object for f in frames for c in f.columns if c != f.geometry.name and f[c].dtype != frames[0][c].dtype}
    # Columns that a new row leaves empty have no kind of their own.
    frame = pd.concat([f.astype(mixed) for f in frames] if mixed else frames)
    whole = first.like(_with(first, frame))
    starts = np.r_[0, np.cumsum([len(part) for part in parts])]
    for name in ("drawn", "original", "broken", "empty", "invalid"):
        whole.__dict__[name] = np.concatenate([getattr(part, name) for part in parts])
    repaired: dict[int, float] = {}
    for part, start in zip(parts, starts.tolist(), strict=False):
        repaired |= {start + row: area for row, area in part.repaired.items()}
        whole.stray |= {start + row: problem for row, problem in part.stray.items()}
    whole.__dict__["_prepared"] = np.concatenate([part.plane for part in parts]), repaired
    whole.__dict__["unsure_keys"] = frozenset(
        start + row for part, start in zip(parts, starts.tolist(), strict=False) for row in part.unsure_keys
    )
    return whole
