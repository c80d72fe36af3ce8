# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a boundary-point file, and import it into a layer of polygons."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import geopandas as gpd
import numpy as np
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.encoding import OLD_WORKBOOK_SIGNATURE, WORKBOOK_SIGNATURE, is_garbled
from ...base.files.open_datasource import read_whole_file
from ...base.files.workbooks import iterate_values, open_workbook
from ...base.files.writing import check_writable, write_atomically
from ...geometry.crs import make_lonlat_transformer
from ...geometry.statutory_area import measure_statutory_area
from ...plan.io.geopackage_writing import append_rows
from ...standard.messages.texts import MessageLines
from ...standard.template import Template, TemplateField
from ..create import create_database, stage_geopackage
from .crs_choice import choose_crs, find_row_problems
from .forms import (
    AUTOMATIC,
    TABLE_KIND,
    TEXT_KIND,
    PointForm,
    load_automatic_forms,
    load_form,
    load_settings,
    make_layout,
)
from .numbered_points import find_numbering_notes
from .parcels import (
    NoteLevel,
    ParsedFile,
    PointFile,
    PointNote,
    PointParcel,
    RawParcel,
    compare_areas,
    find_area_unit,
    measure_plane_areas,
    parse_declared_area,
)
from .read_table import TableLine, TableSheet, find_heading_line, parse_table, read_workbook_sheets, split_text_table
from .read_text import FileText, choose_text_form, parse_text, read_file_text
from .rings import build_shape, find_ring_problems, group_rings
from .stored import (
    COUNT_FIELD,
    DECLARED_FIELD,
    DIFFERENCE_FIELD,
    FIELD_BY_ITEM,
    LAYER_NAME,
    PLANE_FIELD,
    RECORD_FIELD,
    STATUTORY_FIELD,
    format_record,
)

_AREA_FIELDS = (
    (DECLARED_FIELD, "申报面积（平方米）"),
    (PLANE_FIELD, "平面面积（平方米）"),
    (STATUTORY_FIELD, "图斑椭球面积（平方米）"),
    (DIFFERENCE_FIELD, "申报面积减平面面积（平方米）"),
)

_HEAD_BYTES = 16_384
#: A larger workbook is not opened: that takes seconds, in which QGIS does not respond, and tables of boundary points
#: are smaller. It can still be imported.
_MOST_WORKBOOK_BYTES = 5_000_000
LAYER_SUFFIX = ".gpkg"
_READ_SHARE = 0.5


def read_boundary_points(
    path: str | Path,
    *,
    form_name: str = AUTOMATIC,
    crs_text: str = "",
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PointFile:
    """Return the parcels of a boundary-point file with shapes and areas, and notes on all that is wrong.

    A parcel with an error is left out, the others are read.

    Parameters
    ----------
    form_name
        Id or path of a form; `AUTOMATIC` chooses it by the content.
    crs_text
        CRS of the coordinates, as ``EPSG:4526``; empty if the file states it.

    Raises
    ------
    InputError
        The file cannot be read, has no points, or its CRS is unknown or refused (see `choose_crs`).
    DataError
        The form is unknown or has an error.
    Cancelled
        The user cancelled.
    """
    parsed = parse_file(Path(path), form_name)
    if not parsed.rows:
        errors = [note for note in parsed.notes if note.level is NoteLevel.ERROR]
        errors += [
            PointNote("no_points", NoteLevel.ERROR, raw.place, raw.label) for raw in parsed.parcels if not raw.is_broken
        ]
        reasons = MessageLines(tuple(errors[: load_settings().most_listed]))
        raise InputError("boundary_no_points", file=parsed.path.name, reasons=reasons)
    crs, crs_notes = choose_crs(parsed, crs_text)
    notes = [*parsed.notes, *crs_notes]
    parcels = []
    for raw in cancellation.watch(parsed.parcels):
        parcel, parcel_notes = _build_parcel(raw, parsed.form, crs)
        notes += parcel_notes
        if parcel is not None:
            parcels.append(parcel)
    shapes = np.array([parcel.shape for parcel in parcels], dtype=object)
    statutory = measure_statutory_area(shapes, make_lonlat_transformer(crs), cancellation) if len(shapes) else shapes
    measured = [
        replace(
            parcel,
            declared_m2=parse_declared_area(parcel.raw, parsed.form),
            plane_m2=plane_m2,
            statutory_m2=float(statutory_m2),
        )
        for parcel, plane_m2, statutory_m2 in zip(parcels, measure_plane_areas(shapes), statutory, strict=True)
    ]
    for parcel in measured:
        notes += compare_areas(parcel, parsed.form)
    notes += find_numbering_notes(measured, parsed.form)
    named_notes = tuple(replace(note, file_name=parsed.path.name) for note in notes)
    return PointFile(parsed.path, parsed.form, parsed.layout, crs, tuple(measured), parsed.parcel_count, named_notes)


def parse_file(path: Path, form_name: str) -> ParsedFile:
    """Return a file as parsed in its form. Raise InputError and DataError as `read_boundary_points`."""
    form = None if form_name in ("", AUTOMATIC) else load_form(form_name)
    data = read_whole_file(path)
    is_workbook = data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE))
    if is_workbook or path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        if form is not None and form.kind == TEXT_KIND:
            raise InputError("boundary_form_of_text", file=path.name, form=form.id)
        sheets = read_workbook_sheets(path)
        forms = [form] if form is not None else load_automatic_forms("table")
        fitting = [one for one in forms if any(find_heading_line(sheet, one) >= 0 for sheet in sheets)]
        chosen = (fitting or forms)[0]
        # An export as CSV has the layout of the form.
        return parse_table(path, sheets, chosen, make_layout(chosen))
    text = read_file_text(path, data)
    if form is None:
        form = choose_text_form(text.lines)
        if form is None or not form.sections.parcels:
            # Headings of a table are more certain than lines of numbers.
            sheet = split_text_table(text)
            table_forms = [one for one in load_automatic_forms("table") if find_heading_line(sheet, one) >= 0]
            form = table_forms[0] if table_forms else form
    if form is None:
        garbled_line = next((number for number, line in enumerate(text.lines, 1) if is_garbled(line)), 0)
        if garbled_line:
            raise InputError("boundary_garbled", file=path.name, line=garbled_line)
        raise InputError("boundary_not_points", file=path.name)
    if form.kind == TEXT_KIND:
        return parse_text(text, form)
    return parse_table(path, [split_text_table(text)], form, text.layout)


def _build_parcel(raw: RawParcel, form: PointForm, crs: CRS) -> tuple[PointParcel | None, list[PointNote]]:
    """Return a parcel with its shape, None if it has an error, and the notes on it."""
    notes: list[PointNote] = []
    # 记录图形属性 of a parcel that is an area; an empty one is taken for it.
    if raw.values.get("kind", "").upper() not in ("", "面", "POLYGON"):
        note = PointNote("kind", NoteLevel.ERROR, raw.place, raw.label, {"kind": raw.values["kind"]})
        return None, [note]
    if raw.is_broken:
        # The notes on its rows name the reason.
        return None, [PointNote("broken", NoteLevel.ERROR, raw.place, raw.label)]
    if not raw.rows:
        return None, [PointNote("no_points", NoteLevel.ERROR, raw.place, raw.label)]
    notes += find_row_problems(raw, crs)
    if notes:
        return None, notes
    rings = group_rings(raw.rows)
    notes += find_ring_problems(raw, rings, expects_closing=form.numbering.closing != "none")
    if any(note.level is NoteLevel.ERROR for note in notes):
        return None, notes
    if "name" in form.parcel.items and not raw.values.get("name"):
        notes.append(PointNote("no_name", NoteLevel.WARNING, raw.place, raw.label))
    parcel = PointParcel(raw, tuple(rings), build_shape(rings))
    # 界址点数 is the number of points with closing points, or that without.
    count_text, count = raw.values.get("count", ""), len(raw.rows)
    count_without = count - sum(ring.closing is not None for ring in rings)
    if count_text and not (count_text.isdigit() and int(count_text) in (count, count_without)):
        params = {"declared": count_text, "count": count, "without": count_without}
        notes.append(PointNote("count", NoteLevel.WARNING, raw.place, raw.label, params))
    return parcel, notes


def is_boundary_point_file(path: str | Path) -> bool:
    """Return True if a file has boundary points in one of the plugin's forms, by suffix and first lines.

    Of a text file the first 16 KiB are read, of a workbook the first rows of its sheets. False for a file that cannot
    be read, which `read_boundary_points` explains, and for a workbook of more than 5 MB, which is not opened.
    """
    path, heading_lines = Path(path), load_settings().heading_lines
    if path.suffix.lower() not in (".txt", ".csv", ".xlsx", ".xlsm"):
        return False
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD_BYTES)
        if head.startswith(WORKBOOK_SIGNATURE):
            if path.stat().st_size > _MOST_WORKBOOK_BYTES:
                return False
            rows_by_sheet = [
                islice(iterate_values(sheet, path.name), heading_lines)
                for sheet in open_workbook(path, reads_once=True).worksheets
            ]
            return _has_headings(
                [
                    TableSheet("", [TableLine(n, tuple("" if v is None else str(v) for v in row)) for n, row in rows])
                    for rows in rows_by_sheet
                ]
            )
        if len(head) == _HEAD_BYTES:
            # The last line may end within a character.
            head = head[: head.rfind(b"\n") + 1]
        text = read_file_text(path, head)
        head_text = FileText(text.path, text.lines[:heading_lines], text.layout)
        return choose_text_form(text.lines, requires_metres=True) is not None or _has_headings(
            [split_text_table(head_text)]
        )
    except (OSError, InputError):
        return False


def _has_headings(sheets: list[TableSheet]) -> bool:
    """Return True if a sheet has the headings of a form."""
    return any(find_heading_line(sheet, form) >= 0 for sheet in sheets for form in load_automatic_forms(TABLE_KIND))


@dataclass(frozen=True)
class PointImport:
    """The result of an import: the file as read, and the path of the layer's database."""

    file: PointFile
    path: Path

    @property
    def point_count(self) -> int:
        """Return the number of points of the imported parcels, closing points included."""
        return sum(len(parcel.raw.rows) for parcel in self.file.parcels)

    @property
    def left_out_count(self) -> int:
        """Return the number of parcels with an error, which were not imported."""
        return self.file.parcel_count - len(self.file.parcels)


def check_import_output(source: str | Path, output: str | Path) -> None:
    """Raise OutputError if the layer cannot be written; called before the file is read."""
    if Path(output).suffix.lower() != LAYER_SUFFIX:
        raise OutputError("output_format", target=str(output), known=LAYER_SUFFIX)
    check_writable(output, [str(source)])


def import_boundary_points(
    source: str | Path,
    output: str | Path,
    *,
    form_name: str = AUTOMATIC,
    crs_text: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PointImport:
    """Write the parcels of a boundary-point file as polygons to a new GeoPackage; the file does not change.

    The layer has the CRS of the file, and the vertices as written. A field keeps what the file wrote for each parcel.

    Parameters
    ----------
    form_name, crs_text
        As for `read_boundary_points`.

    Raises
    ------
    InputError, DataError
        As `read_boundary_points`, and if no parcel can be read; the error lists the first reasons.
    OutputError
        The layer cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_import_output(source, output)
    file = read_boundary_points(source, form_name=form_name, crs_text=crs_text, cancellation=cancellation)
    progress(_READ_SHARE, "")
    if not file.parcels:
        errors = [note for note in file.notes if note.level is NoteLevel.ERROR][: load_settings().most_listed]
        raise InputError(
            "boundary_none_readable", file=file.path.name, count=file.parcel_count, reasons=MessageLines(tuple(errors))
        )
    target = Path(output)
    with stage_geopackage(target) as temporary_database:
        fields = [TemplateField(name, alias, "text", "C") for name, alias in FIELD_BY_ITEM.values()]
        fields += [TemplateField(name, alias, "real", "C") for name, alias in _AREA_FIELDS]
        fields.append(TemplateField(COUNT_FIELD, "界址点数", "integer", "C"))
        fields.append(TemplateField(RECORD_FIELD, "界址点原文", "text", "C"))
        create_database(
            temporary_database,
            [Template.make_plain(LAYER_NAME, "界址点地块", "polygon", fields)],
            file.crs,
            code_lists={},
            cancellation=cancellation,
        )
        columns: dict[str, list[object]] = {
            name: [parcel.raw.values.get(item) or None for parcel in file.parcels]
            for item, (name, _) in FIELD_BY_ITEM.items()
        }
        types = dict.fromkeys(columns, "object") | dict.fromkeys((DECLARED_FIELD, DIFFERENCE_FIELD), "float64")
        columns |= {
            DECLARED_FIELD: [parcel.declared_m2 for parcel in file.parcels],
            PLANE_FIELD: [parcel.plane_m2 for parcel in file.parcels],
            STATUTORY_FIELD: [parcel.statutory_m2 for parcel in file.parcels],
            DIFFERENCE_FIELD: [
                None if parcel.declared_m2 is None else parcel.declared_m2 - parcel.plane_m2 for parcel in file.parcels
            ],
            COUNT_FIELD: [len(parcel.raw.rows) for parcel in file.parcels],
            RECORD_FIELD: [
                format_record(parcel, file.form, file.layout, file.crs, find_area_unit(parcel.raw, file.form)[0])
                for parcel in file.parcels
            ],
        }
        shapes = [parcel.shape for parcel in file.parcels]
        frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=file.crs).astype(types)
        append_rows(frame, temporary_database, LAYER_NAME)
        cancellation.raise_if_cancelled()
        with write_atomically(target) as new:
            shutil.copyfile(temporary_database, new)
    progress(1.0, "")
    return PointImport(file, target)
