# SPDX-License-Identifier: GPL-2.0-or-later
"""A norm laid open: every setting and severity that a run goes by, and whose file says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..model.rule import all_rules
from ..standard import Standard
from .model import Profile
from .norm import Norm

#: Who may have said it: the rule itself, a standard, a profile.
RULE, STANDARD, PROFILE = "rule", "standard", "profile"


@dataclass(frozen=True)
class Origin:
    """``kind``: one of `RULE`, `STANDARD`, `PROFILE`; ``id`` and ``name`` of that standard or profile; ``file`` its file;
    ``phase`` where it holds in that phase only."""

    kind: str
    id: str = ""
    name: str = ""
    file: str = ""
    phase: str = ""


@dataclass(frozen=True)
class Value:
    """A setting by its dotted key, or a parameter of a rule (``rules.LAW020.max_flexible_share``). ``mark`` of its source, empty
    where the rule itself brings it; ``confirmed``: not marked C, or confirmed by standard or county."""

    key: str
    value: Any
    origin: Origin
    mark: str
    confirmed: bool


@dataclass(frozen=True)
class RuleLine:
    """``runs``: does it run where nothing else is asked; ``group``: the groups that name it."""

    code: str
    severity: str
    origin: Origin
    runs: bool
    groups: tuple[str, ...]
    parameters: tuple[Value, ...]


@dataclass(frozen=True)
class Resolved:
    settings: tuple[Value, ...]
    rules: tuple[RuleLine, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def resolved(norm: Norm) -> Resolved:
    """Everything that standard and profile set, in the order of the keys and of the families of rules."""
    keys = sorted({*norm.standard.settings, *norm.profile.settings})
    settings = tuple(_value(key, norm.get(key), norm) for key in keys if not key.startswith("rules."))
    return Resolved(settings, tuple(_rules(norm)))


def _rules(norm: Norm) -> Iterator[RuleLine]:
    for rule in all_rules().values():
        given = norm.parameters(rule.code)
        yield RuleLine(
            rule.code,
            str(norm.severity(rule)),
            _severity_origin(rule.code, norm),
            rule.code in norm.rules,
            tuple(name for name, codes in norm.standard.rule_groups.items() if rule.code in codes),
            tuple(_value(f"rules.{rule.code}.{p.name}", given.get(p.name, p.default), norm) for p in rule.parameters),
        )


def _value(key: str, value: Any, norm: Norm) -> Value:
    origin = origin_of(key, norm)
    # What a rule brings itself has no source of its own: its citations are the rule's.
    mark = norm.mark(key) if origin.kind != RULE else ""
    # Each pair of a standard's matrix has a mark of its own.
    pair = next((p for p in norm.standard.conflicts if p.key == key), None) if origin.kind == STANDARD else None
    if pair is not None:
        mark = pair.mark
    return Value(key, value, origin, mark, mark in ("", "A", "B") or norm.is_confirmed(key))


def origin_of(key: str, norm: Norm) -> Origin:
    """Whose file says a setting: the nearest profile, else the first edition, else the rule."""
    for profile in norm.profile.chain():
        if key in profile.own:
            return _of_profile(profile)
    for standard in _editions(norm.standard):
        if key in standard.own:
            return _of_standard(standard)
    return Origin(RULE)


def _severity_origin(code: str, norm: Norm) -> Origin:
    for phase in (norm.phase, "") if norm.phase else ("",):
        key = f"phase.{phase}.severity.{code}" if phase else f"severity.{code}"
        for profile in norm.profile.chain():
            if key in profile.own:
                return _of_profile(profile, phase)
        for standard in _editions(norm.standard):
            if key in standard.own:
                return _of_standard(standard, phase)
    return Origin(RULE)


def _editions(standard: Standard) -> Iterator[Standard]:
    yield standard
    for other in standard.includes:
        yield from _editions(other)


def _of_profile(profile: Profile, phase: str = "") -> Origin:
    return Origin(PROFILE, profile.id, profile.name, str(profile.path or ""), phase)


def _of_standard(standard: Standard, phase: str = "") -> Origin:
    return Origin(STANDARD, f"{standard.id} {standard.edition}", standard.name, str(standard.folder), phase)
