# SPDX-License-Identifier: GPL-2.0-or-later
"""Persons in a report: who registered waivers and confirmed settings, and the files that they attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..files.encoding import BLANK_WORDS

if TYPE_CHECKING:
    from ..model.report import Report
    from ..plan.plan import Plan

#: Keys of persons in waivers and confirmations.
_NAME_KEYS = ("author", "by")
_FILE_KEY = "attachment"
PERSON_KEYS = frozenset((*_NAME_KEYS, _FILE_KEY))
#: A shorter name occurs in other words.
_MIN_NAME_CHARACTERS = 2
_BETWEEN_NAMES = re.compile(r"[、,，;；/|()（）]+")
_BETWEEN_CHINESE_NAMES = re.compile(r"[、,，;；/|()（）\s]+")


def list_persons(report: Report, plan: Plan) -> tuple[list[str], list[str]]:
    """Return (names of persons, names of attachments) in findings, provenance and profile.

    An entry may name several persons, and their office. The office that the document names as its author is public.
    """
    profiles = [profile.confirmed_by for profile in plan.norm.profile.list_base_profiles()]
    names: set[str] = set()
    files: set[str] = set()
    for source in (*(finding.params for finding in report.findings), report.provenance, *profiles):
        for key, text in _iterate_entries(source):
            if key == _FILE_KEY:
                files.add(text)
            else:
                names |= {text, *_split_names(text)}
    public = {str(value).strip() for value in (report.provenance.get("document") or {}).values()}
    chosen = [
        name
        for name in names
        if len(name) >= _MIN_NAME_CHARACTERS and name.lower() not in BLANK_WORDS and name not in public
    ]
    return sorted(chosen, key=lambda name: (-len(name), name)), sorted(files)


def _iterate_entries(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, text) of the persons and attachments in plain data."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in PERSON_KEYS and isinstance(one, str) and one.strip():
                yield key, one.strip()
            else:
                yield from _iterate_entries(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _iterate_entries(one)


def _split_names(text: str) -> list[str]:
    """Return the names in an entry; the words of a Latin name stay together."""
    pattern = _BETWEEN_NAMES if text.isascii() else _BETWEEN_CHINESE_NAMES
    return [part.strip() for part in pattern.split(text)]
