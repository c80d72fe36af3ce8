# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of figures in text and tables (LAW007, LAW008)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from tests.county.defect_editor import EDGE
from tests.county.points import FREE
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import FIGURES


@declare_mutation("LAW007", case="map")
def plant_appendix_figure_unequal_to_map(draft: CountyDraft) -> None:
    head, red, *rest = Path(draft.options["figures"]).read_text(encoding="utf-8").splitlines()
    name, value, unit, _ = red.split(",")
    other = draft.folder / FIGURES
    wrong = f"{name},{float(value) + 0.03:.2f},{unit},附表2"
    other.write_text("\n".join([head, wrong, *rest]) + "\n", encoding="utf-8")
    draft.options["figures"] = str(other)


@declare_mutation("LAW008", finds=2)
def plant_flexible_margin_above_remaining_area(draft: CountyDraft) -> None:
    text = Path(draft.options["profile"]).read_text(encoding="utf-8")
    path = draft.folder / "wide.toml"
    path.write_text(text.replace("warning_share = 0.00001", "warning_share = 0.018"), encoding="utf-8")
    draft.options["profile"] = str(path)


def _append_figures(draft: CountyDraft, *lines: str) -> None:
    """Append rows to the county's table of figures that the text states."""
    path = draft.folder / FIGURES
    own = Path(draft.options["figures"]).read_text(encoding="utf-8")
    path.write_text(own + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    draft.options["figures"] = str(path)


@declare_mutation("LAW007", case="text", finds=None)
def plant_limit_stated_twice_in_the_text(draft: CountyDraft) -> None:
    _append_figures(draft, "城镇开发边界面积,不超过19.99,平方千米,文本第31条")


@declare_mutation("LAW007", case="two_values")
def plant_missed_target_printed_like_its_result(draft: CountyDraft) -> None:
    _append_figures(draft, "生态保护红线面积,538.87,平方千米,附表3")


@declare_mutation("LAW007", case="looser")
def plant_stated_limit_looser_than_the_target(draft: CountyDraft) -> None:
    _append_figures(draft, "永久基本农田面积,不低于10.00,万亩,文本第12条")


@declare_mutation("LAW007", case="text_only")
def plant_two_figures_without_layer(draft: CountyDraft) -> None:
    _append_figures(draft, "自然岸线保有率,35,%,文本第40条", "自然岸线保有率,36,%,附表3")


@declare_mutation("LAW007", case="unknown")
def plant_figure_of_unknown_indicator(draft: CountyDraft) -> None:
    _append_figures(draft, "幸福指数,3,平方千米,文本第1条")


@declare_mutation("LAW007", case="unreadable")
def plant_figure_that_is_not_a_number(draft: CountyDraft) -> None:
    _append_figures(draft, "生态保护红线面积,约五百,平方千米,文本第1条")


@declare_mutation("LAW007", case="unit")
def plant_area_figure_with_the_unit_persons(draft: CountyDraft) -> None:
    _append_figures(draft, "生态保护红线面积,538,万人,文本第1条")


@declare_mutation("LAW007", case="bound", follows=["REL005"])
def plant_town_larger_than_its_text_allows(draft: CountyDraft) -> None:
    parcel, _ = draft.choose(
        draft.wild & (draft.lines.area > 500_000) & (draft.fabric.kinds[: len(draft.fabric)] == FREE)
    )
    x, y = np.round(draft.fabric.sites[parcel], 3)
    draft.add(EDGE, shapely.box(x - 90, y - 90, x + 90, y + 90), GHFQDM="430", GHFQMC="特别用途区")
