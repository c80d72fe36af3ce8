# SPDX-License-Identifier: GPL-2.0-or-later
"""Tokens and drawings in the content stream of a PDF page.

ISO 32000-1, 7.8, 8.2 to 8.10 and 9.4.
"""

from __future__ import annotations

import re

CONTENT_TOKEN_PATTERN = re.compile(
    rb"%[^\r\n]*"
    rb"|(?P<string>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))*\)|<[0-9A-Fa-f\s]*>)"
    rb"|<<|>>|[\[\]{}]"
    rb"|(?P<name>/[^\x00\s()<>\[\]{}/%]*)"
    rb"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    rb"|(?P<operator>[A-Za-z][A-Za-z0-9]*\*?|['\"])",
    re.DOTALL,
)
TEXT_OPERATORS = (b"Tj", b"TJ", b"'", b'"')
#: Operators that paint a path, a picture, a form or a shading.
_OTHER_DRAWINGS = (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s", b"Do", b"sh", b"BI", b"EI")


def has_drawing(content: bytes) -> bool:
    """Return True if a content stream draws anything that is not blank.

    It may be a shape, a picture, a form or a text.
    """
    has_text = False
    for token in CONTENT_TOKEN_PATTERN.finditer(content):
        if token["string"]:
            has_text = has_text or bool(token["string"][1:-1].strip())
        elif operator := token["operator"]:
            if operator in _OTHER_DRAWINGS or (has_text and operator in TEXT_OPERATORS):
                return True
            has_text = False
    return False
