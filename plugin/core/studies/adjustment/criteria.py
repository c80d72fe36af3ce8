# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge an adjustment by its criteria; a threshold that no text confirms gives 有条件 at best."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...figures.indicators.ratio import SETTINGS_OF_RATIO, ExpansionRatio, compute_expansion
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, STATUTORY_BASIS
from ...standard.profile.resolved import find_origin
from .adjustment_result import ADJUSTMENT_SECTION, LINES, AdjustmentResult, Criterion, Outcome

if TYPE_CHECKING:
    from ...engine.context import RuleContext

#: Decimals to which areas are compared: a rounding error does not count as an increase.
_AREA_DECIMALS, _RATIO_DECIMALS = 2, 6


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
    # The area may not increase, or not decrease. Land newly claimed twice does not count as land.
    balance = result.comparison.balance_by_basis[STATUTORY_BASIS]
    change = round(balance.land_after - balance.before, _AREA_DECIMALS)
    may_not_increase = result.line in result.settings.not_increasing
    failed = len(result.comparison.failed_pairs)
    area = _judge(
        result,
        "area_not_increased" if may_not_increase else "area_not_decreased",
        "max_area_change_m2",
        None if failed else change if may_not_increase else -change,
        "m2",
        reason="comparison_failed" if failed else "",
        params={"count": failed},
    )
    result.criteria = [area]
    if result.line == "boundary":
        result.criteria.append(_judge_ratio(result, before_layer, ctx))
    result.criteria += [_judge_taken(result, concept) for concept in LINES if concept != result.line]
    if result.line == "boundary":
        moved_in, moved_out = (result.sum_cultivated(kind) for kind in (MOVED_IN_KIND, MOVED_OUT_KIND))
        value, reason = None, "no_cultivated"
        if moved_in is not None and moved_out is not None:
            net_in, net_out = moved_in.net_m2, moved_out.net_m2
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
    moved = result.list_parcels(MOVED_IN_KIND)
    if moved:
        # Size and place of the parcels moved in.
        areas = [round(one.area_m2, _AREA_DECIMALS) for one in moved]
        small = [one.number for one, size in zip(moved, areas, strict=True) if size < result.settings.min_parcel_m2]
        detached = [one.number for one in moved if not one.adjoins]
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
    taken = None if is_missing else result.sum_taken(concept)
    reason = "" if taken is not None else "no_line" if is_missing else "overlay_failed"
    return _judge(
        result,
        f"no_{concept}_taken",
        "max_taken_m2",
        None if taken is None else round(taken.area_m2, _AREA_DECIMALS),
        "m2",
        reason=reason,
        params={"concept": concept, "layer": ""},
        taken_from=concept,
        parcels=[
            one.number
            for one in moved_in
            if concept in one.taken and round(one.taken[concept].area_m2, _AREA_DECIMALS) > 0
        ],
    )
