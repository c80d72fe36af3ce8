# SPDX-License-Identifier: GPL-2.0-or-later
"""Search for visible drawings in a content stream of a PDF page (ISO 32000-1, 8.2 to 8.6, 9.3 and 9.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

CONTENT_TOKEN_PATTERN = re.compile(
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
#: Operators that add to the current path (8.5.2), and those that end it.
_PATH_OPERATORS, _PATH_ENDS = (b"m", b"l", b"c", b"v", b"y"), (*_FILL_OPERATORS, *_STROKE_OPERATORS, b"n")
#: Text rendering modes that fill and that stroke; mode 3 shows nothing, 7 only clips.
_FILLING_MODES, _STROKING_MODES = (0, 2, 4, 6), (1, 2, 5, 6)
#: Number of operands → their sum for white: grey, RGB, CMYK.
_WHITE_SUM_BY_COMPONENT_COUNT = {1: 1.0, 3: 3.0, 4: 0.0}
_MAX_STATES = 1000


class Matrix(NamedTuple):
    """A transformation of coordinates (8.3.3): x′ = a·x + c·y + e, y′ = b·x + d·y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, other: Matrix) -> Matrix:
        """Return the transformation that first transforms as this matrix does and then as ``other`` does."""
        return Matrix(
            self.a * other.a + self.b * other.c,
            self.a * other.b + self.b * other.d,
            self.c * other.a + self.d * other.c,
            self.c * other.b + self.d * other.d,
            self.e * other.a + self.f * other.c + other.e,
            self.e * other.b + self.f * other.d + other.f,
        )

    def transform(self, x: float, y: float) -> tuple[float, float]:
        """Return a point in the new coordinates."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    @property
    def scale(self) -> float:
        """The largest factor by which a length may grow, as an upper bound."""
        return abs(self.a) + abs(self.b) + abs(self.c) + abs(self.d)


class PageBox(NamedTuple):
    """A rectangle in points (1/72 inch) of the page: west, south, east, north."""

    west: float
    south: float
    east: float
    north: float


_IDENTITY = Matrix()


@dataclass(frozen=True)
class _GraphicsState:
    """The part of a PDF graphics state that decides what is visible: colours, text parameters (9.3), transformation.

    Attributes
    ----------
    is_fill_white, is_stroke_white
        Whether the colours of areas and of strokes are white.
    text_mode, font_size, leading, spacing, stretch, rise
        Rendering mode, size of the font (0 if unknown), distance of lines, additional distance of characters (largest
        value), horizontal scale of the text, and its height above the line.
    line_width
        Width of stroked lines.
    to_page
        Transformation of coordinates to points of the page.
    """

    is_fill_white: bool = False
    is_stroke_white: bool = False
    text_mode: float = 0
    font_size: float = 0.0
    leading: float = 0.0
    spacing: float = 0.0
    stretch: float = 1.0
    rise: float = 0.0
    line_width: float = 1.0
    to_page: Matrix = _IDENTITY


class _DrawingPosition:
    """Position of text and path while a content stream is read.

    A position is an extent that certainly contains what is drawn. A drawing is invisible only if its extent is wholly
    outside of the visible box. If the visible box is None, every extent is visible.
    """

    def __init__(self, visible_box: PageBox | None) -> None:
        self._visible_box = visible_box
        self._line = _IDENTITY
        #: Largest distance by which texts of the line may have moved the position, to the right and to the left.
        self._right = self._left = 0.0
        self._path: list[tuple[float, float]] = []

    def update_position(self, operator: bytes, operands: list[float | None], state: _GraphicsState) -> None:
        """Update the current point after a PDF operator that moves the text position or extends the path."""
        numbers = [one for one in operands if one is not None]
        if operator == b"BT":
            self._start_line(_IDENTITY)
        elif operator == b"Tm" and len(numbers) >= 6:
            self._start_line(Matrix(*numbers[-6:]))
        elif operator in (b"Td", b"TD") and len(numbers) >= 2:
            self._start_line(Matrix(e=numbers[-2], f=numbers[-1]).then(self._line))
        elif operator in (b"T*", b"'", b'"'):
            self._start_line(Matrix(f=-state.leading).then(self._line))
        elif operator in _PATH_OPERATORS:
            self._path += [state.to_page.transform(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=False)]
        elif operator == b"re" and len(numbers) >= 4:
            x, y, width, height = numbers[-4:]
            corners = ((x, y), (x + width, y), (x, y + height), (x + width, y + height))
            self._path += [state.to_page.transform(*corner) for corner in corners]

    def end_path(self) -> None:
        """Forget the current path, after an operator that painted it."""
        self._path = []

    def is_path_visible(self, state: _GraphicsState) -> bool:
        """Return True if the current path may reach into the visible box."""
        return self._reaches_visible_box(self._path, state.line_width * state.to_page.scale)

    def is_text_visible(self, byte_count: int, operands: list[float | None], state: _GraphicsState) -> bool:
        """Return True if a text may reach into the visible box, and move the text position behind the text.

        ``byte_count``: bytes of the text. A character has at least one byte and is at most as wide as the font's size.
        """
        if not state.font_size:
            return True
        size = abs(state.font_size) * max(abs(state.stretch), 1.0)
        shifts = [one / 1000 * size for one in operands if one is not None]
        self._right += byte_count * (size + state.spacing) - sum(one for one in shifts if one < 0)
        self._left += sum(one for one in shifts if one > 0)
        to_page = self._line.then(state.to_page)
        heights = (state.rise - size, state.rise + 2 * size)
        corners = [(x, y) for x in (-self._left - size, self._right + size) for y in heights]
        return self._reaches_visible_box([to_page.transform(*corner) for corner in corners], 0.0)

    def _start_line(self, matrix: Matrix) -> None:
        """Begin a line of text at the origin of ``matrix``."""
        self._line, self._right, self._left = matrix, 0.0, 0.0

    def _reaches_visible_box(self, points: list[tuple[float, float]], margin: float) -> bool:
        """Return True if the extent of points, widened by ``margin``, reaches into the visible box."""
        if self._visible_box is None or not points:
            return True
        x, y = [point[0] for point in points], [point[1] for point in points]
        return (
            min(x) - margin < self._visible_box.east
            and max(x) + margin > self._visible_box.west
            and min(y) - margin < self._visible_box.north
            and max(y) + margin > self._visible_box.south
        )


def has_visible_drawing(content: bytes, visible_box: PageBox | None = None) -> bool:
    """Return True if a content stream draws anything other than white or invisible text and white shapes.

    Pictures and forms count as visible; their content is not inspected. White drawings count as invisible: they could
    be seen only on a coloured ground, which is itself a visible drawing. Text and shapes outside of ``visible_box``,
    the visible part of the page, are invisible.
    """
    state = _GraphicsState()
    states: list[_GraphicsState] = []
    operands: list[float | None] = []
    drawing = _DrawingPosition(visible_box)
    has_text, byte_count = False, 0
    for token in CONTENT_TOKEN_PATTERN.finditer(content):
        if token["number"]:
            operands.append(float(token["number"]))
        elif token["name"] is not None:
            operands.append(None)
        elif token["string"]:
            has_text = has_text or bool(token["string"][1:-1].strip())
            byte_count += len(token["string"])
        elif operator := token["operator"]:
            drawing.update_position(operator, operands, state)
            if operator in _TEXT_OPERATORS:
                is_inside = drawing.is_text_visible(byte_count, operands if operator == b"TJ" else [], state)
            else:
                is_inside = drawing.is_path_visible(state)
            if is_inside and _draws_visibly(operator, state, has_text):
                return True
            if operator in _PATH_ENDS:
                drawing.end_path()
            if operator == b"q" and len(states) < _MAX_STATES:
                states.append(state)
            elif operator == b"Q" and states:
                state = states.pop()
            else:
                state = _apply_operator(operator, operands, state)
            operands, has_text, byte_count = [], False, 0
    return False


def _draws_visibly(operator: bytes, state: _GraphicsState, has_text: bool) -> bool:
    """Return True if a painting operator draws something that is not white.

    ``has_text``: its text is not empty.
    """
    if operator in _OTHER_DRAWINGS:
        return True
    if operator in _TEXT_OPERATORS:
        fills, strokes = state.text_mode in _FILLING_MODES, state.text_mode in _STROKING_MODES
        return has_text and ((fills and not state.is_fill_white) or (strokes and not state.is_stroke_white))
    return (operator in _FILL_OPERATORS and not state.is_fill_white) or (
        operator in _STROKE_OPERATORS and not state.is_stroke_white
    )


def _apply_operator(operator: bytes, operands: list[float | None], state: _GraphicsState) -> _GraphicsState:
    """Return the graphics state after an operator that sets a colour, a text parameter or the transformation."""
    if operator in (b"g", b"rg", b"k", b"sc", b"scn"):
        return replace(state, is_fill_white=_is_white(operands))
    if operator in (b"G", b"RG", b"K", b"SC", b"SCN"):
        return replace(state, is_stroke_white=_is_white(operands))
    # A new colour space begins with black.
    if operator == b"cs":
        return replace(state, is_fill_white=False)
    if operator == b"CS":
        return replace(state, is_stroke_white=False)
    numbers = [one for one in operands if one is not None]
    if operator == b"cm" and len(numbers) >= 6:
        return replace(state, to_page=Matrix(*numbers[-6:]).then(state.to_page))
    return _apply_text_parameter(operator, numbers, state) if numbers else state


def _apply_text_parameter(operator: bytes, numbers: list[float], state: _GraphicsState) -> _GraphicsState:
    """Return the graphics state after an operator that sets a text parameter or the width of lines."""
    last = numbers[-1]
    if operator == b"Tr":
        return replace(state, text_mode=last)
    if operator == b"Tf":
        return replace(state, font_size=last)
    if operator in (b"TL", b"TD"):
        return replace(state, leading=last if operator == b"TL" else -last)
    if operator in (b"Tc", b"Tw"):
        return replace(state, spacing=max(state.spacing, abs(last)))
    if operator == b'"':
        return replace(state, spacing=max([state.spacing, *map(abs, numbers)]))
    if operator == b"Tz":
        return replace(state, stretch=last / 100)
    if operator == b"Ts":
        return replace(state, rise=last)
    return replace(state, line_width=abs(last)) if operator == b"w" else state


def _is_white(operands: list[float | None]) -> bool:
    """Return True if the operands of a colour operator are white, in grey, RGB or CMYK."""
    numbers = [one for one in operands if one is not None]
    return len(numbers) == len(operands) and _WHITE_SUM_BY_COMPONENT_COUNT.get(len(numbers)) == sum(numbers)
