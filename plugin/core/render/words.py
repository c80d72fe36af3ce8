# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts of the report page (resources/texts/report_*.toml).

Sentences about findings come from core.standard.messages.texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from ...paths import TEXTS_FOLDER
from ..base.errors import DataError
from ..base.files.data import read_toml
from ..base.placeholders import use_singular_after_one
from ..standard.messages.texts import TEXT_LANGUAGES


@cache
def _load_texts(lang: str) -> dict[str, Any]:
    """Return the report's texts in a language: section → key → text."""
    return read_toml(TEXTS_FOLDER / f"report_{lang}.toml")


def capitalise_first_letter(text: str) -> str:
    """Return a text with a capital first letter; the other letters are unchanged."""
    return text[:1].upper() + text[1:]


def lower_first_letter(text: str) -> str:
    """Return a text as a later part of a sentence: an initial capital becomes small, except in an abbreviation (N1)."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


class ReportTexts:
    """The texts of the report page in one language.

    Raises DataError for an unknown language or key.
    """

    def __init__(self, lang: str = "zh"):
        if lang not in TEXT_LANGUAGES:
            raise DataError("data_value_unknown", file="texts", key="lang", value=lang, known=", ".join(TEXT_LANGUAGES))
        self.lang = lang

    def get(self, section: str, key: str, **params: Any) -> str:
        """Return a text by section and key, with its parameters filled in."""
        try:
            text: str = _load_texts(self.lang)[section][key]
        except KeyError as error:
            raise DataError("data_key_missing", file=f"report_{self.lang}.toml", key=f"{section}.{key}") from error
        return use_singular_after_one(text, params).format(**params) if params else text

    def has_text(self, section: str, key: str) -> bool:
        """Return True if a section has this key."""
        return key in _load_texts(self.lang).get(section, {})

    def get_text_or_key(self, section: str, key: str) -> str:
        """Return the text for a key; the key itself if the section lacks it."""
        return str(_load_texts(self.lang).get(section, {}).get(key, key))

    def join_parts(self, parts: Iterable[str]) -> str:
        """Return texts joined with the separator of the language."""
        return self.get("page", "separator").join(parts)

    def join_sentences(self, parts: Iterable[str]) -> str:
        """Return sentences joined as in running text; empty ones are left out."""
        return self.get("page", "sentence_gap").join(p for p in parts if p)

    def put_in_brackets(self, text: str) -> str:
        """Return a text in brackets of the language."""
        return f"{self.get('page', 'open')}{text}{self.get('page', 'close')}"
