# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts of the report (resources/texts/report_*.toml), its settings, and the templates of pages.

Settings are the order of problems and the limits of lists. Templates are filled with escaped data; further functions
mark the places of a printed text at which a line may or may not break. Sentences about findings come from
core.standard.messages.texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Annotated, Any

from ...paths import REPORT_TEMPLATES_FOLDER, SIGNED_REPORT_SETTINGS
from ..base.files.data import EVERY_KEY, one_of, read_toml_record
from ..base.files.document_text import make_document_text
from ..base.placeholders import fill_placeholders
from ..standard.messages.texts import THIN_SPACE, LanguageTexts, get_template, load_texts

#: Keys of the styles that a docx template must have.
DOCX_STYLES = (
    "title", "subtitle", "heading", "subheading", "body", "note", "cell", "verdict", "statement", "table", "grid",
)  # fmt: skip


def capitalise_first_letter(text: str) -> str:
    """Return a text with a capital first letter; the other letters are unchanged."""
    return text[:1].upper() + text[1:]


def lower_first_letter(text: str) -> str:
    """Return a text as a later part of a sentence: an initial capital becomes small, except in an abbreviation (N1)."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


class ReportTexts(LanguageTexts):
    """The texts of the report page in one language. Raises DataError for an unknown key."""

    def get(self, section: str, key: str, **params: Any) -> str:
        """Return a text by section and key, with its parameters filled in."""
        text = get_template(f"report_{self.lang}", section, key)
        return fill_placeholders(text, params) if params else text

    def has_text(self, section: str, key: str) -> bool:
        """Return True if a section has this key."""
        return key in load_texts(f"report_{self.lang}").get(section, {})

    def get_text_or_key(self, section: str, key: str) -> str:
        """Return the text for a key; the key itself if the section lacks it."""
        return str(load_texts(f"report_{self.lang}").get(section, {}).get(key, key))

    def join_parts(self, parts: Iterable[str]) -> str:
        """Return texts joined with the separator of the language."""
        return self.get("page", "separator").join(parts)

    def join_sentences(self, parts: Iterable[str]) -> str:
        """Return sentences joined as in running text; empty ones are left out."""
        return self.get("page", "sentence_gap").join(p for p in parts if p)

    def put_in_brackets(self, text: str) -> str:
        """Return a text in brackets of the language."""
        return f"{self.get('page', 'open')}{text}{self.get('page', 'close')}"


@dataclass(frozen=True)
class DocxSettings:
    """What a docx template must have."""

    bookmark: str
    styles: dict[Annotated[str, one_of(*DOCX_STYLES), EVERY_KEY], str]


@dataclass(frozen=True)
class ReportSettings:
    """The settings of resources/reports/signed_report.toml.

    ``decisive_rules``: rules that decide a verdict, in this order; ``family_order``: order of the families of other
    rules; ``control_line_rules``: rules on overlaps of the three lines; ``indicator_rules``: kind of a figure
    (``ratio``, ``area``, ``township``) → rule whose findings repeat its state; ``length_limits``: list → largest number
    of its entries.
    """

    decisive_rules: tuple[str, ...] = field(metadata={"key": "order"})
    family_order: tuple[str, ...] = field(metadata={"key": "families"})
    control_line_rules: tuple[str, ...] = field(metadata={"key": "control_lines"})
    indicator_rules: dict[Annotated[str, one_of("ratio", "area", "township"), EVERY_KEY], str] = field(
        metadata={"key": "indicators"}
    )
    length_limits: dict[
        Annotated[str, one_of("decisive", "townships", "rows_per_rule", "rows", "pictures"), EVERY_KEY], int
    ] = field(metadata={"key": "limits"})
    docx: DocxSettings

    def make_sort_key(self, code: str) -> tuple[int, int]:
        """Return the sort key of a rule: its position among the deciding rules, then that of its family."""
        position = self.decisive_rules.index(code) if code in self.decisive_rules else len(self.decisive_rules)
        family = self.family_order.index(code[:3]) if code[:3] in self.family_order else len(self.family_order)
        return position, family


#: Returns the settings of the report to be signed; raises DataError for an unknown or missing key.
load_report_settings = cache(partial(read_toml_record, ReportSettings, SIGNED_REPORT_SETTINGS))


#: The space between a figure and its unit, or between a sign such as ≤ and its figure.
_SPACE_IN_FIGURE_PATTERN = re.compile(
    r"(?<=\d) (?=(?:[kmc]?m[²³]?|ha|公顷|万亩|亩|10⁴ mu|mu|%)(?![A-Za-z]))|(?<=[≤≥<]) (?=\d)|(?<=10⁴) (?=mu)"
)
_URL_SCHEME_PATTERN = re.compile(r"(https?:)//", re.IGNORECASE)
_OPTION_PATTERN = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def keep_figures_whole(text: str) -> str:
    """Return a text with no-break spaces inside its figures, such as ≤ 16.46 km²."""
    return _SPACE_IN_FIGURE_PATTERN.sub("\u00a0", text)


def fill_template(template: str, page: dict[str, Any]) -> str:
    """Fill a Jinja template of resources/reports.

    Everything is escaped, and no URL remains.
    """
    text = _make_jinja_environment().get_template(template).render(page)
    # A layer name may contain a URL: escape it so that it reads the same but is not a link. On paper the narrow space
    # between groups of digits almost disappears, so the page uses a normal non-breaking space.
    return keep_figures_whole(
        make_document_text(_URL_SCHEME_PATTERN.sub(r"\1&#47;&#47;", text).replace(THIN_SPACE, "\u00a0"))
    )


@cache
def _make_jinja_environment() -> Any:
    """Return the Jinja environment, which caches its templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(REPORT_TEMPLATES_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css"] = escape_css_string
    environment.filters["split_at_options"] = _OPTION_PATTERN.split
    return environment


def escape_css_string(text: str) -> str:
    """Return a text as the content of a CSS string; special characters as code points."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)
