# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of tasks from higher plans and of contradicting texts (LAW004 to LAW006)."""

from __future__ import annotations

from pathlib import Path

from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import TASKS, farmland_by_township, write_tasks

#: 永久基本农田 of the county, 万亩.
TASK = 63.25


@declare_mutation("LAW004", case="broken")
def a_township_with_more_to_keep_than_it_has(draft: CountyDraft) -> None:
    set_one_task(draft, 0.01)


@declare_mutation("LAW004", case="rounding")
def a_township_with_a_digit_more_to_keep(draft: CountyDraft) -> None:
    """Set a task that is missed by less than half of the last printed digit."""
    _, (_, net) = largest_township(draft)
    decimals = next(n for n in range(1, 9) if round(net, n) > net)
    set_one_task(draft, round(net, decimals) - net, decimals)


@declare_mutation("LAW004", case="misplaced", follows=["ATT023"])
def a_field_with_the_code_of_another_township(draft: CountyDraft) -> None:
    frame = draft.layers["YJJBNTBHTB"]
    codes = frame["ZLDWDM"].str[:9]
    here, there = (frame.index[codes == code][0] for code in codes.value_counts().index[:2])
    draft.change("YJJBNTBHTB", here, **{name: frame.at[there, name] for name in ("ZLDWDM", "ZLDWMC")})


@declare_mutation("LAW004", case="foreign", follows=["ATT023"])
def a_field_with_the_code_of_another_county(draft: CountyDraft) -> None:
    draft.change("YJJBNTBHTB", draft.first("YJJBNTBHTB"), ZLDWDM="1402231002010000000", ZLDWMC="广灵县某村")


@declare_mutation("LAW005", case="limit")
def a_looser_limit_than_the_provinces(draft: CountyDraft) -> None:
    profile(draft, "[ratio]\nlimit = 1.31\n")


@declare_mutation("LAW005", case="measure")
def a_ratio_by_another_numerator_than_the_provinces(draft: CountyDraft) -> None:
    profile(draft, '[ratio]\nform = "n3"\n')


@declare_mutation("LAW005", case="target")
def a_looser_target_than_the_base_has(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.86"\nunit = "km2"\nyear = 2035\n'
    )
    profile(draft, target + 'binding = "约束性"\nsource = "文本第10条"\n')


@declare_mutation("LAW005", case="sum")
def townships_that_do_not_add_up_to_the_county(draft: CountyDraft) -> None:
    """Set a tenth of its farmland as the task of each township, so that the county's task is not distributed."""
    towns = farmland_by_township(draft.county)
    set_all_tasks(draft, {name: f"{net / 10:.2f}" for name, (_, net) in towns.items()})


@declare_mutation("LAW005", case="rounding")
def townships_that_lack_a_little(draft: CountyDraft) -> None:
    set_all_tasks(draft, distribute(draft, TASK - 0.004))


@declare_mutation("LAW005", case="omitted")
def a_table_that_forgets_a_township(draft: CountyDraft) -> None:
    path = Path(draft.options["targets"])
    lines = path.read_text(encoding="utf-8").splitlines()
    (draft.folder / TASKS).write_text("\n".join([*lines[:1], *lines[2:]]) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TASKS)


@declare_mutation("LAW005", case="undivided")
def a_table_without_cultivated_land(draft: CountyDraft) -> None:
    path = Path(draft.options["targets"])
    lines = [line.rpartition(",")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    (draft.folder / TASKS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TASKS)


@declare_mutation("LAW005", case="total")
def a_total_that_is_not_the_sum(draft: CountyDraft) -> None:
    set_all_tasks(draft, distribute(draft, TASK) | {"合计": f"{TASK + 0.1:.4f}"})


@declare_mutation("LAW006", case="stated")
def another_text_with_another_figure(draft: CountyDraft) -> None:
    statement = '[[stated]]\nname = "森林覆盖率"\ncomparison = ">="\nvalue = "14.17"\nunit = "%"\nyear = 2035\nbinding = "预期性"\n'
    profile(draft, statement + 'source = "文本第8条"\nalso_said = [{ value = "14.71", source = "附表1" }]\n')


@declare_mutation("LAW006", case="")
def another_text_with_another_task(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.87"\nunit = "km2"\nyear = 2035\n'
    )
    more = 'binding = "约束性"\nsource = "文本第10条"\nalso_said = [{ value = "538.78", source = "附表1" }]\n'
    profile(draft, target + more)


def largest_township(draft: CountyDraft) -> tuple[str, tuple[str, float]]:
    """Return name, code and 万亩 of the township with most farmland."""
    return max(farmland_by_township(draft.county).items(), key=lambda town: town[1][1])


def set_one_task(draft: CountyDraft, more: float, decimals: int = 4) -> None:
    """Set the task of the largest township to so many 万亩 more than its farmland, as printed."""
    name, (_, net) = largest_township(draft)
    set_all_tasks(draft, {name: f"{net + more:.{decimals}f}"})


def distribute(draft: CountyDraft, total: float) -> dict[str, str]:
    """Distribute a total to townships by their farmland, with four decimals and at most their farmland."""
    towns = farmland_by_township(draft.county)
    share = total / sum(net for _, net in towns.values())
    assert share < 1
    parts = {name: round(net * share, 4) for name, (_, net) in towns.items()}
    name, _ = largest_township(draft)
    parts[name] += total - sum(parts.values())
    return {name: f"{net:.4f}" for name, net in parts.items()}


def set_all_tasks(draft: CountyDraft, tasks: dict[str, str]) -> None:
    path = draft.folder / TASKS
    write_tasks(draft.county, path, tasks)
    draft.options["targets"] = str(path)


def profile(draft: CountyDraft, more: str) -> None:
    """Append text to the profile of the county."""
    path = draft.folder / "confirmed.toml"
    path.write_text(Path(draft.options["profile"]).read_text(encoding="utf-8") + more, encoding="utf-8")
    draft.options["profile"] = str(path)
