# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings in a content stream of a PDF (ISO 32000-1, 8.2, 8.6 and 9.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_CONTENT_TOKEN = re.compile(
    rb"%[^\r\n]*"
    rb"|(?P<string>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))*\)|<[0-9A-Fa-f\s]*>)"
    rb"|<<|>>|[\[\]{}]"
    rb"|(?P<name>/[^\x00\s()<>\[\]{}/%]*)"
    rb"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    rb"|(?P<operator>[A-Za-z][A-Za-z0-9]*\*?|['\"])",
    re.DOTALL,
)
#: Operators that paint a path: with the fill colour, with the stroke colour.
_FILL_OPERATORS, _STROKE_OPERATORS = (
    (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"),
    (b"S", b"s", b"B", b"B*", b"b", b"b*"),
)
_TEXT_OPERATORS, _OTHER_DRAWINGS = (b"Tj", b"TJ", b"'", b'"'), (b"Do", b"sh", b"BI", b"EI")
#: Text rendering modes that fill and that stroke; mode 3 shows nothing, 7 only clips.
_FILLING_MODES, _STROKING_MODES = (0, 2, 4, 6), (1, 2, 5, 6)
#: Number of operands → their sum for white: grey, RGB, CMYK.
_WHITE_SUMS = {1: 1.0, 3: 3.0, 4: 0.0}
_MAX_STATES = 1000


@dataclass(frozen=True)
class _GraphicsState:
    """Whether the colours are white, and the text rendering mode."""

    is_fill_white: bool = False
    is_stroke_white: bool = False
    text_mode: int = 0


def has_visible_drawing(content: bytes) -> bool:
    """Return True if a content stream draws anything other than white or invisible text and white shapes.

    Pictures and forms count as visible; their content is not inspected. White is invisible on paper only without a
    ground, but a coloured ground is itself a visible drawing.
    """
    state = _GraphicsState()
    states: list[_GraphicsState] = []
    operands: list[float | None] = []
    has_text = False
    for token in _CONTENT_TOKEN.finditer(content):
        if token["number"]:
            operands.append(float(token["number"]))
        elif token["name"] is not None:
            operands.append(None)
        elif token["string"]:
            has_text = has_text or bool(token["string"][1:-1].strip())
        elif operator := token["operator"]:
            if _draws_visibly(operator, state, has_text):
                return True
            if operator == b"q" and len(states) < _MAX_STATES:
                states.append(state)
            elif operator == b"Q" and states:
                state = states.pop()
            else:
                state = _apply_operator(operator, operands, state)
            operands, has_text = [], False
    return False


def _draws_visibly(operator: bytes, state: _GraphicsState, has_text: bool) -> bool:
    if operator in _OTHER_DRAWINGS:
        return True
    if operator in _TEXT_OPERATORS:
        fills, strokes = state.text_mode in _FILLING_MODES, state.text_mode in _STROKING_MODES
        return has_text and ((fills and not state.is_fill_white) or (strokes and not state.is_stroke_white))
    return (operator in _FILL_OPERATORS and not state.is_fill_white) or (
        operator in _STROKE_OPERATORS and not state.is_stroke_white
    )


def _apply_operator(operator: bytes, operands: list[float | None], state: _GraphicsState) -> _GraphicsState:
    """Return the graphics state after an operator that sets a colour or the text rendering mode."""
    if operator in (b"g", b"rg", b"k", b"sc", b"scn"):
        return replace(state, is_fill_white=_is_white(operands))
    if operator in (b"G", b"RG", b"K", b"SC", b"SCN"):
        return replace(state, is_stroke_white=_is_white(operands))
    # A new colour space begins with black.
    if operator == b"cs":
        return replace(state, is_fill_white=False)
    if operator == b"CS":
        return replace(state, is_stroke_white=False)
    if operator == b"Tr" and operands and operands[-1] is not None:
        return replace(state, text_mode=int(operands[-1]))
    return state


def _is_white(operands: list[float | None]) -> bool:
    numbers = [one for one in operands if one is not None]
    return len(numbers) == len(operands) and _WHITE_SUMS.get(len(numbers)) == sum(numbers)
