# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences in the user's language, from text keys and parameters.

Rules return rows and parameters; this module makes the sentences when they are shown.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Protocol, runtime_checkable

from ....metadata import read_plugin_version
from ....paths import TEXTS_FOLDER
from ...base.connection_text import strip_folders as strip_folders
from ...base.errors import DataError, SanxianError
from ...base.files.data import read_toml
from ...base.placeholders import MAX_CACHED_TEXTS, fill_placeholders
from ...model.rule import DECLARED_FAMILY, Rule, get_rule_family, load_all_rules
from ..bounds import DISABLED_PREFIX
from ..indicator_catalogue import find_indicator_name
from ..template import Template
from .numbers import (
    MIN_AREA_IN_HECTARES_M2,
    THIN_SPACE as THIN_SPACE,
    format_hectare_number,
    format_number as format_number,
    format_small_square_metres,
    format_width as format_width,
)

TEXT_LANGUAGES = ("zh", "en")
#: Keys longer than this are shown by their tail.
_SHOWN_KEY_CHARACTERS = 6
_QUOTATION_MARK_PATTERN = re.compile("[“”]")


# Parameters of messages that are rendered by their type. Elsewhere (JSON, fingerprints, comparisons) such a value is
# its plain string.


class NamedValue(str, ABC):
    """An identifier that messages show by its name in the user's language."""

    @abstractmethod
    def render(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""


class ConceptName(NamedValue):
    """A kind of layer (such as farmland), shown by its name; or the code of a layer."""

    def render(self, texts: Texts) -> str:
        """Return the name of a kind of layer; the code of a layer unchanged."""
        return texts.get_concept_name(self)


class CodeListName(NamedValue):
    """The id of a code list, shown by its title."""

    def render(self, texts: Texts) -> str:
        """Return the title of the code list."""
        return texts.get_setting_name(f"codes.{self}")


class IndicatorName(NamedValue):
    """The id of an indicator, shown by the indicator's name."""

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


@cache
def load_texts(name: str) -> dict[str, Any]:
    """Return all texts of a file (``zh``, ``report_zh``, ``rules_zh``): section, or code of a rule → key → text."""
    return read_toml(TEXTS_FOLDER / f"{name}.toml")


@cache
def get_template(name: str, section: str, key: str) -> str:
    """Return a text of a file with its unfilled placeholders; raise DataError if it is missing."""
    try:
        return str(load_texts(name)[section][key])
    except KeyError as error:
        raise DataError("data_key_missing", file=f"{name}.toml", key=f"{section}.{key}") from error


@cache
def _get_constant_text(lang: str, section: str, key: str) -> str:
    """Return a text without parameters."""
    return fill_placeholders(get_template(lang, section, key), {})


def _get_rule_texts_zh(rule: Rule) -> dict[str, Any]:
    """Return the Chinese texts of a rule; one that is made of data has its texts with it."""
    return rule.texts["zh"] if rule.texts else load_texts("rules_zh")[rule.code]


class LanguageTexts:
    """Base of texts in one language (``zh`` or ``en``). Raises DataError for another language."""

    def __init__(self, lang: str = "zh"):
        if lang not in TEXT_LANGUAGES:
            raise DataError("data_value_unknown", file="texts", key="lang", value=lang, known=", ".join(TEXT_LANGUAGES))
        self.lang = lang


class Texts(LanguageTexts):
    """All sentences in one language. Raises DataError for a missing text."""

    @property
    def program(self) -> str:
        """Return name and version of the program: the author of files, never the name of a user or a computer."""
        return self.get("about", "program", version=read_plugin_version())

    def get(self, section: str, key: str, /, **params: Any) -> str:
        """Return a text by section and key, with its placeholders filled."""
        if not params:
            return _get_constant_text(self.lang, section, key)
        return fill_placeholders(get_template(self.lang, section, key), params)

    def find(self, section: str, key: str) -> str:
        """Return a text by section and key with its unfilled placeholders; empty if it is missing."""
        return str(load_texts(self.lang)[section].get(key, ""))

    def get_section(self, section: str) -> dict[str, str]:
        """Return all texts of a section: key → text."""
        return dict(load_texts(self.lang)[section])

    def explain_error(self, error: SanxianError) -> str:
        """Return an error of the plugin as a sentence with its remedy."""
        return self._format_error(error.key, error.params)

    def _format_error(self, key: str, params: dict[str, Any]) -> str:
        """Return the sentence of an error, by its text key and parameters."""
        params = render_params(params, self)
        causes = load_texts(self.lang)["causes"]
        detail = params.get("detail")
        detail_params = {"detail": causes.get(detail, detail)}
        if "unusable" in params:
            detail_params["why"] = self.format_problem(*params["unusable"])
        if "errors" in params:
            detail_params["reasons"] = "\n".join(map(self.explain_error, params["errors"]))
        if "of_type" in params:
            detail_params["of_type"] = load_texts(self.lang)["types"][params["of_type"]]
        if "check_problem" in params:
            if "check_type" in params:
                params = {**params, "expected": self.get("check_types", params["check_type"])}
            detail_params["what"] = self.get("check_errors", params["check_problem"], **params)
        return self.get("errors", key, **{**params, **detail_params})

    def format_reason(self, key: str, params: dict[str, Any]) -> str:
        """Return a sentence: why something was not checked."""
        separator = self.get("words", "between_names")
        shown = {
            "indicator": self.get_indicator_name,
            "indicators": lambda names: separator.join(dict.fromkeys(map(self.get_indicator_name, names))),
            "concept": self.get_concept_name,
            "names": lambda names: separator.join(names) if isinstance(names, list) else names,
        }
        params = {name: shown[name](value) if name in shown else value for name, value in params.items()}
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
        if key not in load_texts(self.lang)["crs_problems"]:
            return self._format_error(key, params)
        text = self.get("crs_problems", key, **params)
        hint = params.get("hint")
        return text + self.get("crs_problems", "hint", hint=hint) if hint else text

    def get_concept_name(self, concept: str) -> str:
        """Return the name of a concept, which is a kind of layer such as farmland."""
        return load_texts(self.lang)["concepts"].get(concept, concept)

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

    def get_indicator_name(self, indicator: str) -> str:
        """Return the name of an indicator.

        The texts name indicators that only rules compute; the standard's list of indicators names the others.
        """
        return load_texts(self.lang)["indicators"].get(indicator) or find_indicator_name(indicator, self.lang)

    def get_setting_name(self, name: str) -> str:
        """Return the name of a setting or code list.

        A parameter of a rule is named by the rule's code and the parameter's name. A setting that only the county
        defines is named by its key. ``off.`` before a key: the county ends a comparison by this setting.
        """
        setting_names = load_texts(self.lang)["setting"]
        if name.startswith(DISABLED_PREFIX):
            return str(setting_names["off"]).format(name=self.get_setting_name(name.removeprefix(DISABLED_PREFIX)))
        section, _, parameter = name.rpartition(".")
        if name not in setting_names and section.startswith("rules.") and parameter in self.get_section("parameters"):
            return f"{section.partition('.')[2]} {self.get_section('parameters')[parameter]}"
        if get_rule_family(name) == DECLARED_FAMILY and (rule := load_all_rules().get(name)) is not None:
            # A declared check of mark C is confirmed by its code.
            return f"{name} {self.get_rule_title(rule)}"
        if name not in setting_names and section in setting_names:
            # The setting of one layer.
            return f"{setting_names[section]} {parameter}"
        return str(setting_names.get(name, name))

    def get_rule_title(self, rule: Rule) -> str:
        """Return the title of a rule, which states the requirement."""
        return _get_rule_texts_zh(rule)["title"] if self.lang == "zh" else rule.sections[""].rstrip(".")

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
        sections = {"what": "What it checks", "why": "Why", "fix": "How to fix", "limits": "Limits"}
        if self.lang == "zh":
            help_texts = _get_rule_texts_zh(rule)
        else:
            help_texts = {key: " ".join(rule.sections[title].split()) for key, title in sections.items()}
        return self.add_setting_titles({headings[key]: help_texts[key] for key in sections})

    def add_setting_titles(self, help_texts: dict[str, str]) -> dict[str, str]:
        """Return help texts (heading → text) in which each setting's title stands before its key.

        The last text gets a sentence on where a user changes these settings.
        """
        # Only help pages name settings: a check does without the module.
        from .setting_names import add_setting_titles

        return add_setting_titles(help_texts, self.get_section("setting"), self.get_section("setting_place"))

    def get_message_template(self, rule: Rule, case: str) -> str:
        """Return the text of one of a rule's messages, with its placeholders.

        ``case``: which message of the rule.
        """
        return _get_rule_texts_zh(rule)["messages"][case] if self.lang == "zh" else rule.messages[case]

    def format_area(self, area_m2: float | None) -> str:
        """Return the area of a finding in hectares with its unit; a dash without an area.

        An area below 0.01 hectares is in m², where its figures are easier to read.
        """
        if area_m2 is None:
            return "—"
        if 0 < area_m2 < MIN_AREA_IN_HECTARES_M2:
            return format_small_square_metres(area_m2)
        return self.get("words", "hectares", amount=format_hectare_number(area_m2))

    def make_layer_label(self, role: str, templates: dict[str, Template]) -> str:
        """Return the name of a layer by its code (role): its title in Chinese, else the code.

        It does not depend on the name that the layer has in a project or file.
        """
        return templates[role].name if self.lang == "zh" and role in templates else role

    def make_row_label(self, key: str, fid: Any, name: str = "") -> str:
        """Return a row's key as messages show it, followed by its name in quotation marks if one is given."""
        label = self.make_key_label(key, fid)
        return self.get("words", "site_and_name", key=label, name=name) if name else label

    def make_key_label(self, key: str, fid: Any) -> str:
        """Return a row's key as messages show it, with its feature id if one is given."""
        fid_label = "" if fid is None else self.get("words", "feature_id", fid=fid)
        return ", ".join(filter(None, (shorten_key(key), fid_label)))


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
