# SPDX-License-Identifier: GPL-2.0-or-later
"""What a profile holds, typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...paths import PROFILES
from ..model.indicator import AREA_FIGURES, SQUARE_METRES
from .document import DocumentInfo


def decimals_of(value: str) -> int:
    """Decimals of a figure as printed."""
    return len(value.partition(".")[2])


@dataclass(frozen=True)
class OtherSource:
    """The same figure as another document has it, in the same unit; ``year`` 0 where it is the figure's own."""

    value: str
    source: str
    year: int = 0


@dataclass(frozen=True)
class Target:
    """One figure of a plan (指标目标). ``value`` as printed, so that its decimals are known.

    ``warn_below``: what is to be left (余量) in the target's unit without an early warning, as printed; empty: the share
    that the standard or the county set for all (``indicators.warning_share``).
    """

    area_code: str
    indicator: str
    comparison: str
    value: str
    unit: str
    year: int
    binding: str
    source: str
    also_said: tuple[OtherSource, ...] = ()
    warn_below: str = ""

    @property
    def number(self) -> float:
        return float(self.value)

    @property
    def decimals(self) -> int:
        return decimals_of(self.value)

    @property
    def is_task(self) -> bool:
        """约束性, or one of the areas handed down where the file does not say; a figure that a text only states is none."""
        return self.binding == BINDING or (not self.binding and self.indicator in AREA_FIGURES)

    def looser_than(self, above: Target) -> bool:
        """Return True if a plan may meet this figure and miss the task ``above`` for the same indicator and year."""
        if not above.is_task:
            return False
        if not self.is_task or self.comparison not in (above.comparison, "="):
            return True
        own, task = (Decimal(t.value) * Decimal(repr(_unit(t.unit))) for t in (self, above))
        # 亩 and 万亩 are no round numbers of square metres.
        near = abs(own - task) <= Decimal("1e-9") * abs(task)
        if near or above.comparison == "=":
            return not near
        return own < task if above.comparison == ">=" else own > task

    def warning_share(self, general: float) -> float:
        """The share of the target below which what is left is an early warning; ``general`` where it says nothing."""
        return float(self.warn_below) / self.number if self.warn_below and self.number else general


def _unit(unit: str) -> float:
    """Square metres in a unit; what is counted counts as it is."""
    return SQUARE_METRES.get(unit, 1.0)


BINDING = "约束性"
#: What a county confirms that declares layers absent (本县无).
ABSENT = "absent"


@dataclass(frozen=True)
class StatedFigure:
    """A figure of a plan that no layer gives (森林覆盖率 and the like): kept, listed and never computed.

    ``name`` and ``unit`` as printed; ``note`` what a reader should know (累计, 约).
    """

    area_code: str
    name: str
    comparison: str
    value: str
    unit: str
    year: int
    binding: str
    source: str
    note: str = ""
    also_said: tuple[OtherSource, ...] = ()

    @property
    def number(self) -> float:
        return float(self.value)


@dataclass(frozen=True)
class RegisteredSite:
    """A line of the plan's heritage register: how many of a kind and level there are, or one site by its name.

    ``term`` as printed (全国重点文物保护单位); ``kind`` a name of ``heritage_kind.csv``; ``level`` a name of
    ``heritage_level.csv``, empty where the text gives none. ``count`` is None for a site, which has a ``name`` and may have
    areas as printed, in ``unit``: the whole, its core (核心保护范围) and its control zone (建设控制地带).
    """

    area_code: str
    term: str
    kind: str
    level: str
    source: str
    count: int | None = None
    name: str = ""
    unit: str = ""
    area: str = ""
    core_area: str = ""
    control_area: str = ""


@dataclass(frozen=True)
class Profile:
    """What a province, city or county sets on top of a standard, with its bases merged below it.

    ``rules``: codes and groups that run beside the default ones; ``rules_off`` that do not run; ``severity`` code → severity, ``phases`` phase → the same
    for that phase only. ``targets``, ``stated`` and ``register`` keep the area code of who set them. ``members``: the areas
    of a profile that is no division of its own (a city cluster). ``own``: dotted key → value, what this profile's own file
    says, without its ``base``. ``mark_sources``: key of a mark → the document that it was read in. ``document_info``: its
    ``[document]`` over that of its bases.
    """

    id: str
    name: str
    area_code: str
    standard: str
    path: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    mark_sources: dict[str, str] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    confirmed: frozenset[str] = frozenset()
    confirmed_by: dict[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    rules_off: tuple[str, ...] = ()
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    stated: tuple[StatedFigure, ...] = ()
    register: tuple[RegisteredSite, ...] = ()
    members: tuple[str, ...] = ()
    base: Profile | None = None
    own: dict[str, Any] = field(default_factory=dict)
    document_info: DocumentInfo = field(default_factory=DocumentInfo)

    def covers(self, area_code: str) -> bool:
        """Is an area this profile's own or a part of it? A profile without an area covers all."""
        return any(area_code.startswith(division_prefix(code)) for code in self.members or (self.area_code,))

    @property
    def is_shipped(self) -> bool:
        """Return True for a profile that comes with the plugin, and for the empty one."""
        return self.path is None or self.path.resolve().parent == PROFILES.resolve()

    def chain(self) -> tuple[Profile, ...]:
        """This profile, its base, the base's base …"""
        return (self, *(self.base.chain() if self.base else ()))


def division_prefix(area_code: str) -> str:
    """The digits that all codes of an area begin with: 1407 of 140700, 14 of 140000."""
    while area_code.endswith("00"):
        area_code = area_code[:-2]
    return area_code
