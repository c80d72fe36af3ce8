# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard and a profile resolved together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from ..rule import all_rules
from ..standard import EVERY_RULE, Standard
from ..tolerance import Tolerance
from .model import Profile, Target


@dataclass(frozen=True)
class Norm:
    """A standard with a profile resolved on top: what a run obeys."""

    standard: Standard
    profile: Profile

    @property
    def rules(self) -> tuple[str, ...]:
        """Codes of the rules that run where nothing else is asked: the standard's, and those that the profile adds."""
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

    def section(self, name: str) -> dict[str, Any]:
        """All settings below a heading, the profile's before the standard's, without the heading."""
        merged = {**self.standard.settings, **self.profile.settings}
        return {k.removeprefix(f"{name}."): v for k, v in merged.items() if k.startswith(f"{name}.")}

    def parameters(self, code: str) -> dict[str, Any]:
        """Parameters that standard and profile set for a rule (``[rules.REL006]``)."""
        return self.section(f"rules.{code}")
