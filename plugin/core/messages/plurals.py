# SPDX-License-Identifier: GPL-2.0-or-later
"""Put English texts into the singular where a count is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: A count with the noun that it counts: ``{count} invalid features``.
_COUNTED_NOUN = re.compile(
    r"\{(?P<name>\w+)\} (?P<before>(?:(?!(?:and|of|in|or)\b)[a-z-]+ ){0,2}?)(?P<noun>[a-z]+s)\b"
    # The name of the layer may precede the verb.
    r"(?P<rest>(?: of (?:layer )?“\{\w+\}”)?[^.:;{]*)"
)
#: Words in -s that are not plurals.
_NO_PLURALS = frozenset({"across", "as", "does", "gives", "has", "is", "its", "less", "plus", "this", "thus", "was"})
_SINGULAR_OF_VERBS = {
    "are": "is", "begin": "begins", "belong": "belongs", "carry": "carries", "contain": "contains", "cross": "crosses",
    "differ": "differs", "do": "does", "have": "has", "hold": "holds", "lack": "lacks", "lie": "lies", "meet": "meets",
    "need": "needs", "share": "shares", "stand": "stands", "use": "uses", "were": "was",
}  # fmt: skip
_PLURAL_VERB = re.compile(rf"\b({'|'.join(_SINGULAR_OF_VERBS)})\b")


def agree_with_counts(template: str, params: Mapping[str, Any]) -> str:
    """Return an English text with noun and verb in the singular after a count of 1.

    >>> agree_with_counts("{count} features have no area.", {"count": 1})
    '{count} feature has no area.'
    >>> agree_with_counts("{count} features of layer “{layer}” have no shape.", {"count": 1})
    '{count} feature of layer “{layer}” has no shape.'
    """
    return _COUNTED_NOUN.sub(
        lambda count_match: (
            _make_singular_from_match(count_match) if _is_one(params.get(count_match["name"])) else count_match[0]
        ),
        template,
    )


def make_singular(noun: str) -> str:
    """Return the singular of a regular English plural."""
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-2] if noun.endswith(("xes", "ches", "shes", "sses")) else noun[:-1]


def _is_one(value: Any) -> bool:
    return not isinstance(value, bool) and (value == 1 or value == "1")


def _make_singular_from_match(match: re.Match[str]) -> str:
    if match["noun"] in _NO_PLURALS:
        return match[0]
    phrase_rest = _PLURAL_VERB.sub(lambda verb: _SINGULAR_OF_VERBS[verb[1]], match["rest"], count=1)
    return f"{{{match['name']}}} {match['before']}{make_singular(match['noun'])}{phrase_rest}"
