# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule book (规则手册): what every rule is, needs, can be told and stands on, with the values that are in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..engine.explanation import InForce, parameters_in_force, unconfirmed_settings
from ..model.rule import EACH, Rule, Severity, all_rules
from ..profile import Norm
from ..standard.citations import Citation, Source, best_mark

#: When a rule runs: with every check, with a group that is asked for, or when it is named.
DEFAULT, NAMED = "default", "named"


@dataclass(frozen=True)
class Asked:
    """A layer that a rule asks for: ``concept`` (EACH: every layer in turn), the layer codes that answer it, the meanings
    of fields without which it is skipped."""

    concept: str
    roles: tuple[str, ...]
    fields: tuple[str, ...]
    optional: bool


@dataclass(frozen=True)
class Entry:
    """One rule. ``severity`` as the profile has it; ``mark``: the best of its citations that hold in the profile's area;
    ``agreed``: known by C only, but taken as agreed by standard or county; ``unconfirmed``: settings it uses that are marked C and nobody confirmed."""

    rule: Rule
    severity: Severity
    mark: str
    agreed: bool
    runs: tuple[str, ...]
    needs: tuple[Asked, ...]
    parameters: tuple[InForce, ...]
    citations: tuple[Citation, ...]
    sources: tuple[Source, ...] = field(default=())
    unconfirmed: tuple[str, ...] = ()
    #: Names of options with what a check is to be told beside its layers (``figures``); its examples have them.
    inputs: tuple[str, ...] = ()


def rule_book(norm: Norm, codes: Iterable[str] = ()) -> list[Entry]:
    """Every rule (or those with these codes) in the order of the families, as ``norm`` has it."""
    wanted = set(codes)
    return [_entry(rule, norm) for code, rule in all_rules().items() if not wanted or code in wanted]


def _entry(rule: Rule, norm: Norm) -> Entry:
    standard = norm.standard
    citations = tuple(standard.citations[key] for key in rule.basis if key in standard.citations)
    binding = [c for c in citations if c.binds(norm.profile.area_code)]
    mark = best_mark(c.mark for c in binding)
    sources = dict.fromkeys(s for c in citations for s in c.sources)
    return Entry(
        rule=rule,
        severity=norm.severity(rule),
        mark=mark,
        agreed=mark == "C" and any(norm.is_confirmed(c.key) for c in binding),
        runs=_runs(rule.code, norm),
        needs=tuple(_asked(need, norm) for need in rule.needs.values()),
        parameters=tuple(parameters_in_force(rule, norm)),
        citations=citations,
        sources=tuple(standard.sources[s] for s in sources),
        unconfirmed=tuple(unconfirmed_settings(rule, norm)),
        inputs=rule.inputs,
    )


def _asked(need: Any, norm: Norm) -> Asked:
    roles = () if need.concept == EACH else norm.standard.concepts.get(need.concept, (need.concept,))
    return Asked(need.concept, tuple(roles), need.fields, need.optional)


def _runs(code: str, norm: Norm) -> tuple[str, ...]:
    if code in norm.rules:
        return (DEFAULT,)
    return tuple(name for name, codes in norm.standard.rule_groups.items() if code in codes) or (NAMED,)
