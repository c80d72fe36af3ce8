# SPDX-License-Identifier: GPL-2.0-or-later
"""The message on a finding, from its parameters and the texts of its rule."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from ...base.placeholders import fill_placeholders, find_placeholders
from ...model.indicator import SQUARE_METRES
from ...model.rule import DECLARED_FAMILY, Rule, get_rule_family, load_all_rules
from ..template import Template
from .clauses import make_clauses, put_in_brackets
from .numbers import (
    THIN_SPACE,
    choose_decimals_unlike_limits,
    choose_figure_decimals,
    format_number,
    format_square_metres,
    format_width,
)
from .texts import (
    ConceptName,
    NamedValue,
    Texts,
    insert_field_alias,
    load_texts,
    make_variant_key,
    nest_quotation_marks,
)

if TYPE_CHECKING:
    # Its libraries would slow down the start of QGIS.
    from ...model.findings import Finding, UnreadData

#: A place narrower than this (m) has the message ``narrow_place`` (``<case>_narrow_place``), if its rule has one.
NARROW_WIDTH_M = 1.0
NARROW_CASE = "narrow_place"
#: Named parts of a feature in a message, the largest first.
MAX_NAMED_PARTS = 5
#: A placeholder with its unit; the figure is a value in this unit.
_FIGURE_WITH_UNIT_PATTERN = re.compile(r"\{(\w+)\} ?(?:m²|%)")
#: Chinese text that follows a unit without a space.
_UNIT_BEFORE_CHINESE_PATTERN = re.compile(r"m²(?=[\u4e00-\u9fff])")
_NUMBER_PATTERN = re.compile(r"\d+(?:\.\d+)?")
_WHOLE_PERCENT = 100.0
#: Placeholders of limits, which are printed as they are set.
_LIMIT_PREFIXES = ("limit", "max_", "min_", "most", "least")
#: Parameters that are figures in the unit of a message, and those that name its target.
_FIGURE_PARAMS, _TARGET_PARAMS, _MARGIN_PARAMS = ("value", "land", "miss", "left"), ("target", "said"), ("miss", "left")
#: Parameters that clauses of messages contain.
_PARAMS_OF_CLAUSES = frozenset(("keys", "layer", "miss", "unit"))
_UNIT_PARAMS = ("unit", "above_unit")
#: Parameters that are keys of texts → the section of the texts.
_SECTION_OF_KEY_PARAMS = {
    **dict.fromkeys(("reason", "problem", "measure", "place", "coordinates"), "words"),
    **dict.fromkeys(("expected", "actual"), "types"),
    **dict.fromkeys(_UNIT_PARAMS, "units"),
}
#: Placeholders that are made of several parameters, by the method that makes them.
_PLACEHOLDERS_OF_DIFFERENCE = frozenset(("miss", "miss_area", "difference"))
_PLACEHOLDERS_OF_LISTS = frozenset(
    ("fillers", "listed", "any_role", "rows", "more", "types", "listed_rows", "which_keys", "scope", "wider", "lacking")
)
#: The case of a finding on ignored slivers that add up (`engine.ignored`).
SLIVER_TEXTS_KEY = "slivers"
#: The word for the distance from a target by the target's sign: a floor falls short, a ceiling is exceeded.
_MISSED_TARGET_KEYS = {"≥": "below_target", "≤": "above_target", "=": "beside_target"}


def format_message(texts: Texts, finding: Finding, templates: dict[str, Template]) -> str:
    """Return the message of a finding: layer, feature, field, figure, remedy."""
    if finding.code.startswith("RUN"):
        message_texts = load_texts(texts.lang)["run_messages"]
        text = message_texts.get(f"{finding.code}_{finding.case}") or message_texts[finding.code]
    elif finding.case == SLIVER_TEXTS_KEY:
        # Any rule may have a finding on ignored slivers: all use one sentence.
        text = load_texts(texts.lang)["slivers"][str(finding.params["kind"])]
    else:
        rule = load_all_rules().get(finding.code)
        if get_rule_family(finding.code) == DECLARED_FAMILY and (rule is None or finding.case not in rule.messages):
            # A stored finding of a check that its profile has changed or removed since.
            return finding.message
        text = _choose_message_template(texts, load_all_rules()[finding.code], finding)
    template = templates.get(finding.role)
    field = template.find_field_by_name(finding.field) if template is not None and finding.field else None
    field_title = "" if field is None else field.alias if texts.lang == "zh" else field.name
    # A parameter of the rule wins: LAW006 names an administrative area by area. A parameter that only words the
    # message (shown) wins over that, and the text of a key over both.
    params, shown_params = finding.params, finding.params.get("shown", {})
    placeholders = find_placeholders(text)
    used_names = placeholders | _PARAMS_OF_CLAUSES
    getters: dict[str, Callable[[], str]] = {
        "layer": lambda: texts.make_layer_label(finding.role, templates),
        "field": lambda: finding.field,
        "key": lambda: texts.make_key_label(finding.key, params.get("fid")),
        "related_layer": lambda: texts.make_layer_label(finding.related_role, templates),
        "related_key": lambda: texts.get("words", "between_names").join(
            texts.make_key_label(key, params.get("related_fid")) for key in finding.related_keys
        ),
        "area": lambda: texts.format_area(finding.area_m2),
        "net_area": lambda: texts.format_area(finding.net_area_m2),
        "width": lambda: format_width(finding.width_m),
    }
    values: dict[str, Any] = {name: get_value() for name, get_value in getters.items() if name in used_names}
    values |= {name: _format_param(texts, params[name], templates) for name in used_names & params.keys()}
    for name in used_names & shown_params.keys():
        value = shown_params[name]
        values[name] = _format_value(texts, value) if isinstance(value, list) else value
    for name in placeholders & _SECTION_OF_KEY_PARAMS.keys() & params.keys():
        texts_by_key = load_texts(texts.lang)[_SECTION_OF_KEY_PARAMS[name]]
        if isinstance(params[name], str) and params[name] in texts_by_key:
            values[name] = texts_by_key[params[name]]
        elif name in _UNIT_PARAMS:
            # A figure without a layer is shown in the unit of its text.
            values[name] = str(params[name])
    message_params = values | _make_combined_params(texts, finding, templates, text, values)
    if field_title:
        message_params["field_title"] = field_title
    if texts.lang == "zh":
        text = insert_field_alias(text, finding.field, field_title)
    if message_params.get("unit") == "":
        # A ratio, or a count in English: no space where its unit would be.
        text = text.replace(" {unit}", "")
    message = nest_quotation_marks(fill_placeholders(text, message_params))
    if texts.lang == "zh":
        message = _UNIT_BEFORE_CHINESE_PATTERN.sub("m² ", message)
    return message + _make_registration_remark(texts, finding)


def _format_param(texts: Texts, value: Any, templates: dict[str, Template]) -> str:
    """Return a parameter of a finding as text."""
    if isinstance(value, NamedValue):
        is_layer = isinstance(value, ConceptName) and value in templates
        return texts.make_layer_label(value, templates) if is_layer else value.render(texts)
    return _format_value(texts, value)


def _choose_message_template(texts: Texts, rule: Rule, finding: Finding) -> str:
    """Return the message template for a finding, before its placeholders are filled.

    A rule may have several texts for one case: the usual one, and variants for special circumstances. The rule
    names the variant in the finding (``shown.variant``). Findings narrower than `NARROW_WIDTH_M` use the variant
    `NARROW_CASE` if the rule has it: they are mostly errors of snapping, with another remedy.
    """
    is_narrow = finding.width_m is not None and finding.width_m < NARROW_WIDTH_M
    for variant in filter(None, (finding.params.get("shown", {}).get("variant"), NARROW_CASE if is_narrow else "")):
        if (case := make_variant_key(finding.case, variant)) in rule.messages:
            return texts.get_message_template(rule, case)
    return texts.get_message_template(rule, finding.case)


def _make_registration_remark(texts: Texts, finding: Finding) -> str:
    """Return the remark on the register of windows next to the data, empty without a register."""
    registration = finding.params.get("shown", {}).get("registration")
    if registration is None:
        return ""
    key = "window_registered" if registration else "window_unregistered"
    return texts.get("words", f"{key}_with_document" if registration.get("document") else key, **registration)


def _make_combined_params(
    texts: Texts, finding: Finding, templates: dict[str, Template], text: str, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return placeholder → value for the placeholders of a text that are made of several values of a finding.

    ``known``: the values of `format_message`. Figures with a unit are among the results.
    """
    placeholders = find_placeholders(text)
    shown_params: dict[str, Any] = finding.params.get("shown", {})
    params = {**finding.params, **shown_params.get("figures", {})}
    figures = _format_figures(params)
    message_params = {**known, **{name: text for name, text in figures.items() if name not in shown_params}}
    if placeholders & _PLACEHOLDERS_OF_DIFFERENCE:
        message_params |= _describe_difference(texts, finding, message_params, shown_params)
    if placeholders & _PLACEHOLDERS_OF_LISTS:
        message_params |= _make_list_params(texts, finding, templates, message_params, shown_params)
    if "layer_name" in params and "problem_text" in placeholders:
        problem_params = {**params, "layer": params["layer_name"], "role": finding.role}
        message_params["problem_text"] = texts.format_problem(str(params["problem"]), problem_params)
    # A result of an earlier version has neither the name of the feature nor those at its place.
    feature_name, there = shown_params.get("feature_name", ""), shown_params.get("there")
    sources = load_texts(texts.lang)["authorities"]
    makers: dict[str, Callable[[], str]] = {
        # The result that decides where the layer's borders are, such as the survey.
        "authority": lambda: sources.get(finding.role, sources["other"]),
        "named": lambda: texts.get("words", "feature_named", name=feature_name) if feature_name else "",
        "facts": lambda: _join_facts(texts, finding),
        "there": lambda: "" if there is None else _describe_features_at_finding(texts, there, templates),
    }
    message_params |= {name: make() for name, make in makers.items() if name in placeholders}
    clauses = make_clauses(finding, texts, templates, placeholders)
    message_params |= {name: clause for name, clause in clauses.items() if name not in params}
    if "layer_basis" in placeholders and "basis" in shown_params:
        basis = texts.get_section("bases").get(shown_params["basis"])
        layer = message_params["layer"]
        message_params["layer_basis"] = (
            texts.get("words", "layer_and_basis", layer=layer, basis=basis) if basis else layer
        )
    limits = [
        float(value)
        for name, value in params.items()
        if name.startswith(_LIMIT_PREFIXES) and isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    for name in _FIGURE_WITH_UNIT_PATTERN.findall(text):
        if not name.startswith(_LIMIT_PREFIXES) and _is_finite_float(value := params.get(name)):
            # Two decimals, or more where the figure would look equal to a limit that it misses.
            message_params[name] = format_number(value, choose_decimals_unlike_limits(value, limits))
    if "area_m2" in placeholders:
        # The limit is in m², too.
        area_m2 = finding.area_m2
        decimals = choose_decimals_unlike_limits(area_m2, limits) if area_m2 is not None else 0
        message_params["area_m2"] = format_square_metres(area_m2, decimals)
    return message_params


def _join_facts(texts: Texts, finding: Finding) -> str:
    """Return the facts on a feature in brackets; empty without one."""
    shown_params = finding.params.get("shown")
    if not shown_params:
        return ""
    facts = [str(one) for one in shown_params.get("facts", ())]
    if "part_areas_m2" in shown_params:
        part_areas_m2 = shown_params["part_areas_m2"]
        facts += [texts.format_area(area_m2) for area_m2 in part_areas_m2[:MAX_NAMED_PARTS]]
        facts += ["…"] if len(part_areas_m2) > MAX_NAMED_PARTS else []
    if "hole_land" in shown_params:
        hole_land = shown_params["hole_land"]
        key = "hole_land_alone" if float(hole_land["share"]) >= _WHOLE_PERCENT else "hole_land"
        facts.append(texts.get("words", key, **hole_land))
    text = facts[0] if len(facts) == 1 else texts.get("words", "between_names").join(facts)
    return texts.get("words", "in_brackets", text=text) if text else ""


def _describe_features_at_finding(
    texts: Texts, related_features: Mapping[str, Any], templates: dict[str, Template]
) -> str:
    """Return the sentence on the features of another layer at the place of a finding."""
    labels = []
    for feature in related_features["features"]:
        key, label = texts.make_key_label(feature["key"], feature.get("fid")), feature.get("label", "")
        labels.append(texts.get("words", "feature_and_label", key=key, label=label) if label else key)
    feature_names = texts.get("words", "between_names").join(labels)
    if related_features["count"] > len(labels):
        feature_names = texts.get("words", "features_of_all", features=feature_names, count=related_features["count"])
    layer = texts.make_layer_label(related_features["role"], templates)
    return texts.get("words", f"there_{related_features['place']}", layer=layer, features=feature_names)


def _describe_difference(
    texts: Texts, finding: Finding, message_params: dict[str, Any], shown_params: dict[str, Any]
) -> dict[str, str]:
    """Return placeholder → text for the difference between a figure and what it should be.

    ``miss`` with ``miss_area``, or ``difference`` for a number of sites; empty for a finding without such figures.
    ``message_params``: the finding's parameters as text; ``shown_params``: its further parameters as values.
    """
    difference_texts = {}
    if "miss" in message_params and "comparison" in finding.params:
        # Two texts that differ are compared with each other, not with a bound.
        comparison_sign = "=" if "other_place" in finding.params else str(finding.params["comparison"])
        direction = shown_params.get("direction", "")
        key = f"map_{direction}" if direction else _MISSED_TARGET_KEYS[comparison_sign]
        difference_texts["miss"] = texts.get("words", key, miss=message_params["miss"])
        unit, miss = str(finding.params.get("unit", "")), finding.params["miss"]
        # Only an area in another unit than hectares has one.
        is_converted = unit != "ha" and unit in SQUARE_METRES and _is_finite_float(miss)
        area = texts.format_area(miss * SQUARE_METRES[unit]) if is_converted else ""
        difference_texts["miss_area"] = texts.get("words", "about_area", area=area) if area else ""
    if "missing_count" in shown_params:
        key = "sites_missing" if shown_params["missing_count"] > 0 else "sites_surplus"
        difference_texts["difference"] = texts.get("words", key, count=abs(shown_params["missing_count"]))
    return difference_texts


def _make_list_params(
    texts: Texts,
    finding: Finding,
    templates: dict[str, Template],
    message_params: dict[str, Any],
    shown_params: dict[str, Any],
) -> dict[str, str]:
    """Return the placeholders for lists (layers, names, codes, keys, scopes), as text."""
    params, separator = finding.params, texts.get("words", "between_names")
    type_texts, row_names = load_texts(texts.lang)["types"], shown_params.get("row_names", [])
    # A result stored by an earlier version does not name the features, has only the most frequent type, and codes
    # without names.
    types = shown_params.get("types", [params["actual"]] if "actual" in params else [])
    codes = shown_params.get("codes", params.get("codes"))
    rows_text = separator.join(texts.make_row_label(*one) for one in row_names)
    more = None
    if "row_names" in shown_params and params.get("more"):
        left = int(params.get("count", 0)) - len(row_names)
        if left >= 0:
            more = texts.get("words", "more_rows", left=left) if left else ""
    listed = put_in_brackets(list(map(str, codes)), 0, texts) if isinstance(codes, list) else None
    if "names" in params:
        # Waivers store the parameters of a finding without a place, so the brackets are added here.
        listed = put_in_brackets([str(params["names"])] if str(params["names"]) != "—" else [], 0, texts)
    which_keys = None
    if isinstance(params.get("keys"), list) and "count" in params:
        # A message gives the first keys of many as examples, but names a few completely.
        key = "all_keys" if len(params["keys"]) >= int(params["count"]) else "example_keys"
        which_keys = texts.get("words", key, keys=message_params["keys"])
    list_texts = {
        "fillers": separator.join(texts.make_layer_label(role, templates) for role in params["fillers"])
        if "fillers" in params
        else None,
        "listed": listed,
        "any_role": texts.get("words", "between_alternatives").join(params["roles"])
        if isinstance(params.get("roles"), list)
        else None,
        "rows": rows_text if "row_names" in shown_params else None,
        "more": more,
        "types": separator.join(type_texts.get(str(one), str(one)) for one in types),
        "listed_rows": put_in_brackets(
            [rows_text + (str(params.get("more", "")) if more is None else more)] if rows_text else [], 0, texts
        ),
        "which_keys": which_keys,
    }
    if "wider" in params:
        list_texts |= {n: texts.find("scopes", str(params[n])) or params[n] for n in ("scope", "wider")}
        missing_layer_names = [texts.get_layer_name_of_concept(str(c), templates) for c in params["lacking"]]
        list_texts["lacking"] = separator.join(missing_layer_names)
    return {name: text for name, text in list_texts.items() if text is not None}


def _format_value(texts: Texts, value: Any) -> str:
    """Return a parameter as text: lists with commas, numbers with thin spaces between groups of three."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        separator = texts.get("words", "between_names")
        return separator.join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"{value:,.10g}".replace(",", THIN_SPACE) if isinstance(value, float) else str(value)


def _is_finite_float(value: Any) -> TypeGuard[float]:
    """Return True for a float that is neither infinite nor NaN."""
    return isinstance(value, float) and math.isfinite(value)


def _format_figures(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the figures of a message with a unit and a target as text, with the decimals of reports.

    Stored parameters have more decimals, because waivers compare them.
    """
    figure_names = [name for name in _FIGURE_PARAMS if _is_finite_float(params.get(name))]
    if "unit" not in params or not figure_names:
        return {}
    targets = [str(params[name]) for name in _TARGET_PARAMS if name in params]
    numbers = [float(text) for text in targets if _NUMBER_PATTERN.fullmatch(text)]
    value = params["value"] if _is_finite_float(params.get("value")) else None
    margins = [params[name] for name in _MARGIN_PARAMS if _is_finite_float(params.get(name))]
    if not margins and value is not None:
        margins = [value - number for number in numbers]
    decimals = max((len(text.partition(".")[2]) for text in targets if _NUMBER_PATTERN.fullmatch(text)), default=0)
    shown_decimals = choose_figure_decimals(str(params["unit"]), decimals, min(margins, key=abs, default=None), value)
    return {name: format_number(params[name], shown_decimals) for name in figure_names}


def describe_unread(texts: Texts, unread: UnreadData) -> str:
    """Return a sentence on data that was not read."""
    return format_message(texts, unread.make_finding(), {})
