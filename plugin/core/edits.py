# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a check, kept up with edits: batches of changed features in, findings that go and come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .check import Checked, Options
from .engine import choose_rules
from .live import Live, Recheck

if TYPE_CHECKING:
    from .findings import Finding

#: A feature of a layer: its role and its feature id.
Place = tuple[str, int]


@dataclass(frozen=True)
class State:
    """A feature as it stands: its shape as WKB (None: none) and its attributes by field name, None where missing."""

    wkb: bytes | None
    attributes: dict[str, Any]


@dataclass
class Batch:
    """What changed since the last one. ``renamed``: features that were saved, former feature id → the one they have now,
    by role; ``states``: changed features, None those that are gone."""

    renamed: dict[str, dict[int, int]] = field(default_factory=dict)
    states: dict[Place, State | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.states or any(self.renamed.values()))

    def merge(self, later: Batch) -> None:
        """Of a feature that changed twice, the last state counts."""
        for role, renamed in later.renamed.items():
            for old, new in renamed.items():
                if (role, old) in self.states:
                    self.states[role, new] = self.states.pop((role, old))
            self.renamed.setdefault(role, {}).update(renamed)
        self.states |= later.states


@dataclass
class Change:
    """What a batch did to the findings.

    ``rechecks`` in their order; ``gone`` and ``found`` are what they come to: findings that are no longer there, and
    new ones; ``renewed`` pairs (before, now) of findings that are the same problem with other figures.
    """

    rechecks: list[Recheck] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)
    gone: list[Finding] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    renewed: list[tuple[Finding, Finding]] = field(default_factory=list)


class CannotFollow(Exception):
    """An edit whose outcome only a whole check can tell; the text says why (for the log)."""


class Edited:
    """A county that was checked and is being edited. Not for use by several threads at once."""

    def __init__(self, checked: Checked, options: Options):
        plan, report = checked.plan, checked.report
        rules = choose_rules(plan.norm.standard.rules, options.rules)
        self._live = Live(plan, rules, parameters=options.parameters, tolerance=options.tolerance, lang=options.lang)
        self._rows: dict[str, dict[int, int]] = {}
        #: As they stand after all batches so far.
        self.findings: list[Finding] = list(report.findings)

    def prepare(self, check: Callable[[], None] = lambda: None) -> None:
        """Build the index. ``check`` raises when it is to stop."""
        self._live.prepare(check)
        for role, layer in self._live.plan.layers.items():
            check()
            self._rows[role] = {fid: row for row, fid in enumerate(layer.fids)}

    def take(self, batch: Batch, check: Callable[[], None] = lambda: None) -> Change:
        """Check a batch of changes. Raises CannotFollow, after which only a whole check will do."""
        before, change = list(self.findings), Change()
        for role, renamed in batch.renamed.items():
            for old, new in renamed.items():
                row = self._rows[role].pop(old, None)
                if row is not None:
                    self._rows[role][new] = row
                    self._say(change, self._live.renumber(role, row, new))
        for place, state in batch.states.items():
            check()
            recheck = self._one(*place, state)
            if recheck is not None:
                change.places.add(place)
            self._say(change, recheck)
        self._compare(before, change)
        return change

    def _one(self, role: str, fid: int, state: State | None) -> Recheck | None:
        row = self._rows[role].get(fid)
        now = self._live.row(role, row) if row is not None else None
        if state is None:
            return self._live.remove(role, row) if row is not None and now is not None else None
        shape = _shape(state.wkb)
        if row is None:
            row, recheck = self._live.add(role, fid, shape, **state.attributes)
            self._rows[role][fid] = row
            return recheck
        if now is None:
            return self._live.edit(role, row, shape, **state.attributes)
        former, attributes = now
        changed = {n: v for n, v in state.attributes.items() if n in attributes and not _same(attributes[n], v)}
        if not changed and shapely.to_wkb(former) == shapely.to_wkb(shape):
            return None
        return self._live.edit(role, row, shape, **changed)

    def _say(self, change: Change, recheck: Recheck | None) -> None:
        if recheck is None:
            return
        if recheck.failed:
            raise CannotFollow(f"not checked around an edit: {', '.join(recheck.failed)}")
        self.findings = [f for f in self.findings if not recheck.replaces(f)] + recheck.found
        change.rechecks.append(recheck)

    def _compare(self, before: list[Finding], change: Change) -> None:
        """What is found again is the finding it was."""
        now = {id(f) for f in self.findings}
        there = {id(f) for f in before}
        gone = {f.fingerprint: f for f in before if id(f) not in now}
        twice = [f for f in before if id(f) not in now and gone[f.fingerprint] is not f]
        again: dict[int, Finding] = {}
        for finding in self.findings:
            if id(finding) in there:
                continue
            former = gone.pop(finding.fingerprint, None)
            if former is None:
                change.found.append(finding)
            elif _equal(former, finding):
                again[id(finding)] = former
            else:
                change.renewed.append((former, finding))
        change.gone = [*gone.values(), *twice]
        self.findings = [again.get(id(f), f) for f in self.findings]


def _shape(wkb: bytes | None) -> Any:
    if wkb is None:
        return None
    shape = shapely.from_wkb(wkb, on_invalid="ignore")
    if shape is None:
        raise CannotFollow("a shape that no geometry library can hold")
    return shape


def _same(one: Any, other: Any) -> bool:
    """Are two values of a field the same, whatever reads them?"""
    import pandas as pd

    none = [pd.api.types.is_scalar(v) and bool(pd.isna(v)) for v in (one, other)]
    if any(none):
        return all(none)
    if isinstance(one, pd.Timestamp | np.datetime64):
        return bool(pd.Timestamp(one) == pd.Timestamp(other))
    return bool(one == other)


def _equal(one: Finding, other: Finding) -> bool:
    shapes = [None if f.geom_kind == "none" else shapely.normalize(f.geometry).wkb for f in (one, other)]
    return one.row() == other.row() and shapes[0] == shapes[1]
