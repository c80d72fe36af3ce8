# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of the central urban area (中心城区): REL030, REL031, REL033."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.mutations.edit_helpers import remove_row, resize_shape
from tests.mutations.mutation import CountyDraft, declare_mutation

SCHOOLS = "ZXCQGGFWSSD"
UNITS, CENTRE_ZONES, CENTRE = "ZXCQXXGHBZDY", "ZXCQGHFQ", "ZXCQFW"
PARK, STREETS = "ZXCQCSLVX", "ZXCQDLZXX"


@declare_mutation("REL030", case="line_outside_zone")
def plant_hole_in_centre_zones(draft: CountyDraft) -> Any:
    return remove_row(draft, CENTRE_ZONES, draft.last_row(CENTRE_ZONES))


@declare_mutation("REL031", case="gap")
def plant_block_outside_all_detail_units(draft: CountyDraft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        return draft.reduce_shape(UNITS, draft.row(UNITS, parcel), draft.fabric.polygons[parcel])

    parcel, shape = draft.choose(inside & (draft.lines.boundary > 0), fits)
    draft.reshape(UNITS, draft.row(UNITS, parcel), shape)
    return draft.fabric.polygons[parcel]


@declare_mutation("REL033", case="point")
def plant_centre_school_outside_the_centre(draft: CountyDraft) -> None:
    row = draft.first_row(SCHOOLS)
    draft.reshape(SCHOOLS, row, shapely.transform(draft.shape(SCHOOLS, row), lambda xy: np.add(xy, (0, 6000))))


@declare_mutation("REL030", case="zone_outside_line", finds=None, follows=["REL033", "LAW002"])
def plant_centre_smaller_than_its_zones(draft: CountyDraft) -> None:
    """Draw the central urban area smaller than its zones.

    Findings are per zone. Slanted edges get a vertex where zones meet, so areas do not add up exactly.
    """
    resize_shape(draft, CENTRE, 0, -40)


@declare_mutation("REL031", case="overlap", follows=["TOP001"])
def plant_block_in_two_detail_units(draft: CountyDraft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        own = draft.row(UNITS, parcel)
        for other in draft.list_near_parcels(parcel, inside):
            row = draft.row(UNITS, other)
            if row != own and (grown := draft.extend_shape(UNITS, row, draft.fabric.polygons[parcel])):
                return row, grown
        return None

    parcel, (row, grown) = draft.choose(inside, fits)
    draft.reshape(UNITS, row, grown)
    return draft.fabric.polygons[parcel]


@declare_mutation("REL033", case="", follows=["REL010"])
def plant_centre_park_outside_the_centre(draft: CountyDraft) -> None:
    row = draft.first_row(PARK)
    draft.reshape(PARK, row, shapely.transform(draft.shape(PARK, row), lambda xy: np.add(xy, (0, 6000))))


@declare_mutation("REL033", case="line", follows=["ATT013"])
def plant_centre_street_beyond_the_centre(draft: CountyDraft) -> None:
    row = draft.first_row(STREETS)
    start = np.array(draft.shape(STREETS, row).coords[0])
    draft.change(STREETS, row, geometry=shapely.LineString([start, np.add(start, (0, 9000))]))


@declare_mutation("REL011", case="code")
def plant_centre_zone_contradicting_county_zone(draft: CountyDraft) -> None:
    zones = draft.layers[CENTRE_ZONES]
    draft.change(CENTRE_ZONES, int(zones.index[zones["GHFQDM"] == "411"][0]), GHFQDM="520", GHFQMC="一般农业区")
