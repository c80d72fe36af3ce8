# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the result of a check of seams: JSON, page, workbook, layer, and a report for each pair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ....metadata import read_plugin_version
from ...base.errors import OutputError, SanxianError
from ...base.files.data import read_json
from ...base.files.names import make_unique_file_names
from ...base.files.writing import check_result_folder, check_writable, explain_os_error, replace_until_error
from ...render.outputs import dump_json
from ...render.tables.report_table import make_record
from ...render.words import ReportTexts
from ..county_record import SEAMS_JSON
from .seam_result import (
    PAIR_SCHEMA,
    PAIRS_FOLDER,
    SEAMS_FILES,
    SEAMS_HTML,
    SEAMS_LAYER,
    SEAMS_SCHEMA,
    SEAMS_XLSX,
    SeamResult,
)
from .seam_sentences import make_pair_name

#: Folders in the output while files are written, and the former results until the new ones are in place.
_NEW_FOLDER, _OLD_FOLDER = ".sanxian-seams", ".sanxian-seams-old"


def check_output_folder(output: Path) -> None:
    """Create the output folder, and raise OutputError before a long run if a file cannot be written there."""
    from ...checks.tabulate import check_workbook_can_be_written

    _check_pairs_replaceable(output)
    check_workbook_can_be_written(output / SEAMS_XLSX)
    check_result_folder(output, SEAMS_JSON)
    try:
        output.mkdir(exist_ok=True)
        # What a run left that was killed.
        shutil.rmtree(output / _NEW_FOLDER, ignore_errors=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
    for name in SEAMS_FILES:
        check_writable(output / name, [])


def _check_pairs_replaceable(output: Path) -> None:
    """Raise OutputError if the reports of pairs would replace a folder that is not of former results."""
    if os.path.lexists(output / PAIRS_FOLDER) and not has_former_result(output):
        raise OutputError("seams_foreign_pairs", target=str(output), folder=PAIRS_FOLDER)


def has_former_result(output: Path) -> bool:
    """Return True if a folder has the JSON of a check of seams, of this or another version."""
    try:
        data = read_json(output / SEAMS_JSON, {"schema": str})
    except SanxianError:
        return False
    return str(data["schema"]).startswith(f"{SEAMS_SCHEMA.partition('/')[0]}/")


def write_result(result: SeamResult, output: Path) -> list[str]:
    """Write all files of a result into an existing folder; return the paths of the summary's files.

    Raise OutputError; former results are then complete.
    """
    with place_result(result, output) as written:
        return written


@contextmanager
def place_result(result: SeamResult, output: Path) -> Iterator[list[str]]:
    """Write all files of a result for a block, yield the summary's paths; restore former results if the block raises.

    Files are made in a temporary folder and moved when all are complete. Raise OutputError; former results are then
    complete.
    """
    new = output / _NEW_FOLDER
    pairs = new / PAIRS_FOLDER
    try:
        try:
            _write_files(result, new)
        except OSError as error:
            raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
        _check_pairs_replaceable(output)
        # The JSON is last, so that reports of pairs never remain without it, even if the run is killed here.
        with replace_until_error([pairs, *(new / name for name in SEAMS_FILES)], output, output / _OLD_FOLDER):
            yield [str(output / name) for name in SEAMS_FILES]
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_files(result: SeamResult, new: Path) -> None:
    """Write all files of a result into a new folder. Raise OSError and OutputError."""
    from .pages import render_pair_page, render_seams_page
    from .seam_tables import make_pair_columns, result_to_dict, write_seams_layer, write_seams_workbook

    report_texts = ReportTexts(result.lang)
    names = make_unique_file_names((make_pair_name(pair.counties, result) for pair in result.pairs), "pair")
    stems = dict(zip((pair.counties for pair in result.pairs), names, strict=True))
    pairs = new / PAIRS_FOLDER
    pairs.mkdir(parents=True)
    columns = make_pair_columns(result, report_texts)
    for pair in result.pairs:
        head = {"schema": PAIR_SCHEMA, "lang": result.lang, "version": read_plugin_version()}
        data = {**head, "settings": result.settings.to_dict(), **make_record(columns, pair)}
        _write(pairs / f"{stems[pair.counties]}.json", dump_json(data))
        _write(pairs / f"{stems[pair.counties]}.html", render_pair_page(pair, result))
    _write(new / SEAMS_JSON, dump_json(result_to_dict(result, report_texts)))
    _write(new / SEAMS_HTML, render_seams_page(result, stems))
    write_seams_workbook(result, new / SEAMS_XLSX)
    write_seams_layer(result, new / SEAMS_LAYER)


def _write(path: Path, text: str) -> None:
    """Write a text in UTF-8."""
    path.write_text(text, encoding="utf-8", newline="\n")
