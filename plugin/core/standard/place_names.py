# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise names of provinces, cities and counties at the start of texts.

Places outside a county are recognised even if no list has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .codes import CodeList

#: A province, or a city with one of its counties, at the beginning of a text; the county is not a 社区, 开发区, 规划区
#: and the like.
_UPPER_DIVISION_PATTERN = re.compile(
    "(?P<province>[\u4e00-\u9fff]{2,}?(?:省|自治区|特别行政区))"
    "|(?P<city>[\u4e00-\u9fff]{2,}?(?:市|自治州|地区|盟))"
    "(?=[\u4e00-\u9fff]{1,6}?(?:(?<![社小园景矿林库镇])(?<!开发)(?<!规划)(?<!保护)(?<!集中)区|县|市|旗))"
)
#: A text that is only the name of a city or a county.
_WHOLE_NAME_PATTERN = re.compile("[\u4e00-\u9fff]{2,}(?:省|自治区|特别行政区|市|自治州|地区|盟|县|旗)")
#: Words that end like a city but do not name one.
_NOT_A_CITY = ("中心城市", "县级市", "地级市")


def find_foreign_place(text: str, code: str, divisions: CodeList, *, whole: bool = True) -> str:
    """Return the place outside a county that a text begins with; empty without one.

    The place is a province, city or county. ``code``: the county's six digits. A text that begins with the county, or
    with a division above it, is not foreign. ``whole``: include a text that is only the name of a city or county;
    otherwise it may be a village of that name.
    """
    own_names = [divisions.codes[division].name for division in divisions.list_code_and_parents(code)]
    if not own_names or own_names[0] in text:
        return ""
    remaining = text.strip()
    for name in reversed(own_names):
        remaining = remaining.removeprefix(name)
    if remaining.startswith(_NOT_A_CITY):
        return ""
    match = _UPPER_DIVISION_PATTERN.match(remaining)
    if match:
        return match[0]
    return remaining if whole and _WHOLE_NAME_PATTERN.fullmatch(remaining) else ""
