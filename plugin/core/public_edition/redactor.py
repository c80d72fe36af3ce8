# SPDX-License-Identifier: GPL-2.0-or-later
"""Take coordinates, names of hidden layers, paths and CRS out of texts, data, documents and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from html import escape, unescape
from typing import Any, TypeVar

from ..render.words import ReportTexts
from .coordinates import COORDINATE_KEYS, CoordinateFinder
from .edition import CRS_TEXTS, PublicEdition
from .record import RemovalRecord

_FOLDER = re.compile(
    r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/](?:[^\\/:*?\"<>|\n“”'，。；]+[\\/])*|\\\\(?:[^\\/:*?\"<>|\n“”'，。；]+\\)+"
    r"|file:/+(?:[^/\s]+/)*|/(?:[^\\/:*?\"<>|\s“”'，。；]+/)+)"
)
_CRS = re.compile(
    r"EPSG:\s?\d{4,6}(?:[\s\u3000]*[（(]?\d{2}\s?(?:带|zone)[）)]?)?|中央经线[\s:：]*\d{2,3}(?:\.\d+)?\s*[°度]?"
)
#: Embedded pictures of a page, style sheets and tags: they have no text.
_PAGE_PARTS = re.compile(r"(<style\b.*?</style>|<[^>]*>)", re.DOTALL | re.IGNORECASE)
#: Fields of blocks that hold codes or drawings, not texts.
_TEXT_FIELDS_LEFT = frozenset(("svg", "lang", "align", "icon", "page_number_format"))
#: Shorter names of files are words of the language.
_MIN_FILE_NAME_CHARACTERS = 4
#: Keys of numbers that are coordinates; others of these keys may count something.
_NUMBER_KEYS = COORDINATE_KEYS - {"point", "points", "place", "geometry", "bounds", "extent", "centre", "center"}
_ROW_NUMBER_KEYS = ("fid", "related_fid")
_ROLE_KEYS = ("role", "related_role", "roles", "related_roles", "layer_role")
T = TypeVar("T")


class Redactor:
    """Takes out of texts what a public edition may not show, and counts it in ``record``.

    ``layer_names``: names of the hidden layers in the data; ``file_names``: names of the files that were read.
    """

    def __init__(
        self,
        edition: PublicEdition,
        finder: CoordinateFinder,
        lang: str,
        layer_names: Iterable[str] = (),
        file_names: Iterable[str] = (),
    ):
        self.edition, self.finder, self.record = edition, finder, RemovalRecord()
        self.texts = ReportTexts(lang)
        self._names = _make_name_pattern(edition.list_hidden_names(layer_names))
        self._files = _make_name_pattern(
            sorted({one for one in file_names if len(one) >= _MIN_FILE_NAME_CHARACTERS}, key=len, reverse=True)
        )
        left_out = ("coordinate", "layer", "file", "crs")
        self._word = {key: self.texts.get("public", f"{key}_left_out") for key in left_out}
        self.withheld = self.texts.get("public", "row_left_out")

    # -- what is found

    def find_leaks(self, text: str) -> list[str]:
        """Return the parts of a text that a public edition may not show."""
        leaks = [text[start:end] for start, end, _ in self.finder.find_spans(text)]
        for pattern in self._list_patterns():
            leaks += [match.group() for match in pattern.finditer(text)]
        return leaks

    def _list_patterns(self) -> list[re.Pattern[str]]:
        patterns = [self._names, self._files, _FOLDER]
        if CRS_TEXTS in self.edition.elements:
            patterns.append(_CRS)
        return [one for one in patterns if one is not None]

    # -- texts

    def redact_text(self, text: str) -> str:
        """Return a text without coordinates, names of hidden layers and source files, folders and CRS."""
        for start, end, count in reversed(self.finder.find_spans(text)):
            text = text[:start] + self._word["coordinate"] + text[end:]
            self.record.count("coordinates", count)
        text = self._replace(_FOLDER, "", "paths", text)
        text = self._replace(self._files, self._word["file"], "sources", text)
        if CRS_TEXTS in self.edition.elements:
            text = self._replace(_CRS, self._word["crs"], "crs_texts", text)
        return self._replace(self._names, self._word["layer"], "names", text)

    def _replace(self, pattern: re.Pattern[str] | None, word: str, item: str, text: str) -> str:
        """Return a text with a word for each match of a pattern; the matches are counted."""
        if pattern is None:
            return text
        text, number = pattern.subn(word, text)
        self.record.count(item, number)
        return text

    # -- data

    def redact_value(self, value: Any, *, withholds: bool = False) -> Any:
        """Return plain data without what a public edition may not show; numbers remain, except coordinates.

        ``withholds``: the data are about a hidden layer, so all their texts are taken out.
        """
        if isinstance(value, str):
            return (self.withheld if value else value) if withholds else self.redact_text(value)
        if isinstance(value, list | tuple):
            if self.finder.is_coordinate_pair(value):
                self.record.count("coordinates")
                return None
            return [self.redact_value(one, withholds=withholds) for one in value]
        if isinstance(value, dict):
            withholds = withholds or self._is_about_hidden_layer(value)
            return {
                self.redact_text(key) if isinstance(key, str) else key: self._redact_entry(key, one, withholds)
                for key, one in value.items()
                if not (withholds and key in _ROW_NUMBER_KEYS)
            }
        return value

    def _redact_entry(self, key: Any, value: Any, withholds: bool) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if str(key).lower() in _NUMBER_KEYS and is_number:
            self.record.count("coordinates")
            return None
        return self.redact_value(value, withholds=withholds)

    def _is_about_hidden_layer(self, row: dict[Any, Any]) -> bool:
        """Return True if a row of data names a hidden layer by its role."""
        for key in _ROLE_KEYS:
            value = row.get(key)
            roles = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(role, str) and role in self.edition.hidden_roles for role in roles):
                return True
        return False

    # -- documents and pages

    def redact_document(self, part: T) -> T:
        """Return a document, or a part of it, with all texts redacted; images are unchanged."""
        if isinstance(part, str):
            return self.redact_text(part)  # type: ignore[return-value]
        if isinstance(part, tuple):
            return tuple(self.redact_document(one) for one in part)  # type: ignore[return-value]
        if is_dataclass(part) and not isinstance(part, type):
            return replace(
                part,
                **{
                    one.name: self.redact_document(getattr(part, one.name))
                    for one in fields(part)
                    if one.init and one.name not in _TEXT_FIELDS_LEFT
                },
            )
        return part

    def redact_page(self, page: str) -> str:
        """Return a page (HTML) with its texts redacted; tags and embedded pictures are unchanged."""
        parts = _PAGE_PARTS.split(page)
        for place in range(0, len(parts), 2):
            text = unescape(parts[place])
            changed = self.redact_text(text)
            if changed != text:
                parts[place] = escape(changed, quote=False)
        return "".join(parts)


def list_page_texts(page: str) -> list[str]:
    """Return the texts between the tags of a page (HTML)."""
    return [unescape(text) for text in _PAGE_PARTS.split(page)[::2]]


def _make_name_pattern(names: list[str]) -> re.Pattern[str] | None:
    """Return a pattern of names as whole words; Chinese names also within words. None without names."""
    if not names:
        return None
    parts = [
        rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])" if name.isascii() else re.escape(name) for name in names
    ]
    return re.compile("|".join(parts))
