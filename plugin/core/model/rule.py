# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rule is: a pure function over layers, declared with its code, severity, basis, needs and examples."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .findings import Finding
    from .indicator import Indicator

FAMILIES = ("SCH", "GEO", "ATT", "TOP", "REL", "LAW", "DOC", "RUN")
HEADINGS = ("What it checks", "Why", "How to fix", "Limits")
EACH = "*"


class Severity(StrEnum):
    """错误 / 警告 / 提示."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


@dataclass(frozen=True)
class Need:
    """A layer that a rule asks for.

    ``concept`` as listed in the standard, or ``EACH`` for every layer of the plan in turn; ``fields`` are
    meanings (as in the templates), not names, without which the rule is skipped; ``reads`` are meanings that it can do
    without, saying so itself; an ``optional`` need is passed as None when it is missing.
    """

    concept: str
    fields: tuple[str, ...] = ()
    optional: bool = False
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a rule: its default and unit (``m2``, ``m``, ``share``, ``count``, ``degrees`` or ``""``)."""

    name: str
    default: float
    unit: str


@dataclass(frozen=True)
class Example:
    """A tiny case that is also a test: WKT rows by need, in metres of the plan's CRS.

    ``layers`` maps the need's name to rows: a WKT, or a dict with ``wkt`` and attributes by meaning.
    ``settings`` override the standard's, ``roles`` choose another role for a need.
    ``standard``: another edition's id, for layers that the county's does not have.
    ``side``: side inputs by the name of their option, as rows (``figures``: indicator, value, unit, where;
    ``targets``: code, name, indicator, comparison, value, unit; ``baseline``: layers of the sealed edition, as ``layers``).
    ``finds``: how many findings; ``areas``: their planar areas, where it is worth saying.
    """

    title: str
    layers: dict[str, list[Any]]
    finds: int = 0
    areas: tuple[float, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    standard: str = "county_db"
    side: dict[str, Any] = field(default_factory=dict)


@dataclass
class RuleResult:
    """What one rule gives back when it is more than a list of findings.

    ``not_checked_section``: reasons (text key, parameters) for what could not be looked at; ``unconfirmed``: names of
    further C settings that were used; ``doubts``: what the data itself leaves in doubt, which nobody can confirm
    away (a base year that is not known); ``applicable``: False when nothing in the plan is of the rule's kind;
    ``switched_off``: the setting by which standard or profile want nothing compared, which is to be confirmed.
    ``notes``: reasons (text key, parameters) that take nothing away from the outcome: why the rule does not apply (a side
    input that was not given, and how to give it), or what a reader should know of what was compared.
    """

    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    not_checked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    applicable: bool = True
    switched_off: str = ""
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class Rule:
    """A declared rule. ``code`` and ``name`` are promises to users."""

    code: str
    name: str
    problem: str
    severity: Severity
    basis: tuple[str, ...]
    needs: dict[str, Need]
    uses: tuple[str, ...]
    messages: dict[str, str]
    fails: tuple[Example, ...]
    passes: tuple[Example, ...]
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    order: int = 0
    local: bool = False
    side: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return self.code[:3]

    @property
    def algorithm_id(self) -> str:
        return self.name.replace("-", "_")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Options with what the rule is to be told beside its layers (``figures``): its examples have them."""
        return tuple(dict.fromkeys(name for example in self.fails for name in example.side))

    @property
    def sections(self) -> dict[str, str]:
        """The four headings of the docstring (English manual)."""
        return split_sections(inspect.getdoc(self.function) or "")


def split_sections(doc: str) -> dict[str, str]:
    """Cut a rule's docstring at its headings; the text before the first is the title under ``""``."""
    parts = re.split(rf"^({'|'.join(map(re.escape, HEADINGS))})\s*$", doc, flags=re.MULTILINE)
    sections = {"": parts[0].strip()}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        sections[heading] = inspect.cleandoc(body).strip()
    return sections


_REGISTRY: dict[str, Rule] = {}


def rule(
    code: str,
    name: str,
    *,
    problem: str,
    severity: Severity = Severity.ERROR,
    basis: Iterable[str],
    needs: dict[str, Need],
    uses: Iterable[str] = (),
    messages: dict[str, str],
    fails: Iterable[Example] = (),
    passes: Iterable[Example] = (),
    local: bool = False,
    side: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a rule.

    ``problem`` names what is wrong where the rule finds something (English; ``resources/texts`` holds the Chinese). The title,
    which states the requirement, is the docstring's first line.
    ``uses`` names the settings of the standard it depends on (``ratio.form``, ``codes.planning_zones``,
    ``tolerance``): those marked C and confirmed by nobody make its outcome conditional at best.
    ``local``: what it finds on a row depends on that row and on those that it meets, so that an edit changes nothing
    farther away (`live`); not so for totals, shares and keys that must be unique.
    ``side``: side inputs of the plan (``baseline``) without which the rule does not apply, and says how to give them.
    ``messages`` maps a case to an English sentence with named placeholders; ``resources/texts`` holds the Chinese.
    Raises ValueError for a code that is taken or of no family, and for a docstring without its headings.
    """
    if code[:3] not in FAMILIES or not re.fullmatch(r"[A-Z]{3}\d{3}", code):
        raise ValueError(f"{code}: a code is a family ({', '.join(FAMILIES)}) and three digits")

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        known = _REGISTRY.get(code)
        if known and known.function.__module__ != function.__module__:
            raise ValueError(f"{code} is declared in {known.function.__module__} and {function.__module__}")
        missing = [h for h in HEADINGS if h not in split_sections(inspect.getdoc(function) or "")]
        if missing:
            raise ValueError(f"{code}: the docstring lacks {', '.join(missing)}")
        _REGISTRY[code] = Rule(
            code=code,
            name=name,
            problem=problem,
            severity=severity,
            basis=tuple(basis),
            needs=dict(needs),
            uses=tuple(uses),
            messages=dict(messages),
            fails=tuple(fails),
            passes=tuple(passes),
            function=function,
            parameters=_parameters(function),
            order=_order(code),
            local=local,
            side=tuple(side),
        )
        return function

    return declare


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Keyword-only arguments with a default; the unit is the tail of the name (``large_area_m2``)."""
    found = []
    for argument in inspect.signature(function).parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and argument.default is not argument.empty:
            found.append(Parameter(argument.name, argument.default, unit_of(argument.name)))
    return tuple(found)


def unit_of(name: str) -> str:
    """The unit that a parameter or setting says by the tail of its name; empty where it says none."""
    tail = name.rsplit("_", 1)[-1] if "_" in name else ""
    return tail if tail in ("m2", "m", "share", "count", "degrees") else ""


#: Folders of the core that hold rules, one module per rule, named by its code and its name.
_HOMES = ("rules", "package/rules", "yearly/rules")
_RULE_FILE = re.compile(r"([a-z]{3}\d{3})_(\w+)\.py")


class Rules(Mapping[str, Rule]):
    """Every rule by its code, in the order of the families.

    A rule's module is imported when the rule is asked for, so that a check loads no more than the rules it runs.
    """

    def __init__(self) -> None:
        core = Path(__file__).resolve().parent.parent
        files = [(path, _RULE_FILE.fullmatch(path.name)) for home in _HOMES for path in (core / home).rglob("*.py")]
        found: dict[str, tuple[Path, str]] = {}
        for path, match in files:
            if match is not None and found.setdefault(match[1].upper(), (path, match[2]))[0] != path:
                raise ValueError(f"{match[1].upper()} is declared in {found[match[1].upper()][0].name} and {path.name}")
        codes = sorted(found, key=_order)
        self._modules = {code: ".".join(found[code][0].relative_to(core).with_suffix("").parts) for code in codes}
        self._names = {found[code][1].replace("_", "-"): code for code in codes}

    def code_of(self, name: str) -> str | None:
        """Return the code of a rule by its name, as in ``expansion-ratio`` or ``expansion_ratio``."""
        name = name.replace("_", "-")
        return self._names.get(name) or next((r.code for r in _REGISTRY.values() if r.name == name), None)

    def __getitem__(self, code: str) -> Rule:
        if code not in _REGISTRY and code in self._modules:
            importlib.import_module(f"{__name__.rsplit('.', 2)[0]}.{self._modules[code]}")
        return _REGISTRY[code]

    def __contains__(self, code: object) -> bool:
        return code in self._modules or code in _REGISTRY

    def __iter__(self) -> Iterator[str]:
        declared_elsewhere = _REGISTRY.keys() - self._modules.keys()
        return iter(sorted([*self._modules, *declared_elsewhere], key=_order) if declared_elsewhere else self._modules)

    def __len__(self) -> int:
        return len(self._modules.keys() | _REGISTRY.keys())


@cache
def all_rules() -> Rules:
    """Every rule there is, found by the names of their files."""
    return Rules()


def _order(code: str) -> int:
    return FAMILIES.index(code[:3]) * 1000 + int(code[3:])
