# SPDX-License-Identifier: GPL-2.0-or-later
"""Find and fill the placeholders of texts: ``{layer}``, ``{count}``."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from .plurals import has_counted_nouns, use_singular_after_one

#: The end of a name in a placeholder, before an attribute or an index.
_PLACEHOLDER_END_PATTERN = re.compile(r"[.\[]")
MAX_CACHED_TEXTS = 4096


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def find_placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders of a text."""
    fields = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    return frozenset(_PLACEHOLDER_END_PATTERN.split(name)[0] for name in fields)


def fill_placeholders(text: str, params: Mapping[str, Any]) -> str:
    """Return a text with its named placeholders filled, and in the singular after a count of 1.

    A missing parameter is a defect of the program and raises KeyError; no empty gap remains.
    """
    return _make_filler(text)(params)


_Filler = Callable[[Mapping[str, Any]], str]


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _make_filler(text: str) -> _Filler:
    """Return a function that fills the placeholders of a text."""
    if has_counted_nouns(text):
        return lambda params: _make_plain_filler(use_singular_after_one(text, params))(params)
    return _make_plain_filler(text)


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _make_plain_filler(text: str) -> _Filler:
    """Return a function that only fills placeholders: mostly the ``%`` operator, which needs half the time of format.

    A text with a format, conversion, attribute or index in a placeholder is filled by `str.format_map`.
    """
    percent_text, names = "", []
    for literal, name, format_text, conversion in string.Formatter().parse(text):
        percent_text += literal.replace("%", "%%")
        if name is None:
            continue
        if not name.isidentifier() or format_text or conversion:
            return text.format_map
        percent_text += "%s"
        names.append(name)
    if not names:
        return text.format_map
    if len(names) == 1:
        (name,) = names
        return lambda params: percent_text % (params[name],)
    get_values = itemgetter(*names)
    return lambda params: percent_text % get_values(params)
