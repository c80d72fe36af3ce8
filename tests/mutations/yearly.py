# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护): a small clean delivery and its defects (DOC020–DOC023)."""

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

FILE = "140225浑源县2026年度县级国土空间总体规划动态维护.gdb"
RECORD = FILE.replace(".gdb", "面积平衡表.json")
LINE, ZONES = "ZXCQCSLX", "GHFQ"
CAUSES = {"WHLY": "01", "JDZBLY": "1", "KZBSHSLX": "01"}


def maintained(county: County, folder: Path) -> County:
    """Return a line that lost its west and gained its east, and a zone whose west changed its class."""
    frame = county.layers["YDYHGHFQ"]
    west, south, *_ = frame.total_bounds

    def box(x: float, width: float, y: float = 0.0) -> Any:
        return shapely.box(west + x, south + y, west + x + width, south + y + 100)

    def layer(shapes: list[Any], first: int, **values: Any) -> gpd.GeoDataFrame:
        keys = [f"1402250000{first + n:08d}" for n in range(len(shapes))]
        return gpd.GeoDataFrame({"BSM": keys, **values}, geometry=shapes, crs=frame.crs)

    def changes(shapes: list[Any], kinds: list[str], number: int) -> gpd.GeoDataFrame:
        numbers = [f"20260309{number + n:06d}" for n in range(len(shapes))]
        return layer(shapes, 1, WHLX=kinds, WHBH=numbers, **{name: [v] * len(shapes) for name, v in CAUSES.items()})

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
    (folder / RECORD).write_text(json.dumps({"layers": [_recorded(layers, role) for role in (ZONES, LINE)]}), "utf-8")
    for role, frame in layers.items():
        if not role.startswith("WHC"):
            frame["MJ"] = statutory_area(frame.geometry.to_numpy()).round(2)
        frame["XZQDM"] = "140225"
    return replace(county, layers=layers, parcels={})


def _recorded(layers: dict[str, gpd.GeoDataFrame], role: str) -> dict[str, Any]:
    before, change, after = (layers[prefix + role] for prefix in ("WHQ", "WHC", "WHH"))
    kinds = {}
    for kind, code in (("in", "1"), ("changed", "2"), ("out", "3")):
        chosen = change[change["WHLX"] == code]
        kinds[kind] = {"code": code, "count": len(chosen), "area_m2": _area(chosen)}
    sums = {"before": len(before), "before_m2": _area(before), "after": len(after), "after_m2": _area(after)}
    return {"layer": role, "change": len(change), "kinds": kinds, **sums}


def _area(frame: gpd.GeoDataFrame) -> float:
    return float(statutory_area(frame.geometry.to_numpy()).sum()) if len(frame) else 0.0


def _shift(draft: CountyDraft, role: str, row: int, west: float = 0.0, east: float = 0.0) -> None:
    """Move the west and the east side of a box."""
    x, y, right, top = draft.shape(role, row).bounds
    draft.layers[role].loc[row, "geometry"] = shapely.box(x + west, y, right + east, top)


def _first(draft: CountyDraft, role: str, west: float, width: float, row: int = 0) -> Any:
    x, y, _, top = draft.shape(role, row).bounds
    return shapely.box(x + west, y, x + west + width, top)


@declare_mutation("DOC020", base="maintenance")
def a_change_without_its_reason(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLY=None)


@declare_mutation("DOC020", case="all", base="maintenance")
def changes_without_the_source_of_quota(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, JDZBLY=None)
    draft.change(f"WHC{LINE}", 1, JDZBLY=" ")


@declare_mutation("DOC020", case="code", base="maintenance")
def an_unknown_reason(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLY="09")


@declare_mutation("DOC021", case="blank", base="maintenance")
def a_change_without_its_number(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHBH=None)


@declare_mutation("DOC021", case="form", base="maintenance")
def a_number_of_the_thirteenth_month(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHBH="20261309000002")


@declare_mutation("DOC021", case="repeated", base="maintenance")
def two_changes_by_one_number(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 1, WHBH=draft.value(f"WHC{LINE}", 0, "WHBH"))


@declare_mutation("DOC021", case="key", base="maintenance")
def an_old_number_given_again(draft: CountyDraft) -> None:
    draft.change(f"WHH{LINE}", 0, BSM=draft.key(f"WHQ{LINE}", 0))


@declare_mutation("DOC021", case="county", follows=["RUN904"], base="maintenance")
def the_neighbours_code(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, XZQDM="140226")


@declare_mutation("DOC022", case="kind", finds=2, follows=["DOC023"], base="maintenance")
def a_line_that_changed_its_code(draft: CountyDraft) -> None:
    draft.change(f"WHC{LINE}", 0, WHLX="2")


@declare_mutation("DOC022", case="not_before", follows=["DOC023"], base="maintenance")
def removed_land_that_was_never_in_the_line(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{LINE}", 0, west=-50)
    return _first(draft, f"WHC{LINE}", 0, 50)


@declare_mutation("DOC022", case="not_after", follows=["DOC023"], base="maintenance")
def added_land_missing_in_the_new_line(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{LINE}", 1, east=50)
    _, y, right, top = draft.shape(f"WHC{LINE}", 1).bounds
    return shapely.box(right - 50, y, right, top)


@declare_mutation("DOC022", case="already", follows=["DOC023"], base="maintenance")
def added_land_that_was_already_in_the_line(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{LINE}", 1, west=-50)
    return _first(draft, f"WHC{LINE}", 0, 50, row=1)


@declare_mutation("DOC022", case="still", follows=["DOC023"], base="maintenance")
def removed_land_that_is_still_in_the_line(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{LINE}", 0, east=50)
    return _first(draft, f"WHC{LINE}", 100, 50)


@declare_mutation("DOC022", case="same", follows=["DOC023"], base="maintenance")
def a_change_drawn_over_what_stayed(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{ZONES}", 0, east=50)
    return _first(draft, f"WHC{ZONES}", 100, 50)


@declare_mutation("DOC022", case="untold", follows=["DOC023"], base="maintenance")
def a_change_drawn_too_small(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{LINE}", 0, west=50)
    return _first(draft, f"WHQ{LINE}", 0, 50)


@declare_mutation("DOC022", case="lost", follows=["DOC023"], base="maintenance")
def a_zone_after_that_covers_less(draft: CountyDraft) -> Any:
    _shift(draft, f"WHH{ZONES}", 1, east=-50)
    return _first(draft, f"WHQ{ZONES}", 250, 50)


@declare_mutation("DOC022", case="untold_code", follows=["DOC023"], base="maintenance")
def a_change_of_half_of_what_changed(draft: CountyDraft) -> Any:
    _shift(draft, f"WHC{ZONES}", 0, west=50)
    return _first(draft, f"WHQ{ZONES}", 0, 50)


@declare_mutation("DOC023", case="count", follows=["DOC022"], base="maintenance")
def a_parcel_after_that_was_lost(draft: CountyDraft) -> None:
    frame = draft.layers[f"WHH{LINE}"]
    draft.layers[f"WHH{LINE}"] = frame.drop(index=frame.index[0])


@declare_mutation("DOC023", case="field", base="maintenance")
def an_area_filled_in_by_hand(draft: CountyDraft) -> None:
    draft.change(f"WHH{LINE}", 0, MJ=1.0)


@declare_mutation("DOC023", case="filed_field", base="maintenance")
def a_filed_area_written_over(draft: CountyDraft) -> None:
    draft.change(f"WHQ{LINE}", 0, MJ=1.0)


@declare_mutation("DOC023", case="area", finds=2, base="maintenance")
def classes_before_and_after_with_equal_growth(draft: CountyDraft) -> None:
    """Change both classes equally, so that only the balance differs."""
    _shift(draft, f"WHQ{ZONES}", 0, east=50)
    _shift(draft, f"WHH{ZONES}", 1, east=50)
    for role, row in ((f"WHQ{ZONES}", 0), (f"WHH{ZONES}", 1)):
        draft.change(role, row, MJ=round(float(statutory_area([draft.shape(role, row)])[0]), 2))
