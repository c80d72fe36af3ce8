# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of a PDF page, and the characters that later shapes or pictures cover.

The operators of the content are followed (ISO 32000-1, 8.2 to 8.10 and 9.2 to 9.4), nothing is rendered. A character is
covered if its centre is inside the outline of a shape. Patterns, shadings and anything transparent cover nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, NamedTuple

from .pdf_content import CONTENT_TOKEN_PATTERN, Matrix, PageBox
from .pdf_fonts import UNKNOWN_FONT, Font, PdfFonts, read_numbers
from .pdf_objects import Name, PdfObject, PdfSyntaxError, parse_value, unpack_stream

#: Limits: depth of nested forms, bytes of content per page.
_MAX_FORM_DEPTH, _MAX_PAGE_BYTES = 8, 32 * 2**20
#: Bytes counted for each form, so that many short forms reach the limit.
_FORM_BYTES = 1000
#: Characters of one page that are remembered, and comparisons of characters with shapes.
_MAX_CHARACTERS, _MAX_COMPARISONS = 100_000, 20_000_000
_MAX_STATES, _MAX_CLIPS = 1000, 50
#: Opacity from which a shape hides what is below it.
_OPAQUE_ALPHA = 0.9
#: Height of the middle of a character above its line, in sizes of the font.
_MIDDLE_HEIGHT = 0.35
#: A picture larger than this share of the page's width and height is taken for a scan of the page.
_WHOLE_PAGE_SHARE = 0.8
_FILLS, _CLIPS = (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"), (b"W", b"W*")
_PATH_ENDS = (*_FILLS, b"S", b"s", b"n")
#: Text rendering modes that show the text.
_VISIBLE_MODES = (0, 1, 2, 4, 5, 6)
#: Space and ideographic space in the usual codes; an empty character cannot be covered.
_BLANK_CODES = (0x20, 0x3000, 0xA1A1)
_NORMAL_BLENDS = ("Normal", "Compatible")
_INLINE_PICTURE_END_PATTERN = re.compile(rb"[\s]EI(?=[\s]|$)")
_INLINE_MASK_PATTERN = re.compile(rb"/(?:IM|ImageMask)\s+true")
#: Annotations that are not part of the page, or whose fields a reader fills in.
_OTHER_ANNOTATIONS = ("Popup", "Link", "Widget")
_HIDDEN_FLAGS = 0x02 | 0x20

_IDENTITY = Matrix()

Point = tuple[float, float]
#: Closed outlines; points inside an even number of outlines are outside.
Outlines = tuple[tuple[Point, ...], ...]


class CoveredText(NamedTuple):
    """Covered text of a page: the number of characters, and whether all are under a picture as large as the page."""

    characters: int
    is_under_page_picture: bool


class PageText(NamedTuple):
    """Words of a page in the order of its content, and its covered text (None if no text is covered)."""

    words: str
    covered_text: CoveredText | None


class _Character(NamedTuple):
    """A visible character: its centre on the page, and its code."""

    x: float
    y: float
    code: int


@dataclass(frozen=True)
class _State:
    """The parts of the graphics state that decide where text is and what covers it."""

    to_page: Matrix = _IDENTITY
    clips: tuple[Outlines, ...] = ()
    alpha: float = 1.0
    has_plain_blend: bool = True
    has_mask: bool = False
    has_plain_fill: bool = True
    font: Font = UNKNOWN_FONT
    font_size: float = 0.0
    leading: float = 0.0
    character_space: float = 0.0
    word_space: float = 0.0
    stretch: float = 1.0
    rise: float = 0.0
    text_mode: float = 0.0

    @property
    def is_opaque(self) -> bool:
        """Return True if a shape drawn in this state hides what is below it."""
        return self.alpha >= _OPAQUE_ALPHA and self.has_plain_blend and not self.has_mask


@dataclass
class _PageCharacters:
    """The visible characters of a page, and which of them are covered.

    ``covered``: covered character → whether a picture covers it; ``comparisons_left``: how many more comparisons of
    characters with shapes are allowed; ``words``: texts in the order of the content.
    """

    visible_box: PageBox
    characters: dict[_Character, None] = field(default_factory=dict)
    covered: dict[_Character, bool] = field(default_factory=dict)
    comparisons_left: int = _MAX_COMPARISONS
    words: list[str] = field(default_factory=list)

    def add_character(self, character: _Character, clips: tuple[Outlines, ...]) -> None:
        """Add a character that is inside the page and the clipping outlines.

        A character that is drawn again at its place is no longer covered.
        """
        point = (character.x, character.y)
        west, south, east, north = self.visible_box
        if not (west < point[0] < east and south < point[1] < north) or len(self.characters) >= _MAX_CHARACTERS:
            return
        if character.code not in _BLANK_CODES and all(_contains(clip, point) for clip in clips):
            self.covered.pop(character, None)
            self.characters[character] = None

    def cover_characters(self, outlines: Outlines, clips: tuple[Outlines, ...], is_picture: bool = False) -> None:
        """Mark the characters inside a shape (``outlines``) as covered.

        ``clips``: outlines that limit the shape.
        """
        self.comparisons_left -= len(self.characters)
        if not self.characters or not outlines or self.comparisons_left < 0:
            return
        west, south, east, north = _measure_box(outlines)
        width, height = self.visible_box.east - self.visible_box.west, self.visible_box.north - self.visible_box.south
        is_page = (
            is_picture
            and min(east, self.visible_box.east) - max(west, self.visible_box.west) > _WHOLE_PAGE_SHARE * width
            and min(north, self.visible_box.north) - max(south, self.visible_box.south) > _WHOLE_PAGE_SHARE * height
        )
        hidden = [
            one
            for one in self.characters
            if west < one.x < east
            and south < one.y < north
            and _contains(outlines, (one.x, one.y))
            and all(_contains(clip, (one.x, one.y)) for clip in clips)
        ]
        for one in hidden:
            del self.characters[one]
            self.covered[one] = is_page


def read_page_text(fonts: PdfFonts, content: bytes, entries: dict[str, Any], visible_box: PageBox) -> PageText:
    """Return the text of a page.

    ``content`` are the unpacked streams of the page, ``entries`` its dictionary, ``visible_box`` its visible part.
    """
    objects, text = fonts.objects, _PageCharacters(visible_box)
    reader = _ContentReader(fonts, text)
    reader.read_content(content, objects.resolve_dictionary(entries.get("Resources")), _State(), 0)
    for item in objects.resolve_list(entries.get("Annots")):
        reader.read_annotation(objects.resolve_dictionary(item))
    covered_text = CoveredText(len(text.covered), all(text.covered.values())) if text.covered else None
    return PageText("".join(text.words), covered_text)


class _ContentReader:
    """Reads the content of a page with its forms and annotations, and collects its characters."""

    def __init__(self, fonts: PdfFonts, text: _PageCharacters) -> None:
        self._objects, self._fonts, self._text = fonts.objects, fonts, text
        self._bytes_left = _MAX_PAGE_BYTES

    def read_annotation(self, annotation: dict[str, Any]) -> None:
        """Read the normal appearance of an annotation (12.5.5)."""
        flags = self._objects.resolve_value(annotation.get("F"))
        is_hidden = isinstance(flags, float) and isfinite(flags) and int(flags) & _HIDDEN_FLAGS
        if is_hidden or self._objects.resolve_value(annotation.get("Subtype")) in _OTHER_ANNOTATIONS:
            return
        appearance = self._objects.resolve_dictionary(annotation.get("AP"))
        form = self._objects.resolve_object(appearance.get("N"))
        rectangle = read_numbers(self._objects, annotation.get("Rect"), 4)
        if form is None or form.stream_span is None or rectangle is None:
            return
        matrix = Matrix(*(read_numbers(self._objects, form.dictionary.get("Matrix"), 6) or Matrix()))
        box = read_numbers(self._objects, form.dictionary.get("BBox"), 4)
        if box is None:
            return
        west, south, east, north = _measure_box((tuple(matrix.transform(*corner) for corner in _list_corners(*box)),))
        if east <= west or north <= south:
            return
        x, y = sorted(rectangle[0::2]), sorted(rectangle[1::2])
        a, d = (x[1] - x[0]) / (east - west), (y[1] - y[0]) / (north - south)
        self._read_form(form, {}, _State(Matrix(a, 0.0, 0.0, d, x[0] - a * west, y[0] - d * south)), 0)

    def read_content(self, content: bytes, resources: dict[str, Any], state: _State, depth: int) -> None:
        """Read a content stream.

        ``state``: graphics state at its beginning, ``depth``: level of nested forms.
        """
        self._bytes_left -= len(content) + _FORM_BYTES
        if self._bytes_left < 0 or depth > _MAX_FORM_DEPTH:
            return
        states: list[_State] = []
        operands: list[Any] = []
        pen = _TextPen(self._text)
        path = _Path()
        is_clip_next = False
        position = 0
        while (token := CONTENT_TOKEN_PATTERN.search(content, position)) is not None:
            position = token.end()
            operator = token["operator"]
            if operator is None:
                operands += _read_operand(token)
                continue
            if operator == b"q" and len(states) < _MAX_STATES:
                states.append(state)
            elif operator == b"Q" and states:
                state = states.pop()
            elif operator in _CLIPS:
                is_clip_next = True
            elif operator in _PATH_ENDS:
                outlines = path.take_outlines()
                if operator in _FILLS and state.is_opaque and state.has_plain_fill:
                    self._text.cover_characters(outlines, state.clips)
                if is_clip_next:
                    clips = (*state.clips[-_MAX_CLIPS:], outlines)
                    state, is_clip_next = replace(state, clips=clips), False
            elif operator == b"Do":
                self._draw_object(operands, resources, state, depth)
            elif operator == b"BI":
                end = _INLINE_PICTURE_END_PATTERN.search(content, position)
                position = end.end() if end is not None else len(content)
                if state.is_opaque and not _INLINE_MASK_PATTERN.search(content, token.end(), position):
                    self._text.cover_characters(_make_unit_square(state.to_page), state.clips, True)
            elif not path.extend(operator, operands, state.to_page) and not pen.interpret_operator(
                operator, operands, state
            ):
                state = self._apply_operator(operator, operands, resources, state)
            operands = []

    def _draw_object(self, operands: list[Any], resources: dict[str, Any], state: _State, depth: int) -> None:
        """Draw the picture or form that the operand names; ``depth``: level of nested forms."""
        one = self._find_resource("XObject", operands, resources)
        if one is None or one.stream_span is None:
            return
        kind = self._objects.resolve_value(one.dictionary.get("Subtype"))
        if kind == "Form":
            self._read_form(one, resources, state, depth + 1)
        elif (
            kind == "Image"
            and state.is_opaque
            and not any(key in one.dictionary for key in ("SMask", "Mask", "SMaskInData"))
            and self._objects.resolve_value(one.dictionary.get("ImageMask")) is not True
        ):
            self._text.cover_characters(_make_unit_square(state.to_page), state.clips, True)

    def _read_form(self, form: PdfObject, resources: dict[str, Any], state: _State, depth: int) -> None:
        """Read the content of a form.

        ``resources``: those of the content that draws it, if the form has none.
        """
        content = unpack_stream(form, max(self._bytes_left, 0))
        if content is None:
            return
        matrix = Matrix(*(read_numbers(self._objects, form.dictionary.get("Matrix"), 6) or Matrix()))
        to_page = matrix.then(state.to_page)
        box = read_numbers(self._objects, form.dictionary.get("BBox"), 4)
        clips = state.clips
        if box is not None:
            clips = (*clips, (tuple(to_page.transform(*corner) for corner in _list_corners(*box)),))
        own_resources = self._objects.resolve_dictionary(form.dictionary.get("Resources"))
        self.read_content(content, own_resources or resources, replace(state, to_page=to_page, clips=clips), depth)

    def _apply_operator(self, operator: bytes, operands: list[Any], resources: dict[str, Any], state: _State) -> _State:
        """Return the state after an operator; the same state if the operator does not change it."""
        numbers = [one for one in operands if isinstance(one, float)]
        if operator == b"cm" and len(numbers) >= 6:
            return replace(state, to_page=Matrix(*numbers[-6:]).then(state.to_page))
        if operator == b"gs":
            return self._apply_graphics_state(self._find_resource("ExtGState", operands, resources), state)
        if operator in (b"g", b"rg", b"k", b"sc", b"scn", b"cs"):
            # A last operand that is a name selects a pattern; cs names a colour space.
            has_pattern = bool(operands) and isinstance(operands[-1], Name) and operator != b"cs"
            return replace(state, has_plain_fill=not has_pattern)
        if operator == b"Tf" and numbers:
            font = self._find_resource("Font", operands, resources)
            return replace(state, font=self._fonts.get_font(font), font_size=numbers[-1])
        return _apply_text_parameter(operator, numbers, state)

    def _apply_graphics_state(self, parameters: PdfObject | None, state: _State) -> _State:
        """Return the state after a set of graphics parameters (operator gs).

        It may make fills transparent (11.6.4).
        """
        entries = parameters.dictionary if parameters is not None else {}
        alpha, blend, mask = (self._objects.resolve_value(entries.get(key)) for key in ("ca", "BM", "SMask"))
        if isinstance(alpha, float):
            state = replace(state, alpha=alpha)
        if blend is not None:
            blends = blend if isinstance(blend, list) else [blend]
            state = replace(state, has_plain_blend=blends[0] in _NORMAL_BLENDS if blends else True)
        return state if mask is None else replace(state, has_mask=mask != "None")

    def _find_resource(self, kind: str, operands: list[Any], resources: dict[str, Any]) -> PdfObject | None:
        """Return the resource of a kind that the last name among the operands names.

        None if it is missing.
        """
        names = [one for one in operands if isinstance(one, Name)]
        item = self._objects.resolve_dictionary(resources.get(kind)).get(names[-1]) if names else None
        if isinstance(item, dict):
            return PdfObject(-1, b"", 0, None, item, True)
        return self._objects.resolve_object(item)


def _apply_text_parameter(operator: bytes, numbers: list[float], state: _State) -> _State:
    """Return the state after an operator that sets a text parameter (9.3)."""
    if not numbers:
        return state
    last = numbers[-1]
    if operator in (b"TL", b"TD"):
        return replace(state, leading=last if operator == b"TL" else -last)
    if operator == b"Tc":
        return replace(state, character_space=last)
    if operator == b"Tw":
        return replace(state, word_space=last)
    if operator == b"Tz":
        return replace(state, stretch=last / 100)
    if operator == b"Ts":
        return replace(state, rise=last)
    return replace(state, text_mode=last) if operator == b"Tr" else state


class _TextPen:
    """Places the characters that text operators show (9.4)."""

    def __init__(self, text: _PageCharacters) -> None:
        self._text = text
        self._line = self._position = Matrix()

    def interpret_operator(self, operator: bytes, operands: list[Any], state: _State) -> bool:
        """Carry out an operator that places or shows text.

        Return True if nothing else has to be done for the operator; False for operators that also set the state.
        """
        numbers = [one for one in operands if isinstance(one, float)]
        if operator == b"BT":
            self._start_line(Matrix())
        elif operator == b"Tm" and len(numbers) >= 6:
            self._start_line(Matrix(*numbers[-6:]))
        elif operator in (b"Td", b"TD") and len(numbers) >= 2:
            self._start_line(Matrix(e=numbers[-2], f=numbers[-1]).then(self._line))
            # TD sets the leading, too.
            return operator == b"Td"
        elif operator in (b"T*", b"'", b'"'):
            self._start_line(Matrix(f=-state.leading).then(self._line))
        if operator in (b"Tj", b"TJ", b"'", b'"'):
            for one in operands:
                if isinstance(one, bytes):
                    self._show_string(one, state)
                elif operator == b"TJ" and isinstance(one, float):
                    self._move_along_line(-one / 1000 * state.font_size * state.stretch)
            return True
        return operator in (b"BT", b"Tm", b"T*")

    def _show_string(self, codes: bytes, state: _State) -> None:
        """Add the characters of a string at the current position, and move the position behind them."""
        font, size = state.font, state.font_size
        for code in font.list_codes(codes):
            self._text.words.append(font.decode(code))
            width = font.width_by_code.get(code, font.default_width) * size
            if state.text_mode in _VISIBLE_MODES and width:
                middle = self._position.then(state.to_page).transform(
                    width * state.stretch / 2, state.rise + _MIDDLE_HEIGHT * size
                )
                self._text.add_character(_Character(round(middle[0], 1), round(middle[1], 1), code), state.clips)
            is_word_end = font.code_bytes == 1 and code == _BLANK_CODES[0]
            self._move_along_line(
                (width + state.character_space + (state.word_space if is_word_end else 0.0)) * state.stretch
            )

    def _move_along_line(self, distance: float) -> None:
        """Move the position along the line of text."""
        self._position = Matrix(e=distance).then(self._position)

    def _start_line(self, matrix: Matrix) -> None:
        """Begin a line of text at the origin of ``matrix``."""
        self._line = self._position = matrix


class _Path:
    """The current path as outlines on the page; curves are replaced by their control points."""

    def __init__(self) -> None:
        self._outlines: list[list[Point]] = []

    def extend(self, operator: bytes, operands: list[Any], to_page: Matrix) -> bool:
        """Extend the path by a path operator; return False for any other operator."""
        numbers = [one for one in operands if isinstance(one, float)]
        if operator == b"re" and len(numbers) >= 4:
            x, y, width, height = numbers[-4:]
            corners = _list_corners(x, y, x + width, y + height)
            self._outlines.append([to_page.transform(*corner) for corner in corners])
        elif operator == b"m" and len(numbers) >= 2:
            self._outlines.append([to_page.transform(*numbers[-2:])])
        elif operator in (b"l", b"c", b"v", b"y"):
            if self._outlines:
                points = zip(numbers[::2], numbers[1::2], strict=False)
                self._outlines[-1] += [to_page.transform(x, y) for x, y in points]
        else:
            return operator == b"h"
        return True

    def take_outlines(self) -> Outlines:
        """Return the outlines of the path and begin a new path."""
        outlines = tuple(tuple(one) for one in self._outlines)
        self._outlines = []
        return outlines


def _read_operand(token: re.Match[bytes]) -> list[Any]:
    """Return a list with the number, name or string of a token; empty for other tokens."""
    kind = token.lastgroup
    if kind == "number":
        return [float(token.group())]
    if kind not in ("name", "string"):
        return []
    try:
        return [parse_value(token.group(), 0)[0]]
    except PdfSyntaxError:
        return []


def _list_corners(west: float, south: float, east: float, north: float) -> tuple[Point, ...]:
    """Return the four corners of a rectangle, anticlockwise from south-west."""
    return (west, south), (east, south), (east, north), (west, north)


def _make_unit_square(to_page: Matrix) -> Outlines:
    """Return the outline of a picture on the page: the transformed unit square (8.9.5)."""
    return (tuple(to_page.transform(*corner) for corner in _list_corners(0.0, 0.0, 1.0, 1.0)),)


def _measure_box(outlines: Outlines) -> PageBox:
    """Return the bounding box of outlines; a box of zero size for no outline."""
    x, y = ([point[axis] for outline in outlines for point in outline] for axis in (0, 1))
    return PageBox(min(x), min(y), max(x), max(y)) if x else PageBox(0.0, 0.0, 0.0, 0.0)


def _contains(outlines: Outlines, point: Point) -> bool:
    """Return True if a point is inside an odd number of outlines."""
    x, y = point
    is_inside = False
    for outline in outlines:
        before_x, before_y = outline[-1]
        for corner_x, corner_y in outline:
            if (corner_y > y) != (before_y > y):
                crossing = corner_x + (y - corner_y) / (before_y - corner_y) * (before_x - corner_x)
                is_inside ^= x < crossing
            before_x, before_y = corner_x, corner_y
    return is_inside
