# SPDX-License-Identifier: GPL-2.0-or-later
"""Time a check with many findings through engine, JSON and layer, against the same county without them.

Run ``python -m tests.benchmarks.many_findings --parcels 150000``. The findings come from wrong attributes of rows, so
that geometry costs the same in both checks: deductions that contradict their rate (ATT003), keys that are too short
(ATT004). Times are processor seconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from plugin.core.check import check_plan
from plugin.core.files.writing import OutputPaths
from plugin.core.plan.layer import SourceLayer
from plugin.core.render.outputs import write_outputs

from .measure import HEADER, Row, generate_county_file
from .repeated import OPTIONS, read_county

FINDINGS = 350_000
#: Largest accepted difference to a check without findings, in processor seconds.
_MOST_SECONDS = 12.0
#: Layers with deductions, whose rows get errors.
_LAYERS = ("DLTB", "GDBHMB", "YJJBNTBHTB")
#: Square metres added to a deduction.
_DEDUCTION_ERROR_M2 = 10.0


def plant_attribute_errors(layers: list[SourceLayer], count: int) -> list[SourceLayer]:
    """Return the layers with ``count`` wrong attributes, at most two in a row of `_LAYERS`."""
    # A layer of a county with defects may lack the field.
    layer_names = [layer.name for layer in layers if layer.name in _LAYERS and "KCMJ" in layer.frame.columns]
    total = sum(len(layer.frame) for layer in layers if layer.name in layer_names)
    if not total <= count <= 2 * total:
        raise ValueError(f"between {total} and {2 * total} errors can be planted")
    keys_left = count - total
    planted = []
    for layer in layers:
        if layer.name in layer_names:
            frame = layer.frame.copy()
            frame["KCMJ"] = frame["KCMJ"].fillna(0.0) + _DEDUCTION_ERROR_M2
            keys = frame["BSM"].to_numpy(dtype=object, copy=True)
            changed = np.flatnonzero(frame["BSM"].notna())[:keys_left]
            keys[changed] = [key[:6] + key[7:] for key in keys[changed]]
            frame["BSM"] = keys
            keys_left -= len(changed)
            layer = replace(layer, frame=frame)
        planted.append(layer)
    return planted


def time_whole_check(layers: list[SourceLayer], folder: Path) -> tuple[dict[str, float], int]:
    """Return processor seconds of each part (check; JSON and layer), and the number of findings."""
    seconds, start = {}, time.process_time()
    result = check_plan(layers, OPTIONS, source="county")
    seconds["检查"] = time.process_time() - start
    outputs = OutputPaths(json=str(folder / "report.json"), findings=str(folder / "findings.gpkg"))
    start = time.process_time()
    write_outputs(result.report, result.plan, outputs)
    seconds["JSON 与问题图层"] = time.process_time() - start
    return seconds, len(result.report.findings)


def measure_many_findings(path: Path, count: int, runs: int) -> list[Row]:
    """Return the rows of the table: each part, and their sum, with and without the findings."""
    times: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    counts: dict[bool, int] = {}
    for _ in range(runs):
        for has_errors, measured in times.items():
            # The layers are read again: no value that the other check has computed is used.
            layers = read_county(path)
            with TemporaryDirectory() as folder:
                seconds, counts[has_errors] = time_whole_check(
                    plant_attribute_errors(layers, count) if has_errors else layers, Path(folder)
                )
            measured.append({**seconds, "合计": sum(seconds.values())})
    rows = []
    for part in times[True][0]:
        many, few = (statistics.median(one[part] for one in times[has_errors]) for has_errors in (True, False))
        is_total = part == "合计"
        requirement = f"多 ≤ {_MOST_SECONDS:g} s" if is_total else ""
        rows.append(
            Row(f"{counts[True]:,} 处问题，{part}", f"{many:.2f} s", f"{counts[False]:,} 处 {few:.2f} s",
                f"多 {many - few:.2f} s", requirement, many - few <= _MOST_SECONDS if is_total else None)
        )  # fmt: skip
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=150_000)
    options.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    options.add_argument("--findings", type=int, default=FINDINGS)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    path = generate_county_file(given.parcels, given.vertices)
    rows = measure_many_findings(path, given.findings, given.runs)
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))


if __name__ == "__main__":
    main()
