# SPDX-License-Identifier: GPL-2.0-or-later
"""A small yearly maintenance delivery (年度动态维护) and its planted defects.

The defects are found by DOC020 to DOC023.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from tests.county.attributes import County
from tests.county.measure import statutory_area
from tests.mutations.mutation import CountyDraft, declare_mutation

GEODATABASE_NAME = "140225浑源县2026年度县级国土空间总体规划动态维护.gdb"
BALANCE_NAME = GEODATABASE_NAME.replace(".gdb", "面积平衡表.json")
LINE, ZONES = "ZXCQCSLX", "GHFQ"
REASON_CODES = {"WHLY": "01", "JDZBLY": "1", "KZBSHSLX": "01"}


def make_maintenance_layers(county: County, folder: Path) -> County:
    """Return a line and a zone with their changes.

    The line lost its west and gained its east; the zone's west changed its class.
    """
    frame = county.layers["YDYHGHFQ"]
    west, south, *_ = frame.total_bounds

    def box(x: float, width: float, y: float = 0.0) -> Any:
        return shapely.box(west + x, south + y, west + x + width, south + y + 100)

    def layer(shapes: list[Any], first: int, **values: Any) -> gpd.GeoDataFrame:
        keys = [f"1402250000{first + n:08d}" for n in range(len(shapes))]
        return gpd.GeoDataFrame({"BSM": keys, **values}, geometry=shapes, crs=frame.crs)

    def changes(shapes: list[Any], kinds: list[str], number: int) -> gpd.GeoDataFrame:
        numbers = [f"20260309{number + n:06d}" for n in range(len(shapes))]
        return layer(
            shapes, 1, WHLX=kinds, WHBH=numbers, **{name: [v] * len(shapes) for name, v in REASON_CODES.items()}
        )

    layers = {
        f"WHQ{ZONES}": layer([box(0, 300, 500)], 1, GHFQDM=["300"], GHFQMC=["农田保护区"]),
        f"WHC{ZONES}": changes([box(0, 100, 500)], ["2"], 1),
        f"WHH{ZONES}": layer(
            [box(0, 100, 500), box(100, 200, 500)], 11, GHFQDM=["400", "300"], GHFQMC=["城镇发展区", "农田保护区"]
        ),
        f"WHQ{LINE}": layer([box(0, 300)], 1),
        f"WHC{LINE}": changes([box(0, 100), box(300, 100)], ["3", "1"], 2),
        f"WHH{LINE}": layer([box(100, 200), box(300, 100)], 11),
    }
    (folder / BALANCE_NAME).write_text(
        json.dumps({"layers": [_sum_areas_for_balance(layers, role) for role in (ZONES, LINE)]}), "utf-8"
    )
    for role, frame in layers.items():
        if not role.startswith("WHC"):
            frame["MJ"] = statutory_area(frame.geometry.to_numpy()).round(2)
        frame["XZQDM"] = "140225"
    return replace(county, layers=layers, parcels={})


def _sum_areas_for_balance(layers: dict[str, gpd.GeoDataFrame], role: str) -> dict[str, Any]:
    before, change, after = (layers[prefix + role] for prefix in ("WHQ", "WHC", "WHH"))
    kinds = {}
    for kind, code in (("in", "1"), ("changed", "2"), ("out", "3")):
        chosen = change[change["WHLX"] == code]
        kinds[kind] = {"code": code, "count": len(chosen), "area_m2": _measure_areas(chosen)}
    sums = {
        "before": len(before),
        "before_m2": _measure_areas(before),
        "after": len(after),
        "after_m2": _measure_areas(after),
    }
    return {"layer": role, "change": len(change), "kinds": kinds, **sums}


def _measure_areas(frame: gpd.GeoDataFrame) -> float:
    return float(statutory_area(frame.geometry.to_numpy()).sum()) if len(frame) else 0.0


def _move_west_and_east_side(draft: CountyDraft, role: str, row: int, west: float = 0.0, east: float = 0.0) -> None:
    """Move the west and east side of a rectangular row by metres."""
    x, y, right, top = draft.shape(role, row).bounds
    draft.layers[role].loc[row, "geometry"] = shapely.box(x + west, y, right + east, top)


def _make_box_from_west(draft: CountyDraft, role: str, west: float, width: float, row: int = 0) -> Any:
    x, y, _, top = draft.shape(role, row).bounds
    return shapely.box(x + west, y, x + west + width, top)


@declare_mutation("DOC020", base="maintenance")
def plant_change_without_its_reason(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLY=None)


@declare_mutation("DOC020", case="all", base="maintenance")
def plant_changes_without_the_source_of_quota(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, JDZBLY=None)
    draft.change(f"WHC{LINE}", 1, JDZBLY=" ")


@declare_mutation("DOC020", case="code", base="maintenance")
def plant_unknown_reason(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLY="09")


@declare_mutation("DOC021", case="blank", base="maintenance")
def plant_change_without_number(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHBH=None)


@declare_mutation("DOC021", case="form", base="maintenance")
def plant_change_number_of_thirteenth_month(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHBH="20261309000002")


@declare_mutation("DOC021", case="repeated", base="maintenance")
def plant_two_changes_with_same_number(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 1, WHBH=draft.value(f"WHC{LINE}", 0, "WHBH"))


@declare_mutation("DOC021", case="key", base="maintenance")
def plant_reused_old_change_number(draft: CountyDraft) -> None:
    draft.change(f"WHH{LINE}", 0, BSM=draft.key(f"WHQ{LINE}", 0))


@declare_mutation("DOC021", case="county", follows=["RUN904"], base="maintenance")
def plant_change_number_of_neighbouring_county(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, XZQDM="140226")


@declare_mutation("DOC022", case="kind", finds=2, follows=["DOC023"], base="maintenance")
def plant_line_with_a_changed_code(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLX="2")


@declare_mutation("DOC022", case="not_before", follows=["DOC023"], base="maintenance")
def plant_removed_land_never_in_the_line(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{LINE}", 0, west=-50)
    return _make_box_from_west(draft, f"WHC{LINE}", 0, 50)


@declare_mutation("DOC022", case="not_after", follows=["DOC023"], base="maintenance")
def plant_added_land_missing_in_the_new_line(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{LINE}", 1, east=50)
    _, y, right, top = draft.shape(f"WHC{LINE}", 1).bounds
    return shapely.box(right - 50, y, right, top)


@declare_mutation("DOC022", case="already", follows=["DOC023"], base="maintenance")
def plant_added_land_that_was_already_in_the_line(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{LINE}", 1, west=-50)
    return _make_box_from_west(draft, f"WHC{LINE}", 0, 50, row=1)


@declare_mutation("DOC022", case="still", follows=["DOC023"], base="maintenance")
def plant_removed_land_still_in_the_line(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{LINE}", 0, east=50)
    return _make_box_from_west(draft, f"WHC{LINE}", 100, 50)


@declare_mutation("DOC022", case="same", follows=["DOC023"], base="maintenance")
def plant_change_drawn_over_unchanged_land(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{ZONES}", 0, east=50)
    return _make_box_from_west(draft, f"WHC{ZONES}", 100, 50)


@declare_mutation("DOC022", case="untold", follows=["DOC023"], base="maintenance")
def plant_change_smaller_than_the_changed_land(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{LINE}", 0, west=50)
    return _make_box_from_west(draft, f"WHQ{LINE}", 0, 50)


@declare_mutation("DOC022", case="lost", follows=["DOC023"], base="maintenance")
def plant_zone_after_the_change_covering_less_land(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHH{ZONES}", 1, east=-50)
    return _make_box_from_west(draft, f"WHQ{ZONES}", 250, 50)


@declare_mutation("DOC022", case="untold_code", follows=["DOC023"], base="maintenance")
def plant_change_covering_half_of_changed_land(draft: CountyDraft) -> Any:
    _move_west_and_east_side(draft, f"WHC{ZONES}", 0, west=50)
    return _make_box_from_west(draft, f"WHQ{ZONES}", 0, 50)


@declare_mutation("DOC023", case="count", follows=["DOC022"], base="maintenance")
def plant_missing_parcel_after_the_change(draft: CountyDraft) -> None:
    frame = draft.layers[f"WHH{LINE}"]
    draft.layers[f"WHH{LINE}"] = frame.drop(index=frame.index[0])


@declare_mutation("DOC023", case="field", base="maintenance")
def plant_area_filled_in_by_hand(draft: CountyDraft) -> None:
    draft.change(f"WHH{LINE}", 0, MJ=1.0)


@declare_mutation("DOC023", case="filed_field", base="maintenance")
def plant_overwritten_filed_area(draft: CountyDraft) -> None:
    draft.change(f"WHQ{LINE}", 0, MJ=1.0)


@declare_mutation("DOC023", case="area", finds=2, base="maintenance")
def plant_equal_growth_of_old_and_new_class(draft: CountyDraft) -> None:
    """Change the old and new class equally, so that only the balance differs."""
    _move_west_and_east_side(draft, f"WHQ{ZONES}", 0, east=50)
    _move_west_and_east_side(draft, f"WHH{ZONES}", 1, east=50)
    for role, row in ((f"WHQ{ZONES}", 0), (f"WHH{ZONES}", 1)):
        draft.change(role, row, MJ=round(float(statutory_area([draft.shape(role, row)])[0]), 2))
