# SPDX-License-Identifier: GPL-2.0-or-later
"""One check in a separate process, which prints its memory."""

import json
import sys

from plugin.core import io
from plugin.core.check import Options, check_plan
from plugin.core.engine import evaluate

from .measure import peak_mb

loaded = peak_mb()
assert evaluate and io  # loaded first, so that libraries do not count
checked = check_plan(sys.argv[1], Options(profile="hunyuan", rules=tuple(sys.argv[2:])))
print(json.dumps({"loaded": loaded, "peak": peak_mb(), "findings": len(checked.report.findings)}))
