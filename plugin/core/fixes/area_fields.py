# SPDX-License-Identifier: GPL-2.0-or-later
"""Area fields of a row whose shape changes: area, gross area, deduction and net area."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..geometry import crs as crs_care
from ..geometry.statutory_area import measure_statutory_area
from ..standard.template import TemplateField
from .state import EditingState, Row

AREA_MEANINGS = ("area", "gross_area")
#: Difference (m²) that rounding to two decimals explains.
ROUNDING_M2 = 0.01


def measure_shape_areas_m2(state: EditingState, row: Row, *shapes: Any) -> list[float]:
    """Return the statutory area (m²) of each shape in the coordinates of the row's layer."""
    transformer = crs_care.make_lonlat_transformer(state.plan.layers[row.role].known_crs)
    areas: list[float] = measure_statutory_area(np.array([*shapes, None])[:-1], transformer).tolist()
    return areas


def get_area_field_allowance_m2(state: EditingState) -> float:
    """Return by how much (m²) an area field may differ from the shape without a finding ATT013."""
    return float(state.norm.get_rule_parameters("ATT013").get("allowance_m2", 1.0))


def compute_area_fields(state: EditingState, row: Row, shape: Any) -> dict[str, Any]:
    """Return field name → value of the area fields of a row for a new shape.

    An area that agreed with the former shape is measured anew. An adjusted area (平差), which differs from the former
    shape, changes by as much as the shape. Net areas follow from the gross area by the row's rate or share of
    deduction. A field without a value gets none.
    """
    return compute_area_fields_of_shapes(state, row, [shape], keep_sums=False)[0]


def compute_area_fields_of_shapes(
    state: EditingState, row: Row, shapes: list[Any], *, keep_sums: bool = True
) -> list[dict[str, Any]]:
    """Return field name → value of the area fields, for each of the shapes that replace a row's shape.

    ``keep_sums``: the shapes divide the former shape, so the values of each field sum to the former value; the first
    shape takes the rounding. If False, the land of the shapes may differ from the row's.
    """
    former_m2, *areas = measure_shape_areas_m2(state, row, row.plane_shape, *shapes)
    values: list[dict[str, Any]] = [{} for _ in shapes]
    for meaning in AREA_MEANINGS:
        template_field, stored_area = _get_field_and_number(row, meaning)
        if template_field is None or template_field.unit != "m2" or stored_area is None or former_m2 <= 0:
            continue
        decimals = 2 if template_field.decimals is None else template_field.decimals
        if keep_sums:
            parts = divide_by_weights(stored_area, areas, decimals)
        elif abs(stored_area - former_m2) <= get_area_field_allowance_m2(state) + ROUNDING_M2:
            parts = [round(area, decimals) for area in areas]
        else:
            parts = [round(stored_area + area - former_m2, decimals) for area in areas]
        for part_values, value in zip(values, parts, strict=True):
            part_values[template_field.name] = value
    _add_net_areas_to_values(row, values, keep_sums)
    return values


def _add_net_areas_to_values(row: Row, values: list[dict[str, Any]], keep_sums: bool) -> None:
    """Add deduction and net area to the area fields of each shape (``values``), in place."""
    gross_field, gross = _get_field_and_number(row, "gross_area")
    net_field, net = _get_field_and_number(row, "net_area")
    deduction_field, deduction = _get_field_and_number(row, "deduction_area")
    _, rate = _get_field_and_number(row, "deduction_rate")
    if gross_field is None or not gross or gross <= 0:
        return
    grosses = [float(part_values[gross_field.name]) for part_values in values]
    if deduction_field is not None and deduction is not None:
        follows_rate = rate is not None and abs(deduction - gross * rate) <= ROUNDING_M2 + 1e-6
        ratio = rate if follows_rate and rate is not None else deduction / gross
        deductions = (
            divide_by_weights(deduction, grosses, 2) if keep_sums else [round(one * ratio, 2) for one in grosses]
        )
        for part_values, value in zip(values, deductions, strict=True):
            part_values[deduction_field.name] = value
    if net_field is None or net is None:
        return
    if deduction_field is not None and deduction is not None and abs(net - (gross - deduction)) <= ROUNDING_M2 + 1e-6:
        nets = [
            round(one - float(part_values[deduction_field.name]), 2)
            for one, part_values in zip(grosses, values, strict=True)
        ]
        if keep_sums:
            nets[0] = round(net - sum(nets[1:]), 2)
    elif keep_sums:
        nets = divide_by_weights(net, grosses, 2)
    else:
        nets = [round(one * net / gross, 2) for one in grosses]
    for part_values, value in zip(values, nets, strict=True):
        part_values[net_field.name] = value


def derive_net_area_fields(row: Row, gross: float) -> dict[str, Any]:
    """Return field name → value of deduction and net area of a row for another gross area (m²)."""
    template_field, _ = _get_field_and_number(row, "gross_area")
    if template_field is None:
        return {}
    values: list[dict[str, Any]] = [{template_field.name: gross}]
    _add_net_areas_to_values(row, values, keep_sums=False)
    return {name: value for name, value in values[0].items() if name != template_field.name}


def divide_by_weights(total: float, weights: list[float], decimals: int) -> list[float]:
    """Return a total divided in proportion to weights, rounded to ``decimals``.

    The results sum to the total: the first one takes the rounding.
    """
    weight_sum = sum(weights)
    parts = [round(total * weight / weight_sum, decimals) for weight in weights]
    parts[0] = round(total - sum(parts[1:]), 10)
    return parts


def _get_field_and_number(row: Row, meaning: str) -> tuple[TemplateField | None, float | None]:
    """Return the field with a meaning (None if the layer lacks it), and its number in the row (None if empty)."""
    template_field = row.home_layer.template.find_field(meaning)
    if template_field is None or not row.home_layer.has_field(meaning):
        return None, None
    value = row.get_number(meaning)
    return template_field, value if math.isfinite(value) else None
