# SPDX-License-Identifier: GPL-2.0-or-later
"""What waivers do to a report: findings that are accepted, and findings about waivers that do not hold (RUN902, RUN903)."""

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
#: Outcomes of rules that looked at everything there is.
_LOOKED = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)
_KEY = re.compile(rf"[0-9]{{6}}[0-9A-Z]{{{LENGTH - 6}}}")
#: Fills in the sentence of a finding.
Say = Callable[[Finding], str]


@dataclass
class AppliedWaivers:
    """What changed: findings whose state did, findings about waivers that came and that went."""

    changed: list[Finding] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    gone: list[Finding] = field(default_factory=list)


def apply_waivers(report: Report, plan: Plan, waivers: Waivers, say: Say, today: date | None = None) -> AppliedWaivers:
    """Hold the waivers of a plan against a report, in place; asked again after they changed it comes to what they are now.

    What is accepted keeps its place in the report, with ``state`` waived and what the waiver says in ``params.waiver``.
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
        finding.message = say(finding)
    report.findings[:] = findings + judged.found
    _set_outcomes(report.rules, findings)
    return judged


def _is_about_waivers(finding: Finding) -> bool:
    return finding.code in (EXPIRED, UNMATCHED) or (finding.code == FRAME and finding.case == "waivers")


def mark_accepted(
    findings: Iterable[Finding], plan: Plan, waivers: Waivers, today: date | None = None
) -> list[Finding]:
    """Only mark the findings that are accepted (`live`: what is not there around an edit is not gone); those that changed."""
    waivers = replace(waivers, entries=()) if foreign_waivers(waivers, plan) else waivers
    return _hold(list(findings), waivers, today or date.today())[1]


def foreign_waivers(waivers: Waivers, plan: Plan) -> list[Finding]:
    """Return a finding RUN904 if the file of waivers was made for another county: none of its rows is applied."""
    code = find_other_county(waivers, plan)
    if not code:
        return []
    source = waivers.path.name if waivers.path is not None else ""
    params = {"source": source, "code": code, "county": plan.area_code}
    found = make_inconsistency_finding(Finding(role="", case="waivers", params=params))
    found.fingerprint = hashlib.sha256(f"{FRAME}|{source}|{code}".encode()).hexdigest()[:20]
    return [found]


def find_other_county(waivers: Waivers, plan: Plan) -> str:
    """Return the county of most keys in a waiver file if it is not the plan's; else empty."""
    keys = [key for entry in waivers.entries for key in (entry.key, *entry.related_keys)]
    votes = Counter(key[:6] for key in keys if _KEY.fullmatch(key))
    code = votes.most_common(1)[0][0] if votes else ""
    return code if code and plan.area_known and not belongs_to_plan(code, plan) else ""


@dataclass
class _Matched:
    """The waivers that hold today, those that have run out, and those that are dated later than today."""

    valid: WaiverMatches
    expired: WaiverMatches
    not_yet: WaiverMatches


def _hold(findings: list[Finding], waivers: Waivers, today: date) -> tuple[_Matched, list[Finding]]:
    # What the run says of itself is no finding of a rule: a row of the file cannot take it away.
    waivable = [finding for finding in findings if find_refusal_reason(finding) != RUN]
    later = [w for w in waivers.entries if w.date > today]
    expired = [w for w in waivers.entries if w.date <= today and w.expired(today)]
    valid = [w for w in waivers.entries if w.date <= today and not w.expired(today)]
    matched = _Matched(*(match_waivers(waivers, entries, waivable) for entries in (valid, expired, later)))
    changed = []
    for finding in findings:
        waiver = matched.valid.matched.get(id(finding))
        # A note stands in nobody's way: accepting it would only cloud the verdict.
        waived = waiver is not None and finding.severity is not Severity.INFO
        told = waiver.is_identified() if waiver is not None and waived else None
        if (finding.state == WAIVED) != waived or finding.params.get("waiver") != told:
            finding.state = WAIVED if waived else OPEN if finding.state == WAIVED else finding.state
            finding.params.pop("waiver", None)
            if told is not None:
                finding.params["waiver"] = told
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
                found.append(_of(EXPIRED, case, waiver, finding))
            elif matching is not_yet:
                found.append(_listed(waiver, plan))
    for matching in (valid, expired, not_yet):
        found += [_changed(waiver, f) for waiver, f in matching.changed if id(f) not in valid.matched]
        found += [_of(UNMATCHED, "unsure", waiver, finding) for waiver, finding in matching.unsure]
    found += [_gone(waiver, outcomes.get(waiver.rule), plan) for waiver in valid.gone]
    # One that has run out and of which nothing is found has done what it was for; it is told where the rule looked.
    late = [_gone(waiver, outcomes.get(waiver.rule), plan) for waiver in expired.gone]
    found += [f for f in late if f.case == "gone"]
    return found + [_listed(waiver, plan) for waiver in not_yet.gone]


def _changed(waiver: Waiver, finding: Finding) -> Finding:
    """A finding about a waiver whose own finding is another one by now."""
    change = {
        "moved_m": round(distance_m(waiver.place, finding.place), 2) if waiver.place and finding.place else 0.0,
        "before_m2": round(waiver.area_m2 or 0.0, 2),
        "now_m2": round(waiver.area_now(finding) or 0.0, 2),
    }
    areas = waiver.area_m2 is not None and finding.area_m2 is not None
    case = "changed" if areas and not is_still_there(waiver, finding) else "differs"
    return _of(UNMATCHED, case, waiver, finding, **change)


def _of(code: str, case: str, waiver: Waiver, about: Finding, **params: Any) -> Finding:
    """A finding about a waiver, at the place of the finding that it was made for."""
    made = _finding(code, case, waiver, Severity.WARNING, **params)
    made.role, made.key = about.role, about.key
    made.related_role, made.related_keys = about.related_role, list(about.related_keys)
    made.area_m2, made.township, made.geometry, made.place = about.area_m2, about.township, about.geometry, about.place
    return made


def _gone(waiver: Waiver, outcome: RuleOutcome | None, plan: Plan) -> Finding:
    """Nothing is found: because nothing is there any more, or because nobody looked?"""
    looked = outcome is not None and outcome.outcome in _LOOKED and not outcome.incomplete
    case = "gone" if looked else "not_looked" if outcome is not None else "not_run"
    return _placed(_finding(UNMATCHED, case, waiver, Severity.INFO), waiver, plan)


def _listed(waiver: Waiver, plan: Plan) -> Finding:
    """A waiver dated later than today that concerns no open finding: listed, since it is not applied."""
    return _placed(_finding(EXPIRED, "not_yet", waiver, Severity.INFO), waiver, plan)


def _placed(made: Finding, waiver: Waiver, plan: Plan) -> Finding:
    """The finding at the place that the waiver names."""
    made.role, made.key = waiver.role, waiver.key
    made.related_role, made.related_keys = waiver.related_role, list(waiver.related_keys)
    if waiver.place:
        made.geometry = shapely.Point(*reproject_coordinates(np.array([waiver.place]), GEODETIC, plan.crs)[0])
        made.place = waiver.place
    return made


def _finding(code: str, case: str, waiver: Waiver, severity: Severity, **params: Any) -> Finding:
    told = waiver.is_identified()
    words = {name: told[name] for name in ("document", "author", "date", "until")} | {"number": waiver.id}
    words["said"] = waiver.message
    made = Finding(role="", params={"rule": waiver.rule, **words, **params, "waiver": told})
    made.code, made.case, made.severity = code, case, severity
    # By the waiver it is about, whatever becomes of the finding.
    made.fingerprint = hashlib.sha256(f"{code}|{waiver.id}".encode()).hexdigest()[:20]
    return made


def _set_outcomes(rules: list[RuleOutcome], findings: list[Finding]) -> None:
    told, left = Counter(f.code for f in findings), Counter(f.code for f in findings if f.state != WAIVED)
    for rule in rules:
        if rule.outcome in (Outcome.FAILED, Outcome.WAIVED) and told[rule.code]:
            rule.outcome = Outcome.FAILED if left[rule.code] else Outcome.WAIVED
