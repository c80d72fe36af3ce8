# SPDX-License-Identifier: GPL-2.0-or-later
"""Declaration of rules: functions that take layers and return findings."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .verdict import DECLARED_FAMILY, RULE_FAMILIES, Severity, get_rule_family

if TYPE_CHECKING:
    from .findings import Finding
    from .indicator import Indicator

DOCSTRING_HEADINGS = ("What it checks", "Why", "How to fix", "Limits")
EVERY_LAYER = "*"
_DECLARED_RULES: dict[str, Rule] = {}
#: Folders of the core that hold rules. A module with one rule is named by its code and name, a module with rules of
#: one idea by their codes and the idea (``geo011_012_places_of_features.py``).
_RULE_FOLDERS = ("rules", "package/rules", "studies/yearly/rules")
_RULE_FILE_PATTERN = re.compile(r"([a-z]{3})((?:\d{3}_)+)\w+\.py")
#: Rules that standards and profiles declare as data, by code. The last file that declares a code has it.
RULES_OF_DATA: dict[str, Rule] = {}


@dataclass(frozen=True)
class LayerNeed:
    """A layer that a rule needs.

    ``concept``: a name that the standard maps to layer codes, or ``EVERY_LAYER`` for every layer of the plan in turn.
    ``fields``: meanings of fields (as in the templates, not names); without these fields the rule is skipped.
    ``reads``: meanings of optional fields; the rule reports their absence itself. ``optional``: a missing layer is
    passed to the rule as None, in place of skipping the rule. ``covers``: its rows may together cover a row of another
    of the rule's layers, so that a check around an edit reads all its rows on the land of a checked row.
    ``polygons_only``: of every layer, those whose template has polygons.
    """

    concept: str
    fields: tuple[str, ...] = ()
    optional: bool = False
    reads: tuple[str, ...] = ()
    covers: bool = False
    polygons_only: bool = False


@dataclass(frozen=True)
class RuleParameter:
    """A keyword-only parameter of a rule with its default.

    ``unit``: ``m2``, ``m``, ``share``, ``count``, ``degrees`` or empty.
    """

    name: str
    default: float
    unit: str


@dataclass(frozen=True)
class RuleExample:
    """A small example of a rule, which is also a test case.

    ``layers``: name of a need → rows, each a WKT in metres of the plan's CRS, or a dict with ``wkt`` and attributes by
    meaning. ``settings`` override the standard's; ``roles``: name of a need → another layer code. ``standard``: the id
    of the edition, another one for layers that the county's edition lacks. ``finds``: expected number of findings;
    ``areas``: their planar areas in m², where relevant.

    ``side``: side inputs by the name of their option, as rows (``figures``: indicator, value, unit, where; ``targets``:
    code, name, indicator, comparison, value, unit; ``baseline``: layers of the sealed edition, as ``layers``).
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
    """Findings of a rule, and what it could not check or confirm.

    ``not_checked``: reasons (text key, parameters) why some of the data could not be checked. ``unconfirmed``: names of
    further used settings marked C. ``doubts``: uncertainties of the data, which no confirmation removes (an unknown
    base year). ``is_applicable``: False if the plan has no data of the rule's kind. ``switched_off``: the setting by
    which standard or profile switches the comparison off; it needs confirmation. ``notes``: remarks (text key,
    parameters) that do not change the outcome, such as why the rule does not apply and which input it lacks.
    """

    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    not_checked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    is_applicable: bool = True
    switched_off: str = ""
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add_applicable(self, findings: Iterable[Finding]) -> None:
        """Add findings of a comparison for which the plan has data."""
        self.is_applicable = True
        self.findings += findings


@dataclass(frozen=True)
class Rule:
    """A declared rule; its ``code`` and ``name`` are public and never change.

    The fields are the arguments of the decorator `rule`. ``function`` is the decorated function, ``parameters`` its
    keyword arguments with a default. ``texts``: language → texts of a rule made of data, with the keys of
    ``resources/texts/rules_zh.toml``; other rules have their texts there and in the docstring of the function.
    """

    code: str
    name: str
    problem: str
    severity: Severity
    basis: tuple[str, ...]
    needs: dict[str, LayerNeed]
    uses: tuple[str, ...]
    messages: dict[str, str]
    fails: tuple[RuleExample, ...]
    passes: tuple[RuleExample, ...]
    function: Callable[..., Any]
    parameters: tuple[RuleParameter, ...]
    order: int = 0
    local: bool = False
    concurrent: bool = False
    side: tuple[str, ...] = ()
    approval_cases: tuple[str, ...] = ()
    clauses: Callable[..., dict[str, str]] | None = None
    surroundings: str = ""
    checks_one_layer: bool = False
    partly_local: bool = False
    refuses_fix: str = ""
    overlaps_first: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sum_cases: tuple[str, ...] = ()
    may_use: tuple[str, ...] = ()
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """Return the first three letters of the code; X for a rule that is declared as data."""
        return get_rule_family(self.code)

    def find_problems(self, layers: Iterable[Any], context: Any, arguments: dict[str, Any]) -> RuleResult | None:
        """Call the rule's function and return its result; None if the rule does not apply.

        ``layers``: a layer, or None, for each need; ``context``: the `RuleContext`; ``arguments``: the rule's keyword
        arguments. Raise what the function raises.
        """
        result = self.function(*layers, ctx=context, **arguments)
        return result if result is None or isinstance(result, RuleResult) else RuleResult(findings=list(result))

    @property
    def algorithm_id(self) -> str:
        """Return the id of the rule's processing algorithm."""
        return self.name.replace("-", "_")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the options of side inputs (such as ``figures``) that the rule's examples use."""
        return tuple(dict.fromkeys(name for example in self.fails for name in example.side))

    @property
    def sections(self) -> dict[str, str]:
        """Return heading → text of the four sections of the rule's docstring, for the English manual."""
        if self.texts:
            keys = ("title", "what", "why", "fix", "limits")
            return dict(zip(("", *DOCSTRING_HEADINGS), (self.texts["en"][key] for key in keys), strict=True))
        return split_sections(inspect.getdoc(self.function) or "")


def split_sections(doc: str, headings: tuple[str, ...] = DOCSTRING_HEADINGS) -> dict[str, str]:
    """Return heading → text of the docstring of a rule or of a fix.

    The text before the first heading is the title; its key is ``""``.
    """
    pieces = re.split(rf"^({'|'.join(map(re.escape, headings))})\s*$", doc, flags=re.MULTILINE)
    sections = {"": pieces[0].strip()}
    for heading, section_text in zip(pieces[1::2], pieces[2::2], strict=True):
        sections[heading] = inspect.cleandoc(section_text).strip()
    return sections


def normalise_rule_code(text: str) -> str:
    """Return a rule's code as written by a user in its usual form: capitals, but an id of a profile as it is."""
    code = text.strip()
    return code[:1].upper() + code[1:] if get_rule_family(code.upper()) == DECLARED_FAMILY else code.upper()


def rule(
    code: str,
    name: str,
    *,
    problem: str,
    severity: Severity = Severity.ERROR,
    basis: Iterable[str],
    needs: dict[str, LayerNeed],
    uses: Iterable[str] = (),
    may_use: Iterable[str] = (),
    messages: dict[str, str],
    fails: Iterable[RuleExample] = (),
    passes: Iterable[RuleExample] = (),
    local: bool = False,
    concurrent: bool = False,
    side: Iterable[str] = (),
    approval_cases: Iterable[str] = (),
    clauses: Callable[..., dict[str, str]] | None = None,
    surroundings: str = "",
    checks_one_layer: bool = False,
    partly_local: bool = False,
    refuses_fix: str = "",
    overlaps_first: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    sum_cases: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that declares a function as a rule.

    ``problem`` names the problem that the rule finds, in English; ``resources/texts`` has the Chinese. The title,
    which states the requirement, is the docstring's first line. ``uses`` names the settings of the standard that the
    rule depends on (``ratio.form``, ``codes.planning_zones``, ``tolerance``): unconfirmed settings marked C make its
    outcome conditional at best. ``may_use`` names those that matter on some data only; its result names them there.
    ``local``: a finding depends only on its row and on adjacent rows, so that an edit
    changes nothing farther away (`live`); False for totals, shares and unique keys. ``concurrent``: the rule may run
    while other rules run in another thread. It reads rows and shapes of its layers only; it uses no shared value
    (`RuleContext.compute_shared`) and no total of statutory areas (`Layer.statutory`), because which of two rules asks
    for them first changes the log and the figures. ``side``: side inputs of the plan
    (``baseline``) without which the rule does not apply; it then reports how to provide them. ``messages``: case →
    English message with named placeholders. ``approval_cases``: cases that are legal only with an approval. The data do
    not contain the approval; a waiver states its document. Until then a note on such a case prevents 通过.
    ``clauses``: returns the clauses that only this rule's messages have (placeholder → text), from a finding, the texts
    and the templates of layers.

    How fixes treat the rule: ``surroundings`` is set for a rule that is not local, but which a changed row affects only
    near the row, or in rows with the same key. It names the change that affects the rule (of
    ``shapes``, of ``keys``, or of the list of ``fields``), or ``gaps`` for a rule on shapes of which each finding is
    one gap, so that it reads only the parts of rows in and near the surroundings. ``checks_one_layer``: the rule checks
    each layer of the plan alone, so that a change of another layer does not matter to it. ``partly_local``: some
    findings of this local rule are totals, or depend on rows without a shape, which may belong anywhere.
    ``refuses_fix``: the reason (key of `FixRefused`) to refuse a fix that causes a finding of the rule on a row that it
    edits.

    What its messages name: ``overlaps_first``: case → codes of rules; the message names their findings at the same
    place, which are to be resolved first. ``sum_cases``: cases that state the sum of a layer; the message names the
    land that the sum counts twice.

    Raises ValueError if the code belongs to no family.
    """
    if code[:3] not in RULE_FAMILIES or not re.fullmatch(r"[A-Z]{3}\d{3}", code):
        raise ValueError(f"{code}: a code is a family ({', '.join(RULE_FAMILIES)}) and three digits")

    def register_rule(function: Callable[..., Any]) -> Callable[..., Any]:
        """Add the rule to the declared rules; return the function unchanged."""
        # The unit of each is the suffix of its name (large_area_m2).
        _DECLARED_RULES[code] = Rule(
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
            parameters=tuple(
                RuleParameter(argument.name, argument.default, find_unit(argument.name))
                for argument in inspect.signature(function).parameters.values()
                if argument.kind is argument.KEYWORD_ONLY and argument.default is not argument.empty
            ),
            order=get_rule_position(code),
            local=local,
            concurrent=concurrent,
            side=tuple(side),
            approval_cases=tuple(approval_cases),
            clauses=clauses,
            surroundings=surroundings,
            checks_one_layer=checks_one_layer,
            partly_local=partly_local,
            refuses_fix=refuses_fix,
            overlaps_first=dict(overlaps_first),
            sum_cases=tuple(sum_cases),
            may_use=tuple(may_use),
        )
        return function

    return register_rule


def find_unit(name: str) -> str:
    """Return the unit at the end of the name of a parameter or setting, such as ``m2``; empty for none."""
    suffix = name.rsplit("_", 1)[-1] if "_" in name else ""
    return suffix if suffix in ("m2", "m", "share", "count", "degrees") else ""


class Rules(Mapping[str, Rule]):
    """All rules by code, in the order of the families.

    A rule's module is imported on first access, so that a check loads only the rules it runs.

    Rules that standards and profiles declare as data (`RULES_OF_DATA`) are found by their code, for texts on a
    finding. They are not listed, because each belongs to some norms only: `rules_by_code` of a `Norm` has all its
    rules.
    """

    def __init__(self) -> None:
        core = Path(__file__).resolve().parent.parent
        file_by_code: dict[str, Path] = {}
        for path in (path for folder in _RULE_FOLDERS for path in (core / folder).rglob("*.py")):
            match = _RULE_FILE_PATTERN.fullmatch(path.name)
            if match is None:
                continue
            for number in match[2].split("_")[:-1]:
                code = f"{match[1].upper()}{number}"
                if file_by_code.setdefault(code, path) != path:
                    raise ValueError(f"{code} is declared in {file_by_code[code].name} and {path.name}")
        self._modules = {
            code: ".".join(file_by_code[code].relative_to(core).with_suffix("").parts)
            for code in sorted(file_by_code, key=get_rule_position)
        }

    def find_code(self, name: str) -> str | None:
        """Return the code of a rule by its name, such as ``expansion-ratio``; None for an unknown name."""
        name = name.replace("_", "-")
        return next((declared_rule.code for declared_rule in self.values() if declared_rule.name == name), None)

    def __getitem__(self, code: str) -> Rule:
        if code in RULES_OF_DATA:
            return RULES_OF_DATA[code]
        if code not in _DECLARED_RULES and code in self._modules:
            importlib.import_module(f"{__name__.rsplit('.', 2)[0]}.{self._modules[code]}")
        return _DECLARED_RULES[code]

    def __contains__(self, code: object) -> bool:
        return code in self._modules or code in _DECLARED_RULES or code in RULES_OF_DATA

    def __iter__(self) -> Iterator[str]:
        declared_elsewhere = _DECLARED_RULES.keys() - self._modules.keys()
        return iter(
            sorted([*self._modules, *declared_elsewhere], key=get_rule_position)
            if declared_elsewhere
            else self._modules
        )

    def __len__(self) -> int:
        return len(self._modules.keys() | _DECLARED_RULES.keys())


#: Returns all rules, found by the codes in the names of their files.
load_all_rules = cache(Rules)


def get_rule_position(code: str) -> int:
    """Return a number by which rules are sorted: by family, then by number; a family alone has the number 0."""
    return RULE_FAMILIES.index(code[:3]) * 1000 + int(code[3:] or 0)
