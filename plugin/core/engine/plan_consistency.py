# SPDX-License-Identifier: GPL-2.0-or-later
"""Verify that all inputs of a run belong to the same county (RUN904).

The inputs are profile, layers and side inputs.
"""

from __future__ import annotations

import filecmp
import re
from collections import Counter
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.encoding import BLANK_WORDS
from ..messages.texts import ConceptName, IndicatorName
from ..model.findings import Finding
from ..model.indicator import AREA_FIGURES
from ..model.rule import Severity
from ..plan.plan import Plan
from ..profile import division_prefix
from ..profile.figures import township_tasks
from ..standard.bounds import find_loosened
from ..standard.indicator_catalogue import load_catalogue
from ..standard.numbering import LENGTH, is_county
from ..standard.place_names import foreign_place

if TYPE_CHECKING:
    from ..model.side_inputs import SideInputs
    from ..plan.layer import Layer
    from ..standard.codes import CodeList

CODE = "RUN904"
#: Number of digits that two codes of one plan share; the edition sets it, never a profile.
_DIGITS = "attributes.area_digits"
#: Codes of other counties that a message names.
_NAMED = 3
_YEAR = re.compile(r"[0-9]{4}")
_SIX = itemgetter(slice(6))
#: Digits of a township's code.
_TOWNSHIP = 9


def find_inconsistencies(plan: Plan, side: SideInputs, today: date | None = None) -> list[Finding]:
    """Return a finding RUN904 for each input that contradicts the plan's county."""
    found = [*_profile(plan), *_names(plan), *_layers(plan), *_absent(plan), *_confirmed(plan, today or date.today())]
    found += [*_confirmed_without_source(plan), *_stated(plan)]
    found += [*_baseline(plan, side), *_targets(plan, side), *_scope(plan), *_standard(plan)]
    return [make_inconsistency_finding(finding) for finding in found]


def make_inconsistency_finding(finding: Finding) -> Finding:
    """Return the finding as a warning RUN904."""
    finding.code, finding.severity = CODE, Severity.WARNING
    return finding


def belongs_to_plan(code: str, plan: Plan) -> bool:
    """Return True if a division code is valid in this plan.

    Valid codes are those of the county, of its parts and of the areas above it.
    """
    digits = int(plan.norm.standard.settings.get(_DIGITS, 6))
    return code[:digits] == plan.area_code[:digits] or plan.area_code.startswith(division_prefix(code))


def _profile(plan: Plan) -> list[Finding]:
    profile = plan.norm.profile
    if not profile.area_code or not plan.layers:
        return []
    params = {"profile": profile.name or profile.id, "code": profile.area_code, "county": plan.area_code}
    if not plan.area_known:
        return [Finding(role="", case="unknown", params=params)]
    digits = int(plan.norm.standard.settings.get(_DIGITS, 6))
    covered = profile.covers(plan.area_code) or profile.area_code[:digits] == plan.area_code[:digits]
    return [] if covered else [Finding(role="", case="profile", params=params)]


def _names(plan: Plan) -> list[Finding]:
    """Report names that the list of divisions gives to another county than their code.

    The names are those of the profile and of rows.
    """
    divisions = plan.norm.standard.code_lists.get("divisions")
    if divisions is None:
        return []
    counties = {c.name: c.code for c in divisions.codes.values() if is_county(c.code)}
    profile, found = plan.norm.profile, []
    own = divisions.codes.get(profile.area_code) if profile.area_code == plan.area_code else None
    if own is not None and is_county(own.code) and own.name not in profile.name and profile.name in counties:
        params = {"profile": profile.name, "code": own.code, "name": own.name}
        found.append(Finding(role="", case="profile_name", params=params))
    for layer in plan.layers.values():
        if not (layer.has("division_code") and layer.has("division_name")):
            continue
        pairs: Counter[tuple[str, str]] = Counter()
        for (code, name), count in Counter(
            zip(layer.text("division_code"), layer.text("division_name"), strict=True)
        ).items():
            # Rows of another county are reported by `_layers`.
            if (
                code[:6] in divisions.codes
                and belongs_to_plan(code, plan)
                and _other_place(name, code, counties, divisions)
            ):
                pairs[code[:6], name] += count
        for (code, name), count in pairs.items():
            one: dict[str, Any] = {"count": count, "code": code, "name": divisions.codes[code].name, "other": name}
            found.append(Finding(role=layer.role, case="county_name", params=one))
    return found


def _other_place(name: str, code: str, counties: dict[str, str], divisions: CodeList) -> bool:
    """Return True if a division's name belongs to another area than its code.

    The area is a province, city or county.
    """
    if is_county(code):
        listed = name in counties and name != divisions.codes[code].name
        return listed or bool(foreign_place(name, code, divisions))
    # Names of villages are in no list and may end like a city's name.
    return bool(foreign_place(name, code[:6], divisions, whole=len(code.rstrip("0")) <= _TOWNSHIP))


def _layers(plan: Plan) -> list[Finding]:
    if not plan.area_known:
        return []
    found = []
    for layer in plan.layers.values():
        others = _others(layer, plan)
        if others:
            params = {
                "name": layer.name,
                "count": sum(others.values()),
                "rows": len(layer),
                "codes": [code for code, _ in others.most_common(_NAMED)],
                "county": plan.area_code,
            }
            found.append(Finding(role=layer.role, case="layer", params=params))
    return found


def _others(layer: Layer, plan: Plan) -> Counter[str]:
    """Return codes of other counties with the number of rows that have them.

    The code of a row is its 行政区代码, else the head of its BSM.
    """
    codes = layer.text("division_code")
    # Most layers have no foreign code: rows are examined one by one only where the layer has one.
    if not any(_foreign(code, plan) for code in {*map(_SIX, codes), *map(_SIX, layer.keys)}):
        return Counter()
    heads = Counter(
        code[:6] if code else key[:6] for code, key in zip(codes, layer.keys, strict=True) if code or len(key) == LENGTH
    )
    return Counter({code: count for code, count in heads.items() if _foreign(code, plan)})


def _foreign(code: str, plan: Plan) -> bool:
    return is_county(code) and not belongs_to_plan(code, plan)


def _absent(plan: Plan) -> list[Finding]:
    """Report concepts declared absent (本县无) although a layer has features of them."""
    found = []
    for concept in sorted(plan.norm.profile.absent):
        layer = plan.concept(concept)
        if layer is not None and len(layer):
            params = {"concept": ConceptName(concept), "name": layer.name, "count": len(layer)}
            found.append(Finding(role=layer.role, case="absent", params=params))
    return found


def _confirmed(plan: Plan, today: date) -> list[Finding]:
    """Report a confirmation dated later than today."""
    by = plan.norm.profile.confirmed_by
    if not by or by["date"] <= today.isoformat():
        return []
    return [Finding(role="", case="confirmed", params={**by, "profile": plan.norm.profile.name})]


def _confirmed_without_source(plan: Plan) -> list[Finding]:
    """Report a confirmation without a person or document, or with an early date.

    It is early if it is before the edition of its standard.
    """
    by = plan.norm.profile.confirmed_by
    if not by:
        return []
    edition = _YEAR.match(plan.norm.standard.edition)
    blank = any(by[key].strip().lower() in BLANK_WORDS for key in ("by", "document"))
    early = edition is not None and by["date"] < edition[0]
    return (
        [Finding(role="", case="confirmed_blank", params={**by, "profile": plan.norm.profile.name})]
        if blank or early
        else []
    )


def _stated(plan: Plan) -> list[Finding]:
    """Report figures under [[stated]] although a layer gives them.

    No rule compares such figures.
    """
    stated = plan.norm.stated(plan.area_code)
    if not stated:
        return []
    catalogue, found = load_catalogue(plan.norm.standard), []
    for one in stated:
        entry = catalogue.find(one.name) or catalogue.find(f"{one.name}面积")
        if entry is not None and entry.id in AREA_FIGURES:
            params = {
                "profile": plan.norm.profile.name,
                "name": one.name,
                "indicator": IndicatorName(entry.id),
                "value": one.value,
            }
            found.append(Finding(role="", case="stated", params={**params, "unit": one.unit}))
    return found


def _baseline(plan: Plan, side: SideInputs) -> list[Finding]:
    """Report a sealed edition of another county, or one identical to the data."""
    sealed = side.get("baseline", Plan)
    if sealed is None:
        return []
    source = sealed.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    params = {"source": source, "code": sealed.area_code, "county": plan.area_code}
    if sealed.area_known and plan.area_known and not belongs_to_plan(sealed.area_code, plan):
        return [Finding(role="", case="baseline", params=params)]
    copied = _same_bytes(Path(plan.source), Path(sealed.source)) if plan.source and sealed.source else False
    return [Finding(role="", case="baseline_copy", params=params)] if copied else []


def _same_bytes(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def _targets(plan: Plan, side: SideInputs) -> list[Finding]:
    """Report township tasks with codes of another county."""
    tasks = township_tasks(side)
    codes = {task.code[:6] for task in tasks.tasks if is_county(task.code[:6])}
    others = sorted(code for code in codes if not belongs_to_plan(code, plan)) if plan.area_known else []
    if not others:
        return []
    params: dict[str, Any] = {"source": tasks.file, "codes": others[:_NAMED], "county": plan.area_code}
    return [Finding(role="", case="targets", params=params)]


def _standard(plan: Plan) -> list[Finding]:
    """Report a custom standard that is looser than the shipped ones.

    Only points that a profile cannot loosen are compared.
    """
    standard = plan.norm.standard
    items = find_loosened(standard)
    params: dict[str, Any] = {"standard": standard.name, "items": items, "count": len(items)}
    return [Finding(role="", case="standard", params=params)] if items else []


def _scope(plan: Plan) -> list[Finding]:
    """Report a wider scope that the layers indicate while the run took a narrower one.

    A narrower scope chosen by the user applies; if the layers clearly belong to the wider scope, the report lists
    what is missing.
    """
    missed = plan.missed_scope
    if missed is None or not any(map(len, plan.layers.values())):
        # A database without any features is not a delivery yet.
        return []
    params: dict[str, Any] = {"scope": missed.taken, "wider": missed.wider, "lacking": list(missed.lacking)}
    params |= {"held": len(missed.present), "incomplete": missed.evident and not missed.chosen}
    if missed.chosen:
        return [Finding(role="", case="scope_chosen", params=params)] if missed.evident else []
    return [Finding(role="", case="scope" if missed.evident else "scope_hint", params=params)]
