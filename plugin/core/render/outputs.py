# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the results of a check: findings layer, JSON, page (HTML), documents, ledger."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError
from ..base.files.json_text import encode_json
from ..base.files.open_datasource import check_shapefile_complete
from ..base.files.writing import OutputPaths, check_not_input, copy_path, write_files
from ..base.parallel.process_state import pause_garbage_collection
from ..model.findings import FINDING_COLUMNS, NUMERIC_FINDING_COLUMNS, Finding, make_layer_geometries
from ..model.report import Report
from ..plan.io import DRIVER_ERRORS
from ..plan.io.geopackage_writing import GEOPACKAGE_OPTIONS, append_rows
from ..plan.io.table_digest import compute_table_digest
from ..plan.plan import Plan
from ..standard.messages.texts import Texts
from .document.blocks import Document, ReportChapter
from .document.check_report import make_check_report
from .document.docx_writer import write_docx
from .document.ledger import write_ledger
from .document.page_html import print_document
from .finding_lists import ReportPictures, add_picture_digests
from .html import render_report
from .public_edition.redaction import PublicReport
from .public_edition.verification import verify_public_file
from .worklist.worklist_row import WorkItem


# Python's garbage collection would search findings and values repeatedly while rows are written, and free nothing.
@pause_garbage_collection()
def write_findings_layer(path: Path, findings: list[Finding], crs: CRS, layer: str = "findings") -> None:
    """Write findings as a layer to a new file, with all columns even without findings.

    `write_atomically` provides the path. Raises OutputError when the driver fails or the file is incomplete (a full
    disk, which drivers do not always report).
    """
    driver_by_suffix = {
        ".gpkg": "GPKG",
        "": "GPKG",
        ".gdb": "OpenFileGDB",
        ".shp": "ESRI Shapefile",
        ".geojson": "GeoJSON",
    }
    suffix = path.suffix.lower()
    if suffix not in driver_by_suffix:
        raise OutputError("output_format", target=str(path), known=" ".join(k for k in driver_by_suffix if k))
    driver = driver_by_suffix[suffix]
    # Write in the temporary folder, where a database can lock its file and the path is short.
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        temporary_file = Path(folder) / f"findings{path.suffix}"
        try:
            with warnings.catch_warnings():
                # A shapefile truncates some names and texts; these columns are known.
                warnings.simplefilter("ignore")
                epsg = crs.to_epsg()
                rows = [finding.row() for finding in findings]
                types = dict.fromkeys(NUMERIC_FINDING_COLUMNS, np.float64)
                pyogrio.raw.write(
                    temporary_file,
                    shapely.to_wkb(make_layer_geometries(findings), output_dimension=2),
                    [np.array([row[name] for row in rows], dtype=types.get(name, object)) for name in FINDING_COLUMNS],
                    list(FINDING_COLUMNS),
                    layer=layer,
                    driver=driver,
                    crs=f"EPSG:{epsg}" if epsg else crs.to_wkt("WKT1_GDAL"),
                    geometry_type="MultiPolygon",
                    dataset_options=GEOPACKAGE_OPTIONS if driver == "GPKG" else None,
                )
                if path.suffix.lower() == ".shp":
                    check_shapefile_complete(temporary_file)
                # The driver reports rows that are missing in a GeoPackage, so the number in it is enough. The rows of
                # other files are read.
                written_row_count = (
                    pyogrio.read_info(temporary_file, layer=layer, force_feature_count=True)["features"]
                    if driver == "GPKG"
                    else len(pyogrio.raw.read(temporary_file, columns=[], return_fids=True)[1])
                )
        except InputError as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space") from error
        except (*DRIVER_ERRORS, ValueError, RuntimeError) as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="refused") from error
        if written_row_count != len(findings):
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space")
        for file in list(temporary_file.parent.iterdir()):
            # A moved file would keep the permissions of the temporary folder on Windows.
            copy_path(file, path.parent / f"{path.stem}{file.name[len('findings') :]}")


def compute_data_digest(plan: Plan, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return a SHA-256 digest of all layers that were checked, hexadecimal; empty for a plan without features.

    Raise Cancelled.
    """
    layers = [layer for layer in plan.layers.values() if len(layer)]
    if not layers:
        return ""
    digests = sorted(f"{layer.role} {compute_table_digest(layer.source, cancellation)}" for layer in layers)
    return hashlib.sha256("\n".join(digests).encode("utf-8")).hexdigest()


def add_data_digest(report: Report, plan: Plan, cancellation: Cancellation = NEVER_CANCELLED) -> Report:
    """Return a copy of the report whose provenance has the digest of the checked data; documents print it.

    Raise Cancelled.
    """
    digest = compute_data_digest(plan, cancellation)
    return replace(report, provenance={**report.provenance, "data_digest": digest}) if digest else report


def dump_json(data: dict[str, Any]) -> str:
    """Return plain data as JSON text, one line for each entry of its lists.

    Half of a surrogate pair, as in the name of a file, becomes its JSON escape.
    """
    return "".join(_iterate_json(data.items())).encode("utf-8", "backslashreplace").decode()


def _iterate_json(parts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Return the pieces of a JSON text with one line for each rule, finding and indicator.

    This is fast to write and easy to compare. ``parts``: names with values; a list may be an iterator.
    """
    start = "{\n"
    for key, value in parts:
        yield f"{start}{encode_json(key)}: "
        start = ",\n"
        if not isinstance(value, list | Iterator):
            yield encode_json(value)
            continue
        is_empty = True
        for entry in value:
            yield "[\n" if is_empty else ",\n"
            yield encode_json(entry)
            is_empty = False
        yield "[]" if is_empty else "\n]"
    yield "\n}\n"


def _write_json(path: Path, report: Report, chapter: ReportChapter | None) -> None:
    """Write a report as JSON; a chapter is the last entry."""
    entries = chain(report.iterate_entries(), [(chapter.key, chapter.data)] if chapter is not None else [])
    # Encoded before they are joined: joined with Chinese text, a long text of ASCII would need several times the memory
    # and time.
    pieces = (piece.encode("utf-8", "backslashreplace") for piece in _iterate_json(entries))
    # The texts of findings refer to nothing that Python's garbage collection could free.
    with pause_garbage_collection(), path.open("wb") as file:
        while batch := list(islice(pieces, 1000)):
            file.write(b"".join(batch))


def write_outputs(
    report: Report,
    plan: Plan,
    outputs: OutputPaths,
    draw: Callable[[], ReportPictures | None] = lambda: None,
    *,
    print_pdf: Callable[[Document, Path], object] | None = None,
    docx_template: str = "",
    worklist: Mapping[str, WorkItem] | None = None,
    public: PublicReport | None = None,
    chapter: ReportChapter | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write all outputs of a check; one that fails does not stop the others, except of a public edition.

    ``draw`` makes the pictures and is called once, only for a document. ``print_pdf`` writes a document as PDF; only
    QGIS can. ``docx_template``: an office's own template. ``worklist``: fingerprint → row of the work list, for the
    ledger. ``public``: the public edition of the report, which is written in its place. ``chapter``: a further chapter;
    a public edition gives the reason why it is left out. Raises OutputError, also for a
    target that is an input of the check and for a public file that would show what it must not, InputError for the
    template (see `write_files`), and Cancelled; every target is then unchanged.
    """
    draw = cache(draw)
    if public is not None:
        if outputs.findings:
            raise OutputError("public_findings_layer", target=Path(outputs.findings).name)
        report, worklist = public.report, None
        chapter = chapter.leave_out() if chapter is not None else None
    if outputs.html or outputs.json or outputs.docx or outputs.pdf:
        report = add_data_digest(report, plan, cancellation)

    def write_html(path: Path) -> None:
        page = render_report(report, plan.norm, draw(), chapter=chapter)
        path.write_text(page if public is None else public.change_page(page), encoding="utf-8", newline="\n")

    @cache
    def make_document() -> Document:
        document = make_check_report(report, plan.norm, draw(), chapter=chapter)
        return document if public is None else public.change_document(document)

    for target in outputs.list_paths():
        check_not_input(target, [*plan.input_files, *(chapter.input_files if chapter is not None else ())])
    writers: tuple[tuple[str, Callable[[Path], object]], ...] = (
        # Only the page shows the pictures; its receiver compares them with the digests in the JSON file.
        (
            outputs.json,
            lambda path: _write_json(path, add_picture_digests(report, draw()) if outputs.html else report, chapter),
        ),
        (outputs.html, write_html),
        (
            outputs.docx,
            lambda path: write_docx(make_document(), path, Path(docx_template) if docx_template else None),
        ),
        (outputs.pdf, partial(print_document, make_document, print_pdf)),
        (
            outputs.xlsx,
            partial(
                write_ledger,
                report=report,
                worklist=worklist,
                further_sheet=None if public is None else public.list_sheet_rows(),
                chapter=chapter,
                cancellation=cancellation,
            ),
        ),
        (outputs.findings, lambda path: write_findings_layer(path, report.findings, plan.crs)),
    )

    def write(path: Path, write_file: Callable[[Path], object]) -> None:
        write_file(path)
        if public is not None:
            verify_public_file(path, public.redactor, Texts(report.lang).program)

    write_files(
        ((target, partial(write, write_file=write_file)) for target, write_file in writers),
        cancellation,
        is_all_or_none=public is not None,
    )


def write_polygon_layer(frame: gpd.GeoDataFrame, path: Path, layer_name: str) -> None:
    """Write polygons as the only layer of a new GeoPackage. Raise OutputError."""
    try:
        append_rows(frame, path, layer_name)
    except DRIVER_ERRORS as error:
        raise OutputError("output_unwritable", target=path.name, detail="refused") from error
