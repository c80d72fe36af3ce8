# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射 as one of QGIS's tasks: the algorithm `map_fields` with its parameters, and the layer that it wrote."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..editing import forms
from ..editing.dressed_layers import layers_in, open_layer
from ..layers import styles
from ..layers.properties import set_template
from ..running.tasks import Runner

if TYPE_CHECKING:
    from ...core.mapping import Mapping
    from ...core.profile import Norm
    from ...core.standard import Standard
    from ...core.standard.template import Template

ALGORITHM = "sanxian:map_fields"
_LOOK = 0.005
_OVER = (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated)


class MappingRun(QObject):
    """One run of `map_fields` among QGIS's tasks. ``ended(results)``: its outputs, or None when it failed or was
    cancelled; `said` then tells what went wrong. Made and answered on the main thread.

    QGIS's task uses context and feedback to its end without holding them: the runner keeps them, whoever else lets go.
    """

    progress = pyqtSignal(float)
    ended = pyqtSignal(object)

    def __init__(self, project: QgsProject, parameters: dict[str, Any]):
        super().__init__()
        self.cancelled = False
        self.context = QgsProcessingContext()
        self.context.setProject(project)
        self.feedback = QgsProcessingFeedback(False)
        self.feedback.progressChanged.connect(self.progress)
        algorithm = QgsApplication.processingRegistry().algorithmById(ALGORITHM)
        self._task = QgsProcessingAlgRunnerTask(algorithm, parameters, self.context, self.feedback)
        self._task.executed.connect(self._executed)

    def start(self, runner: Runner) -> None:
        if self._task.status() == QgsTask.TaskStatus.Terminated:
            # Its preparation, which QGIS does at once, went wrong: such a task never answers.
            self.ended.emit(None)
            return
        runner.hold(self, self._task.executed)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        # From its start the task is QGIS's, and deleted by it.
        if not sip.isdeleted(self._task):
            self._task.cancel()

    def forget(self) -> None:
        """Nobody waits for the answer any more."""
        self.blockSignals(True)
        self.cancel()

    def wait(self, seconds: float) -> bool:
        """Until it has ended. On the main thread, which lets the work have Python's lock meanwhile."""
        end = time.monotonic() + seconds
        while not self._is_over():
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK)
        return True

    def _is_over(self) -> bool:
        # The status alone tells it only once the main thread has handled its events. A millisecond: none at all is for ever to QGIS.
        return sip.isdeleted(self._task) or self._task.status() in _OVER or self._task.waitForFinished(1)

    def said(self) -> str:
        return self.feedback.textLog().strip()

    def _executed(self, good: bool, results: dict[str, Any]) -> None:
        # Here, or in QGIS's own list of tasks. (Before the start the feedback does not tell: QGIS cancels what it cannot prepare.)
        self.cancelled = self.feedback.isCanceled()
        self.ended.emit(results if good and not self.cancelled else None)


def parameters(
    source: str | QgsVectorLayer, template: Template, standard: Standard, mapping: Mapping, output: str, losses: str
) -> dict[str, Any]:
    """Of a run of `map_fields`; the mapping goes into a file of its own. ``output`` empty: a layer in memory."""
    from ...core.mapping import to_toml

    path = Path(QgsProcessingUtils.generateTempFilename(f"{template.role}.mapping.toml"))
    path.write_text(to_toml(mapping, template), encoding="utf-8", newline="\n")
    given = {
        "INPUT": source,
        "TEMPLATE": template.role,
        "STANDARD": str(standard.folder) if standard.id not in _known() else standard.id,
        "MAPPING": str(path),
        "OUTPUT": output or QgsProcessing.TEMPORARY_OUTPUT,
    }
    return given | ({"UNMAPPED": losses} if losses else {})


def _known() -> list[str]:
    from ...core.standard import standard_ids

    return standard_ids()


def add_result(
    project: QgsProject, run: MappingRun, output: Any, template: Template, norm: Norm
) -> QgsVectorLayer | None:
    """The layer that a run wrote, in the project with its symbols and form. None when it cannot be opened."""
    layer = run.context.takeResultLayer(str(output))
    if layer is None:
        found = layers_in(Path(str(output)))
        layer = open_layer(found.get(template.role, str(output)), template.name, project)
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return None
    layer.setName(template.name)
    set_template(layer, template.role)
    styles.apply(layer, template.role)
    forms.apply_template(layer, template, norm)
    project.addMapLayer(layer)
    return layer
