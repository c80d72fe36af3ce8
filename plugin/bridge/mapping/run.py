# SPDX-License-Identifier: GPL-2.0-or-later
"""Field mapping (字段映射): reading rows, preview, and running `map_fields` as a task."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsProcessing,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.base.errors import Cancellation, OutputError
from ...core.standard import Standard, list_standard_ids
from ...core.standard.numbering import make_bsm
from ..editing import attribute_forms
from ..editing.dependent_fields import find_dependent_fields, measure_missing_areas
from ..editing.feature_numbers import NUMBER_FIELD, find_highest_used_number_by_county
from ..editing.styled_layers import find_sources_by_layer_name, make_vector_layer
from ..layers import styles
from ..layers.properties import set_assigned_role
from ..layers.reading import read_snapshot
from ..layers.role_recognition import list_plan_layers
from ..layers.snapshots import LayerSnapshot
from ..running.tasks import JobRunner
from ..texts import tr

if TYPE_CHECKING:
    from ...core.exchange.mapping import FieldMapping, FieldProposal
    from ...core.exchange.mapping.preview import FieldPreview, SourceColumns
    from ...core.plan.layer import SourceLayer
    from ...core.standard.profile import Norm
    from ...core.standard.template import Template


MAP_FIELDS_ALGORITHM_ID = "sanxian:map_fields"
_POLL_SECONDS = 0.005


class MappingRun(QObject):
    """One run of the algorithm `map_fields` as a QGIS task.

    Created and used on the main thread. Signal ``run_ended(results)``: results of the algorithm by output name, or None
    if it failed or was cancelled; the log of ``feedback`` then contains the error. The runner keeps context and
    feedback alive, which QGIS's task uses without owning them.
    """

    progress = pyqtSignal(float)
    run_ended = pyqtSignal(object)

    def __init__(self, project: QgsProject, parameters: dict[str, Any]):
        super().__init__()
        self.cancelled = False
        self.context = QgsProcessingContext()
        self.context.setProject(project)
        self.feedback = QgsProcessingFeedback(False)
        self.feedback.progressChanged.connect(self.progress)
        algorithm = QgsApplication.processingRegistry().algorithmById(MAP_FIELDS_ALGORITHM_ID)
        self._task = QgsProcessingAlgRunnerTask(algorithm, parameters, self.context, self.feedback)
        self._task.executed.connect(self._on_executed)

    def start(self, runner: JobRunner) -> None:
        """Start the task; ``runner`` keeps it alive."""
        if self._task.status() == QgsTask.TaskStatus.Terminated:
            # QGIS prepares a task at once; if that failed, the task never emits its end.
            self.run_ended.emit(None)
        else:
            runner.keep_until_end(self, self._task.executed)
            QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Cancel the task of this run."""
        # Once started, the task belongs to QGIS, which deletes it.
        if not sip.isdeleted(self._task):
            self._task.cancel()

    def cancel_and_disconnect(self) -> None:
        """Cancel the run and block its signals: its result is not needed any more."""
        self.blockSignals(True)
        self.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait until the run has ended. On the main thread, which releases Python's lock."""
        end = time.monotonic() + seconds
        # The status changes only after the main thread has handled its events. One millisecond, because 0 means no
        # limit.
        while not (
            sip.isdeleted(self._task)
            or self._task.status() in (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated)
            or self._task.waitForFinished(1)
        ):
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _on_executed(self, is_successful: bool, results: dict[str, Any]) -> None:
        # Cancelled here, or in QGIS's list of tasks. (Before the start the feedback is unreliable: QGIS cancels what it
        # cannot prepare.)
        self.cancelled = self.feedback.isCanceled()
        self.run_ended.emit(results if is_successful and not self.cancelled else None)


def write_mapping_and_make_parameters(
    source: str | QgsVectorLayer,
    template: Template,
    standard: Standard,
    mapping: FieldMapping,
    output: str,
    losses: str,
) -> dict[str, Any]:
    """Write a mapping to a file, and return the parameters of `map_fields` by name.

    ``output``: path of the mapped layer, empty for a layer in memory; ``losses``: path of the table of values that
    cannot be mapped.
    """
    from ...core.exchange.mapping import format_mapping_as_toml

    path = Path(QgsProcessingUtils.generateTempFilename(f"{template.role}.mapping.toml"))
    path.write_text(format_mapping_as_toml(mapping, template), encoding="utf-8", newline="\n")
    algorithm_parameters = {
        "INPUT": source,
        "TEMPLATE": template.role,
        "STANDARD": str(standard.folder) if standard.id not in list_standard_ids() else standard.id,
        "MAPPING": str(path),
        "OUTPUT": output or QgsProcessing.TEMPORARY_OUTPUT,
    }
    return algorithm_parameters | ({"UNMAPPED": losses} if losses else {})


def add_result_layer(
    project: QgsProject, run: MappingRun, output: Any, template: Template, norm: Norm
) -> QgsVectorLayer | None:
    """Add the mapped layer to the project, with symbols and form of its template; return the layer.

    ``output``: path or layer id among the results of ``run``. None if the layer cannot be read.
    """
    if (layer := run.context.takeResultLayer(str(output))) is None:
        source_by_layer_name = find_sources_by_layer_name(Path(str(output)))
        layer = make_vector_layer(source_by_layer_name.get(template.role, str(output)), template.name, project)
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return None
    layer.setName(template.name)
    set_assigned_role(layer, template.role)
    styles.apply_role_style(layer, template.role)
    attribute_forms.apply_template_form(layer, template, norm)
    project.addMapLayer(layer)
    return layer


def append_rows(
    project: QgsProject, rows: QgsVectorLayer, target: QgsVectorLayer, county_code: str
) -> tuple[int, dict[str, int]]:
    """Append mapped rows to a plan layer as one undo step, without saving.

    Return how many rows got a new key (BSM), and field → number of rows whose area (m²) was measured. The layer is
    switched to edit mode. Fields are matched by name. A key that is missing, repeated or used in any layer of the
    project is replaced by the next free number of the county; without a county code such keys stay empty. An area
    that is missing is measured where the form measures that of a drawn feature. Raise OutputError if the layer refuses
    the rows; nothing is added then.
    """
    transform = QgsCoordinateTransform(rows.crs(), target.crs(), project)
    number_position = target.fields().lookupField(NUMBER_FIELD)
    used: set[str] = set()
    for layer in list_plan_layers(project):
        if (position := layer.fields().lookupField(NUMBER_FIELD)) >= 0:
            request = QgsFeatureRequest().setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([position])
            used.update(str(feature[position]) for feature in layer.getFeatures(request))
    number = find_highest_used_number_by_county(project).get(county_code, 0)
    features, numbered_count = [], 0
    for row in rows.getFeatures():
        geometry = row.geometry()
        try:
            geometry.transform(transform)
        except QgsCsException as error:
            raise OutputError("output_unwritable", target=target.name(), detail=str(error)) from error
        row.setGeometry(geometry)
        for feature in QgsVectorLayerUtils.makeFeatureCompatible(row, target):
            if number_position >= 0:
                key = feature[number_position]
                if not key or str(key) in used:
                    numbered_count += bool(county_code)
                    key = make_bsm(county_code, number + numbered_count) if county_code else None
                    feature[number_position] = key
                used.add(str(key))
            features.append(feature)
    measured_counts = measure_missing_areas(target, features)
    starts_editing = not target.isEditable()
    if starts_editing and not target.startEditing():
        raise OutputError("output_unwritable", target=target.name(), detail=target.dataProvider().lastError())
    target.beginEditCommand(tr("Append {count} mapped rows").format(count=len(features)))
    if not target.addFeatures(features):
        target.destroyEditCommand()
        if starts_editing:
            target.rollBack()
        raise OutputError("output_unwritable", target=target.name(), detail=target.dataProvider().lastError())
    target.endEditCommand()
    return numbered_count, measured_counts


def find_computed_fields(target: QgsVectorLayer, mapping: FieldMapping) -> dict[str, bool]:
    """Return the fields with a source that the form of a layer computes instead, each with True if from the shape.

    The name of a code is computed if the mapping fills the code.
    """
    names = target.fields().names()
    filled_names = {*mapping.source_by_target, *mapping.constant_by_target}
    return {
        name: field.source_index is None
        for field in find_dependent_fields(target)
        if (name := names[field.target_index]) in mapping.source_by_target
        and (field.source_index is None or names[field.source_index] in filled_names)
    }


def read_source_rows(snapshot: LayerSnapshot, cancellation: Cancellation) -> SourceLayer:
    """Read the rows of a layer snapshot, with unsaved edits and its selection.

    A shapefile without edits, filter and selection is read without QGIS, which relies on a missing or wrong .cpg file
    for the encoding. Not on the main thread: call it through `running.threads.run_in_python_thread`.
    """
    is_unfiltered = (
        snapshot.feature_request.filterType() == QgsFeatureRequest.FilterType.FilterNone
        and snapshot.feature_request.limit() < 0
    )
    if (
        snapshot.file_path.lower().endswith(".shp")
        and is_unfiltered
        and not snapshot.unsaved_change_count
        and not snapshot.row_condition
    ):
        from ...core.plan.io import read_source

        (layer,) = read_source(snapshot.file_path, cancellation=cancellation)
    else:
        layer = read_snapshot(snapshot, cancellation=cancellation)
    layer.require_usable()
    return layer


@dataclass(frozen=True)
class PreparedMapping:
    """Values of a source layer, their mapping into a template, and a preview by field.

    ``proposals_by_field``: template field → its proposed source, with the reason; ``field_previews``: template field →
    preview of its values.
    """

    source_columns: SourceColumns
    mapping: FieldMapping
    proposals_by_field: dict[str, FieldProposal]
    field_previews: dict[str, FieldPreview]


def prepare_mapping(
    source: LayerSnapshot | SourceColumns,
    template: Template,
    norm: Norm,
    given: FieldMapping | None,
    cancellation: Cancellation,
    known: dict[str, str] | None = None,
) -> PreparedMapping:
    """Return a mapping with previews: the ``given`` one, or one proposed by names.

    Not on the main thread: it takes a while. In the proposed mapping, ``known`` values (field → value) are used
    where the source has none, and codes of similar names are chosen. Raise InputError if the mapping names a field that
    the source lacks.
    """
    from ...core.exchange.mapping import find_source_names, make_mapping_from_proposals, propose_mapping
    from ...core.exchange.mapping.preview import (
        SourceColumns,
        change_mapping,
        choose_similar_codes,
        get_area_allowance,
        make_acceptance,
        preview_field,
    )

    columns = SourceColumns(read_source_rows(source, cancellation)) if isinstance(source, LayerSnapshot) else source
    for field in columns.layer.fields:
        cancellation.raise_if_cancelled()
        columns.count_values(field.name)
    proposals = [] if given is not None else propose_mapping(columns.layer, template, norm.standard)
    mapping = given if given is not None else make_mapping_from_proposals(template.role, proposals)
    for name, value in (known or {}).items() if given is None else ():
        source_field = mapping.source_by_target.get(name)
        if source_field is None or not columns.count_values(source_field):
            mapping = change_mapping(mapping, template, name, constant=value)
    mapping = replace(mapping, source_by_target=find_source_names(columns.layer, mapping))
    if given is None:
        mapping = choose_similar_codes(columns, mapping, template, norm.standard)
    previews = {}
    for target in template.fields:
        cancellation.raise_if_cancelled()
        is_accepted = make_acceptance(target, template, norm)
        allowance_m2 = get_area_allowance(target, norm)
        if allowance_m2 is not None:
            # Measured here, in the background, also for fields that get their source later.
            cancellation.raise_if_cancelled()
            _ = columns.statutory_areas
        previews[target.name] = preview_field(
            columns, mapping, target, template, norm.standard, is_accepted, allowance_m2
        )
    return PreparedMapping(columns, mapping, {p.target_field: p for p in proposals if p.source_field}, previews)
