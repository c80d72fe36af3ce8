# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the report of a check with many findings in every format; print time, size, pages and memory of each.

Run ``python -m tests.benchmarks.reports``. The findings are those of the sample, repeated on moved land with other
keys. Each format is written in a separate process, so that its memory is measured alone. PDF needs QGIS.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely

from plugin.core.check import CheckResult
from plugin.core.files.writing import OutputPaths
from plugin.core.model.findings import Finding
from plugin.core.render.outputs import write_outputs
from tests.sample import check_sample_county

from .measure import Row, read_peak_memory_mb

FINDINGS = 100_000
#: Metres by which each repetition of the findings is moved.
_STEP_M = 30.0
FORMATS = ("json", "html", "docx", "xlsx", "pdf")


def make_large_result(count: int) -> CheckResult:
    """Return the check of the sample with ``count`` findings, in the order of the sample's rules."""
    checked = check_sample_county()
    originals = checked.report.findings
    repeated: list[Finding] = []
    for n in range(count):
        finding, times = originals[n % len(originals)], n // len(originals)
        shape = finding.geometry
        if shape is not None and times:
            moved = np.array([times % 300, times // 300]) * _STEP_M
            shape = shapely.transform(shape, lambda xy, moved=moved: xy + moved)
        key = f"{finding.key[:-6]}{n:06d}" if finding.key else ""
        repeated.append(replace(finding, key=key, geometry=shape, fingerprint=f"{finding.fingerprint[:10]}{n:010d}"))
    report = replace(checked.report, findings=repeated)
    return replace(checked, report=report)


def write_one(kind: str, target: Path, count: int) -> dict[str, Any]:
    """Write a report in one format; return seconds, megabytes and pages."""
    checked = make_large_result(count)
    before = read_peak_memory_mb()
    pages: list[int] = []
    print_pdf = None
    if kind == "pdf":
        from qgis.PyQt.QtGui import QGuiApplication

        application = QGuiApplication([])
        from plugin.bridge.printing.pdf import write_pdf

        def print_pdf(document: Any, path: Path) -> None:
            pages.append(write_pdf(document, path))

    began = time.perf_counter()
    write_outputs(checked.report, checked.plan, OutputPaths(**{kind: str(target)}), print_pdf=print_pdf)
    seconds = time.perf_counter() - began
    if kind == "pdf":
        del application
    return {
        "seconds": round(seconds, 1),
        "mb": round(target.stat().st_size / 1e6, 2),
        "pages": pages[0] if pages else None,
        "memory_mb": round(read_peak_memory_mb() - before),
    }


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--findings", type=int, default=FINDINGS)
    given.add_argument("--one", choices=FORMATS, help="write this format in this process and print JSON")
    given.add_argument("--target", default="")
    options = given.parse_args()
    if options.one:
        print(json.dumps(write_one(options.one, Path(options.target), options.findings)))
        return
    print(f"{options.findings} 处问题\n\n| 格式 | 时间 | 大小 | 页数 | 内存峰值增 |  |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for kind in FORMATS:
            command = [sys.executable, "-m", "tests.benchmarks.reports", "--findings", str(options.findings)]
            command += ["--one", kind, "--target", str(Path(folder) / f"report.{kind}")]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(answer.stdout.splitlines()[-1])
            row = Row(
                kind,
                f"{found['seconds']} s",
                f"{found['mb']} MB",
                str(found["pages"] or ""),
                f"{found['memory_mb']} MB",
            )
            print(row.markdown(), flush=True)


if __name__ == "__main__":
    main()
