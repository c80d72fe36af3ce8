# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of one check as the panel shows it, and the queue of its changes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QObject

from ...bridge.layers.properties import convert_to_qgis_crs
from ...bridge.running.portions import PortionedWork, Waiting, run_to_end
from ...core.checks.saved_result import ChangesSinceCheck, OutdatedFindings
from ...core.engine.explanation import (
    EffectiveValue,
    describe_citation,
    format_effective_values,
    replace_parameter_names_with_titles,
)
from ...core.model.rule import load_all_rules
from ...core.standard.profile.norm import is_sealed_or_supplied
from .groups import can_be_fixed

#: A change of more findings is shown in several turns of the event loop.
MAX_FINDINGS_SHOWN_AT_ONCE = 20


@dataclass
class CheckView:
    """The result of a check as the panel shows it, with the changes since the check.

    ``check_result``: plan and report of the core; ``finished_at``: time of the check; ``findings``: current findings
    after edits, while the report remains that of the full check; ``rechecked_features``: features that were re-checked;
    ``edited_features``: features that now differ from the full check;
    ``is_restored``: read from the file next to the project; ``outdated_findings``: determines the findings that may be
    outdated; ``is_of_package``: the findings are of an inspected package.
    """

    check_result: Any
    finished_at: datetime
    crs: QgsCoordinateReferenceSystem
    texts: Any
    findings: list[Any] = field(default_factory=list)
    rechecked_features: set[Any] = field(default_factory=set)
    edited_features: frozenset[Any] = frozenset()
    is_restored: bool = False
    outdated_findings: OutdatedFindings | None = None
    is_of_package: bool = False

    def __post_init__(self) -> None:
        self.findings = list(self.report.findings)

    @classmethod
    def from_check_result(cls, check_result: Any, is_of_package: bool = False) -> CheckView:
        """Return the view of a result of the core, with the present time as time of the check."""
        from ...core.standard.messages.texts import Texts

        lang = check_result.report.lang
        crs = convert_to_qgis_crs(check_result.plan.crs)
        return cls(check_result, datetime.now(), crs, Texts(lang), is_of_package=is_of_package)

    @property
    def report(self) -> Any:
        """Return the report of the full check (`core.model.report.Report`)."""
        return self.check_result.report

    def can_be_fixed(self, finding: Any) -> bool:
        """Return True if a fix is declared for a finding, and may change one of its layers: not both are sealed."""
        norm, roles = self.check_result.plan.norm, {finding.role, finding.related_role} - {""}
        are_both_sealed = len(roles) > 1 and all(is_sealed_or_supplied(role, norm) for role in roles)
        return not are_both_sealed and can_be_fixed(finding)

    def apply_changes(self, change: Any) -> None:
        """Apply the changes that a re-check found (`core.checks.live.session.FindingsChange`)."""
        ended_ids = {id(f) for f in change.ended_findings}
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        self.findings = [
            new_version_by_id.get(id(f), f) for f in self.findings if id(f) not in ended_ids
        ] + change.new_findings
        self.rechecked_features |= change.rechecked_features
        if change.edited_features is not None:
            self.edited_features = change.edited_features

    def count_findings(self) -> dict[str, int]:
        """Return kind → number of current findings; the kind ``skipped`` counts the rules that checked nothing.

        A rule that checked a part of the data is counted only by its findings.
        """
        kinds = Counter("waived" if f.state == "waived" else str(f.severity) for f in self.findings)
        rules = self.report.rule_counts
        finding_counts = {kind: kinds[kind] for kind in ("ERROR", "WARNING", "INFO", "waived")}
        return {**finding_counts, "skipped": rules["skipped"] + rules["crashed"]}

    @property
    def time_text(self) -> str:
        """Return the time of the check as text; with the date for a restored result."""
        return f"{self.finished_at:%Y-%m-%d %H:%M}" if self.is_restored else f"{self.finished_at:%H:%M}"

    def set_changes(self, changes: ChangesSinceCheck) -> None:
        """Record what has changed in the project since the check."""
        self.outdated_findings = OutdatedFindings(changes, self.check_result.plan.norm.standard.concepts)

    @property
    def changes_since_check(self) -> ChangesSinceCheck:
        """Return what has changed in the project since the check; an empty record if nothing."""
        return self.outdated_findings.changes if self.outdated_findings is not None else ChangesSinceCheck()

    def find_rule_outcome(self, code: str) -> Any:
        """Return the outcome of a rule (`core.model.report.RuleOutcome`) by its code, or None."""
        return next((r for r in self.report.rules if r.code == code), None)

    def get_rule_help(self, code: str) -> dict[str, str]:
        """Return heading → text of a rule's help; empty for other codes."""
        rule = load_all_rules().get(code)
        help_texts = self.texts.get_rule_help(rule) if rule else {}
        return {
            heading: replace_parameter_names_with_titles(text, rule, self.texts) for heading, text in help_texts.items()
        }

    def list_parameters(self, code: str) -> list[str]:
        """Return the rule's own parameters with the values used, one per line.

        Parameters that several rules share are on the help page.
        """
        outcome = self.find_rule_outcome(code)
        effective_values = [
            EffectiveValue(**one) for one in (outcome.parameters if outcome else ()) if not one["setting"]
        ]
        return format_effective_values(effective_values, self.texts, shows_keys=False)

    def list_citations(self, code: str) -> list[tuple[str, str]]:
        """Return the citations on which a rule is based, each with its mark (A, B or C)."""
        rule, norm = load_all_rules().get(code), self.check_result.plan.norm
        citations = [norm.citations[key] for key in (rule.basis if rule else ()) if key in norm.citations]
        return [(citation.mark, describe_citation(citation, norm, self.texts)) for citation in citations]


DisplaySteps = Generator[Waiting | None, None, None]


class ChangeQueue(QObject):
    """Runs the steps that show changes of findings, in the order of the changes.

    Call `finish` before other code changes what is displayed, `cancel` before another result replaces it.
    """

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._waiting: deque[Callable[[], DisplaySteps]] = deque()
        self._work: PortionedWork | None = None

    def add(self, change: Any, make_steps: Callable[[], DisplaySteps]) -> None:
        """Show a change after those that wait; at once if it is small and none waits.

        ``make_steps``: returns a generator that shows the change in steps.
        """
        count = len(change.ended_findings) + len(change.new_findings) + len(change.changed_findings)
        if self._work is None and count <= MAX_FINDINGS_SHOWN_AT_ONCE:
            run_to_end(make_steps())
        else:
            self._waiting.append(make_steps)
            self._start()

    @property
    def is_empty(self) -> bool:
        """Return True if no change waits or is being shown."""
        return self._work is None and not self._waiting

    def _start(self) -> None:
        if self._work is None and self._waiting:
            self._work = PortionedWork(self._run_all(), self._end, self._end, self)

    def finish(self) -> None:
        """Show all changes that wait, at once."""
        work, self._work = self._work, None
        if work is not None:
            work.finish()

    def cancel(self) -> None:
        """Discard the changes that wait: they are of a former result."""
        self._waiting.clear()
        work, self._work = self._work, None
        if work is not None:
            work.cancel()

    def _run_all(self) -> DisplaySteps:
        while self._waiting:
            yield from self._waiting.popleft()()

    def _end(self, _outcome: Any) -> None:
        self._work = None
        # The changes behind one that failed are shown nevertheless.
        self._start()
