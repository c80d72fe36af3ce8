# SPDX-License-Identifier: GPL-2.0-or-later
"""What an order comes to while its form is filled in: the folders, and what the checked plan has against it. Off the main thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsProject

from ...bridge.layers import recognise
from ...bridge.layers.properties import file_of
from ...bridge.package.preview import NOTHING, Looker, look_ahead, values_of
from ...bridge.project import county
from ...bridge.running.tasks import Job, Runner, log_error
from ...bridge.texts import tr
from ..findings.result import Result
from ..widgets import messages


@dataclass(frozen=True)
class Surroundings:
    """What the desk knows. ``fresh(form)``: the last result while it is of the data as they are and by the form's standard;
    ``latest``: the result in view; ``number``: of the project that is open; ``findings``: bring them to the front."""

    fresh: Callable[[Any], Result | None]
    latest: Callable[[], Result | None]
    number: Callable[[], int]
    findings: Callable[[], None]


class LookAhead:
    def __init__(self, runner: Runner, around: Surroundings):
        self._runner, self._around = runner, around
        self._looker: Looker | None = None
        self._asked = 0

    def forget(self) -> None:
        """Another project: what was known is of the former."""
        self._looker = None

    def look(self, dialog: Any, wanted: Callable[[], bool]) -> None:
        """Look, and show it in the dialog, while that is ``wanted``; of several answers the last asked for."""
        order = dialog.order()
        if order is None:
            return
        self._asked += 1
        asked, project = self._asked, QgsProject.instance()
        result = self._around.fresh(order.form)
        dialog.form.gate.show_check(result, self._around.latest() is not None)
        checked = result.checked if result is not None else None
        options = county.options(project)
        inputs = [file_of(layer) for layer in recognise.plan_layers(project)]

        def work(_progress, _cancellation):
            return look_ahead(order, values_of(order.form, options, checked), inputs)

        def done(ahead):
            if asked == self._asked and wanted():
                dialog.show_ahead(ahead)

        def failed(error):
            text = tr("The folders could not be looked at ({error}). Details are in the log, tab Sanxian.")
            said = messages.told(error, text)
            if asked == self._asked and wanted():
                dialog.show_error(said)

        self._runner.start(Job(tr("Looking at the folders"), work, on_done=done, on_error=failed, hidden=True))
        self._look_at_plan(dialog, order, checked, wanted)

    def _look_at_plan(self, dialog: Any, order: Any, checked: Any, wanted: Callable[[], bool]) -> None:
        """What the checked plan has against the package: looked for once, told each time."""
        if checked is None:
            self._looker = None
            dialog.show_against(NOTHING)
            return
        if self._looker is None or self._looker.checked is not checked:
            self._looker = Looker(checked)
        looker, known = self._looker, self._looker.known(order)
        if known is not None:
            dialog.show_against(known)
            return

        def done(against):
            if looker is self._looker and wanted():
                dialog.show_against(against)

        self._runner.start(
            Job(
                tr("Looking at what goes into the package"),
                lambda _progress, cancellation: looker.look(order, cancellation),
                on_done=done,
                on_error=log_error,
            )
        )
