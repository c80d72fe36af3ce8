# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences in the user's language, from text keys and typed parameters.

Rules return rows and typed parameters; this module makes the sentences where they are shown.
"""

from __future__ import annotations

import math
import re
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ...paths import TEXTS
from ..errors import DataError, SanxianError
from ..files.data import read_toml
from ..model.rule import Rule, all_rules
from ..standard.indicator_catalogue import indicator_name
from .plurals import agree

if TYPE_CHECKING:
    from ..model.findings import Finding, UnreadData
    from ..standard.template import Template


# Parameters of messages that are rendered by their type. Elsewhere (JSON, fingerprints, comparisons) such a value is
# its plain string.


class NamedValue(str, ABC):
    """An identifier that a message shows by its name."""

    __slots__ = ()

    @abstractmethod
    def render(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""


class ConceptName(NamedValue):
    """A concept, rendered by its name, or a layer code."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the concept's name, or the layer code for an unknown concept."""
        return texts.concept(self)


class CodeListName(NamedValue):
    """The id of a code list, rendered by its title."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the title of the code list."""
        return texts.setting(f"codes.{self}")


class IndicatorName(NamedValue):
    """The id of an indicator, rendered by the indicator's name."""

    __slots__ = ()

    def render(self, texts: Texts) -> str:
        """Return the name of the indicator."""
        return texts.indicator(self)


@runtime_checkable
class MessagePart(Protocol):
    """A parameter of an error or problem that is rendered with its message."""

    def render(self, texts: Texts) -> str:
        """Return the parameter as text."""
        ...


@dataclass(frozen=True)
class Message:
    """A text of resources/texts: section, key and parameters."""

    section: str
    key: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def render(self, texts: Texts) -> str:
        """Return the text with its parameters."""
        return texts.get(self.section, self.key, **render_params(self.params, texts))


@dataclass(frozen=True)
class RuleTitle:
    """Code and title of a rule."""

    rule: Rule

    def render(self, texts: Texts) -> str:
        """Return code and title."""
        return f"{self.rule.code} {texts.rule_title(self.rule)}"


@dataclass(frozen=True)
class CauseMessage:
    """The cause of an error: its sentence with the remedy."""

    error: Any

    def render(self, texts: Texts) -> str:
        """Return the sentence of the error."""
        return texts.explain(self.error)


@dataclass(frozen=True)
class MessageLines:
    """Several messages, one on each line."""

    parts: tuple[MessagePart, ...]

    def render(self, texts: Texts) -> str:
        """Return the messages, one on each line."""
        return "\n".join(part.render(texts) for part in self.parts)


def render_params(params: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return the parameters with their message parts rendered."""
    return {key: value.render(texts) if isinstance(value, MessagePart) else value for key, value in params.items()}


#: An absolute path, up to its last separator: messages may show names of files, but no folders of this machine.
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]|\\\\|/)(?:[^\\/:*?\"<>|\n“”'，。；]*[\\/])*(?=[^\\/\s])")
LANGUAGES = ("zh", "en")
#: Separator of groups of three digits: narrow, without a line break.
THIN_SPACE = "\u202f"
#: Widths below this (m) keep two significant digits, at most four decimals.
_NARROW_M, _WIDTH_DECIMALS = 0.1, 4
#: The case of a finding on ignored slivers that add up (`engine.ignored`).
SLIVERS = "slivers"
#: Keys longer than this are shown by their tail.
_KEY_TAIL = 6


@cache
def _catalogue(lang: str) -> dict[str, Any]:
    return read_toml(TEXTS / f"{lang}.toml")


@cache
def _rules_zh() -> dict[str, Any]:
    return read_toml(TEXTS / "rules_zh.toml")


#: The word for the distance from a target by the target's sign: a floor falls short, a ceiling is exceeded.
_MISSED = {"≥": "below_target", "≤": "above_target", "=": "beside_target"}


class Texts:
    """All sentences in one language (``zh`` or ``en``).

    Raise DataError for another language and for a missing text.
    """

    def __init__(self, lang: str = "zh"):
        if lang not in LANGUAGES:
            raise DataError("data_value_unknown", file="texts", key="lang", value=lang, known=", ".join(LANGUAGES))
        self.lang = lang

    def get(self, section: str, key: str, /, **params: Any) -> str:
        """Return a text with its placeholders filled."""
        try:
            text = _catalogue(self.lang)[section][key]
        except KeyError as error:
            raise DataError("data_key_missing", file=f"{self.lang}.toml", key=f"{section}.{key}") from error
        return _fill(text, params)

    def section(self, section: str) -> dict[str, str]:
        """Return all texts of a section."""
        return dict(_catalogue(self.lang)[section])

    def explain(self, error: SanxianError) -> str:
        """Return an error as a sentence with its remedy."""
        return self._error(error.key, error.params)

    def _error(self, key: str, params: dict[str, Any]) -> str:
        params = render_params(params, self)
        causes = _catalogue(self.lang)["causes"]
        detail = params.get("detail")
        words = {"detail": causes.get(detail, detail)}
        if "unusable" in params:
            words["why"] = self.problem(*params["unusable"])
        if "of_type" in params:
            words["of_type"] = _catalogue(self.lang)["types"][params["of_type"]]
        return self.get("errors", key, **{**params, **words})

    def reason(self, key: str, params: dict[str, Any]) -> str:
        """Return the reason why something was not checked, as a sentence."""
        if "indicator" in params:
            params = {**params, "indicator": self.indicator(params["indicator"])}
        if "indicators" in params:
            names = dict.fromkeys(self.indicator(name) for name in params["indicators"])
            params = {**params, "indicators": self.get("words", "between_names").join(names)}
        if "concept" in params:
            params = {**params, "concept": self.concept(params["concept"])}
        return self.get("reasons", key, **params)

    def notice(self, key: str, params: dict[str, Any]) -> str:
        """Return a notice on the data, as a sentence."""
        return self.get("notices", key, **render_params(params, self))

    def problem(self, key: str, params: dict[str, Any]) -> str:
        """Return the problem of a layer with its remedy.

        The problem comes from `find_coordinate_problem`, or the layer could not be read.
        """
        if key not in _catalogue(self.lang)["crs_problems"]:
            return self._error(key, params)
        text = self.get("crs_problems", key, **params)
        hint = params.get("hint")
        return text + self.get("crs_problems", "hint", hint=hint) if hint else text

    def concept(self, concept: str) -> str:
        """Return the name of a concept."""
        return _catalogue(self.lang)["concepts"].get(concept, concept)

    def layer_of_concept(self, concept: str, templates: dict[str, Template]) -> str:
        """Return the name of a concept, with its code if the concept is a single layer."""
        name = self.concept(concept)
        return self._layer(concept, templates) + f"（{concept}）" if name == concept and concept in templates else name

    def meaning(self, meaning: str) -> str:
        """Return the name of a meaning."""
        return _catalogue(self.lang)["meanings"].get(meaning, meaning)

    def indicator(self, indicator: str) -> str:
        """Return the name of an indicator.

        The texts name indicators that only rules compute; the list of indicators names the others.
        """
        own = _catalogue(self.lang)["indicators"].get(indicator)
        return own if own is not None else indicator_name(indicator, self.lang)

    def unread(self, unread: UnreadData) -> str:
        """Return a sentence on data of the source that was not read."""
        return self.message(unread.finding(), {})

    def indicator_at(self, indicator: str, place: str) -> str:
        """Return the name of an indicator with its place.

        An empty ``place`` means the whole plan.
        """
        name = self.indicator(indicator)
        return self.get("words", "figure_of_place", name=name, place=place) if place else name

    def setting(self, name: str) -> str:
        """Return the name of a setting or code list that may be unconfirmed.

        A setting that only the county defines is named by its key.
        """
        return str(_catalogue(self.lang)["setting"].get(name, name))

    def rule_title(self, rule: Rule) -> str:
        """Return the title of a rule, which states the requirement."""
        if self.lang == "zh":
            return _rules_zh()[rule.code]["title"]
        return rule.sections[""].rstrip(".")

    def rule_problem(self, rule: Rule) -> str:
        """Return what is wrong where the rule finds something.

        `rule_title` states the requirement.
        """
        return _rules_zh()[rule.code]["problem"] if self.lang == "zh" else rule.problem

    def rule_help(self, rule: Rule) -> dict[str, str]:
        """Heading → text: what it checks, why, how to fix, limits."""
        headings = self.section("headings")
        if self.lang == "zh":
            source = _rules_zh()[rule.code]
            return {headings[k]: source[k] for k in ("what", "why", "fix", "limits")}
        sections = rule.sections
        keys = {"what": "What it checks", "why": "Why", "fix": "How to fix", "limits": "Limits"}
        return {headings[k]: " ".join(sections[h].split()) for k, h in keys.items()}

    def template_text(self, rule: Rule, case: str) -> str:
        """Return the text of a message case with its placeholders."""
        return _rules_zh()[rule.code]["messages"][case] if self.lang == "zh" else rule.messages[case]

    def message(self, finding: Finding, templates: dict[str, Template]) -> str:
        """Return the message of a finding: layer, feature, field, figure, remedy."""
        if finding.code.startswith("RUN"):
            known = _catalogue(self.lang)["run_messages"]
            text = known.get(f"{finding.code}_{finding.case}") or known[finding.code]
        elif finding.case == SLIVERS:
            # Any rule may have a finding on ignored slivers: all use one sentence.
            text = _catalogue(self.lang)["slivers"][str(finding.params["kind"])]
        else:
            text = self.template_text(all_rules()[finding.code], finding.case)
        words = self._words(finding, templates)
        if words.get("unit") == "":
            # A ratio, or a count in English: no space where its unit would be.
            text = text.replace(" {unit}", "")
        return _fill(text, words)

    def _words(self, finding: Finding, templates: dict[str, Template]) -> dict[str, Any]:
        words = {k: v.render(self) if isinstance(v, NamedValue) else self._word(v) for k, v in finding.params.items()}
        # Reasons and problems are named by separate texts.
        for key in ("reason", "problem", "measure", "place"):
            value = str(finding.params.get(key, ""))
            known = _catalogue(self.lang).get("words", {})
            if value in known:
                words[key] = known[value]
        words.update(
            layer=self._layer(finding.role, templates),
            key=self._key(finding.key, finding.params.get("fid")),
            related_layer=self._layer(finding.related_role, templates),
            related_key=", ".join(self._key(k, finding.params.get("related_fid")) for k in finding.related_keys),
            field=finding.field,
            area=format_area(finding.area_m2),
            net_area=format_area(finding.net_area_m2),
            width=format_width(finding.width_m),
        )
        if "miss" in words and "comparison" in finding.params:
            # Two texts that differ are compared with each other, not with a bound.
            sign = "=" if "other_place" in finding.params else str(finding.params["comparison"])
            words["miss"] = self.get("words", _MISSED[sign], miss=words["miss"])
        if "fillers" in finding.params:
            names = [self._layer(role, templates) for role in finding.params["fillers"]]
            words["fillers"] = self.get("words", "between_names").join(names)
        if "wider" in finding.params:
            known = self.section("scopes")
            words |= {n: known.get(str(finding.params[n]), str(finding.params[n])) for n in ("scope", "wider")}
            lacking = [self.layer_of_concept(str(c), templates) for c in finding.params["lacking"]]
            words["lacking"] = self.get("words", "between_names").join(lacking)
        for name in ("expected", "actual"):
            known = _catalogue(self.lang)["types"]
            if finding.params.get(name) in known:
                words[name] = known[finding.params[name]]
        if "layer_name" in finding.params:
            params = {**finding.params, "layer": finding.params["layer_name"], "role": finding.role}
            words["problem_text"] = self.problem(str(finding.params["problem"]), params)
        for name in ("unit", "above_unit"):
            if name in finding.params:
                unit = str(finding.params[name])
                # A figure without a layer is shown in the unit of its text.
                words[name] = str(_catalogue(self.lang)["units"].get(unit, unit))
        return words

    def _word(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return f"{value:,.10g}".replace(",", THIN_SPACE) if isinstance(value, float) else str(value)

    def _layer(self, role: str, templates: dict[str, Template]) -> str:
        if role not in templates:
            return role
        return templates[role].name if self.lang == "zh" else role

    def _key(self, key: str, fid: Any) -> str:
        if fid is not None:
            return (
                self.get("words", "feature_id", fid=fid)
                if not key
                else f"{short_key(key)}, {self.get('words', 'feature_id', fid=fid)}"
            )
        return short_key(key)


def _fill(text: str, params: dict[str, Any]) -> str:
    """Fill the named placeholders of a text.

    A missing parameter is a defect of the program and raises KeyError; no empty gap remains.
    """
    return string.Formatter().vformat(agree(text, params), (), params)


def short_key(key: str) -> str:
    """…000003 for a long key, as the panel shows it."""
    return f"…{key[-_KEY_TAIL:]}" if len(key) > 2 * _KEY_TAIL else key


def format_number(value: float | None, decimals: int) -> str:
    """Return 12 640.35 with thin spaces between groups of three; a dash for no value."""
    return "—" if value is None else f"{value:,.{decimals}f}".replace(",", THIN_SPACE)


def format_width(width_m: float | None, decimals: int = 2) -> str:
    """Return a width in metres.

    A width below 0.1 m keeps two significant digits (0.06, 0.012), so it is never shown as 0.00.
    """
    if width_m is None or not 0 < width_m < _NARROW_M:
        return format_number(width_m, decimals)
    least = 10.0**-_WIDTH_DECIMALS
    if width_m < least:
        return f"< {format_number(least, _WIDTH_DECIMALS)}"
    shown = format_number(width_m, min(1 - math.floor(math.log10(width_m)), _WIDTH_DECIMALS))
    return shown[: len("0.00")] + shown[len("0.00") :].rstrip("0")


def format_area(area_m2: float | None) -> str:
    """Return an area as text, in the unit of findings."""
    return "—" if area_m2 is None else f"{format_number(area_m2, 2)} m²"


def strip_folders(text: str) -> str:
    """Return a text with absolute paths cut to the file name.

    Reports are passed on; the folders of this machine are not.
    """
    return _FOLDERS.sub("", text)
