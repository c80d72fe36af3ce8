# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that a user supplies, CSV or xlsx: township targets (乡镇任务表), and figures that the plan's text prints.

A table of targets has one of two forms. The long form has one row per figure, with the columns 乡镇代码
(optional), 乡镇名称, 指标, 关系 (optional), 数值, 单位 and 来源 (optional). The wide form has one row per township
and one column per figure, whose head names the unit: ``永久基本农田（万亩）``. English heads are accepted: code, name,
indicator, comparison, value, unit, source.
``resources/sample/township_tasks.csv`` is an example of the long form.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ..base.errors import InputError, require_value
from ..base.files.tables import FoundTable, FoundTableRow, SearchedColumn, read_sheets, read_table
from ..model.indicator import SQUARE_METRES
from ..standard.indicator_catalogue import find_allowed_comparisons
from ..standard.profile.profile_figures import AllocatedTarget, AllocatedTargets

TOWNSHIP_TARGET_COLUMNS = (
    SearchedColumn("code", ("乡镇代码", "行政区代码", "乡级行政区代码", "XZQDM", "code"), is_required=False),
    SearchedColumn("name", ("乡镇名称", "乡镇", "行政区名称", "乡级行政区名称", "XZQMC", "name")),
    SearchedColumn("indicator", ("指标", "指标名称", "indicator"), is_required=False),
    SearchedColumn("comparison", ("关系", "比较", "comparison"), is_required=False),
    SearchedColumn("value", ("数值", "任务数", "任务", "目标", "目标值", "value"), is_required=False),
    SearchedColumn("unit", ("单位", "unit"), is_required=False),
    SearchedColumn("source", ("来源", "依据", "文件", "source"), is_required=False),
)
#: Accepted names of a figure; messages on an unknown name list the first one.
INDICATOR_WORDS = {
    "cultivated_area": ("耕地保有量", "耕地", "耕地面积", "耕地保护目标"),
    "farmland_area": ("永久基本农田", "永久基本农田保护面积", "永久基本农田面积", "基本农田", "永久基本农田保护任务"),
    "red_line_area": ("生态保护红线", "生态保护红线面积", "生态红线"),
    "boundary_area": ("城镇开发边界", "城镇开发边界面积", "开发边界"),
}
UNIT_WORDS = {
    "wan_mu": ("万亩",),
    "mu": ("亩",),
    "ha": ("公顷", "hm2", "hm²"),
    "km2": ("平方千米", "平方公里", "km²"),
    "m2": ("平方米", "m²", "㎡"),
    "wan_km2": ("万平方千米", "万平方公里", "万km²"),
}
COMPARISON_WORDS = {
    ">=": ("≥", "不低于", "不少于", "不小于"),
    "<=": ("≤", "不超过", "不高于", "不大于", "不突破"),
    "=": ("＝", "等于"),
}
TOTAL_WORDS = ("合计", "总计", "全县", "小计", "全县合计", "total")
FIGURE_HEADING_PATTERN = re.compile(r"(.+?)\s*[（(]\s*(.+?)\s*[）)]")
_PRINTED_NUMBER_PATTERN = re.compile(r"\d+(\.\d+)?")
#: Number of digits of a township's code: six of the county and three.
_TOWNSHIP_DIGITS = 9
#: Accepted heads of a column, without spaces, in small letters. Errors name the first one.
COLUMN_HEADINGS = {
    "indicator": ("指标", "指标名称", "指标项", "名称", "indicator"),
    "value": ("数值", "指标值", "值", "规划值", "value"),
    "unit": ("单位", "计量单位", "unit"),
    "where": ("位置", "出处", "所在位置", "所在", "where", "place"),
}
_REQUIRED_COLUMNS = ("indicator", "value", "where")
#: Number of rows, below a title, in which the head is searched.
_MAX_HEADING_ROWS = 20
FIGURE_UNIT_WORDS = {
    "m2": ("m2", "m²", "㎡", "平方米"),
    "ha": ("ha", "hm2", "hm²", "公顷"),
    "km2": ("km2", "km²", "平方千米", "平方公里"),
    "wan_km2": ("万km2", "万km²", "万平方千米", "万平方公里"),
    "mu": ("亩", "mu"),
    "wan_mu": ("万亩",),
    "share": ("%", "％", "百分比"),
    "ratio": ("倍", "times"),
    "km_km2": ("km/km2", "km/km²", "公里/平方公里", "千米/平方千米"),
    "count": ("个", "处"),
    "jian": ("件",),
    "wan_person": ("万人",),
    "yi_m3": ("亿立方米", "亿m3", "亿m³"),
    "m2_person": ("平方米/人", "m2/人", "m²/人", "㎡/人"),
    "m2_wan_yuan": ("平方米/万元", "m2/万元", "m²/万元", "㎡/万元"),
    "m3_wan_yuan": ("立方米/万元", "m3/万元", "m³/万元"),
}
_COMPARISON_WORDS = {
    ">=": ("≥", ">=", "不低于", "不少于", "不小于", "大于等于"),
    "<=": ("≤", "<=", "不超过", "不高于", "不大于", "控制在", "小于等于"),
}
#: Commas or spaces may separate thousands; a unit or an unknown text may follow.
_NUMBER_AND_UNIT_PATTERN = re.compile(r"(-?(?:\d{1,3}(?:[, ]\d{3})+(?!\d)|\d+)(?:\.\d+)?)\s*(.*)")
#: A unit in brackets at the end of a head, or after 单位.
TABLE_UNIT_PATTERN = re.compile(r"(?:[（(]\s*(?:单位)?\s*[:：]?|单位\s*[:：])\s*([^（()）:：]+?)\s*[)）]?$")


def read_township_targets(path: str | Path) -> AllocatedTargets:
    """Read the table of township targets (乡镇任务表) in a file.

    An empty path gives an empty table. InputError names file, row, column and the accepted values.
    """
    if not str(path).strip():
        return AllocatedTargets()
    table = read_table(path, TOWNSHIP_TARGET_COLUMNS)
    long = any(row.text_by_column["indicator"] for row in table.rows)
    figures = {} if long else _find_figure_headings(table)
    allocated_targets: list[AllocatedTarget] = []
    totals: list[AllocatedTarget] = []
    for row in table.rows:
        (totals if _is_total(row) else allocated_targets).extend(_read_row_targets(table, row, figures))
    target_by_township: dict[tuple[str, str], AllocatedTarget] = {}
    # Rows without a code come last: their name identifies them, and a row with a code may have the same name.
    for allocated in sorted(allocated_targets, key=lambda t: not t.code):
        first = target_by_township.setdefault((allocated.code or allocated.name, allocated.indicator), allocated)
        if allocated.code and allocated.name:
            target_by_township.setdefault((allocated.name, allocated.indicator), allocated)
        if first is not allocated:
            raise InputError(
                "tasks_twice",
                file=table.file_and_sheet,
                line=allocated.line_number,
                name=allocated.name,
                first=first.line_number,
            )
    if not allocated_targets:
        raise InputError("tasks_none", file=table.file_and_sheet)
    listed_townships = {
        one for row in table.rows if not _is_total(row) for one in _read_code_and_name(table, row) if one
    }
    return AllocatedTargets(table.file_name, tuple(allocated_targets), tuple(totals), frozenset(listed_townships))


def _find_figure_headings(table: FoundTable) -> dict[str, tuple[str, str]]:
    """Return heading → indicator and unit, for headings that name both.

    Raises InputError if no heading names both, or if a heading names an indicator without a unit.
    """
    indicator_and_unit_by_heading = {}
    for head in table.other_headings:
        parts = FIGURE_HEADING_PATTERN.fullmatch(head)
        indicator, unit = (
            find_word_id(parts[1], INDICATOR_WORDS) if parts else "",
            find_word_id(parts[2], UNIT_WORDS) if parts else "",
        )
        if indicator and unit:
            indicator_and_unit_by_heading[head] = (indicator, unit)
        elif indicator or find_word_id(head, INDICATOR_WORDS):
            # If the column were ignored, no check would use its targets.
            raise InputError(
                "tasks_head_unit",
                file=table.file_and_sheet,
                line=table.heading_line,
                column=head,
                known="、".join(list_first_words(UNIT_WORDS)),
            )
    if not indicator_and_unit_by_heading:
        raise InputError(
            "tasks_no_figure",
            file=table.file_and_sheet,
            line=table.heading_line,
            known="、".join(list_first_words(INDICATOR_WORDS)),
        )
    return indicator_and_unit_by_heading


def _read_row_targets(
    table: FoundTable, row: FoundTableRow, figures: dict[str, tuple[str, str]]
) -> list[AllocatedTarget]:
    """Return the targets in one row; raise InputError for an invalid cell.

    ``figures``: heading → indicator and unit in the wide form, in which empty cells are skipped; empty in the long
    form, in which a row has one target.
    """
    code, name = _read_code_and_name(table, row)
    if figures:
        return [
            AllocatedTarget(
                code,
                name,
                indicator,
                find_allowed_comparisons(indicator)[0],
                parse_printed_number(table, row, head, row.other_cells[head]),
                unit,
                row.text_by_column["source"],
                row.line_number,
            )
            for head, (indicator, unit) in figures.items()
            if row.other_cells[head]
        ]
    indicator = _parse_keyword(table, row, "indicator", INDICATOR_WORDS)
    comparison = (
        _parse_keyword(table, row, "comparison", COMPARISON_WORDS)
        if row.text_by_column["comparison"]
        else find_allowed_comparisons(indicator)[0]
    )
    allowed_comparisons = find_allowed_comparisons(indicator)
    if comparison not in allowed_comparisons:
        raise table.make_cell_error(
            row, "关系", row.text_by_column["comparison"], [COMPARISON_WORDS[one][0] for one in allowed_comparisons]
        )
    value = parse_printed_number(table, row, "数值", row.text_by_column["value"])
    unit, source = _parse_keyword(table, row, "unit", UNIT_WORDS), row.text_by_column["source"]
    return [AllocatedTarget(code, name, indicator, comparison, value, unit, source, row.line_number)]


def _read_code_and_name(table: FoundTable, row: FoundTableRow) -> tuple[str, str]:
    """Return the township's code (nine digits or empty) and name; raise InputError without both."""
    # Layers write half-width digits.
    code, name = normalize("NFKC", row.text_by_column["code"]), row.text_by_column["name"]
    if code and not (code.isdigit() and len(code) >= _TOWNSHIP_DIGITS):
        raise table.make_cell_error(row, "乡镇代码", code, ("140225100",))
    if not (code or name):
        raise table.make_cell_error(row, "乡镇名称", "", ("永安镇",))
    return code[:_TOWNSHIP_DIGITS], name


def _is_total(row: FoundTableRow) -> bool:
    """Return True for a row of totals.

    Its name is 合计 or the like, or its code is the county's (six digits and 000).
    """
    name = re.sub(r"\s+", "", row.text_by_column["name"]).lower()
    code = normalize("NFKC", row.text_by_column["code"])
    return name.endswith(TOTAL_WORDS) or code[6:_TOWNSHIP_DIGITS] == "000"


def parse_printed_number(table: FoundTable, row: FoundTableRow, column: str, text: str) -> str:
    """Return a printed number without separators; raise InputError for another text."""
    plain_number = re.sub("[,\u202f ]", "", normalize("NFKC", text))
    if not _PRINTED_NUMBER_PATTERN.fullmatch(plain_number) or not math.isfinite(float(plain_number)):
        raise table.make_cell_error(row, column, text, ("3.21",))
    return plain_number


def _parse_keyword(table: FoundTable, row: FoundTableRow, column: str, words_by_id: dict[str, tuple[str, ...]]) -> str:
    """Return the id that a cell's word means, such as ``ha`` for 公顷; raise InputError for an unknown word."""
    text = row.text_by_column[column]
    meant = find_word_id(text, words_by_id)
    if not meant:
        head = next(c.possible_headings[0] for c in TOWNSHIP_TARGET_COLUMNS if c.name == column)
        raise table.make_cell_error(row, head, text, list_first_words(words_by_id))
    return meant


def find_word_id(text: str, words_by_id: dict[str, tuple[str, ...]]) -> str:
    """Return the id whose words include a text, else an empty text."""
    word = re.sub(r"\s+", "", text).lower()
    return next((one for one, accepted_words in words_by_id.items() if word == one or word in accepted_words), "")


def list_first_words(words_by_id: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the first accepted word of each id."""
    return [accepted_words[0] for accepted_words in words_by_id.values()]


@dataclass(frozen=True)
class PrintedFigure:
    """One figure as it is printed in the plan.

    ``value``: in ``unit`` with ``decimals`` as printed; None where ``printed_text`` is not a number. ``comparison``:
    ``>=`` or ``<=`` for a bound (不低于, ≥ …), ``=`` for a plain figure. ``unit``: as in ``FIGURE_UNIT_WORDS``; empty
    without a unit, None for an unknown unit (``unit_text``). ``printed_at``: where it is printed (文本第12条, 附表1,
    图03); ``line_number``: its line in the table.
    """

    name: str
    printed_text: str
    value: float | None
    decimals: int
    unit: str | None
    printed_at: str
    line_number: int
    comparison: str = "="
    unit_text: str = ""

    @property
    def rounding_half(self) -> float:
        """Half of the last printed digit, in the figure's unit."""
        return 0.5 * 10.0**-self.decimals

    @property
    def unit_m2(self) -> float:
        """Size of the figure's unit in m²; 1 for a unit other than of area."""
        return SQUARE_METRES.get(self.unit or "", 1.0)

    @property
    def comparable_value(self) -> float:
        """The value for comparison: an area in m², anything else as printed."""
        return require_value(self.value, f"the value of {self.name}") * self.unit_m2


def read_printed_figures(path: str | Path) -> tuple[PrintedFigure, ...]:
    """Read the printed figures of every sheet that has the needed headings.

    Columns are 指标, 数值, 单位, 位置; others are ignored. The unit may follow the value (538.87平方千米), or be in the
    heading (数值（公顷）) or above the table (单位：公顷). Raises InputError for a missing or unreadable file and for a
    file without headings.
    """
    path = Path(path)
    printed_figures: list[PrintedFigure] = []
    heads = 0
    for sheet in read_sheets(path):
        columns: dict[str, int] = {}
        # 单位：公顷 above the table or in the head of its values applies to figures without a unit.
        common_unit = ""
        for number, cells in sheet.cell_lines:
            if not columns:
                columns = _find_headings(cells) if number <= _MAX_HEADING_ROWS else {}
                heads += bool(columns)
                named = [cells[columns["value"]]] if columns else cells
                units = [match.group(1).strip() for cell in named for match in TABLE_UNIT_PATTERN.finditer(cell)]
                common_unit = next(filter(parse_unit, units), common_unit)
            elif any(cells):
                cell_by_column = {c: cells[n] if n < len(cells) else "" for c, n in columns.items()}
                if cell_by_column["indicator"] or cell_by_column["value"]:
                    one = parse_figure(**cell_by_column, row=number)
                    printed_figures.append(
                        parse_figure(**{**cell_by_column, "unit": common_unit}, row=number)
                        if not one.unit_text
                        else one
                    )
    if not heads:
        raise InputError(
            "figures_no_head", file=path.name, known="、".join(COLUMN_HEADINGS[c][0] for c in COLUMN_HEADINGS)
        )
    return tuple(printed_figures)


def parse_figure(indicator: str, value: str, unit: str = "", where: str = "", row: int = 0) -> PrintedFigure:
    """Parse the texts of one row as a printed figure.

    Bounds may be signs or words; separators and a unit after the number are accepted.
    """
    text = value.strip()
    # Accept digits, points and signs in full width.
    number_text, comparison_sign = normalize("NFKC", text), "="
    for sign, words in _COMPARISON_WORDS.items():
        if word := next(filter(number_text.startswith, words), ""):
            number_text, comparison_sign = number_text.removeprefix(word), sign
            break
    number = _NUMBER_AND_UNIT_PATTERN.fullmatch(number_text.strip())
    behind = number.group(2).removesuffix("以内").removesuffix("左右").strip() if number else ""
    unit_text = unit.strip() or behind
    if unit.strip() and behind and (parse_unit(behind) is None or parse_unit(behind) != parse_unit(unit)):
        # After a range, an exponent or a unit other than the column's, the number alone is not the printed value.
        # With an empty column, the text after the number is an unknown unit.
        number = None
    printed_number = re.sub(r"[, ]", "", number.group(1)) if number else ""
    if printed_number and not math.isfinite(float(printed_number)):
        number, printed_number = None, ""
    return PrintedFigure(
        indicator.strip(),
        text,
        float(printed_number) if number else None,
        len(printed_number.partition(".")[2]),
        parse_unit(unit_text),
        where.strip(),
        row,
        comparison_sign,
        unit_text,
    )


def parse_unit(text: str) -> str | None:
    """Return the id of a unit, as in ``FIGURE_UNIT_WORDS``; empty for an empty text, None for an unknown unit."""
    word = re.sub(r"\s+", "", text).lower()
    return (
        "" if not word else next((unit for unit, unit_words in FIGURE_UNIT_WORDS.items() if word in unit_words), None)
    )


def _find_headings(cells: list[str]) -> dict[str, int]:
    """Return column → position in a row of headings; empty if a required column is missing."""
    heading_words = [re.sub(r"[\s（(].*", "", c).lower() for c in cells]
    position_by_column = {
        c: heading_words.index(w)
        for c, column_headings in COLUMN_HEADINGS.items()
        for w in reversed(column_headings)
        if w in heading_words
    }
    return position_by_column if all(c in position_by_column for c in _REQUIRED_COLUMNS) else {}
