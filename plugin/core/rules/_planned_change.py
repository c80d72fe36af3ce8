# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned land use compared with the present land use of the same land."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..model.findings import Finding
from ..model.rule import RuleResult, Severity
from ..plan.layer import Layer
from ._attributes import (
    MAX_SHOWN_FIDS,
    format_code_with_name,
    join_code_names_of_field,
    make_row_list_params,
    read_setting_words,
)
from ._places import find_usable_layer_or_note_reason

#: Digits of a code that name the main class, and digits of a whole code of land use.
_CLASS_DIGITS, _CODE_DIGITS = 2, 6


def report_changes_of_present_use(ctx: RuleContext, result: RuleResult) -> None:
    """Add findings on planned land use that contradicts the present land use, or gives up public land."""
    for planned_role, field_name, present_role in read_setting_words(ctx.norm, "zones.base_year_fields", 3):
        planned_use = find_usable_layer_or_note_reason(planned_role, ctx, result)
        present_use = find_usable_layer_or_note_reason(present_role, ctx, result)
        if planned_use is None or present_use is None or not present_use.has_values("land_use"):
            continue
        result.add_applicable(_find_contradicted_base_classes(planned_use, field_name, present_use, ctx))
        for present_class, *planned_classes in read_setting_words(ctx.norm, "zones.given_up_uses", 2):
            result.findings += _find_given_up_land(planned_use, planned_classes, present_use, present_class, ctx)


def _find_contradicted_base_classes(
    planned_use: Layer, field_name: str, present_use: Layer, ctx: RuleContext
) -> list[Finding]:
    """Return a finding on planned parcels that state another class of the base year than the present land has.

    ``field_name``: the field with the stated class. Main classes are compared, and only whole codes of the list of land
    use.
    """
    values, present_codes = planned_use.get_texts_by_name(field_name), present_use.text("land_use")
    stated, present = _read_main_classes(values, planned_use, ctx), _read_main_classes(present_codes, present_use, ctx)
    if not (stated != "").any():
        return []
    parts = ctx.geometry.find_shared_areas(planned_use, present_use, left_rows=stated != "", right_rows=present != "")
    is_other = stated[parts.left] != present[parts.right]
    areas = np.bincount(parts.left, parts.area, minlength=len(planned_use))
    other_areas = np.bincount(parts.left, parts.area * is_other, minlength=len(planned_use))
    limit = float(ctx.norm.get("zones.max_other_base_share"))
    # Land of several classes is stated as the largest of them.
    names, name_of_part = np.unique(present[parts.right].astype(str), return_inverse=True)
    area_by_class = np.zeros((len(planned_use), len(names)))
    np.add.at(area_by_class, (parts.left[is_other], name_of_part[is_other]), parts.area[is_other])
    largest_other_areas = area_by_class.max(axis=1, initial=0.0)
    is_wrong = (areas > 0) & (other_areas > limit * areas) & (largest_other_areas > areas - other_areas)
    if not is_wrong.any():
        return []
    rows = np.array(planned_use.sort_rows(np.flatnonzero(is_wrong)))
    rows = rows[np.argsort(-other_areas[rows], kind="stable")].tolist()
    largest_class = names[area_by_class[rows[0]].argmax()]
    of_first = np.flatnonzero((parts.left == rows[0]) & (names[name_of_part] == largest_class))
    present_row = int(parts.right[of_first[np.argmax(parts.area[of_first])]])
    value, present_value = values[rows[0]], present_codes[present_row]
    row_params = make_row_list_params(planned_use, rows)
    return [
        ctx.finding_maker.make_row_finding(
            planned_use,
            rows[0],
            case="base",
            field=field_name,
            params={
                "value": value,
                "present": present_value,
                **row_params,
                "shown": {
                    **row_params["shown"],
                    "value": format_code_with_name(planned_use, "land_use", value, ctx),
                    "present": format_code_with_name(present_use, "land_use", present_value, ctx),
                },
            },
            area_m2=float(np.nansum(planned_use.statutory[rows])),
            geometry=ctx.geometry.unite_shapes(planned_use.plane_shapes[rows[:MAX_SHOWN_FIDS]]),
            related_role=present_use.role,
            related_keys=[present_use.keys[present_row]],
        )
    ]


def _read_main_classes(codes: list[str], layer: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) the main class of each code; empty unless the layer's list of land use has the whole code.

    Codes of the land survey have other meanings.
    """
    template_field = layer.template.find_field("land_use")
    if template_field is None or not template_field.codes:
        return np.full(len(codes), "", dtype=object)
    known_codes = ctx.get_code_list(template_field.codes).entry_by_code
    return np.array(
        [
            code[:_CLASS_DIGITS]
            if len(code) == _CODE_DIGITS and trim_code_padding(code, template_field.code_pad) in known_codes
            else ""
            for code in codes
        ],
        dtype=object,
    )


def _find_given_up_land(
    planned_use: Layer, planned_classes: list[str], present_use: Layer, present_class: str, ctx: RuleContext
) -> list[Finding]:
    """Return a finding on present land of one class (``present_class``) that is planned for other classes."""
    is_present = ctx.find_rows_with_code(present_use, "land_use", [present_class])
    is_planned = ctx.find_rows_with_code(planned_use, "land_use", planned_classes)
    if not is_present.any() or not is_planned.any():
        return []
    shared_pieces = ctx.geometry.find_shared_pieces(
        planned_use, present_use, left_rows=is_planned, right_rows=is_present, keep_slivers=True
    )
    pieces = ctx.geometry.remove_repeated_land(shared_pieces, planned_use, present_use)
    area = float(ctx.geometry.compute_piece_areas(pieces, planned_use, present_use).sum())
    if area < float(ctx.norm.get("zones.min_given_up_m2")):
        return []
    planned_areas = np.bincount(pieces.left, pieces.area, minlength=len(planned_use))
    rows = np.array(planned_use.sort_rows(np.flatnonzero(planned_areas)))
    rows = rows[np.argsort(-planned_areas[rows], kind="stable")].tolist()
    value = planned_use.text("land_use")[rows[0]]
    row_params = make_row_list_params(planned_use, rows)
    present_rows = present_use.sort_rows(np.unique(pieces.right))[:MAX_SHOWN_FIDS]
    return [
        ctx.finding_maker.make_row_finding(
            planned_use,
            rows[0],
            case="given_up",
            severity=Severity.INFO,
            params={
                "expected": join_code_names_of_field(present_use, "land_use", [present_class], ctx),
                "value": value,
                **row_params,
                "shown": {**row_params["shown"], "value": format_code_with_name(planned_use, "land_use", value, ctx)},
            },
            area_m2=area,
            geometry=ctx.geometry.unite_shapes(pieces.geometry),
            related_role=present_use.role,
            # Findings on several classes differ in their related keys.
            related_keys=[present_use.keys[row] for row in present_rows],
        )
    ]
