# SPDX-License-Identifier: GPL-2.0-or-later
"""Templates of pages, filled with escaped data; places of a printed text at which a line may or may not break."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ...paths import REPORT_TEMPLATES_FOLDER
from ..base.files.document_text import make_document_text
from ..standard.messages.texts import THIN_SPACE

#: The comma between codes such as ATT022、TOP001.
_COMMA_BETWEEN_CODES_PATTERN = re.compile(r"(?<=[0-9A-Za-z])、(?=[0-9A-Za-z])")
#: The space between a figure and its unit, or between a sign such as ≤ and its figure.
_SPACE_IN_FIGURE_PATTERN = re.compile(
    r"(?<=\d) (?=(?:[kmc]?m[²³]?|ha|公顷|万亩|亩|10⁴ mu|mu|%)(?![A-Za-z]))|(?<=[≤≥<]) (?=\d)|(?<=10⁴) (?=mu)"
)
#: Places inside a shortened key such as …000005, a version such as 0.2.0-dev and a Chinese unit after a figure.
_INSIDE_TOKEN_PATTERN = re.compile(r"(?<=…)(?=[0-9A-Za-z])|(?<=\d-)(?=[a-z])|(?<=\d[ \u00a0][公万])(?=[顷亩])")
_URL_SCHEME_PATTERN = re.compile(r"(https?:)//", re.IGNORECASE)
_OPTION_PATTERN = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def keep_figures_whole(text: str) -> str:
    """Return a text with no-break spaces inside its figures, such as ≤ 16.46 km²."""
    return _SPACE_IN_FIGURE_PATTERN.sub("\u00a0", text)


def join_keys_and_units(text: str) -> str:
    """Return a text with word joiners inside shortened keys, versions and Chinese units, where Qt breaks lines."""
    return _INSIDE_TOKEN_PATTERN.sub("\u2060", text)


def allow_breaks_between_codes(text: str) -> str:
    """Return a text in which a line may end after each comma of a list of codes.

    LibreOffice takes such a list for one word of Latin letters, and breaks inside its codes.
    """
    return _COMMA_BETWEEN_CODES_PATTERN.sub("、\u200b", text)


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
    environment.filters["split_at_options"] = split_at_options
    return environment


def split_at_options(text: str) -> list[str]:
    """Return the parts of a text: every second one is a command-line option such as --targets."""
    return _OPTION_PATTERN.split(text)


def escape_css_string(text: str) -> str:
    """Return a text as the content of a CSS string; special characters as code points."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)
