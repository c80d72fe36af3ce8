# SPDX-License-Identifier: GPL-2.0-or-later
"""导入界址点、导出界址点: boundary-point files to and from a layer of polygons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsProcessingOutputString,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from ..bridge import health
from ..bridge.layers.properties import format_crs_for_pyproj
from ..bridge.layers.reading import read_snapshot
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.exchange.boundary_points.forms import AUTOMATIC, list_form_ids
from .common import SanxianAlgorithm, make_progress_callback
from .inputs import make_polygon_layer_parameter, read_layer_parameter
from .report_log import log_levels, log_written_files

if TYPE_CHECKING:
    from ..core.exchange.boundary_points.export_points import PointExport

_COUNTS = "PARCELS", "POINTS", "LEFT_OUT"


class _BoundaryPointAlgorithm(SanxianAlgorithm):
    """Base class: format and CRS of boundary points, counts of parcels and points."""

    toolbox_section = "exchange"

    def add_format_and_crs(self, crs_label: str) -> None:
        """Add the parameters FORMAT and CRS."""
        label = tr("Format (auto, id, or path of a .toml file)")
        parameter = QgsProcessingParameterString("FORMAT", label, defaultValue=AUTOMATIC, optional=True)
        parameter.setMetadata({"widget_wrapper": {"value_hints": [AUTOMATIC, *list_form_ids()]}})
        self.add_parameters(parameter, QgsProcessingParameterCrs("CRS", crs_label, optional=True))

    def add_counts(self) -> None:
        """Add the outputs with numbers of parcels and points."""
        labels = tr("Parcels"), tr("Boundary points"), tr("Parcels left out")
        self.add_numeric_outputs(*zip(_COUNTS, labels, strict=True))

    def read_format_and_crs(self, parameters, context) -> None:
        """Read the parameters FORMAT and CRS."""
        self.form_name = self.read_text_parameter(parameters, "FORMAT", context) or AUTOMATIC
        system = self.parameterAsCrs(parameters, "CRS", context)
        self.crs_text = format_crs_for_pyproj(system) if system.isValid() else str(parameters.get("CRS") or "")


class ImportBoundaryPoints(_BoundaryPointAlgorithm):
    """Algorithm `import_boundary_points`: polygons from a TXT, Excel or CSV file of boundary points."""

    identifier = "import_boundary_points"
    keywords = (
        "boundary points", "TXT", "coordinates", "界址点", "勘测定界", "坐标文件", "地块坐标", "红线坐标", "导入",
        "Excel", "CSV",
    )  # fmt: skip
    title = mark_text("Import boundary points")
    help_parts = (
        mark_text(
            "Reads the boundary points of parcels from a TXT file with sections, a list of points, or a table in "
            "Excel or CSV, and writes polygons in the CRS of the file. The file does not change.\n\n"
            "Automatic format: by sections and headings. The order of coordinates is not guessed: X is the northing. "
            "An office can add a format: copy a file of resources/boundary_points, change it and give its path.\n\n"
            "CRS: read from the header and the zone numbers of eastings. If the file does not state it or contradicts "
            "itself, nothing is imported until you give the CRS. Files in Xian 1980 or Beijing 1954 are refused: "
            "transformation parameters are never estimated.\n\n"
            "Each parcel has its declared area, its area in the plane and its statutory area. A parcel with an error "
            "(edges that cross, swapped coordinates, another zone, unreadable cells) is left out and reported with "
            "line or cell and remedy; the others are imported. A field of the layer keeps what the file wrote, for the "
            "export."
        ),
    )

    def initAlgorithm(self, configuration=None):
        behavior = Qgis.ProcessingFileParameterBehavior.File
        filters = f"{tr('Boundary points')} (*.txt *.TXT *.csv *.xlsx);;{tr('All')} (*)"
        file_label = tr("File of boundary points")
        self.addParameter(QgsProcessingParameterFile("INPUT", file_label, behavior, fileFilter=filters))
        self.add_format_and_crs(tr("CRS of the coordinates (empty: as the file states)"))
        polygons = Qgis.ProcessingSourceType.VectorPolygon
        self.addParameter(QgsProcessingParameterVectorDestination("OUTPUT", tr("Parcels (GeoPackage)"), polygons))
        self.add_counts()
        self.addOutput(QgsProcessingOutputString("REMARKS", tr("Remarks")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.exchange.boundary_points.import_points import check_import_output

        self.source = self.parameterAsFile(parameters, "INPUT", context).strip()
        if not self.source or not Path(self.source).is_file():
            raise InputError("source_missing", source=self.source)
        self.read_format_and_crs(parameters, context)
        self.target = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        if not self.target:
            raise InputError("output_missing")
        check_import_output(self.source, self.target)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.boundary_point_sentences import describe_import
        from ..core.exchange.boundary_points.import_points import import_boundary_points

        run = run_in_python_thread(import_boundary_points)(
            self.source,
            self.target,
            form_name=self.form_name,
            crs_text=self.crs_text,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        remarks = log_levels(feedback, describe_import(run, get_interface_language()))
        log_written_files(feedback, [self.target])
        if context.willLoadLayerOnCompletion(self.target):
            details = context.layerToLoadOnCompletionDetails(self.target)
            details.name, details.forceName = Path(self.source).stem, True
        counts = len(run.file.parcels), run.point_count, run.left_out_count
        return {"OUTPUT": self.target, **dict(zip(_COUNTS, counts, strict=True)), "REMARKS": "\n".join(remarks)}


class ExportBoundaryPoints(_BoundaryPointAlgorithm):
    """Algorithm `export_boundary_points`: write polygons as a file of boundary points."""

    identifier = "export_boundary_points"
    keywords = (
        "boundary points",
        "TXT",
        "coordinates",
        "界址点",
        "勘测定界",
        "坐标文件",
        "地块坐标",
        "导出",
        "Excel",
        "CSV",
    )
    title = mark_text("Export boundary points")
    help_parts = (
        mark_text(
            "Writes the polygons of a layer as boundary points: TXT, CSV or Excel, by the suffix of the output. The "
            "layer does not change.\n\n"
            "Imported parcels whose land and attributes have not changed are written as their file wrote them: names "
            "of points, closing points, counts, decimals, blanks, encoding. Points of other parcels are numbered by "
            "the format: from the north-west corner, clockwise, holes anticlockwise; the declared area is then that in "
            "the plane, unless you have set it in the field SBMJ.\n\n"
            "Automatic format: that of the import, else the usual one. CRS: a Gauss–Krüger zone of CGCS2000; a layer "
            "in degrees needs one. Features without shape, with arcs or with an invalid shape are left out and "
            "reported."
        ),
    )

    def initAlgorithm(self, configuration=None):
        self.addParameter(make_polygon_layer_parameter("INPUT", tr("Parcels")))
        self.add_format_and_crs(tr("CRS of the coordinates (empty: that of the layer)"))
        file_label = tr("File of boundary points")
        filters = "TXT (*.txt);;Excel (*.xlsx);;CSV (*.csv)"
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", file_label, filters, createByDefault=False))
        self.add_counts()

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.exchange.boundary_points.export_points import check_export_output

        self.snapshot = read_layer_parameter(self, parameters, "INPUT", context)
        self.read_format_and_crs(parameters, context)
        self.target = self.read_target(parameters, context)
        check_export_output([self.snapshot.file_path], self.target, self.form_name)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.boundary_point_sentences import describe_export

        run = self._export_layer(make_progress_callback(feedback), Cancellation(feedback.isCanceled))
        log_levels(feedback, describe_export(run, get_interface_language()))
        log_written_files(feedback, [self.target])
        counts = run.parcel_count, run.point_count, run.feature_count - run.parcel_count
        return {"OUTPUT": self.target, **dict(zip(_COUNTS, counts, strict=True))}

    @run_in_python_thread
    def _export_layer(self, progress, cancellation: Cancellation) -> PointExport:
        from ..core.exchange.boundary_points.export_points import export_boundary_points

        layer = read_snapshot(self.snapshot, cancellation=cancellation)
        return export_boundary_points(
            layer,
            self.target,
            form_name=self.form_name,
            crs_text=self.crs_text,
            progress=progress,
            cancellation=cancellation,
        )
