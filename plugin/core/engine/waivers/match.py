# SPDX-License-Identifier: GPL-2.0-or-later
"""Match waivers with findings.

A waiver and a finding match if rule, layer and keys are equal and place and area are close. Of several candidates the
nearest one is taken. Rounded places are never compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import cos, radians
from typing import Any

import numpy as np
import shapely

from ...model.findings import Finding
from .waiver import (
    PARAMETERS_WITHOUT_FIGURES,
    VALUE_PARAMETERS_M2,
    Waiver,
    WaiverIdentity,
    Waivers,
    compute_distance_m,
    get_finding_figures,
    get_finding_identity,
    is_identified_by_fid,
    select_identifying_figures,
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
        degrees = 1.01 * search_radius_m / (_METRES_PER_DEGREE * max(cos(radians(entry.lonlat[1])), 0.01))
        candidates_by_waiver.append(
            tree.query(shapely.Point(entry.lonlat), predicate="dwithin", distance=degrees).tolist()
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

    def get_present_key(role: str, key: str) -> str:
        """Return the new key of a row; the given key if it was not renumbered."""
        return new_key_by_old_key.get((role, key)) or new_key_by_old_key.get(("", key)) or key

    related_keys = tuple(get_present_key(waiver.related_role, key) for key in waiver.related_keys)
    return replace(waiver, key=get_present_key(waiver.role, waiver.key), related_keys=related_keys)
