# SPDX-License-Identifier: GPL-2.0-or-later
"""Match waivers with findings, apply them to a report, and report waivers that do not apply.

A waiver and a finding match if rule, layer and keys are equal and place and area are close. Of several candidates the
nearest one is taken. Rounded places are never compared.

RUN902 reports expired waivers, RUN903 waivers without a matching finding.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from math import cos, radians
from typing import Any

import numpy as np
import shapely

from ...geometry.crs import CGCS2000_DEGREES, reproject_coordinates
from ...model.findings import Finding
from ...model.report import Outcome, Report, RuleOutcome
from ...model.rule import Severity
from ...plan.loading.key_table import get_other_key
from ...plan.plan import Plan
from ...standard.numbering import BSM_LENGTH
from ..plan_consistency import INCONSISTENCY_CODE as FRAME, belongs_to_plan, mark_as_inconsistency
from .waiver import (
    NEVER_ACCEPTED_REASONS,
    PARAMETERS_WITHOUT_FIGURES,
    VALUE_PARAMETERS_M2,
    Waiver,
    WaiverIdentity,
    Waivers,
    compute_distance_m,
    find_refusal_reason,
    get_finding_figures,
    get_finding_identity,
    is_identified_by_fid,
    select_identifying_figures,
)

EXPIRED_CODE, UNMATCHED_CODE = "RUN902", "RUN903"
WAIVED_STATE, OPEN_STATE = "waived", "open"
_KEY_PATTERN = re.compile(rf"[0-9]{{6}}[0-9A-Z]{{{BSM_LENGTH - 6}}}")


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
    report: Report,
    plan: Plan,
    waivers: Waivers,
    render: Callable[[Finding], str],
    today: date | None = None,
    *,
    edited_findings: Iterable[Finding] = (),
) -> AppliedWaivers:
    """Apply the waivers of a plan to a report, in place.

    It can be called again after a change of the waivers. An accepted finding keeps its place in the report, with
    ``state`` waived and the waiver's entries in ``params.waiver``. ``render`` makes messages of findings.
    ``edited_findings``: findings of later edits, which waivers accept too, but which the report does not have.
    """
    today = today or date.today()
    about_waivers = [f for f in report.findings if _is_about_waivers(f)]
    findings = [f for f in report.findings if not _is_about_waivers(f)]
    applied_waivers = AppliedWaivers(ended_findings=about_waivers)
    foreign_findings = report_waivers_of_other_county(waivers, plan)
    waivers = replace(waivers, entries=()) if foreign_findings else waivers
    present_findings = [*findings, *edited_findings]
    matches_by_validity, applied_waivers.changed_findings = _mark_matched_findings(present_findings, waivers, today)
    applied_waivers.new_findings = foreign_findings or list(
        _make_unapplied_waiver_findings(plan, report, present_findings, matches_by_validity)
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
    finding = mark_as_inconsistency(
        Finding(role="", case="waivers", params={"source": source, "code": code, "county": plan.area_code})
    )
    finding.fingerprint = hashlib.sha256(f"{FRAME}|{source}|{code}".encode()).hexdigest()[:20]
    return [finding]


def _mark_matched_findings(
    findings: list[Finding], waivers: Waivers, today: date
) -> tuple[list[WaiverMatches], list[Finding]]:
    """Mark the findings that valid waivers accept, and unmark all others.

    Return the matches of waivers in force, of expired ones, and of those that are dated later than today; and the
    findings whose state or waiver changed.
    """
    # A row of the file, too, cannot accept a finding about the run or on a package made by force.
    waivable = [finding for finding in findings if find_refusal_reason(finding) not in NEVER_ACCEPTED_REASONS]
    later = [w for w in waivers.entries if w.date > today]
    expired = [w for w in waivers.entries if w.date <= today and w.has_expired(today)]
    valid = [w for w in waivers.entries if w.date <= today and not w.has_expired(today)]
    matches_by_validity = [match_waivers_with_findings(waivers, one, waivable) for one in (valid, expired, later)]
    changed_findings = []
    for finding in findings:
        waiver = matches_by_validity[0].waiver_by_finding_id.get(id(finding))
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
    plan: Plan, report: Report, findings: list[Finding], matches_by_validity: list[WaiverMatches]
) -> Iterator[Finding]:
    """Yield findings about waivers that accept no finding: expired, not yet valid, outdated or without a finding."""
    by_id = {id(f): f for f in findings}
    outcomes = {r.code: r for r in report.rules}
    valid, expired, not_yet = matches_by_validity
    for waiver_matches, case in ((expired, "expired"), (not_yet, "not_yet")):
        for key, waiver in waiver_matches.waiver_by_finding_id.items():
            finding = by_id[key]
            if key not in valid.waiver_by_finding_id and _can_be_waived(finding):
                yield _make_waiver_finding(EXPIRED_CODE, case, waiver, finding)
            elif waiver_matches is not_yet:
                yield _make_finding_at_waiver(EXPIRED_CODE, "not_yet", waiver, plan)
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
            yield _make_waiver_finding(UNMATCHED_CODE, case, waiver, finding, **change)
        for waiver, finding in waiver_matches.matched_by_fid:
            yield _make_waiver_finding(UNMATCHED_CODE, "unsure", waiver, finding)
    for waiver_matches in (valid, expired):
        unmatched_findings = (
            _make_unmatched_waiver_finding(waiver, outcomes.get(waiver.rule), plan)
            for waiver in waiver_matches.unmatched_waivers
        )
        # An expired waiver without a finding has served its purpose; it is reported if the rule was run.
        yield from (f for f in unmatched_findings if waiver_matches is valid or f.case == "gone")
    yield from (_make_finding_at_waiver(EXPIRED_CODE, "not_yet", waiver, plan) for waiver in not_yet.unmatched_waivers)


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
    was_checked = (
        outcome is not None
        and outcome.outcome in (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)
        and not outcome.incomplete
    )
    case = "gone" if was_checked else "not_looked" if outcome is not None else "not_run"
    return _make_finding_at_waiver(UNMATCHED_CODE, case, waiver, plan)


def _make_finding_at_waiver(code: str, case: str, waiver: Waiver, plan: Plan) -> Finding:
    """Return information about a waiver, such as one dated later than today, at the place that the waiver records."""
    finding = _make_finding(code, case, waiver, Severity.INFO)
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


#: Distance (m) within which a finding of the same name is the accepted one. A finding farther away than this, or than
#: twice the conflict's width, is another conflict.
_SEARCH_RADIUS_M = 20.0
#: Number of pairs up to which all pairs are compared.
_FEW_PAIRS = 10_000
_METRES_PER_DEGREE = 110_000.0


@dataclass
class WaiverMatches:
    """Result of matching waivers with findings.

    ``waiver_by_finding_id``: id() of a finding → its waiver; ``outdated_matches``: waivers whose finding has changed
    too much, with this finding; ``matched_by_fid``: waivers whose finding only a feature id identifies, with this
    finding; ``unmatched_waivers``: waivers without a finding.
    """

    waiver_by_finding_id: dict[int, Waiver] = field(default_factory=dict)
    outdated_matches: list[tuple[Waiver, Finding]] = field(default_factory=list)
    matched_by_fid: list[tuple[Waiver, Finding]] = field(default_factory=list)
    unmatched_waivers: list[Waiver] = field(default_factory=list)


def match_waivers_with_findings(
    waivers: Waivers, candidate_waivers: Iterable[Waiver], findings: Iterable[Finding]
) -> WaiverMatches:
    """Match some of the waivers with findings.

    ``candidate_waivers``: the waivers to match. Two waivers of one finding both match it; a waiver applies to one
    finding only.
    """
    by_name: dict[WaiverIdentity, list[Waiver]] = defaultdict(list)
    for entry in candidate_waivers:
        by_name[replace_with_present_keys(entry, waivers.new_key_by_old_key).finding_identity].append(entry)
    findings = list(findings)
    result = WaiverMatches()
    for finding in (one for one in findings if one.shape_hash):
        # Only a finding on rows of one shape has a hash (`Finding.shape_hash`): rule TOP001 lists such rows together.
        # Waivers of some rows with equal shapes apply to a finding on all of them. They must accept each pair of its
        # rows, as findings were on pairs once and rows may have been deleted since; else they are outdated.
        identity = get_finding_identity(finding)
        keys_by_name = {
            name: keys
            for name in by_name
            if name[:4] + name[5:] == identity[:4] + identity[5:]
            and len(keys := sorted(set(identity[4]).intersection(name[4]))) > 1
        }
        accepted_pairs = {
            pair
            for name, keys in keys_by_name.items()
            if any(is_same_conflict(entry, finding, waivers) for entry in by_name[name])
            for pair in combinations(keys, 2)
        }
        entries = [entry for name in keys_by_name for entry in by_name.pop(name)]
        if accepted_pairs.issuperset(combinations(identity[4], 2)):
            by_name[identity] += entries
        else:
            result.outdated_matches += [(entry, finding) for entry in entries]
    codes = {name[0] for name in by_name}
    findings_by_identity: dict[WaiverIdentity, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.code in codes and (name := get_finding_identity(finding)) in by_name:
            findings_by_identity[name].append(finding)
    for name, same_waivers in by_name.items():
        _match_by_identity(same_waivers, findings_by_identity.get(name, []), waivers, result)
    return result


def _match_by_identity(
    candidate_waivers: list[Waiver], findings: list[Finding], waivers: Waivers, result: WaiverMatches
) -> None:
    """Match waivers and findings that have the same rule, layer and keys.

    Add the matches to ``result``.
    """
    lasting_findings = [f for f in findings if not is_identified_by_fid(f)]
    near_by = _find_candidate_findings(candidate_waivers, lasting_findings)
    pairs = [
        (_measure_distance_and_change(w, lasting_findings[m]), n, m)
        for n, w in enumerate(candidate_waivers)
        for m in near_by[n]
        if is_same_conflict(w, lasting_findings[m], waivers)
    ]
    matched_waivers: set[int] = set()
    matched_findings: set[int] = set()
    for _, n, m in sorted(pairs):
        if n not in matched_waivers and m not in matched_findings:
            matched_waivers.add(n)
            matched_findings.add(m)
            result.waiver_by_finding_id[id(lasting_findings[m])] = candidate_waivers[n]
    # A second waiver of a finding that another waiver matches already.
    matched_waivers |= {n for _, n, m in pairs if m in matched_findings}
    for n, entry in enumerate(candidate_waivers):
        if n in matched_waivers:
            continue
        findings_in_reach = (
            lasting_findings[m]
            for m in near_by[n]
            if m not in matched_findings and _is_in_reach(entry, lasting_findings[m])
        )
        nearest_finding = min(findings_in_reach, key=lambda f: _measure_distance_and_change(entry, f), default=None)
        unsure = next((f for f in findings if is_identified_by_fid(f)), None)
        if nearest_finding is not None:
            result.outdated_matches.append((entry, nearest_finding))
        elif unsure is not None:
            result.matched_by_fid.append((entry, unsure))
        else:
            result.unmatched_waivers.append(entry)


def _find_candidate_findings(candidate_waivers: list[Waiver], findings: list[Finding]) -> list[Iterable[int]]:
    """Return for each waiver the positions of the findings that it may match.

    They are all findings if there are few, else those around the waiver's place: thousands of gaps in one layer have
    the same identity, and comparing all pairs would take too long.
    """
    if len(candidate_waivers) * len(findings) <= _FEW_PAIRS:
        return [range(len(findings))] * len(candidate_waivers)
    points = np.array([shapely.Point(f.place) if f.place else None for f in findings], dtype=object)
    tree = shapely.STRtree(points)
    without = [m for m, f in enumerate(findings) if not f.place]
    candidates_by_waiver: list[Iterable[int]] = []
    for entry in candidate_waivers:
        if entry.lonlat is None:
            candidates_by_waiver.append(without)
            continue
        search_radius_m = max(_SEARCH_RADIUS_M, entry.place_m, 2 * (entry.area_m2 or 0.0) ** 0.5)
        # Use the larger of both bounds: a degree of longitude is the shorter one.
        candidates_by_waiver.append(
            tree.query(
                shapely.Point(entry.lonlat),
                predicate="dwithin",
                distance=1.01 * search_radius_m / (_METRES_PER_DEGREE * max(cos(radians(entry.lonlat[1])), 0.01)),
            ).tolist()
        )
    return candidates_by_waiver


def is_same_conflict(waiver: Waiver, finding: Finding, waivers: Waivers) -> bool:
    """Return True if a finding is still the conflict that a waiver accepted.

    The caller has made sure that both have the same identity: rule, layer and keys.
    """
    if not has_same_place_and_size(waiver, finding):
        return False
    if finding.area_m2 is not None:
        # A file of an earlier version stores no value next to an area.
        limits = waivers.limits
        return not waiver.figures or _are_figures_alike(
            waiver.figures, select_identifying_figures(finding), limits.area_share, limits.area_m2
        )
    share = waivers.limits.area_share if waiver.lonlat else waivers.limits.figure_share
    stored_figures = {name: value for name, value in waiver.figures.items() if name not in PARAMETERS_WITHOUT_FIGURES}
    return _are_figures_alike(stored_figures, get_finding_figures(finding), share)


def has_same_place_and_size(waiver: Waiver, finding: Finding) -> bool:
    """Return True if a finding has the place and the size that a waiver accepted.

    Both areas are measured in the same way. A waiver made by version 0.1.0 applies only to the shape that it was made
    for; the difference between the two ways of measuring must not make it accept another shape.
    """
    if compute_distance_m(waiver.lonlat, finding.place) > waiver.place_m:
        return False
    current_area_m2 = waiver.measure_comparable_area(finding)
    if waiver.area_m2 is None or current_area_m2 is None:
        return waiver.area_m2 is current_area_m2
    return abs(waiver.area_m2 - current_area_m2) <= waiver.change_m2


def _are_figures_alike(
    figures: dict[str, Any], other_figures: dict[str, Any], max_share: float, min_tolerance_m2: float = 0.0
) -> bool:
    """Return True if two sets of figures have the same names and nearly equal values.

    Numbers may differ by ``max_share`` of the larger one, areas also by ``min_tolerance_m2``; texts must be equal.
    """
    if figures.keys() != other_figures.keys():
        return False
    for name, value in figures.items():
        current_value = other_figures[name]
        if isinstance(value, str) or isinstance(current_value, str):
            if value != current_value:
                return False
        elif abs(value - current_value) > max(
            max_share * max(abs(value), abs(current_value)), min_tolerance_m2 if name in VALUE_PARAMETERS_M2 else 0.0
        ):
            return False
    return True


def _measure_distance_and_change(waiver: Waiver, finding: Finding) -> tuple[float, float]:
    """Return the distance (m) and the difference of area (m²) between a waiver's conflict and a finding."""
    return compute_distance_m(waiver.lonlat, finding.place), abs(
        (waiver.area_m2 or 0.0) - (waiver.measure_comparable_area(finding) or 0.0)
    )


def _is_in_reach(waiver: Waiver, finding: Finding) -> bool:
    """Return True if a finding is near enough to a waiver's place to be its conflict after a move.

    It always is if the keys of the finding identify it.
    """
    if (finding.key or finding.related_keys) and not finding.by_place:
        # A row or pair has one such finding: it is the accepted one wherever it is now.
        return True
    size_radius_m = 2 * max(waiver.area_m2 or 0.0, finding.area_m2 or 0.0) ** 0.5
    return compute_distance_m(waiver.lonlat, finding.place) <= max(_SEARCH_RADIUS_M, size_radius_m)


def replace_with_present_keys(waiver: Waiver, new_key_by_old_key: dict[tuple[str, str], str]) -> Waiver:
    """Return the waiver with the new keys of rows that were renumbered.

    ``new_key_by_old_key``: (layer code, old key) → new key.
    """
    if not new_key_by_old_key:
        return waiver
    return replace(
        waiver,
        key=get_other_key(waiver.role, waiver.key, new_key_by_old_key),
        related_keys=tuple(get_other_key(waiver.related_role, key, new_key_by_old_key) for key in waiver.related_keys),
    )
