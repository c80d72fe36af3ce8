# SPDX-License-Identifier: GPL-2.0-or-later
"""The targets of one township from the county's table (乡镇任务表), in the form that a check reads."""

from __future__ import annotations

from pathlib import Path

from ..files.csv_records import format_rows
from ..indicators.townships import Township
from ..profile.figures import AllocatedTarget, AllocatedTargets
from ..target_allocation.table import COMPARISON_WORDS, INDICATOR_WORDS, UNIT_WORDS

_HEADINGS = ("乡镇代码", "乡镇名称", "指标", "关系", "数值", "单位", "来源")


def list_targets_of_township(targets: AllocatedTargets, township: Township) -> list[AllocatedTarget]:
    """Return the targets allocated to a township: by its code, without a code by its name."""
    return [one for one in targets.targets if (one.code == township.code if one.code else one.name == township.name)]


def write_targets(targets: list[AllocatedTarget], path: Path) -> None:
    """Write targets as CSV with a byte order mark."""
    rows = [
        (
            one.code,
            one.name,
            INDICATOR_WORDS[one.indicator][0],
            COMPARISON_WORDS[one.comparison][0],
            one.value,
            UNIT_WORDS[one.unit][0],
            one.source,
        )
        for one in targets
    ]
    path.write_bytes(format_rows([_HEADINGS, *rows]))
