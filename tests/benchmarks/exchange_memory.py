# SPDX-License-Identifier: GPL-2.0-or-later
"""One step of writing, reading or packing in a separate process, which prints time and memory.

``write PATH TARGET``, ``read PATH SOURCE``, ``package PATH FOLDER``, ``inspect PACKAGE``.
"""

import json
import sys
import time
from pathlib import Path

from plugin.core.check import Options, check_plan
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec

from .exchange import layer_of, read, write
from .measure import peak_mb


def main(what: str, *names: str) -> None:
    paths = [Path(name) for name in names]
    measured: dict[str, float] = {}
    if what == "package":
        started = time.perf_counter()
        checked = check_plan(paths[0], Options(profile="hunyuan"))
        measured["before"] = time.perf_counter() - started
        (paths[1] / "成果").mkdir()
        order = ExportOrder(load_package_spec("county"), paths[1] / "成果", force=True)
    layer = layer_of(paths[0]) if what == "write" else None
    before, started = peak_mb(), time.perf_counter()
    if layer is not None:
        write(layer, paths[1])
    elif what == "read":
        read(paths[1])
    elif what == "package":
        export_package(checked, order)
    else:
        inspect_package(paths[0], load_package_spec("county"), Options(profile="hunyuan"))
    measured |= {"seconds": time.perf_counter() - started, "grown": peak_mb() - before, "peak": peak_mb()}
    print(json.dumps(measured))


main(*sys.argv[1:])
