# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep the county's indicators up to date during edits.

The figures of a check are sums over rows, or follow from such sums. A batch of edits changes a sum by the difference
between the edited rows, with the rows that meet them, before and after the edits.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ...engine.context import RuleContext
from ...figures.indicators.areas import WARNING_SHARE_SETTING
from ...figures.indicators.ratio import (
    BOUNDARY_ZONE_KINDS,
    compute_expansion_ratios,
    find_urban_base_rows,
    measure_expansion_areas,
)
from ...figures.three_zones import derive_from_layer
from ...geometry.tolerance import Tolerance
from ...model.indicator import (
    AREA_FIGURES,
    REFERENCE_ONLY,
    SQUARE_METRES,
    STATED_FIGURES,
    TARGET_MET,
    TARGET_MISSED,
    Indicator,
    compare_area_with_target,
    compare_with_target,
    convert_area,
)
from ...plan.plan import Plan
from ...standard.profile.space_map import ZONE_CODE_BY_SPACE_FIGURE, load_space_map
from .checker import IncrementalChecker, RowChange
from .edited_rows import join_layers

#: Sums of the plan that indicators are made of: name → m², or a number of features.
Sums = dict[str, float]
_RATIO_PREFIX = "expansion_ratio_"
#: Zone inside the boundary by the id of its share.
_ZONE_KIND_BY_SHARE_ID = {f"boundary_{kind}_share": kind for kind in BOUNDARY_ZONE_KINDS}
#: Concepts of the layers that figures compare with each other: an edit of one needs the rows of the others around it.
_COMPARED_CONCEPTS = (("boundary", "base_parcels"), ("zones",))


class LiveFigures:
    """The county's indicators of a check, with the edits so far.

    Figures that edits cannot be followed for keep the value of the check and are in ``stale_ids``: those of townships,
    and of layers that do not count each row (自然保护地). Whether a figure is confirmed stays as the check found it.
    """

    def __init__(
        self, indicators: Iterable[Indicator], checker: IncrementalChecker, tolerance: Tolerance | None = None
    ):
        self._plan = checker.plan
        self._tolerance = tolerance or self._plan.norm.make_tolerance()
        self.checked_indicators = [indicator for indicator in indicators if not indicator.place]
        self.indicators = list(self.checked_indicators)
        self.stale_ids: set[str] = set()
        self._changes_of_sums: defaultdict[str, float] = defaultdict(float)

    def update(self, changes: Iterable[RowChange], checker: IncrementalChecker) -> bool:
        """Update the indicators with edits that the checker has adopted; return True if any value changed.

        ``changes``: the edits, at most one for each row.
        """
        changes = list(changes)
        former_values = [indicator.value for indicator in self.indicators]
        for measure, concepts in (
            (self._sum_expansion, _COMPARED_CONCEPTS[0]),
            (self._sum_zones, _COMPARED_CONCEPTS[1]),
        ):
            layers = (self._plan.find_layer_of_concept(concept) for concept in concepts)
            roles = {layer.role for layer in layers if layer is not None}
            if any(change.role in roles for change in changes):
                before, after = map(measure, _make_plans_around_changes(changes, roles, checker))
                for name in before.keys() | after.keys():
                    self._changes_of_sums[name] += after.get(name, 0.0) - before.get(name, 0.0)
        ctx = RuleContext(self._plan, self._plan.norm, self._tolerance)
        for change in changes:
            # Single layers need no other rows.
            for layer, sign in ((change.before, -1.0), (change.after, 1.0)):
                for name, sum_row in (
                    (f"{change.role}.count", len),
                    (f"{change.role}.statutory", lambda rows: float(rows.statutory.sum())),
                    (f"{change.role}.net", lambda rows: float(np.nansum(rows.numbers("net_area")))),
                    (
                        f"{change.role}.cultivated_net",
                        lambda rows: float(np.nansum(rows.numbers("net_area")[ctx.find_cultivated_rows(rows)])),
                    ),
                ):
                    if len(layer) and name in self._names_of_row_sums:
                        self._changes_of_sums[name] += sign * sum_row(layer)
        self.indicators = [self._update_indicator(indicator) for indicator in self.checked_indicators]
        return [indicator.value for indicator in self.indicators] != former_values

    # --- sums
    @cached_property
    def _names_of_row_sums(self) -> set[str]:
        """Names of the sums of single layers that figures need; other rows need not be measured."""
        names = {self._name_sum_of_area(one) for one in self.checked_indicators}
        county = self._plan.find_layer_of_concept("county")
        return names if county is None else names | {f"{county.role}.statutory"}

    def _sum_expansion(self, plan: Plan) -> Sums:
        """Return the sums of the expansion ratio and of the boundary's shares for some rows of the plan."""
        boundary, base = (plan.find_layer_of_concept(concept) for concept in _COMPARED_CONCEPTS[0])
        if boundary is None or base is None:
            return {}
        ctx = RuleContext(plan, plan.norm, self._tolerance)
        areas = measure_expansion_areas(boundary, base, find_urban_base_rows(base, ctx), ctx)
        return {
            "denominator_m2": areas.denominator_m2,
            "denominator_statutory_m2": areas.statutory_denominator_m2,
            "boundary_m2": areas.boundary_m2,
            **{f"{kind}_m2": area for kind, area in areas.parts.items()},
            "uncoded_m2": areas.uncoded_m2,
            "new_land_m2": areas.new_land_m2,
        }

    def _sum_zones(self, plan: Plan) -> Sums:
        """Return the areas of the three zones (三区) that some planning zones make."""
        zones = plan.find_layer_of_concept("zones")
        if zones is None or not len(zones) or not zones.has_field("zone_code"):
            return {}
        derived = derive_from_layer(zones, load_space_map(self._plan.norm), plan)
        return {
            f"three_zones.{code}": derived.get_zone_area_m2(code) for code in set(ZONE_CODE_BY_SPACE_FIGURE.values())
        }

    # --- indicators
    def _update_indicator(self, indicator: Indicator) -> Indicator:
        """Return an indicator of the check with the edits so far."""
        if indicator.value is None:
            return indicator
        if indicator.id.startswith(_RATIO_PREFIX):
            return self._update_ratio(indicator)
        if indicator.id in _ZONE_KIND_BY_SHARE_ID:
            inputs = self._update_inputs(indicator)
            kind = _ZONE_KIND_BY_SHARE_ID[indicator.id]
            parts_of_whole = (*BOUNDARY_ZONE_KINDS, "uncoded") if kind == "concentrated" else ("concentrated",)
            whole = sum(inputs[f"{one}_m2"] for one in parts_of_whole)
            if whole <= 0:
                return replace(indicator, value=None, inputs=inputs, state=REFERENCE_ONLY)
            share = 100 * inputs[f"{kind}_m2"] / whole
            updated = replace(indicator, value=share, inputs=inputs)
            if indicator.target is not None:
                updated.set_state(TARGET_MISSED if share > indicator.target else TARGET_MET)
            return updated
        if indicator.id in ZONE_CODE_BY_SPACE_FIGURE:
            zone_code = ZONE_CODE_BY_SPACE_FIGURE[indicator.id]
            change = self._changes_of_sums.get(f"three_zones.{zone_code}", 0.0)
            area = indicator.value * SQUARE_METRES[indicator.unit] + change
            inputs = dict(indicator.inputs)
            if inputs.get("county_m2"):
                county = self._plan.find_layer_of_concept("county")
                if county is not None:
                    inputs["county_m2"] += self._changes_of_sums.get(f"{county.role}.statutory", 0.0)
                if inputs["county_m2"] <= 0:
                    # The county's only row was removed.
                    del inputs["county_m2"], inputs["county_share"]
                else:
                    inputs["county_share"] = 100 * area / inputs["county_m2"]
            return replace(indicator, value=convert_area(area, indicator.unit), inputs=inputs)
        return self._update_area(indicator, indicator.value)

    def _update_inputs(self, indicator: Indicator) -> dict[str, Any]:
        """Return the inputs of an indicator, those that are sums with the edits so far."""
        return {
            name: value + self._changes_of_sums[name] if name in self._changes_of_sums else value
            for name, value in indicator.inputs.items()
        }

    def _update_ratio(self, indicator: Indicator) -> Indicator:
        inputs = self._update_inputs(indicator)
        inputs["denominator_difference_m2"] = inputs["denominator_m2"] - inputs["denominator_statutory_m2"]
        form = indicator.id.removeprefix(_RATIO_PREFIX)
        if inputs["denominator_m2"] <= 0:
            return replace(indicator, value=None, inputs=inputs, state=REFERENCE_ONLY)
        # The area of the boundary is the numerator of the first form of the ratio.
        first_form = next(one for one in self.checked_indicators if one.id == f"{_RATIO_PREFIX}n1")
        boundary_m2 = float(first_form.inputs["numerator_m2"]) + self._changes_of_sums.get("boundary_m2", 0.0)
        ratios = compute_expansion_ratios(
            inputs["denominator_m2"],
            boundary_m2,
            inputs["concentrated_m2"],
            inputs["flexible_m2"],
            inputs["new_land_m2"],
        )
        inputs["numerator_m2"] = ratios[form] * inputs["denominator_m2"]
        updated = replace(indicator, value=ratios[form], inputs=inputs)
        if indicator.target is not None:
            share = float(self._plan.norm.get(WARNING_SHARE_SETTING))
            updated.set_state(compare_with_target(ratios[form], "<=", indicator.target, warning_share=share))
        return updated

    def _update_area(self, indicator: Indicator, checked_value: float) -> Indicator:
        """Return an area with a target, or that the plan states, with the edits so far."""
        sum_name = self._name_sum_of_area(indicator)
        if not sum_name or sum_name not in self._changes_of_sums:
            return indicator
        concept = {**AREA_FIGURES, **STATED_FIGURES}[indicator.id][0]
        if concept == "reserves":
            self.stale_ids.add(indicator.id)
            return indicator
        value = checked_value + convert_area(self._changes_of_sums[sum_name], indicator.unit)
        updated = replace(indicator, value=value)
        if indicator.target is not None:
            target = next(
                one for one in self._plan.norm.find_targets(self._plan.area_code)
                if (one.indicator, one.year) == (indicator.id, indicator.target_year)
                and one.numeric_value == indicator.target
            )  # fmt: skip
            share = target.get_warning_share(float(self._plan.norm.get(WARNING_SHARE_SETTING)))
            updated.set_state(
                compare_area_with_target(
                    value, indicator.comparison, indicator.target, indicator.target_decimals, share
                )
            )
        return updated

    def _name_sum_of_area(self, indicator: Indicator) -> str:
        """Return the name of the sum that an area is; empty for another indicator."""
        role = indicator.inputs.get("layer")
        if role is None or indicator.id not in {**AREA_FIGURES, **STATED_FIGURES}:
            return ""
        if indicator.basis != "net":
            return f"{role}.{indicator.basis}"
        survey = self._plan.find_layer_of_concept("parcels")
        is_from_survey = survey is not None and role == survey.role
        return f"{role}.cultivated_net" if is_from_survey else f"{role}.net"


def _make_plans_around_changes(
    changes: list[RowChange], roles: set[str], checker: IncrementalChecker
) -> tuple[Plan, Plan]:
    """Return plans of the edited rows and the rows around them, before and after the edits.

    ``roles``: the layers with rows; all other layers are empty.
    """
    boxes = [change.changed_box for change in changes if change.role in roles]
    changed_rows: dict[str, list[RowChange]] = defaultdict(list)
    for change in changes:
        changed_rows[change.role].append(change)
    before, after = {}, {}
    for role in checker.plan.layers:
        unchanged = checker.rows.make_empty_layer(role)
        if role in roles:
            near_rows = checker.rows.find_rows_meeting_bounds(role, *boxes) - {
                change.row for change in changed_rows[role]
            }
            unchanged = checker.rows.make_layer_of_rows(role, checker.rows.sort_edited_last(role, near_rows))
        before[role], after[role] = (
            join_layers([unchanged, *(getattr(change, state) for change in changed_rows[role] if role in roles)])
            for state in ("before", "after")
        )
    return checker.make_plan_of_rows(before), checker.make_plan_of_rows(after)
