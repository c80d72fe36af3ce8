# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of the central urban area (REL030, REL031, REL033)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.mutations.edit_helpers import lose_row, resize_shape
from tests.mutations.mutation import CountyDraft, declare_mutation

SCHOOLS = "ZXCQGGFWSSD"
UNITS, CENTRE_ZONES, CENTRE = "ZXCQXXGHBZDY", "ZXCQGHFQ", "ZXCQFW"
PARK, STREETS = "ZXCQCSLVX", "ZXCQDLZXX"


@declare_mutation("REL030", case="line_outside_zone")
def a_hole_in_the_zones_of_the_centre(draft: CountyDraft) -> Any:
    return lose_row(draft, CENTRE_ZONES, draft.last(CENTRE_ZONES))


@declare_mutation("REL031", case="gap")
def a_block_in_no_unit(draft: CountyDraft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        return draft.shrunk(UNITS, draft.row(UNITS, parcel), draft.fabric.polygons[parcel])

    parcel, shape = draft.choose(inside & (draft.lines.boundary > 0), fits)
    draft.reshape(UNITS, draft.row(UNITS, parcel), shape)
    return draft.fabric.polygons[parcel]


@declare_mutation("REL033", case="point")
def a_school_of_the_centre_in_the_hills(draft: CountyDraft) -> None:
    row = draft.first(SCHOOLS)
    draft.reshape(SCHOOLS, row, shapely.transform(draft.shape(SCHOOLS, row), lambda xy: np.add(xy, (0, 6000))))


@declare_mutation("REL030", case="zone_outside_line", finds=None, follows=["REL033", "LAW002"])
def a_centre_drawn_smaller_than_its_zones(draft: CountyDraft) -> None:
    """Draw the centre smaller than its zones.

    Findings are per zone; slanted edges get a vertex where zones meet, so areas do not add up exactly.
    """
    resize_shape(draft, CENTRE, 0, -40)


@declare_mutation("REL031", case="overlap", follows=["TOP001"])
def a_block_in_two_units(draft: CountyDraft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        own = draft.row(UNITS, parcel)
        for other in draft.near(parcel, inside):
            row = draft.row(UNITS, other)
            if row != own and (grown := draft.grown(UNITS, row, draft.fabric.polygons[parcel])):
                return row, grown
        return None

    parcel, (row, grown) = draft.choose(inside, fits)
    draft.reshape(UNITS, row, grown)
    return draft.fabric.polygons[parcel]


@declare_mutation("REL033", case="", follows=["REL010"])
def a_park_of_the_centre_in_the_hills(draft: CountyDraft) -> None:
    row = draft.first(PARK)
    draft.reshape(PARK, row, shapely.transform(draft.shape(PARK, row), lambda xy: np.add(xy, (0, 6000))))


@declare_mutation("REL033", case="line")
def a_street_of_the_centre_that_runs_on(draft: CountyDraft) -> None:
    row = draft.first(STREETS)
    start = np.array(draft.shape(STREETS, row).coords[0])
    draft.change(STREETS, row, geometry=shapely.LineString([start, np.add(start, (0, 9000))]))


@declare_mutation("REL011", case="code")
def a_zone_of_the_centre_that_the_county_has_for_building(draft: CountyDraft) -> None:
    zones = draft.layers[CENTRE_ZONES]
    living = int(zones.index[zones["GHFQDM"] == "411"][0])
    draft.change(CENTRE_ZONES, living, GHFQDM="520", GHFQMC="一般农业区")
