# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of targets from higher plans and of contradicting texts.

They are found by LAW004 to LAW006.
"""

from __future__ import annotations

from pathlib import Path

from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import TOWNSHIP_TARGETS_FILE, sum_farmland_by_township, write_township_targets

#: 永久基本农田 of the county, 万亩.
COUNTY_TARGET = 63.25


@declare_mutation("LAW004", case="broken")
def plant_township_target_above_its_farmland(draft: CountyDraft) -> None:
    set_target_of_largest_township(draft, 0.01)


@declare_mutation("LAW004", case="rounding")
def plant_township_target_above_by_rounding(draft: CountyDraft) -> None:
    """Set a target that is missed by less than half of its last printed digit."""
    _, (_, net) = find_largest_township(draft)
    decimals = next(n for n in range(1, 9) if round(net, n) > net)
    set_target_of_largest_township(draft, round(net, decimals) - net, decimals)


@declare_mutation("LAW004", case="misplaced", follows=["ATT023"])
def plant_field_with_the_code_of_another_township(draft: CountyDraft) -> None:
    frame = draft.layers["YJJBNTBHTB"]
    codes = frame["ZLDWDM"].str[:9]
    here, there = (frame.index[codes == code][0] for code in codes.value_counts().index[:2])
    draft.change("YJJBNTBHTB", here, **{name: frame.at[there, name] for name in ("ZLDWDM", "ZLDWMC")})


@declare_mutation("LAW004", case="foreign", follows=["ATT023"])
def plant_field_with_the_code_of_another_county(draft: CountyDraft) -> None:
    draft.change("YJJBNTBHTB", draft.first_row("YJJBNTBHTB"), ZLDWDM="1402231002010000000", ZLDWMC="广灵县某村")


@declare_mutation("LAW005", case="limit")
def plant_looser_limit_than_the_province(draft: CountyDraft) -> None:
    append_to_profile(draft, "[ratio]\nlimit = 1.31\n")


@declare_mutation("LAW005", case="measure")
def plant_ratio_with_another_numerator_than_in_the_province(draft: CountyDraft) -> None:
    append_to_profile(draft, '[ratio]\nform = "n3"\n')


@declare_mutation("LAW005", case="target")
def plant_looser_target_than_the_parent_profile(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.86"\nunit = "km2"\nyear = 2035\n'
    )
    append_to_profile(draft, target + 'binding = "约束性"\nsource = "文本第10条"\n')


@declare_mutation("LAW005", case="replaced")
def plant_stricter_target_than_the_parent_profile(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.88"\nunit = "km2"\nyear = 2035\n'
    )
    append_to_profile(draft, target + 'binding = "约束性"\nsource = "文本第10条"\n')


@declare_mutation("LAW005", case="register", follows=["LAW023"])
def plant_another_count_of_districts_than_in_the_parent_profile(draft: CountyDraft) -> None:
    line = '[[heritage_register]]\nterm = "历史文化街区"\nkind = "历史文化街区"\nlevel = ""\ncount = 2\n'
    append_to_profile(draft, line + 'source = "本县规划文本"\n')


@declare_mutation("LAW005", case="absent")
def plant_targets_of_another_year(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.86"\nunit = "km2"\nyear = 2025\n'
    )
    append_to_profile(draft, target + 'binding = "约束性"\nsource = "文本第10条"\n')
    path = Path(draft.options["profile"])
    # A profile of the county's own: the plugin's is not its base any more.
    path.write_text(path.read_text(encoding="utf-8").replace('base = "hunyuan"', 'base = "shanxi"'), encoding="utf-8")


@declare_mutation("LAW005", case="sum")
def plant_township_targets_below_county_target(draft: CountyDraft) -> None:
    """Set township targets to a tenth of their farmland.

    The county's target is then not distributed completely.
    """
    townships = sum_farmland_by_township(draft.county)
    set_targets_of_all_townships(draft, {name: f"{net / 10:.2f}" for name, (_, net) in townships.items()})


@declare_mutation("LAW005", case="rounding")
def plant_township_targets_slightly_below_county(draft: CountyDraft) -> None:
    set_targets_of_all_townships(draft, distribute_total_to_townships(draft, COUNTY_TARGET - 0.004))


@declare_mutation("LAW005", case="part")
def plant_township_farmland_target_above_cultivated_land_target(draft: CountyDraft) -> None:
    path = Path(draft.options["targets"])
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    row = max((one for one in rows[1:] if one[2] and one[3]), key=lambda one: float(one[2]))
    row[3] = f"{float(row[2]) / 2:.2f}"
    (draft.folder / TOWNSHIP_TARGETS_FILE).write_text("\n".join(",".join(one) for one in rows) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TOWNSHIP_TARGETS_FILE)


@declare_mutation("LAW005", case="part_target", finds=2, follows=["LAW002"])
def plant_target_of_farmland_above_that_of_cultivated_land(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "99.25"\nunit = "wan_mu"\nyear = 2035\n'
    )
    append_to_profile(draft, target + 'binding = "约束性"\nsource = "文本第10条"\n')


@declare_mutation("LAW005", case="omitted")
def plant_target_table_without_one_township(draft: CountyDraft) -> None:
    lines = Path(draft.options["targets"]).read_text(encoding="utf-8").splitlines()
    (draft.folder / TOWNSHIP_TARGETS_FILE).write_text("\n".join([*lines[:1], *lines[2:]]) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TOWNSHIP_TARGETS_FILE)


@declare_mutation("LAW005", case="undivided")
def plant_target_table_without_cultivated_land(draft: CountyDraft) -> None:
    path = Path(draft.options["targets"])
    lines = [line.rpartition(",")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    (draft.folder / TOWNSHIP_TARGETS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TOWNSHIP_TARGETS_FILE)


@declare_mutation("LAW005", case="unallocated", follows=["LAW004"])
def plant_township_without_a_figure_of_red_line(draft: CountyDraft) -> None:
    """Add figures of 生态保护红线 for all townships but one; the table still lists it."""
    head, first, *others = Path(draft.options["targets"]).read_text(encoding="utf-8").splitlines()
    lines = [f"{head},生态保护红线（平方千米）", f"{first},", *(f"{line},0.01" for line in others)]
    (draft.folder / TOWNSHIP_TARGETS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.options["targets"] = str(draft.folder / TOWNSHIP_TARGETS_FILE)


@declare_mutation("LAW005", case="total")
def plant_table_total_unequal_to_sum(draft: CountyDraft) -> None:
    set_targets_of_all_townships(
        draft, distribute_total_to_townships(draft, COUNTY_TARGET) | {"合计": f"{COUNTY_TARGET + 0.1:.4f}"}
    )


@declare_mutation("LAW006", case="stated")
def plant_second_text_with_another_figure(draft: CountyDraft) -> None:
    statement = '[[stated]]\nname = "森林覆盖率"\ncomparison = ">="\nvalue = "14.17"\nunit = "%"\nyear = 2035\nbinding = "预期性"\n'
    append_to_profile(draft, statement + 'source = "文本第8条"\nalso_said = [{ value = "14.71", source = "附表1" }]\n')


@declare_mutation("LAW006", case="")
def plant_second_text_with_another_target(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "538.87"\nunit = "km2"\nyear = 2035\n'
    )
    more = 'binding = "约束性"\nsource = "文本第10条"\nalso_said = [{ value = "538.78", source = "附表1" }]\n'
    append_to_profile(draft, target + more)


def find_largest_township(draft: CountyDraft) -> tuple[str, tuple[str, float]]:
    """Return name, code and farmland (万亩) of the township with most farmland."""
    return max(sum_farmland_by_township(draft.county).items(), key=lambda township: township[1][1])


def set_target_of_largest_township(draft: CountyDraft, more: float, decimals: int = 4) -> None:
    """Set the target of the largest township above its farmland by ``more`` 万亩."""
    name, (_, net) = find_largest_township(draft)
    set_targets_of_all_townships(draft, {name: f"{net + more:.{decimals}f}"})


def distribute_total_to_townships(draft: CountyDraft, total: float) -> dict[str, str]:
    """Distribute a total (万亩) to townships by their farmland.

    Each gets four decimals and at most its farmland.
    """
    townships = sum_farmland_by_township(draft.county)
    share = total / sum(net for _, net in townships.values())
    assert share < 1
    parts = {name: round(net * share, 4) for name, (_, net) in townships.items()}
    name, _ = find_largest_township(draft)
    parts[name] += total - sum(parts.values())
    return {name: f"{net:.4f}" for name, net in parts.items()}


def set_targets_of_all_townships(draft: CountyDraft, tasks: dict[str, str]) -> None:
    path = draft.folder / TOWNSHIP_TARGETS_FILE
    write_township_targets(draft.county, path, tasks)
    draft.options["targets"] = str(path)


def append_to_profile(draft: CountyDraft, more: str) -> None:
    """Append TOML text to the profile of the county."""
    path = draft.folder / "confirmed.toml"
    path.write_text(Path(draft.options["profile"]).read_text(encoding="utf-8") + more, encoding="utf-8")
    draft.options["profile"] = str(path)
