# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a plan's figures with those of the plans below it: sums of totals, and limits.

The plans below a profile are those whose ``base`` it is, shipped with the plugin or stored in its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...paths import PROFILES
from ..errors import DataError
from ..files.data import read_toml
from ..indicators.townships import Township
from ..model.indicator import SQUARE_METRES, compare_area_with_target, convert_area
from ..profile import Profile, Target, division_prefix, load_profile
from ..profile.figures import TownshipTask, TownshipTasks
from ..standard.template import Code, CodeList

#: Settings that define the limited ratio: a limit with other values of them is a limit of another ratio.
MEASURES = {"ratio.limit": ("ratio.form", "ratio.classes")}
#: Ratios that may not be looser in a plan than in its base: setting → which side is tighter.
LIMITS = {"ratio.limit": "<="}


@dataclass(frozen=True)
class PartsSum:
    """The sum of the parts of an area with its target; ``value`` in the target's unit.

    ``missing_parts``: names of the parts without such a figure; then only a sum above a ceiling is a result.
    """

    target: Target
    value: float
    parts: int
    missing_parts: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """State by `compare_area_with_target`: met, close or broken.

        It is empty where missing parts prevent a result.
        """
        state = compare_area_with_target(self.value, self.target.comparison, self.target.number, self.target.decimals)
        if self.missing_parts and (self.target.comparison != "<=" or state == "met"):
            return ""
        return state


@dataclass(frozen=True)
class ChangedMeasure:
    """A profile's definition of a limited ratio that differs from the base that sets the limit.

    ``key``: the setting; ``value`` and ``above``: its value in the profile and in the base ``parent``.
    """

    key: str
    value: Any
    above: Any
    parent: Profile


@dataclass(frozen=True)
class InheritedLimit:
    """A limit of one profile compared with that of its base."""

    key: str
    value: float
    above: float
    parent: Profile

    @property
    def broken(self) -> bool:
        """True if the limit is looser than that of the base."""
        return self.value > self.above


def find_children(profile: Profile) -> tuple[list[Profile], list[str]]:
    """Return the profiles with this base by area code, each id once, and the unreadable files.

    The folder of the profile comes before the profiles of the plugin. The names of unreadable files are returned
    because their base is unknown.
    """
    found: dict[str, Profile] = {}
    unread: list[str] = []
    if profile.path is None:
        return [], []
    own = profile.path
    folders = dict.fromkeys([own.parent.resolve(), PROFILES.resolve()])
    for path in [path for folder in folders for path in sorted(folder.glob("*.toml"))]:
        try:
            table = read_toml(path)
            base = table.get("base")
            if isinstance(base, str) and _means(base, path, own) and table.get("id") not in found:
                child = load_profile(path)
                found[child.id] = child
        except DataError:
            unread.append(path.name)
    return sorted(found.values(), key=lambda child: child.area_code), unread


def _means(base: str, path: Path, own: Path) -> bool:
    """Return True if a file's ``base`` is the profile in the file ``own``."""
    sibling = path.parent / (base if base.endswith(".toml") else f"{base}.toml")
    found = sibling if sibling.exists() else PROFILES / f"{base}.toml"
    return found.resolve() == own.resolve()


def _shipped_chains(profile: Profile) -> list[Profile]:
    return [one for other in find_shipped_alternatives(profile) for one in other.chain()]


def find_limits(profile: Profile) -> list[InheritedLimit]:
    """Return the limits of a profile with those of the nearest base that sets them."""
    found = []
    for key in LIMITS:
        if key not in profile.own:
            continue
        above = next((p for p in (*profile.chain()[1:], *_shipped_chains(profile)) if key in p.own), None)
        if above is not None:
            found.append(InheritedLimit(key, float(profile.own[key]), float(above.own[key]), above))
    return found


def find_shipped_alternatives(profile: Profile) -> list[Profile]:
    """Return the profiles of the plugin for the same area that are not bases of this profile.

    Raises DataError where one of them cannot be read.
    """
    if not profile.area_code or profile.is_shipped:
        return []
    below = {one.path.resolve() for one in profile.chain() if one.path is not None}
    others = [load_profile(path) for path in sorted(PROFILES.glob("*.toml")) if path.resolve() not in below]
    return [other for other in others if other.area_code == profile.area_code]


def find_loosened_targets(profile: Profile) -> list[tuple[Target, Target, Profile]]:
    """Return targets of a profile or its bases that are looser than the task in a base.

    Targets are compared for the same area, indicator and year; each is returned with that task and the profile that
    has it. A profile of the plugin for the same area counts as a base.
    """
    found: dict[tuple[Target, Target], Profile] = {}
    for one in profile.chain():
        if one.base is None:
            continue
        for above in one.base.targets:
            for own in one.targets:
                alike = (own.area_code, own.indicator, own.year) == (above.area_code, above.indicator, above.year)
                if alike and own not in one.base.targets and own.looser_than(above):
                    found.setdefault((own, above), _first_with(above, one.base))
    for other in find_shipped_alternatives(profile):
        for own, above in ((own, above) for above in other.targets for own in profile.targets):
            alike = (own.area_code, own.indicator, own.year) == (above.area_code, above.indicator, above.year)
            if alike and own.looser_than(above):
                found.setdefault((own, above), other)
    return [(own, above, parent) for (own, above), parent in found.items()]


def _first_with(target: Target, profile: Profile) -> Profile:
    """Return the lowest profile of a chain that has a target, whose file states it."""
    return [one for one in profile.chain() if target in one.targets][-1]


def find_measures(profile: Profile, settings: dict[str, Any]) -> list[ChangedMeasure]:
    """Return definitions of a limited ratio that differ from the nearest base's.

    ``settings``: the values of the standard, which apply by default. The order in lists has no effect.
    """
    found = []
    for limit, keys in MEASURES.items():
        above = next((p for p in profile.chain()[1:] if limit in p.own), None)
        for key in keys:
            if above is None or key not in profile.own:
                continue
            value, there = profile.own[key], above.settings.get(key, settings[key])
            if (sorted(value) != sorted(there)) if isinstance(value, list) else (value != there):
                found.append(ChangedMeasure(key, value, there, above))
    return found


def sums_of_children(parent: Profile, children: Iterable[Profile], divisions: CodeList | None) -> list[PartsSum]:
    """Compare each total of a plan with the sum of the same figure below it.

    Figures are the same by indicator, year and side.

    ``missing_parts`` names the divisions (counties of the list; a city by its name if it is missing as a whole)
    without a profile.
    """
    children = list(children)
    found: list[PartsSum] = []
    if not children and not _below(parent, divisions):
        # A county allocates to townships, which have no profiles.
        return found
    for target in parent.targets:
        if target.area_code != parent.area_code or not target.is_task or target.comparison == "=":
            continue
        figures = {c.id: _same(c, target) for c in children}
        there = _once([c for c in children if figures[c.id] is not None])
        value = _total([t for c in there if (t := figures[c.id]) is not None], target.unit)
        one = PartsSum(target, value, len(there), _lacking(parent, there, divisions))
        # Without a list of the parts, only a sum that already exceeds a ceiling is a result.
        if _below(parent, divisions) or (target.comparison == "<=" and one.state != "met"):
            found.append(one)
    return found


def _once(children: list[Profile]) -> list[Profile]:
    """Return profiles without those that another one covers, such as a county in its city.

    Land counts once. Of two profiles for one area neither counts, because the valid one is unknown.
    """
    return [c for c in children if not any(other is not c and other.covers(c.area_code) for other in children)]


def _same(child: Profile, target: Target) -> Target | None:
    """Return the child's figure of the same kind for the same year."""
    return next(
        (
            t
            for t in child.targets
            if t.area_code == child.area_code
            and (t.indicator, t.year, t.comparison) == (target.indicator, target.year, target.comparison)
        ),
        None,
    )


def sums_of_townships(tasks: TownshipTasks, targets: Sequence[Target], towns: Iterable[Township]) -> list[PartsSum]:
    """Compare each total of a county with the sum of its townships' tasks.

    ``towns``: all townships.
    """
    found = []
    for target in targets:
        rows = [t for t in tasks.of(target.indicator) if t.comparison == target.comparison]
        if rows and target.comparison != "=":
            named = {name for t in rows for name in (t.name, t.code) if name}
            lacking = tuple(town.name for town in towns if not {town.name, town.code} & named)
            found.append(PartsSum(target, _total(rows, target.unit), len(rows), lacking))
    return found


def find_omitted_townships(tasks: TownshipTasks, towns: Iterable[Township]) -> list[str]:
    """Return names of townships of the map that a table does not list.

    A township listed without a figure has no task.
    """
    named = tasks.named or {one for task in tasks.tasks for one in (task.code, task.name)}
    return [town.name for town in towns if not {town.name, town.code} & named]


def find_undivided_tasks(tasks: TownshipTasks, targets: Iterable[Target], indicators: Iterable[str]) -> list[Target]:
    """Return tasks of a county for which its table has no row of any township.

    ``indicators``: those that are allocated to townships.
    """
    listed = set(tasks.indicators)
    undivided = [target for target in targets if target.is_task and target.indicator in set(indicators) - listed]
    return list({target.indicator: target for target in undivided}.values())


def find_wrong_totals(tasks: TownshipTasks) -> list[tuple[TownshipTask, float]]:
    """Return rows of totals (合计) that differ from the sum of the townships.

    Each row is returned with that sum.
    """
    found = []
    for total in tasks.totals:
        value = _total(tasks.of(total.indicator), total.unit)
        if compare_area_with_target(value, "=", total.number, total.decimals) != "met":
            found.append((total, value))
    return found


def _total(rows: Iterable[Target | TownshipTask], unit: str) -> float:
    """Return the sum of printed figures in a unit.

    Exact where they are printed in that unit.
    """
    rows = list(rows)
    same = sum((Decimal(row.value) for row in rows if row.unit == unit), Decimal(0))
    others = sum(row.number * SQUARE_METRES[row.unit] for row in rows if row.unit != unit)
    return float(same) + convert_area(others, unit) if others else float(same)


def _below(parent: Profile, divisions: CodeList | None) -> list[Code]:
    """Return the counties of an area; empty for a county."""
    codes = divisions.codes.values() if divisions is not None else ()
    return [c for c in codes if parent.covers(c.code) and division_prefix(c.code) == c.code != parent.area_code]


def _lacking(parent: Profile, children: Sequence[Profile], divisions: CodeList | None) -> tuple[str, ...]:
    """Return names of the divisions below an area that have no profile.

    A city is named as a whole, or by its counties.
    """
    codes: dict[str, Any] = divisions.codes if divisions is not None else {}
    counties = _below(parent, divisions)
    missing = [c for c in counties if not any(child.covers(c.code) for child in children)]
    lacking = {c.code for c in missing}
    partly_covered = {c.parent for c in counties if c.code not in lacking}
    names: dict[str, None] = {}
    for county in missing:
        city = codes.get(county.parent)
        whole = city is not None and city.code != parent.area_code and county.parent not in partly_covered
        names[city.name if whole and city is not None else county.name] = None
    return tuple(names)
