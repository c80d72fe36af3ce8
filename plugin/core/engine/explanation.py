# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rule went by: every parameter and setting with the value in force, and who set it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..messages.texts import Texts
from ..model.rule import Rule, all_rules, unit_of
from ..profile import Norm

#: Who may have set a value: the rule itself, the standard, a profile, the run.
RULE, STANDARD, PROFILE, CALL = "rule", "standard", "profile", "call"
#: Members of a list that are told.
_TOLD = 8


@dataclass(frozen=True)
class EffectiveValue:
    """``name``: of a parameter, or the key of a setting (``tolerance.min_area_m2``), which then belongs to ``setting`` as the
    rule declares it; ``origin``: one of `RULE`, `STANDARD`, `PROFILE`, `CALL`, with the name of the profile in ``who``;
    ``mark`` of a setting's source, and whether standard or county ``confirmed`` it."""

    name: str
    value: Any
    unit: str = ""
    origin: str = RULE
    who: str = ""
    setting: str = ""
    mark: str = ""
    confirmed: bool = True

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def find_effective_values(rule: Rule, norm: Norm, call: Mapping[str, Any] | None = None) -> list[EffectiveValue]:
    """The parameters of a rule, then the settings that it declares to use.

    ``call``: what this run sets: parameters by name, settings by key.
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
    """The parameters of a rule, in its order. ``call``: what this run sets."""
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
    """Return the settings of a rule that are marked C and confirmed by neither standard nor county: settings that it declares, and
    its own parameters where standard or profile set them."""
    own = (f"rules.{rule.code}.{parameter.name}" for parameter in rule.parameters)
    parameters = [norm.marked(key) for key in own if norm.sets(key) and not norm.is_confirmed(key)]
    return list(dict.fromkeys([*(u for u in rule.uses if not norm.is_confirmed(u)), *parameters]))


def find_confirmable_items(norm: Norm) -> list[str]:
    """Return the settings and code lists marked C that a county must confirm before a check can pass (通过).

    They belong to rules that run for any complete delivery scope, or to code lists that fields of the standard refer to. Items
    that the county has already confirmed are included.
    """
    bare = replace(norm, profile=replace(norm.profile, confirmed=frozenset()))
    rules = all_rules()
    # A scope that excludes rules (yearly changes) is not a complete delivery.
    whole = [name for name, scope in norm.standard.scopes.items() if not scope.without]
    codes = dict.fromkeys((*bare.rules, *(code for name in whole for code in bare.rules_in(name))))
    items = [item for code in codes for item in unconfirmed_settings(rules[code], bare)]
    used = (field.codes for template in norm.standard.templates.values() for field in template.fields)
    lists = dict.fromkeys(f"codes.{name}" for name in used if name in norm.standard.code_lists)
    items += [name for name in lists if not bare.is_confirmed(name)]
    return list(dict.fromkeys(items))


def _set(key: str, norm: Norm, call: Mapping[str, Any], name: str, default: Any) -> tuple[Any, str, str]:
    if name in call:
        return call[name], CALL, ""
    if key in norm.profile.settings:
        # The nearest profile that says it itself; one that was made by hand has no file to ask.
        by = next((p for p in norm.profile.chain() if key in p.own), norm.profile)
        return norm.profile.settings[key], PROFILE, by.name or by.id
    if key in norm.standard.settings:
        return norm.standard.settings[key], STANDARD, ""
    return default, RULE, ""


def _keys(setting: str, norm: Norm) -> Iterable[str]:
    """Keys of the settings below a name: ``tolerance`` stands for its four."""
    keys = {**norm.standard.settings, **norm.profile.settings}
    return [key for key in keys if key == setting or key.startswith(f"{setting}.")]


def format_effective_values(given: Iterable[EffectiveValue], texts: Texts) -> list[str]:
    """One line each: what it is called, its value with unit, who set it, and its mark where it is not sure."""
    return [_line(one, texts) for one in given]


def _line(one: EffectiveValue, texts: Texts) -> str:
    if one.setting:
        label = texts.setting(one.setting)
    else:
        label = texts.section("parameters").get(one.name, "")
    said = texts.get("explain", f"origin_{one.origin}", who=one.who)
    if one.mark == "C":
        said = texts.get("explain", "confirmed" if one.confirmed else "unconfirmed", origin=said)
    name = f"{label} {one.name}".strip()
    return texts.get("explain", "line", name=name, value=format_value(one.value, one.unit, texts), origin=said)


def format_value(value: Any, unit: str, texts: Texts) -> str:
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
        told = texts.get("words", "between_names").join(map(str, value[:_TOLD]))
        return f"{told} …" if len(value) > _TOLD else told or "—"
    return str(value)
