# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of an evaluation (体检评估): editions, series of indicators, early warnings, and the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...figures.indicators.compute import ComputedIndicator
    from ...standard.profile import Norm

EVALUATION_SCHEMA = "sanxian-evaluation/1"
#: Share of the check in the progress of a check with earlier editions.
CHECK_SHARE = 0.6
#: Section of the settings (mark C) and of the texts.
EVALUATION_SECTION = "evaluation"


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

    @classmethod
    def from_norm(cls, norm: Norm) -> EvaluationSettings:
        """Return the settings of a norm."""
        return cls(**{name: float(norm.get(f"{EVALUATION_SECTION}.{name}")) for name in cls.__dataclass_fields__})


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
        return [one.definition.name(lang) for one in self.indicators.values() if one.has_failed]


@dataclass
class SeriesPoint:
    """The value of an indicator in one edition, None with the ``reason`` if it is unknown.

    ``basis``: net, survey or statutory area; ``layer``: code of the layer; ``definition``: method and inputs, equal for
    comparable values; ``confirmed``: False for an uncertain figure; ``backed``: the measured area confirms it;
    ``is_known``: none of its layers has unknown data; ``state``: compared with the target.
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
    ``is_unconfirmed``: the level depends on a threshold that neither standard nor county confirmed.
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
