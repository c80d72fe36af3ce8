# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of counties against the targets of their city or province (汇总平衡)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import InputError, require_value
from ...base.files.tables import FoundTable, FoundTableRow, SearchedColumn, read_table
from ...figures.supplied_tables import (
    COMPARISON_WORDS,
    INDICATOR_WORDS,
    UNIT_WORDS,
    find_word_id,
    list_first_words,
    parse_printed_number,
)
from ...model.indicator import (
    MISSED_BY_ROUNDING,
    TARGET_MISSED,
    compare_area_with_target,
    compute_margin,
    convert_area,
)
from ...standard.indicator_catalogue import find_allowed_comparisons
from ...standard.numbering import DIVISION_CODE_DIGITS
from ...standard.profile import IndicatorTarget, compute_division_prefix
from .seam_result import ChildMiss, CountyBorders, ParentSum

_TARGET_COLUMNS = (
    SearchedColumn("area_code", ("行政区代码", "代码", "XZQDM", "area_code", "code"), is_required=False),
    SearchedColumn("area_name", ("行政区", "行政区名称", "名称", "县区", "area_name", "name"), is_required=False),
    SearchedColumn("indicator", ("指标", "指标名称", "indicator")),
    SearchedColumn("comparison", ("关系", "要求", "比较", "comparison"), is_required=False),
    SearchedColumn("value", ("数值", "目标", "目标值", "任务", "任务数", "value")),
    SearchedColumn("unit", ("单位", "unit")),
    SearchedColumn("year", ("年份", "目标年", "year"), is_required=False),
    SearchedColumn("source", ("来源", "依据", "文件", "source", "file"), is_required=False),
)
#: Four digits that are not part of a longer number.
#: Digits of a township's code; codes of twelve digits have zeros behind it.
TOWNSHIP_DIGITS = 9
_LENGTHS_OF_CODES = (DIVISION_CODE_DIGITS, TOWNSHIP_DIGITS, TOWNSHIP_DIGITS + 3)
_YEAR_PATTERN = re.compile(r"(?<!\d)\d{4}(?!\d)")


@dataclass(frozen=True)
class ParentTargets:
    """Targets of a city or province, and those that the same table gives for its counties and their townships.

    ``parent``: targets of a city or province, or without any area; ``children``: those of counties; ``townships``:
    those of townships, with codes of nine digits.
    """

    parent: tuple[IndicatorTarget, ...] = ()
    children: tuple[IndicatorTarget, ...] = ()
    townships: tuple[IndicatorTarget, ...] = ()


def read_parent_targets(path: str | Path) -> ParentTargets:
    """Read the table of targets of a city or province (CSV, xlsx).

    Columns: 指标, 数值, 单位; optional 行政区代码, 行政区, 关系, 年份, 来源. A row without a code is of the division
    with its name, or of the only parent if it has no name either; a code of nine or twelve digits is of a township. A
    row of an indicator that no layer gives, such as a ratio, is left out. An empty path gives no targets. InputError
    names file, row, column and accepted values.
    """
    if not str(path).strip():
        return ParentTargets()
    table = read_table(path, _TARGET_COLUMNS)
    parent: list[IndicatorTarget] = []
    children: list[IndicatorTarget] = []
    townships: list[IndicatorTarget] = []
    first_rows: dict[tuple[str, str, int], FoundTableRow] = {}
    for row in table.rows:
        target = _read_target(table, row)
        if target is not None:
            first_row = first_rows.setdefault((target.area_code, target.indicator, target.year), row)
            # Rows with codes may give a minimum and a maximum; without a code they are probably of different divisions.
            if first_row is not row and not (first_row.text_by_column["area_code"] and row.text_by_column["area_code"]):
                raise InputError(
                    "seams_target_twice",
                    file=table.file_and_sheet,
                    line=row.line_number,
                    value=row.text_by_column["indicator"],
                    first=first_row.line_number,
                )
            # The code of a city or a province ends in zeros.
            is_parent = not target.area_code or target.area_code.endswith("00")
            is_township = len(target.area_code) == TOWNSHIP_DIGITS
            (townships if is_township else parent if is_parent else children).append(target)
    if not parent:
        raise InputError(
            "seams_no_parent_target", file=table.file_and_sheet, known="、".join(list_first_words(INDICATOR_WORDS))
        )
    return ParentTargets(tuple(parent), tuple(children), tuple(townships))


def _read_target(table: FoundTable, row: FoundTableRow) -> IndicatorTarget | None:
    """Return the target of a row; None for an indicator that is not an area of layers. Raise InputError."""
    texts = row.text_by_column
    code, name = texts["area_code"], texts["area_name"]
    if code and not (code.isdecimal() and len(code) in _LENGTHS_OF_CODES):
        raise table.make_cell_error(row, "行政区代码", code, ("140200", "140225", "140225100"))
    code = code[:TOWNSHIP_DIGITS]
    if not code and name:
        from ...standard import load_standard
        from ...standard.divisions import find_divisions_by_name

        found = find_divisions_by_name(name, load_standard("county_db").code_lists["divisions"])
        if len(found) != 1:
            raise InputError(
                "seams_area_unknown",
                file=table.file_and_sheet,
                line=row.line_number,
                value=name,
                known="、".join(f"{one.code} {one.name}" for one in found) or "140200 大同市",
            )
        code = found[0].code
    if not texts["indicator"]:
        raise table.make_cell_error(row, "指标", "", list_first_words(INDICATOR_WORDS))
    indicator = find_word_id(texts["indicator"], INDICATOR_WORDS)
    if not indicator:
        return None
    comparison = find_allowed_comparisons(indicator)[0]
    if texts["comparison"]:
        comparison = find_word_id(texts["comparison"], COMPARISON_WORDS)
        if comparison not in find_allowed_comparisons(indicator):
            raise table.make_cell_error(
                row,
                "关系",
                texts["comparison"],
                [COMPARISON_WORDS[one][0] for one in find_allowed_comparisons(indicator)],
            )
    unit = find_word_id(texts["unit"], UNIT_WORDS)
    if not unit:
        raise table.make_cell_error(row, "单位", texts["unit"], list_first_words(UNIT_WORDS))
    value = parse_printed_number(table, row, "数值", texts["value"])
    years = _YEAR_PATTERN.findall(texts["year"])
    if texts["year"] and len(years) != 1:
        raise table.make_cell_error(row, "年份", texts["year"], ("2035",))
    return IndicatorTarget(code, indicator, comparison, value, unit, int(years[0]) if years else 0, "", texts["source"])


def sum_counties(targets: ParentTargets, counties: Sequence[CountyBorders]) -> tuple[ParentSum, ...]:
    """Return the sum of the counties for each target of the parent.

    A county counts for the parents that its code is within, and one without a known code for the only parent. A
    county's targets are those of the table, else those of its profile. A county that was not read, that has no layer
    for the area, or of which the table has a target but the list no data, is missing in the sum; so is a county without
    a known code if there are several parents, and a parent without a county.
    """
    has_several_parents = len({one.area_code for one in targets.parent if one.area_code}) > 1
    sums = []
    for target in targets.parent:
        prefix = compute_division_prefix(target.area_code)
        listed = [
            one for one in targets.children if are_targets_alike(one, target) and one.area_code.startswith(prefix)
        ]
        children = [one for one in counties if not _get_code(one) or _get_code(one).startswith(prefix)]
        total = 0.0
        counted, missing, misses, unconfirmed = [], [], [], []
        target_values: list[float | None] = []
        for county in children:
            figure = county.figures.get(target.indicator)
            candidates = [
                *[one for one in listed if one.area_code == _get_code(county)],
                *[one for one in (figure.targets if figure is not None else ()) if are_targets_alike(one, target)],
            ]
            own_target = candidates[0] if candidates else None
            target_values.append(None if own_target is None else _convert(own_target.numeric_value, own_target, target))
            may_be_elsewhere = bool(prefix) and has_several_parents and not _get_code(county)
            if figure is None or figure.value_m2 is None or may_be_elsewhere:
                missing.append(county.name)
                continue
            counted.append(county.name)
            total += figure.value_m2
            if not figure.confirmed:
                unconfirmed.append(county.name)
            if own_target is not None and (miss := _find_miss(county.name, figure.value_m2, own_target, target)):
                misses.append(miss)
        codes = {_get_code(one) for one in children}
        unlisted = [one for one in listed if one.area_code not in codes]
        missing += [one.area_code for one in unlisted]
        target_values += [_convert(one.numeric_value, one, target) for one in unlisted]
        if not counted and not missing:
            missing.append(target.area_code)
        known_values = [one for one in target_values if one is not None]
        targets_sum = sum(known_values) if target_values and len(known_values) == len(target_values) else None
        sums.append(
            ParentSum(
                target,
                convert_area(total, target.unit),
                tuple(counted),
                tuple(missing),
                targets_sum,
                tuple(misses),
                tuple(unconfirmed),
            )
        )
    return tuple(sums)


def _get_code(county: CountyBorders) -> str:
    """Return the code of a county: that of its data, else the six digits that its name begins with; else empty."""
    first = county.name[:DIVISION_CODE_DIGITS]
    return county.area_code or (first if len(first) == DIVISION_CODE_DIGITS and first.isdecimal() else "")


def are_targets_alike(one: IndicatorTarget, target: IndicatorTarget) -> bool:
    """Return True if two targets are for the same indicator and, where both name one, the same year."""
    return one.indicator == target.indicator and (not one.year or not target.year or one.year == target.year)


def _convert(value: float, own_target: IndicatorTarget, target: IndicatorTarget) -> float:
    """Return a value in the unit of a county's target in the unit of the parent's target."""
    return value * convert_area(1.0, target.unit) / convert_area(1.0, own_target.unit)


def _find_miss(name: str, value_m2: float, own_target: IndicatorTarget, target: IndicatorTarget) -> ChildMiss | None:
    """Return that a county misses its target; None if it meets it."""
    value = convert_area(value_m2, own_target.unit)
    state = compare_area_with_target(
        value, own_target.comparison, own_target.numeric_value, own_target.printed_decimals
    )
    if state not in (TARGET_MISSED, MISSED_BY_ROUNDING):
        return None
    margin = require_value(
        compute_margin(value, own_target.comparison, own_target.numeric_value), "the margin of a county"
    )
    return ChildMiss(name, _convert(margin, own_target, target), state)
