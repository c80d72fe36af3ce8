# SPDX-License-Identifier: GPL-2.0-or-later
"""The parameters and settings that a rule uses, with their values and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..messages.texts import Texts
from ..model.rule import Rule, all_rules, unit_of
from ..profile import Norm

#: Possible sources of a value: the rule, the standard, a profile, the run.
RULE, STANDARD, PROFILE, CALL = "rule", "standard", "profile", "call"
#: Members of a list that are shown.
_SHOWN = 8


@dataclass(frozen=True)
class EffectiveValue:
    """A parameter or setting of a rule with its value in force.

    ``name``: name of a parameter, or key of a setting (``tolerance.min_area_m2``), which then belongs to ``setting``
    as the rule declares it; ``origin``: one of `RULE`, `STANDARD`, `PROFILE`, `CALL`, with the profile's name in
    ``who``; ``mark``: mark of the setting's source; ``confirmed``: standard or county confirmed the value.
    """

    name: str
    value: Any
    unit: str = ""
    origin: str = RULE
    who: str = ""
    setting: str = ""
    mark: str = ""
    confirmed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the value as a dict for the report."""
        return asdict(self)


def find_effective_values(rule: Rule, norm: Norm, call: Mapping[str, Any] | None = None) -> list[EffectiveValue]:
    """Return the parameters of a rule, then the settings that it declares to use.

    ``call``: values that this run sets: parameters by name, settings by key.
    """
    call = call or {}
    found = find_effective_parameters(rule, norm, call)
    for setting in rule.uses:
        if setting == f"rules.{rule.code}":
            continue
        for key in _keys(setting, norm):
            value, origin, who = _set(key, norm, call, key, None)
            mark, sure = norm.mark(key), norm.is_confirmed(key)
            found.append(EffectiveValue(key, value, unit_of(key), origin, who, setting, mark, sure))
    return found


def find_effective_parameters(rule: Rule, norm: Norm, call: Mapping[str, Any] | None = None) -> list[EffectiveValue]:
    """Return the parameters of a rule, in its order.

    ``call``: values that this run sets.
    """
    call = call or {}
    found = []
    for parameter in rule.parameters:
        key = f"rules.{rule.code}.{parameter.name}"
        value, origin, who = _set(key, norm, call, parameter.name, parameter.default)
        mark = norm.mark(key) if origin in (STANDARD, PROFILE) else ""
        sure = norm.is_confirmed(key)
        found.append(EffectiveValue(parameter.name, value, parameter.unit, origin, who, "", mark, sure or not mark))
    return found


def unconfirmed_settings(rule: Rule, norm: Norm) -> list[str]:
    """Return the settings of a rule that are marked C and unconfirmed.

    Neither standard nor county confirmed them. They are the settings that the rule declares, and its own parameters
    where standard or profile set them.
    """
    own = (f"rules.{rule.code}.{parameter.name}" for parameter in rule.parameters)
    parameters = [norm.marked(key) for key in own if norm.sets(key) and not norm.is_confirmed(key)]
    return list(dict.fromkeys([*(u for u in rule.uses if not norm.is_confirmed(u)), *parameters]))


def find_confirmable_items(norm: Norm) -> list[str]:
    """Return the settings and code lists marked C that a county must confirm.

    Without the confirmation no check passes (通过). They belong to rules that run for any complete delivery scope, or
    to code lists that fields of the standard refer to. Items that the county has already confirmed are included.
    """
    unconfirmed = replace(norm, profile=replace(norm.profile, confirmed=frozenset()))
    rules = all_rules()
    # A scope that excludes rules (yearly changes) is not a complete delivery.
    whole = [name for name, scope in norm.standard.scopes.items() if not scope.without]
    codes = dict.fromkeys((*unconfirmed.rules, *(code for name in whole for code in unconfirmed.rules_in(name))))
    items = [item for code in codes for item in unconfirmed_settings(rules[code], unconfirmed)]
    used = (field.codes for template in norm.standard.templates.values() for field in template.fields)
    lists = dict.fromkeys(f"codes.{name}" for name in used if name in norm.standard.code_lists)
    items += [name for name in lists if not unconfirmed.is_confirmed(name)]
    return list(dict.fromkeys(items))


def _set(key: str, norm: Norm, call: Mapping[str, Any], name: str, default: Any) -> tuple[Any, str, str]:
    if name in call:
        return call[name], CALL, ""
    if key in norm.profile.settings:
        # The nearest profile that sets the value; a profile built in memory has no file to read.
        by = next((p for p in norm.profile.chain() if key in p.own), norm.profile)
        return norm.profile.settings[key], PROFILE, by.name or by.id
    if key in norm.standard.settings:
        return norm.standard.settings[key], STANDARD, ""
    return default, RULE, ""


def _keys(setting: str, norm: Norm) -> Iterable[str]:
    """Yield the setting keys below a name: ``tolerance`` means its four keys."""
    keys = {**norm.standard.settings, **norm.profile.settings}
    return [key for key in keys if key == setting or key.startswith(f"{setting}.")]


def format_effective_values(given: Iterable[EffectiveValue], texts: Texts) -> list[str]:
    """Return one line for each value.

    The line has name, value with unit, source, and the mark if unconfirmed.
    """
    return [_line(one, texts) for one in given]


def _line(one: EffectiveValue, texts: Texts) -> str:
    if one.setting:
        label = texts.setting(one.setting)
    else:
        label = texts.section("parameters").get(one.name, "")
    source = texts.get("explain", f"origin_{one.origin}", who=one.who)
    if one.mark == "C":
        source = texts.get("explain", "confirmed" if one.confirmed else "unconfirmed", origin=source)
    name = f"{label} {one.name}".strip()
    return texts.get("explain", "line", name=name, value=format_value(one.value, one.unit, texts), origin=source)


def format_value(value: Any, unit: str, texts: Texts) -> str:
    """Return a value as text with its unit."""
    if isinstance(value, bool):
        return texts.get("explain", "yes" if value else "no")
    if isinstance(value, int | float):
        if unit == "share":
            return f"{value:.10g} ({100 * value:.4g}%)"
        if unit == "degrees":
            return f"{value:.10g}°"
        signs = {"m2": "m²", "count": ""}
        return f"{value:.10g} {signs.get(unit, unit)}".strip()
    if isinstance(value, list | tuple):
        shown = texts.get("words", "between_names").join(map(str, value[:_SHOWN]))
        return f"{shown} …" if len(value) > _SHOWN else shown or "—"
    return str(value)
