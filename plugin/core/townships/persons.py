# SPDX-License-Identifier: GPL-2.0-or-later
"""The persons who edit the packages, given as text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InputError


def parse_persons(text: str) -> dict[str, str]:
    """Return code or name of a township → person, from ``140225100=张三;永安镇=李四``.

    Raise InputError for an entry without both.
    """
    persons: dict[str, str] = {}
    for entry in filter(None, (one.strip() for one in re.split(r"[;；\n]", text))):
        township, _, person = entry.replace("＝", "=").partition("=")
        if not township.strip() or not person.strip():
            raise InputError("townships_person", value=entry)
        persons[township.strip()] = person.strip()
    return persons


def find_person(persons: Mapping[str, str], code: str, name: str) -> str:
    """Return the person of a township, by code or name; empty if none is given."""
    return persons.get(code, "") if code in persons else persons.get(name, "")
