# SPDX-License-Identifier: GPL-2.0-or-later
"""A batch check of counties for the desktop: forecast, check in processes, and the summary on the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsDataProvider,
    QgsProject,
    QgsReadWriteContext,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtXml import QDomDocument

from ...core.base.connection_text import has_password, is_connection, make_source, mask_source, parse_connection
from ...core.base.errors import Cancellation, InputError, ProgressCallback
from ...core.base.files.writing import is_same_file
from ...core.base.parallel.python_program import find_python_program
from ...core.counties.county_record import SUMMARY_LAYER, VERDICT_ORDER, BatchOptions, County, CountyRecord, CountyTask
from ...core.render.words import ReportTexts
from .. import health
from ..layers import styles
from ..layers.properties import get_file_path
from ..settings import get_interface_language
from ..texts import tr

if TYPE_CHECKING:
    from ...core.counties.batch_sentences import Forecast
    from ...core.counties.run_batch import BatchResult, PlannedBatch, TaskRunner


_CORE = __name__.removesuffix(".bridge.checking.counties") + ".core"
#: What a process that checks a county imports.
_MODULES_OF_PROCESS = (
    f"{_CORE}.__main__",
    f"{_CORE}.counties.processes",
    f"{_CORE}.check",
    f"{_CORE}.package.inspection.inspect",
    f"{_CORE}.render.outputs",
    "geopandas",
    "pyogrio",
    "openpyxl",
)
#: Layer of the summary's GeoPackage, and the value of its field ``verdict`` for a county without one.
_LAYER_NAME, _NO_VERDICT = "counties", ""


@dataclass(frozen=True)
class CountyEvent:
    """A county whose check begins (``record`` is None) or has ended. ``folder``: folder of its report."""

    name: str
    folder: Path
    record: CountyRecord | None = None


class SequenceReason(StrEnum):
    """Why counties were checked one after the other although several at the same time were requested.

    NO_PYTHON: no Python for processes was found; STORED_CONNECTION: a county or its sealed edition is a connection that
    QGIS stores by name, and other processes cannot find it.
    """

    NO_PYTHON = "no_python"
    STORED_CONNECTION = "stored_connection"


@dataclass(frozen=True)
class DesktopBatch:
    """The result of a batch check. ``sequence_reason``: None if the requested number of processes was used."""

    result: BatchResult
    sequence_reason: SequenceReason | None


def read_source(text: str) -> str | Path:
    """Return the folder, list or database that a user typed. Raise InputError for a connection with a password."""
    if has_password(text):
        raise InputError("counties_password", source=mask_source(text))
    return make_source(text)


class CountyForecaster:
    """Forecasts batches; the data are read again only when source, results or settings of the check change."""

    _planned: tuple[Any, PlannedBatch] | None = None

    def forget(self) -> None:
        """Read the data again for the next forecast."""
        self._planned = None

    def forecast(
        self,
        options: BatchOptions,
        on_found: Callable[[tuple[County, ...]], None],
        progress: ProgressCallback,
        cancellation: Cancellation,
    ) -> Forecast:
        """Return what a batch check would do; nothing is written. Not on the main thread.

        ``on_found``: called with the counties before their data are read, then ``progress``. Raise SanxianError, and
        Cancelled.
        """
        health.require_libraries(cancellation)
        from ...core.counties.batch_sentences import make_forecast
        from ...core.counties.run_batch import plan_batch
        from ...core.counties.sources import list_counties

        key = (options.source, options.output, options.check, options.package_spec)
        if self._planned is None or self._planned[0] != key:
            on_found(list_counties(options.source, options.output).counties)
            progress(0.0, "")
            # The records are read also if their results are not used.
            planned = plan_batch(replace(options, resumes=True), progress=progress, cancellation=cancellation)
            self._planned = key, planned
        return make_forecast(self._planned[1], options)


def check_many_counties(
    options: BatchOptions,
    on_found: Callable[[tuple[County, ...]], None],
    on_event: Callable[[CountyEvent], None],
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> DesktopBatch:
    """Check the counties of a batch and write its summary. Not on the main thread.

    ``on_found``: called with all counties; ``on_event``: called when the check of a county begins or ends; ``progress``
    is called after both. Several counties at the same time are checked in processes, so that the desktop keeps its
    share of the machine; if no Python for them is found, or a county needs a connection that QGIS stores, the counties
    are checked one after the other. Raise SanxianError, and Cancelled; complete reports of counties remain.
    """
    health.require_libraries(cancellation)
    from ...core.counties.processes import check_in_processes
    from ...core.counties.run_batch import check_counties, check_in_sequence
    from ...core.counties.sources import list_counties

    last_share = [0.0]
    folders: dict[str, Path] = {}

    def report_progress(share: float, text: str) -> None:
        last_share[0] = share
        progress(share, text)

    def report_start(task: CountyTask) -> None:
        folders[task.county.name] = task.folder
        on_event(CountyEvent(task.county.name, task.folder))
        progress(last_share[0], "")

    def report_record(record: CountyRecord) -> None:
        on_event(CountyEvent(record.name, folders[record.name], record))
        progress(last_share[0], "")

    counties = list_counties(options.source, options.output).counties
    on_found(counties)
    progress(0.0, "")
    sequence_reason, python = _choose_processes(options, counties, cancellation)
    run_tasks: TaskRunner = partial(check_in_sequence, on_start=report_start)
    if python:
        run_tasks = partial(check_in_processes, jobs=options.jobs, on_start=report_start, python=python)
    result = check_counties(
        options,
        run_tasks,
        on_record=report_record,
        progress=report_progress,
        cancellation=cancellation,
    )
    return DesktopBatch(result, sequence_reason)


def _choose_processes(
    options: BatchOptions, counties: tuple[County, ...], cancellation: Cancellation
) -> tuple[SequenceReason | None, str]:
    """Return why processes cannot be used, if they are requested, and the Python of processes, empty without them."""
    if options.jobs <= 1:
        return None, ""
    sources = [options.check.baseline, *(text for county in counties for text in (county.source, county.baseline))]
    # Only the process of QGIS can use a connection that QGIS stores by name.
    if any(is_connection(one) and parse_connection(one).name for one in sources):
        return SequenceReason.STORED_CONNECTION, ""
    python = find_python_program(_MODULES_OF_PROCESS, cancellation)
    return (None if python else SequenceReason.NO_PYTHON), python


def show_summary_layer(project: QgsProject, output: Path) -> QgsVectorLayer | None:
    """Add the summary layer of a folder of results on top of the project, or read the shown one again.

    The layer reads the file of the summary and cannot be edited. Return None if the file cannot be opened.
    """
    path = output / SUMMARY_LAYER
    shown = find_summary_layers(project, path)
    if shown:
        shown[0].reload()
        shown[0].triggerRepaint()
        return shown[0]
    layer = QgsVectorLayer(f"{path}|layername={_LAYER_NAME}", tr("Counties by verdict"), "ogr")
    if not layer.isValid():
        return None
    layer.setReadOnly(True)
    styles.apply_style_file(layer, styles.COUNTIES_STYLE)
    report_texts, renderer = ReportTexts(get_interface_language()), layer.renderer().clone()
    words = {str(verdict): report_texts.get("verdict", str(verdict)) for verdict in VERDICT_ORDER}
    words[_NO_VERDICT] = report_texts.get("counties", "no_verdict")
    for number, category in enumerate(renderer.categories()):
        renderer.updateCategoryLabel(number, words[category.value()])
    layer.setRenderer(renderer)
    cases = " ".join(f"WHEN coalesce(\"verdict\", '') = '{value}' THEN '{word}'" for value, word in words.items())
    labels = layer.labeling().settings()
    labels.fieldName, labels.isExpression = f"\"name\" || '\\n' || CASE {cases} END", True
    labels.placement = Qgis.LabelPlacement.OverPoint
    labels.multilineAlign = Qgis.LabelMultiLineAlignment.Center
    layer.setLabeling(QgsVectorLayerSimpleLabeling(labels))
    project.addMapLayer(layer, False)
    project.layerTreeRoot().insertLayer(0, layer)
    return layer


def find_summary_layers(project: QgsProject, path: Path) -> list[QgsVectorLayer]:
    """Return the layers of a project that read the summary's file."""
    return [
        layer
        for layer in project.mapLayers().values()
        if isinstance(layer, QgsVectorLayer)
        and layer.providerType() == "ogr"
        and is_same_file(get_file_path(layer), path)
    ]


class ReleasedSummaryLayers:
    """Lets layers of the summary release its file while a batch replaces it; `restore` connects them again.

    Windows does not replace a file that is open. The layers keep symbols and place, and are empty meanwhile. While the
    project is saved they are connected, so that the project stores the file, not an empty layer.
    """

    def __init__(self, project: QgsProject, output: Path):
        self._project = project
        self._source_by_id = {
            layer.id(): layer.source() for layer in find_summary_layers(project, output / SUMMARY_LAYER)
        }
        if self._source_by_id:
            project.writeProject.connect(self._prepare_save)
        self._set_sources(is_connected=False)

    def restore(self) -> None:
        """Connect the layers that the project still has with the file."""
        if self._source_by_id:
            self._project.writeProject.disconnect(self._prepare_save)
        self._set_sources(is_connected=True)
        self._source_by_id.clear()

    def _prepare_save(self, document: QDomDocument) -> None:
        """Connect the layers for a project that is about to write them, and release them again after it.

        The project has written its layer tree before, which names the sources too.
        """
        self._set_sources(is_connected=True)
        context = QgsReadWriteContext()
        context.setPathResolver(self._project.pathResolver())
        nodes = document.elementsByTagName("layer-tree-layer")
        for node in (nodes.at(number).toElement() for number in range(nodes.count())):
            layer = self._project.mapLayer(node.attribute("id"))
            if layer is not None and node.attribute("id") in self._source_by_id:
                node.setAttribute("providerKey", layer.providerType())
                node.setAttribute("source", layer.encodedSource(layer.publicSource(), context))
        # Also after a save that failed.
        QTimer.singleShot(0, lambda: self._set_sources(is_connected=False))

    def _set_sources(self, *, is_connected: bool) -> None:
        """Connect the layers that the project still has with the file, else make them empty layers in memory."""
        for layer_id, file_source in self._source_by_id.items():
            layer = self._project.mapLayer(layer_id)
            if layer is None:
                continue
            source, provider = (file_source, "ogr") if is_connected else ("Polygon?crs=EPSG:4490", "memory")
            layer.setReadOnly(False)
            layer.setDataSource(source, layer.name(), provider, QgsDataProvider.ProviderOptions())
            layer.setReadOnly(True)
            layer.triggerRepaint()
