# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of applied fixes next to the data: a CSV in UTF-8 with a byte order mark, one row per fix and layer.

Rows are only appended, together with those of the register of windows (开天窗): to both tables or to none.
"""

from __future__ import annotations

import csv
import getpass
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ..base.errors import OutputError
from ..base.files.document_text import make_readable_text
from ..base.files.encoding import UndecodableTextError, decode_file_text
from ..base.files.writing import StagedFile, stage_file, write_to_disk
from ..model.window_register import WINDOW_REGISTER_COLUMNS, WINDOW_REGISTER_SUFFIX, WindowState
from .proposal import FixTexts, Proposal

#: Columns by which a table is recognised.
_RECOGNISED_COLUMNS = 3
#: A formula, or an apostrophe, which readers remove; not a negative number.
_FORMULA_PATTERN = re.compile(r"[=+@']|-(?![\d.]+$)")
#: The suffix of a change log, after the name of the data.
CHANGE_LOG_SUFFIX = ".changes.csv"
CHANGE_LOG_COLUMNS = (
    "时间", "步骤", "操作", "操作人", "修复", "内容", "规则", "图层", "涉及要素", "修复前面积（m²）",
    "移出（m²）", "移入（m²）", "修复后面积（m²）", "批准文号",
)  # fmt: skip


@dataclass(frozen=True)
class RowsToAppend:
    """Rows to append to a table.

    ``columns``: headings of the table; ``error_key``: text of the error if the file cannot be read or is another table.
    """

    path: Path
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    error_key: str


def append_rows(tables: Sequence[RowsToAppend]) -> list[Path]:
    """Append rows to tables; missing tables are created.

    Each file is written under a temporary name and then replaced. Raise OutputError if one of the files cannot be read
    or written, or is another table; then all of them are unchanged.
    """
    PreparedRows(tables).commit()
    return [table.path for table in tables]


class PreparedRows:
    """Tables with appended rows, as temporary files that `commit` puts in place of the former ones.

    Raise OutputError as `append_rows`. `discard` after `commit` does nothing.
    """

    def __init__(self, tables: Iterable[RowsToAppend]):
        self._versions: dict[Path, _FileVersion | None] = {}
        self._files: list[StagedFile] = []
        with ExitStack() as stack:
            for table in tables:
                self._versions[table.path] = _read_file_version(table.path)
                contents = _prepare(table)
                self._files.append(stack.enter_context(stage_file(table.path, is_undoable=True)))
                write_to_disk(self._files[-1].path, contents)
            self._staged = stack.pop_all()

    @property
    def is_current(self) -> bool:
        """Return True if no table was written since the rows were prepared."""
        return all(_read_file_version(path) == version for path, version in self._versions.items())

    def commit(self) -> None:
        """Put the files in place; raise OutputError if one cannot be replaced, then all are as before."""
        files, self._files = self._files, []
        with self._staged.pop_all():
            for file in files:
                file.put_in_place()

    def discard(self) -> None:
        """Delete the temporary files; the tables stay as they are."""
        self._files = []
        self._staged.close()


#: Time of the last change (ns), size and inode of a file.
_FileVersion = tuple[int, int, int]


def _read_file_version(path: Path) -> _FileVersion | None:
    """Return by what a later change of a file is detected; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _prepare(table: RowsToAppend) -> bytes:
    """Return the bytes of a table with the rows appended."""
    try:
        former_contents = table.path.read_bytes() if table.path.exists() else None
        text = (
            decode_file_text(former_contents)
            if former_contents and former_contents.strip()
            else format_csv([table.columns])
        )
    except (OSError, UndecodableTextError) as error:
        raise OutputError(table.error_key, target=str(table.path)) from error
    heading = next(csv.reader(io.StringIO(text, newline="")), [])
    if heading[:_RECOGNISED_COLUMNS] != list(table.columns[:_RECOGNISED_COLUMNS]):
        raise OutputError(table.error_key, target=str(table.path))
    if not text.endswith("\n"):
        text += "\r\n"
    return (text + format_csv(table.rows)).encode("utf-8-sig")


def format_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO(newline="")
    readable_rows = ([make_readable_text(cell) for cell in row] for row in rows)
    # A spreadsheet does not take a cell with an apostrophe before it for a formula.
    csv.writer(text, lineterminator="\r\n").writerows(
        [f"'{cell}" if _FORMULA_PATTERN.match(cell) else cell for cell in row] for row in readable_rows
    )
    return text.getvalue()


class LogAction(StrEnum):
    """What the log records of a fix: that it was applied, undone or redone."""

    APPLIED = "应用"
    UNDONE = "撤销"
    REDONE = "重做"
    DISCARDED = "放弃编辑"


def get_user_name() -> str:
    """Return the name of the system's user, empty if it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


_STATES = {
    LogAction.APPLIED: WindowState.REGISTERED,
    LogAction.REDONE: WindowState.REGISTERED,
    LogAction.UNDONE: WindowState.WITHDRAWN,
    LogAction.DISCARDED: WindowState.WITHDRAWN,
}


def find_register_path(log: Path) -> Path:
    """Return the path of the register of windows (开天窗) in control lines, which is next to the change log."""
    return log.with_name(log.name.removesuffix(CHANGE_LOG_SUFFIX) + WINDOW_REGISTER_SUFFIX)


def make_rows_of_step(
    log: str | Path,
    proposals: Sequence[Proposal],
    action: LogAction,
    *,
    texts: FixTexts,
    step: str,
    who: str,
    when: datetime,
) -> list[RowsToAppend]:
    """Return the rows of an action on proposals for the change log and, for windows, for the register, the first.

    ``step``: number of the edit step, the same for all fixes of a batch.
    """
    log = Path(log)
    rows = []
    for proposal in proposals:
        areas = {one.role: one for one in proposal.areas}
        for role in sorted(proposal.edits.roles):
            area = areas.get(role)
            figures = ["", "", "", ""]
            if area is not None:
                sides = (area.ellipsoid_before_m2, area.ellipsoid_out_m2, area.ellipsoid_in_m2, area.ellipsoid_after_m2)
                figures = [f"{side:.2f}" for side in sides]
            # A row without a key is named by its feature id.
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
                    ";".join(
                        proposal.row_keys.get((role, edit.fid)) or f"fid={edit.fid}"
                        for edit in proposal.edits
                        if edit.role == role
                    ),
                    *figures,
                    proposal.documents.get(role, ""),
                ]
            )
    tables = [RowsToAppend(log, CHANGE_LOG_COLUMNS, rows, "changes_unreadable")]
    windows = [window for proposal in proposals for window in proposal.windows]
    if windows:
        register_rows = [
            [
                f"{when:%Y-%m-%d %H:%M:%S}",
                step,
                texts.get_layer_name(window.role),
                window.key,
                texts.get_layer_name(window.filler_role),
                window.filler_key,
                f"{window.area_m2:.2f}",
                window.document,
                who,
                str(_STATES[action]),
                f"{window.longitude:.7f}",
                f"{window.latitude:.7f}",
            ]
            for window in windows
        ]
        tables.insert(
            0, RowsToAppend(find_register_path(log), WINDOW_REGISTER_COLUMNS, register_rows, "windows_foreign")
        )
    return tables
