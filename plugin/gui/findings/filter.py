# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters of the findings list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..widgets.theme import FINDING_KINDS
from .groups import FindingGroup, get_finding_kind, get_listed_rule, make_search_text
from .work_rows import WorkRows

#: Codes of rules on packages.
_PACKAGE_RULE_PREFIX = "DOC"


@dataclass
class FilterSettings:
    """The filters that the user set for the findings list.

    ``shown_kinds``: kinds of findings that are shown (severities, ``waived``, ``skipped``); ``search_text``: words that
    a finding must contain; ``shown_townships``: names of the townships whose findings are shown; ``shown_rules``: codes
    of the rules whose findings are shown; ``package_only``: show only findings on the package itself (DOC rules);
    ``shown_states``: keys of the states (`work_rows.STATE_KEYS`) whose findings are shown; ``shown_assignees``: persons
    whose findings are shown, the empty text for findings without one; ``shown_fingerprints``: fingerprints of the
    findings that are shown, such as those that a message names. Empty sets and texts hide nothing, except empty
    ``shown_kinds``, which hides all.
    """

    shown_kinds: frozenset[str] = frozenset(FINDING_KINDS) - {"waived"}
    search_text: str = ""
    shown_townships: frozenset[str] = frozenset()
    shown_rules: frozenset[str] = frozenset()
    package_only: bool = False
    shown_states: frozenset[str] = frozenset()
    shown_assignees: frozenset[str] = frozenset()
    shown_fingerprints: frozenset[str] = frozenset()
    _search_words: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self):
        self._search_words = tuple(self.search_text.casefold().split())

    def accepts_rule(self, group: FindingGroup) -> bool:
        """Return True if the filters by rule and by package do not hide the whole group."""
        if not group.is_rule:
            return True
        if self.package_only and not group.code.startswith(_PACKAGE_RULE_PREFIX):
            return False
        return not self.shown_rules or group.code in self.shown_rules

    def accepts_skip_reason(self, group: FindingGroup) -> bool:
        """Return True if the row with the reason why a rule was not fully checked passes the filters but that by kind.

        For a rule that was checked in part, the row is shown together with its findings.
        """
        return (
            self.accepts_rule(group)
            and group.is_not_fully_checked
            and not (self.shown_townships or self.shown_states or self.shown_assignees or self.shown_fingerprints)
            and self._matches_search_text(f"{group.code} {group.title} {group.rule_outcome.reason}")
        )

    def shows_skip_reason(self, group: FindingGroup) -> bool:
        """Return True if the row with the reason why a rule was not fully checked passes all filters."""
        kinds = {"skipped", *map(get_finding_kind, group.findings)} if group.check_state == "partly" else {"skipped"}
        return bool(kinds & self.shown_kinds) and self.accepts_skip_reason(group)

    @property
    def hides_by_rule_or_work(self) -> bool:
        """Return True if findings are hidden by their rule in groups of several rules, by work list or fingerprint."""
        return bool(
            self.shown_rules
            or self.package_only
            or self.shown_states
            or self.shown_assignees
            or self.shown_fingerprints
        )

    @property
    def hides_more_than_kinds(self) -> bool:
        """Return True if a filter is set besides that by kind."""
        return bool(self._search_words or self.shown_townships or self.hides_by_rule_or_work)

    def find_matches(
        self, group: FindingGroup, findings: Sequence[Any], work: WorkRows, is_outdated: Callable[[Any], bool]
    ) -> Sequence[Any]:
        """Return those of a group's findings that pass all filters but that by kind."""
        if not self.accepts_rule(group):
            return []
        if self.shown_townships:
            findings = [f for f in findings if f.township in self.shown_townships]
        if self.hides_by_rule_or_work:
            findings = [f for f in findings if self._matches_rule_and_work(f, work, is_outdated)]
        if self._search_words:
            findings = [f for f in findings if self._matches_search_text(make_search_text(group, f, work))]
        return findings

    def _matches_rule_and_work(self, finding: Any, work: WorkRows, is_outdated: Callable[[Any], bool]) -> bool:
        code = get_listed_rule(finding)
        return (
            (not self.package_only or code.startswith(_PACKAGE_RULE_PREFIX))
            and (not self.shown_rules or code in self.shown_rules)
            and (not self.shown_fingerprints or finding.fingerprint in self.shown_fingerprints)
            and (not self.shown_states or work.find_state_key(finding, is_outdated(finding)) in self.shown_states)
            and (not self.shown_assignees or work.get_assignee(finding) in self.shown_assignees)
        )

    def _matches_search_text(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._search_words)
