# SPDX-License-Identifier: GPL-2.0-or-later
"""Run one full check in this process and print its memory."""

import json
import sys

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine import evaluate
from plugin.core.plan import io

from .measure import read_peak_memory_mb

loaded = read_peak_memory_mb()
assert evaluate and io  # loaded first, so that libraries do not count
checked = check_plan(sys.argv[1], RunOptions(profile="hunyuan", rules=tuple(sys.argv[2:])))
print(json.dumps({"loaded": loaded, "peak": read_peak_memory_mb(), "findings": len(checked.report.findings)}))
