# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings and severities of a run with their sources; choices of the county form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache, partial
from typing import Annotated, Any

from ....paths import COUNTY_FORM
from ...base.files.data import EVERY_KEY, one_of, read_toml_record
from ...model.indicator import AREA_FIGURES, STATED_FIGURES
from .norm import Norm

#: Possible sources: the rule, a standard, a profile.
RULE_DEFAULT_ORIGIN, STANDARD_ORIGIN, PROFILE_ORIGIN = "rule", "standard", "profile"
#: Indicators that may have a county target; those allocated by the upper-level plan come first.
TARGET_INDICATOR_IDS = (*AREA_FIGURES, *STATED_FIGURES)


@dataclass(frozen=True)
class ValueOrigin:
    """The source of a value.

    ``kind``: one of `RULE_DEFAULT_ORIGIN`, `STANDARD_ORIGIN`, `PROFILE_ORIGIN`; ``id`` and ``name`` of that standard or
    profile; ``file``: its file; ``phase``: set if the value applies in that phase only.
    """

    kind: str
    id: str = ""
    name: str = ""
    file: str = ""
    phase: str = ""


@dataclass(frozen=True)
class ResolvedValue:
    """A setting or a parameter of a rule, with its source.

    ``key``: dotted, such as ``rules.LAW020.max_flexible_share``; ``mark``: A, B or C, empty for a rule default;
    ``confirmed``: not marked C, or confirmed by standard or county.
    """

    key: str
    value: Any
    origin: ValueOrigin
    mark: str
    confirmed: bool


@dataclass(frozen=True)
class ResolvedRule:
    """A rule with severity, source of the severity, and parameters.

    ``runs_by_default``: it runs by default; ``groups``: the rule groups that contain it.
    """

    code: str
    severity: str
    origin: ValueOrigin
    runs_by_default: bool
    groups: tuple[str, ...]
    parameters: tuple[ResolvedValue, ...]


@dataclass(frozen=True)
class ResolvedNorm:
    """All settings, severities and rules of a norm."""

    settings: tuple[ResolvedValue, ...]
    rules: tuple[ResolvedRule, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the norm as a dict for a report."""
        norm = asdict(self)
        # The published key of ``runs_by_default`` is ``runs``.
        norm["rules"] = [
            {"runs" if key == "runs_by_default" else key: value for key, value in rule.items()}
            for rule in norm["rules"]
        ]
        return norm


def resolve_norm(norm: Norm) -> ResolvedNorm:
    """Return all values of standard and profile: settings by key, rules by family."""
    keys = sorted({*norm.standard.settings, *norm.profile.settings})
    settings = tuple(_resolve_value(key, norm.get(key), norm) for key in keys if not key.startswith("rules."))
    rules = []
    for rule in norm.rules_by_code.values():
        parameters = norm.get_settings_section(f"rules.{rule.code}")
        # The order of `Norm.get_severity`.
        origin = find_origin(f"phase.{norm.phase}.severity.{rule.code}", norm, norm.phase)
        if origin.kind == RULE_DEFAULT_ORIGIN:
            origin = find_origin(f"severity.{rule.code}", norm)
        values = (
            _resolve_value(f"rules.{rule.code}.{one.name}", parameters.get(one.name, one.default), norm)
            for one in rule.parameters
        )
        groups = tuple(name for name, codes in norm.standard.rule_groups.items() if rule.code in codes)
        severity = str(norm.get_severity(rule))
        rules.append(ResolvedRule(rule.code, severity, origin, rule.code in norm.rules, groups, tuple(values)))
    return ResolvedNorm(settings, tuple(rules))


def _resolve_value(key: str, value: Any, norm: Norm) -> ResolvedValue:
    """Return a value with its source, mark and confirmation."""
    origin = find_origin(key, norm)
    # Each pair of a standard's matrix has a separate mark.
    pairs = norm.standard.conflicts if origin.kind == STANDARD_ORIGIN else ()
    mark_of_pair = next((pair.mark for pair in pairs if pair.setting_key == key), None)
    # A rule default has no source; its citations are the rule's.
    mark = "" if origin.kind == RULE_DEFAULT_ORIGIN else mark_of_pair or norm.get_source_mark(key)
    return ResolvedValue(key, value, origin, mark, mark in ("", "A", "B") or norm.is_confirmed(key))


def find_origin(key: str, norm: Norm, phase: str = "") -> ValueOrigin:
    """Return the source of a setting; ``phase``: the only phase in which the value applies.

    It is the nearest profile, else the standard or the first one it includes that sets it, else the rule's default.
    """
    for profile in norm.profile.list_base_profiles():
        if key in profile.own_settings:
            return ValueOrigin(PROFILE_ORIGIN, profile.id, profile.name, str(profile.path or ""), phase)
    for standard in norm.standard.list_with_included_standards():
        if key in standard.own_keys:
            standard_id = f"{standard.id} {standard.edition}"
            return ValueOrigin(STANDARD_ORIGIN, standard_id, standard.name, str(standard.folder), phase)
    return ValueOrigin(RULE_DEFAULT_ORIGIN)


@dataclass(frozen=True)
class CountyChoices:
    """The choices that the county form (县配置) offers.

    ``limits``, ``tolerances``: setting keys; ``deciding``: items that are confirmed one by one;
    ``ratio_classes``: urban-rural codes for each check box; ``units``: area units;
    ``target_defaults``: indicator → default unit, comparison and binding of a new target.
    """

    limits: tuple[str, ...]
    tolerances: tuple[str, ...]
    deciding: tuple[str, ...]
    ratio_classes: tuple[tuple[str, ...], ...]
    units: tuple[str, ...]
    target_defaults: dict[
        Annotated[str, one_of(*TARGET_INDICATOR_IDS), EVERY_KEY],
        dict[Annotated[str, one_of("unit", "comparison", "binding"), EVERY_KEY], str],
    ] = field(metadata={"key": "usual"})


@dataclass(frozen=True)
class InheritedValue:
    """A value that applies unless the county sets its own.

    ``origin``: name of the profile or standard that sets it, empty for a rule default; ``mark``: A, B or C.
    """

    key: str
    value: Any
    origin: str
    mark: str
    document: str = ""


#: Returns the choices of the form; raises DataError with file and key.
read_county_form_choices = cache(partial(read_toml_record, CountyChoices, COUNTY_FORM))


def get_inherited_value(key: str, norm: Norm) -> InheritedValue:
    """Return the inherited value of a setting with its source.

    ``norm``: the norm of the parent profile.
    """
    origin = find_origin(key, norm)
    return InheritedValue(
        key, norm.get(key), origin.name, norm.get_source_mark(key), norm.profile.mark_sources.get(key, "")
    )


def find_latest_target_year(norm: Norm) -> int | None:
    """Return the latest year of the parent profile's targets; None without targets."""
    return max((target.year for target in norm.profile.targets), default=None)
