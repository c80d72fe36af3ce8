# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of structure (SCH)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from plugin.core.model.rule import EACH, all_rules
from tests.county.defect_editor import EDGE, FIELD, PARCEL
from tests.mutations.mutation import CountyDraft, declare_mutation

WOODS = "TRL"


def on_each_layer() -> list[str]:
    """Return rules that check every layer: an unusable layer makes all of them incomplete.

    GEO011 leaves the county's outside to TOP003 and does not apply.
    """
    each = (code for code, rule in all_rules().items() if any(need.concept == EACH for need in rule.needs.values()))
    return [code for code in each if code != "GEO011"]


@declare_mutation("SCH001", case="")
def no_woods(draft: CountyDraft) -> None:
    draft.lose(WOODS)


@declare_mutation("SCH002", case="missing", silent=["ATT003"])
def cultivated_land_without_its_deduction(draft: CountyDraft) -> None:
    draft.lose(FIELD, "KCMJ")


@declare_mutation("SCH003", case="without_prefix")
def woods_in_coordinates_without_zone_number(draft: CountyDraft) -> None:
    draft.layers[WOODS] = _unprefixed(draft.layers[WOODS])
    draft.crs[WOODS] = 4547


def _unprefixed(frame: Any) -> Any:
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.subtract(xy, (38_000_000, 0)))
    return frame.set_geometry(shapes, crs=None)


def _codes(draft: CountyDraft) -> dict[str, str]:
    return next(one.codes for one in draft.schema[PARCEL] if one.name == "DLBM") or {}


def _declare(draft: CountyDraft, role: str, name: str, **values: Any) -> None:
    draft.schema[role] = [replace(one, **values) if one.name == name else one for one in draft.schema[role]]


@declare_mutation("SCH004")
def a_number_field_that_is_too_short(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "BSM", length=16)


@declare_mutation("SCH005", follows=["GEO002"])
def a_line_among_polygons(draft: CountyDraft) -> None:
    row = draft.first(WOODS)
    x, y = draft.shape(WOODS, row).centroid.coords[0]
    draft.layers[WOODS].at[row, "geometry"] = shapely.LineString([(x, y), (x + 500, y)])


@declare_mutation("SCH005", case="heights", finds=1)
def woods_with_heights(draft: CountyDraft) -> None:
    row = draft.first(WOODS)
    draft.layers[WOODS].at[row, "geometry"] = shapely.force_3d(draft.shape(WOODS, row), 1250.0)


@declare_mutation("SCH006", case="")
def a_field_by_another_name(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", alias="地类")


@declare_mutation("SCH007", case="lacks")
def a_domain_that_lost_a_code(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", codes={code: name for code, name in _codes(draft).items() if code != "0103"})


@declare_mutation("SCH008", case="missing")
def a_missing_field_that_no_rule_reads(draft: CountyDraft) -> None:
    draft.lose(PARCEL, "BZ")


@declare_mutation("SCH008", case="order")
def fields_in_another_order(draft: CountyDraft) -> None:
    first, *others = draft.schema[EDGE]
    draft.schema[EDGE] = [*others, first]


@declare_mutation("SCH001", case="empty", silent=["SCH001"])
def woods_without_a_row(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].iloc[:0]


@declare_mutation("SCH002", case="type")
def a_deduction_that_is_text(draft: CountyDraft) -> None:
    draft.layers[FIELD]["KCMJ"] = draft.layers[FIELD]["KCMJ"].map("{:.2f}".format).astype(object)
    _declare(draft, FIELD, "KCMJ", type="text", length=20)


@declare_mutation("SCH003", case="unusable", silent=on_each_layer())
def woods_in_no_coordinate_system(draft: CountyDraft) -> None:
    frame = draft.layers[WOODS]
    draft.layers[WOODS] = frame.set_geometry(frame.geometry.to_numpy(), crs=None)
    draft.crs[WOODS] = None


@declare_mutation("SCH003", case="with_prefix")
def all_but_the_woods_without_zone_number(draft: CountyDraft) -> None:
    for role, frame in draft.layers.items():
        if role != WOODS:
            draft.layers[role] = _unprefixed(frame)
            draft.crs[role] = 4547


@declare_mutation("SCH003", case="not_cgcs2000")
def woods_in_the_system_of_1980(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(2362)
    draft.crs[WOODS] = 2362


@declare_mutation("SCH006", case="empty")
def a_field_of_no_name(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", alias="")


@declare_mutation("SCH006", case="none")
def a_layer_without_names_of_fields(draft: CountyDraft) -> None:
    draft.schema[PARCEL] = [replace(one, alias="") for one in draft.schema[PARCEL]]


@declare_mutation("SCH007", case="none")
def a_field_without_a_domain(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", codes={})


@declare_mutation("SCH007", case="more")
def a_domain_with_an_added_code(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", codes=_codes(draft) | {"0199": "撂荒地"})


@declare_mutation("SCH007", case="names")
def a_domain_with_another_name(draft: CountyDraft) -> None:
    _declare(draft, PARCEL, "DLBM", codes=_codes(draft) | {"0103": "旱田"})


@declare_mutation("SCH008", case="type")
def a_remark_that_is_a_number(draft: CountyDraft) -> None:
    draft.layers[PARCEL]["BZ"] = 0
    _declare(draft, PARCEL, "BZ", type="integer", length=None)


@declare_mutation("SCH003", case="mixed_zones", follows=["GEO012"])
def woods_in_another_zone(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(4525)
    draft.crs[WOODS] = 4525


@declare_mutation("SCH003", case="shapes_declare", finds=1)
def three_woods_that_declare_degrees(draft: CountyDraft) -> None:
    draft.shape_crs[WOODS] = {"EPSG:4490": 3}


@declare_mutation("SCH003", case="described", finds=1)
def woods_whose_definition_is_of_another_zone(draft: CountyDraft) -> None:
    draft.described_crs[WOODS] = "EPSG:4525"


@declare_mutation("SCH003", case="far_away", follows=["TOP009"])
def a_county_in_the_zone_to_the_west(draft: CountyDraft) -> None:
    """Use another zone prefix: the county moves three degrees to the west; windows have new fingerprints."""
    for role, frame in draft.layers.items():
        shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.subtract(xy, (1_000_000, 0)))
        draft.layers[role] = frame.set_geometry(shapes, crs=None)
        draft.crs[role] = 4525


@declare_mutation("SCH003", case="outside_crs", finds=1, follows=["GEO012"])
def a_county_drawn_in_the_adjacent_zone(draft: CountyDraft) -> None:
    """Store the county in coordinates of zone 37, which ends at 112.5° E."""
    for role, frame in draft.layers.items():
        draft.layers[role] = frame.to_crs(4525)
        draft.crs[role] = 4525


@declare_mutation("SCH003", case="far_away_degrees", follows=["TOP009"], silent=["GEO012"])
def a_county_five_degrees_to_the_east(draft: CountyDraft) -> None:
    """Move the county in degrees along its parallel: areas stay equal; windows have new fingerprints."""
    for role, frame in draft.layers.items():
        degrees = frame.to_crs(4490)
        shapes = shapely.transform(degrees.geometry.to_numpy(), lambda xy: np.add(xy, (5.0, 0.0)))
        draft.layers[role] = degrees.set_geometry(shapes, crs=4490)
        draft.crs[role] = 4490
