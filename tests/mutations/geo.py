# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of single geometries, found by the GEO rules.

Most are in the woods layer, which no rule compares with other layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import EDGE, FARM, FIELD
from tests.county.landscape import CENTRE
from tests.mutations.mutation import CountyDraft, declare_mutation

WOODS, POINTS = "TRL", "FZJZSSD"
#: In the middle of the county, metres.
X, Y = CENTRE


def add_woods(draft: CountyDraft, *points: tuple[float, float]) -> int:
    """Add a row of woods around the middle of the county; return its feature number."""
    return draft.add(WOODS, shapely.Polygon([(X + x, Y + y) for x, y in points]))


@declare_mutation("GEO001", follows=["LAW010", "LAW026"])
def plant_row_without_shape(draft: CountyDraft) -> None:
    draft.reshape(FIELD, draft.pick_row(FIELD, draft.fields), None)


@declare_mutation("GEO002", case="invalid", follows=["LAW010", "LAW026"])
def plant_self_intersecting_polygon(draft: CountyDraft) -> None:
    parcel, ring = draft.choose(
        draft.fields, lambda p: len(ring := draft.make_inner_ring(p)) >= 4 and [ring], around=False
    )
    draft.reshape(FIELD, draft.row(FIELD, parcel), shapely.Polygon(ring[0][[0, 2, 1, 3]]))


@declare_mutation("GEO003")
def plant_two_fields_with_same_number(draft: CountyDraft) -> None:
    first, _ = draft.choose(draft.fields & (draft.lines.deduction_rate == 0), around=False)
    candidates = draft.fields & (draft.lines.deduction_rate == 0)
    candidates[[n for n in draft.fabric.neighbours(first) if n < len(candidates)]] = False
    row, other = draft.row(FIELD, first), draft.pick_row(FIELD, candidates)
    draft.replace_shape(FIELD, row, shapely.multipolygons([draft.shape(FIELD, row), draft.shape(FIELD, other)]))
    draft.drop_row(FIELD, other)


@declare_mutation("GEO004")
@declare_mutation("GEO002", case="curve", base="without GEO004")
def plant_shape_with_an_arc(draft: CountyDraft) -> None:
    draft.curves[WOODS] = (draft.first_row(WOODS),)


@declare_mutation("GEO005", case="acute", follows=["ATT023"])
def plant_corner_of_eight_degrees(draft: CountyDraft) -> None:
    add_woods(draft, (0, 0), (400, 0), (400, 56), (0, 0))


@declare_mutation("GEO005", case="spike", follows=["ATT023", "GEO008"])
def plant_spike_in_a_polygon(draft: CountyDraft) -> None:
    add_woods(draft, (0, 0), (400, 0), (400, 400), (201, 400), (200, 600), (199, 400), (0, 400), (0, 0))


@declare_mutation("GEO006", case="hole", follows=["LAW026"])
def plant_hole_in_a_field(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.fields & ~draft.lines.farmland & (draft.lines.boundary == 0), around=False)
    row = draft.row(FIELD, parcel)
    hole = shapely.Polygon(draft.make_inner_ring(parcel))
    draft.replace_shape(FIELD, row, shapely.difference(draft.shape(FIELD, row), hole))
    return hole


@declare_mutation("GEO007", follows=["LAW013", "LAW007"])
def plant_tiny_farmland_row(draft: CountyDraft) -> Any:
    row = draft.pick_row(FARM, draft.farmland & (draft.lines.area < 500_000))
    x, y = draft.shape(FARM, row).representative_point().coords[0]
    draft.replace_shape(FARM, row, shapely.set_precision(shapely.box(x, y, x + 12, y + 12), 0.001))
    return draft.shape(FARM, row)


@declare_mutation("GEO008", follows=["ATT023"])
def plant_polygon_part_one_metre_wide(draft: CountyDraft) -> None:
    add_woods(draft, (0, 0), (400, 0), (400, 200), (600, 200), (600, 201), (400, 201), (400, 400), (0, 400), (0, 0))


@declare_mutation("GEO009", case="repeated", follows=["ATT023"])
def plant_repeated_vertex(draft: CountyDraft) -> None:
    add_woods(draft, (0, 0), (400, 0), (400, 0), (400, 400), (0, 400), (0, 0))


@declare_mutation("GEO009", case="near", follows=["ATT023"])
def plant_two_vertices_at_millimetre_distance(draft: CountyDraft) -> None:
    add_woods(draft, (0, 0), (400, 0), (400, 0.005), (400, 400), (0, 400), (0, 0))


@declare_mutation("GEO010", case="holes", follows=["ATT023"])
def plant_woods_with_two_hundred_clearings(draft: CountyDraft) -> None:
    places = [(x, y) for x in range(50, 1550, 100) for y in range(50, 1550, 100)][:201]
    holes = [shapely.box(X + x, Y + y, X + x + 40, Y + y + 40).exterior for x, y in places]
    draft.add(WOODS, shapely.Polygon(shapely.box(X, Y, X + 1600, Y + 1600).exterior, holes))


@declare_mutation("GEO010", case="vertices", follows=["ATT023", "REL040"])
def plant_line_with_too_many_vertices(draft: CountyDraft) -> None:
    turn = np.linspace(0, 2 * np.pi, 100_002, endpoint=False)
    draft.add(WOODS, shapely.Polygon(np.column_stack([X + 3000 * np.cos(turn), Y + 3000 * np.sin(turn)])))


@declare_mutation("GEO011", base="without TOP003", follows=["REL035"])
@declare_mutation("TOP003", case="point", follows=["REL035"])
def plant_shelter_drawn_in_another_county(draft: CountyDraft) -> None:
    county = draft.shape("XZQX", 0)
    row = draft.first_row(POINTS)
    draft.reshape(POINTS, row, shapely.Point(county.bounds[2] + 8000, Y))


@declare_mutation("GEO012", follows=["SCH003"])
def plant_woods_in_coordinates_of_the_next_crs_zone(draft: CountyDraft) -> None:
    draft.layers[WOODS] = draft.layers[WOODS].to_crs(4525)
    draft.crs[WOODS] = 4525


@declare_mutation("GEO006", case="hole", follows=["LAW007"])
def plant_boundary_window_without_farmland(draft: CountyDraft) -> Any:
    """Remove the farmland inside a hole (开天窗) of the boundary."""
    parcel, _ = draft.choose(draft.lines.boundary_windows, around=False)
    draft.drop_row(FARM, draft.row(FARM, parcel))
    assert draft.row(EDGE, parcel) < 0
    return draft.fabric.polygons[parcel]


@declare_mutation("GEO002", case="misplaced", follows=["REL040"])
def plant_woods_in_degrees_among_metres(draft: CountyDraft) -> None:
    draft.layers[WOODS].at[draft.first_row(WOODS), "geometry"] = shapely.box(113.7, 39.6, 113.71, 39.61)


@declare_mutation("GEO002", case="type", follows=["SCH005", "REL040"])
def plant_point_among_polygons(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.layers[WOODS].at[row, "geometry"] = draft.shape(WOODS, row).representative_point()


@declare_mutation("GEO002", case="types", base="without SCH005", silent=["ATT023", "SCH001", "REL040"])
def plant_point_layer_instead_of_a_polygon_layer(draft: CountyDraft) -> None:
    frame = draft.layers[WOODS]
    draft.layers[WOODS] = frame.set_geometry(frame.representative_point())


@declare_mutation("GEO006", case="window", base="without TOP009", follows=["REL002", "REL005", "REL010"])
def plant_ring_of_boundary_around_a_field(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.farmland)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    hole = shapely.box(x - 20, y - 20, x + 20, y + 20)
    draft.add(EDGE, shapely.Polygon(hole.buffer(20, join_style="mitre").exterior, [hole.exterior]))
    return hole
