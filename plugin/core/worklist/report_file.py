# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the JSON report of a check again."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import InputError
from ..model.report import REPORT_SCHEMA, Report


def read_report(path: str | Path) -> Report:
    """Return the report in a JSON file; raise InputError for another file."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != REPORT_SCHEMA:
            raise InputError("worklist_report", file=path.name)
        return Report.from_dict(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("worklist_report", file=path.name) from error
