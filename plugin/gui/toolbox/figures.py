# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算 on the desktop: the toolbox's own dialog, and what came of it in a line that stays."""

from __future__ import annotations

from typing import Any

from ...bridge.texts import tr
from ..widgets.messages import Messages, opener
from .exchange import Ask, ask_processing


class FiguresDialog:
    """``ask``: opens a dialog of the toolbox; another one in tests."""

    def __init__(self, iface: Any, ask: Ask = ask_processing):
        self._ask = ask
        self._messages = Messages(iface, tr("Indicators"))

    def close(self) -> None:
        self._messages.close()

    def show(self) -> None:
        """指标计算…: the log is closed with the dialog, so the counts are said here, too, with a button for the workbook."""
        results = self._ask("sanxian:compute_indicators", {})
        if not results or "COMPUTED" not in results:
            return
        text = tr(
            "{computed} indicators; targets met {met}, little left {little}, missed {missed}; {lacking} that no layer gives."
        )
        told = text.format(
            computed=results["COMPUTED"],
            met=results["MET"],
            little=results["LITTLE_LEFT"],
            missed=results["BROKEN"] + results["ROUNDING"],
            lacking=results["NOT_COMPUTED"],
        )
        workbook = str(results.get("OUTPUT_XLSX") or "")
        buttons = [(tr("Open the workbook"), opener(workbook))] if workbook else []
        self._messages.tell(told, "info", *buttons)
