# SPDX-License-Identifier: GPL-2.0-or-later
"""Take coordinates, names of hidden layers and persons, paths and CRS out of texts, data, documents and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from html import escape, unescape
from typing import Any, TypeVar

from ..messages.privacy import FOLDER
from ..render.words import ReportTexts
from .coordinates import CoordinateFinder
from .crs_texts import CRS_TEXT
from .edition import CRS_TEXTS, PublicEdition
from .persons import PERSON_KEYS
from .record import RemovalRecord

#: Embedded pictures of a page, style sheets and tags: they have no text.
_PAGE_PARTS = re.compile(r"(<style\b.*?</style>|<[^>]*>)", re.DOTALL | re.IGNORECASE)
#: Attributes of tags that are read or shown.
_TEXT_ATTRIBUTES = re.compile(
    r"(?<=\s)((?:title|alt|placeholder|summary|label|content|aria-[a-z]+)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE
)
#: Fields of blocks that hold codes or drawings, not texts.
_TEXT_FIELDS_LEFT = frozenset(("svg", "lang", "align", "icon", "page_number_format"))
#: Shorter names of files are words of the language.
_MIN_FILE_NAME_CHARACTERS = 4
_MIN_CRS_CHARACTERS = 4
_ROW_NUMBER_KEYS = ("fid", "related_fid")
_ROLE_KEYS = ("role", "related_role", "roles", "related_roles", "layer_role")
T = TypeVar("T")


class Redactor:
    """Takes out of texts what a public edition may not show, and counts it in ``record``.

    ``layer_names``: names of the hidden layers in the data; ``file_names``: names of the files that were read or
    attached; ``persons``: names of persons; ``crs_labels``: labels of the CRS of the data; ``hidden_roles``: codes of
    layers that their names hide, further to those of the edition.
    """

    def __init__(
        self,
        edition: PublicEdition,
        finder: CoordinateFinder,
        lang: str,
        layer_names: Iterable[str] = (),
        file_names: Iterable[str] = (),
        *,
        persons: Iterable[str] = (),
        crs_labels: Iterable[str] = (),
        hidden_roles: Iterable[str] = (),
    ):
        self.edition, self.finder, self.record = edition, finder, RemovalRecord()
        self.texts = ReportTexts(lang)
        self.hidden_roles = edition.hidden_roles | frozenset(hidden_roles)
        self._names = _make_name_pattern(edition.list_hidden_names(layer_names))
        self._files = _make_name_pattern(
            sorted({one for one in file_names if len(one) >= _MIN_FILE_NAME_CHARACTERS}, key=len, reverse=True)
        )
        self._persons = _make_name_pattern(sorted(set(persons), key=len, reverse=True))
        self._crs_labels = _make_name_pattern(
            sorted({one for one in crs_labels if len(one) >= _MIN_CRS_CHARACTERS}, key=len, reverse=True)
        )
        left_out = ("coordinate", "layer", "file", "crs", "person")
        self._word = {key: self.texts.get("public", f"{key}_left_out") for key in left_out}
        self.withheld = self.texts.get("public", "row_left_out")

    # -- what is found

    def find_leaks(self, text: str) -> list[str]:
        """Return the parts of a text that a public edition may not show."""
        leaks = [text[start:end] for start, end, _ in self.finder.find_spans(text)]
        for pattern, _, _ in self._list_replacements():
            leaks += [match.group() for match in pattern.finditer(text)]
        return leaks

    def _list_replacements(self) -> list[tuple[re.Pattern[str], str, str]]:
        """Return (pattern, word instead of it, item of the record) in the order of the replacement."""
        word = self._word
        crs = (
            ((self._crs_labels, word["crs"], "crs_texts"), (CRS_TEXT, word["crs"], "crs_texts"))
            if CRS_TEXTS in self.edition.elements
            else ()
        )
        replacements = (
            *crs,
            (FOLDER, "", "paths"),
            (self._files, word["file"], "sources"),
            (self._names, word["layer"], "names"),
            (self._persons, word["person"], "persons"),
        )
        return [(pattern, word, item) for pattern, word, item in replacements if pattern is not None]

    # -- texts

    def redact_text(self, text: str) -> str:
        """Return a text without coordinates, names of hidden layers, persons and source files, folders and CRS."""
        replacements = self._list_replacements()
        # The central meridian of a CRS is also a longitude.
        for pattern, word, item in replacements:
            if item == "crs_texts":
                text = self._replace(pattern, word, item, text)
        for start, end, count in reversed(self.finder.find_spans(text)):
            text = text[:start] + self._word["coordinate"] + text[end:]
            self.record.count("coordinates", count)
        for pattern, word, item in replacements:
            if item != "crs_texts":
                text = self._replace(pattern, word, item, text)
        return text

    def _replace(self, pattern: re.Pattern[str], word: str, item: str, text: str) -> str:
        """Return a text with a word for each match of a pattern; the matches are counted."""
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
        if self.finder.is_coordinate_entry(str(key), value):
            self.record.count("coordinates")
            return None
        if key in PERSON_KEYS and isinstance(value, str):
            self.record.count("persons", int(bool(value)))
            return ""
        return self.redact_value(value, withholds=withholds)

    def _is_about_hidden_layer(self, row: dict[Any, Any]) -> bool:
        """Return True if a row of data names a hidden layer by its role."""
        for key in _ROLE_KEYS:
            value = row.get(key)
            roles = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(role, str) and role in self.hidden_roles for role in roles):
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
        """Return a page (HTML) with its texts and titles redacted; other attributes and pictures are unchanged."""
        parts = _PAGE_PARTS.split(page)
        for place, part in enumerate(parts):
            if place % 2:
                parts[place] = _TEXT_ATTRIBUTES.sub(self._redact_attribute, part)
                continue
            text = unescape(part)
            changed = self.redact_text(text)
            if changed != text:
                parts[place] = escape(changed, quote=False)
        return "".join(parts)

    def _redact_attribute(self, match: re.Match[str]) -> str:
        text = unescape(match[2][1:-1])
        changed = self.redact_text(text)
        return match[0] if changed == text else f'{match[1]}"{escape(changed)}"'


def list_page_texts(page: str) -> list[str]:
    """Return the texts of a page (HTML): between the tags, and in attributes that are read or shown."""
    parts = _PAGE_PARTS.split(page)
    attributes = [match[2][1:-1] for tag in parts[1::2] for match in _TEXT_ATTRIBUTES.finditer(tag)]
    return [unescape(text) for text in (*parts[::2], *attributes)]


def _make_name_pattern(names: list[str]) -> re.Pattern[str] | None:
    """Return a pattern of names as whole words; Chinese names also within words. None without names."""
    if not names:
        return None
    parts = [
        rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])" if name.isascii() else re.escape(name) for name in names
    ]
    return re.compile("|".join(parts))
