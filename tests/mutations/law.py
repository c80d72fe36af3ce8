# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of quotas and thresholds (LAW)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from tests.county.lines import TARGETS
from tests.county.points import FREE
from tests.county.workshop import EDGE, FARM, FIELD, HERITAGE, PARCEL, RED, ZONE
from tests.mutations.frame import Draft, plants
from tests.mutations.side import FIGURES, REGISTER, TASKS, farmland_by_township, sealed

BASE, RESERVES = "XZYDYH", "ZRBHD"


@plants("LAW001")
def towns_that_the_base_year_did_not_have(draft: Draft) -> None:
    """A twentieth of the built land of 2020 was villages: the boundary grows by more than it may."""
    built = np.flatnonzero(draft.lines.urban)
    gross = draft.lines.gross[built]
    for parcel in built[np.cumsum(gross) - gross < gross.sum() / 20]:
        draft.change(BASE, draft.row(BASE, parcel), CZCSXM="203")


@plants("LAW002", case="broken")
def fields_that_went_missing(draft: Draft) -> None:
    """Cultivated land outside farmland is taken out until the task is missed by a hectare or more."""
    net = draft.layers[FIELD]["TBDLMJ"]
    over = net.sum() - TARGETS["cultivated"]
    for parcel in np.flatnonzero(draft.lines.cultivated & ~draft.lines.farmland):
        if over < -1e6:
            break
        row = draft.row(FIELD, parcel)
        over -= net[row]
        draft.drop(FIELD, row)


@plants("LAW003", case="blank")
def a_zone_without_a_code(draft: Draft) -> Any:
    row = draft.pick(ZONE, draft.lines.zone == 530)
    draft.change(ZONE, row, GHFQDM=None)
    return draft.shape(ZONE, row)


@plants("LAW004", case="broken")
def a_township_with_more_to_keep_than_it_has(draft: Draft) -> None:
    one_task(draft, 0.01)


@plants("LAW004", case="rounding")
def a_township_with_a_digit_more_to_keep(draft: Draft) -> None:
    """A shortfall of less than half of the last digit that is printed."""
    _, (_, net) = largest(draft)
    decimals = next(n for n in range(1, 9) if round(net, n) > net)
    one_task(draft, round(net, decimals) - net, decimals)


@plants("LAW005", case="limit")
def a_looser_limit_than_the_provinces(draft: Draft) -> None:
    profile(draft, "[ratio]\nlimit = 1.31\n")


@plants("LAW005", case="sum")
def townships_that_do_not_add_up_to_the_county(draft: Draft) -> None:
    """Each keeps a tenth of what it has: the county's task is nobody's."""
    towns = farmland_by_township(draft.county)
    all_tasks(draft, {name: f"{net / 10:.2f}" for name, (_, net) in towns.items()})


@plants("LAW005", case="rounding")
def townships_that_lack_a_little(draft: Draft) -> None:
    all_tasks(draft, parts_of(draft, TASK - 0.004))


@plants("LAW005", case="total")
def a_total_that_is_not_the_sum(draft: Draft) -> None:
    all_tasks(draft, parts_of(draft, TASK) | {"合计": f"{TASK + 0.1:.4f}"})


@plants("LAW006", case="stated")
def another_text_with_another_figure(draft: Draft) -> None:
    said = '[[stated]]\nname = "森林覆盖率"\ncomparison = ">="\nvalue = "14.17"\nunit = "%"\nyear = 2035\nbinding = "预期性"\n'
    profile(draft, said + 'source = "文本第8条"\nalso_said = [{ value = "14.71", source = "附表1" }]\n')


@plants("LAW006", case="")
def another_text_with_another_task(draft: Draft) -> None:
    said = '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.87"\nunit = "km2"\nyear = 2035\n'
    more = 'binding = "约束性"\nsource = "文本第10条"\nalso_said = [{ value = "538.78", source = "附表1" }]\n'
    profile(draft, said + more)


#: 永久基本农田 of the county, 万亩.
TASK = 63.25


def largest(draft: Draft) -> tuple[str, tuple[str, float]]:
    """The township with most farmland: name, code, 万亩."""
    return max(farmland_by_township(draft.county).items(), key=lambda town: town[1][1])


def one_task(draft: Draft, more: float, decimals: int = 4) -> None:
    """The largest township is to keep so many 万亩 more than it has, as printed."""
    name, (_, net) = largest(draft)
    all_tasks(draft, {name: f"{net + more:.{decimals}f}"})


def parts_of(draft: Draft, total: float) -> dict[str, str]:
    """A total shared out among the townships by what they have, to four decimals; never more than one has."""
    towns = farmland_by_township(draft.county)
    share = total / sum(net for _, net in towns.values())
    assert share < 1
    parts = {name: round(net * share, 4) for name, (_, net) in towns.items()}
    name, _ = largest(draft)
    parts[name] += total - sum(parts.values())
    return {name: f"{net:.4f}" for name, net in parts.items()}


def all_tasks(draft: Draft, tasks: dict[str, str]) -> None:
    path = draft.folder / TASKS
    rows = "".join(f"{name},{value}\n" for name, value in tasks.items())
    path.write_text("乡镇,永久基本农田（万亩）\n" + rows, encoding="utf-8")
    draft.options["targets"] = str(path)


def profile(draft: Draft, more: str) -> None:
    """The county's profile with something added."""
    path = draft.folder / "confirmed.toml"
    path.write_text(Path(draft.options["profile"]).read_text(encoding="utf-8") + more, encoding="utf-8")
    draft.options["profile"] = str(path)


@plants("LAW010", case="code")
def farmland_of_orchards(draft: Draft) -> Any:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
    return draft.shape(FARM, row)


@plants("LAW010", case="parcel")
def farmland_where_the_survey_has_shrubs(draft: Draft) -> Any:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)
    return draft.shape(PARCEL, row)


@plants("LAW020", case="flexible")
def a_quarter_of_the_town_is_kept_flexible(draft: Draft) -> None:
    frame = draft.layers[EDGE]
    largest = int(frame.loc[frame["GHFQDM"] == "410", "MJ"].idxmax())
    others = [row for row in frame.index if frame.at[row, "GHFQDM"] == "410" and row != largest]
    for row in others:
        draft.change(EDGE, row, GHFQDM="420", GHFQMC="城镇弹性发展区")


@plants("LAW021", follows=["ATT013"])
def a_zone_with_an_area_of_before(draft: Draft) -> None:
    row = draft.first(ZONE)
    draft.change(ZONE, row, MJ=draft.value(ZONE, row, "MJ") + 20_000)


@plants("LAW022")
def a_part_of_the_reserve_is_missing(draft: Draft) -> None:
    draft.drop(RESERVES, draft.last(RESERVES))


@plants("LAW007", case="map")
def an_appendix_with_another_figure(draft: Draft) -> None:
    text = Path(draft.options["figures"]).read_text(encoding="utf-8")
    head, red, *rest = text.splitlines()
    name, value, unit, _ = red.split(",")
    other = draft.folder / FIGURES
    wrong = f"{name},{float(value) + 0.03:.2f},{unit},附表2"
    other.write_text("\n".join([head, wrong, *rest]) + "\n", encoding="utf-8")
    draft.options["figures"] = str(other)


@plants("LAW008", finds=2)
def a_margin_wider_than_what_is_left(draft: Draft) -> None:
    text = Path(draft.options["profile"]).read_text(encoding="utf-8")
    path = draft.folder / "wide.toml"
    path.write_text(text.replace("warning_share = 0.00001", "warning_share = 0.018"), encoding="utf-8")
    draft.options["profile"] = str(path)


@plants("LAW023", case="count", follows=["LAW024"])
def a_building_more_than_the_text_counts(draft: Draft) -> None:
    house = draft.shape("LSJZM", draft.first("LSJZM"))
    draft.add("LSJZM", shapely.transform(house, lambda xy: np.add(xy, (60, 0))), MC="新宅")


@plants("LAW002", case="rounding")
def a_task_missed_by_a_hectare(draft: Draft) -> None:
    """Two hectares are 0.003 万亩, less than half of what is printed."""
    fields_that_went_missing(draft)
    missed = TARGETS["cultivated"] - draft.layers[FIELD]["TBDLMJ"].sum()
    draft.county_sets(
        _target("cultivated_area", f"{(TARGETS['cultivated'] - missed + 20_000) * 15 / 1e8:.2f}", "wan_mu")
    )


def _target(indicator: str, value: str, unit: str) -> str:
    words = {"indicator": indicator, "comparison": ">=", "value": value, "unit": unit, "binding": "", "source": "批文"}
    return "[[targets]]\nyear = 2035\n" + "".join(f'{key} = "{word}"\n' for key, word in words.items())


@plants("LAW003", case="")
def a_zone_that_the_county_places_nowhere(draft: Draft) -> None:
    draft.county_sets('[three_zones]\n"700" = "未对应"\n')


@plants("LAW010", case="blank")
def farmland_of_no_land_use(draft: Draft) -> Any:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, DLBM=None, DLMC=None)
    return draft.shape(FARM, row)


@plants("LAW020", case="special")
def a_limit_for_special_use_zones(draft: Draft) -> None:
    draft.county_sets("[rules.LAW020]\nmax_special_share = 0.001\n")


def _figures(draft: Draft, *lines: str) -> None:
    """The county's table of figures with other lines after its own."""
    path = draft.folder / FIGURES
    own = Path(draft.options["figures"]).read_text(encoding="utf-8")
    path.write_text(own + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    draft.options["figures"] = str(path)


@plants("LAW007", case="text", finds=None)
def a_bound_that_the_text_states_twice(draft: Draft) -> None:
    _figures(draft, "城镇开发边界面积,不超过19.99,平方千米,文本第31条")


@plants("LAW007", case="text_only")
def two_figures_of_what_no_layer_holds(draft: Draft) -> None:
    _figures(draft, "自然岸线保有率,35,%,文本第40条", "自然岸线保有率,36,%,附表3")


@plants("LAW007", case="unknown")
def a_figure_of_what_nobody_knows(draft: Draft) -> None:
    _figures(draft, "幸福指数,3,平方千米,文本第1条")


@plants("LAW007", case="unreadable")
def a_figure_that_is_no_number(draft: Draft) -> None:
    _figures(draft, "生态保护红线面积,约五百,平方千米,文本第1条")


@plants("LAW007", case="unit")
def an_area_in_persons(draft: Draft) -> None:
    _figures(draft, "生态保护红线面积,538,万人,文本第1条")


@plants("LAW007", case="bound", follows=["REL005"])
def a_town_larger_than_its_text_allows(draft: Draft) -> None:
    parcel, _ = draft.choose(
        draft.wild & (draft.lines.area > 500_000) & (draft.fabric.kinds[: len(draft.fabric)] == FREE)
    )
    x, y = np.round(draft.fabric.sites[parcel], 3)
    draft.add(EDGE, shapely.box(x - 90, y - 90, x + 90, y + 90), GHFQDM="430", GHFQMC="特别用途区")


def _resized(draft: Draft, role: str, row: int, metres: float) -> None:
    draft.reshape(role, row, shapely.set_precision(draft.shape(role, row).buffer(metres, join_style="mitre"), 0.001))


@plants("LAW023", case="area", follows=["REL020"])
def a_district_smaller_than_its_text(draft: Draft) -> None:
    _resized(draft, "LSWHJQ", 0, -12)


@plants("LAW023", case="core_area", follows=["REL020", "REL023", "REL024"])
def a_core_smaller_than_its_text(draft: Draft) -> None:
    _resized(draft, HERITAGE, 0, -12)


@plants("LAW023", case="control_area", follows=["REL020", "REL023", "REL024"])
def a_control_zone_smaller_than_its_text(draft: Draft) -> None:
    core, outer = draft.shape(HERITAGE, 0), draft.shape(HERITAGE, 1).exterior
    inner = shapely.set_precision(core.buffer(12, join_style="mitre"), 0.001)
    draft.reshape(HERITAGE, 1, shapely.Polygon(outer, [inner.exterior]))


@plants("LAW023", case="site", follows=["LAW024"])
def a_district_by_another_name(draft: Draft) -> None:
    for role in (HERITAGE, "LSWHJQ", "ZXCQCSZX"):
        draft.layers[role]["MC"] = draft.layers[role]["MC"].str.replace("浑源古城", "旧城")


def _register(draft: Draft, *lines: str, drop: str = "") -> None:
    """The county's register with other lines after its own, and without those that begin with ``drop``."""
    own = Path(draft.options["register"]).read_text(encoding="utf-8").splitlines()
    kept = [line for line in own if not drop or not line.startswith(drop)]
    path = draft.folder / REGISTER
    path.write_text("\n".join([*kept, *lines]) + "\n", encoding="utf-8")
    draft.options["register"] = str(path)


@plants("LAW024", case="missing")
def a_pagoda_that_nobody_drew(draft: Draft) -> None:
    _register(draft, "凌云塔,历史建筑,")


@plants("LAW024", case="alike")
def a_temple_by_nearly_its_name(draft: Draft) -> None:
    _register(draft, "荆庄大云禅寺,文物保护单位,全国重点", drop="荆庄大云寺")


@plants("LAW024", case="level")
def a_temple_of_another_level(draft: Draft) -> None:
    _register(draft, "悬空寺,文物保护单位,县级", drop="悬空寺")


@plants("LAW024", case="kind")
def a_temple_that_is_a_house(draft: Draft) -> None:
    _register(draft, "悬空寺,历史建筑,全国重点", drop="悬空寺")


@plants("LAW024", case="unlisted")
def a_temple_that_nobody_announced(draft: Draft) -> None:
    _register(draft, drop="悬空寺")


@plants("LAW024", case="twice")
def a_temple_announced_twice(draft: Draft) -> None:
    _register(draft, "悬 空寺,文物保护单位,全国重点")


@plants("LAW011", follows=["LAW002", "REL010", "REL036"])
def a_core_zone_in_the_fields(draft: Draft) -> None:
    parcel, _ = draft.choose(draft.farmland, around=False)
    field = draft.shape(FARM, draft.row(FARM, parcel))
    draft.add(RESERVES, field, MC="神溪湿地自然保护区核心保护区")


@plants("LAW012")
def a_steep_field(draft: Draft) -> None:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, GDPDJB="5")


@plants("LAW013", follows=["REL010"])
def a_garden_far_from_all_fields(draft: Draft) -> None:
    spare = draft.lines.cultivated & ~draft.lines.farmland & ~draft.lines.red & (draft.lines.boundary == 0)
    parcel, _ = draft.choose(spare, around=False)
    garden = shapely.Point(draft.fabric.sites[parcel]).buffer(20, quad_segs=4)
    row = draft.add(FARM, garden, like=draft.pick(FARM, draft.farmland & (draft.lines.rate == 0)))
    draft.redraw(FARM, row, garden)


@plants("LAW014")
def a_yard_in_the_fields(draft: Draft) -> None:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0702", DLMC="农村宅基地", GDLX=None, GDPDJB=None, CZCSXM="203")


def _sealed_otherwise(draft: Draft, **layers: Any) -> None:
    """The sealed edition was another than the plan is."""
    known = {role: draft.layers[role] for role in (FARM, RED, EDGE)}
    draft.options |= sealed(known | layers, draft.folder)


@plants("LAW015", base="sealed", follows=["LAW017"])
def a_field_that_was_sealed_is_gone(draft: Draft) -> None:
    draft.drop(FARM, draft.pick(FARM, draft.farmland))


@plants("LAW015", case="county", base="sealed", follows=["LAW017"])
def a_field_is_gone_and_there_are_no_townships(draft: Draft) -> None:
    draft.lose("XZQXZ")
    draft.drop(FARM, draft.pick(FARM, draft.farmland))


def _swapped(draft: Draft, **worse: Any) -> None:
    """The largest field was sealed; the smallest is there instead, as good but for what is said, and not from the reserve."""
    net = draft.layers[FARM]["YJJBNTMJ"]
    old, new = int(net.idxmax()), int(net.idxmin())
    for row in (old, new):
        draft.change(FARM, row, GDPDJB="2", GDDB=10, GDDJ=5)
    draft.change(FARM, new, **worse)
    _sealed_otherwise(draft, **{FARM: draft.layers[FARM].drop(index=new)})
    draft.drop(FARM, old)


@plants("LAW016", case="source", base="sealed", follows=["LAW015", "LAW017"])
def a_supplement_that_is_not_from_the_reserve(draft: Draft) -> None:
    _swapped(draft)


@plants("LAW016", case="slope_class", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_that_is_steeper(draft: Draft) -> None:
    _swapped(draft, GDPDJB="3")


@plants("LAW016", case="yield_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_that_yields_less(draft: Draft) -> None:
    _swapped(draft, GDDB=11)


@plants("LAW016", case="quality_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_of_a_lower_class(draft: Draft) -> None:
    _swapped(draft, GDDJ=6)


@plants("LAW016", case="net", base="sealed", finds=2, follows=["LAW017"], silent=["LAW015"])
def a_supplement_that_is_too_small(draft: Draft) -> None:
    draft.options["rules"] = ("LAW016", "LAW017")
    _swapped(draft)


@plants("LAW017", case="added", base="sealed")
def more_red_line_than_was_sealed(draft: Draft) -> None:
    red = draft.layers[RED]
    _sealed_otherwise(draft, **{RED: red.drop(index=red.index[-1])})


@plants("LAW017", case="removed", base="sealed")
def less_boundary_than_was_sealed(draft: Draft) -> None:
    draft.drop(EDGE, draft.last(EDGE))


@plants("LAW017", case="other", base="sealed")
def a_sealed_field_with_another_code(draft: Draft) -> None:
    row = draft.pick(FARM, draft.farmland)
    draft.change(FARM, row, DLBM="0101" if draft.value(FARM, row, "DLBM") != "0101" else "0102")
