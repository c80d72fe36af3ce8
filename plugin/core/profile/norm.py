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

#: Settings of which a smaller value is the stricter one, and a larger one.
_CEILINGS, _FLOORS = ("ratio.limit", "tolerance.", "waivers."), ("indicators.warning_share",)


def _as_strict(key: str, value: Any, usual: Any) -> bool:
    """Return True if a value equals the usual one or is stricter. A setting that the standard lacks replaces nothing."""
    if usual is None or value == usual:
        return True
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (value, usual))
    ceiling = key.startswith(_CEILINGS) or (key.startswith("rules.") and key.rsplit(".", 1)[-1].startswith("allowance"))
    return numbers and ((ceiling and value <= usual) or (key.startswith(_FLOORS) and value >= usual))


@dataclass(frozen=True)
class Norm:
    """A standard with a profile resolved on top: what a run obeys. ``phase``: an id of `PHASES`, or empty."""

    standard: Standard
    profile: Profile
    phase: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """Codes of the rules that run where nothing else is asked: all that are expected but those that the profile turned off."""
        off = set(self.named_rules(self.profile.rules_off))
        return tuple(code for code in self.expected_rules if code not in off)

    def rules_in(self, scope: str) -> tuple[str, ...]:
        """The same for a delivery of a scope."""
        off = set(self.named_rules(self.profile.rules_off))
        return tuple(code for code in self._own_in(scope) if code not in off)

    def expected_in(self, scope: str) -> tuple[str, ...]:
        """Return the codes of the rules expected for a scope: the standard's own and those of the shipped standards that it
        is based on. A custom standard may add rules; those that it leaves out are missing."""
        bare = replace(self.profile, rules=())
        shipped = (replace(self, standard=one, profile=bare)._own_in(scope) for one in self.standard.shipped())
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
        """Codes of the standard's rules and of those that the profile adds: without one of them a check is not complete."""
        return tuple(dict.fromkeys((*self.standard.rules, *self.named_rules(self.profile.rules))))

    def named_rules(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of rules, with those of a group (``quality``; ``all``: every rule there is) in its place."""
        groups = self.standard.rule_groups
        return tuple(
            code
            for name in names
            for code in (all_rules() if name.strip() == EVERY_RULE else groups.get(name.strip(), (name,)))
        )

    def get(self, key: str) -> Any:
        """A setting; DataError names the standard when it has no such key."""
        for settings in (self.profile.settings, self.standard.settings):
            if key in settings:
                return settings[key]
        raise DataError("data_key_missing", file=str(self.standard.folder / "standard.toml"), key=key)

    def sets(self, key: str) -> bool:
        """Return True if standard or profile have the setting."""
        return key in self.profile.settings or key in self.standard.settings

    def mark(self, item: str) -> str:
        """The mark of a setting, a heading of settings, a code list (``codes.<id>``) or a citation.

        A setting without a mark has no verified source: C.
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
        """The item of ``[marks]`` that vouches for a setting: its own, that of the nearest heading above, or a word for a part
        of its section (``zones.codes``, ``heritage.words``); else the key itself."""
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
        """Is the item beyond doubt: not marked C, or confirmed by the base standard or by the county, by its own name or by
        that of what it is marked with?

        ``all`` confirms what the standard sets. A custom profile's value in its place that is not stricter
        is confirmed by its name or has a source beside its mark.
        """
        confirmed = self.standard.confirmed | self.profile.confirmed
        if {item, self.marked(item)} & confirmed:
            return True
        if self._replaced(item):
            return self.mark(item) != "C" and bool(self.profile.mark_sources.get(item))
        return self.mark(item) != "C" or "all" in confirmed

    def _replaced(self, item: str) -> bool:
        """Does a custom profile or standard loosen the item, or a setting that the item vouches for?"""
        return any(k == item or k.startswith(f"{item}.") or self.marked(k) == item for k in self._loosened)

    @cached_property
    def _loosened(self) -> frozenset[str]:
        """Keys that a custom profile or standard sets to a value different from, and not stricter than, the shipped standard.

        Cached, because every rule reads them after every edit and a norm never changes.
        """
        own = {key for one in self.profile.chain() if not one.is_shipped for key in one.own}
        own |= {key for one in own_standards(self.standard) for key in one.own}
        usual = {
            key: value for one in reversed(shipped_standards(self.standard)) for key, value in one.settings.items()
        }
        return frozenset(k for k in own if self.sets(k) and not _as_strict(k, self.get(k), usual.get(k)))

    def for_area(self, area_code: str, today: date | None = None) -> Norm:
        """The norm for a plan of an area: a confirmation holds from its day on, and for the area of who gave it.

        A profile of the province or the city gives its county limits and severities, never its confirmations.
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
        return Tolerance(**{k: float(self.get(f"tolerance.{k}")) for k in Tolerance().to_dict()})

    def targets(self, area_code: str) -> list[Target]:
        """The profile's targets for an area: totals are never inherited, and another area's never apply."""
        return [t for t in self.profile.targets if t.area_code == area_code]

    def stated(self, area_code: str) -> list[StatedFigure]:
        """Figures of the area's plan that no layer gives."""
        return [s for s in self.profile.stated if s.area_code == area_code]

    def register(self, area_code: str) -> list[RegisteredSite]:
        """The heritage register of the area's own plan."""
        return [line for line in self.profile.register if line.area_code == area_code]

    def severity(self, rule: Rule) -> Severity:
        """How grave what a rule finds is, in the phase of this run (`core.standard.editions` has the order)."""
        for said in self._severities():
            if rule.code in said:
                return Severity(said[rule.code])
        return rule.severity

    def phase_decides(self, rule: Rule) -> bool:
        """Is the severity one that the standard sets for this phase: a working definition, until the county confirms it?"""
        own, ours = (table.phases.get(self.phase, {}) for table in (self.profile, self.standard))
        return bool(self.phase) and rule.code in ours and rule.code not in own

    def _severities(self) -> tuple[dict[str, str], ...]:
        """The tables that may give a severity, the one that decides first."""
        profile, standard, phase = self.profile, self.standard, self.phase
        in_phase = (profile.phases.get(phase, {}), standard.phases.get(phase, {})) if phase else ()
        return (*in_phase, profile.severity, standard.severity)

    def section(self, name: str) -> dict[str, Any]:
        """All settings below a heading, the profile's before the standard's, without the heading."""
        merged = {**self.standard.settings, **self.profile.settings}
        return {k.removeprefix(f"{name}."): v for k, v in merged.items() if k.startswith(f"{name}.")}

    def parameters(self, code: str) -> dict[str, Any]:
        """Parameters that standard and profile set for a rule (``[rules.REL006]``)."""
        return self.section(f"rules.{code}")


def _is_heading(item: str, settings: dict[str, Any]) -> bool:
    return any(key.startswith(f"{item}.") for key in settings)


#: Concepts and layer codes; a setting of the standard that a profile may replace.
SETTING = "sealed.roles"


def sealed_roles(norm: Norm) -> frozenset[str]:
    """The layer codes that are sealed, whichever of a concept's layers a plan has."""
    named: list[str] = norm.get(SETTING)
    return frozenset(role for name in named for role in norm.standard.concepts.get(name, (name,)))


def is_sealed(role: str, norm: Norm) -> bool:
    """May only a person, with a document at hand, change this layer?"""
    return role in sealed_roles(norm)


def is_sealed_by_profile(role: str, norm: Norm) -> bool:
    """Does the county or its province itself say so, not only the standard's default? Then a change against the sealed
    edition is an error."""
    return SETTING in norm.profile.settings and is_sealed(role, norm)
