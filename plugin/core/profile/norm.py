# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard and a profile resolved together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from ..rule import Rule, Severity, all_rules
from ..standard import EVERY_RULE, Standard
from ..tolerance import Tolerance
from .model import Profile, Registered, Stated, Target


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
        return tuple(code for code in self.expected_in(scope) if code not in off)

    def expected_in(self, scope: str) -> tuple[str, ...]:
        """Codes of the rules that are expected of a delivery of a scope."""
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

    def mark(self, item: str) -> str:
        """The mark of a setting, a code list (``codes.<id>``) or a citation; A when nobody doubts it."""
        if item in self.profile.marks:
            return self.profile.marks[item]
        if item in self.standard.marks:
            return self.standard.marks[item]
        if item.startswith("codes."):
            codes = self.standard.code_lists.get(item.removeprefix("codes."))
            return codes.mark if codes else "C"
        citation = self.standard.citations.get(item)
        return citation.mark if citation else "A"

    def is_confirmed(self, item: str) -> bool:
        """Is the item beyond doubt: not marked C, or confirmed by the base standard or by the county?"""
        confirmed = self.standard.confirmed | self.profile.confirmed
        return self.mark(item) != "C" or "all" in confirmed or item in confirmed

    def tolerance(self) -> Tolerance:
        return Tolerance(**{k: float(self.get(f"tolerance.{k}")) for k in Tolerance().to_dict()})

    def targets(self, area_code: str) -> list[Target]:
        """The profile's targets for an area: totals are never inherited, and another area's never apply."""
        return [t for t in self.profile.targets if t.area_code == area_code]

    def stated(self, area_code: str) -> list[Stated]:
        """Figures of the area's plan that no layer gives."""
        return [s for s in self.profile.stated if s.area_code == area_code]

    def register(self, area_code: str) -> list[Registered]:
        """The heritage register of the area's own plan."""
        return [line for line in self.profile.register if line.area_code == area_code]

    def severity(self, rule: Rule) -> Severity:
        """How grave what a rule finds is, in the phase of this run (`core.phases` has the order)."""
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
