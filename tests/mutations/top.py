# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted gaps and overlaps within one layer, found by the TOP rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import FARM, FIELD, PARCEL, RED, ZONE, dent_polygon
from tests.mutations import geo
from tests.mutations.edit_helpers import remove_row
from tests.mutations.mutation import CountyDraft, declare_mutation

WOODS, BASE, ROADS = "TRL", "XZYDYH", "ZDJTJCSSX"


@declare_mutation("TOP001", case="")
def plant_parcel_that_overlaps_its_neighbour(draft: CountyDraft) -> Any:
    parcel, edges = draft.choose(draft.wild, lambda p: list(draft.list_near_parcels(p, draft.wild).items()))
    other, edge = edges[0]
    row, piece = draft.row(PARCEL, parcel), draft.fabric.wedge(edge, other)
    draft.replace_shape(PARCEL, row, draft.extend_shape(PARCEL, row, piece))
    return piece


@declare_mutation("TOP001", case="")
def plant_field_within_another(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.fields & ~draft.lines.farmland & (draft.lines.deduction_rate == 0), around=False)
    row = draft.row(FIELD, parcel)
    inner = shapely.Polygon(draft.make_inner_ring(parcel))
    draft.replace_shape(FIELD, draft.add(FIELD, inner, like=row), inner)
    return inner


@declare_mutation("TOP002", follows=["LAW021"])
def plant_parcel_outside_all_zones(draft: CountyDraft) -> Any:
    parcel, shrunk = draft.choose(
        draft.open_land, lambda p: draft.reduce_shape(ZONE, draft.row(ZONE, p), draft.fabric.polygons[p])
    )
    draft.reshape(ZONE, draft.row(ZONE, parcel), shrunk)
    return draft.fabric.polygons[parcel]


@declare_mutation("TOP003")
def plant_woods_beyond_the_border(draft: CountyDraft) -> Any:
    county = draft.shape("XZQX", 0)
    x = county.bounds[2]
    y = max(c for a, c in shapely.get_coordinates(county) if a == x)
    beyond = shapely.box(x + 200, y, x + 500, y + 300)
    draft.add(WOODS, beyond)
    return beyond


@declare_mutation("TOP003", case="line", follows=["REL043"])
def plant_road_beyond_the_county_border(draft: CountyDraft) -> None:
    row, county = draft.first_row(ROADS), draft.shape("XZQX", 0)
    start = shapely.get_coordinates(draft.shape(ROADS, row))[0]
    draft.reshape(ROADS, row, shapely.linestrings([start, (county.bounds[2] + 300, start[1])]))


def _dent_shared_edge(
    draft: CountyDraft,
    role: str,
    chosen: np.ndarray,
    deep: float,
    longest: float = np.inf,
    others: np.ndarray | None = None,
) -> Any:
    """Move the middle of an edge between two parcels inwards on one side only.

    Return the land that the parcel lost. ``deep``: distance, m. The other parcel is chosen too, or is one of
    ``others``.
    """

    def fits(parcel: int):
        for _, edge in draft.list_near_parcels(parcel, chosen if others is None else others).items():
            chain = draft.fabric.chain(edge)
            start, end = chain[len(chain) // 2 - 1], chain[len(chain) // 2]
            if np.hypot(*(end - start)) > longest:
                continue
            across = np.array([start[1] - end[1], end[0] - start[0]]) / np.hypot(*(end - start))
            shape = draft.shape(role, draft.row(role, parcel))
            for sign in (1, -1):
                made = dent_polygon(shape, start, np.round((start + end) / 2 + sign * deep * across, 3), end)
                if made is not None and made.is_valid and made.area < shape.area:
                    return [made]
        return None

    parcel, (made,) = draft.choose(chosen, fits)
    row = draft.row(role, parcel)
    lost = shapely.difference(draft.shape(role, row), made)
    draft.replace_shape(role, row, made)
    return lost


@declare_mutation("TOP004", case="")
def plant_gap_between_two_fields(draft: CountyDraft) -> Any:
    return _dent_shared_edge(draft, FIELD, draft.fields & ~draft.lines.farmland, 0.8)


@declare_mutation("TOP005", case="")
def plant_vertex_on_one_side_of_an_edge(draft: CountyDraft) -> None:
    _dent_shared_edge(draft, FIELD, draft.fields, 0.001, longest=900)


@declare_mutation("TOP006", follows=["REL011"])
def plant_lost_parcel(draft: CountyDraft) -> Any:
    return remove_row(draft, PARCEL, draft.pick_row(PARCEL, draft.wild))


@declare_mutation("TOP007", follows=["REL040"])
def plant_woods_with_a_duplicate_shape(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.add(WOODS, draft.shape(WOODS, row), like=row)


@declare_mutation("TOP008", case="overlaps", follows=["REL001", "REL004", "REL010"])
def plant_strip_of_farmland_in_the_red_line(draft: CountyDraft) -> Any:
    def sides(parcel: int):
        for reserve, edge in draft.list_near_parcels(parcel, draft.lines.red_line).items():
            yield edge, parcel, RED, draft.row(RED, reserve)

    return draft.choose_thin_triangle(draft.farmland, sides, 0.12)[-1]


@declare_mutation("TOP009", case="partly", follows=["LAW007"])
def plant_half_filled_boundary_window(draft: CountyDraft) -> None:
    """Fill half of a hole (开天窗) in the boundary, cut from vertex to vertex."""

    def halves(parcel: int) -> list:
        ring = shapely.get_coordinates(draft.shape(FARM, draft.row(FARM, parcel)).exterior)[:-1]
        whole = shapely.Polygon(ring)
        parts = (shapely.Polygon(ring[: k + 1]) for k in range(2, len(ring) - 1))
        return [p for p in parts if p.is_valid and whole.covers(p) and 0.3 < p.area / whole.area < 0.7]

    parcel, parts = draft.choose(draft.lines.boundary_windows, halves, around=False)
    draft.replace_shape(FARM, draft.row(FARM, parcel), parts[0])


@declare_mutation("TOP001", case="duplicate", follows=["ATT024"])
def plant_parcel_with_a_duplicate_shape(draft: CountyDraft) -> Any:
    row = draft.pick_row(PARCEL, draft.wild)
    draft.add(PARCEL, draft.shape(PARCEL, row), like=row)
    return draft.shape(PARCEL, row)


@declare_mutation("TOP004", case="hole", base="without GEO006")
def plant_crack_within_a_field(draft: CountyDraft) -> None:
    row = draft.pick_row(FIELD, draft.fields & ~draft.lines.farmland & (draft.lines.boundary == 0))
    shape = draft.shape(FIELD, row)
    x, y = np.round(shape.representative_point().coords[0], 3)
    draft.replace_shape(FIELD, row, shapely.Polygon(shape.exterior, [shapely.box(x, y, x + 0.5, y + 30).exterior]))


@declare_mutation("TOP005", case="layers", finds=None)
def plant_vertex_of_the_survey_on_the_border(draft: CountyDraft) -> None:
    """Add a vertex to a parcel at the county border.

    County, township and zone lack the vertex.
    """
    count = len(draft.fabric)

    def fits(parcel: int) -> Any:
        for other, edge in draft.fabric.neighbours(parcel).items():
            chain = draft.fabric.chain(edge)
            start, end = chain[0], chain[1]
            if other >= count and np.hypot(*(end - start)) < 900:
                middle = np.round((start + end) / 2, 3)
                made = dent_polygon(draft.shape(BASE, draft.row(BASE, parcel)), start, middle, end)
                return made is not None and made.is_valid and [made]
        return None

    parcel, (made,) = draft.choose(draft.wild, fits)
    draft.replace_shape(BASE, draft.row(BASE, parcel), made)


@declare_mutation("TOP008", case="gaps")
def plant_crack_between_farmland_and_red_line(draft: CountyDraft) -> Any:
    return _dent_shared_edge(draft, FARM, draft.farmland, 0.8, others=draft.lines.red_line)


@declare_mutation("TOP009", case="window", follows=["REL002", "REL005", "REL010"])
def plant_ring_of_boundary_around_a_field(draft: CountyDraft) -> Any:
    return geo.plant_ring_of_boundary_around_a_field(draft)


SEA = "HYFW"


def _add_sea(draft: CountyDraft, shape: Any) -> None:
    """Give the plan a layer of the sea."""
    draft.layers[SEA] = draft.layers["XZQX"].iloc[:1].assign(BSM="140225000099999999", MC="海域")
    draft.reshape(SEA, draft.first_row(SEA), shape)


def _make_box_beyond_border(draft: CountyDraft, width: float) -> Any:
    county = draft.shape("XZQX", 0)
    east, south = county.bounds[2], county.bounds[1]
    return shapely.box(east + 200, south, east + 200 + width, south + 300)


@declare_mutation("TOP002", case="sea", follows=["LAW021"])
def plant_sea_without_zones(draft: CountyDraft) -> Any:
    sea = _make_box_beyond_border(draft, 600)
    _add_sea(draft, sea)
    return sea


@declare_mutation("TOP003", case="sea", follows=["LAW021"])
def plant_zone_beyond_the_sea(draft: CountyDraft) -> Any:
    sea, zone = _make_box_beyond_border(draft, 600), _make_box_beyond_border(draft, 900)
    _add_sea(draft, sea)
    draft.add(ZONE, zone, GHFQDM="610", GHFQMC="渔业用海区")
    return shapely.difference(zone, sea)
