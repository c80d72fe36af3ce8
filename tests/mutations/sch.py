# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of the database structure, found by the SCH rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from plugin.core.model.rule import EVERY_LAYER, load_all_rules
from plugin.core.plan.layer import MistypedColumn
from tests.county.defect_editor import EDGE, FIELD, PARCEL
from tests.mutations.mutation import CountyDraft, declare_mutation

WOODS = "TRL"


def list_rules_of_each_layer() -> list[str]:
    """Return rules that check every layer.

    An unusable layer makes all of them incomplete. GEO011 is not included: it leaves the county's outside to TOP003.
    """
    each = (
        code
        for code, rule in load_all_rules().items()
        if any(need.concept == EVERY_LAYER for need in rule.needs.values())
    )
    return [code for code in each if code != "GEO011"]


@declare_mutation("SCH001", case="")
def plant_missing_woods_layer(draft: CountyDraft) -> None:
    draft.remove_layer(WOODS)


@declare_mutation("SCH002", case="missing", silent=["ATT003"])
def plant_cultivated_land_without_its_deduction_field(draft: CountyDraft) -> None:
    draft.remove_layer(FIELD, "KCMJ")


@declare_mutation("SCH003", case="without_prefix")
def plant_woods_coordinates_without_zone_number(draft: CountyDraft) -> None:
    draft.layers[WOODS] = _remove_zone_prefix(draft.layers[WOODS])
    draft.crs[WOODS] = 4547


def _remove_zone_prefix(frame: Any) -> Any:
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.subtract(xy, (38_000_000, 0)))
    return frame.set_geometry(shapes, crs=None)


def _get_land_use_domain(draft: CountyDraft) -> dict[str, str]:
    return next(one.codes for one in draft.schema[PARCEL] if one.name == "DLBM") or {}


def _change_declared_field(draft: CountyDraft, role: str, name: str, **values: Any) -> None:
    draft.schema[role] = [replace(one, **values) if one.name == name else one for one in draft.schema[role]]


@declare_mutation("SCH004")
def plant_too_short_number_field(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "BSM", length=16)


@declare_mutation("SCH005", follows=["GEO002", "REL040"])
def plant_line_among_polygons(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    x, y = draft.shape(WOODS, row).centroid.coords[0]
    draft.layers[WOODS].at[row, "geometry"] = shapely.LineString([(x, y), (x + 500, y)])


@declare_mutation("SCH005", case="heights", finds=1)
def plant_woods_with_heights(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.layers[WOODS].at[row, "geometry"] = shapely.force_3d(draft.shape(WOODS, row), 1250.0)


@declare_mutation("SCH006", case="")
def plant_field_with_another_alias(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "DLBM", alias="地类")


@declare_mutation("SCH007", case="lacks")
def plant_domain_without_one_code(draft: CountyDraft) -> None:
    _change_declared_field(
        draft,
        PARCEL,
        "DLBM",
        codes={code: name for code, name in _get_land_use_domain(draft).items() if code != "0103"},
    )


@declare_mutation("SCH008", case="missing")
def plant_missing_field_that_no_rule_reads(draft: CountyDraft) -> None:
    draft.remove_layer(PARCEL, "BZ")


@declare_mutation("SCH008", case="order")
def plant_fields_in_another_order(draft: CountyDraft) -> None:
    first, *others = draft.schema[EDGE]
    draft.schema[EDGE] = [*others, first]


@declare_mutation("SCH001", case="empty", silent=["SCH001"])
def plant_empty_woods_layer(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].iloc[:0]


@declare_mutation("SCH002", case="type")
def plant_deduction_field_of_type_text(draft: CountyDraft) -> None:
    draft.layers[FIELD]["KCMJ"] = draft.layers[FIELD]["KCMJ"].map("{:.2f}".format).astype(object)
    _change_declared_field(draft, FIELD, "KCMJ", type="text", length=20)


@declare_mutation("SCH002", case="stored")
def plant_text_in_the_deduction_field_of_a_geopackage(draft: CountyDraft) -> None:
    draft.layers[FIELD]["KCMJ"] = ["12,5", *draft.layers[FIELD]["KCMJ"].astype(str)[1:]]
    _change_declared_field(draft, FIELD, "KCMJ", type="text")
    draft.mistyped_columns[FIELD] = {"KCMJ": MistypedColumn("real", 1, "12,5", (0,))}


@declare_mutation("SCH003", case="unusable", silent=[*list_rules_of_each_layer(), "ATT023", "REL040"])
def plant_woods_without_coordinate_system(draft: CountyDraft) -> None:
    frame = draft.layers[WOODS]
    draft.layers[WOODS] = frame.set_geometry(frame.geometry.to_numpy(), crs=None)
    draft.crs[WOODS] = None


@declare_mutation("SCH003", case="with_prefix")
def plant_other_layers_without_zone_number(draft: CountyDraft) -> None:
    for role, frame in draft.layers.items():
        if role != WOODS:
            draft.layers[role] = _remove_zone_prefix(frame)
            draft.crs[role] = 4547


@declare_mutation("SCH003", case="not_cgcs2000")
def plant_woods_in_xian_1980_coordinates(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(2362)
    draft.crs[WOODS] = 2362


@declare_mutation("SCH003", case="not_standard")
def plant_woods_in_a_local_system_with_its_own_meridian(draft: CountyDraft) -> None:
    local = CRS.from_wkt(CRS.from_epsg(4547).to_wkt().replace('origin",114,', 'origin",113.7,'))
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(local)
    draft.crs[WOODS] = local


@declare_mutation("SCH006", case="empty")
def plant_field_without_alias(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "DLBM", alias="")


@declare_mutation("SCH006", case="none")
def plant_layer_without_field_aliases(draft: CountyDraft) -> None:
    draft.schema[PARCEL] = [replace(one, alias="") for one in draft.schema[PARCEL]]


@declare_mutation("SCH007", case="none")
def plant_field_without_domain(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "DLBM", codes={})


@declare_mutation("SCH007", case="more")
def plant_domain_with_added_code(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "DLBM", codes=_get_land_use_domain(draft) | {"0199": "撂荒地"})


@declare_mutation("SCH007", case="names")
def plant_domain_with_another_name(draft: CountyDraft) -> None:
    _change_declared_field(draft, PARCEL, "DLBM", codes=_get_land_use_domain(draft) | {"0103": "旱田"})


@declare_mutation("SCH008", case="type")
def plant_numeric_remark_field(draft: CountyDraft) -> None:
    draft.layers[PARCEL]["BZ"] = 0
    _change_declared_field(draft, PARCEL, "BZ", type="integer", length=None)


@declare_mutation("SCH003", case="mixed_zones", follows=["GEO012"])
def plant_woods_layer_in_another_crs_zone(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(4525)
    draft.crs[WOODS] = 4525


@declare_mutation("SCH003", case="shapes_declare", finds=1)
def plant_three_woods_shapes_declaring_degrees(draft: CountyDraft) -> None:
    draft.shape_crs[WOODS] = {"EPSG:4490": 3}


@declare_mutation("SCH003", case="described", finds=1)
def plant_woods_with_definition_of_another_zone(draft: CountyDraft) -> None:
    draft.described_crs[WOODS] = "EPSG:4525"


@declare_mutation("SCH003", case="far_away", follows=["TOP009", "REL041"])
def plant_county_in_the_zone_to_the_west(draft: CountyDraft) -> None:
    """Give coordinates the zone number of the next zone to the west.

    The county moves three degrees.
    """
    for role, frame in draft.layers.items():
        shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.subtract(xy, (1_000_000, 0)))
        draft.layers[role] = frame.set_geometry(shapes, crs=None)
        draft.crs[role] = 4525


@declare_mutation("SCH003", case="outside_crs", finds=1, follows=["GEO012"])
def plant_county_drawn_in_the_adjacent_zone(draft: CountyDraft) -> None:
    """Store the county in coordinates of zone 37, which ends at 112.5° E."""
    for role, frame in draft.layers.items():
        draft.layers[role] = frame.to_crs(4525)
        draft.crs[role] = 4525


@declare_mutation("SCH003", case="far_away_degrees", follows=["TOP009", "REL041"], silent=["GEO012"])
def plant_county_five_degrees_to_the_east(draft: CountyDraft) -> None:
    """Move the county in degrees along its parallel, so that areas stay equal."""
    for role, frame in draft.layers.items():
        degrees = frame.to_crs(4490)
        shapes = shapely.transform(degrees.geometry.to_numpy(), lambda xy: np.add(xy, (5.0, 0.0)))
        draft.layers[role] = degrees.set_geometry(shapes, crs=4490)
        draft.crs[role] = 4490
