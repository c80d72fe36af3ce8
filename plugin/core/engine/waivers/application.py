# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply waivers to a report, and report waivers that do not apply.

RUN902 reports expired waivers, RUN903 waivers without a matching finding.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ...geometry.crs import CGCS2000_DEGREES, reproject_coordinates
from ...model.findings import Finding
from ...model.report import Outcome, Report, RuleOutcome
from ...model.rule import Severity
from ...standard.numbering import BSM_LENGTH
from ..plan_consistency import INCONSISTENCY_CODE as FRAME
from ..plan_consistency import belongs_to_plan, mark_as_inconsistency
from .match import WaiverMatches, has_same_place_and_size, match_waivers_with_findings
from .waiver import NEVER_ACCEPTED_REASONS, Waiver, Waivers, compute_distance_m, find_refusal_reason

if TYPE_CHECKING:
    from ...plan.plan import Plan

EXPIRED_CODE, UNMATCHED_CODE = "RUN902", "RUN903"
WAIVED_STATE, OPEN_STATE = "waived", "open"
#: Outcomes of rules that checked all features.
_COMPLETE_OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)
_KEY_PATTERN = re.compile(rf"[0-9]{{6}}[0-9A-Z]{{{BSM_LENGTH - 6}}}")
#: Makes the message of a finding.
RenderMessage = Callable[[Finding], str]


@dataclass
class AppliedWaivers:
    """Changes of a report by applying waivers.

    ``changed_findings``: findings with a new state; ``new_findings``: new findings about waivers; ``ended_findings``:
    earlier findings about waivers, which were removed.
    """

    changed_findings: list[Finding] = field(default_factory=list)
    new_findings: list[Finding] = field(default_factory=list)
    ended_findings: list[Finding] = field(default_factory=list)


def apply_waivers(
    report: Report, plan: Plan, waivers: Waivers, render: RenderMessage, today: date | None = None
) -> AppliedWaivers:
    """Apply the waivers of a plan to a report, in place.

    It can be called again after a change of the waivers. An accepted finding keeps its place in the report, with
    ``state`` waived and the waiver's entries in ``params.waiver``. ``render`` makes messages of findings.
    """
    today = today or date.today()
    about_waivers = [f for f in report.findings if _is_about_waivers(f)]
    findings = [f for f in report.findings if not _is_about_waivers(f)]
    applied_waivers = AppliedWaivers(ended_findings=about_waivers)
    foreign_findings = report_waivers_of_other_county(waivers, plan)
    waivers = replace(waivers, entries=()) if foreign_findings else waivers
    matches_by_validity, applied_waivers.changed_findings = _mark_matched_findings(findings, waivers, today)
    applied_waivers.new_findings = foreign_findings or _make_unapplied_waiver_findings(
        plan, report, findings, matches_by_validity
    )
    for finding in applied_waivers.new_findings:
        finding.message = render(finding)
    report.findings[:] = findings + applied_waivers.new_findings
    finding_counts, open_counts = (
        Counter(f.code for f in findings),
        Counter(f.code for f in findings if f.state != WAIVED_STATE),
    )
    for rule in report.rules:
        if rule.outcome in (Outcome.FAILED, Outcome.WAIVED) and finding_counts[rule.code]:
            rule.outcome = Outcome.FAILED if open_counts[rule.code] else Outcome.WAIVED
    return applied_waivers


def _is_about_waivers(finding: Finding) -> bool:
    """Return True for a finding about waivers (RUN902, RUN903, and RUN904 on a waiver file of another county)."""
    return finding.code in (EXPIRED_CODE, UNMATCHED_CODE) or (finding.code == FRAME and finding.case == "waivers")


def mark_accepted_findings(
    findings: Iterable[Finding], plan: Plan, waivers: Waivers, today: date | None = None
) -> list[Finding]:
    """Mark the findings that waivers accept; return the findings whose state changed.

    The live check uses it (`live`). Waivers without a finding are not reported, because only a part of the plan is
    checked.
    """
    waivers = replace(waivers, entries=()) if report_waivers_of_other_county(waivers, plan) else waivers
    return _mark_matched_findings(list(findings), waivers, today or date.today())[1]


def report_waivers_of_other_county(waivers: Waivers, plan: Plan) -> list[Finding]:
    """Return a finding (RUN904) if the waiver file belongs to another county.

    No row of the file is then applied. The list is empty otherwise.
    """
    keys = [key for entry in waivers.entries for key in (entry.key, *entry.related_keys)]
    votes = Counter(key[:6] for key in keys if _KEY_PATTERN.fullmatch(key))
    code = votes.most_common(1)[0][0] if votes else ""
    if not code or not plan.is_area_code_from_data or belongs_to_plan(code, plan):
        return []
    source = waivers.path.name if waivers.path is not None else ""
    params = {"source": source, "code": code, "county": plan.area_code}
    finding = mark_as_inconsistency(Finding(role="", case="waivers", params=params))
    finding.fingerprint = hashlib.sha256(f"{FRAME}|{source}|{code}".encode()).hexdigest()[:20]
    return [finding]


@dataclass
class _MatchesByValidity:
    """Matches of waivers and findings, by validity of the waivers on the day of the check.

    ``valid_matches``: matches of waivers in force; ``expired_matches``: of expired waivers; ``not_yet``: of waivers
    that are dated later than that day.
    """

    valid_matches: WaiverMatches
    expired_matches: WaiverMatches
    not_yet: WaiverMatches


def _mark_matched_findings(
    findings: list[Finding], waivers: Waivers, today: date
) -> tuple[_MatchesByValidity, list[Finding]]:
    # A row of the file, too, cannot accept a finding about the run or on a package made by force.
    """Mark the findings that valid waivers accept, and unmark all others.

    Return the matches of all waivers, and the findings whose state or waiver changed.
    """
    waivable = [finding for finding in findings if find_refusal_reason(finding) not in NEVER_ACCEPTED_REASONS]
    later = [w for w in waivers.entries if w.date > today]
    expired = [w for w in waivers.entries if w.date <= today and w.has_expired(today)]
    valid = [w for w in waivers.entries if w.date <= today and not w.has_expired(today)]
    matches_by_validity = _MatchesByValidity(
        *(match_waivers_with_findings(waivers, entries, waivable) for entries in (valid, expired, later))
    )
    changed_findings = []
    for finding in findings:
        waiver = matches_by_validity.valid_matches.waiver_by_finding_id.get(id(finding))
        # A note does not affect the verdict, so it needs no waiver, unless it needs an approval.
        is_waived = waiver is not None and _can_be_waived(finding)
        values = waiver.get_report_values() if waiver is not None and is_waived else None
        if (finding.state == WAIVED_STATE) != is_waived or finding.params.get("waiver") != values:
            finding.state = (
                WAIVED_STATE if is_waived else OPEN_STATE if finding.state == WAIVED_STATE else finding.state
            )
            finding.params.pop("waiver", None)
            if values is not None:
                finding.params["waiver"] = values
            changed_findings.append(finding)
    return matches_by_validity, changed_findings


def _can_be_waived(finding: Finding) -> bool:
    """Return True unless a finding is a note that needs no approval."""
    return finding.severity is not Severity.INFO or finding.needs_approval


def _make_unapplied_waiver_findings(
    plan: Plan, report: Report, findings: list[Finding], matches_by_validity: _MatchesByValidity
) -> list[Finding]:
    """Return findings about waivers that accept no finding: expired, not yet valid, outdated or without a finding."""
    by_id = {id(f): f for f in findings}
    outcomes = {r.code: r for r in report.rules}
    valid, expired, not_yet = (
        matches_by_validity.valid_matches,
        matches_by_validity.expired_matches,
        matches_by_validity.not_yet,
    )
    waiver_findings = []
    for waiver_matches, case in ((expired, "expired"), (not_yet, "not_yet")):
        for key, waiver in waiver_matches.waiver_by_finding_id.items():
            finding = by_id[key]
            if key not in valid.waiver_by_finding_id and _can_be_waived(finding):
                waiver_findings.append(_make_waiver_finding(EXPIRED_CODE, case, waiver, finding))
            elif waiver_matches is not_yet:
                waiver_findings.append(_make_premature_waiver_finding(waiver, plan))
    for waiver_matches in (valid, expired, not_yet):
        for waiver, finding in waiver_matches.outdated_matches:
            if id(finding) in valid.waiver_by_finding_id:
                continue
            has_places = waiver.lonlat and finding.place
            change = {
                "moved_m": round(compute_distance_m(waiver.lonlat, finding.place), 2) if has_places else 0.0,
                "before_m2": round(waiver.area_m2 or 0.0, 2),
                "now_m2": round(waiver.measure_comparable_area(finding) or 0.0, 2),
            }
            has_areas = waiver.area_m2 is not None and finding.area_m2 is not None
            case = "changed" if has_areas and not has_same_place_and_size(waiver, finding) else "differs"
            waiver_findings.append(_make_waiver_finding(UNMATCHED_CODE, case, waiver, finding, **change))
        waiver_findings += [
            _make_waiver_finding(UNMATCHED_CODE, "unsure", waiver, finding)
            for waiver, finding in waiver_matches.matched_by_fid
        ]
    waiver_findings += [
        _make_unmatched_waiver_finding(waiver, outcomes.get(waiver.rule), plan) for waiver in valid.unmatched_waivers
    ]
    # An expired waiver without a finding has served its purpose; it is reported if the rule was run.
    expired_waiver_findings = [
        _make_unmatched_waiver_finding(waiver, outcomes.get(waiver.rule), plan) for waiver in expired.unmatched_waivers
    ]
    waiver_findings += [f for f in expired_waiver_findings if f.case == "gone"]
    return waiver_findings + [_make_premature_waiver_finding(waiver, plan) for waiver in not_yet.unmatched_waivers]


def _make_waiver_finding(code: str, case: str, waiver: Waiver, accepted_finding: Finding, **params: Any) -> Finding:
    """Return a finding about a waiver, at the place of the finding that the waiver accepts."""
    return replace(
        _make_finding(code, case, waiver, Severity.WARNING, **params),
        role=accepted_finding.role,
        key=accepted_finding.key,
        related_role=accepted_finding.related_role,
        related_keys=list(accepted_finding.related_keys),
        area_m2=accepted_finding.area_m2,
        township=accepted_finding.township,
        geometry=accepted_finding.geometry,
        place=accepted_finding.place,
    )


def _make_unmatched_waiver_finding(waiver: Waiver, outcome: RuleOutcome | None, plan: Plan) -> Finding:
    """Return a finding about a waiver that matches no finding.

    The message states whether the accepted problem has ended or was not checked. ``outcome``: outcome of its rule, None
    if the rule did not run.
    """
    was_checked = outcome is not None and outcome.outcome in _COMPLETE_OUTCOMES and not outcome.incomplete
    case = "gone" if was_checked else "not_looked" if outcome is not None else "not_run"
    return _fill_location_from_waiver(_make_finding(UNMATCHED_CODE, case, waiver, Severity.INFO), waiver, plan)


def _make_premature_waiver_finding(waiver: Waiver, plan: Plan) -> Finding:
    """Return a finding about a waiver that is dated later than today.

    Such a waiver is not applied.
    """
    return _fill_location_from_waiver(_make_finding(EXPIRED_CODE, "not_yet", waiver, Severity.INFO), waiver, plan)


def _fill_location_from_waiver(finding: Finding, waiver: Waiver, plan: Plan) -> Finding:
    """Return ``finding`` with the place that the waiver records."""
    finding.role, finding.key = waiver.role, waiver.key
    finding.related_role, finding.related_keys = waiver.related_role, list(waiver.related_keys)
    if waiver.lonlat:
        finding.geometry = shapely.Point(
            *reproject_coordinates(np.array([waiver.lonlat]), CGCS2000_DEGREES, plan.crs)[0]
        )
        finding.place = waiver.lonlat
    return finding


def _make_finding(code: str, case: str, waiver: Waiver, severity: Severity, **params: Any) -> Finding:
    """Return a finding about a waiver, without a place; the waiver identifies it in later checks."""
    values = waiver.get_report_values()
    waiver_texts = {name: values[name] for name in ("document", "author", "date", "until")} | {"number": waiver.id}
    waiver_texts["said"] = waiver.message
    return Finding(
        role="",
        code=code,
        case=case,
        severity=severity,
        params={"rule": waiver.rule, **waiver_texts, **params, "waiver": values},
        # The fingerprint follows the waiver, not the finding.
        fingerprint=hashlib.sha256(f"{code}|{waiver.id}".encode()).hexdigest()[:20],
    )
