# SPDX-License-Identifier: GPL-2.0-or-later
"""Parse a boundary-point file in text form: header, lines of parcels, lines of points."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...base.errors import InputError
from ...base.files.encoding import UndecodableTextError, decode_file_text
from .forms import FileLayout, PointForm, find_meaning, load_automatic_forms, load_settings, normalise_word
from .parcels import (
    HeaderValue,
    NoteLevel,
    ParsedFile,
    Place,
    PointNote,
    PointRow,
    RawParcel,
    normalise_digits,
    parse_number,
)
from .rings import divide_at_closed_rings

_LINE_END_PATTERN = re.compile(r"\r\n|\n|\r")
_HEADER_LINE_PATTERN = re.compile(r"\s*([^=:：]+?)\s*[=:：]\s*(.*?)\s*$")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FULL_WIDTH_SEPARATOR = "，"
#: A line of a parcel without its end mark has at least this many cells more than one of a point.
_MIN_MORE_CELLS = 2
#: Digits of an easting in metres before the decimal point.
_MIN_EASTING_DIGITS = 6


@dataclass(frozen=True)
class FileText:
    """The text of a file as lines, with its layout (without the header)."""

    path: Path
    lines: list[str]
    layout: FileLayout


def read_file_text(path: Path, data: bytes) -> FileText:
    """Return the lines of a text file in UTF-8, GBK or UTF-16.

    Raise InputError for other bytes, with the first line that cannot be decoded.
    """
    try:
        text = decode_file_text(data)
    except UndecodableTextError as error:
        raise InputError("boundary_encoding", file=path.name, line=error.line) from error
    if "\0" in text:
        raise InputError("boundary_not_points", file=path.name)
    has_mark = data.startswith(_BYTE_ORDER_MARKS)
    codec = "utf-16" if data.startswith(_BYTE_ORDER_MARKS[1:]) else "utf-8"
    if codec == "utf-8" and text.encode("utf-8") != data.removeprefix(_BYTE_ORDER_MARKS[0]):
        codec = "gb18030"
    lines = _LINE_END_PATTERN.split(text)
    first_end = _LINE_END_PATTERN.search(text)
    ends_with_line_end = not lines[-1]
    layout = FileLayout(codec, has_mark, first_end[0] if first_end else "\r\n", ends_with_line_end)
    return FileText(path, lines[:-1] if ends_with_line_end else lines, layout)


def find_section(lines: list[str], section: str) -> int:
    """Return the position of a heading such as [地块坐标], also in full-width brackets; -1 if it is missing."""
    word = _normalise_section(section)
    return next((n for n, line in enumerate(lines) if _normalise_section(line) == word), -1) if section else -1


def _normalise_section(line: str) -> str:
    """Return a heading without blanks and with half-width brackets."""
    return normalise_word(line).replace("【", "[").replace("】", "]")


def choose_text_form(lines: list[str], *, requires_metres: bool = False) -> PointForm | None:
    """Return the form of a text by its sections and by the number of items of its parcels; None if it has none.

    Of forms with equal layouts the first is returned: they differ only in what an export writes. ``requires_metres``:
    lines without sections are points only if their numbers may be coordinates in metres; without it, those in degrees
    are points too, which is then explained.
    """
    forms = [form for form in load_automatic_forms("text") if find_section(lines, form.sections.parcels) >= 0]
    if forms:
        counts = [
            _count_items(_replace_tabs(line, forms[0]).split(forms[0].separator), forms[0].parcel.end_mark)
            for line in lines[find_section(lines, forms[0].sections.parcels) + 1 :]
        ]
        return max(forms, key=lambda form: (counts.count(len(form.parcel.items)), -forms.index(form)))
    for form in load_automatic_forms("text"):
        first_rows = [_replace_tabs(line, form).split(form.separator) for line in lines if line.strip()][:3]
        has_points = len(first_rows) > 2 and all(_is_point(cells, form, requires_metres) for cells in first_rows)
        if not form.sections.parcels and has_points:
            return form
    return None


def _replace_tabs(line: str, form: PointForm) -> str:
    """Return a line with the separator of a form in place of tabs, unless the line has the separator."""
    return line if form.separator in line else line.replace("\t", form.separator)


def _is_point(cells: list[str], form: PointForm, requires_metres: bool) -> bool:
    """Return True if the coordinates among cells are numbers; if required, such as northing and easting in metres."""
    if len(cells) != len(form.point.items):
        return False
    numbers = [parse_number(cells[form.point.items.index(item)])[0] for item in ("north", "east")]
    if not all(numbers) or not requires_metres:
        return all(numbers)
    low, high = load_settings().northings_m
    return any(
        low <= float(north) <= high and len(east.lstrip("+-").partition(".")[0]) >= _MIN_EASTING_DIGITS
        for north, east in (numbers, reversed(numbers))
    )


def _count_items(cells: list[str], end_mark: str) -> int:
    """Return the number of items of a parcel's line before its end mark; -1 for another line."""
    stripped = [cell.strip() for cell in cells]
    if end_mark in stripped:
        return stripped.index(end_mark)
    filled = [n for n, cell in enumerate(stripped) if cell]
    # The mark may follow the last item without a separator.
    return filled[-1] + 1 if end_mark and filled and stripped[filled[-1]].endswith(end_mark) else -1


def parse_text(text: FileText, form: PointForm) -> ParsedFile:
    """Return header, parcels and points of a text in a form.

    A line that cannot be read becomes a note; its parcel is then broken, the others are read. Raise InputError if the
    form has sections and the file lacks that of the parcels or has a second one.
    """
    heading = find_section(text.lines, form.sections.parcels)
    if form.sections.parcels and heading < 0:
        raise InputError("boundary_no_section", file=text.path.name, section=form.sections.parcels, form=form.id)
    header = text.lines[: heading + 1]
    for section in filter(None, (form.sections.header, form.sections.parcels)):
        again = find_section(text.lines[heading + 1 :], section)
        if again >= 0:
            # Two files in one may have two zones.
            raise InputError("boundary_second_section", file=text.path.name, line=heading + 2 + again, section=section)
    parser = _TextParser(form)
    for number, line in enumerate(text.lines[heading + 1 :], heading + 2):
        if line.strip():
            parser.read_line(number, line)
    layout = replace(text.layout, header=tuple(header))
    values: dict[str, HeaderValue] = {}
    for number, line in enumerate(header, 1):
        match = _HEADER_LINE_PATTERN.match(line)
        meaning = find_meaning(match[1], load_settings().header_keys) if match else ""
        if match and meaning:
            values[meaning] = HeaderValue(match[2], Place(number))
    parcels = tuple(parser.parcels) if form.parcel.items else divide_at_closed_rings(parser.parcels)
    for key, lines in parser.lines_by_key.items():
        if lines:
            level = NoteLevel.ERROR if key == "stray_points" else NoteLevel.WARNING
            parser.notes.append(PointNote(key, level, Place(lines[0]), "", {"count": len(dict.fromkeys(lines))}))
    has_stray_points = bool(parser.lines_by_key["stray_points"])
    return ParsedFile(text.path, form, layout, values, parcels, tuple(parser.notes), has_stray_points)


@dataclass
class _TextParser:
    """Reads the lines after the header one by one."""

    form: PointForm
    parcels: list[RawParcel] = field(default_factory=list)
    notes: list[PointNote] = field(default_factory=list)
    #: Text key of a note → lines that it counts.
    lines_by_key: dict[str, list[int]] = field(
        default_factory=lambda: {key: [] for key in ("full_width", "tabs", "thousands", "ring_empty", "stray_points")}
    )

    def read_line(self, number: int, line: str) -> None:
        """Read a line that is not blank."""
        written, line = line, _replace_tabs(line, self.form)
        if line != written:
            self.lines_by_key["tabs"].append(number)
        cells = tuple(line.split(self.form.separator))
        if self.form.separator == "," and _FULL_WIDTH_SEPARATOR in line:
            # A full-width comma among all cells of a parcel or of a point is part of a name.
            end_mark = self.form.parcel.end_mark
            is_parcel = bool(end_mark) and _count_items(list(cells), end_mark) == len(self.form.parcel.items)
            if not is_parcel and not _is_point(list(cells), self.form, requires_metres=False):
                cells = tuple(line.replace(_FULL_WIDTH_SEPARATOR, ",").split(","))
                self.lines_by_key["full_width"].append(number)
        # The line of a parcel has the end mark, or clearly more items than a point.
        is_parcel = _count_items(list(cells), self.form.parcel.end_mark) >= 0
        if not is_parcel and len(cells) >= len(self.form.point.items) + _MIN_MORE_CELLS:
            is_parcel = any(cell.strip() and not parse_number(cell)[0] for cell in cells[2:])
        if self.form.parcel.items and is_parcel:
            place = Place(number)
            items = self.form.parcel.items
            count = _count_items(list(cells), self.form.parcel.end_mark)
            given = cells[:count] if count >= 0 else cells
            values = {
                item: cell.strip().removesuffix(self.form.parcel.end_mark).strip()
                for item, cell in zip(items, given, strict=False)
            }
            self.parcels.append(RawParcel(len(self.parcels) + 1, place, cells, values))
            if count < 0:
                self._add(NoteLevel.WARNING, "no_end_mark", place, mark=self.form.parcel.end_mark)
            elif count != len(items):
                self._add(NoteLevel.WARNING, "items", place, count=count, expected=len(items), form=self.form.id)
            return
        if not self.parcels:
            if self.form.parcel.items:
                self.lines_by_key["stray_points"].append(number)
                return
            self.parcels.append(RawParcel(1, Place(number)))
        parcel = self.parcels[-1]
        row = self._read_point(Place(number), cells)
        if row is None:
            parcel.is_broken = True
        else:
            parcel.rows.append(row)

    def _read_point(self, place: Place, cells: tuple[str, ...]) -> PointRow | None:
        """Return the point of a line; None, with a note, if the line cannot be read."""
        items = self.form.point.items
        count = len(cells)
        while count > len(items) and not cells[count - 1].strip():
            count -= 1
        if count != len(items):
            # Thousands separators have split numbers such as 2,586,341.141.
            groups = [cell.strip() for cell in cells[len(items) - 2 :] if cell.strip()]
            is_split = len(groups) > 2 and all(re.fullmatch(r"\d{1,3}(?:\.\d*)?", group) for group in groups)
            key = "row_thousands" if is_split else "row_cells"
            self._add(NoteLevel.ERROR, key, place, count=count, expected=len(items))
            return None
        text_by_item = dict(zip(items, cells, strict=False))
        numbers: dict[str, str] = {}
        for item in ("north", "east"):
            number, is_separated = parse_number(text_by_item[item])
            if not number:
                value = text_by_item[item].strip()
                key = "row_number" if value else "row_empty"
                self._add(NoteLevel.ERROR, key, place, value=value, item=items.index(item) + 1)
                return None
            numbers[item] = number
            if is_separated:
                self.lines_by_key["thousands"].append(place.line)
        ring = normalise_digits(text_by_item.get("ring", ""))
        if "ring" in items and not ring:
            former = self.parcels[-1].rows
            ring = former[-1].ring if former else "1"
            self.lines_by_key["ring_empty"].append(place.line)
        name = text_by_item["point"].strip()
        return PointRow(cells, name, ring or "1", numbers["north"], numbers["east"], place)

    def _add(self, level: NoteLevel, key: str, place: Place, **params: object) -> None:
        """Add a note on the last parcel; its label is empty if the form has no lines of parcels."""
        label = self.parcels[-1].label if self.form.parcel.items else ""
        self.notes.append(PointNote(key, level, place, label, params))
