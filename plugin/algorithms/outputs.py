# SPDX-License-Identifier: GPL-2.0-or-later
"""Outputs of a run: files, replaced only at the end, and sinks of Processing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsField,
    QgsFields,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsVectorLayer,
)

from ..bridge.layers import styles
from ..bridge.layers.properties import convert_to_qgis_crs
from ..bridge.layers.tables import (
    LAYER_DRIVERS,
    OutputTable,
    make_finding_feature,
    make_findings_fields,
    write_rows_to_sink,
    write_table,
)
from ..bridge.printing.pdf import write_documents
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import tr
from ..core.base.errors import Cancellation, OutputError
from ..core.base.files.writing import OutputPaths, check_not_input, check_writable, write_atomically
from ..core.checks.check import CheckResult
from ..core.checks.tabulate import check_workbook_can_be_written
from .common import list_given, log_written_files

if TYPE_CHECKING:
    from ..core.render.document.blocks import Document

LayerAction = Callable[[QgsVectorLayer, QgsProcessingContext], Any]
#: By the layer's source. Processing owns no reference, and calls them after the algorithm was deleted.
_POST_PROCESSORS: dict[str, _PostProcessor] = {}
#: The file in an output such as ``ogr:dbname='…' table="…"``.
_DATABASE_PATTERN = re.compile(r"^ogr:dbname='(.+?)'")
#: ``memory:``, ``ogr:dbname=…``, ``postgres:…``: not a file. A drive letter is not a provider.
_PROVIDER_PREFIX_PATTERN = re.compile(r"^\w{3,}:")
#: Parameters of the report's files → the field of `OutputPaths`.
_FIELD_BY_OUTPUT = {
    "OUTPUT_HTML": "html",
    "OUTPUT_JSON": "json",
    "OUTPUT_DOCX": "docx",
    "OUTPUT_PDF": "pdf",
    "OUTPUT_XLSX": "xlsx",
}


class _PostProcessor(QgsProcessingLayerPostProcessorInterface):
    """Post-processor of Processing that calls a function with the loaded layer."""

    def __init__(self, action: LayerAction):
        super().__init__()
        self._action = action

    def postProcessLayer(self, layer, context, feedback):
        self._action(layer, context)


def call_after_layer_loaded(context: QgsProcessingContext, source: str, action: LayerAction) -> None:
    """Have QGIS call ``action`` with a layer after loading it.

    Nothing is done if QGIS will not load the layer.
    """
    if context.willLoadLayerOnCompletion(source):
        _POST_PROCESSORS[source] = _PostProcessor(action)
        context.layerToLoadOnCompletionDetails(source).setPostProcessor(_POST_PROCESSORS[source])


def load_layer(
    context: QgsProcessingContext, source: str, title: str, action: LayerAction, *, group: str = "", sort_key: int = 0
) -> None:
    """Have QGIS load a layer of the written database (``OUTPUT``) into the project, and call ``action`` with it.

    ``group``: layer tree group, empty for none; the layer with the highest ``sort_key`` is on top.
    """
    details = QgsProcessingContext.LayerDetails(title, context.project(), "OUTPUT")
    details.forceName, details.groupName, details.layerSortKey = True, group, sort_key
    context.addLayerToLoadOnCompletion(source, details)
    call_after_layer_loaded(context, source, action)


def read_report_paths(algorithm, parameters, context, **others: str) -> OutputPaths:
    """Return the paths of a report's files that the user wants; ``others``: further paths, by field."""
    paths = {
        field: algorithm.parameterAsFileOutput(parameters, name, context) for name, field in _FIELD_BY_OUTPUT.items()
    }
    return OutputPaths(**paths, **others)


def list_report_paths(paths: OutputPaths) -> dict[str, str]:
    """Return output name → path of the files of a report."""
    return list_given(**{name: getattr(paths, field) for name, field in _FIELD_BY_OUTPUT.items()})


class LayerOutput:
    """An output layer or table of a run: a file, or a sink of Processing.

    Processing's sink truncates its target at once, so a failed or cancelled run would destroy the former file. The
    sink is therefore created last. Raise OutputError if the file is one of ``inputs``, cannot be written or has another
    suffix than ``formats``, such as ``.gpkg``.
    """

    def __init__(
        self,
        parameters,
        context,
        name: str,
        label: str,
        inputs: list[str] | None = None,
        formats: Iterable[str] = LAYER_DRIVERS,
    ):
        self.name, self.label = name, label
        value = parameters.get(name)
        appends = isinstance(value, QgsProcessingOutputLayerDefinition) and value.useRemapping()
        self.definition = value if isinstance(value, QgsProcessingOutputLayerDefinition) else None
        if isinstance(value, QgsProcessingOutputLayerDefinition):
            value = value.sink
        if isinstance(value, QgsProperty):
            value = value.valueAsString(context.expressionContext(), "")[0]
        self.destination = str(value or "")
        self.file = ""
        database = _DATABASE_PATTERN.match(self.destination)
        self.database = database[1] if database else ""
        if (
            self.destination
            and not appends
            and not (
                self.destination == QgsProcessing.TEMPORARY_OUTPUT
                or bool(_PROVIDER_PREFIX_PATTERN.match(self.destination))
            )
        ):
            self.file = self.destination if Path(self.destination).suffix else f"{self.destination}.gpkg"
        #: True if the output goes to a sink of Processing.
        self.wants_sink = bool(self.destination) and not self.file
        if inputs is None:
            return
        if self.database:
            check_not_input(self.database, inputs)
        if self.file:
            if Path(self.file).suffix.lower() not in formats:
                raise OutputError("output_format", target=self.file, known=" ".join(formats))
            check_writable(self.file, inputs)

    def open_sink(self, algorithm, parameters, context, fields, geometry_type, crs) -> tuple[Any, str]:
        """Create the sink of Processing (memory, database); return it and its layer id.

        ``geometry_type``: geometry type; ``crs``: CRS of the layer, a QgsCoordinateReferenceSystem.
        """
        sink_fields = fields
        if not self.database:
            # An output layer in memory would log a warning for aliases.
            sink_fields = QgsFields()
            for field in fields:
                sink_field = QgsField(field)
                sink_field.setAlias("")
                sink_fields.append(sink_field)
        sink, identifier = algorithm.parameterAsSink(parameters, self.name, context, sink_fields, geometry_type, crs)
        if sink is None:
            raise QgsProcessingException(algorithm.invalidSinkError(parameters, self.name))
        layer = context.temporaryLayerStore().mapLayer(identifier)
        for field in fields if isinstance(layer, QgsVectorLayer) else []:
            if field.alias():
                layer.setFieldAlias(layer.fields().lookupField(field.name()), field.alias())
        return sink, identifier

    def write_table(
        self, algorithm, parameters, context, table: OutputTable, cancellation: Cancellation
    ) -> dict[str, Any]:
        """Write the output table of a run to its file or sink; return the tool's results by output name."""
        results: dict[str, Any] = {}
        if self.file:
            with write_atomically(self.file) as temporary:
                write_table(temporary, table, LAYER_DRIVERS[temporary.suffix.lower()], cancellation)
                cancellation.raise_if_cancelled()
        elif self.wants_sink:
            sink, results[self.name] = self.open_sink(
                algorithm, parameters, context, table.fields, table.geometry_type, table.crs
            )
            write_rows_to_sink(sink, table, self.destination, cancellation)
        return results | self.register_written_file(context)

    def register_written_file(self, context) -> dict[str, Any]:
        """Register the written file for loading if the user wants it; return the tool's results by output name."""
        if not self.file:
            return {}
        project = self.definition.destinationProject if self.definition else None
        if project is not None:
            name = self.definition.destinationName or self.label
            details = QgsProcessingContext.LayerDetails(name, project, self.name, QgsProcessingUtils.LayerHint.Vector)
            context.addLayerToLoadOnCompletion(self.file, details)
        return {self.name: self.file}


class StudyOutputs:
    """The layer, the workbook and the documents (PDF, Word, HTML) of a tool that the user wants.

    Raise OutputError, before a long run, if a file has another suffix, cannot be written or is one of ``inputs``.
    ``label``: name of the layer.
    """

    def __init__(self, algorithm, parameters, context, label: str, inputs: list[str]):
        from ..core.render.document.docx_writer import import_docx_library

        self._algorithm, self._parameters, self._context = algorithm, parameters, context
        self.layer = LayerOutput(parameters, context, "OUTPUT", label, inputs)
        self.workbook = algorithm.parameterAsFileOutput(parameters, "OUTPUT_XLSX", context)
        if self.workbook:
            check_workbook_can_be_written(self.workbook)
            check_writable(self.workbook, inputs)
        self.documents: dict[str, str] = {}
        for suffix in (".pdf", ".docx", ".html"):
            name = f"OUTPUT_{suffix[1:].upper()}"
            has_output = algorithm.parameterDefinition(name) is not None
            target = algorithm.parameterAsFileOutput(parameters, name, context) if has_output else ""
            if not target:
                continue
            if Path(target).suffix.lower() != suffix:
                raise OutputError("output_format", target=target, known=suffix)
            if suffix == ".docx":
                import_docx_library(Path(target).name)
            check_writable(target, inputs)
            self.documents[name] = target

    def write(
        self,
        feedback,
        make_document: Callable[[], Document],
        write_workbook: Callable[[Path], object],
        make_table: Callable[[], OutputTable] | None,
        cancellation: Cancellation,
    ) -> dict[str, Any]:
        """Write the files, and the layer if there is one, and log the paths; return results by output name."""
        workbook = (self.workbook, write_workbook)
        write_documents(make_document, list(self.documents.values()), cancellation, [workbook])
        results: dict[str, Any] = {**list_given(OUTPUT_XLSX=self.workbook), **self.documents}
        if make_table is not None:
            results |= self.layer.write_table(
                self._algorithm, self._parameters, self._context, make_table(), cancellation
            )
        log_written_files(feedback, (self.workbook, *self.documents.values(), self.layer.file))
        return results


class FindingsOutput(LayerOutput):
    """The output with the findings of a run."""

    def __init__(self, parameters, context):
        super().__init__(parameters, context, "OUTPUT_FINDINGS", tr("Findings"))

    def write_findings(
        self, algorithm, parameters, context, check_result: CheckResult, cancellation: Cancellation
    ) -> dict[str, Any]:
        """Write the findings to a sink, or register the file that the check wrote.

        Return output name → layer id or path.
        """
        if not self.wants_sink:
            results = self.register_written_file(context)
            if self.file:
                call_after_layer_loaded(context, self.file, _apply_findings_style)
            return results
        # pyproj runs in its own thread; the sink belongs to this thread.
        system = run_in_python_thread(convert_to_qgis_crs)(check_result.plan.crs)
        findings, columns = check_result.report.findings, make_findings_fields()
        # A finding at a line or a point is an area, which any format can store.
        table = OutputTable(
            "findings",
            columns,
            Qgis.WkbType.MultiPolygon,
            system,
            lambda: (make_finding_feature(one, columns) for one in findings),
            len(findings),
        )
        results = self.write_table(algorithm, parameters, context, table, cancellation)
        call_after_layer_loaded(context, results[self.name], _apply_findings_style)
        return results


def _apply_findings_style(layer: QgsVectorLayer, _context: Any) -> None:
    styles.apply_role_style(layer, styles.FINDINGS_STYLE)
