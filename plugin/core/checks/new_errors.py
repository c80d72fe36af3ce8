# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that appeared since editing began."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ..model.rule import Severity

#: Share of a finding's land that may be outside a former one of which it is a part.
_MAX_NEW_SHARE = 0.01


def match_moved_findings(change: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each new finding of a change with the former one that an edit only moved or divided, or with None.

    An edit moves a finding for example to another township, or divides its feature, whose new part has another key.
    ``change``: `core.checks.live.session.FindingsChange`.
    """
    ended_by_problem: dict[tuple[Any, ...], list[Any]] = {}
    for finding in change.ended_findings:
        ended_by_problem.setdefault(finding.problem_name, []).append(finding)
    for finding in change.new_findings:
        ended_findings = ended_by_problem.get(finding.problem_name, [])
        matching_finding = next((one for one in ended_findings if _is_at_same_place(finding, one)), None)
        if matching_finding is not None:
            ended_findings.remove(matching_finding)
        else:
            formers = (*change.ended_findings, *(former for former, _present in change.changed_findings))
            matching_finding = next((former for former in formers if _is_part(finding, former)), None)
        yield finding, matching_finding


def _is_part(finding: Any, former_finding: Any) -> bool:
    """Return True if the land of a finding was nearly all in that of a former finding of the same kind."""
    if (finding.code, finding.case, finding.role) != (former_finding.code, former_finding.case, former_finding.role):
        return False
    if {finding.geom_kind, former_finding.geom_kind} != {"area"}:
        return False
    # Most pairs are far apart, which this finds by their boxes.
    if not finding.geometry.intersects(former_finding.geometry):
        return False
    outside = finding.geometry.difference(former_finding.geometry)
    return bool(outside.area < _MAX_NEW_SHARE * finding.geometry.area)


def _is_at_same_place(finding: Any, former_finding: Any) -> bool:
    """Return True if two findings of the same problem are at the same place.

    A finding that its key identifies is always at the same place; others are if their geometries intersect.
    """
    if not finding.by_place:
        return bool(finding.key)
    has_places = "none" not in (finding.geom_kind, former_finding.geom_kind)
    return has_places and bool(finding.geometry.intersects(former_finding.geometry))


class NewErrors:
    """Knows the errors that existed when editing began, and so which ones are new.

    Errors are compared by fingerprint: one that an edit ends and an undo brings back is not new.
    """

    #: None until editing begins.
    known_fingerprints: set[str] | None = None

    def begin(self, findings: Iterable[Any]) -> None:
        """Take these findings as those before the edits."""
        self.known_fingerprints = {finding.fingerprint for finding in findings if finding.severity == Severity.ERROR}

    def follow(self, change: Any) -> None:
        """Follow errors that an edit moved or changed in size, which are not new.

        ``change``: `core.checks.live.session.FindingsChange`.
        """
        if self.known_fingerprints is None:
            return
        for former, present in [
            *change.changed_findings,
            *((former, present) for present, former in match_moved_findings(change) if former is not None),
        ]:
            if former.fingerprint in self.known_fingerprints:
                self.known_fingerprints.add(present.fingerprint)

    def list_new(self, findings: Iterable[Any], roles: Collection[str]) -> list[Any]:
        """Return the new errors among the present findings that concern layers of these roles; none before `begin`."""
        if self.known_fingerprints is None:
            return []
        return [
            finding
            for finding in findings
            if finding.severity == Severity.ERROR
            and finding.state != "waived"
            and finding.fingerprint not in self.known_fingerprints
            and not {finding.role, finding.related_role}.isdisjoint(roles)
        ]

    def accept(self, findings: Iterable[Any]) -> None:
        """Count these errors as known, because they were reported."""
        if self.known_fingerprints is not None:
            self.known_fingerprints.update(finding.fingerprint for finding in findings)
