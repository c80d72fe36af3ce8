# SPDX-License-Identifier: GPL-2.0-or-later
"""The summary of a batch check on the map: counties with the symbols of the summary page."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsDataProvider,
    QgsFillSymbol,
    QgsLinePatternFillSymbolLayer,
    QgsPalLayerSettings,
    QgsPointPatternFillSymbolLayer,
    QgsProject,
    QgsReadWriteContext,
    QgsRendererCategory,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument

from ...core.base.files.writing import is_same_file
from ...core.counties.county_record import SUMMARY_LAYER, VERDICT_ORDER
from ...core.model.verdict import Verdict
from ..layers.properties import get_file_path
from ..settings import get_interface_language
from ..texts import tr

#: Layer of the summary's GeoPackage, and the value of its field ``verdict`` for a county without one.
_LAYER_NAME, _NO_VERDICT = "counties", ""
#: Colours of the summary page: ground, and pattern.
_COLORS = {
    Verdict.FAILED: ("#D50058", "#8E003B"),
    Verdict.INCOMPLETE: ("#FFFFFF", "#777777"),
    Verdict.CONDITIONAL: ("#FBD9A6", "#B35C00"),
    Verdict.PASSED: ("#E6F2EF", ""),
}
_OUTLINE_COLOR, _OUTLINE_MM, _LABEL_POINTS, _BUFFER_MM = "#222222", 0.3, 9.0, 0.8
#: Distance and width of hatch lines, distance and size of dots, in mm.
_HATCH_MM, _HATCH_WIDTH_MM, _DOTS_MM, _DOT_MM = 1.8, 0.5, 2.0, 0.6


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
    layer.setRenderer(_make_renderer())
    layer.setLabeling(QgsVectorLayerSimpleLabeling(_make_label_settings()))
    layer.setLabelsEnabled(True)
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
        self._release()

    def restore(self) -> None:
        """Connect the layers that the project still has with the file."""
        if self._source_by_id:
            self._project.writeProject.disconnect(self._prepare_save)
        self._connect()
        self._source_by_id.clear()

    def _prepare_save(self, document: QDomDocument) -> None:
        """Connect the layers for a project that is about to write them, and release them again after it.

        The project has written its layer tree before, which names the sources too.
        """
        self._connect()
        context = QgsReadWriteContext()
        context.setPathResolver(self._project.pathResolver())
        nodes = document.elementsByTagName("layer-tree-layer")
        for node in (nodes.at(number).toElement() for number in range(nodes.count())):
            layer = self._project.mapLayer(node.attribute("id"))
            if layer is not None and node.attribute("id") in self._source_by_id:
                node.setAttribute("providerKey", layer.providerType())
                node.setAttribute("source", layer.encodedSource(layer.publicSource(), context))
        # Also after a save that failed.
        QTimer.singleShot(0, self._release)

    def _release(self) -> None:
        for layer_id in self._source_by_id:
            self._set_source(layer_id, "Polygon?crs=EPSG:4490", "memory")

    def _connect(self) -> None:
        for layer_id, source in self._source_by_id.items():
            self._set_source(layer_id, source, "ogr")

    def _set_source(self, layer_id: str, source: str, provider: str) -> None:
        layer = self._project.mapLayer(layer_id)
        if layer is None:
            return
        layer.setReadOnly(False)
        layer.setDataSource(source, layer.name(), provider, QgsDataProvider.ProviderOptions())
        layer.setReadOnly(True)
        layer.triggerRepaint()


def _get_words() -> dict[str, str]:
    """Return verdict → its name in the interface's language; also for counties without one."""
    from ...core.render.words import ReportTexts

    texts = ReportTexts(get_interface_language())
    words = {str(verdict): texts.get("verdict", str(verdict)) for verdict in VERDICT_ORDER}
    return {**words, _NO_VERDICT: texts.get("counties", "no_verdict")}


def _make_renderer() -> QgsCategorizedSymbolRenderer:
    """Return a symbol for each verdict; they differ by pattern, colour only helps."""
    words = _get_words()
    categories = [
        QgsRendererCategory(str(verdict), _make_symbol(verdict), words[str(verdict)]) for verdict in VERDICT_ORDER
    ]
    categories.append(QgsRendererCategory(_NO_VERDICT, _make_symbol(None), words[_NO_VERDICT]))
    return QgsCategorizedSymbolRenderer("coalesce(\"verdict\", '')", categories)


def _make_symbol(verdict: Verdict | None) -> QgsFillSymbol:
    """Return the symbol of a verdict; None for counties without one."""
    ground, ink = _COLORS[verdict] if verdict is not None else ("#FFFFFF", "")
    symbol = QgsFillSymbol.createSimple(
        {
            "color": ground,
            "outline_color": _OUTLINE_COLOR,
            "outline_width": str(_OUTLINE_MM),
            "outline_style": "dash" if verdict is None else "solid",
        }
    )
    if verdict is Verdict.CONDITIONAL:
        dots = QgsPointPatternFillSymbolLayer()
        dots.setDistanceX(_DOTS_MM)
        dots.setDistanceY(_DOTS_MM)
        dots.subSymbol().setColor(QColor(ink))
        dots.subSymbol().setSize(_DOT_MM)
        dots.subSymbol().symbolLayer(0).setStrokeStyle(Qt.PenStyle.NoPen)
        symbol.appendSymbolLayer(dots)
    elif ink:
        lines = QgsLinePatternFillSymbolLayer()
        lines.setLineAngle(45.0 if verdict is Verdict.FAILED else 0.0)
        lines.setDistance(_HATCH_MM)
        lines.subSymbol().setColor(QColor(ink))
        lines.subSymbol().setWidth(_HATCH_WIDTH_MM)
        symbol.appendSymbolLayer(lines)
    return symbol


def _make_label_settings() -> QgsPalLayerSettings:
    """Return labels with name and verdict of each county."""
    cases = " ".join(
        f"WHEN coalesce(\"verdict\", '') = '{value}' THEN '{word}'" for value, word in _get_words().items()
    )
    settings = QgsPalLayerSettings()
    settings.fieldName = f"\"name\" || '\\n' || CASE {cases} END"
    settings.isExpression = True
    settings.placement = Qgis.LabelPlacement.OverPoint
    settings.multilineAlign = Qgis.LabelMultiLineAlignment.Center
    buffer = QgsTextBufferSettings()
    buffer.setEnabled(True)
    buffer.setSize(_BUFFER_MM)
    buffer.setColor(QColor("#FFFFFF"))
    text_format = QgsTextFormat()
    text_format.setSize(_LABEL_POINTS)
    text_format.setColor(QColor("#000000"))
    text_format.setBuffer(buffer)
    settings.setFormat(text_format)
    return settings
