# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射 with QGIS's layers: reading the rows, working out what a mapping would do, and running `map_fields` as a task."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsApplication,
    QgsFeatureRequest,
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

from ...core.cancellation import Cancellation
from ..editing import attribute_forms
from ..editing.styled_layers import list_layers, open_layer
from ..layers import styles
from ..layers.properties import set_template
from ..layers.reading import read_snapshot
from ..layers.snapshots import Snapshot
from ..running.tasks import Runner

if TYPE_CHECKING:
    from ...core.mapping import Mapping, Proposal
    from ...core.mapping.preview import FieldPreview, SourceColumns
    from ...core.plan.layer import SourceLayer
    from ...core.profile import Norm
    from ...core.standard import Standard
    from ...core.standard.template import Template


ALGORITHM = "sanxian:map_fields"
_LOOK = 0.005
_OVER = (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated)


class MappingRun(QObject):
    """One run of `map_fields` among QGIS's tasks. ``ended(results)``: its outputs, or None when it failed or was
    cancelled; `messages` then tells what went wrong. Made and answered on the main thread.

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

    def messages(self) -> str:
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
        found = list_layers(Path(str(output)))
        layer = open_layer(found.get(template.role, str(output)), template.name, project)
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return None
    layer.setName(template.name)
    set_template(layer, template.role)
    styles.apply_style(layer, template.role)
    attribute_forms.apply_template(layer, template, norm)
    project.addMapLayer(layer)
    return layer


def read_rows(shot: Snapshot, cancellation: Cancellation) -> SourceLayer:
    """Through the layer, so that edits and selections count; a whole shapefile by its bytes, for QGIS takes a missing
    or wrong .cpg at its word. Off the main thread through `running.threads.steady`."""
    whole = shot.request.filterType() == QgsFeatureRequest.FilterType.FilterNone and shot.request.limit() < 0
    if shot.path.lower().endswith(".shp") and whole and not shot.unsaved and not shot.filter:
        from ...core.io import read_source

        (layer,) = read_source(shot.path, cancellation=cancellation)
        return layer
    return read_snapshot(shot, cancellation=cancellation)


def find_free_name(output: str) -> str:
    """``<output>.mapping.toml``, with a number where there is one already: a person may have edited it."""
    base = Path(output)
    path, number = base.with_suffix(".mapping.toml"), 2
    while path.exists():
        path, number = base.with_suffix(f".mapping-{number}.toml"), number + 1
    return str(path)


@dataclass(frozen=True)
class Prepared:
    """A source's values, a mapping of them into a template, and what it would do to each field."""

    columns: SourceColumns
    mapping: Mapping
    hows: dict[str, Proposal]
    previews: dict[str, FieldPreview]


def prepare_mapping(
    source: Snapshot | SourceColumns,
    template: Template,
    standard: Standard,
    given: Mapping | None,
    cancellation: Cancellation,
    known: dict[str, str] | None = None,
) -> Prepared:
    """``given``, or the proposed mapping with the ``known`` values (field → value) where the source has none.
    InputError when it names a field that the source has not.

    Not on the main thread: a large layer takes a while.
    """
    from ...core.mapping import mapping_from_proposals, propose_mapping, source_names
    from ...core.mapping.preview import SourceColumns, change_mapping, preview_field

    columns = SourceColumns(read_rows(source, cancellation)) if isinstance(source, Snapshot) else source
    for field in columns.layer.fields:
        cancellation.raise_if_cancelled()
        columns.of(field.name)
    proposals = [] if given is not None else propose_mapping(columns.layer, template, standard)
    mapping = given if given is not None else mapping_from_proposals(template.role, proposals)
    for name, value in (known or {}).items() if given is None else ():
        source_field = mapping.fields.get(name)
        if source_field is None or not columns.of(source_field):
            mapping = change_mapping(mapping, template, name, constant=value)
    mapping = replace(mapping, fields=source_names(columns.layer, mapping))
    previews = {}
    for target in template.fields:
        cancellation.raise_if_cancelled()
        previews[target.name] = preview_field(columns, mapping, target, template, standard)
    return Prepared(columns, mapping, {p.target: p for p in proposals if p.source}, previews)
