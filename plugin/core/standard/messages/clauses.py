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
from .numbers import choose_decimals_unlike_limits, choose_figure_decimals, format_number, format_width

if TYPE_CHECKING:
    from ...model.findings import Finding
    from ..template import Template
    from .texts import Texts

#: Overlaps of one rule that a message names.
_MAX_NAMED_OVERLAPS = 2
#: Rules on zones: differences from the control line there are to be resolved first, not overlaps of lines.
_CODES_OF_ZONES = ("REL011",)
#: End of the name of a placeholder for a fact that a rule may know: a clause of the texts, empty without the fact.
FACT_SUFFIX = "_fact"
#: Pairs of classes of land that a message names, the most frequent first.
_MAX_NAMED_CLASS_PAIRS = 5
#: Value of ``used``: the county's own plan states the figure.
OWN_PLAN = "own"
_RATIO_FORMS = ("N1", "N2", "N3")
_RATIO_DECIMALS = 4
_WHOLE_PERCENT = 100.0
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
    if "form" in finding.params and finding.params["form"] in _RATIO_FORMS:
        clauses["formula"] = formula = texts.get("words", f"ratio_{finding.params['form'].lower()}")
        clauses["form_text"] = texts.get("words", "ratio_form", form=finding.params["form"], formula=formula)
    if "row_names" in shown and "which_rows" in placeholders:
        clauses["which_rows"] = _join_row_names(finding, texts)
    make_clauses_of_rule = _MAKERS_BY_RULE.get(finding.code)
    return clauses if make_clauses_of_rule is None else clauses | make_clauses_of_rule(finding, texts, templates)


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


def _describe_overlaps_at_finding(finding: Finding, texts: Texts) -> str:
    """Return the sentence on other problems at a finding, such as overlaps of control lines, to be resolved first.

    Empty if nothing overlaps there. A check around an edit does not compare findings with each other; the sentence is
    then conditional (“if control lines overlap here”).
    """
    overlaps = finding.params.get("shown", {}).get("overlaps")
    if overlaps is None:
        return texts.get("words", "zones_if_any" if finding.code in _CODES_OF_ZONES else "overlaps_if_any")
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
        miss = _compute_remaining_miss(float(without), finding.params)
        decimals = choose_figure_decimals(unit, 0, miss, None)
        remaining = ""
        if miss is not None:
            key = _STILL_MISSED_KEYS[str(finding.params["comparison"])]
            remaining = texts.get("figures", key, miss=f"{format_number(miss, decimals)} {unit_name}")
        value_text = f"{format_number(float(without), decimals)} {unit_name}"
        without_text = texts.get("figures", "sum_without", value=value_text, remaining=remaining)
    layer = texts.make_layer_label(str(repeated_land["role"]), templates)
    return texts.get("figures", "repeated", layer=layer, area=area_text, without=without_text)


def _compute_remaining_miss(reduced_sum: float, params: Mapping[str, Any]) -> float | None:
    """Return by how much a sum misses its target after land counted twice is subtracted.

    ``reduced_sum``: the sum without that land. None if it meets the target, or if the target is not a number.
    """
    comparison, target_text = params.get("comparison"), str(params.get("said", params.get("target", "")))
    try:
        target = float(target_text)
    except ValueError:
        return None
    misses = {"≥": target - reduced_sum, "≤": reduced_sum - target, "=": abs(reduced_sum - target)}
    miss = misses.get(str(comparison), 0.0)
    return miss if miss > 0 else None


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


def _join_row_names(finding: Finding, texts: Texts) -> str:
    """Return the names of a finding's rows: all of them, or the largest if it has more rows."""
    names = [texts.make_key_label(key, fid) for key, fid in finding.params["shown"]["row_names"]]
    more = str(finding.params.get("more", ""))
    key = "largest_rows" if more else "all_rows"
    return texts.get("words", key, rows=texts.get("words", "between_names").join(names), more=more)


def _describe_misplaced_rows(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on rows that lie outside the township named in their field.

    They give the code in the field, the codes of the townships where the rows lie, and the share in the named township.
    """
    shown, separator = finding.params.get("shown", {}), texts.get("words", "between_names")
    share = float(shown.get("named_share", 0.0))
    share_text = format_number(100 * share, 2)
    return {
        "named_code": texts.get("words", "in_brackets", text=shown["named_code"]) if shown.get("named_code") else "",
        "place_codes": texts.get("words", "in_brackets", text=separator.join(shown["place_codes"]))
        if shown.get("place_codes")
        else "",
        "named_share": texts.get("words", "share_in_named", share=share_text)
        if share_text.strip("0.")
        else texts.get("words", "none_in_named"),
    }


def _advise_on_documents(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``advice``, which states what to do about two documents with different figures.

    The advice depends on whether the county uses one of these figures.
    """
    shown = finding.params.get("shown", {})
    used = shown.get("used")
    if used is None:
        key = "documents_if_used"
    elif used == OWN_PLAN:
        key = "documents_of_county"
    elif used:
        places = texts.get("words", "between_names").join(used)
        return {"advice": texts.get("words", "documents_used", places=places)}
    else:
        key = "documents_unused" if shown.get("has_printed_figures") else "documents_unused_in_targets"
    return {"advice": texts.get("words", key)}


def _describe_patch(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return whether a patch of farmland is one parcel, or several, and what set the limit."""
    count = finding.params.get("count", 0)
    patch = texts.get("words", "patch_alone" if count == 1 else "patch_of_several", count=count)
    return {"patch": patch, **_describe_limit_origin(finding, texts, templates)}


def _describe_arc_step(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the angle of the segments as which an arc was read; empty if it is unknown."""
    step = finding.params.get("step")
    return {"step_fact": texts.get("words", "step_fact", step=f"{float(step):g}")} if step else {}


def _describe_ignored_places(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return how many places are below the tolerance; empty without one."""
    count = int(finding.params.get("ignored", 0))
    facts = texts.get("words", "between_names").join(finding.params.get("shown", {}).get("facts", []))
    tolerance = texts.get("words", "in_brackets", text=facts) if facts else ""
    return {"ignored_fact": texts.get("words", "ignored_fact", count=count, tolerance=tolerance) if count else ""}


def _describe_vertex_distance(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return how far vertices of two edges are apart, in words where the distance would be printed as zero."""
    distance = finding.params.get("distance")
    key = "distance_fact" if distance else "distance_fact_none"
    return {"distance_fact": texts.get("words", key, distance=f"{float(distance or 0.0):g}")}


def _describe_county_area(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on the county's area: the field or drawn shape that gives it, and the allowed difference."""
    shown = finding.params.get("shown", {})
    field = shown.get("county_field")
    return {
        "county_basis": texts.get("words", "area_of_field", field=field) if field else texts.get("words", "area_drawn"),
        "allowed": texts.get("words", "allowed_difference", limit=shown["limit"]) if "limit" in shown else "",
    }


def _describe_counted_sites(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses ``counted`` and ``remedy`` on heritage sites.

    The first names the layers in which sites of a kind were counted, and the missing layers. The second states what to
    do about missing or surplus sites.
    """
    shown = finding.params.get("shown", {})
    counted = shown.get("counted")
    if "missing_count" not in shown or counted is None:
        return {"counted": "", "remedy": texts.get("words", "sites_differ_remedy")}
    places = []
    if counted["line_role"]:
        line = texts.make_layer_label(counted["line_role"], templates)
        places.append(texts.get("words", "counted_in_line", layer=line, kind=counted["kind"]))
    places += [
        texts.get("words", "counted_layer", layer=texts.make_layer_label(role, templates)) for role in counted["roles"]
    ]
    separator = texts.get("words", "between_names")
    places += [
        texts.get("words", "counted_absent_layer", layer=texts.make_layer_label(role, templates))
        for role in counted["absent_roles"]
    ]
    key = "sites_missing_remedy" if shown["missing_count"] > 0 else "sites_surplus_remedy"
    counted_roles = [*filter(None, [counted["line_role"]]), *counted["roles"], *counted["absent_roles"]]
    layer = texts.make_layer_label(counted_roles[0], templates) if counted_roles else ""
    return {
        "counted": texts.get("words", "sites_counted", places=separator.join(places)) if places else "",
        "remedy": texts.get("words", key, layer=layer),
    }


def _name_line_and_core_zones(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses ``line_rows``, ``core_note`` and ``core_first`` of REL042.

    They name the features of the red line in brackets, state whether land in core zones of nature reserves was
    excluded, and what to do first if core zones are not known.
    """
    shown = finding.params.get("shown", {})
    lines, zones = shown.get("line_rows"), shown.get("core_zones")
    first = ""
    if zones is None:
        note = texts.get("words", "core_zones_unknown")
    elif not zones["role"]:
        concept = texts.get_concept_name("reserves")
        note = texts.get("words", "core_zones_without_layer", concept=concept)
        first = texts.get("words", "core_first_without_layer", concept=concept)
    else:
        key = "core_zones_named" if zones["known"] else "core_zones_unnamed"
        layer = texts.make_layer_label(zones["role"], templates)
        note = texts.get("words", key, layer=layer)
        first = "" if zones["known"] else texts.get("words", "core_first_unnamed", layer=layer)
    names = [] if lines is None else [texts.make_key_label(key, fid) for key, fid in lines["names"]]
    return {
        "core_note": note,
        "core_first": first,
        "line_rows": _put_in_brackets(names, lines["count"], texts) if lines else "",
    }


def _put_in_brackets(names: list[str], count: int, texts: Texts) -> str:
    """Return names in brackets; empty without names.

    ``count``: number of all features, which is added if it exceeds the number of names.
    """
    text = texts.get("words", "between_names").join(names)
    if count > len(names):
        text = texts.get("words", "rows_of_all", rows=text, count=count)
    return texts.get("words", "in_brackets", text=text) if names else ""


def _advise_on_facility(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on a facility: how to relocate it, exceptions, tunnels, and the features that contain it.

    They depend on its kind: a use of land, or a polygon, line or point.
    """
    shown = finding.params.get("shown", {})
    kind = shown.get("kind", "unknown")
    exceptions = f"exceptions_{kind}" + ("_farmland" if (kind, finding.case) == ("line", "farmland") else "")
    return {
        "relocate": texts.get("words", f"relocate_{kind}"),
        "exceptions": texts.get("words", exceptions),
        "tunnel": texts.get("words", "tunnel_line") if kind in ("line", "unknown") else "",
        "sites": _list_features_at_facility(finding, texts),
    }


def _list_features_at_facility(finding: Finding, texts: Texts) -> str:
    """Return the features of a line (such as the red line) that contain a facility: keys and names, in brackets."""
    sites = finding.params.get("shown", {}).get("sites")
    if sites is None:
        # A result of an earlier version has the key of one feature and the names of all.
        fid = finding.params.get("related_fid")
        labels = [] if finding.case == "core" else [texts.make_key_label(key, fid) for key in finding.related_keys]
        if "site" in finding.params:
            labels.append(texts.get("words", "site_and_name", key="", name=finding.params["site"]).strip())
        return _put_in_brackets(labels, len(labels), texts)
    labels = []
    for key, fid, name in sites["rows"]:
        label = texts.make_key_label(key, fid)
        labels.append(texts.get("words", "site_and_name", key=label, name=name) if name else label)
    return _put_in_brackets(labels, sites["count"], texts)


def _describe_margin(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the margin for early warning, and what set it; a general clause in a result of an earlier version."""
    margin = finding.params.get("shown", {}).get("margin")
    if margin is None:
        return {"margin_fact": texts.get("words", "margin_fact_unknown")}
    share = format_number(100 * float(margin["share"]), 2)
    origin = texts.get("words", f"margin_of_{margin['origin']}", share=share)
    amount = f"{margin['amount']} {texts.get('units', str(margin['unit']))}".strip()
    return {"margin_fact": texts.get("words", "margin_fact", amount=amount, origin=origin)}


def _describe_register_figures(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return both figures of a line of the heritage register (sites, or areas of one), and both forms of the ratio."""
    shown, figures = finding.params.get("shown", {}), {}
    for name in ("value", "target"):
        site = shown.get(f"{name}_of_site")
        if site is None:
            figures[f"{name}_figures"] = str(finding.params.get(name, ""))
        elif "count" in site:
            figures[f"{name}_figures"] = texts.get("words", "site_count", count=site["count"])
        else:
            areas = [
                texts.get("words", f"site_{key}", area=area, unit=texts.get("units", site["unit"]))
                for key, area in site["areas"].items()
            ]
            figures[f"{name}_figures"] = texts.get("words", "between_names").join(areas)
    for name, placeholder in (("value", "own_measure"), ("target", "above_measure")):
        measure = str(finding.params.get(name, ""))
        figures[placeholder] = (
            texts.get("words", "ratio_form", form=measure.upper(), formula=texts.get("words", f"ratio_{measure}"))
            if measure.upper() in _RATIO_FORMS
            else measure
        )
    return figures


def _describe_limit_origin(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause that states what set the limit of scattered plots: profile, parameter or default."""
    origin = finding.params.get("shown", {}).get("limit_origin", "unknown")
    return {"limit_origin": texts.get("words", f"limit_of_{origin}")}


def _describe_share_of_use(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``share_text`` with the share (%) of the expected land use, or “none” if it is zero."""
    if "percent" not in finding.params or "limit" not in finding.params:
        return {}
    percent, limit = float(finding.params["percent"]), float(finding.params["limit"])
    if not percent:
        return {"share_text": texts.get("words", "share_none")}
    share = format_number(percent, choose_decimals_unlike_limits(percent, [limit]))
    return {"share_text": texts.get("words", "share_some", share=share)}


def _describe_deduction_rate(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the field of the deduction rate in brackets, and the rates of the same parcels in the survey.

    Both are empty in a result of an earlier version.
    """
    shown = finding.params.get("shown", {})
    field = shown.get("rate_field_name", "")
    rates = texts.get("words", "between_names").join(
        texts.get("words", "survey_rate", key=texts.make_key_label(key, None), rate=f"{rate:g}")
        for key, rate in shown.get("survey_rates") or ()
    )
    has_no_rates = shown.get("survey_rates") == []
    return {
        "rate_field": texts.get("words", "in_brackets", text=field) if field else "",
        "survey_fact": texts.get("words", "survey_fact", rates=rates)
        if rates
        else texts.get("words", "survey_fact_none")
        if has_no_rates
        else "",
    }


def _describe_filled_share(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause on how much of a window (开天窗) is filled: completely, or a share in percent."""
    if "share" not in finding.params:
        return {}
    share = format_number(float(finding.params["share"]), 2)
    key = "filled_wholly" if float(finding.params["share"]) >= _WHOLE_PERCENT else "filled_partly"
    return {"filled_share": texts.get("words", key, share=share)}


def _advise_by_receiver(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause ``receiver``, which states whether to add an alias (SCH006) or a domain (SCH007).

    That depends on whether a standard was verified to require it, and on what the receiving side checks.
    """
    is_verified = finding.params.get("shown", {}).get("is_verified")
    source = "unknown" if is_verified is None else "verified" if is_verified else "unverified"
    return {"receiver": texts.get("words", f"{'alias' if finding.code == 'SCH006' else 'domain'}_{source}")}


def _describe_compared_classes(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return the area that was compared, and the pairs of classes that differ; empty in a result of an earlier version.

    The pairs are sorted by their number, the most frequent first.
    """
    shown = finding.params.get("shown", {})
    compared_m2, class_pairs = shown.get("compared_m2"), shown.get("class_pairs", [])
    area = "" if compared_m2 is None else texts.get("words", "compared_area", area=texts.format_area(compared_m2))
    pairs_text = texts.get("words", "between_names").join(
        texts.get("words", "class_pair", own=own, other=other, count=count)
        for own, other, count in class_pairs[:_MAX_NAMED_CLASS_PAIRS]
    )
    if len(class_pairs) > _MAX_NAMED_CLASS_PAIRS:
        pairs_text = texts.get("words", "class_pairs_of_all", pairs=pairs_text, count=len(class_pairs))
    layers = {
        name: texts.make_layer_label(role, templates)
        for name, role in (("layer", finding.role), ("related_layer", finding.related_role))
    }
    pairs_fact = texts.get("words", "class_pairs", pairs=pairs_text, **layers) if class_pairs else ""
    return {"compared_area": area, "pairs_fact": pairs_fact}


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
    "overlaps_first": lambda finding, _shown, texts: _describe_overlaps_at_finding(finding, texts),
    "excess_without": lambda finding, _shown, texts: _describe_excess_without_repeated_land(finding, texts),
}
#: Rule → function that returns the clauses of its messages alone.
_MAKERS_BY_RULE: dict[str, Callable[[Finding, Texts, dict[str, Template]], dict[str, str]]] = {
    "ATT019": _describe_deduction_rate,
    "ATT023": _describe_compared_classes,
    "GEO002": _describe_arc_step,
    "GEO004": _describe_arc_step,
    "LAW004": _describe_misplaced_rows,
    "LAW005": _describe_register_figures,
    "LAW006": _advise_on_documents,
    "LAW008": _describe_margin,
    "LAW013": _describe_patch,
    "LAW021": _describe_county_area,
    "LAW023": _describe_counted_sites,
    "REL006": _describe_limit_origin,
    "REL039": _describe_share_of_use,
    "REL042": _name_line_and_core_zones,
    "REL043": _advise_on_facility,
    "SCH006": _advise_by_receiver,
    "SCH007": _advise_by_receiver,
    "TOP005": _describe_vertex_distance,
    "TOP008": _describe_ignored_places,
    "TOP009": _describe_filled_share,
}
