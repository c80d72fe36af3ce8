# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts that someone typed into the fields of a plan; a public edition shows none of them.

Codes, keys, dates, and the values of code lists are not typed: they disclose no more than the standard does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .coordinates import CoordinateFinder
from .redactor import make_name_pattern

if TYPE_CHECKING:
    from ...plan.plan import Plan

#: A code or key, which is shorter or longer than a coordinate; a date; the number of a document (晋函〔2026〕1号);
#: a word of a program; signs alone.
_CODED = re.compile(
    r"[A-Za-z]{0,4}(?:\d{1,6}|\d{9,25})[A-Za-z]?|\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?"
    r"|[\u4e00-\u9fff]{1,12}〔\d{4}〕\d{1,5}号|[A-Za-z_]+|\W+"
)
#: A number in groups or brackets, or with a blank at its point: its parts alone would be codes.
_DIVIDED_NUMBER = re.compile(r"\d\W?\d{3}\W\d{3}(?!\d)|\d\s*[.．·]\s+\d{3}|\d\s+[.．·]\s*\d{3}|\d[)\]）】]\W*\d")
_BETWEEN_WORDS = re.compile(r"[\s、，,;；/（）()“”]+")
#: Layers whose names of divisions are the county's list of divisions.
_DIVISIONS = ("county", "townships", "villages")


class TypedTexts:
    """The typed texts of a plan: ``field_by_text`` has the field of each, except those of ``public_fields``.

    ``other_texts``: further typed texts, by their name for users.
    """

    def __init__(
        self,
        plan: Plan,
        public_fields: Iterable[str],
        finder: CoordinateFinder,
        other_texts: Mapping[str, Iterable[str]],
    ):
        standard, allowed = plan.norm.standard, {one.upper() for one in public_fields}
        entries = [entry for codes in standard.code_lists.values() for entry in codes.entry_by_code.values()]
        known = {text for entry in entries for text in (entry.code, entry.name)}
        known |= {text for one in standard.templates.values() for text in (one.role, one.name)}
        for layer in filter(None, map(plan.find_layer_of_concept, _DIVISIONS)):
            known |= {one for one in layer.text("division_name") if one.isalpha() and not finder.find_spans(one)}
        self._known, self.field_by_text = known, dict[str, str]()
        for layer in dict.values(plan.layers):
            for name in layer.frame.columns.drop(layer.frame.geometry.name):
                texts = layer.source.find_distinct_texts(name)
                texts = [one for one in layer.frame[name].unique() if isinstance(one, str)] if texts is None else texts
                if name.upper() not in allowed:
                    self.field_by_text |= {one: name for one in map(str.strip, texts) if not self._is_coded(one)}
        for name, written in other_texts.items():
            self.field_by_text |= {one: name for one in map(str.strip, written) if not self._is_coded(one)}
        self._by_start: dict[str, list[str]] = {}
        for text in self.field_by_text:
            self._by_start.setdefault(text[:2], []).append(text)

    def remove(self, value: Any, word: str, removed: set[str], *, is_foreign: bool = False) -> Any:
        """Return parameters of a finding with ``word`` for each typed text, which ``removed`` gets.

        ``is_foreign``: the parameters are of files, not of the plan, so all their texts are typed, except codes.
        """
        if isinstance(value, list | tuple):
            kind = tuple if isinstance(value, tuple) else list
            return kind(self.remove(one, word, removed, is_foreign=is_foreign) for one in value)
        if isinstance(value, dict):
            return {key: self.remove(one, word, removed, is_foreign=is_foreign) for key, one in value.items()}
        if not isinstance(value, str) or hasattr(value, "render") or self._is_coded(value):
            return value
        starts = [self._by_start.get(value[place : place + 2], ()) for place in range(len(value))]
        found = [value] if is_foreign else {one for texts in starts for one in texts if one in value}
        pattern = make_name_pattern(sorted(found, key=len, reverse=True))
        removed.update(pattern.findall(value) if pattern else ())
        return pattern.sub(word, value) if pattern else value

    def _is_coded(self, text: str) -> bool:
        """Return True for codes and values of code lists, alone or listed, and for a text without words."""
        unknown = [one for one in _BETWEEN_WORDS.split(text) if one and one not in self._known]
        if text in self._known or not unknown:
            return True
        return not _DIVIDED_NUMBER.search(text) and all(map(_CODED.fullmatch, unknown))
