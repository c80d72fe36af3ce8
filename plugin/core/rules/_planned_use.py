# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned land use of the central urban area: at city lines, facilities and street axes, and against present use."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..figures.indicators.survey_deductions import find_containing_rows, take_containing_values
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
from ._places import find_usable_layer_or_note_reason, select_valid_polygons


def find_land_cut_by_line(
    line: Layer, classes: list[str], planned_use: Layer, boundary: Layer | None, ctx: RuleContext
) -> list[Finding]:
    """Return a finding for each parcel of some classes that a line covers only in part.

    A parcel is reported if the covered share of it is above 0 and below the setting `zones.min_covered_share`. With a
    ``boundary``, only the land of the parcel inside the boundary counts.
    """
    rows = ctx.find_rows_with_code(planned_use, "land_use", classes)
    covered_pieces = ctx.geometry.find_shared_pieces(planned_use, line, left_rows=rows)
    covered_areas = np.bincount(covered_pieces.left, covered_pieces.area, minlength=len(planned_use))
    areas, is_met = planned_use.plane_areas, covered_areas > 0
    if boundary is not None and is_met.any():
        inside = ctx.geometry.find_shared_areas(planned_use, boundary, left_rows=is_met)
        areas = np.bincount(inside.left, inside.area, minlength=len(planned_use))
    limit = float(ctx.norm.get("zones.min_covered_share"))
    findings = []
    for row in np.flatnonzero(is_met & (covered_areas < limit * areas)).tolist():
        of_row = np.flatnonzero(covered_pieces.left == row)
        line_row = int(covered_pieces.right[of_row[np.argmax(covered_pieces.area[of_row])]])
        value = planned_use.text("land_use")[row]
        params = {
            "percent": round(100 * float(covered_areas[row] / areas[row]), 2),
            "limit": round(100 * limit, 2),
            "value": value,
            "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
        }
        findings.append(
            ctx.finding_maker.make_row_finding(
                line,
                line_row,
                case="cut",
                params=params,
                geometry=planned_use.plane_shapes[row],
                related_role=planned_use.role,
                related_keys=[planned_use.keys[row]],
            )
        )
    return ctx.finding_maker.mark_findings_by_location(findings)


def report_missing_line(concept: str, classes: list[str], planned_use: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding on a missing layer of lines, if much land of their classes is planned.

    Nothing is reported if the county declares the lines absent, or if the layer cannot be used.
    """
    if concept in ctx.norm.profile.absent or ctx.plan.find_unusable_layer(concept) is not None:
        return []
    missing_role = ctx.plan.list_roles_of_concept(concept)[0]
    return report_planned_land_without_line("no_layer", planned_use.role, missing_role, classes, planned_use, ctx)


def report_planned_land_without_line(
    case: str, role: str, related_role: str, classes: list[str], planned_use: Layer, ctx: RuleContext
) -> list[Finding]:
    """Return a finding on planned land of some classes, if its area reaches `zones.min_described_m2`."""
    rows = ctx.find_rows_with_code(planned_use, "land_use", classes)
    area = float(planned_use.statutory[rows].sum())
    if area < float(ctx.norm.get("zones.min_described_m2")):
        return []
    params = {"expected": join_code_names_of_field(planned_use, "land_use", classes, ctx), "count": int(rows.sum())}
    shape = ctx.geometry.unite_shapes(planned_use.plane_shapes[rows])
    return [Finding(role, related_role=related_role, case=case, params=params, area_m2=area, geometry=shape)]


def find_facilities_on_other_land(
    points: Layer, words: list[str], classes: list[str], planned_use: Layer, ctx: RuleContext
) -> list[Finding]:
    """Return a finding for each point with one of the words in its name on planned land of some classes."""
    planned_rows = find_containing_rows(points, planned_use, ctx)
    is_wrong = ctx.find_rows_with_code(planned_use, "land_use", classes)
    feature_names = points.text("feature_name")
    findings = []
    for row in np.flatnonzero(take_containing_values(is_wrong, planned_rows, False)).tolist():
        if not any(word in feature_names[row] for word in words):
            continue
        value = planned_use.text("land_use")[planned_rows[row]]
        params = {
            "name": feature_names[row],
            "value": value,
            "shown": {"value": format_code_with_name(planned_use, "land_use", value, ctx)},
        }
        findings.append(
            ctx.finding_maker.make_row_finding(
                points,
                row,
                case="facility",
                params=params,
                geometry=points.plane_shapes[row],
                related_role=planned_use.role,
                related_keys=[planned_use.keys[int(planned_rows[row])]],
            )
        )
    return findings


def find_lines_off_roads(lines: Layer, classes: list[str], planned_use: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding on the lines that are mostly on planned land of other classes than roads.

    Nothing is compared if no land is planned for roads.
    """
    is_road = ctx.find_rows_with_code(planned_use, "land_use", classes)
    if not is_road.any():
        return []
    land = select_valid_polygons(planned_use)
    land[is_road] = None
    line, parcel = shapely.STRtree(land).query(lines.plane_shapes, predicate="intersects")
    off_lengths = shapely.length(shapely.intersection(lines.plane_shapes[line], land[parcel]))
    off_length = np.bincount(line, off_lengths, minlength=len(lines))
    limit = float(ctx.norm.get("zones.max_off_road_share"))
    is_off = off_length > limit * np.nan_to_num(shapely.length(lines.plane_shapes))
    rows = lines.sort_rows(np.flatnonzero(is_off))
    if not rows:
        return []
    params = {
        "limit": round(100 * limit, 2),
        "expected": join_code_names_of_field(planned_use, "land_use", classes, ctx),
        **make_row_list_params(lines, rows),
    }
    return [
        ctx.finding_maker.make_row_finding(
            lines,
            rows[0],
            case="road",
            severity=Severity.INFO,
            params=params,
            geometry=shapely.union_all(lines.plane_shapes[rows]),
            related_role=planned_use.role,
        )
    ]


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
            is_present = ctx.find_rows_with_code(present_use, "land_use", [present_class])
            is_planned = ctx.find_rows_with_code(planned_use, "land_use", planned_classes)
            if not is_present.any() or not is_planned.any():
                continue
            shared_pieces = ctx.geometry.find_shared_pieces(
                planned_use, present_use, left_rows=is_planned, right_rows=is_present, keep_slivers=True
            )
            pieces = ctx.geometry.remove_repeated_land(shared_pieces, planned_use, present_use)
            area = float(ctx.geometry.compute_piece_areas(pieces, planned_use, present_use).sum())
            if area < float(ctx.norm.get("zones.min_given_up_m2")):
                continue
            planned_areas = np.bincount(pieces.left, pieces.area, minlength=len(planned_use))
            rows = np.array(planned_use.sort_rows(np.flatnonzero(planned_areas)))
            rows = rows[np.argsort(-planned_areas[rows], kind="stable")].tolist()
            value = planned_use.text("land_use")[rows[0]]
            row_params = make_row_list_params(planned_use, rows)
            present_rows = present_use.sort_rows(np.unique(pieces.right))[:MAX_SHOWN_FIDS]
            result.findings.append(
                ctx.finding_maker.make_row_finding(
                    planned_use,
                    rows[0],
                    case="given_up",
                    severity=Severity.INFO,
                    params={
                        "expected": join_code_names_of_field(present_use, "land_use", [present_class], ctx),
                        "value": value,
                        **row_params,
                        "shown": {
                            **row_params["shown"],
                            "value": format_code_with_name(planned_use, "land_use", value, ctx),
                        },
                    },
                    area_m2=area,
                    geometry=ctx.geometry.unite_shapes(pieces.geometry),
                    related_role=present_use.role,
                    # Findings on several classes differ in their related keys.
                    related_keys=[present_use.keys[row] for row in present_rows],
                )
            )


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
