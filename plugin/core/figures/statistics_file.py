# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a county's statistics (统计数据): yearly figures of indicators that no layer gives, from a table.

The table is in the folder of the county's profile, or the profile names it. A row that cannot be used is named with
its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ..base.errors import SanxianError
from ..base.files.tables import SearchedColumn, parse_year, read_table
from ..model.indicator import SQUARE_METRES, STATISTICS_BASIS, Indicator, are_convertible
from ..standard.indicator_catalogue import CatalogueIndicator, IndicatorCatalogue, load_catalogue
from ..standard.messages.texts import CauseMessage, IndicatorName, NameList, Texts
from ..standard.profile import Norm
from ..standard.profile.load import find_file_of_profile
from .supplied_tables import FIGURE_UNIT_WORDS, PrintedFigure, parse_figure, parse_unit

#: The setting with the name of the file.
STATISTICS_SETTING = "indicators.statistics"
_COLUMNS = (
    SearchedColumn("year", ("年份", "年度", "年", "year")),
    SearchedColumn("indicator", ("指标", "指标名称", "indicator")),
    SearchedColumn("value", ("值", "数值", "指标值", "value")),
    SearchedColumn("unit", ("单位", "计量单位", "unit")),
    SearchedColumn("source", ("来源", "数据来源", "source")),
    SearchedColumn("area_code", ("行政区代码", "县代码", "area_code"), is_required=False),
)
#: Text key and parameters of a notice.
Notice = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class StatisticsRow:
    """A row for an indicator: its ``value`` in the indicator's unit, or None and the ``problem`` of the row.

    ``printed``: value and unit as in the file.
    """

    year: int = 0
    line_number: int = 0
    value: float | None = None
    printed: str = ""
    source: str = ""
    problem: Notice | None = None


@dataclass(frozen=True)
class Statistics:
    """The statistics of a county up to a ``year``.

    ``rows_by_indicator``: id → rows, one for each year; ``problems``: rows that are not used; ``failure``: why the file
    could not be read.
    """

    path: Path
    year: int
    rows_by_indicator: dict[str, list[StatisticsRow]] = field(default_factory=dict)
    problems: tuple[Notice, ...] = ()
    failure: Notice | None = None

    def find_row(self, entry: CatalogueIndicator) -> StatisticsRow | None:
        """Return the row of the latest year that is not after the year asked for; None for an unlisted indicator.

        An unusable row of that year is not replaced by an earlier one; without such a year the row has the problem.
        """
        if self.failure is not None:
            return StatisticsRow(problem=self.failure)
        rows = sorted(self.rows_by_indicator.get(entry.id, ()), key=lambda row: row.year)
        in_time = [row for row in rows if row.year <= self.year]
        if in_time or not rows:
            return in_time[-1] if rows else None
        params = {"file": self.path.name, "name": IndicatorName(entry.id), "year": self.year}
        return StatisticsRow(
            problem=("statistics_no_year", {**params, "first": rows[0].year, "line": rows[0].line_number})
        )

    def make_indicator(self, entry: CatalogueIndicator, row: StatisticsRow) -> Indicator:
        """Return a usable row as a figure that states the file, its line and its source."""
        inputs = {
            "statistics_file": self.path.name,
            "statistics_line": row.line_number,
            "statistics_year": row.year,
            "statistics_value": row.printed,
            "statistics_source": row.source,
        }
        return Indicator(entry.id, row.value, entry.unit, STATISTICS_BASIS, inputs=inputs)

    def describe(self, texts: Texts) -> list[str]:
        """Return the notices on the file: that it is used, and each row that is not."""
        count = sum(row.problem is None for rows in self.rows_by_indicator.values() for row in rows)
        used = ("notice_statistics", {"file": self.path.name, "count": count, "year": self.year})
        return [texts.format_notice(*one) for one in ((self.failure,) if self.failure else (used, *self.problems))]


def load_statistics(norm: Norm, area_code: str, year: int | None = None) -> Statistics | None:
    """Return the statistics of an area up to a year, by default the current one; None if it has no file.

    A file that cannot be read is a failure of the result: other figures do not depend on it.
    """
    path = Path(str(norm.get(STATISTICS_SETTING)))
    year = date.today().year if year is None else year
    try:
        found = _find_file(norm, area_code)
        path = found or path
        return None if found is None else _read_statistics(found, area_code, year, load_catalogue(norm.standard))
    except SanxianError as error:
        return Statistics(path, year, failure=("statistics_unread", {"reason": CauseMessage(error)}))


def _find_file(norm: Norm, area_code: str) -> Path | None:
    """Return the file that a profile of the area names, else the one in its folder; not those of its province."""
    for profile in norm.profile.list_base_profiles():
        if profile.area_code == area_code and profile.path is not None:
            if STATISTICS_SETTING in profile.own_settings:
                return find_file_of_profile(replace(norm, profile=profile), STATISTICS_SETTING)
            path = profile.path.parent / str(norm.standard.settings[STATISTICS_SETTING])
            if path.is_file():
                return path
    return None


def _read_statistics(path: Path, area_code: str, year: int, catalogue: IndicatorCatalogue) -> Statistics:
    """Return the rows of a file, without those of other areas. Raise InputError if it is not such a table."""
    table = read_table(path, _COLUMNS)
    rows: dict[str, dict[int, StatisticsRow]] = {}
    problems: list[Notice] = []
    for found in table.rows:
        cells = found.text_by_column
        if cells["area_code"] not in ("", area_code):
            continue
        params = {"file": table.file_and_sheet, "line": found.line_number, "name": cells["indicator"]}
        row_year, entry = parse_year(normalize("NFKC", cells["year"])), catalogue.find_indicator(cells["indicator"])
        if row_year is None:
            problems.append(("statistics_year", {**params, "value": cells["year"]}))
        elif entry is None or not entry.missing:
            problems.append(("statistics_unknown" if entry is None else "statistics_measured", params))
        else:
            figure = parse_figure(cells["indicator"], cells["value"], cells["unit"], row=found.line_number)
            row = _make_row(row_year, figure, cells["source"], entry, catalogue, params)
            first = rows.setdefault(entry.id, {}).setdefault(row_year, row)
            if first is not row:
                twice = ("statistics_twice", {**params, "first": first.line_number, "year": row_year})
                row = rows[entry.id][row_year] = StatisticsRow(row_year, first.line_number, problem=twice)
            problems += [row.problem] if row.problem is not None else []
    return Statistics(path, year, {name: [*by_year.values()] for name, by_year in rows.items()}, tuple(problems))


def _make_row(
    year: int,
    figure: PrintedFigure,
    source: str,
    entry: CatalogueIndicator,
    catalogue: IndicatorCatalogue,
    params: dict[str, Any],
) -> StatisticsRow:
    """Return the row of a printed figure, in the indicator's unit; with a problem instead of a guess."""
    factor = find_unit_factor(figure.unit_text, entry.unit, catalogue)
    problem: Notice | None = None
    if figure.value is None or figure.comparison != "=" or figure.value < 0:
        problem = ("statistics_value", {**params, "value": figure.printed_text or "—"})
    elif factor is None:
        known = NameList(tuple(list_unit_words(entry.unit, catalogue)))
        problem = ("statistics_unit", {**params, "value": figure.unit_text or "—", "known": known})
    elif not source:
        problem = ("statistics_source", params)
    if problem is not None or figure.value is None or factor is None:
        return StatisticsRow(year, figure.line_number, problem=problem)
    printed = figure.printed_text.removesuffix(figure.unit_text).strip()
    return StatisticsRow(year, figure.line_number, figure.value * factor, f"{printed} {figure.unit_text}", source)


def find_unit_factor(text: str, unit: str, catalogue: IndicatorCatalogue) -> float | None:
    """Return the factor from a printed unit to ``unit``; None if the data know no plain factor."""
    word = re.sub(r"\s+", "", text).lower()
    printed_unit = parse_unit(text)
    if printed_unit and are_convertible(printed_unit, unit):
        return SQUARE_METRES.get(printed_unit, 1.0) / SQUARE_METRES.get(unit, 1.0)
    return catalogue.unit_factors.get(unit, {}).get(word)


def list_unit_words(unit: str, catalogue: IndicatorCatalogue) -> list[str]:
    """Return the printed units that can be converted to ``unit``."""
    areas = [words[0] for one, words in FIGURE_UNIT_WORDS.items() if are_convertible(one, unit)]
    return [*areas, *catalogue.unit_factors.get(unit, {})]
