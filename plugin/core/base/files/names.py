# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of files: default names of outputs, and validation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

#: Characters that a file name may not have on some system.
_FORBIDDEN_CHARACTER_PATTERN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_WINDOWS_DEVICE_NAME_PATTERN = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)", re.IGNORECASE
)
_CODE_DIGITS = 6
#: Windows allows 260 characters for a path, and packages are unpacked in folders of unknown length.
MAX_NAME_CHARACTERS = 120
#: Characters of a text that becomes a part of a name; Linux allows 255 bytes for a name, 85 Chinese characters.
_MAX_TEXT_CHARACTERS = 60


def make_default_stem(code: str, county: str, content: str, content_time: str = "") -> str:
    """Return the default name of a file without its suffix: ``140225浑源县_质量检查报告_20261120``.

    Parameters
    ----------
    code
        Code of the county or of a division in it; its first six digits are used.
    county
        Name of the county; both may be empty.
    content
        What the file contains, such as 质量检查报告.
    content_time
        ISO time of the content, such as that of the check; today if it is empty or invalid.
    """
    try:
        day = datetime.fromisoformat(content_time).date()
    except ValueError:
        day = date.today()
    parts = (f"{code[:_CODE_DIGITS]}{county}", content, day.strftime("%Y%m%d"))
    return "_".join(_FORBIDDEN_CHARACTER_PATTERN.sub("", part).strip() for part in parts if part)


def remove_forbidden_characters(text: str) -> str:
    """Return a text without the characters that a file name may not have on some system, cut where it is too long."""
    return _FORBIDDEN_CHARACTER_PATTERN.sub("", text)[:_MAX_TEXT_CHARACTERS].strip(" .")


def make_unique_file_names(texts: Iterable[str], fallback: str) -> list[str]:
    """Return a file name without suffix for each text; no two differ only in case."""
    names: list[str] = []
    used: set[str] = set()
    for text in texts:
        base = name = remove_forbidden_characters(text) or fallback
        number = 2
        while name.casefold() in used:
            name, number = f"{base}-{number}", number + 1
        used.add(name.casefold())
        names.append(name)
    return names


def find_name_problem(name: str) -> str:
    """Return why a file name is not portable, as a key of texts; empty if it is portable."""
    if not name.strip():
        return "name_empty"
    if _FORBIDDEN_CHARACTER_PATTERN.search(name):
        return "name_characters"
    if _WINDOWS_DEVICE_NAME_PATTERN.match(name) or name in (".", ".."):
        return "name_reserved"
    if name != name.strip() or name.endswith("."):
        return "name_end"
    if len(name) > MAX_NAME_CHARACTERS:
        return "name_long"
    try:
        # A zip file made on a Chinese Windows stores names in GBK.
        name.encode("gbk")
    except UnicodeEncodeError:
        return "name_gbk"
    return ""
