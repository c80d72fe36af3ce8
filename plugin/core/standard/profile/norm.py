# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard and a profile resolved together; sealed layers (封库图层)."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, cast

from ...base.errors import DataError, InputError
from ...geometry.tolerance import Tolerance
from ...model.rule import RULES_OF_DATA, Rule, Severity, load_all_rules
from .. import EVERY_RULE, FEATURE_CODES_SECTION, Standard
from ..bounds import ends_comparison, find_shipped_counterparts, list_custom_standards
from ..declared_operators import DeclaredCheck
from ..edition import Citation
from ..load import find_shipped_base_standards
from ..template import CodeEntry, Template, TemplateField
from .profile_data import IndicatorTarget, Profile

#: Name of the group of the checks that standard and profile declare as data.
DECLARED_GROUP = "declared"
#: Beginnings of setting keys of which a smaller value is stricter, and of which a larger value is.
_STRICTER_IF_SMALLER, _STRICTER_IF_LARGER = ("ratio.limit", "tolerance.", "waivers."), ("indicators.warning_share",)
#: Concepts and layer codes; a setting of the standard that a profile may replace.
SEALED_ROLES_SETTING = "sealed.roles"


def _is_as_strict(key: str, value: Any, shipped_value: Any) -> bool:
    """Return True if a value of a setting equals the shipped value or is stricter.

    True for a setting without a shipped value.
    """
    if shipped_value is None or value == shipped_value:
        return True
    are_numbers = all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in (value, shipped_value)
    )
    is_ceiling = key.startswith(_STRICTER_IF_SMALLER) or (
        key.startswith("rules.") and key.rsplit(".", 1)[-1].startswith("allowance")
    )
    return are_numbers and (
        (is_ceiling and value <= shipped_value) or (key.startswith(_STRICTER_IF_LARGER) and value >= shipped_value)
    )


@dataclass(frozen=True)
class Norm:
    """A standard with a profile on top: the settings that a run uses.

    ``phase``: an id of `PLANNING_PHASES`, or empty.
    """

    standard: Standard
    profile: Profile
    phase: str = ""

    def __post_init__(self) -> None:
        # Messages on findings are made from their codes alone.
        RULES_OF_DATA.update(self.declared_rules)
        prefix = f"{FEATURE_CODES_SECTION}."
        codes = {k.removeprefix(prefix): v for k, v in self.profile.settings.items() if k.startswith(prefix)}
        if codes := {role: code for role, code in codes.items() if role in self.standard.templates}:
            object.__setattr__(self, "standard", self.standard.replace_feature_codes(codes))

    @property
    def declared_checks(self) -> tuple[DeclaredCheck, ...]:
        """Return the checks that standard and profile declare as data, those of the standard first."""
        return (*self.standard.checks, *self.profile.checks)

    @cached_property
    def declared_rules(self) -> dict[str, Rule]:
        """Return the rules made of the declared checks, by code."""
        if not self.declared_checks:
            return {}
        from .declared_rules import make_declared_rule

        return {check.code: make_declared_rule(check, self.standard) for check in self.declared_checks}

    @property
    def rules_by_code(self) -> Mapping[str, Rule]:
        """Return all rules that a check with this norm may run, by code: those of the plugin, then declared ones.

        A rule of the plugin is imported when it is read.
        """
        return ChainMap(self.declared_rules, cast("dict[str, Rule]", load_all_rules()))

    @cached_property
    def citations(self) -> dict[str, Citation]:
        """Return the citations of the standard, and the sources of the declared checks, by key."""
        return {
            **self.standard.citations,
            **{one.code: Citation(one.code, one.mark, one.source, one.source) for one in self.declared_checks},
        }

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the codes of the rules that run by default.

        They are the expected rules without those that the profile switched off.
        """
        return self.list_default_rules_of_scope("")

    def list_default_rules_of_scope(self, scope: str) -> tuple[str, ...]:
        """Return the codes of rules that run by default for a scope (kind of delivery), empty for none."""
        switched_off = set(self.expand_groups(self.profile.rules_off))
        return tuple(code for code in self._list_rules_of_scope(scope) if code not in switched_off)

    def list_expected_rules_of_scope(self, scope: str) -> tuple[str, ...]:
        """Return the codes of the rules expected for a scope (kind of delivery).

        They are those of the standard and of the shipped standards that it is based on. A custom standard may add
        rules; a rule that it leaves out is reported as missing.
        """
        no_rules = replace(self.profile, rules=())
        shipped_rule_codes = (
            replace(self, standard=shipped_standard, profile=no_rules)._list_rules_of_scope(scope)
            for shipped_standard in find_shipped_base_standards(self.standard)
        )
        return tuple(
            dict.fromkeys(
                (*self._list_rules_of_scope(scope), *(code for codes in shipped_rule_codes for code in codes))
            )
        )

    def _list_rules_of_scope(self, scope: str) -> tuple[str, ...]:
        """Return the codes of the expected rules, with the scope's additional rules and without its excluded ones."""
        scope_data = self.standard.scopes.get(scope)
        if scope_data is None:
            return self.expected_rules
        excluded = set(self.expand_groups(scope_data.excluded_rules))
        codes = dict.fromkeys((*self.expected_rules, *self.expand_groups(scope_data.additional_rules)))
        return tuple(code for code in codes if code not in excluded)

    @property
    def expected_rules(self) -> tuple[str, ...]:
        """Return the codes of the standard's rules and of those that the profile adds.

        A check without one of them is incomplete.
        """
        declared = (check.code for check in self.declared_checks)
        return tuple(dict.fromkeys((*self.standard.rules, *self.expand_groups(self.profile.rules), *declared)))

    def expand_groups(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return rule codes, with the name of each group replaced by its rules.

        ``quality`` is a group for example; ``all`` means every rule, ``declared`` the checks that standard and profile
        declare as data; raise InputError if they declare none.
        """
        names = tuple(name.strip() for name in names)
        if DECLARED_GROUP in names and not self.declared_checks:
            raise InputError("no_declared_checks", profile=self.profile.name or self.standard.name)
        groups = {**self.standard.rule_groups, DECLARED_GROUP: tuple(check.code for check in self.declared_checks)}
        return tuple(
            code
            for name in names
            for code in (
                (*load_all_rules(), *groups[DECLARED_GROUP]) if name == EVERY_RULE else groups.get(name, (name,))
            )
        )

    def get(self, key: str) -> Any:
        """Return a setting. Raise DataError with the standard for an unknown key."""
        for settings in (self.profile.settings, self.standard.settings):
            if key in settings:
                return settings[key]
        raise DataError("data_key_missing", file=str(self.standard.folder / "standard.toml"), key=key)

    def get_accepted_codes_of_field(self, template: Template, field: TemplateField) -> dict[str, CodeEntry]:
        """Return the entries of a field's code list that a layer accepts, by code.

        Codes of other layers are not among them (setting `attributes.layer_codes`: layer, field, and the codes that
        the layer accepts with those below them). The field has a code list.
        """
        code_list = self.standard.code_lists[field.codes]
        role = template.base or template.role
        lines = (line.split() for line in self.get("attributes.layer_codes"))
        accepted_heads = [
            head for layer, name, *heads in lines if (layer, name) == (role, field.name) for head in heads
        ]
        if not accepted_heads:
            return code_list.entry_by_code
        accepted_codes = code_list.collect_members(accepted_heads)
        return {code: entry for code, entry in code_list.entry_by_code.items() if code in accepted_codes}

    def has_setting(self, key: str) -> bool:
        """Return True if the standard or the profile sets the key."""
        return key in self.profile.settings or key in self.standard.settings

    def get_source_mark(self, item: str) -> str:
        """Return the mark (A, B or C: how well sourced) of an item.

        Items are settings, headings of settings, code lists (``codes.<id>``) and citations. C if nothing else is
        known.
        """
        if item in self.profile.marks:
            return self.profile.marks[item]
        if item in self.profile.settings:
            # A custom value is as reliable as its own source, whatever the mark of the value that it replaces.
            return "C"
        marked_item = self.find_marked_item(item)
        if marked_item in self.standard.marks:
            return self.standard.marks[marked_item]
        code_list = self.standard.code_lists.get(item.removeprefix("codes.")) if item.startswith("codes.") else None
        source = code_list or self.citations.get(item)
        return source.mark if source else "C"

    def find_marked_item(self, key: str) -> str:
        """Return the item under ``[marks]`` from which a setting has its mark.

        It is the setting itself, else the nearest heading above it, else an item of the same section that names a part
        of it (``zones.codes``, ``heritage.words``). Without such an item it is the setting itself.
        """
        if key in self.profile.marks:
            return key
        key_parts = key.split(".")
        for length in range(len(key_parts), 0, -1):
            heading = ".".join(key_parts[:length])
            if heading in self.standard.marks:
                return heading
        settings = self.standard.settings
        if key_parts[0] != "rules" and key in settings:
            for item in self.standard.marks:
                section, _, word = item.partition(".")
                if section != key_parts[0] or not word or item in settings:
                    continue
                if not any(one.startswith(f"{item}.") for one in settings):
                    return item
        return key

    def is_confirmed(self, item: str) -> bool:
        """Return True if an item is not marked C, or if standard or county confirmed it.

        The confirmation names the item, or the setting from which the item inherits its mark; ``all`` confirms
        the values that the standard sets. A custom value that is less strict than the shipped one must be
        confirmed by its name, or have a source next to its mark.
        """
        confirmed = self._confirmed_items
        if {item, self.find_marked_item(item)} & confirmed:
            return True
        # An item that gives settings their mark includes them.
        if any(
            key == item or key.startswith(f"{item}.") or self.find_marked_item(key) == item
            for key in self._loosened_keys
        ):
            return self.get_source_mark(item) != "C" and bool(self.profile.mark_sources.get(item))
        return self.get_source_mark(item) != "C" or "all" in confirmed

    @cached_property
    def _confirmed_items(self) -> frozenset[str]:
        """Return the items that standard and county confirmed, without those that have another value since then."""
        changed = {item for item, value in self.profile.confirmed_values.items() if self.find_value(item) != value}
        return self.standard.confirmed | ((self.profile.confirmed | {*self.profile.confirmed_singly}) - changed)

    def drop_confirmations(self) -> Norm:
        """Return the norm as if the county had confirmed nothing."""
        return replace(self, profile=replace(self.profile, confirmed=frozenset(), confirmed_singly={}))

    def find_value(self, item: str) -> Any:
        """Return the value of a setting, or of all settings of a heading as a dict; None for another item.

        A parameter that neither standard nor profile sets has the default of its rule.
        """
        if self.has_setting(item):
            return self.get(item)
        section, code = self.get_settings_section(item), item.removeprefix("rules.").split(".")[0]
        if item.startswith("rules.") and code in self.rules_by_code:
            defaults = {one.name: one.default for one in self.rules_by_code[code].parameters}
            section = {**defaults, **self.get_settings_section(f"rules.{code}")}
            if item.count(".") > 1:
                return section.get(item.rpartition(".")[2])
        return section or None

    @cached_property
    def _loosened_keys(self) -> frozenset[str]:
        """Return the keys whose values a custom profile or standard made less strict.

        The shipped standards are the reference. Cached, because every rule reads the keys after every edit and a norm
        never changes.
        """
        return frozenset(key for key, *values in self._list_custom_values() if not _is_as_strict(key, *values))

    @cached_property
    def disabling_keys(self) -> tuple[str, ...]:
        """Return the keys of settings by which a custom profile or standard ends a comparison.

        Confirmed settings are included. The shipped standards are the reference.
        """
        return tuple(key for key, *values in self._list_custom_values() if ends_comparison(key, *values))

    def _list_custom_values(self) -> list[tuple[str, Any, Any]]:
        """Return key, value and shipped value of each setting that a custom profile or standard sets."""
        custom_keys = {
            *(key for one in self.profile.list_base_profiles() if not one.is_shipped for key in one.own_settings),
            *(key for one in list_custom_standards(self.standard) for key in one.own_keys),
        }
        shipped_values = {
            key: value
            for source in reversed(find_shipped_counterparts(self.standard))
            for key, value in source.settings.items()
        }
        return [(key, self.get(key), shipped_values.get(key)) for key in sorted(custom_keys) if self.has_setting(key)]

    def keep_confirmations_valid_for_area(self, area_code: str, today: date | None = None) -> Norm:
        """Return a norm that has only the confirmations valid for a plan of this area.

        A confirmation is valid from its date on, and only for the area of the authority that gave it. A county inherits
        limits and severities from its province or city, but no confirmations. ``today``: by default the current date.
        """
        profile, today_text = self.profile, (today or date.today()).isoformat()
        digits = int(self.standard.settings.get("attributes.area_digits", 6))
        is_own_area = not profile.area_code or profile.area_code[:digits] == area_code[:digits]
        is_group_valid = is_own_area and profile.confirmed_by.get("date", "") <= today_text
        singly = {
            item: one for item, one in profile.confirmed_singly.items() if is_own_area and one["date"] <= today_text
        }
        if is_group_valid and len(singly) == len(profile.confirmed_singly):
            return self
        confirmed = profile.confirmed if is_group_valid else frozenset()
        return replace(self, profile=replace(profile, confirmed=confirmed, confirmed_singly=singly))

    def make_tolerance(self) -> Tolerance:
        """Return the tolerances of the run."""
        return Tolerance(**{k: float(self.get(f"tolerance.{k}")) for k in asdict(Tolerance())})

    def find_targets(self, area_code: str) -> list[IndicatorTarget]:
        """Return the profile's targets for an area, in the order of their years.

        Totals are not inherited, and targets of another area do not apply.
        """
        targets = (target for target in self.profile.targets if target.area_code == area_code)
        return sorted(targets, key=lambda target: target.year)

    def get_severity(self, rule: Rule) -> Severity:
        """Return the severity of a rule's findings in the phase of this run.

        `core.standard.edition` defines the order.
        """
        profile, standard, phase = self.profile, self.standard, self.phase
        in_phase = (profile.phases.get(phase, {}), standard.phases.get(phase, {})) if phase else ()
        for table in (*in_phase, profile.severity, standard.severity):
            if rule.code in table:
                return Severity(table[rule.code])
        return rule.severity

    def is_severity_from_phase(self, rule: Rule) -> bool:
        """Return True if the standard, not the profile, sets the severity for this phase.

        Such a severity is provisional until the county confirms it.
        """
        in_profile, in_standard = (rule.code in one.phases.get(self.phase, {}) for one in (self.profile, self.standard))
        return bool(self.phase) and in_standard and not in_profile

    def get_settings_section(self, name: str) -> dict[str, Any]:
        """Return the settings of a section by key, without the section's name in the keys.

        Settings of the profile take precedence over the standard's.
        """
        settings = {**self.standard.settings, **self.profile.settings}
        return {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}


def is_sealed(role: str, norm: Norm) -> bool:
    """Return True if only a person with a document may change this layer, whichever layer of a concept a plan has."""
    return any(role in norm.standard.concepts.get(name, (name,)) for name in norm.get(SEALED_ROLES_SETTING))


def is_sealed_or_supplied(role: str, norm: Norm) -> bool:
    """Return True if a program may change a layer only with a document.

    Such a layer is approved (``sealed.roles``: 永久基本农田, 红线), or supplied by another authority
    (``sealed.supplied``: survey and divisions).
    """
    return is_sealed(role, norm) or any(fnmatchcase(role, pattern) for pattern in norm.get("sealed.supplied"))


def is_sealed_by_profile(role: str, norm: Norm) -> bool:
    """Return True if the county or its province seals the layer itself.

    A change against the sealed edition is then an error. The standard's default does not suffice.
    """
    return SEALED_ROLES_SETTING in norm.profile.settings and is_sealed(role, norm)
