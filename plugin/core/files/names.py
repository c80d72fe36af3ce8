# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of files: default names of outputs."""

from __future__ import annotations

import re
from datetime import date, datetime

#: Characters that a file name may not have on some system.
_FORBIDDEN_CHARACTER_PATTERN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_CODE_DIGITS = 6


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
    """Return a text without the characters that a file name may not have on some system."""
    return _FORBIDDEN_CHARACTER_PATTERN.sub("", text).strip(" .")
