# SPDX-License-Identifier: GPL-2.0-or-later
"""Run one export or import step in this process; print its time and memory.

Arguments: ``write PATH TARGET``, ``read PATH SOURCE``, ``package PATH FOLDER`` or ``inspect PACKAGE``.
"""

import json
import sys
import time
from pathlib import Path

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec

from .exchange import read_layer, read_parcel_layer, write_layer
from .measure import read_peak_memory_mb


def main(step: str, *names: str) -> None:
    paths = [Path(name) for name in names]
    measured: dict[str, float] = {}
    if step == "package":
        started = time.perf_counter()
        checked = check_plan(paths[0], RunOptions(profile="hunyuan"))
        measured["before"] = time.perf_counter() - started
        (paths[1] / "成果").mkdir()
        order = ExportOrder(load_package_spec("county"), paths[1] / "成果", is_forced=True)
    layer = read_parcel_layer(paths[0]) if step == "write" else None
    before, started = read_peak_memory_mb(), time.perf_counter()
    if layer is not None:
        write_layer(layer, paths[1])
    elif step == "read":
        read_layer(paths[1])
    elif step == "package":
        export_package(checked, order)
    else:
        inspect_package(paths[0], load_package_spec("county"), RunOptions(profile="hunyuan"))
    measured |= {
        "seconds": time.perf_counter() - started,
        "grown": read_peak_memory_mb() - before,
        "peak": read_peak_memory_mb(),
    }
    print(json.dumps(measured))


main(*sys.argv[1:])
