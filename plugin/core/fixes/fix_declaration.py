# SPDX-License-Identifier: GPL-2.0-or-later
"""Declaration of fixes: functions that take a finding and return edits."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.rule import RuleParameter, find_unit, split_sections
from ..standard.messages.texts import make_variant_key

if TYPE_CHECKING:
    from ..model.findings import Finding
    from .edits import Edits

FIX_HEADINGS = ("What it does", "When it is safe", "Limits")
_DECLARED_FIXES: dict[str, Fix] = {}


class Safety(StrEnum):
    """When a fix may be applied without confirmation.

    FORMAL: it changes how land or a value is written, not the land. SLIVER: the land that it moves is below the sliver
    limits. NEVER: a person decides. In all cases `judge` may find further reasons against it.
    """

    FORMAL = "formal"
    SLIVER = "sliver"
    NEVER = "never"


@dataclass(frozen=True)
class FixExample:
    """A small example of a fix, which is also a test case.

    ``rule``: the code of the rule that finds the problem; ``before``: layers as in `model.rule.RuleExample`; ``after``:
    name of a layer → its rows afterwards, each a WKT, or a dict with ``wkt`` and attributes by meaning or field.
    ``safe``: whether the proposal must be safe; ``refused``: the expected reason if the fix does not apply. ``rules``:
    further rules of the run.
    """

    title: str
    rule: str
    before: dict[str, list[Any]]
    after: dict[str, list[Any]] = field(default_factory=dict)
    safe: bool = False
    refused: str = ""
    rules: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fix:
    """A declared fix; its ``code`` and ``name`` are public and never change.

    ``solves``: code of a rule → cases of its findings, or variants of a case (`make_variant_key`), that the fix can
    end; empty for all cases. The other fields are the arguments of the decorator `fix`; ``parameters`` are the keyword
    arguments of the function that are numbers.
    """

    code: str
    name: str
    title: str
    solves: dict[str, tuple[str, ...]]
    safety: Safety
    messages: dict[str, str]
    examples: tuple[FixExample, ...]
    function: Callable[..., Edits]
    parameters: tuple[RuleParameter, ...]

    def is_for_finding(self, finding: Finding) -> bool:
        """Return True if the fix can end findings of this rule and case, or of this variant of the case."""
        cases = self.solves.get(finding.code)
        if not cases:
            return cases is not None
        variant = finding.params.get("shown", {}).get("variant", "")
        return finding.case in cases or make_variant_key(finding.case, variant) in cases

    @property
    def sections(self) -> dict[str, str]:
        """Return heading → text of the sections of the fix's docstring, for the English manual."""
        return split_sections(inspect.getdoc(self.function) or "", FIX_HEADINGS)


def fix(
    code: str,
    name: str,
    *,
    title: str,
    solves: dict[str, tuple[str, ...]],
    safety: Safety,
    messages: dict[str, str],
    examples: Iterable[FixExample],
) -> Callable[[Callable[..., Edits]], Callable[..., Edits]]:
    """Return a decorator that declares a function as a fix.

    ``title``: what the fix does, in English; ``messages``: case → English message with named placeholders;
    ``resources/texts`` has the Chinese. The function gets the finding, the state of the rows (``state``) and its
    parameters as keyword arguments.

    Raises ValueError if the code is in use or malformed, or if the docstring lacks a heading.
    """
    if not re.fullmatch(r"FIX\d{3}", code):
        raise ValueError(f"{code}: a code is FIX and three digits")

    def declare(function: Callable[..., Edits]) -> Callable[..., Edits]:
        """Check the declaration and add the fix to the declared fixes; return the function unchanged."""
        declared_fix = _DECLARED_FIXES.get(code)
        if declared_fix and declared_fix.function.__qualname__ != function.__qualname__:
            raise ValueError(f"{code} is declared by {declared_fix.function.__qualname__} and {function.__qualname__}")
        sections = split_sections(inspect.getdoc(function) or "", FIX_HEADINGS)
        missing_headings = [heading for heading in FIX_HEADINGS if heading not in sections]
        if missing_headings:
            raise ValueError(f"{code}: the docstring lacks {', '.join(missing_headings)}")
        # A keyword argument that is a text chooses one of several ways; a run has no parameter for it.
        parameters = tuple(
            RuleParameter(argument.name, argument.default, find_unit(argument.name))
            for argument in inspect.signature(function).parameters.values()
            if argument.kind is argument.KEYWORD_ONLY and isinstance(argument.default, int | float)
        )
        _DECLARED_FIXES[code] = Fix(
            code, name, title, dict(solves), safety, dict(messages), tuple(examples), function, parameters
        )
        return function

    return declare


@cache
def load_all_fixes() -> Mapping[str, Fix]:
    """Return code → fix, sorted by code, of all fixes that the modules of the folder ``declared`` declare."""
    for path in (Path(__file__).resolve().parent / "declared").glob("*.py"):
        importlib.import_module(f"{__name__.rsplit('.', 1)[0]}.declared.{path.stem}")
    return dict(sorted(_DECLARED_FIXES.items()))


def find_fixes_for(finding: Finding) -> list[Fix]:
    """Return the fixes declared for findings of this rule and case, sorted by code; each may still refuse this one."""
    return [one for one in load_all_fixes().values() if one.is_for_finding(finding)]
