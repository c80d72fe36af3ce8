# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the rules of a run, and apply them to a plan."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, TypeVar

import numpy as np
import shapely

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ..base.parallel.process_state import get_thread_count, halve_threads, pause_garbage_collection
from ..geometry.tolerance import Tolerance
from ..model.findings import Finding
from ..model.indicator import Indicator
from ..model.report import RuleOutcome
from ..model.rule import EVERY_LAYER, Rule, load_all_rules
from ..model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ..plan.plan import Plan, RecheckFocus
from ..standard.messages.texts import Texts
from .context import RuleContext
from .outcome import run_rule
from .rule_memory import RuleMemory
from .run_log import IgnoredSlivers, RunLog

#: Older versions of GEOS store the box of a ring when first asked for it; two threads that ask at once damage it.
_MIN_GEOS_VERSION = (3, 12)

_Run = TypeVar("_Run")


def can_run_concurrently(rules: list[Rule]) -> bool:
    """Return True if two threads may and should run these rules."""
    return (
        get_thread_count() > 1
        and shapely.geos_version >= _MIN_GEOS_VERSION
        and len({rule.concurrent for rule in rules}) > 1
    )


def run_in_two_threads(
    rules: list[Rule],
    run_rule: Callable[[Rule, Cancellation], _Run],
    report_progress: Callable[[int, Rule], None],
    cancellation: Cancellation,
) -> list[_Run]:
    """Return what ``run_rule`` returns for each rule, in the order of the rules.

    ``run_rule``: called with a rule and a cancellation, for concurrent rules in a second thread. ``report_progress``:
    called in the caller's thread with the number of finished rules and a rule that runs now; it may raise.

    Raises
    ------
    Cancelled
        The user cancelled. No rule runs any more when this or another error is raised.
    """
    is_stopped = Event()
    error_state = np.geterr()
    worker_cancellation = Cancellation(lambda: is_stopped.is_set() or cancellation.cancelled())

    def run_in_worker(rule: Rule) -> _Run:
        # NumPy's handling of floating point errors is a setting of each thread.
        with np.errstate(**error_state):
            return run_rule(rule, worker_cancellation)

    runs: dict[str, _Run] = {}
    with pause_garbage_collection(), halve_threads(), ThreadPoolExecutor(1, "sanxian-rules") as pool:
        try:
            waiting = {rule.code: pool.submit(run_in_worker, rule) for rule in rules if rule.concurrent}

            def report(rule: Rule) -> None:
                report_progress(len(runs) + sum(future.done() for future in waiting.values()), rule)

            for rule in rules:
                if not rule.concurrent:
                    report(rule)
                    runs[rule.code] = run_rule(rule, cancellation)
            for rule in rules:
                if rule.concurrent:
                    if not waiting[rule.code].done():
                        report(rule)
                    runs[rule.code] = waiting.pop(rule.code).result()
        except BaseException:
            is_stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [runs[rule.code] for rule in rules]


def choose_rules(
    plan_rules: Iterable[str], requested: Iterable[str] = (), declared_rules: Mapping[str, Rule] | None = None
) -> list[Rule]:
    """Return the rules of a run, sorted by family and code.

    ``plan_rules``: codes of the rules that run by default; ``requested``: codes or names that the user requested in
    place of these, empty for none. ``declared_rules``: the rules that the norm declares as data, by code. Raise
    InputError for a rule that does not exist.
    """
    rules_by_code, declared_rules = load_all_rules(), declared_rules or {}
    # Ids of profiles may have small letters.
    declared_codes = {code.upper(): code for code in declared_rules}
    codes = [text.strip() for text in requested if text.strip()] or list(plan_rules)
    selected_rules = {}
    for code in codes:
        if code.upper() in declared_codes:
            declared_code = declared_codes[code.upper()]
            selected_rules[declared_code] = declared_rules[declared_code]
            continue
        matched_code = code.upper() if code.upper() in rules_by_code else rules_by_code.find_code(code)
        if matched_code is None:
            raise InputError("rule_unknown", rule=code, known=", ".join((*rules_by_code, *declared_rules)))
        selected_rules[matched_code] = rules_by_code[matched_code]
    return sorted(selected_rules.values(), key=lambda rule: rule.order)


@dataclass
class Evaluation:
    """Results of all rules: outcomes, findings, indicators and ignored slivers.

    The findings have no township, message or fingerprint until `outcome.complete_findings`.
    """

    rules: list[Rule]
    tolerance: Tolerance
    outcomes: list[RuleOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    #: Slivers that each rule ignored, by its code.
    ignored_by_rule: dict[str, list[IgnoredSlivers]] = field(default_factory=dict)
    #: Fallback steps of the geometry operations.
    fallback_steps: list[dict[str, Any]] = field(default_factory=list)


class BoundaryCaches:
    """The layers of a plan, each with the rules that may still compare its boundaries.

    The memory of the boundaries of a layer that no further rule compares is released.
    """

    def __init__(self, plan: Plan, rules: list[Rule]):
        self._layers = dict(dict.items(plan.layers))
        self._lock = Lock()
        #: Role → codes of the rules that have not run yet.
        self._waiting_codes: dict[str, set[str]] = {role: set() for role in self._layers}
        for rule in rules:
            concepts = [need.concept for need in rule.needs.values()]
            compared_roles: Iterable[str] = self._layers
            # A rule without needs uses all layers; a rule with inputs only uses those inputs.
            if EVERY_LAYER not in concepts and (concepts or rule.inputs):
                layers = map(plan.find_layer_of_concept, concepts)
                compared_roles = [layer.role for layer in layers if layer is not None]
            for role in compared_roles:
                self._waiting_codes[role].add(rule.code)

    def release_after(self, rule: Rule) -> None:
        """Release the caches of each layer that only this rule was waiting for; call it when the rule has run."""
        with self._lock:
            released_roles = [role for role, codes in self._waiting_codes.items() if codes == {rule.code}]
            for codes in self._waiting_codes.values():
                codes.discard(rule.code)
        for role in released_roles:
            self._layers[role].polygons.release_caches()


def evaluate_rules(
    rules: Iterable[Rule],
    plan: Plan,
    *,
    side_inputs: SideInputs = NO_SIDE_INPUTS,
    focus: RecheckFocus | None = None,
    run_rules: Iterable[Rule] | None = None,
    parameters: dict[str, dict[str, Any]] | None = None,
    tolerance: Tolerance | None = None,
    lang: str = "zh",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    memory: RuleMemory | None = None,
) -> Evaluation:
    """Apply rules to a plan, and return their outcomes and findings in the order of the rules.

    Serves a whole check, a check around an edit (``focus``) and a single rule. In a whole check, rules that are
    declared ``concurrent`` run in a second thread.

    Parameters
    ----------
    rules
        The rules to apply.
    run_rules
        All rules of the run, if ``rules`` are only some of them: a rule may leave a problem to another rule of the run.
    parameters
        Rule code → keyword arguments that take precedence over the standard and the profile.
    tolerance
        None: the tolerance of the plan's norm.
    progress
        Called before each rule with the share of rules done (0 to 1) and a text.
    cancellation
        Read between batches of pairs.
    memory
        Results of earlier checks of the county, for a whole check. Rules whose inputs are unchanged are not computed
        again; the memory keeps the results of this check.

    Raises
    ------
    Cancelled
        The user cancelled. No other error is raised: a failing rule gives the outcome ``crashed`` and a finding RUN900.
    """
    texts = Texts(lang)
    evaluation = Evaluation(list(rules), tolerance or plan.norm.make_tolerance())
    all_rules = tuple(evaluation.rules if run_rules is None else run_rules)
    # Around an edit, layers are small, and the caches of their boundaries serve the next edit too.
    boundary_caches = BoundaryCaches(plan, evaluation.rules) if focus is None else None

    def run_one(
        rule: Rule, rule_cancellation: Cancellation
    ) -> tuple[RuleOutcome, list[Finding], list[Indicator], RunLog]:
        """Run one rule, and release what no further rule uses."""
        context = RuleContext(
            plan, plan.norm, evaluation.tolerance, all_rules, rule_cancellation, side_inputs, focus, lang=lang
        )
        start_time = time.monotonic()
        # Python's garbage collection would search the findings of a rule again and again as they become more.
        with pause_garbage_collection():
            outcome, findings, indicators = run_rule(rule, context, parameters or {}, texts, memory)
        outcome.seconds, outcome.findings = round(time.monotonic() - start_time, 3), len(findings)
        if boundary_caches is not None:
            boundary_caches.release_after(rule)
        return outcome, findings, indicators, context.run_log

    def report_progress(number: int, rule: Rule) -> None:
        """Report that a rule runs, after ``number`` rules are done."""
        cancellation.raise_if_cancelled()
        progress(number / max(len(evaluation.rules), 1), f"{rule.code} {texts.get_rule_title(rule)}")

    with ExitStack() as stack:
        if memory is not None:
            stack.callback(memory.end_run)
            memory.start_run(
                RuleContext(plan, plan.norm, evaluation.tolerance, all_rules, cancellation, side_inputs, lang=lang)
            )
        if focus is None and can_run_concurrently(evaluation.rules):
            runs = run_in_two_threads(evaluation.rules, run_one, report_progress, cancellation)
        else:
            runs = []
            for number, rule in enumerate(evaluation.rules):
                report_progress(number, rule)
                runs.append(run_one(rule, cancellation))
    for rule, (outcome, findings, indicators, run_log) in zip(evaluation.rules, runs, strict=True):
        evaluation.outcomes.append(outcome)
        evaluation.findings += findings
        evaluation.indicators += indicators
        if run_log.ignored_slivers:
            evaluation.ignored_by_rule[rule.code] = run_log.ignored_slivers
        evaluation.fallback_steps += [{"rule": rule.code, **step} for step in run_log.fallback_steps]
    cancellation.raise_if_cancelled()
    return evaluation


def find_additional_rules(plan: Plan, side_inputs: SideInputs) -> list[Rule]:
    """Return rules that the scope omits although the plan has all their layers, sorted by code.

    The scope is the kind of delivery; it decides which rules run by default. Rules on packages (DOC) are excluded: they
    run when a package is inspected. Rules that read a table are included only if the table is given.
    """
    expected = set(plan.norm.list_expected_rules_of_scope(plan.scope))
    rules = load_all_rules()
    # Rules of packages are not even loaded.
    codes = [code for code in sorted(rules) if code not in expected and not code.startswith("DOC")]
    return [rules[code] for code in codes if _has_required_inputs(rules[code], plan, side_inputs)]


def _has_required_inputs(rule: Rule, plan: Plan, side_inputs: SideInputs) -> bool:
    """Return True if the plan has the required layers and side inputs of a rule.

    At least one of the layers must have a geometry. For a rule without required layers, which reads the layers that
    settings name, the plan must have all layers of one of its failing examples.
    """
    if any(name not in side_inputs for name in rule.side):
        return False
    required_concepts = [need.concept for need in rule.needs.values() if not need.optional]
    if not required_concepts:
        for example in rule.fails:
            layers = [plan.find_layer_of_concept(example.roles.get(name, name)) for name in example.layers]
            has_layers = bool(layers) and all(layer is not None and len(layer) > 0 for layer in layers)
            if has_layers and all(name in side_inputs for name in example.side):
                return True
        return False
    layers = [
        layer
        for concept in required_concepts
        for layer in (plan.layers.values() if concept == EVERY_LAYER else [plan.find_layer_of_concept(concept)])
    ]
    return all(layer is not None for layer in layers) and any(
        layer is not None and not layer.has_no_geometry for layer in layers
    )
