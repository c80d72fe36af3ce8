# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard and a profile resolved together, sealed layers (封库图层) included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from ..errors import DataError
from ..geometry.tolerance import Tolerance
from ..model.rule import Rule, Severity, all_rules
from ..standard import EVERY_RULE, Standard
from ..standard.bounds import own_standards, shipped_standards
from .model import Profile, RegisteredSite, StatedFigure, Target

#: Settings with a stricter smaller value, and settings with a stricter larger value.
_CEILINGS, _FLOORS = ("ratio.limit", "tolerance.", "waivers."), ("indicators.warning_share",)


def _as_strict(key: str, value: Any, usual: Any) -> bool:
    """Return True if a value equals the usual one or is stricter.

    A setting that the standard lacks replaces nothing.
    """
    if usual is None or value == usual:
        return True
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (value, usual))
    ceiling = key.startswith(_CEILINGS) or (key.startswith("rules.") and key.rsplit(".", 1)[-1].startswith("allowance"))
    return numbers and ((ceiling and value <= usual) or (key.startswith(_FLOORS) and value >= usual))


@dataclass(frozen=True)
class Norm:
    """A standard with a profile resolved on top: the settings of a run.

    ``phase``: an id of `PHASES`, or empty.
    """

    standard: Standard
    profile: Profile
    phase: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the codes of the rules that run by default.

        They are the expected rules without those that the profile turned off.
        """
        off = set(self.named_rules(self.profile.rules_off))
        return tuple(code for code in self.expected_rules if code not in off)

    def rules_in(self, scope: str) -> tuple[str, ...]:
        """Return the codes of the rules that run by default for a scope."""
        off = set(self.named_rules(self.profile.rules_off))
        return tuple(code for code in self._own_in(scope) if code not in off)

    def expected_in(self, scope: str) -> tuple[str, ...]:
        """Return the codes of the rules expected for a scope.

        They are those of the standard and of the shipped standards that it is based on. A custom standard may add
        rules; rules that it leaves out are missing.
        """
        no_rules = replace(self.profile, rules=())
        shipped = (replace(self, standard=one, profile=no_rules)._own_in(scope) for one in self.standard.shipped())
        return tuple(dict.fromkeys((*self._own_in(scope), *(code for codes in shipped for code in codes))))

    def _own_in(self, scope: str) -> tuple[str, ...]:
        known = self.standard.scopes.get(scope)
        if known is None:
            return self.expected_rules
        without = set(self.named_rules(known.without))
        codes = dict.fromkeys((*self.expected_rules, *self.named_rules(known.rules)))
        return tuple(code for code in codes if code not in without)

    @property
    def expected_rules(self) -> tuple[str, ...]:
        """Return the codes of the standard's rules and of those that the profile adds.

        A check without one of them is incomplete.
        """
        return tuple(dict.fromkeys((*self.standard.rules, *self.named_rules(self.profile.rules))))

    def named_rules(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return rule names, with each group replaced by its rules.

        Groups are for example ``quality`` and ``all`` (every rule).
        """
        groups = self.standard.rule_groups
        return tuple(
            code
            for name in names
            for code in (all_rules() if name.strip() == EVERY_RULE else groups.get(name.strip(), (name,)))
        )

    def get(self, key: str) -> Any:
        """Return a setting. Raise DataError with the standard for an unknown key."""
        for settings in (self.profile.settings, self.standard.settings):
            if key in settings:
                return settings[key]
        raise DataError("data_key_missing", file=str(self.standard.folder / "standard.toml"), key=key)

    def sets(self, key: str) -> bool:
        """Return True if standard or profile have the setting."""
        return key in self.profile.settings or key in self.standard.settings

    def mark(self, item: str) -> str:
        """Return the mark of a setting, a heading, a code list or a citation.

        A code list is ``codes.<id>``. A setting without a mark has no verified source: C.
        """
        if item in self.profile.marks:
            return self.profile.marks[item]
        if item in self.profile.settings:
            # A custom value is as reliable as its own source, whatever the mark of the value that it replaces.
            return "C"
        vouching = self.marked(item)
        if vouching in self.standard.marks:
            return self.standard.marks[vouching]
        if item.startswith("codes."):
            codes = self.standard.code_lists.get(item.removeprefix("codes."))
            return codes.mark if codes else "C"
        citation = self.standard.citations.get(item)
        return citation.mark if citation else "C"

    def marked(self, key: str) -> str:
        """Return the item of ``[marks]`` that applies to a setting.

        It is the setting itself, the nearest heading above, or a word for a part of its section (``zones.codes``,
        ``heritage.words``); without such an item it is the key itself.
        """
        if key in self.profile.marks:
            return key
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            above = ".".join(parts[:length])
            if above in self.standard.marks:
                return above
        known = self.standard.settings
        if parts[0] != "rules" and key in known:
            for item in self.standard.marks:
                section, _, word = item.partition(".")
                if section == parts[0] and word and item not in known and not _is_heading(item, known):
                    return item
        return key

    def is_confirmed(self, item: str) -> bool:
        """Return True if the item is not marked C, or is confirmed.

        The base standard or the county confirms it, by its name or by that of the item that marks it. ``all``
        confirms the values that the standard sets. A custom profile's value that is not stricter is confirmed by its
        name, or has a source next to its mark.
        """
        confirmed = self.standard.confirmed | self.profile.confirmed
        if {item, self.marked(item)} & confirmed:
            return True
        if self._replaced(item):
            return self.mark(item) != "C" and bool(self.profile.mark_sources.get(item))
        return self.mark(item) != "C" or "all" in confirmed

    def _replaced(self, item: str) -> bool:
        """Return True if a custom profile or standard loosens the item.

        Settings that the item marks are included.
        """
        return any(k == item or k.startswith(f"{item}.") or self.marked(k) == item for k in self._loosened)

    @cached_property
    def _loosened(self) -> frozenset[str]:
        """Return the keys that a custom profile or standard loosens.

        Their values differ from those of the shipped standard and are not stricter.
        Cached, because every rule reads them after every edit and a norm never changes.
        """
        own = {key for one in self.profile.chain() if not one.is_shipped for key in one.own}
        own |= {key for one in own_standards(self.standard) for key in one.own}
        usual = {
            key: value for one in reversed(shipped_standards(self.standard)) for key, value in one.settings.items()
        }
        return frozenset(k for k in own if self.sets(k) and not _as_strict(k, self.get(k), usual.get(k)))

    def for_area(self, area_code: str, today: date | None = None) -> Norm:
        """Return the norm for a plan of an area.

        A confirmation is valid from its date on and for the area of its authority. A county inherits limits and
        severities from the profile of its province or city, but no confirmations.
        """
        profile = self.profile
        if not profile.confirmed:
            return self
        digits = int(self.standard.settings.get("attributes.area_digits", 6))
        own = not profile.area_code or profile.area_code[:digits] == area_code[:digits]
        day = profile.confirmed_by.get("date", "")
        if own and day <= (today or date.today()).isoformat():
            return self
        return replace(self, profile=replace(profile, confirmed=frozenset()))

    def tolerance(self) -> Tolerance:
        """Return the tolerances of the run."""
        return Tolerance(**{k: float(self.get(f"tolerance.{k}")) for k in Tolerance().to_dict()})

    def targets(self, area_code: str) -> list[Target]:
        """Return the profile's targets for an area.

        Totals are not inherited, and targets of another area do not apply.
        """
        return [t for t in self.profile.targets if t.area_code == area_code]

    def stated(self, area_code: str) -> list[StatedFigure]:
        """Return the figures of the area's plan that no layer gives."""
        return [s for s in self.profile.stated if s.area_code == area_code]

    def register(self, area_code: str) -> list[RegisteredSite]:
        """Return the heritage register of the area's own plan."""
        return [line for line in self.profile.register if line.area_code == area_code]

    def severity(self, rule: Rule) -> Severity:
        """Return the severity of a rule's findings in the phase of this run.

        `core.standard.editions` defines the order.
        """
        for table in self._severities():
            if rule.code in table:
                return Severity(table[rule.code])
        return rule.severity

    def phase_decides(self, rule: Rule) -> bool:
        """Return True if the standard sets the severity for this phase.

        Such a severity is a working definition until the county confirms it.
        """
        own, ours = (table.phases.get(self.phase, {}) for table in (self.profile, self.standard))
        return bool(self.phase) and rule.code in ours and rule.code not in own

    def _severities(self) -> tuple[dict[str, str], ...]:
        """Return the tables that may give a severity, by precedence."""
        profile, standard, phase = self.profile, self.standard, self.phase
        in_phase = (profile.phases.get(phase, {}), standard.phases.get(phase, {})) if phase else ()
        return (*in_phase, profile.severity, standard.severity)

    def section(self, name: str) -> dict[str, Any]:
        """Return all settings below a heading, without the heading.

        Settings of the profile take precedence over the standard's.
        """
        merged = {**self.standard.settings, **self.profile.settings}
        return {k.removeprefix(f"{name}."): v for k, v in merged.items() if k.startswith(f"{name}.")}

    def parameters(self, code: str) -> dict[str, Any]:
        """Return the parameters that standard and profile set (``[rules.REL006]``)."""
        return self.section(f"rules.{code}")


def _is_heading(item: str, settings: dict[str, Any]) -> bool:
    return any(key.startswith(f"{item}.") for key in settings)


#: Concepts and layer codes; a setting of the standard that a profile may replace.
SETTING = "sealed.roles"


def sealed_roles(norm: Norm) -> frozenset[str]:
    """Return the codes of sealed layers, whichever layer of a concept a plan has."""
    named: list[str] = norm.get(SETTING)
    return frozenset(role for name in named for role in norm.standard.concepts.get(name, (name,)))


def is_sealed(role: str, norm: Norm) -> bool:
    """Return True if only a person with a document may change this layer."""
    return role in sealed_roles(norm)


def is_sealed_by_profile(role: str, norm: Norm) -> bool:
    """Return True if the county or its province seals the layer itself.

    A change against the sealed edition is then an error. The standard's default does not suffice.
    """
    return SETTING in norm.profile.settings and is_sealed(role, norm)
