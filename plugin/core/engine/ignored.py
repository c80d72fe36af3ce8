# SPDX-License-Identifier: GPL-2.0-or-later
"""Sum the ignored slivers of a run by pair of layers, feature and township.

A sum above the limit is a finding.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry.parts import DistinctAreas, subtract_earlier
from ..geometry.tolerance import Tolerance
from ..messages.texts import SLIVERS
from ..model.findings import Finding
from ..model.report import Outcome, RuleOutcome
from ..model.rule import Rule, Severity
from ..plan.layer import Layer
from ..plan.plan import Plan
from .context import Context
from .finish import find_townships
from .run_log import Ignored

#: Features of a pair of layers that the report names, largest sum first.
FEATURES = 10
#: Places of a pair of layers that a finding stores, largest first.
PLACES = 2000
_GRAVER = (Severity.ERROR, Severity.WARNING, Severity.INFO)
#: Outcomes that a finding turns into `Outcome.FAILED`.
_WITHOUT_FINDING = (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.SKIPPED)


@dataclass
class _Feature:
    """A row of one of the layers, with the slivers ignored on it (statutory m²)."""

    layer: Layer
    row: int
    sealed: bool
    count: int
    area_m2: float

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"role": self.layer.role, "key": self.layer.keys[self.row]}
        if self.row in self.layer.repeated_keys:
            entry["fid"] = self.layer.fids[self.row]
        if self.sealed:
            entry["sealed"] = True
        return {**entry, "count": self.count, "area_m2": round(self.area_m2, 6)}


@dataclass
class PairSum:
    """The slivers ignored between two layers, each place counted once.

    ``rule``: the most severe rule that ignores them; ``by_rule``: code → (count, m²), each place with one rule;
    ``townships``: name → (count, m²); ``features``: the largest; ``above``: number of features above the limit;
    ``shapes``: the places, largest first, up to `PLACES`.
    """

    roles: tuple[str, str]
    sealed: bool
    rule: str
    severity: Severity
    count: int = 0
    area_m2: float = 0.0
    by_rule: dict[str, tuple[int, float]] = field(default_factory=dict)
    townships: dict[str, tuple[int, float]] = field(default_factory=dict)
    features: list[_Feature] = field(default_factory=list)
    above: int = 0
    shapes: NDArray = field(default_factory=lambda: np.zeros(0, dtype=object))

    def exceeds(self, limits: Tolerance) -> bool:
        """Return True if a sum exceeds the limits."""
        return self.area_m2 > limits.ignored_pair_m2 or self.above > 0

    def finding(self, limits: Tolerance) -> Finding:
        """Return one finding for all places.

        The finding names no row, so an edit of one row does not end it; a whole check does.
        """
        first, second = self.roles
        largest = self.features[0] if self.features else None
        params = {
            "kind": "sealed" if self.sealed else "within" if first == second else "between",
            "count": self.count,
            "limit": limits.ignored_pair_m2,
            "feature_limit": limits.ignored_feature_m2,
            "above": self.above,
            "largest": (largest.layer.keys[largest.row] or str(largest.layer.fids[largest.row])) if largest else "—",
            "largest_m2": round(largest.area_m2, 2) if largest else 0.0,
            "places": len(self.shapes),
        }
        parts = shapely.get_parts(self.shapes)
        shape = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        related = "" if self.sealed else second
        return Finding(
            first,
            related_role=related,
            code=self.rule,
            case=SLIVERS,
            severity=self.severity,
            params=params,
            area_m2=self.area_m2,
            geometry=shape,
        )

    def to_dict(self, limits: Tolerance) -> dict[str, Any]:
        """Return the sums for the report."""
        towns = sorted(self.townships.items(), key=lambda item: -item[1][1])
        return {
            "roles": list(self.roles),
            "sealed": self.sealed,
            "rule": self.rule,
            "rules": list(self.by_rule),
            "count": self.count,
            "area_m2": round(self.area_m2, 6),
            "exceeds": self.exceeds(limits),
            "townships": [{"name": n, "count": count, "area_m2": round(area, 6)} for n, (count, area) in towns],
            "features": [one.to_dict() for one in self.features],
            "features_above": self.above,
        }


def sum_ignored(
    plan: Plan, ignored: dict[str, list[Ignored]], rules: list[Rule], limits: Tolerance, cancellation: Cancellation
) -> list[PairSum]:
    """Return the sums by pair of layers, largest first.

    ``ignored``: rule code → slivers that the rule's queries left out.
    """
    by_code = {rule.code: rule for rule in rules}
    pairs: dict[tuple[Any, ...], list[tuple[Rule, Ignored]]] = defaultdict(list)
    for code, batches in ignored.items():
        for one in batches:
            pairs[*sorted((one.a.role, one.b.role)), one.sealed].append((by_code[code], one))
    context = Context(plan, plan.norm, limits, cancellation=cancellation)
    found = []
    for ignored_by in pairs.values():
        cancellation.raise_if_cancelled()
        found.append(_pair(ignored_by, context))
    return sorted(found, key=lambda one: -one.area_m2)


def _pair(batches: list[tuple[Rule, Ignored]], ctx: Context) -> PairSum:
    # The most severe rule comes first: a place that several rules ignore belongs to the first.
    ranked = sorted(batches, key=lambda one: (_GRAVER.index(_severity(one[0], one[1], ctx)), one[0].order))
    rule, first = ranked[0]
    shapes = np.empty(sum(len(one.slivers.geometry) for _, one in ranked), dtype=object)
    shapes[:] = [shape for _, one in ranked for shape in one.slivers.geometry]
    places = subtract_earlier(shapes, ctx.cancellation)
    codes = np.array([rule.code for rule, one in ranked for _ in one.slivers.geometry], dtype=object)
    own = np.flatnonzero(places.own)
    areas = np.zeros(len(shapes))
    areas[own] = ctx.geometry.statutory(places.shapes[own])
    # A note stays a note; slivers of an error are a warning.
    severity = max(_severity(rule, first, ctx), Severity.WARNING, key=_GRAVER.index)
    result = PairSum((first.a.role, first.b.role), first.sealed, rule.code, severity)
    result.count, result.area_m2 = len(own), float(areas.sum())
    result.by_rule = _sums(codes, own, areas)
    result.rule = max(
        (code for code in result.by_rule if _same_rank(code, ranked, ctx)),
        key=lambda code: result.by_rule[code][1],
        default=rule.code,
    )
    towns = np.full(len(shapes), "", dtype=object)
    towns[own] = find_townships(ctx.plan, shapely.point_on_surface(places.shapes[own]))
    result.townships = _sums(towns, own, areas)
    _add_features(result, [one for _, one in ranked], shapes, places, ctx)
    order = own[np.argsort(-areas[own], kind="stable")][:PLACES]
    result.shapes = places.shapes[order]
    return result


def _severity(rule: Rule, one: Ignored, ctx: Context) -> Severity:
    return one.severity or ctx.norm.severity(rule)


def _same_rank(code: str, ranked: list[tuple[Rule, Ignored]], ctx: Context) -> bool:
    """Return True if a rule's slivers have the severity of the pair's."""
    given = [_severity(rule, one, ctx) for rule, one in ranked if rule.code == code]
    gravest = _severity(ranked[0][0], ranked[0][1], ctx)
    return gravest in given


def _sums(names: NDArray, own: NDArray, areas: NDArray) -> dict[str, tuple[int, float]]:
    """Return name → (count, m²) of the places ``own``, ordered by first place."""
    counts: Counter[str] = Counter()
    sums: dict[str, float] = defaultdict(float)
    for name, area in zip(names[own].tolist(), areas[own].tolist(), strict=True):
        counts[name] += 1
        sums[name] += area
    return {name: (counts[name], sums[name]) for name in counts}


def _add_features(
    result: PairSum, batches: list[Ignored], shapes: NDArray, places: DistinctAreas, ctx: Context
) -> None:
    """Add the sum for each row of both layers: the union of the slivers on it."""
    layers: list[tuple[Layer, bool]] = []
    layer_of, rows, pieces = [], [], []
    start = 0
    for one in batches:
        count = len(one.slivers.geometry)
        for layer, sealed, on in ((one.a, False, one.slivers.left), (one.b, one.sealed, one.slivers.right)):
            at = next((n for n, (known, _) in enumerate(layers) if known is layer), len(layers))
            if at == len(layers):
                layers.append((layer, sealed))
            there = np.flatnonzero(on >= 0)
            layer_of.append(np.full(len(there), at))
            rows.append(on[there])
            pieces.append(places.same_as[start + there])
        start += count
    table = np.unique(np.column_stack([np.concatenate(c) for c in (layer_of, rows, pieces)]), axis=0)
    if not len(table):
        return
    area = np.zeros(len(shapes))
    used = np.unique(table[:, 2])
    area[used] = ctx.geometry.statutory(shapes[used])
    first = np.ones(len(table), dtype=bool)
    first[1:] = (table[1:, :2] != table[:-1, :2]).any(axis=1)
    feature = np.cumsum(first) - 1
    names, starts = table[first, :2], np.flatnonzero(first)
    counts = np.bincount(feature)
    sums = np.bincount(feature, weights=area[table[:, 2]])
    crossed = np.bincount(feature, weights=places.overlapping[table[:, 2]]) > 0
    # The plain sum is an upper bound of the union: only rows among the largest or above the limit need the union.
    order = np.argsort(-sums, kind="stable")
    near = crossed & (sums > ctx.tolerance.ignored_feature_m2)
    near[order[:FEATURES]] |= crossed[order[:FEATURES]]
    for n in np.flatnonzero(near).tolist():
        ctx.cancellation.raise_if_cancelled()
        own = subtract_earlier(shapes[table[starts[n] : starts[n] + counts[n], 2]], ctx.cancellation)
        counts[n], sums[n] = own.own.sum(), ctx.geometry.statutory(own.shapes[own.own]).sum()
    result.above = int((sums > ctx.tolerance.ignored_feature_m2).sum())
    for n in np.argsort(-sums, kind="stable")[:FEATURES].tolist():
        layer, sealed = layers[names[n, 0]]
        result.features.append(_Feature(layer, int(names[n, 1]), sealed, int(counts[n]), float(sums[n])))


def sliver_findings(
    sums: list[PairSum], outcomes: list[RuleOutcome], rules: list[Rule], limits: Tolerance
) -> list[Finding]:
    """Return a finding for each pair of layers whose ignored slivers exceed a limit.

    The outcome of its rule becomes failed.
    """
    by_code = {outcome.code: outcome for outcome in outcomes}
    known = {rule.code: rule for rule in rules}
    found = []
    for one in sums:
        if not one.exceeds(limits):
            continue
        found.append(one.finding(limits))
        outcome = by_code[one.rule]
        outcome.findings += 1
        if outcome.outcome in _WITHOUT_FINDING:
            outcome.outcome = Outcome.FAILED
        if known[one.rule].severity is Severity.ERROR and outcome.severity == Severity.INFO:
            # As for other findings of the rule: an error that the county lowered to a hint limits the verdict.
            outcome.unconfirmed = sorted({*outcome.unconfirmed, "severity.lowered"})
    return found


def ignored_to_dicts(sums: list[PairSum], limits: Tolerance) -> dict[str, Any]:
    """Return the sums for the report."""
    by_rule: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for one in sums:
        for code, (count, area) in one.by_rule.items():
            by_rule[code][0] += count
            by_rule[code][1] += area
    return {
        "ignored_slivers": sum(one.count for one in sums),
        "ignored_area_m2": round(sum(one.area_m2 for one in sums), 6),
        "ignored_by_rule": {c: {"count": int(n), "area_m2": round(a, 6)} for c, (n, a) in sorted(by_rule.items())},
        "ignored_pairs": [one.to_dict(limits) for one in sums],
    }
