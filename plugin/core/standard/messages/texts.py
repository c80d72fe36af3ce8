# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences in the user's language, from text keys and parameters.

Rules return rows and parameters; this module makes the sentences when they are shown.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

from ....metadata import read_plugin_version
from ....paths import TEXTS_FOLDER
from ...base.errors import DataError, SanxianError
from ...base.files.data import read_toml
from ...model.indicator import SQUARE_METRES
from ...model.rule import DECLARED_FAMILY, Rule, get_rule_family, load_all_rules
from ..indicator_catalogue import find_indicator_name
from ..switches import DISABLED_PREFIX
from .clauses import make_clauses
from .numbers import (
    MIN_AREA_IN_HECTARES_M2,
    choose_decimals_unlike_limits,
    choose_figure_decimals,
    format_hectare_number,
    format_small_square_metres,
    format_square_metres,
)
from .numbers import THIN_SPACE as THIN_SPACE
from .numbers import format_number as format_number
from .numbers import format_width as format_width
from .placeholders import MAX_CACHED_TEXTS, fill_placeholders, find_placeholders
from .privacy import strip_folders as strip_folders

if TYPE_CHECKING:
    from ...model.findings import Finding, UnreadData
    from ..template import Template

#: A place narrower than this (m) has the message ``narrow_place`` (``<case>_narrow_place``), if its rule has one.
NARROW_WIDTH_M = 1.0
NARROW_CASE = "narrow_place"
#: Named parts of a feature in a message, the largest first.
MAX_NAMED_PARTS = 5

# Parameters of messages that are rendered by their type. Elsewhere (JSON, fingerprints, comparisons) such a value is
# its plain string.


class NamedValue(str, ABC):
    """An identifier that messages show by its name in the user's language."""

    __slots__ = ()

    @abstractmethod
    def render(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""


class ConceptName(NamedValue):
    """A kind of layer (such as farmland), shown by its name; or the code of a layer."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the name of a kind of layer; the code of a layer unchanged."""
        return texts.get_concept_name(self)


class CodeListName(NamedValue):
    """The id of a code list, shown by its title."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the title of the code list."""
        return texts.get_setting_name(f"codes.{self}")


class IndicatorName(NamedValue):
    """The id of an indicator, shown by the indicator's name."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the name of the indicator."""
        return texts.get_indicator_name(self)


@runtime_checkable
class MessagePart(Protocol):
    """A parameter of a message that is translated when the message is rendered."""

    def render(self, texts: Texts) -> str:
        """Return the parameter as text in the language of the texts."""
        ...


@dataclass(frozen=True)
class Message:
    """A text of resources/texts with parameters, translated when it is rendered.

    ``section`` and ``key``: where the text is.
    """

    section: str
    key: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def render(self, texts: Texts) -> str:
        """Return the text in the language of the texts, with its parameters filled in."""
        return texts.get(self.section, self.key, **render_params(self.params, texts))


@dataclass(frozen=True)
class RuleProblem:
    """What is wrong where a rule finds something, as a parameter of a message."""

    rule: Rule

    def render(self, texts: Texts) -> str:
        """Return the problem that the rule reports."""
        return texts.get_rule_problem(self.rule)


@dataclass(frozen=True)
class CauseMessage:
    """The cause of an error as a parameter of a message.

    It is rendered as the cause's sentence with the remedy.
    """

    error: Any

    def render(self, texts: Texts) -> str:
        """Return the message of an error in the language of the texts, with the remedy."""
        return texts.explain_error(self.error)


@dataclass(frozen=True)
class NameList:
    """Several names as one parameter, with the comma of the language between them."""

    names: tuple[str, ...]

    def render(self, texts: Texts) -> str:
        """Return the names as text."""
        return texts.get("words", "between_names").join(self.names)


@dataclass(frozen=True)
class MessageLines:
    """Several messages as one parameter; each is on its own line."""

    message_parts: tuple[MessagePart, ...]

    def render(self, texts: Texts) -> str:
        """Return the messages as text, one on each line."""
        return "\n".join(part.render(texts) for part in self.message_parts)


@dataclass(frozen=True)
class MessageList:
    """Several messages as one parameter, with a separator between them.

    ``separator``: key of the separator; by default the semicolon of the language.
    """

    message_parts: tuple[MessagePart, ...]
    separator: str = "between_cells"

    def render(self, texts: Texts) -> str:
        """Return the messages as one text."""
        return texts.get("words", self.separator).join(part.render(texts) for part in self.message_parts)


def render_params(params: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return parameters of a message with their message parts as text."""
    # Not isinstance: comparing a value with a protocol takes longer than rendering a text.
    return {key: value.render(texts) if hasattr(value, "render") else value for key, value in params.items()}


TEXT_LANGUAGES = ("zh", "en")
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
#: Keys longer than this are shown by their tail.
_SHOWN_KEY_CHARACTERS = 6


@cache
def _load_texts(lang: str) -> dict[str, Any]:
    """Return all texts of a language: section → key → text."""
    return read_toml(TEXTS_FOLDER / f"{lang}.toml")


@cache
def _get_text(lang: str, section: str, key: str) -> str:
    """Return a text with its unfilled placeholders; raise DataError if it is missing."""
    try:
        return str(_load_texts(lang)[section][key])
    except KeyError as error:
        raise DataError("data_key_missing", file=f"{lang}.toml", key=f"{section}.{key}") from error


@cache
def _get_constant_text(lang: str, section: str, key: str) -> str:
    """Return a text without parameters."""
    return fill_placeholders(_get_text(lang, section, key), {})


@cache
def _load_rules_zh() -> dict[str, Any]:
    """Return the Chinese texts of the rules: rule code → texts."""
    return read_toml(TEXTS_FOLDER / "rules_zh.toml")


def _is_of_former_check(finding: Finding) -> bool:
    """Return True for a stored finding of a declared check that its profile has changed or removed since."""
    if get_rule_family(finding.code) != DECLARED_FAMILY:
        return False
    rule = load_all_rules().get(finding.code)
    return rule is None or finding.case not in rule.messages


def _get_rule_texts_zh(rule: Rule) -> dict[str, Any]:
    """Return the Chinese texts of a rule; one that is made of data has its texts with it."""
    return rule.texts["zh"] if rule.texts else _load_rules_zh()[rule.code]


#: The word for the distance from a target by the target's sign: a floor falls short, a ceiling is exceeded.
_MISSED_TARGET_KEYS = {"≥": "below_target", "≤": "above_target", "=": "beside_target"}


class Texts:
    """All sentences in one language (``zh`` or ``en``).

    Raises DataError for another language and for a missing text.
    """

    def __init__(self, lang: str = "zh"):
        if lang not in TEXT_LANGUAGES:
            raise DataError("data_value_unknown", file="texts", key="lang", value=lang, known=", ".join(TEXT_LANGUAGES))
        self.lang = lang

    @property
    def program(self) -> str:
        """Return name and version of the program: the author of files, never the name of a user or a computer."""
        return self.get("about", "program", version=read_plugin_version())

    def get(self, section: str, key: str, /, **params: Any) -> str:
        """Return a text by section and key, with its placeholders filled."""
        if not params:
            return _get_constant_text(self.lang, section, key)
        return fill_placeholders(_get_text(self.lang, section, key), params)

    def find(self, section: str, key: str) -> str:
        """Return a text by section and key with its unfilled placeholders; empty if it is missing."""
        return str(_load_texts(self.lang)[section].get(key, ""))

    def get_section(self, section: str) -> dict[str, str]:
        """Return all texts of a section: key → text."""
        return dict(_load_texts(self.lang)[section])

    def explain_error(self, error: SanxianError) -> str:
        """Return an error of the plugin as a sentence with its remedy."""
        return self._format_error(error.key, error.params)

    def _format_error(self, key: str, params: dict[str, Any]) -> str:
        """Return the sentence of an error, by its text key and parameters."""
        params = render_params(params, self)
        causes = _load_texts(self.lang)["causes"]
        detail = params.get("detail")
        detail_params = {"detail": causes.get(detail, detail)}
        if "unusable" in params:
            detail_params["why"] = self.format_problem(*params["unusable"])
        if "errors" in params:
            detail_params["reasons"] = "\n".join(map(self.explain_error, params["errors"]))
        if "check_problem" in params:
            if "check_type" in params:
                params = {**params, "expected": self.get("check_types", params["check_type"])}
            detail_params["what"] = self.get("check_errors", params["check_problem"], **params)
        if "of_type" in params:
            detail_params["of_type"] = _load_texts(self.lang)["types"][params["of_type"]]
        return self.get("errors", key, **{**params, **detail_params})

    def format_reason(self, key: str, params: dict[str, Any]) -> str:
        """Return a sentence: why something was not checked."""
        if "indicator" in params:
            params = {**params, "indicator": self.get_indicator_name(params["indicator"])}
        if "indicators" in params:
            indicator_names = dict.fromkeys(self.get_indicator_name(name) for name in params["indicators"])
            params = {**params, "indicators": self.get("words", "between_names").join(indicator_names)}
        if "concept" in params:
            params = {**params, "concept": self.get_concept_name(params["concept"])}
        if isinstance(names := params.get("names"), list):
            params = {**params, "names": self.get("words", "between_names").join(names)}
        return self.get("reasons", key, **params)

    def join_sentences(self, sentences: Iterable[str]) -> str:
        """Return sentences as one text; Chinese ones have no space between them."""
        return self.get("words", "between_sentences").join(dict.fromkeys(text for text in sentences if text))

    def format_notice(self, key: str, params: dict[str, Any]) -> str:
        """Return a sentence: a notice on the data."""
        return self.get("notices", key, **render_params(params, self))

    def format_problem(self, key: str, params: dict[str, Any]) -> str:
        """Return a sentence: why a layer cannot be used, with its remedy.

        The problem comes from `find_coordinate_problem`, or the layer could not be read.
        """
        if key not in _load_texts(self.lang)["crs_problems"]:
            return self._format_error(key, params)
        text = self.get("crs_problems", key, **params)
        hint = params.get("hint")
        return text + self.get("crs_problems", "hint", hint=hint) if hint else text

    def get_concept_name(self, concept: str) -> str:
        """Return the name of a concept, which is a kind of layer such as farmland."""
        return _load_texts(self.lang)["concepts"].get(concept, concept)

    def get_layer_name_of_concept(self, concept: str, templates: dict[str, Template]) -> str:
        """Return the name of a concept (kind of layer).

        The layer's code is added if the concept is a single layer.
        """
        name = self.get_concept_name(concept)
        return (
            self.make_layer_label(concept, templates) + f"（{concept}）"
            if name == concept and concept in templates
            else name
        )

    def get_meaning_name(self, meaning: str) -> str:
        """Return the name of a meaning: what a field holds, such as net area."""
        return _load_texts(self.lang)["meanings"].get(meaning, meaning)

    def get_indicator_name(self, indicator: str) -> str:
        """Return the name of an indicator.

        The texts name indicators that only rules compute; the standard's list of indicators names the others.
        """
        indicator_name = _load_texts(self.lang)["indicators"].get(indicator)
        return indicator_name if indicator_name is not None else find_indicator_name(indicator, self.lang)

    def describe_unread(self, unread: UnreadData) -> str:
        """Return a sentence on data that was not read."""
        return self.format_message(unread.make_finding(), {})

    def format_indicator_with_place(self, indicator: str, place: str) -> str:
        """Return the name of an indicator with its place.

        An empty ``place`` means the whole plan.
        """
        name = self.get_indicator_name(indicator)
        return self.get("words", "figure_of_place", name=name, place=place) if place else name

    def get_setting_name(self, name: str) -> str:
        """Return the name of a setting or code list.

        A parameter of a rule is named by the rule's code and the parameter's name. A setting that only the county
        defines is named by its key. ``off.`` before a key: the county ends a comparison by this setting.
        """
        setting_names = _load_texts(self.lang)["setting"]
        if name.startswith(DISABLED_PREFIX):
            shown_name = self.get_setting_name(name.removeprefix(DISABLED_PREFIX))
            return str(setting_names["off"]).format(name=shown_name)
        section, _, parameter = name.rpartition(".")
        if name not in setting_names and section.startswith("rules.") and parameter in self.get_section("parameters"):
            return f"{section.partition('.')[2]} {self.get_section('parameters')[parameter]}"
        if get_rule_family(name) == DECLARED_FAMILY and (rule := load_all_rules().get(name)) is not None:
            # A declared check of mark C is confirmed by its code.
            return f"{name} {self.get_rule_title(rule)}"
        return str(setting_names.get(name, name))

    def get_scope_name(self, scope: str) -> str:
        """Return the name of a scope (kind of delivery); a scope of a custom standard is named by its id."""
        return str(self.get_section("scopes").get(scope, scope))

    def get_rule_title(self, rule: Rule) -> str:
        """Return the title of a rule, which states the requirement."""
        if self.lang == "zh":
            return _get_rule_texts_zh(rule)["title"]
        return rule.sections[""].rstrip(".")

    def get_rule_problem(self, rule: Rule) -> str:
        """Return what is wrong where a rule finds something.

        `get_rule_title` states the requirement instead.
        """
        return _get_rule_texts_zh(rule)["problem"] if self.lang == "zh" else rule.problem

    def get_rule_help(self, rule: Rule) -> dict[str, str]:
        """Return the help of a rule: heading → text.

        Headings: what it checks, why, how to fix, limits. Settings are named by their titles; the last text names
        the place to change them.
        """
        headings = self.get_section("headings")
        if self.lang == "zh":
            source = _get_rule_texts_zh(rule)
            return self.add_setting_titles({headings[k]: source[k] for k in ("what", "why", "fix", "limits")})
        sections = rule.sections
        keys = {"what": "What it checks", "why": "Why", "fix": "How to fix", "limits": "Limits"}
        return self.add_setting_titles({headings[k]: " ".join(sections[h].split()) for k, h in keys.items()})

    def add_setting_titles(self, help_texts: dict[str, str]) -> dict[str, str]:
        """Return help texts (heading → text) in which each setting's title stands before its key.

        The last text gets a sentence on where a user changes these settings.
        """
        # Only help pages name settings: a check does without the module.
        from .setting_names import describe_where_to_change_settings, find_setting_keys, put_titles_before_keys

        titles, place_texts = self.get_section("setting"), self.get_section("setting_place")
        keys = find_setting_keys(" ".join(help_texts.values()), titles)
        if not keys:
            return help_texts
        named_help_texts = {
            h: put_titles_before_keys(text, titles, place_texts["named"]) for h, text in help_texts.items()
        }
        last = list(named_help_texts)[-1]
        return {
            **named_help_texts,
            last: named_help_texts[last]
            + place_texts["gap"]
            + describe_where_to_change_settings(keys, titles, place_texts),
        }

    def get_message_template(self, rule: Rule, case: str) -> str:
        """Return the text of one of a rule's messages, with its placeholders.

        ``case``: which message of the rule.
        """
        return _get_rule_texts_zh(rule)["messages"][case] if self.lang == "zh" else rule.messages[case]

    def format_message(self, finding: Finding, templates: dict[str, Template]) -> str:
        """Return the message of a finding: layer, feature, field, figure, remedy."""
        if finding.code.startswith("RUN"):
            message_texts = _load_texts(self.lang)["run_messages"]
            text = message_texts.get(f"{finding.code}_{finding.case}") or message_texts[finding.code]
        elif finding.case == SLIVER_TEXTS_KEY:
            # Any rule may have a finding on ignored slivers: all use one sentence.
            text = _load_texts(self.lang)["slivers"][str(finding.params["kind"])]
        elif _is_of_former_check(finding):
            return finding.message
        else:
            text = self._choose_message_template(load_all_rules()[finding.code], finding)
        field_title = self._get_field_title(finding, templates)
        message_params = self._make_simple_params(finding, templates, text)
        message_params |= self._make_combined_params(finding, templates, text, message_params)
        if field_title:
            message_params["field_title"] = field_title
        if self.lang == "zh":
            text = insert_field_alias(text, finding.field, field_title)
        if message_params.get("unit") == "":
            # A ratio, or a count in English: no space where its unit would be.
            text = text.replace(" {unit}", "")
        message = nest_quotation_marks(fill_placeholders(text, message_params))
        if self.lang == "zh":
            message = _UNIT_BEFORE_CHINESE_PATTERN.sub("m² ", message)
        return message + self._make_registration_remark(finding)

    def _make_simple_params(self, finding: Finding, templates: dict[str, Template], text: str) -> dict[str, Any]:
        """Return placeholder → value for the placeholders of a text that are made of one value of a finding.

        A parameter of the rule wins: LAW006 names an administrative area by ``area``. A parameter that only words the
        message (``shown``) wins over that, and the text of a key over both.
        """
        params, shown_params = finding.params, finding.params.get("shown", {})
        placeholders = find_placeholders(text)
        used_names = placeholders | _PARAMS_OF_CLAUSES
        getters: dict[str, Callable[[], str]] = {
            "layer": lambda: self.make_layer_label(finding.role, templates),
            "field": lambda: finding.field,
            "key": lambda: self.make_key_label(finding.key, params.get("fid")),
            "related_layer": lambda: self.make_layer_label(finding.related_role, templates),
            "related_key": lambda: self.get("words", "between_names").join(
                self.make_key_label(key, params.get("related_fid")) for key in finding.related_keys
            ),
            "area": lambda: self.format_area(finding.area_m2),
            "net_area": lambda: self.format_area(finding.net_area_m2),
            "width": lambda: format_width(finding.width_m),
        }
        values: dict[str, Any] = {name: get_value() for name, get_value in getters.items() if name in used_names}
        values |= {name: self._format_param(params[name], templates) for name in used_names & params.keys()}
        for name in used_names & shown_params.keys():
            value = shown_params[name]
            values[name] = self._format_value(value) if isinstance(value, list) else value
        for name in placeholders & _SECTION_OF_KEY_PARAMS.keys() & params.keys():
            texts_by_key = _load_texts(self.lang)[_SECTION_OF_KEY_PARAMS[name]]
            if isinstance(params[name], str) and params[name] in texts_by_key:
                values[name] = texts_by_key[params[name]]
            elif name in _UNIT_PARAMS:
                # A figure without a layer is shown in the unit of its text.
                values[name] = str(params[name])
        return values

    def _format_param(self, value: Any, templates: dict[str, Template]) -> str:
        """Return a parameter of a finding as text."""
        if isinstance(value, NamedValue):
            is_layer = isinstance(value, ConceptName) and value in templates
            return self.make_layer_label(value, templates) if is_layer else value.render(self)
        return self._format_value(value)

    def _get_field_title(self, finding: Finding, templates: dict[str, Template]) -> str:
        """Return the title of a finding's field in the language of the texts; empty without such a field."""
        if not finding.field or finding.role not in templates:
            return ""
        template_field = templates[finding.role].find_field_by_name(finding.field)
        return "" if template_field is None else template_field.alias if self.lang == "zh" else template_field.name

    def _choose_message_template(self, rule: Rule, finding: Finding) -> str:
        """Return the message template for a finding, before its placeholders are filled.

        A rule may have several texts for one case: the usual one, and variants for special circumstances. The rule
        names the variant in the finding (``shown.variant``). Findings narrower than `NARROW_WIDTH_M` use the variant
        `NARROW_CASE` if the rule has it: they are mostly errors of snapping, with another remedy.
        """
        variants = []
        if variant := finding.params.get("shown", {}).get("variant"):
            variants.append(variant)
        if finding.width_m is not None and finding.width_m < NARROW_WIDTH_M:
            variants.append(NARROW_CASE)
        for variant in variants:
            if (case := make_variant_key(finding.case, variant)) in rule.messages:
                return self.get_message_template(rule, case)
        return self.get_message_template(rule, finding.case)

    def _make_registration_remark(self, finding: Finding) -> str:
        """Return the remark on the register of windows next to the data, empty without a register."""
        registration = finding.params.get("shown", {}).get("registration")
        if registration is None:
            return ""
        if not registration:
            return self.get("words", "window_unregistered")
        key = "window_registered_with_document" if registration["document"] else "window_registered"
        return self.get("words", key, **registration)

    def _make_combined_params(
        self, finding: Finding, templates: dict[str, Template], text: str, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return placeholder → value for the placeholders of a text that are made of several values of a finding.

        ``known``: the values of `_make_simple_params`. Figures with a unit are among the results.
        """
        params, placeholders = finding.params, find_placeholders(text)
        shown_params: dict[str, Any] = params.get("shown", {})
        message_params = dict(known)
        figures_with_target = _format_figures(params)
        message_params |= {name: figure for name, figure in figures_with_target.items() if name not in shown_params}
        if placeholders & _PLACEHOLDERS_OF_DIFFERENCE:
            message_params |= self._describe_difference(finding, message_params, shown_params)
        if placeholders & _PLACEHOLDERS_OF_LISTS:
            message_params |= self._make_list_params(finding, templates, message_params, shown_params)
        if "layer_name" in params and "problem_text" in placeholders:
            problem_params = {**params, "layer": params["layer_name"], "role": finding.role}
            message_params["problem_text"] = self.format_problem(str(params["problem"]), problem_params)
        message_params |= self._describe_feature(finding, placeholders)
        clauses = make_clauses(finding, self, templates, placeholders)
        message_params |= {name: clause for name, clause in clauses.items() if name not in params}
        if "there" in placeholders:
            # A result stored by an earlier version does not have it.
            message_params["there"] = (
                self._describe_features_at_finding(shown_params["there"], templates) if "there" in shown_params else ""
            )
        if "layer_basis" in placeholders and "basis" in shown_params:
            basis = self.get_section("bases").get(shown_params["basis"])
            layer = message_params["layer"]
            message_params["layer_basis"] = (
                self.get("words", "layer_and_basis", layer=layer, basis=basis) if basis else layer
            )
        limits = _list_limits(params)
        for name in _FIGURE_WITH_UNIT_PATTERN.findall(text):
            if not name.startswith(_LIMIT_PREFIXES) and _is_finite_float(value := params.get(name)):
                # Two decimals, or more where the figure would look equal to a limit that it misses.
                message_params[name] = format_number(value, choose_decimals_unlike_limits(value, limits))
        if "area_m2" in placeholders:
            message_params["area_m2"] = _format_area_with_limits(finding)
        return message_params

    def _describe_feature(self, finding: Finding, placeholders: frozenset[str]) -> dict[str, str]:
        """Return the clauses on a feature: its name, facts on it in brackets, and the authority of its layer.

        The authority is the result that decides where the layer's borders are, such as the survey. Name and facts are
        empty where the rule does not state them, as in a result of an earlier version. ``placeholders``: other clauses
        are not made.
        """
        clauses = {}
        if "authority" in placeholders:
            sources = _load_texts(self.lang)["authorities"]
            clauses["authority"] = sources.get(finding.role, sources["other"])
        if "named" in placeholders:
            name = finding.params.get("shown", {}).get("feature_name", "")
            clauses["named"] = self.get("words", "feature_named", name=name) if name else ""
        if "facts" in placeholders:
            clauses["facts"] = self._join_facts(finding)
        return clauses

    def _join_facts(self, finding: Finding) -> str:
        """Return the facts on a feature in brackets; empty without one."""
        shown_params = finding.params.get("shown")
        if not shown_params:
            return ""
        facts = [str(one) for one in shown_params.get("facts", ())]
        if "part_areas_m2" in shown_params:
            part_areas_m2 = shown_params["part_areas_m2"]
            facts += [self.format_area(area_m2) for area_m2 in part_areas_m2[:MAX_NAMED_PARTS]]
            facts += ["…"] if len(part_areas_m2) > MAX_NAMED_PARTS else []
        if "hole_land" in shown_params:
            hole_land = shown_params["hole_land"]
            key = "hole_land_alone" if float(hole_land["share"]) >= _WHOLE_PERCENT else "hole_land"
            facts.append(self.get("words", key, **hole_land))
        text = facts[0] if len(facts) == 1 else self.get("words", "between_names").join(facts)
        return self.get("words", "in_brackets", text=text) if text else ""

    def _describe_features_at_finding(self, related_features: Mapping[str, Any], templates: dict[str, Template]) -> str:
        """Return the sentence on the features of another layer at the place of a finding."""
        labels = []
        for feature in related_features["features"]:
            key, label = self.make_key_label(feature["key"], feature.get("fid")), feature.get("label", "")
            labels.append(self.get("words", "feature_and_label", key=key, label=label) if label else key)
        feature_names = self.get("words", "between_names").join(labels)
        if related_features["count"] > len(labels):
            feature_names = self.get(
                "words", "features_of_all", features=feature_names, count=related_features["count"]
            )
        layer = self.make_layer_label(related_features["role"], templates)
        return self.get("words", f"there_{related_features['place']}", layer=layer, features=feature_names)

    def _describe_difference(
        self, finding: Finding, message_params: dict[str, Any], shown_params: dict[str, Any]
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
            difference_texts["miss"] = self.get("words", key, miss=message_params["miss"])
            difference_texts["miss_area"] = self._convert_difference_to_hectares(finding.params)
        if "missing_count" in shown_params:
            key = "sites_missing" if shown_params["missing_count"] > 0 else "sites_surplus"
            difference_texts["difference"] = self.get("words", key, count=abs(shown_params["missing_count"]))
        return difference_texts

    def _convert_difference_to_hectares(self, params: Mapping[str, Any]) -> str:
        """Return the difference of an area from its target in hectares, in brackets.

        Empty for a figure that is in hectares already, and for one that is not an area.
        """
        unit = str(params.get("unit", ""))
        if unit == "ha" or unit not in SQUARE_METRES or not _is_finite_float(params["miss"]):
            return ""
        return self.get("words", "about_area", area=self.format_area(params["miss"] * SQUARE_METRES[unit]))

    def _make_list_params(
        self,
        finding: Finding,
        templates: dict[str, Template],
        message_params: dict[str, Any],
        shown_params: dict[str, Any],
    ) -> dict[str, str]:
        """Return the placeholders for lists (layers, names, codes, keys, scopes), as text."""
        params, separator, list_texts = finding.params, self.get("words", "between_names"), {}
        if "fillers" in params:
            list_texts["fillers"] = separator.join(self.make_layer_label(role, templates) for role in params["fillers"])
        if "names" in params:
            # Waivers store the parameters of a finding without a place, so the brackets are added here.
            names_text = str(params["names"])
            list_texts["listed"] = "" if names_text == "—" else self.get("words", "in_brackets", text=names_text)
        if isinstance(params.get("roles"), list):
            list_texts["any_role"] = self.get("words", "between_alternatives").join(params["roles"])
        if "row_names" in shown_params:
            list_texts["rows"] = separator.join(
                self.make_row_label(*row_name) for row_name in shown_params["row_names"]
            )
            left = int(params.get("count", 0)) - len(shown_params["row_names"])
            if params.get("more") and left >= 0:
                list_texts["more"] = self.get("words", "more_rows", left=left) if left else ""
        # A result stored by an earlier version does not name the features, and only the most frequent type.
        type_texts = _load_texts(self.lang)["types"]
        types = shown_params.get("types", [params["actual"]] if "actual" in params else [])
        list_texts["types"] = separator.join(type_texts.get(str(one), str(one)) for one in types)
        rows_text = list_texts.get("rows", "")
        list_texts["listed_rows"] = (
            self.get("words", "in_brackets", text=rows_text + list_texts.get("more", str(params.get("more", ""))))
            if rows_text
            else ""
        )
        # A result stored by an earlier version has codes without names.
        listed_codes = shown_params.get("codes", params.get("codes"))
        if "names" not in params and isinstance(listed_codes, list):
            codes = separator.join(map(str, listed_codes))
            list_texts["listed"] = self.get("words", "in_brackets", text=codes) if codes else ""
        if isinstance(params.get("keys"), list) and "count" in params:
            # A message gives the first keys of many as examples, but names a few completely.
            is_complete = len(params["keys"]) >= int(params["count"])
            list_texts["which_keys"] = self.get(
                "words", "all_keys" if is_complete else "example_keys", keys=message_params["keys"]
            )
        if "wider" in params:
            list_texts |= {n: self.get_scope_name(str(params[n])) for n in ("scope", "wider")}
            missing_layer_names = [self.get_layer_name_of_concept(str(c), templates) for c in params["lacking"]]
            list_texts["lacking"] = separator.join(missing_layer_names)
        return list_texts

    def format_area(self, area_m2: float | None) -> str:
        """Return the area of a finding in hectares with its unit; a dash without an area.

        An area below 0.01 hectares is in m², where its figures are easier to read.
        """
        if area_m2 is None:
            return "—"
        if 0 < area_m2 < MIN_AREA_IN_HECTARES_M2:
            return format_small_square_metres(area_m2)
        return self.get("words", "hectares", amount=format_hectare_number(area_m2))

    def _format_value(self, value: Any) -> str:
        """Return a parameter as text: lists with commas, numbers with thin spaces between groups of three."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            separator = self.get("words", "between_names")
            return separator.join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return f"{value:,.10g}".replace(",", THIN_SPACE) if isinstance(value, float) else str(value)

    def make_layer_label(self, role: str, templates: dict[str, Template]) -> str:
        """Return the name of a layer by its code (role): its title in Chinese, else the code.

        It does not depend on the name that the layer has in a project or file.
        """
        if role not in templates:
            return role
        return templates[role].name if self.lang == "zh" else role

    def make_row_label(self, key: str, fid: Any, name: str = "") -> str:
        """Return a row's key as messages show it, followed by its name in quotation marks if one is given."""
        label = self.make_key_label(key, fid)
        return self.get("words", "site_and_name", key=label, name=name) if name else label

    def make_key_label(self, key: str, fid: Any) -> str:
        """Return a row's key as messages show it, with its feature id if one is given."""
        if fid is not None:
            return (
                self.get("words", "feature_id", fid=fid)
                if not key
                else f"{shorten_key(key)}, {self.get('words', 'feature_id', fid=fid)}"
            )
        return shorten_key(key)


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
    margin = min(margins, key=abs, default=None)
    shown_decimals = choose_figure_decimals(str(params["unit"]), decimals, margin, value)
    return {name: format_number(params[name], shown_decimals) for name in figure_names}


def _format_area_with_limits(finding: Finding) -> str:
    """Return the area of a finding in m², for comparison with a limit that is in m²."""
    if finding.area_m2 is None:
        return format_square_metres(None)
    decimals = choose_decimals_unlike_limits(finding.area_m2, _list_limits(finding.params))
    return format_square_metres(finding.area_m2, decimals)


def _list_limits(params: Mapping[str, Any]) -> list[float]:
    """Return the numbers among the parameters of a message that are limits."""
    return [
        float(value)
        for name, value in params.items()
        if name.startswith(_LIMIT_PREFIXES) and isinstance(value, (int, float)) and not isinstance(value, bool)
    ]


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def insert_field_alias(text: str, name: str, alias: str) -> str:
    """Return a Chinese message in which the first ``{field}`` has the field's Chinese name: 图斑面积（TBMJ）.

    Messages that place the name themselves, and fields without one, stay as they are.
    """
    place = text.find("{field}")
    if place < 0 or not alias or alias == name or "{alias}" in text or "{field_title}" in text:
        return text
    before, after = text[:place], text[place + len("{field}") :]
    is_in_brackets = before.count("（") > before.count("）")
    label = f"{alias} {{field}}" if is_in_brackets else f"{alias}（{{field}}）"
    return before.removesuffix(" ") + label + (after if is_in_brackets else after.removeprefix(" "))


_QUOTATION_MARK_PATTERN = re.compile("[“”]")


def nest_quotation_marks(text: str) -> str:
    """Return a text in which quotation marks within quotation marks are single ones: “甲‘乙’丙”.

    A text whose marks are not in pairs stays as it is.
    """
    if "“" not in text and "”" not in text:
        return text
    if not "".join(_QUOTATION_MARK_PATTERN.findall(text)).replace("“”", ""):
        # No mark is within others.
        return text
    depth, characters = 0, []
    for character in text:
        depth += character == "“"
        is_inner = depth > 1
        depth -= character == "”"
        if depth < 0:
            return text
        characters.append({"“": "‘", "”": "’"}.get(character, character) if is_inner else character)
    return text if depth else "".join(characters)


def make_variant_key(case: str, variant: str) -> str:
    """Return the key of a variant of a rule's message: another text for the same case."""
    return "_".join(filter(None, (case, variant)))


def shorten_key(key: str) -> str:
    """Return the end of a long key (BSM), as the panel shows it: …000003. The name of a file stays whole."""
    is_long_number = len(key) > 2 * _SHOWN_KEY_CHARACTERS and key.isascii()
    return f"…{key[-_SHOWN_KEY_CHARACTERS:]}" if is_long_number else key
