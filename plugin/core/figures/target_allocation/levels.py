# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the targets of a plan with those of the plans and townships below it.

Sums of the parts are compared with totals, and limits with inherited limits. The plans below a profile are those whose
``base`` it is, shipped with the plugin or stored in its folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from ....paths import PROFILES_FOLDER
from ...base.errors import DataError
from ...base.files.data import read_toml
from ...model.indicator import SQUARE_METRES, compare_area_with_target, convert_area
from ...standard.profile import IndicatorTarget, Profile, RegisteredSite, compute_division_prefix, load_profile
from ...standard.profile.profile_figures import AllocatedTarget, AllocatedTargets
from ...standard.template import CodeList
from ..indicators.townships import Township

_TargetType = TypeVar("_TargetType", IndicatorTarget, AllocatedTarget)
#: The upper limit that may not be looser in a plan than in its base, and the settings that define the limited ratio: a
#: limit with other values of them is a limit of another ratio.
LIMIT_SETTING, DEFINING_SETTINGS = "ratio.limit", ("ratio.form", "ratio.classes")


@dataclass(frozen=True)
class PartsSum:
    """The sum of a target over the parts of an area (counties or townships), compared with the area's target.

    ``sum_value``: the sum in the target's unit; ``part_count``: number of parts with this target; ``missing_parts``:
    names of the parts without it. With missing parts only a sum above a ceiling is a result.
    """

    target: IndicatorTarget
    sum_value: float
    part_count: int
    missing_parts: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Return met, close or broken, as `compare_area_with_target` does.

        It is empty where missing parts prevent a result.
        """
        state = compare_area_with_target(
            self.sum_value, self.target.comparison, self.target.numeric_value, self.target.printed_decimals
        )
        return "" if self.missing_parts and (self.target.comparison != "<=" or state == "met") else state

    @property
    def unallocated(self) -> float:
        """Return the amount of a minimum or exact target that no listed part has; 0 if every part has a figure.

        An amount within half of the target's last digit is rounding and gives 0.
        """
        unallocated = self.target.numeric_value - self.sum_value
        counts = (
            self.missing_parts
            and self.target.comparison != "<="
            and unallocated > (0.5 * 10**-self.target.printed_decimals)
        )
        return unallocated if counts else 0.0


@dataclass(frozen=True)
class RatioSetting:
    """The limit of a ratio, or a setting that defines it, compared with that of a base.

    ``setting_key``: the setting; ``value`` and ``base_value``: its value in the profile and in the profile
    ``base_profile``, the base that sets the limit.
    """

    setting_key: str
    value: Any
    base_value: Any
    base_profile: Profile


def find_child_profiles(profile: Profile) -> tuple[list[Profile], list[str]]:
    """Return the profiles that name this profile as ``base``, and the names of unreadable files.

    Each id is returned once, by area code; the folder of the profile comes before the profiles of the plugin.
    Unreadable files are named because their base is unknown.
    """
    profile_by_id: dict[str, Profile] = {}
    unread: list[str] = []
    if profile.path is None:
        return [], []
    folders = dict.fromkeys([profile.path.parent.resolve(), PROFILES_FOLDER.resolve()])
    for path in [path for folder in folders for path in sorted(folder.glob("*.toml"))]:
        try:
            table = read_toml(path)
            base = table.get("base")
            if isinstance(base, str) and table.get("id") not in profile_by_id:
                sibling = path.parent / (base if base.endswith(".toml") else f"{base}.toml")
                base_path = sibling if sibling.exists() else PROFILES_FOLDER / f"{base}.toml"
                if base_path.resolve() == profile.path.resolve():
                    child = load_profile(path)
                    profile_by_id[child.id] = child
        except DataError:
            unread.append(path.name)
    return sorted(profile_by_id.values(), key=lambda child: child.area_code), unread


def compare_limits_with_bases(profile: Profile) -> list[RatioSetting]:
    """Return the limit of the ratio if a profile sets it, with the stricter of two limits that it should respect.

    The first is that of the nearest base that sets the limit. The second is that of the plugin's profile for the same
    area, whether or not it is a base.
    """
    if LIMIT_SETTING not in profile.own_settings:
        return []
    shipped = [one for other in find_shipped_alternatives(profile) for one in other.list_base_profiles()]
    sources = [
        next((p for p in chain if LIMIT_SETTING in p.own_settings), None)
        for chain in (profile.list_base_profiles()[1:], shipped)
    ]
    limits = [(float(one.own_settings[LIMIT_SETTING]), one) for one in sources if one is not None]
    if not limits:
        return []
    strictest_value, source = min(limits, key=itemgetter(0))
    return [RatioSetting(LIMIT_SETTING, float(profile.own_settings[LIMIT_SETTING]), strictest_value, source)]


def find_shipped_alternatives(profile: Profile) -> list[Profile]:
    """Return the plugin's profiles for the same area that are not bases of a profile.

    Raises DataError where one of them cannot be read.
    """
    if not profile.area_code or profile.is_shipped:
        return []
    base_paths = {one.path.resolve() for one in profile.list_base_profiles() if one.path is not None}
    others = [load_profile(path) for path in sorted(PROFILES_FOLDER.glob("*.toml")) if path.resolve() not in base_paths]
    return [other for other in others if other.area_code == profile.area_code]


def find_replaced_register_lines(profile: Profile) -> list[tuple[RegisteredSite, RegisteredSite, Profile]]:
    """Return rows of the heritage register that differ from the same row in a base of the profile.

    Each is returned with the base's row and the profile that has it. A profile of the plugin for the same area counts
    as a base.
    """
    get_identity = attrgetter("area_code", "kind", "level", "name")
    get_figures = attrgetter("count", "area", "core_area", "control_area", "unit")
    replaced_sites = []
    others = (*profile.list_base_profiles()[1:], *find_shipped_alternatives(profile))
    for own_site in profile.register:
        same = ((site, one) for one in others for site in one.register if get_identity(site) == get_identity(own_site))
        base_site, other = next(same, (own_site, profile))
        if get_figures(base_site) != get_figures(own_site):
            replaced_sites.append((own_site, base_site, other))
    return replaced_sites


TargetPair = tuple[IndicatorTarget, IndicatorTarget, Profile]


def compare_targets_with_bases(profile: Profile) -> tuple[list[TargetPair], list[TargetPair]]:
    """Return targets that are looser than the same target in a base of the profile, and others that differ from it.

    Each is returned with the base's target and the profile that has it. A profile of the plugin for the same area
    counts as a base.
    """
    get_identity = attrgetter("area_code", "indicator", "year")
    # Both targets are for the same area, indicator and year.
    pairs = [
        # The last profile in the chain that has the target sets it.
        ((own, base), [two for two in one.base.list_base_profiles() if base in two.targets][-1])
        for one in profile.list_base_profiles()
        if one.base is not None
        for base in one.base.targets
        for own in one.targets
        if get_identity(own) == get_identity(base) and own not in one.base.targets
    ]
    pairs += [
        ((own, base), other)
        for other in find_shipped_alternatives(profile)
        for base in other.targets
        for own in profile.targets
        if get_identity(own) == get_identity(base)
    ]
    parent_by_targets: dict[tuple[IndicatorTarget, IndicatorTarget], Profile] = {}
    for targets, parent in pairs:
        parent_by_targets.setdefault(targets, parent)
    loosened_targets, replaced_targets = [], []
    for (own, base), parent in parent_by_targets.items():
        own_value, base_value = (one.numeric_value * SQUARE_METRES.get(one.unit, 1.0) for one in (own, base))
        is_same = (own.comparison, own.must_be_met) == (base.comparison, base.must_be_met)
        if own.is_looser(base):
            loosened_targets.append((own, base, parent))
        elif not is_same or not math.isclose(own_value, base_value, rel_tol=1e-9):
            replaced_targets.append((own, base, parent))
    return loosened_targets, replaced_targets


def find_targets_of_other_years(profile: Profile) -> list[tuple[IndicatorTarget, Profile]]:
    """Return targets of the plugin's profile for the same area that the given profile has for other years only.

    Each is returned with the profile that has it.
    """
    years: dict[tuple[str, str], set[int]] = {}
    for one in profile.targets:
        years.setdefault((one.area_code, one.indicator), set()).add(one.year)
    return [
        (upper_target, other)
        for other in find_shipped_alternatives(profile)
        for upper_target in other.targets
        if upper_target.year not in years.get((upper_target.area_code, upper_target.indicator), {upper_target.year})
    ]


def find_changed_ratio_settings(profile: Profile, settings: dict[str, Any]) -> list[RatioSetting]:
    """Return settings that define the expansion ratio and differ from those of the base that sets its limit.

    ``settings``: the values of the standard, which apply by default. The order in lists has no effect.
    """
    base_profile = next((p for p in profile.list_base_profiles()[1:] if LIMIT_SETTING in p.own_settings), None)
    if base_profile is None:
        return []
    both = [
        (key, profile.own_settings[key], base_profile.settings.get(key, settings[key]))
        for key in DEFINING_SETTINGS
        if key in profile.own_settings
    ]
    return [
        RatioSetting(key, value, base_value, base_profile)
        for key, value, base_value in both
        if (sorted(value) != sorted(base_value) if isinstance(value, list) else value != base_value)
    ]


def compare_targets_with_children(
    parent: Profile, children: Iterable[Profile], divisions: CodeList | None
) -> list[PartsSum]:
    """Compare each target of a plan with the sum of the same target in the plans below it.

    Targets are the same by indicator, year and comparison (≥ or ≤). ``divisions``: list of all divisions, None if
    unknown. ``missing_parts`` of a result names the divisions without a profile: counties, or a city if all its
    counties lack one.
    """
    children = list(children)
    codes = divisions.entry_by_code if divisions is not None else {}
    counties = [
        one
        for one in codes.values()
        if parent.covers(one.code) and compute_division_prefix(one.code) == one.code != parent.area_code
    ]
    parts_sums: list[PartsSum] = []
    if not children and not counties:
        # A county allocates to townships, which have no profiles.
        return parts_sums
    for target in parent.targets:
        if target.area_code != parent.area_code or not target.must_be_met or target.comparison == "=":
            continue
        figures = {
            child.id: one
            for child in children
            for one in reversed(child.targets)
            if one.area_code == child.area_code
            and (one.indicator, one.year, one.comparison) == (target.indicator, target.year, target.comparison)
        }
        known = [c for c in children if c.id in figures]
        # Land counts once: a city covers its counties. Of two profiles for one area neither counts, because it is
        # unknown which one is valid.
        covering_children = [
            c for c in known if not any(other is not c and other.covers(c.area_code) for other in known)
        ]
        value = sum_printed_figures([figures[c.id] for c in covering_children], target.unit)
        # A city is named as a whole, or by its counties.
        missing_counties = [c for c in counties if not any(child.covers(c.code) for child in covering_children)]
        missing_codes = {c.code for c in missing_counties}
        partly_covered = {c.parent for c in counties if c.code not in missing_codes}
        division_names: dict[str, None] = {}
        for county in missing_counties:
            city = codes.get(county.parent)
            is_city_uncovered = (
                city is not None and city.code != parent.area_code and county.parent not in partly_covered
            )
            division_names[city.name if is_city_uncovered and city is not None else county.name] = None
        one = PartsSum(target, value, len(covering_children), tuple(division_names))
        # Without a list of the parts, only a sum that already exceeds a ceiling is a result.
        if counties or (target.comparison == "<=" and one.state != "met"):
            parts_sums.append(one)
    return parts_sums


def compare_targets_with_townships(
    allocated_targets: AllocatedTargets, targets: Sequence[IndicatorTarget], townships: Iterable[Township]
) -> list[PartsSum]:
    """Compare each target of a county with the sum of its township targets.

    ``townships``: all townships of the county.
    """
    parts_sums = []
    for target in targets:
        rows = [
            t
            for t in allocated_targets.targets
            if t.indicator == target.indicator and t.comparison == target.comparison
        ]
        if rows and target.comparison != "=":
            listed_names = {name for t in rows for name in (t.name, t.code) if name}
            parts_sums.append(
                PartsSum(
                    target,
                    sum_printed_figures(rows, target.unit),
                    len(rows),
                    tuple(township.name for township in townships if not {township.name, township.code} & listed_names),
                )
            )
    return parts_sums


def find_omitted_townships(allocated_targets: AllocatedTargets, townships: Iterable[Township]) -> list[str]:
    """Return names of townships on the map that a table of township targets does not list.

    A township listed without a figure has no target and is not omitted.
    """
    listed_names = allocated_targets.listed_townships or {
        one for allocated in allocated_targets.targets for one in (allocated.code, allocated.name)
    }
    return [township.name for township in townships if not {township.name, township.code} & listed_names]


def find_parts_exceeding_wholes(
    rows: Iterable[_TargetType], pairs: Iterable[tuple[str, str]]
) -> list[tuple[_TargetType, _TargetType]]:
    """Return (part, whole) targets of one area and year in which the part is larger than the whole.

    ``pairs``: indicators of a part and of its whole. Half of the last printed digits may differ. An upper limit of a
    part may be larger.
    """
    # Township targets have no year. Figures are in m², with half of the last printed digit.
    figures = [
        (
            one,
            (one.code, one.name) if isinstance(one, AllocatedTarget) else (one.area_code, one.year),
            one.numeric_value * SQUARE_METRES[one.unit],
            0.5 * 10.0**-one.printed_decimals * SQUARE_METRES[one.unit],
        )
        for one in rows
        if one.unit in SQUARE_METRES
    ]
    return [
        (part, whole)
        for part_name, whole_name in pairs
        for part, place, part_m2, part_rounding_m2 in figures
        if part.indicator == part_name and part.comparison != "<="
        for whole, whole_place, whole_m2, whole_rounding_m2 in figures
        if whole.indicator == whole_name and whole_place == place
        if part_m2 - whole_m2 > part_rounding_m2 + whole_rounding_m2
    ]


def find_wrong_totals(allocated_targets: AllocatedTargets) -> list[tuple[AllocatedTarget, float]]:
    """Return rows of totals (合计) that differ from the sum of the township targets.

    Each row is returned with that sum.
    """
    wrong_totals = []
    for total in allocated_targets.total_rows:
        value = sum_printed_figures(
            [t for t in allocated_targets.targets if t.indicator == total.indicator], total.unit
        )
        if compare_area_with_target(value, "=", total.numeric_value, total.printed_decimals) != "met":
            wrong_totals.append((total, value))
    return wrong_totals


def sum_printed_figures(rows: Iterable[IndicatorTarget | AllocatedTarget], unit: str) -> float:
    """Return the sum of printed figures in a unit.

    It is exact where they are printed in that unit.
    """
    rows = list(rows)
    same_unit_sum = sum((Decimal(row.value) for row in rows if row.unit == unit), Decimal(0))
    others = sum(row.numeric_value * SQUARE_METRES[row.unit] for row in rows if row.unit != unit)
    return float(same_unit_sum) + convert_area(others, unit) if others else float(same_unit_sum)
