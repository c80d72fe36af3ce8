# SPDX-License-Identifier: GPL-2.0-or-later
"""导入图纸: closed outlines of a drawing (DXF) to layers of polygons."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
)

from ..bridge import health
from ..bridge.editing.styled_layers import find_sources_by_layer_name
from ..bridge.layers import styles
from ..bridge.layers.properties import IMPORTED_PROPERTY, format_crs_for_pyproj
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from .common import SanxianAlgorithm, make_progress_callback, make_text_parameter, mark_parameter_advanced
from .outputs import make_post_processor
from .report_log import log_levels, log_written_files

_COUNTS = "LAYERS", "POLYGONS", "LEFT_OUT"
#: The defaults of resources/drawings/settings.toml, compared by a test; the dialog needs them without libraries.
DEFAULT_TOLERANCE_M, DEFAULT_CLOSING_M = 0.001, 0.01
_UNITS = ("", "m", "dm", "cm", "mm", "km")
_MAPPINGS = ["layers", "project"]
_HOLES = ("hole", "separate")


class ImportDrawing(SanxianAlgorithm):
    """Algorithm `import_drawing`: polygons from the closed outlines of a DXF drawing."""

    toolbox_section = "exchange"
    identifier = "import_drawing"
    keywords = (
        "drawing", "DXF", "DWG", "CAD", "AutoCAD", "CASS", "图纸", "导入", "红线图", "块", "闭合", "多段线",
        "弧", "图层",
    )  # fmt: skip
    title = mark_text("Import drawing (DXF)")
    help_parts = (
        mark_text(
            "Reads the closed outlines of a DXF drawing and writes polygons to a GeoPackage: a layer for each template "
            "of the mapping, and one for projects. The drawing does not change. A DWG must be saved as DXF in CAD.\n\n"
            "Mapping: which layer of the drawing becomes which layer. layers uses codes and names of plan layers and "
            "the usual names of site outlines; project takes all layers as projects; an office can write a .toml file "
            "(copy a file of resources/drawings). Layers without an entry are listed.\n\n"
            "Units: metres only if the drawing states them ($INSUNITS); otherwise give the unit. CRS: used without a "
            "question only if a text in the drawing states CGCS2000 and the eastings have a zone number; otherwise "
            "give it. Drawings in Xian 1980 or Beijing 1954, and those with swapped axes, are refused.\n\n"
            "Arcs, circles, ellipses and splines become polylines within the tolerance; the largest deviation "
            "reached is reported. Lines and arcs are joined end to end. Gaps up to the closing tolerance are bridged "
            "by a straight segment; larger ones are listed with handles, place and gap. An outline within another of "
            "the same layer is a hole, or a separate polygon if you choose so.\n\n"
            "Texts become attributes of the polygon that contains them. Texts in no polygon, or several for one "
            "field, are listed. The table has everything that was not taken, with handle, layer, kind, place, reason "
            "and remedy."
        ),
    )

    def initAlgorithm(self, configuration=None):
        behavior = Qgis.ProcessingFileParameterBehavior.File
        filters = f"DXF (*.dxf *.DXF);;{tr('All')} (*)"
        mapping_label = tr("Mapping of layers (layers, project, or path of a .toml file)")
        crs_label = tr("CRS of the drawing (empty: as a text in it states)")
        units_label = tr("Unit of the drawing (empty: metres, if the drawing states them)")
        self.add_parameters(
            QgsProcessingParameterFile("INPUT", tr("Drawing (DXF)"), behavior, fileFilter=filters),
            make_text_parameter("MAPPING", mapping_label, _MAPPINGS),
            QgsProcessingParameterCrs("CRS", crs_label, optional=True),
            make_text_parameter("UNITS", units_label, list(_UNITS[1:])),
        )
        number = Qgis.ProcessingNumberParameterType.Double
        for name, label, default in (
            ("TOLERANCE", tr("Tolerance of curves (m)"), DEFAULT_TOLERANCE_M),
            ("CLOSING", tr("Closing tolerance (m)"), DEFAULT_CLOSING_M),
        ):
            parameter = QgsProcessingParameterNumber(name, label, number, defaultValue=default, minValue=0.0)
            parameter.setMetadata({"widget_wrapper": {"decimals": 6}})
            self.addParameter(parameter)
        holes_label = tr("Outline within another of the same layer")
        load_label = tr("Load the layers into the project")
        self.add_parameters(
            QgsProcessingParameterEnum(
                "HOLES", holes_label, list(_HOLES), defaultValue=_HOLES[0], usesStaticStrings=True
            ),
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Database"), "GeoPackage (*.gpkg)", createByDefault=False
            ),
            QgsProcessingParameterFileDestination(
                "OUTPUT_TABLE",
                tr("Table of what was not taken"),
                "Excel (*.xlsx);;CSV (*.csv)",
                optional=True,
                createByDefault=False,
            ),
            mark_parameter_advanced(QgsProcessingParameterBoolean("LOAD", load_label, True)),
        )
        labels = tr("Layers made"), tr("Polygons"), tr("Items not taken")
        for name, label in zip(_COUNTS, labels, strict=True):
            self.addOutput(QgsProcessingOutputNumber(name, label))
        self.addOutput(QgsProcessingOutputString("REMARKS", tr("Remarks")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.exchange.drawings.import_drawing import DrawingOptions, check_import_outputs

        self.source = self.parameterAsFile(parameters, "INPUT", context).strip()
        if not self.source or not Path(self.source).is_file():
            raise InputError("source_missing", source=self.source)
        system = self.parameterAsCrs(parameters, "CRS", context)
        self.options = DrawingOptions(
            mapping=self.read_text_parameter(parameters, "MAPPING", context),
            crs_text=format_crs_for_pyproj(system) if system.isValid() else str(parameters.get("CRS") or ""),
            unit=self.read_text_parameter(parameters, "UNITS", context),
            tolerance_m=self.parameterAsDouble(parameters, "TOLERANCE", context),
            closing_m=self.parameterAsDouble(parameters, "CLOSING", context),
            hole_rule=self.parameterAsEnumString(parameters, "HOLES", context),
            lang=get_interface_language(),
        )
        self.target = self.read_target(parameters, context)
        self.table = self.parameterAsFileOutput(parameters, "OUTPUT_TABLE", context)
        self.load = self.parameterAsBool(parameters, "LOAD", context) and context.project() is not None
        check_import_outputs(self.source, self.target, self.table)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.drawings.drawing_sentences import describe_import
        from ..core.exchange.drawings.import_drawing import import_drawing

        run = run_in_python_thread(import_drawing)(
            self.source,
            self.target,
            self.table,
            options=self.options,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        remarks = log_levels(feedback, describe_import(run, get_interface_language()))
        log_written_files(feedback, [path for path in (self.target, self.table) if path])
        if self.load:
            sources = find_sources_by_layer_name(Path(self.target))
            for role, name in run.name_by_role.items():
                details = QgsProcessingContext.LayerDetails(f"{name} {role}", context.project(), "OUTPUT")
                details.forceName = True
                details.groupName = tr("Drawing {name}").format(name=Path(self.source).stem)
                details.setPostProcessor(make_post_processor(sources[role], _make_styling_action(role)))
                context.addLayerToLoadOnCompletion(sources[role], details)
        counts = len(run.polygons_by_role), run.polygon_count, len(run.left_out)
        results = {"OUTPUT": self.target, **dict(zip(_COUNTS, counts, strict=True)), "REMARKS": "\n".join(remarks)}
        return results | ({"OUTPUT_TABLE": self.table} if self.table else {})


def _make_styling_action(role):
    """Return a function that gives a loaded layer the symbols of its template."""

    def style_layer(layer, context):
        layer.setCustomProperty(IMPORTED_PROPERTY, 1)
        styles.apply_role_style(layer, role)

    return style_layer
