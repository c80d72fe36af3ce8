# SPDX-License-Identifier: GPL-2.0-or-later
"""Log a step of fixes in the change log, and the windows that they opened in the register of windows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..model.window_register import (
    WINDOW_REGISTER_COLUMNS,
    WINDOW_REGISTER_SUFFIX,
    RegisteredWindow,
    WindowState,
)
from .append_only import PreparedRows, RowsToAppend, append_rows
from .change_log import CHANGE_LOG_COLUMNS, CHANGE_LOG_SUFFIX, LogAction, make_log_rows
from .proposal import OpenedWindow, Proposal
from .texts import FixTexts

_STATES = {
    LogAction.APPLIED: WindowState.REGISTERED,
    LogAction.REDONE: WindowState.REGISTERED,
    LogAction.UNDONE: WindowState.WITHDRAWN,
    LogAction.DISCARDED: WindowState.WITHDRAWN,
}


def find_register_path(log: Path) -> Path:
    """Return the path of the register of windows (开天窗) in control lines, which is next to the change log."""
    return log.with_name(log.name.removesuffix(CHANGE_LOG_SUFFIX) + WINDOW_REGISTER_SUFFIX)


def append_step(
    log: str | Path,
    proposals: Iterable[Proposal],
    action: LogAction,
    *,
    texts: FixTexts,
    step: str,
    who: str,
    when: datetime,
) -> list[Path]:
    """Append an action on proposals to the change log, and their windows to the register; return the written paths.

    ``step``: number of the edit step, the same for all fixes of a batch. Raise OutputError if one of the files cannot
    be written, or is another table; both are then unchanged.
    """
    tables = _make_tables(Path(log), list(proposals), action, texts, step, who, when)
    append_rows(tables)
    return [table.path for table in tables]


def prepare_step(
    log: str | Path,
    proposals: Iterable[Proposal],
    action: LogAction,
    *,
    texts: FixTexts,
    step: str,
    who: str,
    when: datetime,
) -> PreparedRows:
    """Write what `append_step` appends to temporary files, which can replace the log and the register at once."""
    return PreparedRows(_make_tables(Path(log), list(proposals), action, texts, step, who, when))


def _make_tables(
    log: Path, proposal_list: list[Proposal], action: LogAction, texts: FixTexts, step: str, who: str, when: datetime
) -> list[RowsToAppend]:
    """Return the rows of an action for the change log and, for windows, for the register, which comes first."""
    rows = make_log_rows(proposal_list, action, texts=texts, step=step, who=who, when=when)
    tables = [RowsToAppend(log, CHANGE_LOG_COLUMNS, rows, "changes_unreadable")]
    windows = [window for proposal in proposal_list for window in proposal.windows]
    if windows:
        entries = [_make_entry(window, _STATES[action], step, who, when) for window in windows]
        register_rows = [format_entry(entry, texts) for entry in entries]
        tables.insert(
            0, RowsToAppend(find_register_path(log), WINDOW_REGISTER_COLUMNS, register_rows, "windows_foreign")
        )
    return tables


def _make_entry(window: OpenedWindow, state: WindowState, step: str, who: str, when: datetime) -> RegisteredWindow:
    """Return a window as a row of the register, with the state and step that caused it."""
    return RegisteredWindow(
        f"{when:%Y-%m-%d %H:%M:%S}",
        step,
        window.role,
        window.key,
        window.filler_role,
        window.filler_key,
        window.area_m2,
        window.document,
        who,
        state,
        window.longitude,
        window.latitude,
    )


def format_entry(entry: RegisteredWindow, texts: FixTexts) -> list[str]:
    """Return an entry of the register as the cells of its row, with the names of layers."""
    return [
        entry.when,
        entry.step,
        texts.get_layer_name(entry.role),
        entry.key,
        texts.get_layer_name(entry.filler_role),
        entry.filler_key,
        f"{entry.area_m2:.2f}",
        entry.document,
        entry.who,
        str(entry.state),
        f"{entry.longitude:.7f}",
        f"{entry.latitude:.7f}",
    ]
