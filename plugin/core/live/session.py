# SPDX-License-Identifier: GPL-2.0-or-later
"""Update the findings of a check with batches of changed features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..cancellation import NEVER, Cancellation
from ..engine.evaluate import choose_rules
from . import IncrementalChecker, RecheckResult

if TYPE_CHECKING:
    from ..check import CheckResult, Options
    from ..model.findings import Finding

#: Identity of a feature: its layer's role and its feature id.
Place = tuple[str, int]


@dataclass(frozen=True)
class FeatureState:
    """State of a feature.

    Its shape is WKB (None: no shape), its attributes are by field name, None where missing.
    """

    wkb: bytes | None
    attributes: dict[str, Any]


@dataclass
class EditBatch:
    """Changes since the last batch.

    ``renamed``: by role, former feature id → present id of saved features; ``states``: changed features, None for
    removed ones.
    """

    renamed: dict[str, dict[int, int]] = field(default_factory=dict)
    states: dict[Place, FeatureState | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.states or any(self.renamed.values()))

    def merge(self, later: EditBatch) -> None:
        """Merge a later batch; the last state of a feature counts."""
        for role, renamed in later.renamed.items():
            for old, new in renamed.items():
                if (role, old) in self.states:
                    self.states[role, new] = self.states.pop((role, old))
            self.renamed.setdefault(role, {}).update(renamed)
        self.states |= later.states


@dataclass
class FindingsChange:
    """Changes to the findings caused by a batch.

    ``rechecks`` are in their order; ``gone`` and ``found`` are their sum: ended and new findings; ``renewed``: pairs
    (before, now) of findings that are the same problem with other figures.
    """

    rechecks: list[RecheckResult] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)
    gone: list[Finding] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    renewed: list[tuple[Finding, Finding]] = field(default_factory=list)


class FullCheckNeeded(Exception):
    """An edit whose effect only a whole check can determine; the text is for the log."""


class IncrementalSession:
    """Incremental checks of a county during edits.

    An instance is not safe for concurrent use by several threads.
    """

    def __init__(self, checked: CheckResult, options: Options):
        plan, report = checked.plan, checked.report
        # The rules of the check; findings of rules that the profile or a group adds may end as well.
        rules = choose_rules(plan.norm.rules, plan.norm.named_rules(options.rules))
        self._checker = IncrementalChecker(
            plan,
            rules,
            parameters=options.parameters,
            tolerance=options.tolerance,
            lang=options.lang,
            waivers=lambda: checked.waivers,
        )
        self._rows: dict[str, dict[int, int]] = {}
        self._kept = _Findings(report.findings)

    @property
    def findings(self) -> list[Finding]:
        """Return the findings after all batches so far."""
        return list(self._kept)

    def prepare(self, cancellation: Cancellation = NEVER) -> None:
        """Build the index. Raises Cancelled."""
        self._checker.prepare(cancellation)
        for role, layer in self._checker.plan.layers.items():
            cancellation.raise_if_cancelled()
            self._rows[role] = {fid: row for row, fid in enumerate(layer.fids)}

    def take(self, batch: EditBatch, cancellation: Cancellation = NEVER) -> FindingsChange:
        """Check a batch of changes.

        Raises
        ------
        FullCheckNeeded
            Only a whole check can determine the findings from here on.
        Cancelled
            The user cancelled.
        """
        change = FindingsChange()
        for role, renamed in batch.renamed.items():
            for old, new in renamed.items():
                row = self._rows[role].pop(old, None)
                if row is not None:
                    self._rows[role][new] = row
                    self._apply(change, self._checker.renumber(role, row, new))
        for place, state in batch.states.items():
            cancellation.raise_if_cancelled()
            recheck = self._one(*place, state)
            if recheck is not None:
                change.places.add(place)
            self._apply(change, recheck)
        self._compare(change)
        return change

    def _one(self, role: str, fid: int, state: FeatureState | None) -> RecheckResult | None:
        row = self._rows[role].get(fid)
        now = self._checker.row(role, row) if row is not None else None
        if state is None:
            return self._checker.remove(role, row) if row is not None and now is not None else None
        shape = _shape(state.wkb)
        if row is None:
            row, recheck = self._checker.add(role, fid, shape, **state.attributes)
            self._rows[role][fid] = row
            return recheck
        if now is None:
            return self._checker.edit(role, row, shape, **state.attributes)
        former, attributes = now
        changed = {n: v for n, v in state.attributes.items() if n in attributes and not _same(attributes[n], v)}
        if not changed and shapely.to_wkb(former) == shapely.to_wkb(shape):
            return None
        return self._checker.edit(role, row, shape, **changed)

    def _apply(self, change: FindingsChange, recheck: RecheckResult | None) -> None:
        if recheck is None:
            return
        if recheck.failed:
            raise FullCheckNeeded(f"not checked around an edit: {', '.join(recheck.failed)}")
        for finding in self._kept.about(recheck):
            if recheck.replaces(finding):
                self._kept.drop(finding)
                if not _take_from(change.found, finding):
                    change.gone.append(finding)
        for finding in recheck.found:
            self._kept.add(finding)
            change.found.append(finding)
        change.rechecks.append(recheck)

    def _compare(self, change: FindingsChange) -> None:
        """Match new findings with the earlier ones that they repeat."""
        gone: dict[str, list[Finding]] = defaultdict(list)
        for finding in change.gone:
            gone[finding.fingerprint].append(finding)
        found, change.found = change.found, []
        for finding in found:
            former = gone[finding.fingerprint].pop(0) if gone.get(finding.fingerprint) else None
            if former is None:
                change.found.append(finding)
            elif _equal(former, finding):
                self._kept.drop(finding)
                self._kept.add(former)
            else:
                change.renewed.append((former, finding))
        change.gone = [finding for alike in gone.values() for finding in alike]


class _Findings:
    """Findings indexed by their features, because an edit concerns few of many."""

    def __init__(self, findings: Iterable[Finding]):
        self._all: dict[int, Finding] = {}
        self._by_key: dict[tuple[str, str], dict[int, Finding]] = defaultdict(dict)
        for finding in findings:
            self.add(finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._all.values())

    def add(self, finding: Finding) -> None:
        self._all[id(finding)] = finding
        for key in _keys(finding):
            self._by_key[key][id(finding)] = finding

    def drop(self, finding: Finding) -> None:
        del self._all[id(finding)]
        for key in _keys(finding):
            self._by_key[key].pop(id(finding), None)

    def about(self, recheck: RecheckResult) -> list[Finding]:
        """Return the findings that a recheck can replace: on a changed row, or near it."""
        found: dict[int, Finding] = {}
        for role, key, _ in recheck.names | recheck.touched:
            found |= self._by_key.get((role, key), {})
        return list(found.values())


def _keys(finding: Finding) -> list[tuple[str, str]]:
    return [(finding.role, finding.key), *((finding.related_role, key) for key in finding.related_keys)]


def _take_from(findings: list[Finding], finding: Finding) -> bool:
    place = next((n for n, one in enumerate(findings) if one is finding), None)
    if place is not None:
        del findings[place]
    return place is not None


def _shape(wkb: bytes | None) -> Any:
    if wkb is None:
        return None
    shape = shapely.from_wkb(wkb, on_invalid="ignore")
    if shape is None:
        raise FullCheckNeeded("a shape that no geometry library can hold")
    return shape


def _same(one: Any, other: Any) -> bool:
    """Return True if two values of a field are equal, whichever reader returned them."""
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
