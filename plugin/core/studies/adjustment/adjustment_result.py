# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of an adjustment (局部优化): options, settings, parcels, and the result with its criteria.

A threshold that no text confirms gives 有条件 at best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...base.choices import ADJUSTED_LINES
from ...engine.context import RuleContext
from ...figures.indicators.ratio import SETTINGS_OF_RATIO, ExpansionRatio, compute_expansion
from ...plan.plan import Plan
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, STATUTORY_BASIS, VersionComparison
from ...standard.messages.texts import Message
from ...standard.options import RunOptions
from ...standard.profile.resolved import find_origin
from ..projects.reviewed_project import Outcome, find_gravest

#: Section of the settings (mark C), and the concepts of the lines that may be compared.
ADJUSTMENT_SECTION = "adjustment"
LINES = ADJUSTED_LINES
#: Kinds of parcels in the order in which they are numbered.
MOVED_KINDS = (MOVED_IN_KIND, MOVED_OUT_KIND)
#: Decimals to which areas are compared: a rounding error does not count as an increase.
_AREA_DECIMALS, _RATIO_DECIMALS = 2, 6


@dataclass(frozen=True)
class AdjustmentOptions:
    """Options of a comparison.

    ``before``: path of the sealed edition, or of a former file of the layer or the county; ``line``: concept of the
    compared line, one of `LINES`; ``run``: standard, profile, language and roles of the later county.
    """

    before: str
    line: str = "boundary"
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class AdjustmentSettings:
    """Thresholds of the criteria (section ``adjustment`` of the standard, replaced by the profile).

    ``not_increasing``: lines whose area may not increase; the area of the others may not decrease.
    ``max_area_change_m2``: allowed change of area in the wrong direction; ``max_ratio_increase``: of the expansion
    ratio; ``max_taken_m2``: allowed overlap of land moved in with another line; ``max_cultivated_increase_m2``: allowed
    excess of the cultivated net area moved in over that moved out; ``min_parcel_m2``: smallest parcel moved in;
    ``max_detached_count``: parcels moved in that do not adjoin the line.
    """

    not_increasing: Sequence[str]
    max_area_change_m2: float
    max_ratio_increase: float
    max_taken_m2: float
    max_cultivated_increase_m2: float
    min_parcel_m2: float
    max_detached_count: int


@dataclass(frozen=True)
class LandShare:
    """Land of one class or owner in a parcel: ``name``, and area in m²."""

    name: str
    area_m2: float


@dataclass(frozen=True)
class TakenLand:
    """Land of another line, or cultivated land, in a parcel: statutory and net area in m²; None without a net area."""

    area_m2: float
    net_m2: float | None = None


@dataclass
class AdjustmentParcel:
    """A connected part of the difference of two editions.

    ``kind``: in, out, or changed (another zone of the line); ``geometry``: in the plan's plane; ``area_m2``: statutory
    area; ``area_by_township``: name → m², ``""`` outside all townships; ``location``: of the largest survey parcel;
    ``land_uses``, ``ownership``: by class, the largest first; ``taken``: concept of another line → land taken,
    without concepts that no edition has; ``cultivated``: None without a survey; ``zones_before``, ``zones_after``:
    zones of the line, then planning zones; ``adjoins``: the parcel meets the earlier edition.
    """

    number: int
    kind: str
    geometry: Any
    area_m2: float
    area_by_township: dict[str, float]
    location: str = ""
    land_uses: tuple[LandShare, ...] = ()
    ownership: tuple[LandShare, ...] = ()
    taken: dict[str, TakenLand] = field(default_factory=dict)
    cultivated: TakenLand | None = None
    zones_before: tuple[str, ...] = ()
    zones_after: tuple[str, ...] = ()
    adjoins: bool = True

    def get_land(self, concept: str) -> TakenLand | None:
        """Return the land of another line, or ``cultivated`` land, in the parcel; None if it is unknown."""
        return self.cultivated if concept == "cultivated" else self.taken.get(concept)


@dataclass(frozen=True)
class Criterion:
    """A criterion with its outcome.

    ``id``: key of its name; ``value``, ``limit``: in ``unit`` (m2, ratio or count), None if not measured; ``reason``:
    text key with ``params`` on the outcome, empty for 符合; ``setting``: key of the threshold;
    ``mark``: A, B or C; ``origin``: name of the standard or profile that sets it; ``parcels``: numbers of the parcels
    concerned.
    """

    id: str
    outcome: Outcome
    value: float | None
    limit: float
    unit: str
    setting: str
    mark: str
    origin: str
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    parcels: tuple[int, ...] = ()
    #: What of the layers is not known, so that the outcome is 未能判定.
    gaps: tuple[Message, ...] = ()


@dataclass
class AdjustmentResult:
    """The result of comparing a line before and after a change.

    ``plan``: the later county, ``before``: the earlier edition in its plane; ``before_name``: name of the earlier
    edition; ``missing``: (text key, parameters) on data that the sources lack.
    """

    plan: Plan
    before: Plan
    line: str
    before_name: str
    comparison: VersionComparison
    parcels: list[AdjustmentParcel]
    settings: AdjustmentSettings
    lang: str
    criteria: list[Criterion] = field(default_factory=list)
    missing: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def list_gaps(self, *concepts: str) -> tuple[Message, ...]:
        """Return sentences on unknown data of the layers of concepts in both editions.

        As `Plan.list_gaps`, with the name of the earlier edition.
        """
        earlier = [
            Message(ADJUSTMENT_SECTION, "of_edition", {"edition": self.before_name, "gap": gap})
            for gap in self.before.list_gaps(*concepts)
        ]
        return (*earlier, *self.plan.list_gaps(*concepts))

    @property
    def verdict(self) -> Outcome:
        """Return the worst outcome: 不符合, then 未能判定, 有条件, 符合."""
        return find_gravest(one.outcome for one in self.criteria)

    def list_parcels(self, kind: str) -> list[AdjustmentParcel]:
        """Return the parcels of a kind: in, out or changed."""
        return [one for one in self.parcels if one.kind == kind]

    def count_slivers(self, kind: str) -> tuple[int, float]:
        """Return number and statutory area (m²) of the slivers of a kind, which are not listed as parcels."""
        areas = [area for sliver_kind, _, _, area in self.comparison.sliver_rows if sliver_kind == kind]
        return len(areas), sum(areas)

    def sum_land(self, concept: str, kind: str = MOVED_IN_KIND) -> TakenLand | None:
        """Return the land of another line, or ``cultivated`` land, in the parcels of a kind, 0 without parcels.

        None if the land of a parcel is unknown: no edition has the line, or the survey is missing.
        """
        lands = [one.get_land(concept) for one in self.list_parcels(kind)]
        known = [one for one in lands if one is not None]
        if len(known) < len(lands):
            return None
        nets = [one.net_m2 for one in known if one.net_m2 is not None]
        return TakenLand(sum(one.area_m2 for one in known), sum(nets) if len(nets) == len(known) else None)


def _judge(
    result: AdjustmentResult,
    name: str,
    setting: str,
    value: float | None,
    unit: str,
    *,
    is_minimum: bool = False,
    reason: str = "",
    params: dict[str, Any] | None = None,
    parcels: Iterable[int] = (),
    other_settings: Iterable[str] = (),
    is_uncertain: bool = False,
    layers: Iterable[str] = (),
    taken_from: str = "",
) -> Criterion:
    """Return a criterion with its outcome.

    ``value``: None if it could not be measured, with the ``reason``; ``is_minimum``: the threshold is a minimum;
    ``other_settings``: keys of further settings that the value depends on; ``is_uncertain``: the outcome is
    有条件 at best. ``layers``: concepts of the layers that the value depends on in addition to the line; if not all
    of a layer is known, nothing is judged. ``taken_from``: concept of a line of which the known part may be enough
    for 不符合.
    """
    norm = result.plan.norm
    key = f"{ADJUSTMENT_SECTION}.{setting}"
    limit = float(getattr(result.settings, setting))
    mark, origin = norm.get_source_mark(key), find_origin(key, norm)
    unconfirmed = [one for one in (key, *other_settings) if not norm.is_confirmed(one)]
    gaps = result.list_gaps(result.line, *layers)
    if not gaps and taken_from and not (value is not None and value > limit):
        gaps = result.list_gaps(taken_from)
    if gaps:
        value, reason, params = None, "gaps", {}
    if value is None:
        outcome = Outcome.UNDETERMINED
    elif value < limit if is_minimum else value > limit:
        outcome, reason = Outcome.FAILS, reason or ("below_limit" if is_minimum else "above_limit")
    elif unconfirmed or is_uncertain:
        outcome, reason = Outcome.CONDITIONAL, "unconfirmed" if unconfirmed else "uncertain"
    else:
        outcome, reason = Outcome.CONFORMS, ""
    return Criterion(
        name, outcome, value, limit, unit, key, mark, origin.name, reason, params or {}, tuple(parcels), gaps
    )


def judge_criteria(result: AdjustmentResult, before_layer: Any, ctx: RuleContext) -> None:
    """Judge all criteria of a result, in place.

    ``before_layer``: the earlier edition of the line, for its expansion ratio.
    """
    # The area may not increase, or not decrease.
    change = round(result.comparison.balance_by_basis[STATUTORY_BASIS].land_change, _AREA_DECIMALS)
    may_not_increase = result.line in result.settings.not_increasing
    failed = len(result.comparison.failed_pairs)
    result.criteria = [
        _judge(
            result,
            "area_not_increased" if may_not_increase else "area_not_decreased",
            "max_area_change_m2",
            None if failed else change if may_not_increase else -change,
            "m2",
            reason="comparison_failed" if failed else "",
            params={"count": failed},
        )
    ]
    if result.line == "boundary":
        result.criteria.append(_judge_ratio(result, before_layer, ctx))
    result.criteria += [_judge_taken(result, concept) for concept in LINES if concept != result.line]
    if result.line == "boundary":
        moved = (result.sum_land("cultivated", kind) for kind in (MOVED_IN_KIND, MOVED_OUT_KIND))
        net_in, net_out = (one.net_m2 if one else None for one in moved)
        value, reason = None, "no_cultivated"
        if net_in is not None and net_out is not None:
            value, reason = round(net_in - net_out, _AREA_DECIMALS), ""
        result.criteria.append(
            _judge(
                result,
                "cultivated_not_increased",
                "max_cultivated_increase_m2",
                value,
                "m2",
                reason=reason,
                layers=("parcels", "base_parcels"),
            )
        )
    parcels = result.list_parcels(MOVED_IN_KIND)
    if parcels:
        # Size and place of the parcels moved in.
        areas = [round(one.area_m2, _AREA_DECIMALS) for one in parcels]
        small = [one.number for one, size in zip(parcels, areas, strict=True) if size < result.settings.min_parcel_m2]
        detached = [one.number for one in parcels if not one.adjoins]
        result.criteria += [
            _judge(result, "parcels_large_enough", "min_parcel_m2", min(areas), "m2", is_minimum=True, parcels=small),
            _judge(result, "parcels_adjoin", "max_detached_count", float(len(detached)), "count", parcels=detached),
        ]


def _judge_ratio(result: AdjustmentResult, before_layer: Any, ctx: RuleContext) -> Criterion:
    """Judge the expansion ratio in the form that the norm limits, with the base parcels of the later county."""
    base, boundary = (ctx.plan.find_layer_of_concept(one) for one in ("base_parcels", "boundary"))
    value, reason = None, "no_base_parcels"
    ratios: list[ExpansionRatio | None] = [None, None]
    if base is not None and boundary is not None and base.has_field("urban_code"):
        ratios = [compute_expansion(one, base, ctx) for one in (before_layer, boundary)]
        reason = "no_urban_parcels"
    form = str(ctx.norm.get("ratio.form"))
    values = [one.ratio_by_form.get(form) if one is not None else None for one in ratios]
    if values[0] is not None and values[1] is not None:
        value, reason = round(values[1] - values[0], _RATIO_DECIMALS), ""
    return _judge(
        result,
        "ratio_not_increased",
        "max_ratio_increase",
        value,
        "ratio",
        reason=reason,
        params={"before": values[0], "after": values[1], "form": form},
        other_settings=SETTINGS_OF_RATIO,
        layers=("base_parcels",),
        is_uncertain=any(one is not None and bool(one.uncertainties) for one in ratios),
    )


def _judge_taken(result: AdjustmentResult, concept: str) -> Criterion:
    """Judge that the land moved in takes no land of another line."""
    moved_in = result.list_parcels(MOVED_IN_KIND)
    is_missing = any(key == "no_line" and params["concept"] == concept for key, params in result.missing)
    taken = None if is_missing else result.sum_land(concept)
    return _judge(
        result,
        f"no_{concept}_taken",
        "max_taken_m2",
        None if taken is None else round(taken.area_m2, _AREA_DECIMALS),
        "m2",
        reason="" if taken is not None else "no_line" if is_missing else "overlay_failed",
        params={"concept": concept, "layer": ""},
        taken_from=concept,
        parcels=[
            one.number
            for one in moved_in
            if concept in one.taken and round(one.taken[concept].area_m2, _AREA_DECIMALS) > 0
        ],
    )
