# SPDX-License-Identifier: GPL-2.0-or-later
"""Fill the placeholders of texts (``{layer}``, ``{count}``), in the singular where a count is one, and join names."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

#: The end of a name in a placeholder, before an attribute or an index.
_PLACEHOLDER_END_PATTERN = re.compile(r"[.\[]")
MAX_CACHED_TEXTS = 4096
#: A count with the noun that it counts: ``{count} invalid features``.
_COUNTED_NOUN_PATTERN = re.compile(
    r"\{(?P<name>\w+)\} (?P<before>(?:(?!(?:and|of|in|or)\b)[a-z-]+ ){0,2}?)(?P<noun>[a-z]+s)\b"
)
_SINGULAR_OF_NOUNS = {"vertices": "vertex"}
_SINGULAR_OF_VERBS = {
    "are": "is", "begin": "begins", "belong": "belongs", "carry": "carries", "contain": "contains", "count": "counts",
    "cross": "crosses", "differ": "differs", "do": "does", "end": "ends", "exceed": "exceeds", "have": "has",
    "hold": "holds", "identify": "identifies", "lack": "lacks", "lie": "lies", "meet": "meets", "need": "needs",
    "repeat": "repeats", "seem": "seems", "share": "shares", "stand": "stands", "stay": "stays", "use": "uses",
    "were": "was",
}  # fmt: skip
#: Words in -s that are not plurals.
_NO_PLURALS = {"across", "as", "gives", "its", "less", "plus", "this", "thus", *_SINGULAR_OF_VERBS.values()}
_NO_PLURALS |= {"declares", "occurs", "refers", "requires", "stores"}
_VERBS = "|".join(_SINGULAR_OF_VERBS)
_MODALS = ("can", "cannot", "could", "may", "must", "would")
_PLURAL_VERB_PATTERN = re.compile("".join(rf"(?<!\b{modal} )" for modal in _MODALS) + rf"\b({_VERBS})\b")
#: Verbs that follow the first one with the same subject: ``are invalid and were compared``.
_COORDINATED_VERB_PATTERN = re.compile(rf"(?:(?<= and )|(?<= but )|(?<= or ))({_VERBS})\b")
_RELATIVE_VERB_PATTERN = re.compile(rf"(?:(?<=that )|(?<=which ))({_VERBS})\b")
#: Text before a count that is not the subject: ``coordinates of {count} objects``, ``({count} rows``.
_OBJECT_START_PATTERN = re.compile(
    r"(?:\b(?:all|at|by|contain|contains|field|first|from|gave|has|have|in|(?<!\} )of|on|only|received|share|state"
    r"|states|than|to|with) |\([^()]*)$",
    re.IGNORECASE,
)
_SENTENCE_END_PATTERN = re.compile(r"[.:;]")
_SUBJECT_PRONOUN_PATTERN = re.compile(rf"\bthey (?P<verb>{_VERBS}|{'|'.join(_MODALS)})\b")
_PRONOUNS = {"them": "it", "their": "its", "Their": "Its"}
_OTHER_PRONOUN_PATTERN = re.compile(rf"\b({'|'.join(_PRONOUNS)})\b")


@lru_cache(maxsize=1024)
def _find_counted_nouns(template: str) -> list[re.Match[str]]:
    """Return the matches of counts with a plural noun in a text: ``{count} invalid features``."""
    return [one for one in _COUNTED_NOUN_PATTERN.finditer(template) if one["noun"] not in _NO_PLURALS]


def use_singular_after_one(template: str, params: Mapping[str, Any]) -> str:
    """Return an English text with noun and verb in the singular after a count of 1.

    >>> use_singular_after_one("{count} features have no area.", {"count": 1})
    '{count} feature has no area.'
    >>> use_singular_after_one("{count} features of layer “{layer}” have no shape.", {"count": 1})
    '{count} feature of layer “{layer}” has no shape.'
    """
    matches = [one for one in _find_counted_nouns(template) if _is_number(params.get(one["name"]))]
    if not matches:
        return template
    text, end = "", len(template)
    # From the last count to the first, so that each changes only what follows it.
    for match in reversed(matches):
        following = template[match.end() : end]
        if _is_one(params.get(match["name"])):
            # The verbs of the sentence after the noun.
            sentence_end = _SENTENCE_END_PATTERN.search(following)
            sentence = following[: sentence_end.start()] if sentence_end else following
            rest = following[len(sentence) :]
            if _OBJECT_START_PATTERN.search(template[: match.start()]):
                sentence = _RELATIVE_VERB_PATTERN.sub(_make_verb_singular, sentence, count=1)
            else:
                sentence = _PLURAL_VERB_PATTERN.sub(_make_verb_singular, sentence, count=1)
                sentence = _COORDINATED_VERB_PATTERN.sub(_make_verb_singular, sentence)
            noun = make_singular(match["noun"])
            text = f"{{{match['name']}}} {match['before']}{noun}{sentence}{rest}{text}"
        else:
            text = match[0] + following + text
        end = match.start()
    text = template[:end] + text
    if len(matches) != 1 or not _is_one(params.get(matches[0]["name"])):
        return text
    text = text.replace("there are {", "there is {")
    # A pronoun refers to what is counted if nothing else is.
    text = _SUBJECT_PRONOUN_PATTERN.sub(lambda verb: f"it {_SINGULAR_OF_VERBS.get(verb['verb'], verb['verb'])}", text)
    text = text.replace("crosses themselves", "crosses itself")
    return _OTHER_PRONOUN_PATTERN.sub(lambda pronoun: _PRONOUNS[pronoun[1]], text)


def _make_verb_singular(match: re.Match[str]) -> str:
    """Return the singular of the verb that a pattern has matched: ``has`` for ``have``."""
    return _SINGULAR_OF_VERBS[match[1]]


def make_singular(noun: str) -> str:
    """Return the singular of an English plural."""
    if noun in _SINGULAR_OF_NOUNS:
        return _SINGULAR_OF_NOUNS[noun]
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-2] if noun.endswith(("xes", "ches", "shes", "sses")) else noun[:-1]


def _is_number(value: Any) -> bool:
    """Return True for a number, and for a text of digits only."""
    return (isinstance(value, (int, float)) and not isinstance(value, bool)) or str(value).isdecimal()


def _is_one(value: Any) -> bool:
    """Return True for the number 1 and the text “1”."""
    return not isinstance(value, bool) and (value == 1 or value == "1")


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def find_placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders of a text."""
    fields = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    return frozenset(_PLACEHOLDER_END_PATTERN.split(name)[0] for name in fields)


def fill_placeholders(text: str, params: Mapping[str, Any]) -> str:
    """Return a text with its named placeholders filled, and in the singular after a count of 1.

    A missing parameter is a defect of the program and raises KeyError; no empty gap remains.
    """
    return use_singular_after_one(text, params).format_map(params)


def join_first(names: Sequence[str], separator: str = ", ", total: int = 0, *, limit: int = 5) -> str:
    """Return the first names as one text, with “…” if there are more, or if ``total`` is larger than their number."""
    first_names = names[:limit]
    return separator.join(first_names) + (" …" if max(len(names), total) > len(first_names) else "")
