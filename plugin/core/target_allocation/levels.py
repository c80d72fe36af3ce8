# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's figures against those of the plans below it: sums of totals, and limits.

The plans below a profile are those whose ``base`` it is, shipped with the plugin or lying in its folder.
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

#: What a limit of the ratio is a limit of: with another numerator or other classes below it is another ratio.
MEASURES = {"ratio.limit": ("ratio.form", "ratio.classes")}
#: A ratio that may not be looser below than above: setting → which side is tighter.
LIMITS = {"ratio.limit": "<="}


@dataclass(frozen=True)
class PartsSum:
    """What the parts of an area add up to, against the area's own target; ``value`` in the target's unit.

    ``missing_parts``: names of the parts that have no such figure; then only a sum that is too much already is an answer.
    """

    target: Target
    value: float
    parts: int
    missing_parts: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """met / close / broken as `compare_area_with_target` has it; empty where parts are lacking and nothing can be said."""
        state = compare_area_with_target(self.value, self.target.comparison, self.target.number, self.target.decimals)
        if self.missing_parts and (self.target.comparison != "<=" or state == "met"):
            return ""
        return state


@dataclass(frozen=True)
class ChangedMeasure:
    """How a profile measures what is limited, where the one above that sets the limit measures otherwise. ``key``: of the
    setting; ``value`` and ``above``: what each says."""

    key: str
    value: Any
    above: Any
    parent: Profile


@dataclass(frozen=True)
class InheritedLimit:
    """A limit of one profile against that of the one above it."""

    key: str
    value: float
    above: float
    parent: Profile

    @property
    def broken(self) -> bool:
        return self.value > self.above


def find_children(profile: Profile) -> tuple[list[Profile], list[str]]:
    """The profiles whose base this one is, in the order of their area codes, each id once: its own folder before ours.

    Beside them the names of files that cannot be read: whether they are such profiles, nobody knows.
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
    beside = path.parent / (base if base.endswith(".toml") else f"{base}.toml")
    found = beside if beside.exists() else PROFILES / f"{base}.toml"
    return found.resolve() == own.resolve()


def _shipped_chains(profile: Profile) -> list[Profile]:
    return [one for other in shipped_beside(profile) for one in other.chain()]


def find_limits(profile: Profile) -> list[InheritedLimit]:
    """The limits that a profile itself sets where one above it has set them too, each against the nearest above."""
    found = []
    for key in LIMITS:
        if key not in profile.own:
            continue
        above = next((p for p in (*profile.chain()[1:], *_shipped_chains(profile)) if key in p.own), None)
        if above is not None:
            found.append(InheritedLimit(key, float(profile.own[key]), float(above.own[key]), above))
    return found


def shipped_beside(profile: Profile) -> list[Profile]:
    """Return the profiles that come with the plugin for the same area and that this one does not stand on.

    Raises DataError where one of them cannot be read.
    """
    if not profile.area_code or profile.is_shipped:
        return []
    below = {one.path.resolve() for one in profile.chain() if one.path is not None}
    others = [load_profile(path) for path in sorted(PROFILES.glob("*.toml")) if path.resolve() not in below]
    return [other for other in others if other.area_code == profile.area_code]


def find_loosened_targets(profile: Profile) -> list[tuple[Target, Target, Profile]]:
    """Targets for which the profile, or one that it stands on, has a looser figure than a base's task for the same area,
    indicator and year; with that task and the base that has it. A profile of the plugin for the same area counts as one."""
    found: dict[tuple[Target, Target], Profile] = {}
    for one in profile.chain():
        if one.base is None:
            continue
        for above in one.base.targets:
            for own in one.targets:
                alike = (own.area_code, own.indicator, own.year) == (above.area_code, above.indicator, above.year)
                if alike and own not in one.base.targets and own.looser_than(above):
                    found.setdefault((own, above), _first_with(above, one.base))
    for other in shipped_beside(profile):
        for own, above in ((own, above) for above in other.targets for own in profile.targets):
            alike = (own.area_code, own.indicator, own.year) == (above.area_code, above.indicator, above.year)
            if alike and own.looser_than(above):
                found.setdefault((own, above), other)
    return [(own, above, parent) for (own, above), parent in found.items()]


def _first_with(target: Target, profile: Profile) -> Profile:
    """The lowest profile of a chain that has a target: whose file states it."""
    return [one for one in profile.chain() if target in one.targets][-1]


def find_measures(profile: Profile, settings: dict[str, Any]) -> list[ChangedMeasure]:
    """Where a profile itself measures a ratio otherwise than the nearest profile above that limits it.

    ``settings``: the standard's, which hold where nobody says anything else. Lists are alike in any order.
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
    """Each total of a plan against the sum of the same figure in the plans below it: same indicator, year and side.

    ``missing_parts`` names the divisions (counties of the list, whole cities by their own name) that no child answers for.
    """
    children = list(children)
    found: list[PartsSum] = []
    if not children and not _below(parent, divisions):
        # A county hands down to townships, which have no profiles.
        return found
    for target in parent.targets:
        if target.area_code != parent.area_code or not target.is_task or target.comparison == "=":
            continue
        said = {c.id: _same(c, target) for c in children}
        there = _once([c for c in children if said[c.id] is not None])
        value = _total([t for c in there if (t := said[c.id]) is not None], target.unit)
        one = PartsSum(target, value, len(there), _lacking(parent, there, divisions))
        # Where no list says what the area is made of, only a sum that is too much already is an answer.
        if _below(parent, divisions) or (target.comparison == "<=" and one.state != "met"):
            found.append(one)
    return found


def _once(children: list[Profile]) -> list[Profile]:
    """Without those that another one covers (a county beside its city): land counts once. Of two for one area nobody knows
    which is meant: then neither counts."""
    return [c for c in children if not any(other is not c and other.covers(c.area_code) for other in children)]


def _same(child: Profile, target: Target) -> Target | None:
    """The child's own figure of the same kind, for the same year."""
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
    """Each total of a county against the sum of its townships' tasks; ``towns``: the townships there are."""
    found = []
    for target in targets:
        rows = [t for t in tasks.of(target.indicator) if t.comparison == target.comparison]
        if rows and target.comparison != "=":
            named = {name for t in rows for name in (t.name, t.code) if name}
            lacking = tuple(town.name for town in towns if not {town.name, town.code} & named)
            found.append(PartsSum(target, _total(rows, target.unit), len(rows), lacking))
    return found


def find_omitted_townships(tasks: TownshipTasks, towns: Iterable[Township]) -> list[str]:
    """Names of townships of the map that a table does not list. One that it lists without a figure has no task."""
    named = tasks.named or {one for task in tasks.tasks for one in (task.code, task.name)}
    return [town.name for town in towns if not {town.name, town.code} & named]


def find_undivided_tasks(tasks: TownshipTasks, targets: Iterable[Target], indicators: Iterable[str]) -> list[Target]:
    """Tasks of a county of which its table has no township's part. ``indicators``: those that are handed down to townships."""
    listed = set(tasks.indicators)
    wanted = [target for target in targets if target.is_task and target.indicator in set(indicators) - listed]
    return list({target.indicator: target for target in wanted}.values())


def find_wrong_totals(tasks: TownshipTasks) -> list[tuple[TownshipTask, float]]:
    """Rows of a table that sum it up (合计) and do not: each with what its townships add up to, in its unit."""
    found = []
    for total in tasks.totals:
        value = _total(tasks.of(total.indicator), total.unit)
        if compare_area_with_target(value, "=", total.number, total.decimals) != "met":
            found.append((total, value))
    return found


def _total(rows: Iterable[Target | TownshipTask], unit: str) -> float:
    """The sum of figures as printed, in a unit; exact where they are printed in it."""
    rows = list(rows)
    same = sum((Decimal(row.value) for row in rows if row.unit == unit), Decimal(0))
    others = sum(row.number * SQUARE_METRES[row.unit] for row in rows if row.unit != unit)
    return float(same) + convert_area(others, unit) if others else float(same)


def _below(parent: Profile, divisions: CodeList | None) -> list[Code]:
    """The counties that an area is made of; none for a county."""
    codes = divisions.codes.values() if divisions is not None else ()
    return [c for c in codes if parent.covers(c.code) and division_prefix(c.code) == c.code != parent.area_code]


def _lacking(parent: Profile, children: Sequence[Profile], divisions: CodeList | None) -> tuple[str, ...]:
    """Names of the divisions below an area that no child covers: a city whole by its name, else its counties."""
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
