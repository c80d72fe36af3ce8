# SPDX-License-Identifier: GPL-2.0-or-later
"""Clauses of messages that depend on what a rule knows about the place of a finding.

Rules record these facts in the parameter ``shown``, which has no part in fingerprints and waivers. A result stored by
an earlier version lacks them: its messages have the general clause, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...model.indicator import SQUARE_METRES
from ...model.rule import load_all_rules
from ..declared_operators import parse_number
from ..template import Template
from .numbers import choose_figure_decimals, format_number, format_ratio_limit, format_width
from .texts import Texts

if TYPE_CHECKING:
    # Its libraries would slow down the start of QGIS.
    from ...model.findings import Finding

#: Overlaps of one rule that a message names.
_MAX_NAMED_OVERLAPS = 2
#: End of the name of a placeholder for a fact that a rule may know: a clause of the texts, empty without the fact.
FACT_SUFFIX = "_fact"
#: Value of ``used``: the county's own plan states the figure.
OWN_PLAN = "own"
RATIO_FORMS = ("N1", "N2", "N3")
_RATIO_DECIMALS = 4
#: Sign of a target → what a figure that misses it is: too small, too large, or another.
_STILL_MISSED_KEYS = {"≥": "still_below", "≤": "still_above", "=": "still_beside"}


def make_clauses(
    finding: Finding, texts: Texts, templates: dict[str, Template], placeholders: frozenset[str]
) -> dict[str, str]:
    """Return placeholder → clause of a finding's message.

    A clause of which the finding knows nothing is empty, or states what is not known.
    """
    shown: Mapping[str, Any] = finding.params.get("shown", {})
    clauses = {
        name: make_clause(finding, shown, texts)
        for name, make_clause in _MAKERS_BY_PLACEHOLDER.items()
        if name in placeholders
    }
    clauses |= {name: _describe_fact(name, shown, texts) for name in placeholders if name.endswith(FACT_SUFFIX)}
    if "repeated" in placeholders:
        clauses["repeated"] = "".join(
            _describe_repeated_land(one, finding, texts, templates) for one in shown.get("repeated", ())
        )
    if not placeholders.isdisjoint(("limit_area", "sliver_note")):
        clauses |= _describe_limits(finding, texts)
    if "form" in finding.params and finding.params["form"] in RATIO_FORMS:
        clauses["formula"] = formula = texts.get("words", f"ratio_{finding.params['form'].lower()}")
        clauses["limit_text"] = format_ratio_limit(float(finding.params.get("limit", 0.0)))
        clauses["form_text"] = texts.get("words", "ratio_form", form=finding.params["form"], formula=formula)
    if "row_names" in shown and "which_rows" in placeholders:
        names = [texts.make_key_label(key, fid) for key, fid in finding.params["shown"]["row_names"]]
        more = str(finding.params.get("more", ""))
        key = "largest_rows" if more else "all_rows"
        clauses["which_rows"] = texts.get("words", key, rows=texts.get("words", "between_names").join(names), more=more)
    rule = load_all_rules().get(finding.code)
    return clauses if rule is None or rule.clauses is None else clauses | rule.clauses(finding, texts, templates)


def _describe_fact(name: str, shown: Mapping[str, Any], texts: Texts) -> str:
    """Return the clause of a fact that the rule recorded (``shown.noted``: placeholder → parameters of its text).

    Lists are joined as names. Without the fact, as in a result of an earlier version, the general clause or none.
    """
    noted = shown.get("noted", {}).get(name)
    if noted is None:
        return texts.find("words", f"{name}_unknown")
    separator = texts.get("words", "between_names")
    params = {key: separator.join(value) if isinstance(value, list) else value for key, value in noted.items()}
    if "unit" in noted:
        params["amount"] = f"{noted['amount']} {texts.get('units', str(noted['unit']))}".strip()
    return texts.get("words", name, **params)


def describe_net_area(finding: Finding, texts: Texts) -> str:
    """Return the net area of a finding as a clause: “net 2.50 ha”.

    Other clauses state that the net area is unknown (None), or that it is printed like the whole area.
    """
    if finding.net_area_m2 is None:
        return texts.get("words", "net_unknown")
    net_area = texts.format_area(finding.net_area_m2)
    if net_area == texts.format_area(finding.area_m2):
        return texts.get("words", "net_same")
    return texts.get("words", "net_of", area=net_area)


def _describe_overlaps_at_finding(finding: Finding, texts: Texts, key_if_unknown: str) -> str:
    """Return the sentence on other problems at a finding, such as overlaps of control lines, to be resolved first.

    Empty if nothing overlaps there. A check around an edit does not compare findings with each other; the sentence is
    then conditional (“if control lines overlap here”).
    """
    overlaps = finding.params.get("shown", {}).get("overlaps")
    if overlaps is None:
        return texts.get("words", key_if_unknown)
    if not overlaps:
        return ""
    separator = texts.get("words", "between_names")
    keys_by_code: dict[str, list[str]] = {}
    for one in overlaps:
        keys_by_code.setdefault(one["code"], []).append(texts.make_key_label(one["key"], one.get("fid")))
    labels = []
    for code, keys in keys_by_code.items():
        names = separator.join(keys[:_MAX_NAMED_OVERLAPS])
        if len(keys) > _MAX_NAMED_OVERLAPS:
            names = texts.get("words", "overlaps_of_all", overlaps=names, count=len(keys))
        problem = texts.get_rule_problem(load_all_rules()[code])
        labels.append(texts.get("words", "overlap_there", problem=problem, code=code, keys=names))
    return texts.get("words", "overlaps_first", overlaps=separator.join(labels))


def _describe_repeated_land(
    repeated_land: Mapping[str, Any], finding: Finding, texts: Texts, templates: dict[str, Template]
) -> str:
    """Return the sentence on land that a finding's sum counts twice, with areas in the finding's unit.

    ``repeated_land``: the layer (``role``), its area in m² and the sum without it (``without``).
    """
    unit = str(finding.params.get("unit", "m2"))
    unit_name = texts.get("units", unit)
    area, without = float(repeated_land["area_m2"]) / SQUARE_METRES.get(unit, 1.0), repeated_land.get("without")
    area_text = f"{format_number(area, choose_figure_decimals(unit, 0, area, None))} {unit_name}"
    if without is None:
        without_text = ""
    elif "ratio" in finding.params:
        without_text = texts.get("figures", "ratio_without", value=format_number(float(without), _RATIO_DECIMALS))
    else:
        target = parse_number(str(finding.params.get("said", finding.params.get("target", ""))))
        excess = 0.0 if target is None else float(without) - target
        miss = {"≥": -excess, "≤": excess, "=": abs(excess)}.get(str(finding.params.get("comparison")), 0.0)
        decimals = choose_figure_decimals(unit, 0, miss if miss > 0 else None, None)
        remaining = ""
        if miss > 0:
            key = _STILL_MISSED_KEYS[str(finding.params["comparison"])]
            remaining = texts.get("figures", key, miss=f"{format_number(miss, decimals)} {unit_name}")
        value_text = f"{format_number(float(without), decimals)} {unit_name}"
        without_text = texts.get("figures", "sum_without", value=value_text, remaining=remaining)
    layer = texts.make_layer_label(str(repeated_land["role"]), templates)
    return texts.get("figures", "repeated", layer=layer, area=area_text, without=without_text)


def _describe_excess_without_repeated_land(finding: Finding, texts: Texts) -> str:
    """Return a clause with the boundary's excess (m²) that remains if land is not counted twice.

    Empty for a finding without an excess, or if no land is counted twice.
    """
    params = finding.params
    repeated = [one for one in params.get("shown", {}).get("repeated", ()) if one.get("without") is not None]
    if "excess" not in params or not repeated:
        return ""
    excess = max(float(params["excess"]) - sum(float(one["area_m2"]) for one in repeated), 0.0)
    return texts.get("words", "excess_without", area=format_number(excess, 2))


def _describe_limits(finding: Finding, texts: Texts) -> dict[str, str]:
    """Return the clauses ``limit_area`` and ``sliver_note`` of a finding.

    The first is the limit in the unit of the finding's area. The second states whether area, width or both reach the
    tolerance below which slivers are ignored.
    """
    shown: Mapping[str, Any] = finding.params.get("shown", {})
    limit_m2 = shown.get("limit_area_m2", finding.params.get("limit"))
    limit_area = texts.format_area(float(limit_m2)) if isinstance(limit_m2, int | float) else ""
    width = shown.get("limit_width_m")
    if width is None:
        return {"limit_area": limit_area, "sliver_note": ""}
    is_large = isinstance(limit_m2, int | float) and finding.area_m2 is not None and finding.area_m2 >= limit_m2
    is_wide = finding.width_m is not None and finding.width_m >= width
    exceeded = "both" if is_large and is_wide else "area" if is_large else "width" if is_wide else ""
    key = f"sliver_note_{exceeded}" if exceeded else "sliver_note"
    return {
        "limit_area": limit_area,
        "sliver_note": texts.get("words", key, area=limit_area, width=format_width(width)),
    }


def describe_arc_step(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the angle of the segments as which an arc was read; empty if it is unknown."""
    step = finding.params.get("step")
    return {"step_fact": texts.get("words", "step_fact", step=f"{float(step):g}")} if step else {}


def put_in_brackets(names: list[str], count: int, texts: Texts) -> str:
    """Return names in brackets; empty without names.

    ``count``: number of all features, which is added if it exceeds the number of names.
    """
    text = texts.get("words", "between_names").join(names)
    if count > len(names):
        text = texts.get("words", "rows_of_all", rows=text, count=count)
    return texts.get("words", "in_brackets", text=text) if names else ""


def describe_limit_origin(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause that states what set the limit of scattered plots: profile, parameter or default."""
    origin = finding.params.get("shown", {}).get("limit_origin", "unknown")
    return {"limit_origin": texts.get("words", f"limit_of_{origin}")}


def advise_by_receiver(missing: str, finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``receiver``, which states whether to add what is missing: an ``alias`` or a ``domain``.

    That depends on whether a standard was verified to require it, and on what the receiving side checks.
    """
    is_verified = finding.params.get("shown", {}).get("is_verified")
    source = "unknown" if is_verified is None else "verified" if is_verified else "unverified"
    return {"receiver": texts.get("words", f"{missing}_{source}")}


#: Placeholder → function that returns its clause from a finding and the parameters that only word its message.
_MAKERS_BY_PLACEHOLDER: dict[str, Callable[[Finding, Mapping[str, Any], Texts], str]] = {
    "limit_source": lambda _finding, shown, texts: (
        texts.get("words", "limit_source", source=shown["limit_source"]) if shown.get("limit_source") else ""
    ),
    "restorable": lambda _finding, shown, texts: texts.get("words", "restorable") if shown.get("is_restorable") else "",
    "terrace": lambda _finding, shown, texts: (
        texts.get("words", "terrace", terrace=shown["terrace_label"]) if "terrace_label" in shown else ""
    ),
    "invalid_first": lambda _finding, shown, texts: (
        texts.get("words", "invalid_first") if shown.get("has_invalid_shape") else ""
    ),
    "same_problem": lambda finding, _shown, texts: (
        texts.get("words", "ratio_problem")
        if str(finding.params.get("indicator", "")).startswith("expansion_ratio")
        else ""
    ),
    "net": lambda finding, _shown, texts: describe_net_area(finding, texts),
    "overlaps_first": lambda finding, _shown, texts: _describe_overlaps_at_finding(finding, texts, "overlaps_if_any"),
    "zones_first": lambda finding, _shown, texts: _describe_overlaps_at_finding(finding, texts, "zones_if_any"),
    "excess_without": lambda finding, _shown, texts: _describe_excess_without_repeated_land(finding, texts),
}
