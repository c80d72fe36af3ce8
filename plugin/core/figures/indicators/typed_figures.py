# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures printed in the plan's text, tables and maps, listed by the planner.

The list is an xlsx or a CSV.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ...base.errors import InputError
from ...base.files.tables import read_sheets
from ...base.invariants import require_value
from ...model.indicator import SQUARE_METRES
from ...model.side_inputs import SideInputs

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
UNIT_WORDS = {
    "m2": ("m2", "m²", "㎡", "平方米"),
    "ha": ("ha", "hm2", "hm²", "公顷"),
    "km2": ("km2", "km²", "平方千米", "平方公里"),
    "wan_km2": ("万km2", "万km²", "万平方千米", "万平方公里"),
    "mu": ("亩", "mu"),
    "wan_mu": ("万亩",),
    "share": ("%", "％", "百分比"),
    "ratio": ("倍", "times"),
    "km_km2": ("km/km2", "km/km²", "公里/平方公里", "千米/平方千米"),
    "count": ("个", "处", "件"),
}
_COMPARISON_WORDS = {
    ">=": ("≥", ">=", "不低于", "不少于", "不小于", "大于等于"),
    "<=": ("≤", "<=", "不超过", "不高于", "不大于", "控制在", "小于等于"),
}
#: Commas or spaces may separate thousands; a unit or an unknown text may follow.
_NUMBER_AND_UNIT_PATTERN = re.compile(r"(-?(?:\d{1,3}(?:[, ]\d{3})+(?!\d)|\d+)(?:\.\d+)?)\s*(.*)")
#: A unit in brackets at the end of a head, or after 单位.
_TABLE_UNIT_PATTERN = re.compile(r"(?:[（(]\s*(?:单位)?\s*[:：]?|单位\s*[:：])\s*([^（()）:：]+?)\s*[)）]?$")


@dataclass(frozen=True)
class PrintedFigure:
    """One figure as it is printed in the plan.

    ``value``: in ``unit`` with ``decimals`` as printed; None where ``printed_text`` is not a number. ``comparison``:
    ``>=`` or ``<=`` for a bound (不低于, ≥ …), ``=`` for a plain figure. ``unit``: as in ``UNIT_WORDS``; empty without
    a unit, None for an unknown unit (``unit_text``). ``printed_at``: where it is printed (文本第12条, 附表1, 图03);
    ``line_number``: its line in the table.
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


def get_printed_figures(side_inputs: SideInputs) -> tuple[PrintedFigure, ...]:
    """Return the printed figures given for the check; empty without a table."""
    return side_inputs.get_input("figures", tuple) or ()


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
                common_unit = _find_common_unit([cells[columns["value"]]] if columns else cells) or common_unit
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
    comparison_sign, number_text = _split_comparison(normalize("NFKC", text))
    number = _NUMBER_AND_UNIT_PATTERN.fullmatch(number_text.strip())
    behind = number.group(2).removesuffix("以内").removesuffix("左右").strip() if number else ""
    unit_text = unit.strip() or behind
    if unit.strip() and behind and (_parse_unit(behind) is None or _parse_unit(behind) != _parse_unit(unit)):
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
        _parse_unit(unit_text),
        where.strip(),
        row,
        comparison_sign,
        unit_text,
    )


def _split_comparison(text: str) -> tuple[str, str]:
    """Return the comparison (``>=``, ``<=`` or ``=``) that a text begins with, and the rest of the text."""
    for comparison_sign, comparison_words in _COMPARISON_WORDS.items():
        for word in comparison_words:
            if text.startswith(word):
                return comparison_sign, text[len(word) :]
    return "=", text


def _parse_unit(text: str) -> str | None:
    """Return the id of a unit, as in ``UNIT_WORDS``; empty for an empty text, None for an unknown unit."""
    word = re.sub(r"\s+", "", text).lower()
    return "" if not word else next((unit for unit, unit_words in UNIT_WORDS.items() if word in unit_words), None)


def _find_common_unit(cells: list[str]) -> str:
    """Return the unit for a whole table, as written; empty without one.

    A heading (数值（公顷）) or a line above (单位：公顷) names it.
    """
    units = [m.group(1) for c in cells for m in _TABLE_UNIT_PATTERN.finditer(c)]
    return next((text.strip() for text in units if _parse_unit(text)), "")


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
