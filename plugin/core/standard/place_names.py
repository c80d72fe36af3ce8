# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise names of provinces, cities and counties in texts.

Places outside a county are found even if no list has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .codes import CodeList

#: A province, or a city with one of its counties, at the beginning of a text; the county is not a 社区, 开发区, 规划区
#: and the like.
_ABOVE = re.compile(
    "(?P<province>[\u4e00-\u9fff]{2,}?(?:省|自治区|特别行政区))"
    "|(?P<city>[\u4e00-\u9fff]{2,}?(?:市|自治州|地区|盟))"
    "(?=[\u4e00-\u9fff]{1,6}?(?:(?<![社小园景矿林库镇])(?<!开发)(?<!规划)(?<!保护)(?<!集中)区|县|市|旗))"
)
#: A text that is only the name of a city or a county.
_WHOLE = re.compile("[\u4e00-\u9fff]{2,}(?:省|自治区|特别行政区|市|自治州|地区|盟|县|旗)")
#: Words that end like a city but do not name one.
_NO_CITY = ("中心城市", "县级市", "地级市")


def foreign_place(text: str, code: str, divisions: CodeList, *, whole: bool = True) -> str:
    """Return the place outside a county's own lineage that a text begins with.

    The place is a province, city or county; the result is empty if the text names none. ``code``: the county's six
    digits. A text that names the county, or a division above it, is not foreign. ``whole``: include a text that is
    only the name of a city or county, although a village may have the same name.
    """
    own = [divisions.codes[one].name for one in divisions.lineage(code)]
    if not own or own[0] in text:
        return ""
    rest = text.strip()
    for name in reversed(own):
        rest = rest.removeprefix(name)
    if rest.startswith(_NO_CITY):
        return ""
    found = _ABOVE.match(rest)
    if found:
        return found[0]
    return rest if whole and _WHOLE.fullmatch(rest) else ""
