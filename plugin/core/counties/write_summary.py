# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the summary of a batch check as page, workbook, layer and JSON."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..base.errors import OutputError
from ..base.files.writing import check_writable, explain_os_error, replace_until_error
from ..checks.tabulate import check_workbook_can_be_written
from .county_record import SUMMARY_FILES, SUMMARY_HTML, SUMMARY_JSON, SUMMARY_LAYER, SUMMARY_XLSX
from .summary import BatchSummary, summary_to_json
from .summary_page import render_summary
from .summary_tables import write_summary_layer, write_summary_workbook


def check_summary_writable(output: Path) -> None:
    """Raise OutputError before a long run if a file of the summary cannot be written."""
    check_workbook_can_be_written(output / SUMMARY_XLSX)
    for name in SUMMARY_FILES:
        check_writable(output / name, [])


def write_summary(summary: BatchSummary, output: Path, temporary_folder: Path, staging_folder: Path) -> None:
    """Write the summary as page, workbook, layer and JSON.

    The files are made in ``temporary_folder`` and moved when all are complete, over ``staging_folder``, an existing
    folder in the output. Raise OutputError; the former summary is then complete.
    """
    try:
        for name, text in (
            (SUMMARY_JSON, summary_to_json(summary)),
            (SUMMARY_HTML, render_summary(summary)),
        ):
            (temporary_folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_summary_workbook(summary, temporary_folder / SUMMARY_XLSX)
        write_summary_layer(summary, temporary_folder / SUMMARY_LAYER)
        if temporary_folder != staging_folder:
            # The temporary folder may be on another file system, from which a file cannot be moved in one step.
            for name in SUMMARY_FILES:
                shutil.copyfile(temporary_folder / name, staging_folder / name)
        old_folder = staging_folder.with_name(f"{staging_folder.name}-old")
        with replace_until_error([staging_folder / name for name in SUMMARY_FILES], output, old_folder):
            pass
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
