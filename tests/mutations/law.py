# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of quotas and thresholds (LAW)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from tests.county.lines import TARGETS
from tests.county.workshop import EDGE, FARM, FIELD, PARCEL, ZONE
from tests.mutations.frame import Draft, plants
from tests.mutations.side import FIGURES

BASE, RESERVES = "XZYDYH", "ZRBHD"


@plants("LAW001")
def towns_that_the_base_year_did_not_have(draft: Draft) -> None:
    """A twentieth of the built land of 2020 was villages: the boundary grows by more than it may."""
    built = np.flatnonzero(draft.lines.urban)
    gross = draft.lines.gross[built]
    for parcel in built[np.cumsum(gross) - gross < gross.sum() / 20]:
        draft.change(BASE, draft.row(BASE, parcel), CZCSXM="203")


@plants("LAW002")
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


@plants("LAW003")
def a_zone_without_a_code(draft: Draft) -> None:
    draft.change(ZONE, draft.pick(ZONE, draft.lines.zone == 530), GHFQDM=None)


@plants("LAW010")
def farmland_of_orchards(draft: Draft) -> None:
    level = draft.farmland & (draft.lines.rate == 0)
    draft.change(FARM, draft.pick(FARM, level), DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)


@plants("LAW010")
def farmland_where_the_survey_has_shrubs(draft: Draft) -> None:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)


@plants("LAW020")
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


@plants("LAW007")
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


@plants("LAW023")
def a_building_more_than_the_text_counts(draft: Draft) -> None:
    house = draft.shape("LSJZM", draft.first("LSJZM"))
    draft.add("LSJZM", shapely.transform(house, lambda xy: np.add(xy, (60, 0))), MC="新宅")
