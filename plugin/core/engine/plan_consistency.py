# SPDX-License-Identifier: GPL-2.0-or-later
"""Verify that all inputs of a run belong to the same county (finding RUN904).

The inputs are the profile, the layers and the side inputs (tables and editions that a check is given beside the
layers).
"""

import filecmp
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ..base.files.encoding import BLANK_WORDS
from ..model.findings import Finding
from ..model.indicator import AREA_FIGURES
from ..model.rule import Severity
from ..model.side_inputs import SideInputs
from ..plan.plan import Plan
from ..standard.bounds import find_loosened_keys
from ..standard.divisions import find_place_outside_county, label_division
from ..standard.indicator_catalogue import load_catalogue
from ..standard.messages.texts import ConceptName, IndicatorName
from ..standard.numbering import BSM_LENGTH, has_county_code_format
from ..standard.profile import compute_division_prefix
from ..standard.profile.profile_figures import get_township_targets

INCONSISTENCY_CODE = "RUN904"
#: Number of digits that two codes of one plan share; the edition sets it, never a profile.
_SHARED_DIGITS_SETTING = "attributes.area_digits"
#: Codes of other counties that a message names.
_MAX_NAMED_CODES = 3
_YEAR_PATTERN = re.compile(r"[0-9]{4}")
#: Digits of a township's code.
_TOWNSHIP_CODE_DIGITS = 9


def find_inconsistencies(plan: Plan, side_inputs: SideInputs) -> list[Finding]:
    """Return a finding RUN904 for each input that contradicts the plan's county."""
    findings = [
        *_check_profile_county(plan),
        *_check_division_names(plan),
        *_check_layer_codes(plan),
        *_check_profile(plan),
        *_check_side_inputs(plan, side_inputs),
        *_check_scope(plan),
    ]
    # A custom standard must be as strict as the shipped ones in points that a profile cannot relax.
    loosened_keys = find_loosened_keys(plan.norm.standard)
    if loosened_keys:
        params = {"standard": plan.norm.standard.name, "items": loosened_keys, "count": len(loosened_keys)}
        findings.append(Finding(role="", case="standard", params=params))
    divisions = plan.norm.standard.code_lists.get("divisions")
    for finding in findings:
        if finding.case in ("profile", "layer", "baseline", "targets"):
            # The message states codes without the names of the divisions.
            finding.params["shown"] = {
                name: [label_division(code, divisions) for code in value]
                if isinstance(value, list)
                else label_division(str(value), divisions)
                for name, value in finding.params.items()
                if name in ("code", "codes", "county")
            }
    return [mark_as_inconsistency(finding) for finding in findings]


def mark_as_inconsistency(finding: Finding) -> Finding:
    """Turn a finding into a warning RUN904, and return it."""
    finding.code, finding.severity = INCONSISTENCY_CODE, Severity.WARNING
    return finding


def belongs_to_plan(code: str, plan: Plan) -> bool:
    """Return True if a division code is that of the plan's county, of a division in it, or of its city or province."""
    digits = int(plan.norm.standard.settings.get(_SHARED_DIGITS_SETTING, 6))
    return code[:digits] == plan.area_code[:digits] or plan.area_code.startswith(compute_division_prefix(code))


def _check_profile_county(plan: Plan) -> Iterator[Finding]:
    """Yield a finding if the profile is of another county than the plan, or if the data do not name their county."""
    profile = plan.norm.profile
    if not profile.area_code or not plan.layers:
        return
    digits = int(plan.norm.standard.settings.get(_SHARED_DIGITS_SETTING, 6))
    is_covered = profile.covers(plan.area_code) or profile.area_code[:digits] == plan.area_code[:digits]
    if not plan.is_area_code_from_data or not is_covered:
        params = {"profile": profile.name or profile.id, "code": profile.area_code, "county": plan.area_code}
        yield Finding(role="", case="profile" if plan.is_area_code_from_data else "unknown", params=params)


def _check_profile(plan: Plan) -> Iterator[Finding]:
    """Yield findings on a profile that contradicts the layers, its standard or the date.

    No rule compares stated figures with the layers. A confirmation is too early if it is older than the edition of its
    standard.
    """
    profile, standard = plan.norm.profile, plan.norm.standard
    for concept in sorted(profile.absent):
        layer = plan.find_layer_of_concept(concept)
        if layer is not None and len(layer):
            params: dict[str, Any] = {"concept": ConceptName(concept), "name": layer.name, "count": len(layer)}
            yield Finding(role=layer.role, case="absent", params=params)
    if profile.confirmed_by:
        confirmation, edition = profile.confirmed_by, _YEAR_PATTERN.match(standard.edition)
        if confirmation["date"] > date.today().isoformat():
            yield Finding(role="", case="confirmed", params={**confirmation, "profile": profile.name})
        is_blank = any(confirmation[key].strip().lower() in BLANK_WORDS for key in ("by", "document"))
        if is_blank or (edition is not None and confirmation["date"] < edition[0]):
            yield Finding(role="", case="confirmed_blank", params={**confirmation, "profile": profile.name})
    for figure in plan.norm.profile.stated_figures:
        if figure.area_code != plan.area_code:
            continue
        catalogue = load_catalogue(standard)
        indicator = catalogue.find_indicator(figure.name) or catalogue.find_indicator(f"{figure.name}面积")
        if indicator is not None and indicator.id in AREA_FIGURES:
            params = {"profile": profile.name, "name": figure.name, "indicator": IndicatorName(indicator.id)}
            yield Finding(role="", case="stated", params={**params, "value": figure.value, "unit": figure.unit})


def _check_division_names(plan: Plan) -> Iterator[Finding]:
    """Yield findings on names of divisions that contradict their code in the list of divisions.

    The names of the profile and of the layers' rows are compared.
    """
    divisions = plan.norm.standard.code_lists.get("divisions")
    if divisions is None:
        return
    counties = {
        division.name: division.code
        for division in divisions.entry_by_code.values()
        if has_county_code_format(division.code)
    }
    profile = plan.norm.profile
    profile_division = divisions.entry_by_code.get(profile.area_code) if profile.area_code == plan.area_code else None
    if (
        profile_division is not None
        and has_county_code_format(profile_division.code)
        and profile_division.name not in profile.name
        and profile.name in counties
    ):
        params: dict[str, Any] = {"profile": profile.name, "code": profile_division.code, "name": profile_division.name}
        yield Finding(role="", case="profile_name", params=params)
    for layer in plan.layers.values():
        if not (layer.has_field("division_code") and layer.has_field("division_name")):
            continue
        pairs: Counter[tuple[str, str]] = Counter()
        for (code, name), count in Counter(
            zip(layer.text("division_code"), layer.text("division_name"), strict=True)
        ).items():
            # Rows of another county are reported by `_check_layer_codes`.
            if code[:6] not in divisions.entry_by_code or not belongs_to_plan(code, plan):
                continue
            # Names of villages are in no list and may end like a city's name.
            is_county = has_county_code_format(code)
            is_whole = is_county or len(code.rstrip("0")) <= _TOWNSHIP_CODE_DIGITS
            is_of_other_county = is_county and name in counties and name != divisions.entry_by_code[code].name
            if is_of_other_county or find_place_outside_county(name, code[:6], divisions, whole=is_whole):
                pairs[code[:6], name] += count
        for (code, name), count in pairs.items():
            params = {"count": count, "code": code, "name": divisions.entry_by_code[code].name, "other": name}
            yield Finding(role=layer.role, case="county_name", params=params)


def _check_layer_codes(plan: Plan) -> Iterator[Finding]:
    """Yield a finding for each layer that has rows of other counties."""
    if not plan.is_area_code_from_data:
        return
    for layer in plan.layers.values():
        # The code of a row is its 行政区代码, or without one the first digits of its key (BSM).
        counts = Counter(
            code[:6] if code else key[:6]
            for code, key in zip(layer.text("division_code"), layer.keys, strict=True)
            if code or len(key) == BSM_LENGTH
        )
        foreign_codes = Counter(
            {
                code: count
                for code, count in counts.items()
                if has_county_code_format(code) and not belongs_to_plan(code, plan)
            }
        )
        if foreign_codes:
            yield Finding(
                role=layer.role,
                case="layer",
                params={
                    "name": layer.name,
                    "count": sum(foreign_codes.values()),
                    "rows": len(layer),
                    "codes": [code for code, _ in foreign_codes.most_common(_MAX_NAMED_CODES)],
                    "county": plan.area_code,
                },
            )


def _check_side_inputs(plan: Plan, side_inputs: SideInputs) -> Iterator[Finding]:
    """Yield findings on a sealed edition or targets of another county, and on a copy of the checked data as sealed."""
    sealed_plan = side_inputs.get_input("baseline", Plan)
    if sealed_plan is not None:
        has_codes = sealed_plan.is_area_code_from_data and plan.is_area_code_from_data
        is_foreign = has_codes and not belongs_to_plan(sealed_plan.area_code, plan)
        files = [Path(one.source) for one in (plan, sealed_plan) if one.source and Path(one.source).is_file()]
        if is_foreign or (len(files) == 2 and filecmp.cmp(files[0], files[1], shallow=False)):
            source = sealed_plan.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
            params: dict[str, Any] = {"source": source, "code": sealed_plan.area_code, "county": plan.area_code}
            yield Finding(role="", case="baseline" if is_foreign else "baseline_copy", params=params)
    allocated_targets = get_township_targets(side_inputs)
    foreign_codes = {
        code
        for code in (allocated.code[:6] for allocated in allocated_targets.targets)
        if has_county_code_format(code) and not belongs_to_plan(code, plan)
    }
    if foreign_codes and plan.is_area_code_from_data:
        params = {"source": allocated_targets.file_name, "codes": sorted(foreign_codes)[:_MAX_NAMED_CODES]}
        yield Finding(role="", case="targets", params={**params, "county": plan.area_code})


def _check_scope(plan: Plan) -> Iterator[Finding]:
    """Yield a finding if the layers indicate a wider scope (kind of delivery) than the checked one.

    If the user chose the narrower scope, there is a finding only if the layers clearly belong to the wider one.
    """
    missed = plan.missed_scope
    # A database without any features is not a delivery yet.
    if missed is None or not any(map(len, plan.layers.values())):
        return
    params = {
        "scope": missed.used_scope,
        "wider": missed.wider_scope,
        "lacking": list(missed.lacking_concepts),
        "held": len(missed.present_concepts),
        "incomplete": missed.is_evident and not missed.is_chosen_by_user,
    }
    if not missed.lacking_concepts:
        yield Finding(role="", case="scope_narrower", params=params)
    elif missed.is_evident:
        yield Finding(role="", case="scope_chosen" if missed.is_chosen_by_user else "scope", params=params)
    elif not missed.is_chosen_by_user:
        yield Finding(role="", case="scope_hint", params=params)
