# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of an evaluation (体检评估): editions, series of indicators, early warnings, and the result.

Editions come from a list that a user wrote, or from texts ``YEAR=SOURCE``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.connection_text import is_connection, mask_source, name_source
from ...base.errors import InputError
from ...base.files.tables import SearchedColumn, parse_year, read_table
from ...base.files.writing import is_same_file
from ...standard.messages.texts import NameList

if TYPE_CHECKING:
    from ...figures.indicators.compute import ComputedIndicator
    from ...standard.profile import Norm


#: Share of the check in the progress of a check with earlier editions.
CHECK_SHARE = 0.6
#: Section of the settings (mark C) and of the texts.
EVALUATION_SECTION = "evaluation"
#: A cell that was filled from Word may have a soft line break (\x0b), which no workbook or XML accepts.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_COLUMNS = (
    SearchedColumn("year", ("年份", "年度", "年", "year")),
    SearchedColumn("source", ("数据", "数据源", "路径", "成果", "source", "data", "path")),
    SearchedColumn("profile", ("县配置", "配置", "profile"), is_required=False),
    SearchedColumn("name", ("版本", "版次", "名称", "edition", "name"), is_required=False),
)


class Level(StrEnum):
    """The level of an indicator: 预警, 关注, 未能判定, 未见异常."""

    ALERT = "alert"
    WATCH = "watch"
    UNDETERMINED = "undetermined"
    NORMAL = "normal"


@dataclass(frozen=True)
class Edition:
    """An edition to evaluate: its ``year``, and its ``source``, a file, a folder or a database.

    ``profile``: id or path, empty for that of the run; ``name``: printed beside the year, may be empty.
    """

    year: int
    source: str
    profile: str = ""
    name: str = ""


@dataclass(frozen=True)
class EvaluationSettings:
    """Thresholds of early warnings (section ``evaluation`` of the standard, replaced by the profile).

    ``margin_share``: margin to the target, as a share of it; ``adverse_share``: change away from the target since the
    edition before, as a share of the earlier value; ``steep_share``: change in any direction; ``steep_points``: the
    same for percentages, in percentage points; ``trend_min_editions``: editions that a projection needs.
    """

    margin_share: float
    adverse_share: float
    steep_share: float
    steep_points: float
    trend_min_editions: float


@dataclass
class EditionFigures:
    """The indicators of an edition, without its layers; ``problem``: why it could not be read, else empty.

    ``label``: printed above its column; ``norm``: standard and profile as resolved for the plan; ``base_year``: of the
    base parcels from which the expansion ratio was computed, without a ratio that of the options; ``layers``: role →
    number of features; ``notices``: sentences on the data; ``input_files``: the files that were read.
    """

    edition: Edition
    label: str
    problem: str = ""
    norm: Norm | None = None
    area_code: str = ""
    area_name: str = ""
    crs: str = ""
    base_year: int | None = None
    layers: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    input_files: tuple[str, ...] = ()
    indicators: dict[str, ComputedIndicator] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        """Return True if the edition could be read."""
        return not self.problem

    def list_failed_indicators(self, lang: str) -> list[str]:
        """Return the names of the indicators of which an error prevented the figures."""
        return [one.definition.get_name(lang) for one in self.indicators.values() if one.has_failed]


@dataclass
class SeriesPoint:
    """The value of an indicator in one edition, None with the ``reason`` if it is unknown.

    ``basis``: net, survey or statutory area; ``layer``: code of the layer; ``definition``: method and inputs, equal for
    comparable values; ``confirmed``: False for an uncertain figure; ``backed``: the measured area confirms it;
    ``is_known``: none of its layers has unknown data; ``state``: compared with the target; ``statistics``: file, line,
    year and source of a figure from the county's statistics, empty for a measured one.
    """

    value: float | None = None
    reason: str = ""
    basis: str = ""
    layer: str = ""
    definition: tuple[Any, ...] = ()
    confirmed: bool = True
    backed: bool = True
    is_known: bool = True
    state: str = ""
    statistics: dict[str, Any] = field(default_factory=dict)

    @property
    def statistics_year(self) -> int:
        """Return the year of a figure from statistics; 0 for a measured one."""
        return int(self.statistics.get("statistics_year", 0))


@dataclass(frozen=True)
class Change:
    """The change of an indicator between two editions; ``value`` is None with the ``obstacle`` (a text key).

    ``share``: of the earlier value, None if that is zero, if the sign changes, and for percentages.
    """

    value: float | None = None
    share: float | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Target:
    """The target of an indicator; ``year`` is None for a limit of all years, ``must_be_met`` for 约束性."""

    comparison: str
    value: float
    decimals: int
    source: str
    year: int | None = None
    must_be_met: bool = True


@dataclass(frozen=True)
class EarlyWarning:
    """An early warning: ``key`` of its text with ``params``; ``setting``: key of the threshold, empty without."""

    level: Level
    key: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    setting: str = ""


@dataclass
class IndicatorSeries:
    """An indicator in all editions, in the order of the columns.

    ``points``: one for each edition, in ``unit``; ``changes``: to the edition before that was read, empty without one;
    ``change_to_first``: of the last edition to the first one that was read; ``decimals``: to print; ``comparison``:
    bound of the target or of the definition, empty for none; ``notes``: (text key, parameters);
    ``is_unconfirmed``: the level depends on a threshold that neither standard nor county confirmed. ``may_shrink``: as
    in the definition.
    """

    id: str
    name: str
    group: str
    unit: str
    comparison: str
    points: list[SeriesPoint]
    target: Target | None = None
    decimals: int = 2
    changes: list[Change] = field(default_factory=list)
    change_to_first: Change = field(default_factory=Change)
    level: Level = Level.UNDETERMINED
    warnings: list[EarlyWarning] = field(default_factory=list)
    is_unconfirmed: bool = False
    may_shrink: bool = True
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def has_values(self) -> bool:
        """Return True if any edition has a value."""
        return any(one.value is not None for one in self.points)


@dataclass
class Evaluation:
    """The result: editions by year, the series of their indicators, and notes on the editions.

    ``norm``: of the last edition that was read; its profile has targets and thresholds. ``first``: position of the
    first edition that was read. ``notes``: (text key, parameters) on years and on differences between editions.
    """

    editions: list[EditionFigures]
    series: list[IndicatorSeries]
    norm: Norm
    settings: EvaluationSettings
    lang: str
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Return the position of the first edition that was read."""
        return next(n for n, one in enumerate(self.editions) if one.is_read)

    @property
    def last(self) -> int:
        """Return the position of the last edition that was read."""
        return max(n for n, one in enumerate(self.editions) if one.is_read)

    def find_previous(self, place: int) -> int | None:
        """Return the position of the edition that was read before the one at ``place``; None without one."""
        return max((n for n in range(place) if self.editions[n].is_read), default=None)

    @property
    def area_name(self) -> str:
        """Return the name of the county, from the last edition."""
        return self.editions[self.last].area_name

    @property
    def is_complete(self) -> bool:
        """Return True if every edition was read and no indicator failed."""
        return all(one.is_read and not one.list_failed_indicators(self.lang) for one in self.editions)

    @property
    def shown_series(self) -> list[IndicatorSeries]:
        """Return the series with a value in some edition."""
        return [one for one in self.series if one.has_values]

    @property
    def input_files(self) -> list[str]:
        """Return the files that were read."""
        return [path for one in self.editions for path in one.input_files]

    def count(self, level: Level) -> int:
        """Return the number of indicators with values of a level."""
        return sum(one.level is level for one in self.shown_series)


def split_editions(text: str) -> list[str]:
    """Return the editions of a text: parts between line breaks and semicolons, also full-width ones.

    The path of an existing list is one part, also with a semicolon in its name.
    """
    parts = [text] if os.path.isfile(text.strip()) else re.split(r"[\n;；]", text)
    return [part.strip() for part in parts if part.strip()]


def read_editions(texts: Iterable[str], *, has_checked_plan: bool = False) -> list[Edition]:
    """Return the editions that texts give, in their order: ``YEAR=SOURCE``, or the path of a list (csv, xlsx).

    Paths in a list begin in its folder. ``has_checked_plan``: an edition without a source is the plan that a check
    reads. Raise InputError for a text without year or source, for an unusable row of a list with its line, and without
    any edition.
    """
    editions: list[Edition] = []
    for text in filter(None, (one.strip() for one in texts)):
        edition = _parse_edition(text, has_checked_plan=has_checked_plan)
        if edition is not None:
            editions.append(edition)
        elif (path := Path(text)).suffix.lower() in (".csv", ".txt", ".xlsx", ".xlsm"):
            table = read_table(path, _COLUMNS)
            for row in table.rows:
                cells = {name: _CONTROL_CHARACTERS.sub(" ", cell).strip() for name, cell in row.text_by_column.items()}
                year, source, profile = parse_year(cells["year"]), cells["source"], cells["profile"]
                if year is None:
                    raise table.make_cell_error(
                        row, _COLUMNS[0].possible_headings[0], cells["year"], ("2021", "2021年")
                    )
                if not source and not has_checked_plan:
                    raise table.make_cell_error(row, _COLUMNS[1].possible_headings[0], "")
                if source and not is_connection(source):
                    source = str(path.parent / source)
                if profile.lower().endswith(".toml"):
                    profile = str(path.parent / profile)
                editions.append(Edition(year, source, profile, cells["name"]))
        else:
            raise InputError("evaluation_edition", text=mask_source(text))
    if not editions:
        raise InputError("evaluation_no_editions")
    return editions


def _parse_edition(text: str, *, has_checked_plan: bool = False) -> Edition | None:
    """Return the edition of a text ``YEAR=SOURCE``; None for another text."""
    year_text, equals, source = text.replace("＝", "=", 1).partition("=")
    year = parse_year(year_text)
    is_complete = bool(equals and year is not None and (source.strip() or has_checked_plan))
    return Edition(year, source.strip()) if is_complete and year is not None else None


def list_files_of_editions(texts: Iterable[str], editions: Iterable[Edition]) -> list[str]:
    """Return the lists and sources that no output may replace; connections to databases are left out."""
    return [
        *(text for text in texts if _parse_edition(text, has_checked_plan=True) is None),
        *(one.source for one in editions if one.source and not is_connection(one.source)),
    ]


def sort_editions(editions: list[Edition]) -> tuple[list[Edition], list[tuple[str, dict[str, Any]]]]:
    """Return the editions by year, each once, with notes (text key, parameters) on repeated and missing years.

    An edition that repeats year and source of another one is left out. Editions of one year keep their order.
    """
    kept: list[Edition] = []
    notes: list[tuple[str, dict[str, Any]]] = []
    for one in editions:
        if any(one.year == other.year and is_same_source(one.source, other.source) for other in kept):
            notes.append(("repeated_edition", {"year": one.year, "source": name_source(one.source)}))
        else:
            kept.append(one)
    kept.sort(key=lambda one: one.year)
    notes += [
        (("repeated_year", {"year": year, "count": count}))
        for year, count in Counter(one.year for one in kept).items()
        if count > 1
    ]
    for n, one in enumerate(kept):
        for other in kept[:n]:
            if one.year != other.year and is_same_source(one.source, other.source):
                notes.append(
                    ("same_source", {"first": other.year, "second": one.year, "source": name_source(one.source)})
                )
    years = {one.year for one in kept}
    missing = [year for year in range(min(years), max(years)) if year not in years]
    if missing:
        notes.append(("missing_years", {"years": NameList(tuple(map(str, missing)))}))
    return kept, notes


def is_same_source(first: str, second: str) -> bool:
    """Return True if two sources are the same file, folder or connection."""
    return first == second if is_connection(first) or is_connection(second) else is_same_file(first, second)


def make_labels(editions: list[Edition], lang: str = "zh") -> list[str]:
    """Return the labels of the columns: the year, with the name of the edition or a number if the year repeats."""
    counts = Counter(one.year for one in editions)
    numbers: Counter[int] = Counter()
    labels = []
    for one in editions:
        numbers[one.year] += 1
        mark = one.name or (str(numbers[one.year]) if counts[one.year] > 1 else "")
        bracketed = f"（{mark}）" if lang == "zh" else f" ({mark})"
        labels.append(f"{one.year}{bracketed}" if mark else str(one.year))
    return labels
