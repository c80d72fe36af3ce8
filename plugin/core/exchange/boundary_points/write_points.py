# SPDX-License-Identifier: GPL-2.0-or-later
"""Write parcels in a form: text in sections, CSV, or a workbook."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pyproj import CRS

from ...base.errors import OutputError
from ...base.files.csv_records import write_cell
from ...base.files.document_text import make_document_text
from ...geometry.crs import describe_crs, make_crs_label
from ...standard.messages.numbers import count_decimals
from .crs_choice import get_zone_and_width
from .forms import TEXT_KIND, FileLayout, PointForm, find_meaning, load_settings, make_layout
from .numbered_points import WrittenPoint

_HEADER_LINE_PATTERN = re.compile(r"(\s*([^=:：]+?)\s*[=:：]\s*)(.*?)(\s*)$")
_LINE_BREAKS_PATTERN = re.compile(r"\s*[\r\n\x85\u2028\u2029]+\s*")
_FULL_WIDTH_SEPARATOR = "，"
_FULL_WIDTH_CHARACTERS = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_COLUMN_WIDTHS = {"north": 16, "east": 16, "name": 24}


@dataclass(frozen=True)
class WrittenParcel:
    """A parcel to write.

    ``values``: item → text (`make_cell_text`); ``former_values``: the same as its file wrote them, empty without a
    record; ``cells``: of its line, as its file wrote them, None without a record in the same text form.
    """

    values: dict[str, str] = field(hash=False)
    former_values: dict[str, str] = field(hash=False)
    cells: tuple[str, ...] | None
    points: tuple[WrittenPoint, ...]


def make_file_bytes(
    path: Path,
    parcels: Sequence[WrittenParcel],
    form: PointForm,
    crs: CRS,
    layout: FileLayout | None,
    stored_crs: str,
) -> bytes:
    """Return the content of a file with parcels in a form.

    Parameters
    ----------
    layout
        That of the imported file, which is repeated; None for that of the form.
    stored_crs
        Label of the CRS of the imported file: if ``crs`` is another, the zone in its header is replaced.

    Raises
    ------
    OutputError
        The encoding lacks a character, or the library that writes workbooks is missing.
    """
    if path.suffix.lower() == ".xlsx":
        return _make_workbook(path, _list_table_rows(parcels, form, crs), form)
    used_layout = layout or make_layout(form)
    if form.kind == TEXT_KIND:
        lines: list[str] = []
        if layout:
            lines += layout.header if stored_crs == make_crs_label(crs) else _replace_zone(layout.header, crs)
        elif form.sections.parcels:
            keys = [f"{line.key}={_fill_value(line.value, crs)}" for line in form.header]
            lines += [form.sections.header, *keys, form.sections.parcels]
        for parcel in parcels:
            if form.parcel.items:
                lines.append(form.separator.join(_make_parcel_cells(parcel, form)))
            for point in parcel.points:
                texts = {"point": point.name, "ring": point.ring, "north": point.north, "east": point.east}
                cells = point.cells or [make_cell_text(texts[item], form) for item in form.point.items]
                lines.append(form.separator.join(cells))
    else:
        rows = _list_table_rows(parcels, form, crs)
        lines = [form.separator.join(write_cell(text, form.separator) for text in row) for row in rows]
    text = used_layout.line_end.join(lines) + (used_layout.line_end if used_layout.ends_with_line_end else "")
    codec = "utf-8-sig" if used_layout.codec == "utf-8" and used_layout.has_mark else used_layout.codec
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise OutputError(
            "boundary_unencodable",
            target=str(path),
            character=text[error.start],
            encoding=used_layout.encoding_name,
            line=text.count(used_layout.line_end, 0, error.start) + 1,
        ) from error


def _fill_value(value: str, crs: CRS) -> str:
    """Return a value of a form's header with its placeholders filled."""
    zone, width = get_zone_and_width(crs)
    texts = {"datum": load_settings().written, "zone": str(zone), "zone_width": str(width)}
    for name, text in (texts | {"date": date.today().isoformat()}).items():
        value = value.replace(f"{{{name}}}", text)
    return value


def _replace_zone(header: Sequence[str], crs: CRS) -> list[str]:
    """Return the lines of a header with zone number, width and central meridian of a CRS; other lines unchanged."""
    zone, width = get_zone_and_width(crs)
    meridian = f"{describe_crs(crs).central_meridian:g}"
    value_by_meaning = {"zone": str(zone), "zone_width": str(width), "meridian": meridian}
    lines = []
    for line in header:
        match = _HEADER_LINE_PATTERN.match(line)
        value = value_by_meaning.get(find_meaning(match[2], load_settings().header_keys)) if match else None
        lines.append(f"{match[1]}{value}{match[4]}" if match and value is not None else line)
    return lines


def _make_parcel_cells(parcel: WrittenParcel, form: PointForm) -> list[str]:
    """Return the cells of a parcel's line; where the values are as imported, its file's cells."""
    changed = {
        item: parcel.values.get(item, "")
        for item in form.parcel.items
        if parcel.values.get(item, "") != parcel.former_values.get(item, "")
    }
    if parcel.cells is not None:
        if not changed:
            return list(parcel.cells)
        cells, following = _divide_at_end_mark(list(parcel.cells), form)
        cells += [""] * (len(form.parcel.items) - len(cells))
        for item, text in changed.items():
            cells[form.parcel.items.index(item)] = text
        return [*cells, *following]
    return [*(parcel.values.get(item, "") for item in form.parcel.items), form.parcel.end_mark]


def _divide_at_end_mark(cells: list[str], form: PointForm) -> tuple[list[str], list[str]]:
    """Return the items of a parcel's line, and its end mark with the cells after it.

    The mark may follow the last item without a separator; where it is missing, it is added after the last item.
    """
    stripped = [cell.strip() for cell in cells]
    if form.parcel.end_mark in stripped:
        position = stripped.index(form.parcel.end_mark)
        return cells[:position], cells[position:]
    while len(cells) > len(form.parcel.items) and not cells[-1].strip():
        del cells[-1]
    last = next((n for n in reversed(range(len(cells))) if cells[n].strip()), -1)
    if last >= 0 and cells[last].rstrip().endswith(form.parcel.end_mark):
        cells = [*cells[:last], cells[last].rstrip().removesuffix(form.parcel.end_mark)]
    return cells, [form.parcel.end_mark]


def make_cell_text(text: str, form: PointForm) -> str:
    """Return a text as it can be read from its cell again.

    Line breaks become spaces. A text file has no quotes: a separator and an end mark at the end become full-width.
    """
    plain = _LINE_BREAKS_PATTERN.sub(" ", make_document_text(text)).strip()
    if form.kind != TEXT_KIND:
        return plain
    plain = plain.replace(form.separator, _FULL_WIDTH_SEPARATOR if form.separator == "," else " ")
    if form.parcel.end_mark and plain.endswith(form.parcel.end_mark):
        plain = plain.removesuffix(form.parcel.end_mark) + form.parcel.end_mark.translate(_FULL_WIDTH_CHARACTERS)
    return plain


def _list_table_rows(parcels: Sequence[WrittenParcel], form: PointForm, crs: CRS) -> list[list[str]]:
    """Return the rows of a table: header, headings, and one row for each point."""
    rows = [[line.key, _fill_value(line.value, crs)] for line in form.header]
    rows.append([form.headings[item][0] for item in (*form.parcel.items, *form.point.items)])
    for parcel in parcels:
        values = [parcel.values.get(item, "") for item in form.parcel.items]
        for point in parcel.points:
            texts = {"point": point.name, "ring": point.ring, "north": point.north, "east": point.east}
            rows.append([*values, *(texts[item] for item in form.point.items)])
    return rows


def _make_workbook(path: Path, rows: Sequence[Sequence[str]], form: PointForm) -> bytes:
    """Return a workbook of one sheet; coordinates are numbers that display all their decimals.

    Raise OutputError without the library.
    """
    try:
        import openpyxl
        from openpyxl.utils import get_column_letter
    except ImportError as error:
        raise OutputError("output_openpyxl", target=path.name) from error
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "界址点"
    items = (*form.parcel.items, *form.point.items)
    for number, row in enumerate(rows, 1):
        for column, (item, text) in enumerate(zip(items, row, strict=False), 1):
            cell = sheet.cell(number, column)
            if item in ("north", "east") and number > len(form.header) + 1:
                cell.value = float(text)
                cell.number_format = f"0.{'0' * count_decimals(text)}" if count_decimals(text) else "0"
            else:
                # Text, also where it begins with = or consists of digits.
                cell.value, cell.data_type, cell.number_format = text, "s", "@"
    for column, item in enumerate(items, 1):
        sheet.column_dimensions[get_column_letter(column)].width = _COLUMN_WIDTHS.get(item, 12)
    sheet.freeze_panes = sheet.cell(len(form.header) + 2, 1)
    book.properties.creator = book.properties.lastModifiedBy = ""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
