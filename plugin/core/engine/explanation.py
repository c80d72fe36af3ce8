# SPDX-License-Identifier: GPL-2.0-or-later
"""The parameters and settings that a rule uses, with their values and sources."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.rule import Rule, find_unit
from ..standard.bounds import DISABLED_PREFIX, list_undeclared_users
from ..standard.edition import Citation
from ..standard.messages.numbers import format_plain_number
from ..standard.messages.texts import Texts
from ..standard.profile import Norm

#: Possible sources of a value: the rule, the standard, a profile, the run.
RULE_DEFAULT_ORIGIN, STANDARD_ORIGIN, PROFILE_ORIGIN, CALL_ORIGIN = "rule", "standard", "profile", "call"
#: Members of a list that are shown.
_MAX_LISTED_MEMBERS = 8


@dataclass(frozen=True)
class EffectiveValue:
    """The value that a rule uses for one parameter or setting, with its source.

    ``name``: name of the parameter, or key of the setting (``tolerance.min_area_m2``). ``setting``: the setting as the
    rule declares it (``tolerance``), empty for a parameter. ``origin``: where the value was set: `RULE_DEFAULT_ORIGIN`,
    `STANDARD_ORIGIN`, `PROFILE_ORIGIN` or `CALL_ORIGIN` (by this run). ``who``: name of the profile for
    `PROFILE_ORIGIN`. ``mark``: A, B or C, how well the value is sourced. ``confirmed``: the mark is A or B, or the
    standard or the county confirmed the value.
    """

    name: str
    value: Any
    unit: str = ""
    origin: str = RULE_DEFAULT_ORIGIN
    who: str = ""
    setting: str = ""
    mark: str = ""
    confirmed: bool = True


def find_effective_values(rule: Rule, norm: Norm, run_values: Mapping[str, Any] | None = None) -> list[EffectiveValue]:
    """Return the values of all parameters of a rule, then of all settings that it declares.

    ``run_values``: values that this run sets, by parameter name or setting key.
    """
    run_values = run_values or {}
    effective_values = find_effective_parameters(rule, norm, run_values)
    own_keys = {f"rules.{rule.code}.{parameter.name}" for parameter in rule.parameters}
    all_keys = {**norm.standard.settings, **norm.profile.settings}
    for setting in rule.uses:
        for key in [key for key in all_keys if key == setting or key.startswith(f"{setting}.")]:
            if key in own_keys:
                continue
            value, origin, profile_name = _resolve_value(key, norm, run_values, key, None)
            mark, confirmed = norm.get_source_mark(key), norm.is_confirmed(key)
            effective_values.append(
                EffectiveValue(key, value, find_unit(key), origin, profile_name, setting, mark, confirmed)
            )
    return effective_values


def find_effective_parameters(
    rule: Rule, norm: Norm, run_values: Mapping[str, Any] | None = None
) -> list[EffectiveValue]:
    """Return the values of a rule's parameters, in the order of its signature.

    ``run_values``: values that this run sets, by parameter name.
    """
    run_values, effective_values = run_values or {}, []
    for parameter in rule.parameters:
        key = f"rules.{rule.code}.{parameter.name}"
        value, origin, profile_name = _resolve_value(key, norm, run_values, parameter.name, parameter.default)
        mark = norm.get_source_mark(key) if origin in (STANDARD_ORIGIN, PROFILE_ORIGIN) else ""
        confirmed = norm.is_confirmed(key)
        effective_values.append(
            EffectiveValue(parameter.name, value, parameter.unit, origin, profile_name, "", mark, confirmed or not mark)
        )
    return effective_values


def find_unconfirmed_settings(rule: Rule, norm: Norm) -> list[str]:
    """Return the names of settings that a rule uses, that are marked C and not confirmed.

    C means that no source confirms the value. The result has the settings that the rule declares, and its parameters
    where the standard or a profile sets them.
    """
    parameter_keys = (f"rules.{rule.code}.{parameter.name}" for parameter in rule.parameters)
    parameters = [
        norm.find_marked_item(key) for key in parameter_keys if norm.has_setting(key) and not norm.is_confirmed(key)
    ]
    return list(dict.fromkeys([*(setting for setting in rule.uses if not norm.is_confirmed(setting)), *parameters]))


def _find_possible_settings(rule: Rule, unconfirmed_norm: Norm) -> list[str]:
    """Return the settings of `find_unconfirmed_settings`, and those that a rule uses on some data only."""
    others = [setting for setting in rule.may_use if not unconfirmed_norm.is_confirmed(setting)]
    return [*find_unconfirmed_settings(rule, unconfirmed_norm), *others]


def find_disabling_settings(rule: Rule, norm: Norm) -> list[str]:
    """Return the settings by which the county switches off a comparison of a rule, confirmed or not.

    Each setting is named ``off.`` followed by its key; reports list this name among the doubts.
    """
    return [
        f"{DISABLED_PREFIX}{key}"
        for key in norm.disabling_keys
        if key.startswith(f"rules.{rule.code}.")
        or rule.code in list_undeclared_users(key)
        or any(name in (key, norm.find_marked_item(key)) or key.startswith(f"{name}.") for name in rule.uses)
    ]


def find_rules_by_confirmable_item(norm: Norm) -> dict[str, list[Rule]]:
    """Return setting → the rules that use it, for all settings marked C that a county must confirm.

    Settings that the county has already confirmed are included.
    """
    unconfirmed_norm = norm.drop_confirmations()
    rules_by_item: dict[str, list[Rule]] = {}
    for rule in norm.rules_by_code.values():
        for item in _find_possible_settings(rule, unconfirmed_norm):
            rules_by_item.setdefault(item, []).append(rule)
    return rules_by_item


def find_confirmable_items(norm: Norm) -> list[str]:
    """Return the names of settings and code lists marked C that a county must confirm.

    Until then no check gives the verdict 通过. Settings count if a rule that runs for a complete delivery uses them;
    code lists count if a field refers to them. Items that the county has already confirmed are included.
    """
    unconfirmed_norm = norm.drop_confirmations()
    rules = norm.rules_by_code
    # A scope that excludes rules (yearly changes) is not a complete delivery.
    complete_scopes = [name for name, scope in norm.standard.scopes.items() if not scope.excluded_rules]
    codes = dict.fromkeys(
        (
            *unconfirmed_norm.rules,
            *(code for name in complete_scopes for code in unconfirmed_norm.list_default_rules_of_scope(name)),
        )
    )
    items = [item for code in codes for item in _find_possible_settings(rules[code], unconfirmed_norm)]
    field_lists = (field.codes for template in norm.standard.templates.values() for field in template.fields)
    lists = dict.fromkeys(f"codes.{name}" for name in field_lists if name in norm.standard.code_lists)
    items += [name for name in lists if not unconfirmed_norm.is_confirmed(name)]
    return list(dict.fromkeys(items))


def _resolve_value(
    key: str, norm: Norm, run_values: Mapping[str, Any], name: str, default: Any
) -> tuple[Any, str, str]:
    """Return the value of a setting, its origin, and the name of the profile that sets it (empty without one).

    ``key``: key of the setting; ``name``: name of the parameter in ``run_values``; ``default``: the rule's default.
    Precedence: this run, profile, standard, default.
    """
    if name in run_values:
        return run_values[name], CALL_ORIGIN, ""
    if key in norm.profile.settings:
        # The nearest profile that sets the value. A profile built in memory has no own keys.
        setting_profile = next(
            (profile for profile in norm.profile.list_base_profiles() if key in profile.own_settings), norm.profile
        )
        return norm.profile.settings[key], PROFILE_ORIGIN, setting_profile.name or setting_profile.id
    if key in norm.standard.settings:
        return norm.standard.settings[key], STANDARD_ORIGIN, ""
    return default, RULE_DEFAULT_ORIGIN, ""


def describe_citation(citation: Citation, norm: Norm, texts: Texts) -> str:
    """Return the text of a citation; for a citation of mark C also whether standard or county accepted it.

    A rule with sources of mark C only may be an ERROR if one of them is accepted.
    """
    text = citation.zh if texts.lang == "zh" else citation.en
    if citation.mark != "C" or not norm.is_confirmed(citation.key):
        return text
    key = "agreed" if citation.key in norm.standard.confirmed else "agreed_by_county"
    return texts.get("explain", key, citation=text)


def format_effective_values(values: Iterable[EffectiveValue], texts: Texts, *, shows_keys: bool = True) -> list[str]:
    """Return one line for each value, in the language of ``texts``.

    The line has the name, the value with its unit, its source, and a remark if the value is marked C. ``shows_keys``:
    put the key after the name. If False, only where two values share a name.
    """
    labelled_values = [(_label_value(value, texts), value) for value in values]
    counts = Counter(label for label, _ in labelled_values)
    lines = []
    for label, one in labelled_values:
        source = texts.get("explain", f"origin_{one.origin}", who=one.who)
        if one.mark == "C":
            source = texts.get("explain", "confirmed" if one.confirmed else "unconfirmed", origin=source)
        name = f"{label} {one.name}".strip() if shows_keys or counts[label] > 1 or not label else label
        value = format_value(one.value, one.unit, texts)
        lines.append(texts.get("explain", "line", name=name, value=value, origin=source))
    return lines


def describe_where_to_change_values(
    values: Iterable[EffectiveValue], code: str, texts: Texts, *, lines_show_keys: bool = True
) -> str:
    """Return sentences that state where a county changes the values of a rule; empty without values.

    ``code``: code of the rule, which begins the keys of its parameters. ``lines_show_keys``: the lines printed for the
    values show their keys; if False, the sentences name the keys that are written into a file.
    """
    # Only help pages name places: a check does without the module.
    from ..standard.messages.setting_names import describe_where_to_change_settings

    labels = {
        value.name if value.setting else f"rules.{code}.{value.name}": _label_value(value, texts) for value in values
    }
    place_texts = texts.get_section("setting_place")
    if lines_show_keys:
        place_texts = {**place_texts, "file": place_texts["file_values"]}
    return describe_where_to_change_settings(labels, labels, place_texts, shows_keys=not lines_show_keys)


def _label_value(effective_value: EffectiveValue, texts: Texts) -> str:
    """Return the title of a parameter or setting; a key without a title has the title of its setting."""
    if effective_value.setting:
        own_title = texts.get_section("setting").get(effective_value.name)
        return own_title or texts.get_setting_name(effective_value.setting)
    return str(texts.get_section("parameters").get(effective_value.name, ""))


def replace_parameter_names_with_titles(text: str, rule: Rule, texts: Texts) -> str:
    """Return a rule's help text with the titles of its parameters in place of their names.

    A name in brackets that follows its title is left out.
    """
    titles = texts.get_section("parameters")
    for parameter in rule.parameters:
        title = titles.get(parameter.name)
        if title:
            name = rf"`?(?<![\w.]){re.escape(parameter.name)}(?![\w.]*=)(?!\w)`?"
            text = re.sub(rf"（{name}）| ?\({name}\)", "", text)
            # No space goes between a Chinese character and a quotation mark.
            with_spaces = rf"(?:(?<=[\u4e00-\u9fff]) )?{name}(?: (?=[\u4e00-\u9fff]))?"
            text = re.sub(with_spaces, texts.get("explain", "parameter", title=title), text)
    return text


def format_value(value: Any, unit: str, texts: Texts) -> str:
    """Return a value as text with its unit; a share also as percent.

    Lists show at most `_MAX_LISTED_MEMBERS` members.
    """
    if isinstance(value, bool):
        return texts.get("explain", "yes" if value else "no")
    if isinstance(value, int | float):
        if unit == "share":
            return f"{value:.10g} ({100 * value:.4g}%)"
        if unit == "degrees":
            return f"{value:.10g}°"
        signs = {"m2": "m²", "count": ""}
        # Years have no unit and no groups of digits.
        figure = format_plain_number(value) if unit else f"{value:.10g}"
        return f"{figure} {signs.get(unit, unit)}".strip()
    if isinstance(value, list | tuple):
        listed_values = texts.get("words", "between_names").join(map(str, value[:_MAX_LISTED_MEMBERS]))
        return f"{listed_values} …" if len(value) > _MAX_LISTED_MEMBERS else listed_values or "—"
    return str(value)
