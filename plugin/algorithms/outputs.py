# SPDX-License-Identifier: GPL-2.0-or-later
"""Where findings go. Files are written beside their target and moved; only the rest is left to Processing's sinks."""

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
    QgsProcessingParameterFeatureSink,
    QgsProcessingUtils,
    QgsProperty,
    QgsVectorLayer,
)

from ..bridge.layers import sinks, styles
from ..bridge.layers.properties import to_qgis_crs
from ..bridge.layers.tables import LAYER_FILES, Table, pour, write_table
from ..bridge.running.threads import steady
from ..bridge.texts import tr
from ..core.cancellation import Cancellation
from ..core.errors import OutputError
from ..core.files.writing import beside, check_not_input, check_writable
from ..core.tabulate import check_workbook

if TYPE_CHECKING:
    from ..core.check import Checked


Deed = Callable[[QgsVectorLayer, QgsProcessingContext], Any]


class _Dresser(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, deed: Deed):
        super().__init__()
        self._deed = deed

    def postProcessLayer(self, layer, context, feedback):
        self._deed(layer, context)


#: By the layer's source: QGIS calls them when the algorithm is gone, and keeps no hold of them.
_DRESSERS: dict[str, _Dresser] = {}


def dresser(source: str, deed: Deed) -> QgsProcessingLayerPostProcessorInterface:
    """For the details of a layer that QGIS is to load from ``source``."""
    _DRESSERS[source] = _Dresser(deed)
    return _DRESSERS[source]


def dress_when_loaded(context: QgsProcessingContext, source: str, deed: Deed) -> None:
    """The same for a layer that QGIS loads by itself; nothing where it does not."""
    if context.willLoadLayerOnCompletion(source):
        context.layerToLoadOnCompletionDetails(source).setPostProcessor(dresser(source, deed))


FINDINGS = "OUTPUT_FINDINGS"
#: ``memory:``, ``ogr:dbname=…``, ``postgres:…``: no file of its own. A drive letter is no provider.
_PROVIDER = re.compile(r"^\w{3,}:")


def findings_parameter() -> QgsProcessingParameterFeatureSink:
    kind = Qgis.ProcessingSourceType.VectorPolygon
    return QgsProcessingParameterFeatureSink(FINDINGS, tr("Findings"), kind, optional=True)


def workbook_of(algorithm, parameters, context, name: str, inputs: list[str]) -> str:
    """The workbook that is asked for, empty when none is; OutputError, before a long run, where it cannot be written."""
    target = algorithm.parameterAsFileOutput(parameters, name, context)
    if target:
        check_workbook(target)
        check_writable(target, inputs)
    return target


class LayerOutput:
    """One layer or table that a run gives: ``file`` when we write it ourselves, else a sink that is asked for last.

    Processing's sink truncates its target at once, so a run that fails or is cancelled would have spoilt it.
    """

    def __init__(self, parameters, context, name: str, label: str):
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
        self.database = sinks.database_of(self.destination)
        if self.destination and not appends and not self._is_other():
            self.file = self.destination if Path(self.destination).suffix else f"{self.destination}.gpkg"

    def _is_other(self) -> bool:
        return self.destination == QgsProcessing.TEMPORARY_OUTPUT or bool(_PROVIDER.match(self.destination))

    def check(self, formats: Iterable[str], inputs: list[str]) -> None:
        """OutputError, before a long run, for a target that is an input, of no format of ours, or cannot be written."""
        if self.database:
            check_not_input(self.database, inputs)
        if self.file:
            if Path(self.file).suffix.lower() not in formats:
                raise OutputError("output_format", target=self.file, known=" ".join(formats))
            check_writable(self.file, inputs)

    @property
    def wants_sink(self) -> bool:
        return bool(self.destination) and not self.file

    def sink(self, algorithm, parameters, context, fields, geometry, system) -> tuple[Any, str]:
        """Processing's sink (memory, database) and its layer's id. ``system``: a QgsCoordinateReferenceSystem."""
        written = fields if self.database else _plain(fields)
        sink, identifier = algorithm.parameterAsSink(parameters, self.name, context, written, geometry, system)
        if sink is None:
            raise QgsProcessingException(algorithm.invalidSinkError(parameters, self.name))
        layer = context.temporaryLayerStore().mapLayer(identifier)
        for field in fields if isinstance(layer, QgsVectorLayer) else []:
            if field.alias():
                layer.setFieldAlias(layer.fields().lookupField(field.name()), field.alias())
        return sink, identifier

    def write(self, algorithm, parameters, context, table: Table, cancellation: Cancellation) -> dict[str, Any]:
        """A table that is a run's only one, to its file or sink; returns its part of the results."""
        results: dict[str, Any] = {}
        if self.file:
            with beside(self.file) as temporary:
                write_table(temporary, table, LAYER_FILES[temporary.suffix.lower()], cancellation)
                cancellation.raise_if_cancelled()
        elif self.wants_sink:
            sink, results[self.name] = self.sink(
                algorithm, parameters, context, table.fields, table.geometry, table.crs
            )
            pour(sink, table, self.destination, cancellation)
        return results | self.file_written(context)

    def file_written(self, context) -> dict[str, Any]:
        """After the file is in place: have QGIS open it, if the user asked, as its own sinks do."""
        if not self.file:
            return {}
        project = self.definition.destinationProject if self.definition else None
        if project is not None:
            name = self.definition.destinationName or self.label
            details = QgsProcessingContext.LayerDetails(name, project, self.name, QgsProcessingUtils.LayerHint.Vector)
            context.addLayerToLoadOnCompletion(self.file, details)
        return {self.name: self.file}


def _plain(fields: QgsFields) -> QgsFields:
    """Without the names that a temporary layer only takes afterwards: its sink warns of each, field by field."""
    plain = QgsFields()
    for field in fields:
        one = QgsField(field)
        one.setAlias("")
        plain.append(one)
    return plain


class FindingsOutput(LayerOutput):
    """The findings layer of one run."""

    def __init__(self, parameters, context):
        super().__init__(parameters, context, FINDINGS, tr("Findings"))

    def give(self, algorithm, parameters, context, checked: Checked, cancellation: Cancellation) -> dict[str, Any]:
        """To Processing's sink where it is one (memory, database); a file is in place by now. Its part of the results."""
        if not self.wants_sink:
            results = self.file_written(context)
            if self.file:
                dress_when_loaded(context, self.file, _as_findings)
            return results
        # pyproj is asked in a thread of its own; the sink belongs to this one.
        system = steady(to_qgis_crs)(checked.plan.crs)
        sink, identifier = self.sink(algorithm, parameters, context, sinks.fields(), sinks.GEOMETRY, system)
        sinks.fill(sink, checked.report.findings, self.destination, cancellation)
        dress_when_loaded(context, identifier, _as_findings)
        return {FINDINGS: identifier}


def _as_findings(layer: QgsVectorLayer, _context: Any) -> None:
    styles.apply(layer, styles.FINDINGS)
