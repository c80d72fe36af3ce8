# SPDX-License-Identifier: GPL-2.0-or-later
"""应用图层表单 and 应用图层符号: on every layer of the project whose role is known. Roles are told off the main thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsProject

from ..bridge import county, forms, recognise, styles
from ..bridge.tasks import Job, Runner
from ..bridge.texts import tr
from . import trouble


class Dressing:
    def __init__(self, iface, runner: Runner):
        self._iface, self._runner = iface, runner

    def forms(self) -> None:
        text = tr("{count} layers have the forms of their templates: {names}. The data were not touched.")
        none = tr("No plan layer was recognised, so no form was set. Choose layers under Layer Roles.")
        self._start(tr("Apply Layer Forms"), forms.apply_to_project, text, none)

    def symbols(self) -> None:
        text = tr(
            "{count} layers have the proposed symbols: {names}. What a layer had before is in its list of styles, as “{kept}”."
        )
        none = tr("No plan layer was recognised, so no symbol was set. Choose layers under Layer Roles.")
        kept = tr("Former style")

        def deed(project: QgsProject, roles: dict[str, str], _norm: Any) -> list[str]:
            return styles.apply_to_project(project, roles, kept)

        self._start(tr("Apply Layer Symbols"), deed, text.replace("{kept}", kept), none)

    def _start(self, title: str, deed: Callable, text: str, none: str) -> None:
        options = county.options(QgsProject.instance())
        outlines = recognise.outlines(QgsProject.instance())

        def done(answer: Any) -> None:
            found, norm = answer
            names = deed(QgsProject.instance(), found.roles, norm)
            if names:
                self._iface.messageBar().pushSuccess(title, text.format(count=len(names), names=tr(", ").join(names)))
            else:
                self._iface.messageBar().pushInfo(title, none)

        def failed(error: Exception) -> None:
            text = tr("Nothing was changed ({error}). Details are in the log, tab Sanxian.")
            self._iface.messageBar().pushWarning(title, trouble.told(error, text))

        self._runner.start(
            Job(
                title,
                lambda progress, cancelled: (recognise.recognise(outlines, options), options.norm()),
                on_done=done,
                on_error=failed,
            )
        )
