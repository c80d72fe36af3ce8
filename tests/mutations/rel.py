# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted conflicts between control lines and zones (REL001 to REL011)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.conflicts import move_parcel_to_zone
from tests.county.defect_editor import EDGE, HERITAGE, RED, ZONE
from tests.mutations.edit_helpers import add_layer, draw_shape, make_speck, remove_row
from tests.mutations.mutation import CountyDraft, declare_mutation

FARMLAND = "YJJBNTBHTB"
FLOOD, MINES, BASE = "HLFXKZX", "KCZYKCBHX", "XZYDYH"


@declare_mutation("REL001", follows=["REL004", "REL010"])
def plant_small_red_line_part_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, RED, make_speck(draft, draft.farmland))


@declare_mutation("REL002", follows=["REL005", "REL010"])
def plant_boundary_part_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, EDGE, make_speck(draft, draft.farmland), GHFQDM="420", GHFQMC="城镇弹性发展区")


@declare_mutation("REL002", follows=["REL005", "REL010", "LAW007", "LAW026"])
def plant_filled_boundary_window(draft: CountyDraft) -> Any:
    parcel, row = draft.choose(
        draft.lines.boundary_windows,
        lambda p: next(draft.row(EDGE, n) for n in draft.fabric.neighbours(p)),
        around=False,
    )
    draft.reshape(EDGE, row, draft.extend_shape(EDGE, row, draft.fabric.polygons[parcel]))
    return draft.fabric.polygons[parcel]


@declare_mutation("REL003", follows=["REL004", "REL038", "REL042"])
def plant_small_red_line_part_in_town(draft: CountyDraft) -> Any:
    return draw_shape(
        draft,
        RED,
        make_speck(
            draft, (draft.lines.boundary == 410) & ~draft.lines.boundary_windows & draft.without_heritage_or_city_line
        ),
    )


def move_parcel_between_zones(draft: CountyDraft, candidates: np.ndarray, takers: np.ndarray) -> Any:
    """Move a candidate parcel into a neighbour's zone; return its shape."""

    def fits(parcel: int) -> bool:
        return any(
            move_parcel_to_zone(draft, parcel, draft.row(ZONE, other))
            for other in draft.list_near_parcels(parcel, takers)
        )

    return draft.fabric.polygons[draft.choose(candidates, fits)[0]]


@declare_mutation("REL004", case="line_outside_zone")
def plant_protection_zone_without_red_line_parcel(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.red_line, draft.open_land)


@declare_mutation("REL004", case="zone_outside_line")
def plant_protection_zone_wider_than_the_red_line(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.red_line)


@declare_mutation("REL005", case="line_outside_zone")
def plant_urban_zone_without_a_boundary_parcel(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.boundary > 0, draft.open_land)


@declare_mutation("REL006", case="large")
def plant_large_field_in_another_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland & (draft.lines.area > 105_000), draft.open_land)


@declare_mutation("REL006", case="urban", follows=["REL005"])
def plant_field_in_the_urban_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland, draft.lines.boundary > 0)


@declare_mutation("REL010", case="warning")
def plant_flood_line_in_town(draft: CountyDraft) -> Any:
    return draw_shape(
        draft, FLOOD, make_speck(draft, (draft.lines.boundary == 410) & draft.without_heritage_or_city_line)
    )


@declare_mutation("REL010", case="evidence", finds=2)
def plant_mine_under_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, MINES, make_speck(draft, draft.farmland & draft.without_heritage_or_city_line))


@declare_mutation("REL040", case="kept")
def plant_mine_on_natural_forest(draft: CountyDraft) -> Any:
    forest = shapely.union_all(draft.layers["TRL"].geometry.to_numpy()).buffer(0.01)
    is_forest = shapely.covers(forest, draft.fabric.polygons[: len(draft.wild)])
    parcel, _ = draft.choose(is_forest & draft.without_heritage_or_city_line & ~draft.lines.red_line)
    return draw_shape(draft, MINES, draft.fabric.polygons[parcel])


@declare_mutation("REL011")
def plant_parcel_missing_in_one_of_two_surveys(draft: CountyDraft) -> Any:
    return remove_row(draft, BASE, draft.pick_row(BASE, draft.wild))


@declare_mutation("REL006", case="share", finds=None, follows=["REL040"])
def plant_block_of_fields_in_another_zone(draft: CountyDraft) -> None:
    """Change the largest farmland zone to a village zone.

    It has more than a tenth of all farmland.
    """
    frame = draft.layers[ZONE]
    draft.change(ZONE, int(frame.loc[frame["GHFQDM"] == "300", "MJ"].idxmax()), GHFQDM="520", GHFQMC="一般农业区")


@declare_mutation("REL010", case="error")
def plant_flood_line_in_town_of_stricter_county(draft: CountyDraft) -> Any:
    draft.append_to_profile('[conflicts]\n"boundary-flood_line" = "error"\n')
    return plant_flood_line_in_town(draft)


@declare_mutation("REL005", case="zone_outside_line")
def plant_urban_zone_wider_than_the_boundary(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.boundary > 0)


@declare_mutation("REL010", case="information", follows=["REL022", "LAW023", "LAW024"])
def plant_tomb_in_a_field(draft: CountyDraft) -> Any:
    tomb = make_speck(draft, draft.farmland & draft.without_heritage_or_city_line)
    return draw_shape(draft, HERITAGE, tomb, like=draft.last_row(HERITAGE), MC="古墓保护范围")


@declare_mutation("REL006", case="scattered")
def plant_farmland_outside_its_zone_above_share(draft: CountyDraft) -> Any:
    draft.append_to_profile("[rules.REL006]\nlarge_area_m2 = 1e7\nmax_scattered_share = 0.00001\n")
    return move_parcel_between_zones(draft, draft.farmland, draft.open_land)


def make_sliver_strips(draft: CountyDraft, shape: Any, width_m: float = 0.04, distance_m: float = 10.0) -> Any:
    """Return strips in a polygon, each below both sliver limits.

    Together they have more than 50 m².
    """
    xmin, ymin, xmax, ymax = shape.bounds
    x, y = (np.arange(lo + 5, hi - 15, step) for lo, hi, step in ((xmin, xmax, 15.0), (ymin, ymax, 5.0)))
    east, north = (corner.ravel() for corner in np.meshgrid(np.round(x, 2), np.round(y, 2)))
    found = shapely.box(east, north, east + distance_m, north + width_m)
    inside = found[shapely.contains_properly(shape, found)]
    assert len(inside) * width_m * distance_m > 60, "the parcel is too small"
    return shapely.multipolygons(inside[: int(60 / (width_m * distance_m))])


@declare_mutation("REL001", case="slivers", follows=["GEO003", "GEO008", "REL004", "REL010"])
def plant_strips_of_red_line_in_field(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.farmland & (draft.lines.area > 40_000))
    return draw_shape(draft, RED, make_sliver_strips(draft, draft.fabric.polygons[parcel]))


PLANNED_USE, HOUSING = "ZXCQGHYDYH", {"YDYHFLDM": "070100", "YDYHFLMC": "城镇住宅用地"}


@declare_mutation("REL038", case="farmland", finds=None, follows=["REL039"])
def plant_field_planned_as_housing(draft: CountyDraft) -> Any:
    fields = shapely.union_all(draft.layers[FARMLAND].geometry.to_numpy())
    shapes = draft.layers[PLANNED_USE].geometry.to_numpy()
    row = int(np.argmax(shapely.area(shapely.intersection(shapes, fields))))
    draft.change(PLANNED_USE, row, **HOUSING)
    return shapely.intersection(shapes[row], fields)


@declare_mutation("REL038", case="red_line", follows=["ATT013", "ATT022", "REL033"])
def plant_planned_housing_in_the_red_line(draft: CountyDraft) -> Any:
    return draw_shape(draft, PLANNED_USE, make_speck(draft, draft.lines.red_line), **HOUSING)


@declare_mutation("REL038", case="water", follows=["ATT013", "ATT022", "REL033"])
def plant_planned_housing_in_the_river(draft: CountyDraft) -> Any:
    is_river = draft.layers["DLTB"]["DLBM"].to_numpy() == "1101"
    return draw_shape(draft, PLANNED_USE, make_speck(draft, is_river), **HOUSING)


CENTRE_ZONES, GREEN = "ZXCQGHFQ", "ZXCQCSLVX"


@declare_mutation("REL039", case="zone")
def plant_housing_in_a_zone_coded_as_industrial(draft: CountyDraft) -> Any:
    zones = draft.layers[CENTRE_ZONES]
    row = int(zones.index[zones["GHFQDM"] == "411"][0])
    draft.change(CENTRE_ZONES, row, GHFQDM="414", GHFQMC="工业发展区")
    return draft.shape(CENTRE_ZONES, row)


@declare_mutation("REL039", case="line", finds=2)
def plant_housing_in_the_park(draft: CountyDraft) -> Any:
    park = draft.shape(GREEN, draft.first_row(GREEN))
    shapes = draft.layers[PLANNED_USE].geometry.to_numpy()
    row = int(np.argmax(shapely.area(shapely.intersection(shapes, park))))
    draft.change(PLANNED_USE, row, **HOUSING)
    return park


@declare_mutation("REL039", case="other_use", follows=["GEO003"])
def plant_green_line_enlarged_over_houses(draft: CountyDraft) -> None:
    """Enlarge the park's line over more than a hectare of houses, less than half of what it covers."""
    row = draft.first_row(GREEN)
    park, planned = draft.shape(GREEN, row), draft.layers[PLANNED_USE]
    houses = planned.geometry[planned["YDYHFLDM"] == "070100"].to_numpy()
    nearest = houses[int(np.argmin(shapely.distance(houses, park)))]
    draft.reshape(GREEN, row, shapely.union(park, nearest))


@declare_mutation("REL040", case="zone")
def plant_forestry_zone_coded_as_village_zone(draft: CountyDraft) -> None:
    """Change a large forestry zone without roads and buildings."""
    zones, land = draft.layers[ZONE], draft.layers["DLTB"]
    points = land.geometry.representative_point()
    for row in zones.index[(zones["GHFQDM"] == "530") & (zones["MJ"] > 1e5)]:
        if land["DLBM"][points.within(zones.geometry[row])].str[:2].isin(["02", "03", "04"]).all():
            draft.change(ZONE, row, GHFQDM="510", GHFQMC="村庄建设区")
            return
    raise ValueError("every large forestry zone has roads or buildings")


@declare_mutation("REL040", case="mineral", finds=2)
def plant_forestry_zone_coded_as_mining_zone(draft: CountyDraft) -> None:
    frame = draft.layers[ZONE]
    draft.change(ZONE, int(frame.loc[frame["GHFQDM"] == "530", "MJ"].idxmax()), GHFQDM="700", GHFQMC="矿产能源发展区")


@declare_mutation("REL040", case="left_out")
def plant_river_missing_in_the_wetlands(draft: CountyDraft) -> Any:
    return remove_row(draft, "SD", draft.first_row("SD"))


@declare_mutation("REL040", case="partly")
def plant_half_of_the_river_missing_in_the_wetlands(draft: CountyDraft) -> None:
    draft.layers["SD"] = draft.layers["SD"].iloc[1::2].reset_index(drop=True)


@declare_mutation("REL040", case="lost")
def plant_mines_without_a_mining_zone(draft: CountyDraft) -> None:
    frame = draft.layers[ZONE]
    for row in frame.index[frame["GHFQDM"] == "700"]:
        draft.change(ZONE, int(row), GHFQDM="200", GHFQMC="生态控制区")


@declare_mutation("REL041", finds=None)
def plant_exchanged_grades_of_suitability_for_building(draft: CountyDraft) -> None:
    draft.layers["CZJSSYXPJJG"]["MC"] = draft.layers["CZJSSYXPJJG"]["MC"].replace({"适宜": "不适宜", "不适宜": "适宜"})


@declare_mutation("REL041", case="pair")
def plant_most_important_ecological_land_graded_suitable_for_building(draft: CountyDraft) -> None:
    frame = draft.layers["CZJSSYXPJJG"]
    frame["MC"] = frame["MC"].replace({"不适宜": "一般适宜"})


@declare_mutation("REL041", case="whole", follows=["REL004", "LAW007"])
def plant_connected_important_land_without_its_red_line(draft: CountyDraft) -> None:
    """Remove the row of the red line on a connected part of the most important land."""
    graded, line = draft.layers["STBHZYXPJJG"], draft.layers["STBHHX"]
    lands = shapely.get_parts(shapely.union_all(graded.geometry[graded["MC"] == "极重要"]))
    for row in line.index[(line.area > 2e6) & (line.area < 5e6)]:
        land = lands[[land.intersects(line.geometry[row].representative_point()) for land in lands]]
        if len(land) and land[0].area < 1.1 * line.geometry[row].area:
            draft.drop_row("STBHHX", int(row))
            return
    raise ValueError("each row of the red line is on land with other rows")


@declare_mutation("REL040", case="partly")
def plant_wetlands_that_contain_only_one_river(draft: CountyDraft) -> None:
    frame = draft.layers["SD"]
    draft.layers["SD"] = frame.loc[[frame.index[frame.area > 1e4][frame.area[frame.area > 1e4].argmin()]]]


@declare_mutation("REL041", case="inside")
def plant_unimportant_land_in_the_red_line(draft: CountyDraft) -> None:
    """Grade a large area of important land in the red line, outside the reserves, as unimportant."""
    frame = draft.layers["STBHZYXPJJG"]
    line, reserves = (shapely.union_all(draft.layers[role].geometry) for role in ("STBHHX", "ZRBHD"))
    for row in frame.index[frame["MC"] == "重要"]:
        part = frame.geometry[row].intersection(line).difference(reserves)
        if max(shapely.area(shapely.get_parts(part)), default=0) > 6e6:
            draft.change("STBHZYXPJJG", int(row), MC="一般重要")
            return
    raise ValueError("the red line has no large area of important land")


@declare_mutation("REL041", case="outside")
def plant_important_land_outside_the_red_line(draft: CountyDraft) -> None:
    """Grade a large area outside the three lines as most important."""
    frame = draft.layers["STBHZYXPJJG"]
    lines = shapely.union_all([shape for role in ("STBHHX", "YJJBNTBHTB") for shape in draft.layers[role].geometry])
    boundary = shapely.union_all(draft.layers["CZKFBJ"].geometry)
    for row in frame.index[(frame["MC"] == "重要") & ~frame.intersects(boundary)]:
        if max(shapely.area(shapely.get_parts(frame.geometry[row].difference(lines))), default=0) > 1.1e7:
            draft.change("STBHZYXPJJG", int(row), MC="极重要")
            return
    raise ValueError("every large area of important land is in a line")


@declare_mutation("REL039", case="cut")
def plant_blue_line_that_ends_in_the_river(draft: CountyDraft) -> None:
    river = draft.shape("ZXCQCSLX", 0)
    xmin, ymin, xmax, ymax = river.bounds
    west = shapely.set_precision(river.intersection(shapely.box(xmin, ymin, (xmin + xmax) / 2, ymax)), 0.001)
    draft.reshape("ZXCQCSLX", 0, west)


@declare_mutation("REL039", case="empty")
def plant_parks_without_green_lines(draft: CountyDraft) -> None:
    draft.layers[GREEN] = draft.layers[GREEN].iloc[:0]


@declare_mutation("REL039", case="no_layer")
def plant_river_without_a_layer_of_blue_lines(draft: CountyDraft) -> None:
    draft.remove_layer("ZXCQCSLX")


@declare_mutation("REL039", case="base")
def plant_base_year_field_coded_as_housing(draft: CountyDraft) -> None:
    present = draft.layers["ZXCQXZYDYH"]
    field = present.geometry[present["YDYHFLDM"].str[:2].isin(["01", "02", "03"])].iloc[0]
    row = int(np.flatnonzero(draft.layers[PLANNED_USE].contains(field.representative_point()))[0])
    draft.change(PLANNED_USE, row, JQDLDM="070100")


@declare_mutation("REL039", case="given_up", finds=None)
def plant_houses_planned_on_an_existing_park(draft: CountyDraft) -> None:
    present = draft.layers["ZXCQXZYDYH"]
    park = present.geometry[present["YDYHFLDM"] == "140100"].iloc[0]
    row = int(np.flatnonzero(draft.layers[PLANNED_USE].contains(park.representative_point()))[0])
    draft.change(PLANNED_USE, row, **HOUSING)


@declare_mutation("REL039", case="facility", finds=None)
def plant_shops_planned_on_an_existing_school(draft: CountyDraft) -> None:
    school = draft.layers["ZXCQGGFWSSD"].geometry.iloc[0]
    row = int(np.flatnonzero(draft.layers[PLANNED_USE].contains(school))[0])
    draft.change(PLANNED_USE, row, YDYHFLDM="090100", YDYHFLMC="商业用地")


@declare_mutation("REL039", case="road")
def plant_street_through_houses(draft: CountyDraft) -> None:
    planned = draft.layers[PLANNED_USE]
    house = planned.geometry[planned["YDYHFLDM"] == "070100"].iloc[0]
    x, y = shapely.get_coordinates(house.representative_point())[0]
    inside = shapely.intersection(shapely.LineString([(x - 5000, y), (x + 5000, y)]), house.buffer(-1))
    street = max(shapely.get_parts(shapely.set_precision(inside, 0.001)), key=lambda part: part.length)
    draft.layers["ZXCQDLZXX"]["geometry"] = [street]
    draft.layers["ZXCQDLZXX"]["CD"] = [round(street.length, 1)]


RESERVES, FACILITY_POINTS, FACILITY_LINES = "ZRBHD", "ZDJCSSD", "ZDJTJCSSX"


def find_core(draft: CountyDraft) -> Any:
    """Return the core zone of the nature reserve as a polygon."""
    names = draft.layers[RESERVES]["MC"]
    return draft.shape(RESERVES, int(names.index[names.str.endswith("核心保护区")][0]))


def find_parcels_in_core(draft: CountyDraft) -> np.ndarray:
    """Return the mask of parcels inside the core zone, (n,) bool."""
    return draft.lines.red_line & shapely.within(draft.fabric.polygons, find_core(draft))


def change_present_land(draft: CountyDraft, chosen: np.ndarray, survey: dict[str, Any], base: dict[str, Any]) -> Any:
    """Change the land of the largest chosen parcel in both layers; return its shape."""
    parcel = int(np.argmax(np.where(chosen, draft.lines.area, 0)))
    draft.change("DLTB", parcel, **survey)
    draft.change(BASE, parcel, **base)
    return draft.fabric.polygons[parcel]


@declare_mutation("REL042", case="red_line")
def plant_village_in_the_red_line(draft: CountyDraft) -> Any:
    in_reserve = shapely.intersects(draft.fabric.polygons, shapely.union_all(draft.layers[RESERVES].geometry))
    survey = {"DLBM": "0702", "DLMC": "农村宅基地", "CZCSXM": "203"}
    base = {"YDYHFLDM": "070300", "YDYHFLMC": "农村宅基地", "CZCSXM": "203"}
    is_grass = (draft.layers["DLTB"]["DLBM"] == "0401").to_numpy()
    return change_present_land(draft, draft.lines.red_line & ~in_reserve & is_grass, survey, base)


@declare_mutation("REL042", case="core", follows=["REL040"])
def plant_mine_in_the_core_zone(draft: CountyDraft) -> Any:
    survey = {"DLBM": "0602", "DLMC": "采矿用地", "CZCSXM": "204"}
    base = {"YDYHFLDM": "100200", "YDYHFLMC": "采矿用地", "CZCSXM": "204"}
    return change_present_land(draft, find_parcels_in_core(draft), survey, base)


def move_water_works(draft: CountyDraft, point: Any) -> Any:
    """Move a point of the water works to a place; return None: its finding has another shape."""
    row = draft.first_row(FACILITY_POINTS)
    draft.layers[FACILITY_POINTS].loc[row, "geometry"] = shapely.set_precision(point, 0.001)
    return None


@declare_mutation("REL043", case="core")
def plant_water_works_in_the_core_zone(draft: CountyDraft) -> Any:
    return move_water_works(draft, find_core(draft).representative_point())


@declare_mutation("REL043", case="red_line")
def plant_water_works_in_the_red_line(draft: CountyDraft) -> Any:
    beyond_reserves = draft.lines.red_line & ~shapely.intersects(
        draft.fabric.polygons, shapely.union_all(draft.layers[RESERVES].geometry)
    )
    return move_water_works(draft, draft.fabric.polygons[np.flatnonzero(beyond_reserves)[0]].representative_point())


@declare_mutation("REL043", case="farmland")
def plant_motorway_in_a_field(draft: CountyDraft) -> Any:
    parcel = int(np.argmax(np.where(draft.farmland, draft.lines.area, 0)))
    x, y = np.round(draft.fabric.sites[parcel], 3)
    row = draft.add(FACILITY_LINES, shapely.LineString([(x, y), (x + 150, y)]))
    draft.change(FACILITY_LINES, row, MC="高速公路", CD=150.0)


@declare_mutation("REL043", case="place")
def plant_road_through_a_historic_district(draft: CountyDraft) -> Any:
    heritage = draft.layers["LSWHBHX"]
    x, y = shapely.get_coordinates(heritage.geometry[heritage["LX"] == "21"].iloc[0].representative_point())[0]
    road = shapely.LineString([(round(x, 3), round(y, 3)), (round(x, 3) + 150, round(y, 3))])
    draft.change(FACILITY_LINES, draft.add(FACILITY_LINES, road), MC="高速公路", CD=150.0)


@declare_mutation("REL043", case="height")
def plant_high_buildings_in_a_historic_district(draft: CountyDraft) -> None:
    heritage = draft.layers["LSWHBHX"]
    add_layer(draft, "ZXCQJZGDFQ", heritage.geometry[heritage["LX"] == "21"].iloc[0], MC="100米高度控制区")
