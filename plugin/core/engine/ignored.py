# SPDX-License-Identifier: GPL-2.0-or-later
"""Sum the ignored slivers of a run by pair of layers, feature and township.

A sliver is an area below the tolerance, which rules ignore. A sum above its limit is a finding.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import Cancellation
from ..geometry.overlay_pieces import DistinctAreas, subtract_earlier_shapes
from ..geometry.polygon_rings import find_inner_points
from ..geometry.tolerance import Tolerance
from ..model.findings import Finding
from ..model.report import Outcome, RuleOutcome
from ..model.rule import Rule, Severity
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard.messages.finding_message import SLIVER_TEXTS_KEY
from .context import RuleContext
from .outcome import find_township_names_of_points
from .run_log import IgnoredSlivers

#: Features of a pair of layers that the report names, largest sum first.
MAX_NAMED_FEATURES = 10
#: Places of a pair of layers that a finding stores, largest first.
MAX_STORED_SLIVERS = 2000
_SEVERITIES_DESCENDING = (Severity.ERROR, Severity.WARNING, Severity.INFO)


@dataclass
class _FeatureSliverSum:
    """The sum of ignored slivers on one row of a layer.

    ``sliver_count``, ``area_m2``: number and statutory area of the slivers. ``is_of_sealed_edition``: the row belongs
    to the sealed edition that the layer is compared with.
    """

    layer: Layer
    row: int
    is_of_sealed_edition: bool
    sliver_count: int
    area_m2: float

    def to_dict(self) -> dict[str, Any]:
        """Return layer, key, number and area of the slivers as plain data for the report."""
        report_entry: dict[str, Any] = {"role": self.layer.role, "key": self.layer.keys[self.row]}
        if self.row in self.layer.repeated_keys:
            report_entry["fid"] = self.layer.fids[self.row]
        if self.is_of_sealed_edition:
            report_entry["sealed"] = True
        return {**report_entry, "count": self.sliver_count, "area_m2": round(self.area_m2, 6)}


@dataclass
class PairSliverSum:
    """The sum of slivers ignored between two layers; each location is counted once.

    ``reporting_rule``: code of the rule whose finding reports the sum. ``sums_by_rule``: rule code → (count, m²).
    ``sums_by_township``: township name → (count, m²). ``largest_feature_sums``: the rows with the largest sums.
    ``features_above_limit``: number of rows whose sum exceeds the limit. ``largest_slivers``: shapes of the slivers,
    largest first, at most `MAX_STORED_SLIVERS`. ``is_of_sealed_edition``: the second layer is the sealed edition of the
    first.
    """

    roles: tuple[str, str]
    is_of_sealed_edition: bool
    reporting_rule: str
    severity: Severity
    sliver_count: int = 0
    area_m2: float = 0.0
    sums_by_rule: dict[str, tuple[int, float]] = field(default_factory=dict)
    sums_by_township: dict[str, tuple[int, float]] = field(default_factory=dict)
    largest_feature_sums: list[_FeatureSliverSum] = field(default_factory=list)
    features_above_limit: int = 0
    largest_slivers: NDArray = field(default_factory=lambda: np.zeros(0, dtype=object))

    def exceeds_limit(self, limits: Tolerance) -> bool:
        """Return True if the sum of the pair of layers, or of one of its rows, exceeds its limit."""
        return self.area_m2 > limits.ignored_pair_m2 or self.features_above_limit > 0

    def make_finding(self, limits: Tolerance) -> Finding:
        """Return one finding on all slivers of the pair of layers.

        The finding names no row. Editing one row therefore does not resolve it; only a whole check does.
        """
        first, second = self.roles
        largest_sum = self.largest_feature_sums[0] if self.largest_feature_sums else None
        parts = shapely.get_parts(self.largest_slivers)
        return Finding(
            first,
            related_role="" if self.is_of_sealed_edition else second,
            code=self.reporting_rule,
            case=SLIVER_TEXTS_KEY,
            severity=self.severity,
            params={
                "kind": "sealed" if self.is_of_sealed_edition else "within" if first == second else "between",
                "count": self.sliver_count,
                "limit": limits.ignored_pair_m2,
                "feature_limit": limits.ignored_feature_m2,
                "above": self.features_above_limit,
                "largest": (largest_sum.layer.keys[largest_sum.row] or str(largest_sum.layer.fids[largest_sum.row]))
                if largest_sum
                else "—",
                "largest_m2": round(largest_sum.area_m2, 2) if largest_sum else 0.0,
                "places": len(self.largest_slivers),
            },
            area_m2=self.area_m2,
            geometry=parts[0] if len(parts) == 1 else shapely.multipolygons(parts),
        )

    def to_dict(self, limits: Tolerance) -> dict[str, Any]:
        """Return the sums as plain data for the report."""
        sorted_townships = sorted(self.sums_by_township.items(), key=lambda item: -item[1][1])
        return {
            "roles": list(self.roles),
            "sealed": self.is_of_sealed_edition,
            "rule": self.reporting_rule,
            "rules": list(self.sums_by_rule),
            "count": self.sliver_count,
            "area_m2": round(self.area_m2, 6),
            "exceeds": self.exceeds_limit(limits),
            "townships": [
                {"name": n, "count": count, "area_m2": round(area, 6)} for n, (count, area) in sorted_townships
            ],
            "features": [feature.to_dict() for feature in self.largest_feature_sums],
            "features_above": self.features_above_limit,
        }


def sum_ignored_slivers(
    plan: Plan,
    ignored: dict[str, list[IgnoredSlivers]],
    rules: list[Rule],
    limits: Tolerance,
    cancellation: Cancellation,
) -> list[PairSliverSum]:
    """Return the sums of ignored slivers by pair of layers, largest first.

    ``ignored``: rule code → slivers that the rule's queries left out.
    """
    by_code = {rule.code: rule for rule in rules}
    by_pair: dict[tuple[Any, ...], list[tuple[Rule, IgnoredSlivers]]] = defaultdict(list)
    for code, batches in ignored.items():
        for ignored_slivers in batches:
            by_pair[
                *sorted((ignored_slivers.first_layer.role, ignored_slivers.second_layer.role)),
                ignored_slivers.is_sealed_edition,
            ].append((by_code[code], ignored_slivers))
    context = RuleContext(plan, plan.norm, limits, cancellation=cancellation)
    sums = []
    for ignored_by in by_pair.values():
        cancellation.raise_if_cancelled()
        # The most severe rule comes first: a place that several rules ignore belongs to the first.
        ranked = sorted(
            ignored_by,
            key=lambda pair: (_SEVERITIES_DESCENDING.index(_find_severity(pair[0], pair[1], context)), pair[0].order),
        )
        rule, first = ranked[0]
        shapes = np.empty(sum(len(ignored_slivers.slivers.polygons) for _, ignored_slivers in ranked), dtype=object)
        shapes[:] = [shape for _, ignored_slivers in ranked for shape in ignored_slivers.slivers.polygons]
        distinct_slivers = subtract_earlier_shapes(shapes, context.cancellation)
        codes = np.array(
            [rule.code for rule, ignored_slivers in ranked for _ in ignored_slivers.slivers.polygons], dtype=object
        )
        counted_positions = np.flatnonzero(distinct_slivers.has_remainder)
        areas = np.zeros(len(shapes))
        areas[counted_positions] = context.geometry.measure_drawn_areas(
            distinct_slivers.remaining_shapes[counted_positions]
        )
        # A hint stays a hint; slivers that an error-level rule ignores are a warning.
        highest_severity = _find_severity(rule, first, context)
        severity = max(highest_severity, Severity.WARNING, key=_SEVERITIES_DESCENDING.index)
        result = PairSliverSum(
            (first.first_layer.role, first.second_layer.role), first.is_sealed_edition, rule.code, severity
        )
        result.sliver_count, result.area_m2 = len(counted_positions), float(areas.sum())
        result.sums_by_rule = _sum_sliver_areas_by_name(codes, counted_positions, areas)
        most_severe_codes = {
            one.code for one, slivers in ranked if _find_severity(one, slivers, context) == highest_severity
        }
        result.reporting_rule = max(
            (code for code in result.sums_by_rule if code in most_severe_codes),
            key=lambda code: result.sums_by_rule[code][1],
            default=rule.code,
        )
        township_names = np.full(len(shapes), "", dtype=object)
        township_names[counted_positions] = find_township_names_of_points(
            context.plan, find_inner_points(distinct_slivers.remaining_shapes[counted_positions])
        )
        result.sums_by_township = _sum_sliver_areas_by_name(township_names, counted_positions, areas)
        _set_largest_feature_sums(
            result, [ignored_slivers for _, ignored_slivers in ranked], shapes, distinct_slivers, context
        )
        order = counted_positions[np.argsort(-areas[counted_positions], kind="stable")][:MAX_STORED_SLIVERS]
        result.largest_slivers = distinct_slivers.remaining_shapes[order]
        sums.append(result)
    # Rounded: two pairs may ignore the same sliver, and rounding errors must not decide their order.
    return sorted(sums, key=lambda pair_sum: -round(pair_sum.area_m2, 6))


def _find_severity(rule: Rule, ignored_slivers: IgnoredSlivers, ctx: RuleContext) -> Severity:
    """Return the severity of a finding on slivers that a rule ignored."""
    return ignored_slivers.severity or ctx.norm.get_severity(rule)


def _sum_sliver_areas_by_name(
    sliver_names: NDArray, positions: NDArray, areas: NDArray
) -> dict[str, tuple[int, float]]:
    """Return name → (number, m²) of selected slivers, in the order in which the names first occur.

    ``sliver_names``, ``areas`` (n,): name (such as a township's) and m² of each sliver; ``positions`` (k,): the slivers
    to sum.
    """
    sums: dict[str, tuple[int, float]] = {}
    for name, area in zip(sliver_names[positions].tolist(), areas[positions].tolist(), strict=True):
        count, sum_m2 = sums.get(name, (0, 0.0))
        sums[name] = count + 1, sum_m2 + area
    return sums


def _set_largest_feature_sums(
    result: PairSliverSum,
    batches: list[IgnoredSlivers],
    shapes: NDArray,
    distinct_areas: DistinctAreas,
    ctx: RuleContext,
) -> None:
    """Set the rows with the largest sums, and the number of rows above the limit, in ``result``.

    The sum of a row is the area of the union of its slivers. ``shapes``, ``distinct_areas``: the slivers of all
    ``batches``, and each without earlier ones.
    """
    #: Identity of a layer → its number, the layer, and whether it is of the sealed edition.
    layers: dict[int, tuple[int, Layer, bool]] = {}
    columns, start = [], 0
    for ignored_slivers in batches:
        for layer, is_sealed, sliver_rows in (
            (ignored_slivers.first_layer, False, ignored_slivers.slivers.left_row),
            (ignored_slivers.second_layer, ignored_slivers.is_sealed_edition, ignored_slivers.slivers.right_row),
        ):
            number, _, _ = layers.setdefault(id(layer), (len(layers), layer, is_sealed))
            with_row = np.flatnonzero(sliver_rows >= 0)
            first_equal = distinct_areas.first_equal[start + with_row]
            columns.append(np.column_stack([np.full(len(with_row), number), sliver_rows[with_row], first_equal]))
        start += len(ignored_slivers.slivers.polygons)
    table = np.unique(np.concatenate(columns), axis=0)
    if not len(table):
        return
    area = np.zeros(len(shapes))
    used_positions = np.unique(table[:, 2])
    area[used_positions] = ctx.geometry.measure_drawn_areas(shapes[used_positions])
    starts_feature = np.ones(len(table), dtype=bool)
    starts_feature[1:] = (table[1:, :2] != table[:-1, :2]).any(axis=1)
    feature = np.cumsum(starts_feature) - 1
    layer_and_row, starts = table[starts_feature, :2], np.flatnonzero(starts_feature)
    counts = np.bincount(feature)
    sums = np.bincount(feature, weights=area[table[:, 2]])
    overlaps = np.bincount(feature, weights=distinct_areas.overlaps_other[table[:, 2]]) > 0
    # The plain sum is an upper bound of the union: only rows among the largest or above the limit need the union.
    order = np.argsort(-sums, kind="stable")
    needs_union = overlaps & (sums > ctx.tolerance.ignored_feature_m2)
    needs_union[order[:MAX_NAMED_FEATURES]] |= overlaps[order[:MAX_NAMED_FEATURES]]
    for n in np.flatnonzero(needs_union).tolist():
        ctx.cancellation.raise_if_cancelled()
        distinct_slivers = subtract_earlier_shapes(
            shapes[table[starts[n] : starts[n] + counts[n], 2]], ctx.cancellation
        )
        counts[n], sums[n] = (
            distinct_slivers.has_remainder.sum(),
            ctx.geometry.measure_drawn_areas(distinct_slivers.remaining_shapes[distinct_slivers.has_remainder]).sum(),
        )
    result.features_above_limit = int((sums > ctx.tolerance.ignored_feature_m2).sum())
    layer_list = list(layers.values())
    for n in np.argsort(-sums, kind="stable")[:MAX_NAMED_FEATURES].tolist():
        _, layer, is_sealed = layer_list[layer_and_row[n, 0]]
        result.largest_feature_sums.append(
            _FeatureSliverSum(layer, int(layer_and_row[n, 1]), is_sealed, int(counts[n]), float(sums[n]))
        )


def make_sliver_findings(
    sums: list[PairSliverSum], outcomes: list[RuleOutcome], rules: list[Rule], limits: Tolerance
) -> list[Finding]:
    """Return a finding for each pair of layers whose ignored slivers exceed a limit.

    The outcome of the rule that reports the pair becomes failed, in place.
    """
    by_code = {outcome.code: outcome for outcome in outcomes}
    rules_by_code = {rule.code: rule for rule in rules}
    reported_sums = [pair_sum for pair_sum in sums if pair_sum.exceeds_limit(limits)]
    for pair_sum in reported_sums:
        outcome = by_code[pair_sum.reporting_rule]
        outcome.findings += 1
        if outcome.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.SKIPPED):
            outcome.outcome = Outcome.FAILED
        if rules_by_code[pair_sum.reporting_rule].severity is Severity.ERROR and outcome.severity == Severity.INFO:
            # As for other findings of the rule: an error that the county lowered to a hint limits the verdict.
            outcome.unconfirmed = sorted({*outcome.unconfirmed, "severity.lowered"})
    return [pair_sum.make_finding(limits) for pair_sum in reported_sums]


def make_sliver_report(sums: list[PairSliverSum], limits: Tolerance) -> dict[str, Any]:
    """Return the sums of all pairs of layers and their totals as plain data for the report."""
    by_rule: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for pair_sum in sums:
        for code, (count, area) in pair_sum.sums_by_rule.items():
            by_rule[code][0] += count
            by_rule[code][1] += area
    return {
        "ignored_slivers": sum(pair_sum.sliver_count for pair_sum in sums),
        "ignored_area_m2": round(sum(pair_sum.area_m2 for pair_sum in sums), 6),
        "ignored_by_rule": {c: {"count": int(n), "area_m2": round(a, 6)} for c, (n, a) in sorted(by_rule.items())},
        "ignored_pairs": [pair_sum.to_dict(limits) for pair_sum in sums],
    }
