# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply waivers to a report; report those that do not apply (RUN902, RUN903)."""

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

from ..engine.plan_consistency import CODE as FRAME
from ..engine.plan_consistency import belongs_to_plan, make_inconsistency_finding
from ..geometry.crs import GEODETIC, reproject_coordinates
from ..model.findings import Finding
from ..model.report import Outcome, Report, RuleOutcome
from ..model.rule import Severity
from ..standard.numbering import LENGTH
from .match import WaiverMatches, is_still_there, match_waivers
from .model import RUN, Waiver, Waivers, distance_m, find_refusal_reason

if TYPE_CHECKING:
    from ..plan.plan import Plan

EXPIRED, UNMATCHED = "RUN902", "RUN903"
WAIVED, OPEN = "waived", "open"
#: Outcomes of rules that checked all features.
_COMPLETE = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)
_KEY = re.compile(rf"[0-9]{{6}}[0-9A-Z]{{{LENGTH - 6}}}")
#: Makes the message of a finding.
RenderMessage = Callable[[Finding], str]


@dataclass
class AppliedWaivers:
    """Changes by waivers: findings with a new state, and findings about waivers."""

    changed: list[Finding] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    gone: list[Finding] = field(default_factory=list)


def apply_waivers(
    report: Report, plan: Plan, waivers: Waivers, render: RenderMessage, today: date | None = None
) -> AppliedWaivers:
    """Apply the waivers of a plan to a report, in place.

    A second call after a change of the waivers gives the present state. An accepted finding keeps its place in the
    report, with ``state`` waived and the waiver's entries in ``params.waiver``.
    """
    today = today or date.today()
    about = [f for f in report.findings if _is_about_waivers(f)]
    findings = [f for f in report.findings if not _is_about_waivers(f)]
    judged = AppliedWaivers(gone=about)
    foreign = foreign_waivers(waivers, plan)
    waivers = replace(waivers, entries=()) if foreign else waivers
    matched, judged.changed = _hold(findings, waivers, today)
    judged.found = foreign or _about(plan, report, findings, matched)
    for finding in judged.found:
        finding.message = render(finding)
    report.findings[:] = findings + judged.found
    _set_outcomes(report.rules, findings)
    return judged


def _is_about_waivers(finding: Finding) -> bool:
    return finding.code in (EXPIRED, UNMATCHED) or (finding.code == FRAME and finding.case == "waivers")


def mark_accepted(
    findings: Iterable[Finding], plan: Plan, waivers: Waivers, today: date | None = None
) -> list[Finding]:
    """Mark the accepted findings only; return those that changed.

    Used around an edit (`live`), where a missing finding has not ended.
    """
    waivers = replace(waivers, entries=()) if foreign_waivers(waivers, plan) else waivers
    return _hold(list(findings), waivers, today or date.today())[1]


def foreign_waivers(waivers: Waivers, plan: Plan) -> list[Finding]:
    """Return a finding RUN904 if the waiver file belongs to another county.

    None of its rows is then applied.
    """
    code = find_other_county(waivers, plan)
    if not code:
        return []
    source = waivers.path.name if waivers.path is not None else ""
    params = {"source": source, "code": code, "county": plan.area_code}
    found = make_inconsistency_finding(Finding(role="", case="waivers", params=params))
    found.fingerprint = hashlib.sha256(f"{FRAME}|{source}|{code}".encode()).hexdigest()[:20]
    return [found]


def find_other_county(waivers: Waivers, plan: Plan) -> str:
    """Return the county of most keys in a waiver file if it differs from the plan's.

    Return an empty text otherwise.
    """
    keys = [key for entry in waivers.entries for key in (entry.key, *entry.related_keys)]
    votes = Counter(key[:6] for key in keys if _KEY.fullmatch(key))
    code = votes.most_common(1)[0][0] if votes else ""
    return code if code and plan.area_known and not belongs_to_plan(code, plan) else ""


@dataclass
class _Matched:
    """Waivers by validity: in force, expired, and dated later than today."""

    valid: WaiverMatches
    expired: WaiverMatches
    not_yet: WaiverMatches


def _hold(findings: list[Finding], waivers: Waivers, today: date) -> tuple[_Matched, list[Finding]]:
    # A finding about the run does not come from a rule: a row of the file cannot accept it.
    waivable = [finding for finding in findings if find_refusal_reason(finding) != RUN]
    later = [w for w in waivers.entries if w.date > today]
    expired = [w for w in waivers.entries if w.date <= today and w.expired(today)]
    valid = [w for w in waivers.entries if w.date <= today and not w.expired(today)]
    matched = _Matched(*(match_waivers(waivers, entries, waivable) for entries in (valid, expired, later)))
    changed = []
    for finding in findings:
        waiver = matched.valid.matched.get(id(finding))
        # A note blocks no export: accepting it would only affect the verdict.
        waived = waiver is not None and finding.severity is not Severity.INFO
        values = waiver.report_values() if waiver is not None and waived else None
        if (finding.state == WAIVED) != waived or finding.params.get("waiver") != values:
            finding.state = WAIVED if waived else OPEN if finding.state == WAIVED else finding.state
            finding.params.pop("waiver", None)
            if values is not None:
                finding.params["waiver"] = values
            changed.append(finding)
    return matched, changed


def _about(plan: Plan, report: Report, findings: list[Finding], matched: _Matched) -> list[Finding]:
    by_id = {id(f): f for f in findings}
    outcomes = {r.code: r for r in report.rules}
    valid, expired, not_yet = matched.valid, matched.expired, matched.not_yet
    found = []
    for matching, case in ((expired, "expired"), (not_yet, "not_yet")):
        for key, waiver in matching.matched.items():
            finding = by_id[key]
            if key not in valid.matched and finding.severity is not Severity.INFO:
                found.append(_finding_at(EXPIRED, case, waiver, finding))
            elif matching is not_yet:
                found.append(_premature_finding(waiver, plan))
    for matching in (valid, expired, not_yet):
        found += [_changed_finding(waiver, f) for waiver, f in matching.changed if id(f) not in valid.matched]
        found += [_finding_at(UNMATCHED, "unsure", waiver, finding) for waiver, finding in matching.unsure]
    found += [_unmatched_finding(waiver, outcomes.get(waiver.rule), plan) for waiver in valid.gone]
    # An expired waiver without a finding has served its purpose; it is reported if the rule was run.
    late = [_unmatched_finding(waiver, outcomes.get(waiver.rule), plan) for waiver in expired.gone]
    found += [f for f in late if f.case == "gone"]
    return found + [_premature_finding(waiver, plan) for waiver in not_yet.gone]


def _changed_finding(waiver: Waiver, finding: Finding) -> Finding:
    """Return a finding about a waiver whose finding has changed."""
    change = {
        "moved_m": round(distance_m(waiver.place, finding.place), 2) if waiver.place and finding.place else 0.0,
        "before_m2": round(waiver.area_m2 or 0.0, 2),
        "now_m2": round(waiver.area_now(finding) or 0.0, 2),
    }
    areas = waiver.area_m2 is not None and finding.area_m2 is not None
    case = "changed" if areas and not is_still_there(waiver, finding) else "differs"
    return _finding_at(UNMATCHED, case, waiver, finding, **change)


def _finding_at(code: str, case: str, waiver: Waiver, about: Finding, **params: Any) -> Finding:
    """Return a finding about a waiver, at the place of its accepted finding."""
    made = _finding(code, case, waiver, Severity.WARNING, **params)
    made.role, made.key = about.role, about.key
    made.related_role, made.related_keys = about.related_role, list(about.related_keys)
    made.area_m2, made.township, made.geometry, made.place = about.area_m2, about.township, about.geometry, about.place
    return made


def _unmatched_finding(waiver: Waiver, outcome: RuleOutcome | None, plan: Plan) -> Finding:
    """Return a finding about a waiver without a finding.

    The case states whether the problem has ended or was not checked.
    """
    was_checked = outcome is not None and outcome.outcome in _COMPLETE and not outcome.incomplete
    case = "gone" if was_checked else "not_looked" if outcome is not None else "not_run"
    return _set_place(_finding(UNMATCHED, case, waiver, Severity.INFO), waiver, plan)


def _premature_finding(waiver: Waiver, plan: Plan) -> Finding:
    """Return a finding about a waiver dated later than today without an open finding.

    The waiver is listed because it is not applied.
    """
    return _set_place(_finding(EXPIRED, "not_yet", waiver, Severity.INFO), waiver, plan)


def _set_place(made: Finding, waiver: Waiver, plan: Plan) -> Finding:
    """Return the finding with the place that the waiver names."""
    made.role, made.key = waiver.role, waiver.key
    made.related_role, made.related_keys = waiver.related_role, list(waiver.related_keys)
    if waiver.place:
        made.geometry = shapely.Point(*reproject_coordinates(np.array([waiver.place]), GEODETIC, plan.crs)[0])
        made.place = waiver.place
    return made


def _finding(code: str, case: str, waiver: Waiver, severity: Severity, **params: Any) -> Finding:
    values = waiver.report_values()
    words = {name: values[name] for name in ("document", "author", "date", "until")} | {"number": waiver.id}
    words["said"] = waiver.message
    made = Finding(role="", params={"rule": waiver.rule, **words, **params, "waiver": values})
    made.code, made.case, made.severity = code, case, severity
    # The fingerprint follows the waiver, not the finding.
    made.fingerprint = hashlib.sha256(f"{code}|{waiver.id}".encode()).hexdigest()[:20]
    return made


def _set_outcomes(rules: list[RuleOutcome], findings: list[Finding]) -> None:
    found, left = Counter(f.code for f in findings), Counter(f.code for f in findings if f.state != WAIVED)
    for rule in rules:
        if rule.outcome in (Outcome.FAILED, Outcome.WAIVED) and found[rule.code]:
            rule.outcome = Outcome.FAILED if left[rule.code] else Outcome.WAIVED
