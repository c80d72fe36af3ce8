# SPDX-License-Identifier: GPL-2.0-or-later
"""Read and write the waiver file next to the data, and load the waivers of a check.

It is a CSV in UTF-8 with a byte order mark, one waiver on each row.

A temporary file is written and replaces the former file. Other people's changes are preserved: foreign rows and columns
stay unchanged, and a file that changed meanwhile is read again before it is replaced. An unreadable file is never
written. A spreadsheet cuts numbers of 18 digits; keys are therefore written after their layer's code in one cell, as
text.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.errors import DataError, OutputError
from ...base.files import make_path_next_to_data, read_bytes
from ...base.files.cells import parse_date
from ...base.files.csv_records import guard_cell
from ...base.files.data import parse_json
from ...base.files.document_text import make_readable_text
from ...base.files.encoding import (
    OLD_WORKBOOK_SIGNATURE,
    WORKBOOK_SIGNATURE,
    UndecodableTextError,
    decode_file_text,
    find_delimiter,
)
from ...base.files.writing import replace_if_unchanged
from ...model.rule import normalise_rule_code
from . import WAIVER_SUFFIX
from .waiver import Waiver, WaiverLimits, Waivers

if TYPE_CHECKING:
    from ...model.report import Report
    from ...standard.messages.texts import Texts
    from ...standard.profile import Norm

_DEFAULT_LIMITS = WaiverLimits()
#: Largest multiple of the usual tolerance that a row may have; a larger change is another conflict.
_LARGEST_FACTOR = 10
#: Attempts to read a file that others write meanwhile.
_MAX_TRIES = 20
#: Option value of a run that ignores all waivers.
NO_WAIVERS_WORDS = ("none", "无")
#: Waivers that a notice names.
_MAX_NAMED = 3


@dataclass
class _WaiverTable:
    """The rows of a waiver file as read, each with the line where it begins.

    ``head``: the headings; ``column_names``: the English name of each known column, the heading of any other.
    """

    head: list[str]
    column_names: list[str]
    rows: list[list[str]]
    line_numbers: list[int]

    def get_row_cells(self, row: list[str]) -> dict[str, str]:
        """Return column name → text of the cell, without outer blanks."""
        return {name: cell.strip() for name, cell in zip(self.column_names, row, strict=False)}


def read_waivers(path: str | Path, limits: WaiverLimits = _DEFAULT_LIMITS) -> tuple[Waiver, ...]:
    """Return all waivers of a file.

    ``limits``: settings for how far a conflict may change. Raises DataError with file and line for an unknown encoding,
    a missing column, a damaged or incomplete row, two waivers with one number, and tolerances far beyond ``limits``.
    """
    path = Path(path)
    return _parse_waivers(
        path,
        _parse_table(path, read_bytes(path, "waivers", DataError)),
        limits,
    )


def change_waivers(
    path: str | Path,
    *,
    added_waivers: Iterable[Waiver] = (),
    removed_ids: Iterable[str] = (),
    limits: WaiverLimits = _DEFAULT_LIMITS,
) -> tuple[Waiver, ...]:
    """Add waivers to a file and remove those with the ids ``removed_ids``.

    Return the waivers of the changed file. Raises DataError for a damaged file, which is left unchanged, and
    OutputError if the file cannot be written.
    """
    path, added_waivers, removed_ids = Path(path), list(added_waivers), set(removed_ids)
    for _ in range(_MAX_TRIES):
        contents = read_bytes(path, "waivers", DataError, may_be_missing=True)
        table = _parse_table(path, contents) if contents.strip() else _WaiverTable([], [], [], [])
        _parse_waivers(path, table, limits)
        remaining_rows = [row for row in table.rows if table.get_row_cells(row).get("id") not in removed_ids]
        missing_columns = [column for column in WAIVER_COLUMNS if column.name not in table.column_names]
        names = [*table.column_names, *(column.name for column in missing_columns)]
        rows = [row + [""] * len(missing_columns) for row in remaining_rows]
        for waiver in added_waivers:
            cells = convert_waiver_to_cells(waiver)
            rows.append([guard_cell(cells.get(name, "")) for name in names])
        head = [*table.head, *(column.chinese_name for column in missing_columns)]
        if replace_if_unchanged(path, contents, _format_csv(head, rows).encode("utf-8-sig")):
            return read_waivers(path, limits)
    raise OutputError("output_open_elsewhere", target=str(path))


def _parse_table(path: Path, data: bytes) -> _WaiverTable:
    """Return headings and rows of a waiver file; raise DataError for a damaged file."""
    if data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE)):
        raise DataError("waivers_workbook", file=str(path))
    try:
        text = decode_file_text(data)
    except UndecodableTextError as undecodable:
        raise DataError("waivers_encoding", file=str(path), line=undecodable.line) from undecodable
    if "\0" in text:
        raise DataError("waivers_broken", file=str(path), line=text.count("\n", 0, text.index("\0")) + 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    head: list[str] = []
    rows, lines, last = [], [], 0
    try:
        for cells in reader:
            first_line, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not head:
                head = [cell.strip() for cell in cells]
                known_names = [COLUMNS_BY_HEADING[h].name for h in head if h in COLUMNS_BY_HEADING]
                for column in WAIVER_COLUMNS:
                    if known_names.count(column.name) != 1 and (column.is_required or column.name in known_names):
                        raise DataError("waivers_column", file=str(path), line=first_line, column=column.chinese_name)
                continue
            if any(cell.strip() for cell in cells[len(head) :]):
                raise DataError("waivers_stray", file=str(path), line=first_line, value=cells[len(head)].strip())
            rows.append(cells[: len(head)] + [""] * (len(head) - len(cells)))
            lines.append(first_line)
    except csv.Error as error:
        raise DataError("waivers_broken", file=str(path), line=last + 1) from error
    if not head:
        raise DataError("waivers_broken", file=str(path), line=1)
    return _WaiverTable(head, [COLUMNS_BY_HEADING[h].name if h in COLUMNS_BY_HEADING else h for h in head], rows, lines)


def _parse_waivers(path: Path, table: _WaiverTable, limits: WaiverLimits) -> tuple[Waiver, ...]:
    """Return the waivers of a table.

    DataError for an invalid cell, a repeated id, or too large tolerances.
    """
    parsed_waivers: list[Waiver] = []
    by_id: dict[str, int] = {}
    for row, line in zip(table.rows, table.line_numbers, strict=True):
        cells = table.get_row_cells(row)
        try:
            waiver = parse_waiver_cells(cells)
        except ValueError as error:
            name = str(error)
            zh = next((c.chinese_name for c in WAIVER_COLUMNS if c.name == name), name)
            key = "waivers_cell" if cells.get(name) else "waivers_blank"
            raise DataError(key, file=str(path), line=line, column=zh, value=cells.get(name, "")) from error
        if waiver.id in by_id:
            raise DataError("waivers_twice", file=str(path), line=line, value=waiver.id, first=by_id[waiver.id])
        by_id[waiver.id] = line
        # Larger tolerances would accept another conflict, or a much larger one.
        for column_name, value, compute_limit in (
            ("may_move_m", waiver.place_m, WaiverLimits.compute_allowed_move_m),
            ("may_change_m2", waiver.change_m2, WaiverLimits.compute_allowed_change_m2),
        ):
            upper_limit = max(
                _LARGEST_FACTOR * compute_limit(_DEFAULT_LIMITS, waiver.area_m2), compute_limit(limits, waiver.area_m2)
            )
            if value > upper_limit:
                params = {
                    "column": next(c.chinese_name for c in WAIVER_COLUMNS if c.name == column_name),
                    "value": f"{value:.10g}",
                    "most": f"{upper_limit:.10g}",
                }
                raise DataError("waivers_wide", file=str(path), line=line, **params)
        parsed_waivers.append(waiver)
    return tuple(parsed_waivers)


def _format_csv(head: list[str], rows: list[list[str]]) -> str:
    """Return headings and rows as the text of a CSV file."""
    csv_buffer = io.StringIO()
    writer = csv.writer(csv_buffer, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(map(make_readable_text, row) for row in rows)
    return csv_buffer.getvalue()


WaiverNotice = tuple[str, dict[str, Any]]


def load_waivers(
    waiver_file: str, norm: Norm, source: str | Path | None = None, key_table_path: str = ""
) -> tuple[Waivers, list[WaiverNotice]]:
    """Return the waivers for a check, with notices on them.

    ``waiver_file``: the path of a waiver file, or “none”; if it is empty, the default file next to ``source`` is read.
    ``key_table_path``: path of a table of old and new keys, or empty. Raises DataError for a named file that is
    missing, and for any damaged file: an unreadable file must neither restore accepted findings nor accept new ones.
    """
    limits = WaiverLimits(**{name: float(value) for name, value in norm.get_settings_section("waivers").items()})
    if waiver_file.strip().lower() in NO_WAIVERS_WORDS:
        return Waivers(limits=limits), [("notice_no_waivers", {})]
    path = Path(waiver_file) if waiver_file else make_path_next_to_data(source, WAIVER_SUFFIX) if source else None
    keys = {}
    if key_table_path:
        from ...plan.loading.key_table import read_renumbered_keys

        keys = read_renumbered_keys(key_table_path)
    if path is None or not (waiver_file or path.is_file()):
        return Waivers(path=path, limits=limits, new_key_by_old_key=keys), []
    waivers = Waivers(read_waivers(path, limits), path, True, limits, keys, is_default_file=not waiver_file)
    return waivers, make_waiver_notices(waivers) + _find_changed_attachments(waivers)


def make_waiver_notices(waivers: Waivers) -> list[WaiverNotice]:
    """Return notices on the waiver file that was used, and on missing attachments."""
    if not waivers.file_exists or waivers.path is None:
        return []
    key = "notice_waivers_beside" if waivers.is_default_file else "notice_waivers"
    notices: list[WaiverNotice] = [(key, {"file": waivers.path.name, "count": len(waivers.entries)})]
    waivers_by_missing_file: dict[str, list[str]] = {}
    for entry in waivers.entries:
        if entry.attachment and not (waivers.path.parent / entry.attachment).exists():
            waivers_by_missing_file.setdefault(entry.get_report_values()["attachment"], []).append(entry.id)
    return notices + _make_attachment_notices("notice_waiver_attachment", waivers_by_missing_file)


def _find_changed_attachments(waivers: Waivers) -> list[WaiverNotice]:
    """Return notices on attachments whose SHA-256 differs from that in the waiver.

    Each file is read once.
    """
    if waivers.path is None:
        return []
    digest_by_path: dict[Path, str] = {}
    waivers_by_changed_file: dict[str, list[str]] = {}
    for entry in waivers.entries:
        path = waivers.path.parent / entry.attachment
        if not (entry.attachment and entry.digest):
            continue
        if path not in digest_by_path:
            digest_by_path[path] = ""
            # `make_waiver_notices` reports missing attachments.
            with suppress(OSError), path.open("rb") as handle:
                digest_by_path[path] = hashlib.file_digest(handle, "sha256").hexdigest()
        if digest_by_path[path] and digest_by_path[path] != entry.digest:
            waivers_by_changed_file.setdefault(entry.get_report_values()["attachment"], []).append(entry.id)
    return _make_attachment_notices("notice_waiver_attachment_changed", waivers_by_changed_file)


def _make_attachment_notices(key: str, by_attachment: dict[str, list[str]]) -> list[WaiverNotice]:
    """Return a notice with text key ``key`` for each attachment.

    ``by_attachment``: file name → numbers of the waivers that name it.
    """
    return [
        (
            key,
            {
                "number": ", ".join(numbers[:_MAX_NAMED])
                + (f" … ({len(numbers)})" if len(numbers) > _MAX_NAMED else ""),
                "attachment": attachment,
            },
        )
        for attachment, numbers in by_attachment.items()
    ]


def renew_waiver_notices(report: Report, old_waivers: Waivers, new_waivers: Waivers, texts: Texts) -> None:
    """Replace the notices on waivers in the provenance of a report, after the waivers changed.

    ``old_waivers``: the waivers to which the present notices belong.
    """
    old = {texts.format_notice(*notice) for notice in make_waiver_notices(old_waivers)}
    other_notices = [text for text in report.provenance.get("notices", []) if text not in old]
    report.provenance["notices"] = other_notices + [
        texts.format_notice(*notice) for notice in make_waiver_notices(new_waivers)
    ]


#: Marks a missing layer of a finding.
NO_LAYER_CELL = "*"
#: Measure of the area: as drawn. A row of version 0.1.0 has no measure; its area is by vertices alone.
AS_DRAWN_CELL_TEXT = "按图形"
_SHA256_PATTERN = re.compile(r"[0-9a-fA-F]{64}")
#: A key in a list of keys, where a backslash precedes a semicolon or backslash of the key.
_KEY_PATTERN = re.compile(r"(?:^|;)((?:\\[\\;]|[^;])*)")
_ESCAPED_PATTERN = re.compile(r"\\([\\;])")


def _parse_layer_and_keys(cell: str) -> tuple[str, tuple[str, ...]]:
    """Return the layer code (empty if the cell names none) and the keys in a cell."""
    role, _, keys_text = cell.partition(" ")
    keys = tuple(_ESCAPED_PATTERN.sub(r"\1", key.strip()) for key in _KEY_PATTERN.findall(keys_text))
    return ("" if role == NO_LAYER_CELL else role), keys


def _parse_date(cell: str) -> date | None:
    """Return the date in a cell, as typed or as a spreadsheet writes it.

    Examples: 2026-11-20, 2026/11/20, 2026年11月20日, 20261120. None for an empty cell.
    """
    if not cell:
        return None
    parsed_date = parse_date(cell)
    if parsed_date is None:
        raise ValueError(cell)
    return parsed_date


def _parse_number(cell: str, least: float = -math.inf) -> float | None:
    """Return the finite number in a cell, None for an empty cell; ValueError for another text or a smaller number."""
    if not cell:
        return None
    value = float(cell.replace(",", ""))
    if not math.isfinite(value) or value < least:
        raise ValueError(cell)
    return value


def _parse_text(pattern: re.Pattern[str], cell: str) -> str:
    """Return the text of a cell that is empty or matches a pattern; ValueError for another text."""
    if cell and not pattern.fullmatch(cell):
        raise ValueError(cell)
    return cell


def _parse_figures(cell: str) -> dict[str, Any]:
    """Return name → value of the figures that a cell has as JSON; ValueError for an invalid cell."""
    if not cell:
        return {}
    try:
        return dict(parse_json(cell, dict[str, str | int | float], file=Path()))
    except DataError as error:
        raise ValueError(cell) from error


@dataclass(frozen=True)
class WaiverColumn:
    """A column of a waiver file.

    ``name`` is English, ``chinese_name`` is written to files; both are read. ``is_required``: each waiver must have a
    value in this column. ``parse``: returns the value of a cell, or raises ValueError.
    """

    name: str
    chinese_name: str
    is_required: bool = False
    parse: Callable[[str], Any] = str


WAIVER_COLUMNS = (
    WaiverColumn("id", "编号", True),
    WaiverColumn("rule", "规则", True),
    WaiverColumn("problem", "问题"),
    WaiverColumn("reason", "理由", True),
    WaiverColumn("document", "文号", True),
    WaiverColumn("attachment", "附件"),
    WaiverColumn("digest", "附件校验值", parse=partial(_parse_text, _SHA256_PATTERN)),
    WaiverColumn("author", "登记人", True),
    WaiverColumn("date", "登记日期", True, parse=_parse_date),
    WaiverColumn("until", "有效期至", parse=_parse_date),
    WaiverColumn("layer", "图层和标识码", True, parse=_parse_layer_and_keys),
    WaiverColumn("related", "另一图层和标识码", parse=_parse_layer_and_keys),
    WaiverColumn("field", "字段"),
    WaiverColumn("longitude", "经度", parse=_parse_number),
    WaiverColumn("latitude", "纬度", parse=_parse_number),
    WaiverColumn("may_move_m", "位置允许差m", parse=partial(_parse_number, least=0.0)),
    WaiverColumn("area_m2", "面积m2", parse=_parse_number),
    WaiverColumn("may_change_m2", "面积允许差m2", parse=partial(_parse_number, least=0.0)),
    WaiverColumn("area_basis", "面积口径", parse=partial(_parse_text, re.compile(AS_DRAWN_CELL_TEXT))),
    WaiverColumn("case", "情形"),
    WaiverColumn("figures", "数值", parse=_parse_figures),
)
COLUMNS_BY_HEADING = {c.name: c for c in WAIVER_COLUMNS} | {c.chinese_name: c for c in WAIVER_COLUMNS}


def convert_waiver_to_cells(waiver: Waiver) -> dict[str, str]:
    """Return a waiver as column name → text of the cell."""

    def format_decimals(value: float | None, decimals: int) -> str:
        """Return a number with a fixed number of decimals; empty for None."""
        return "" if value is None else f"{value:.{decimals}f}"

    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "problem": waiver.message,
        "reason": waiver.reason,
        "document": waiver.document,
        "attachment": waiver.attachment,
        "digest": waiver.digest,
        "author": waiver.author,
        "date": waiver.date.isoformat(),
        "until": waiver.until.isoformat() if waiver.until else "",
        "layer": _format_layer_and_keys(waiver.role, (waiver.key,)),
        "related": _format_layer_and_keys(waiver.related_role, waiver.related_keys),
        "field": waiver.field,
        # 1e-7° is a centimetre.
        "longitude": format_decimals(waiver.lon, 7),
        "latitude": format_decimals(waiver.lat, 7),
        "may_move_m": format_decimals(waiver.place_m, 2) if waiver.lonlat else "",
        "area_m2": format_decimals(waiver.area_m2, 2),
        "may_change_m2": format_decimals(waiver.change_m2, 2) if waiver.area_m2 is not None else "",
        "area_basis": AS_DRAWN_CELL_TEXT if waiver.as_drawn else "",
        "case": waiver.case,
        "figures": json.dumps(waiver.figures, ensure_ascii=False, sort_keys=True) if waiver.figures else "",
    }


def parse_waiver_cells(cells: dict[str, str]) -> Waiver:
    """Return the waiver in the cells of a row.

    Raises ValueError with the column's name for an invalid or missing value.
    """
    for column in WAIVER_COLUMNS:
        if column.is_required and not cells.get(column.name, ""):
            raise ValueError(column.name)
    values: dict[str, Any] = {}
    for column in WAIVER_COLUMNS:
        try:
            values[column.name] = column.parse(cells.get(column.name, ""))
        except ValueError as error:
            raise ValueError(column.name) from error
    role, keys = values["layer"]
    related_role, related_keys = values["related"]
    if len(keys) > 1:
        raise ValueError("layer")
    return Waiver(
        id=values["id"],
        rule=normalise_rule_code(values["rule"]),
        reason=values["reason"],
        document=values["document"],
        author=values["author"],
        date=values["date"],
        until=values["until"],
        attachment=values["attachment"],
        digest=values["digest"].lower(),
        message=values["problem"],
        case=values["case"],
        role=role,
        key=keys[0] if keys else "",
        related_role=related_role,
        related_keys=() if related_keys == ("",) else related_keys,
        field=values["field"],
        lon=values["longitude"],
        lat=values["latitude"],
        place_m=values["may_move_m"] or 0.0,
        area_m2=values["area_m2"],
        change_m2=values["may_change_m2"] or 0.0,
        figures=values["figures"],
        as_drawn=bool(values["area_basis"]),
    )


def _format_layer_and_keys(role: str, keys: tuple[str, ...]) -> str:
    """Return the cell for a layer code and the keys of its rows."""
    joined_keys = "; ".join(key.replace("\\", "\\\\").replace(";", "\\;") for key in keys)
    return f"{role or NO_LAYER_CELL} {joined_keys}".strip()
