# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the summary of many counties in this process, from records of a few; print times, sizes and memory as JSON.

Arguments: the folder of results of a batch, and the number of counties.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely

from plugin.core.counties.check_county import read_record
from plugin.core.counties.model import (
    COUNTIES_FOLDER,
    RECORD_FILE,
    SUMMARY_HTML,
    SUMMARY_JSON,
    SUMMARY_LAYER,
    SUMMARY_XLSX,
    BatchOptions,
    CountyRecord,
)
from plugin.core.counties.summary import BatchSummary, make_summary, summary_to_json
from plugin.core.counties.summary_page import render_summary
from plugin.core.counties.summary_tables import (
    make_figure_table,
    make_problem_table,
    make_verdict_table,
    write_summary_layer,
    write_summary_workbook,
)
from plugin.core.render.words import ReportTexts

from .measure import read_peak_memory_mb

#: Degrees between the counties: more than the extent of a generated county.
_STEP_DEGREES = 0.6


def make_records(originals: list[CountyRecord], count: int) -> list[CountyRecord]:
    """Return ``count`` records with different names, outlines in a grid."""
    columns = int(np.ceil(np.sqrt(count)))
    records = []
    for number in range(count):
        record = originals[number % len(originals)]
        shift = np.array([number % columns, number // columns]) * _STEP_DEGREES * [1, -1] / max(1, columns / 20)
        outline = shapely.transform(shapely.from_wkt(record.outline), lambda xy, shift=shift: xy + shift)
        name = f"第{number + 1:04d}县"
        wkt = shapely.to_wkt(outline, rounding_precision=6)
        records.append(replace(record, name=name, area_name=name, outline=wkt))
    return records


def write_files(summary: BatchSummary, folder: Path) -> dict[str, tuple[float, int]]:
    """Write the files of a summary; return name → (CPU seconds, bytes)."""
    writers = {
        SUMMARY_JSON: lambda path: path.write_text(summary_to_json(summary), encoding="utf-8"),
        SUMMARY_HTML: lambda path: path.write_text(render_summary(summary), encoding="utf-8"),
        SUMMARY_XLSX: lambda path: write_summary_workbook(summary, path),
        SUMMARY_LAYER: lambda path: write_summary_layer(summary, path),
    }
    measured = {}
    for name, write in writers.items():
        start = time.process_time()
        write(folder / name)
        measured[name] = (round(time.process_time() - start, 2), (folder / name).stat().st_size)
    return measured


def main(output: str, count: str) -> None:
    paths = sorted((Path(output) / COUNTIES_FOLDER).glob(f"*/{RECORD_FILE}"))
    originals = [record for path in paths if (record := read_record(path.parent)) is not None]
    records = make_records(originals, int(count))
    with TemporaryDirectory() as name:
        folder = Path(name)
        options = BatchOptions(folder, folder)
        summary = make_summary(
            records,
            {one.name: folder / one.name for one in records},
            options,
            frozenset(one.name for one in records),
            (),
        )
        loaded = read_peak_memory_mb()
        files = write_files(summary, folder)
    texts = ReportTexts(summary.lang)
    rows = [len(make(summary, texts).rows) for make in (make_verdict_table, make_figure_table, make_problem_table)]
    print(json.dumps({"files": files, "rows": rows, "loaded_mb": loaded, "peak_mb": read_peak_memory_mb()}))


main(*sys.argv[1:])
