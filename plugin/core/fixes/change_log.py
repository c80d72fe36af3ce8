# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of applied fixes next to the data: a CSV in UTF-8 with a byte order mark, one row per fix and layer.

Rows are only appended (`append_only`), together with those of the register of windows (`step_log`).
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from .proposal import Proposal
from .texts import FixTexts

#: The suffix of a change log, after the name of the data.
CHANGE_LOG_SUFFIX = ".changes.csv"
CHANGE_LOG_COLUMNS = (
    "时间", "步骤", "操作", "操作人", "修复", "内容", "规则", "图层", "涉及要素", "修复前面积（m²）",
    "移出（m²）", "移入（m²）", "修复后面积（m²）", "批准文号",
)  # fmt: skip


class LogAction(StrEnum):
    """What the log records of a fix: that it was applied, undone or redone."""

    APPLIED = "应用"
    UNDONE = "撤销"
    REDONE = "重做"
    DISCARDED = "放弃编辑"


def make_default_log_path(source: str | Path) -> Path:
    """Return the path of the change log for a data file or folder.

    The file has the name of the data and the suffix ``.changes.csv``. For a folder, it is in the folder.
    """
    source = Path(source)
    if source.is_dir() and source.suffix.lower() != ".gdb":
        return source / f"{source.resolve().name}{CHANGE_LOG_SUFFIX}"
    return source.with_name(f"{source.stem}{CHANGE_LOG_SUFFIX}")


def make_log_rows(
    proposals: Iterable[Proposal], action: LogAction, *, texts: FixTexts, step: str, who: str, when: datetime
) -> list[list[str]]:
    """Return the log's rows of proposals, one for each layer that a proposal changes.

    ``action``: what happened to the proposals; ``step``: number of the edit step, the same for all fixes of a batch.
    Areas are on the ellipsoid.
    """
    rows = []
    for proposal in proposals:
        areas = {one.role: one for one in proposal.areas}
        for role in sorted(proposal.edits.roles):
            area = areas.get(role)
            figures = ["", "", "", ""]
            if area is not None:
                sides = (area.ellipsoid_before_m2, area.ellipsoid_out_m2, area.ellipsoid_in_m2, area.ellipsoid_after_m2)
                figures = [f"{side:.2f}" for side in sides]
            rows.append(
                [
                    f"{when:%Y-%m-%d %H:%M:%S}",
                    step,
                    str(action),
                    who,
                    f"{proposal.fix.code} {texts.get_title(proposal.fix)}",
                    texts.make_sentence(proposal),
                    proposal.finding.code,
                    texts.get_layer_name(role),
                    ";".join(_list_keys(proposal, role)),
                    *figures,
                    proposal.documents.get(role, ""),
                ]
            )
    return rows


def _list_keys(proposal: Proposal, role: str) -> list[str]:
    """Return the keys of the rows of a layer that a proposal changes; a row without a key by its feature id."""
    fids = [edit.fid for edit in proposal.edits if edit.role == role]
    return [proposal.row_keys.get((role, fid)) or f"fid={fid}" for fid in fids]


def get_user_name() -> str:
    """Return the name of the system's user, empty if it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
