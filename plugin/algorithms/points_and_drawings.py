# SPDX-License-Identifier: GPL-2.0-or-later
"""界址点、图纸: boundary-point files to and from polygons, and drawings (DXF) to polygons."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qgis.core import (
    QgsProcessingParameterVectorDestination,
)

from ..bridge.editing.styled_layers import find_sources_by_layer_name
from ..bridge.layers import styles
from ..bridge.layers.properties import IMPORTED_PROPERTY
from ..bridge.layers.reading import read_snapshot
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.choices import DRAWING_UNITS, HOLE_RULES
from ..core.base.errors import InputError
from ..core.base.files.data import list_data_ids
from ..core.exchange.boundary_points.forms import AUTOMATIC
from ..paths import BOUNDARY_POINTS_FOLDER
from .common import SanxianAlgorithm, list_given, log_levels, log_written_files, run_in_thread
from .inputs import read_layer_parameter
from .outputs import load_layer
from .parameters import (
    LOAD,
    POLYGONS,
    WORKBOOK_FILTER,
    Parameter,
    Tool,
    declare_numbers,
    declare_texts,
    make_choice,
    make_crs,
    make_database_output,
    make_file,
    make_file_output,
    make_number,
    make_plan_layer,
    make_text,
)

#: The defaults of resources/drawings/settings.toml, compared by a test; the dialog needs them without libraries.
DEFAULT_TOLERANCE_M, DEFAULT_CLOSING_M = 0.001, 0.01
_MAPPINGS = ["layers", "project"]


_FORMAT = make_text(
    "FORMAT",
    mark_text("Format (auto, id, or path of a .toml file)"),
    lambda: [AUTOMATIC, *list_data_ids(BOUNDARY_POINTS_FOLDER)],
    default=AUTOMATIC,
)


_POINT_RESULTS = declare_numbers(
    PARCELS=mark_text("Parcels"), POINTS=mark_text("Boundary points"), LEFT_OUT=mark_text("Parcels left out")
)


class _BoundaryPointAlgorithm(SanxianAlgorithm):
    """Base class: format and CRS of boundary points, counts of parcels and points."""

    def read_format_and_crs(self, parameters, context) -> None:
        """Read the parameters FORMAT and CRS."""
        self.form_name = self.read_text_parameter(parameters, "FORMAT", context) or AUTOMATIC
        self.crs_text = self.read_crs(parameters, context)


class ImportBoundaryPoints(_BoundaryPointAlgorithm):
    """Algorithm `import_boundary_points`: polygons from a TXT, Excel or CSV file of boundary points."""

    tool = Tool(
        identifier="import_boundary_points",
        section="exchange",
        title=mark_text("Import boundary points"),
        keywords=(
            "boundary points",
            "TXT",
            "coordinates",
            "界址点",
            "勘测定界",
            "坐标文件",
            "地块坐标",
            "红线坐标",
            "导入",
            "Excel",
            "CSV",
        ),
        help_parts=(
            mark_text(
                "Reads the boundary points of parcels from a TXT file with sections, a list of points, or a table in "
                "Excel or CSV, and writes polygons in the CRS of the file. The file does not change.\n\n"
                "Automatic format: by sections and headings. The order of coordinates is not guessed: X is the "
                "northing. An office can add a format: copy a file of resources/boundary_points, change it and give "
                "its path.\n\n"
                "CRS: read from the header and the zone numbers of eastings. If the file does not state it or "
                "contradicts itself, nothing is imported until you give the CRS. Files in Xian 1980 or Beijing 1954 "
                "are refused: transformation parameters are never estimated.\n\n"
                "Each parcel has its declared area, its area in the plane and its statutory area. A parcel with an "
                "error (edges that cross, swapped coordinates, another zone, unreadable cells) is left out and "
                "reported with line or cell and remedy; the others are imported. A field of the layer keeps what the "
                "file wrote, for the export."
            ),
        ),
        parameters=(
            make_file(
                "INPUT",
                mark_text("File of boundary points"),
                mark_text("Boundary points (*.txt *.TXT *.csv *.xlsx)"),
                optional=False,
            ),
            _FORMAT,
            make_crs(mark_text("CRS of the coordinates (empty: as the file states)")),
            Parameter(
                "OUTPUT",
                mark_text("Parcels (GeoPackage)"),
                partial(QgsProcessingParameterVectorDestination, type=POLYGONS),
            ),
        ),
        results=(*_POINT_RESULTS, *declare_texts(REMARKS=mark_text("Remarks"))),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.import_points import check_import_output

        self.source = self.read_input_file(parameters, context)
        self.read_format_and_crs(parameters, context)
        self.target = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        if not self.target:
            raise InputError("output_missing")
        check_import_output(self.source, self.target)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.boundary_point_sentences import describe_import
        from ..core.exchange.boundary_points.import_points import import_boundary_points

        run = run_in_thread(
            import_boundary_points,
            feedback,
            self.source,
            self.target,
            form_name=self.form_name,
            crs_text=self.crs_text,
        )
        remarks = log_levels(feedback, describe_import(run, get_interface_language()))
        log_written_files(feedback, [self.target])
        if context.willLoadLayerOnCompletion(self.target):
            details = context.layerToLoadOnCompletionDetails(self.target)
            details.name, details.forceName = Path(self.source).stem, True
        return {
            "OUTPUT": self.target,
            "PARCELS": len(run.file.parcels),
            "POINTS": run.point_count,
            "LEFT_OUT": run.left_out_count,
            "REMARKS": "\n".join(remarks),
        }


class ExportBoundaryPoints(_BoundaryPointAlgorithm):
    """Algorithm `export_boundary_points`: write polygons as a file of boundary points."""

    tool = Tool(
        identifier="export_boundary_points",
        section="exchange",
        title=mark_text("Export boundary points"),
        keywords=(
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
        ),
        help_parts=(
            mark_text(
                "Writes the polygons of a layer as boundary points: TXT, CSV or Excel, by the suffix of the output. "
                "The layer does not change.\n\n"
                "Imported parcels whose land and attributes have not changed are written as their file wrote them: "
                "names of points, closing points, counts, decimals, blanks, encoding. Points of other parcels are "
                "numbered by the format: from the north-west corner, clockwise, holes anticlockwise; the declared area "
                "is then that in the plane, unless you have set it in the field SBMJ.\n\n"
                "Automatic format: that of the import, else the usual one. CRS: a Gauss–Krüger zone of CGCS2000; a "
                "layer in degrees needs one. Features without shape, with arcs or with an invalid shape are left out "
                "and reported."
            ),
        ),
        parameters=(
            make_plan_layer("INPUT", mark_text("Parcels")),
            _FORMAT,
            make_crs(mark_text("CRS of the coordinates (empty: that of the layer)")),
            make_file_output(
                "OUTPUT",
                mark_text("File of boundary points"),
                "TXT (*.txt);;Excel (*.xlsx);;CSV (*.csv)",
                optional=False,
            ),
        ),
        results=_POINT_RESULTS,
    )

    def prepare(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.export_points import check_export_output

        self.snapshot = read_layer_parameter(self, parameters, "INPUT", context)
        self.read_format_and_crs(parameters, context)
        self.target = self.read_target(parameters, context)
        check_export_output([self.snapshot.file_path], self.target, self.form_name)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.boundary_points.boundary_point_sentences import describe_export
        from ..core.exchange.boundary_points.export_points import export_boundary_points

        layer = run_in_python_thread(read_snapshot)(self.snapshot, cancellation=self.cancellation)
        run = run_in_thread(
            export_boundary_points, feedback, layer, self.target, form_name=self.form_name, crs_text=self.crs_text
        )
        log_levels(feedback, describe_export(run, get_interface_language()))
        log_written_files(feedback, [self.target])
        return {
            "OUTPUT": self.target,
            "PARCELS": run.parcel_count,
            "POINTS": run.point_count,
            "LEFT_OUT": run.feature_count - run.parcel_count,
        }


class ImportDrawing(SanxianAlgorithm):
    """Algorithm `import_drawing`: polygons from the closed outlines of a DXF drawing."""

    tool = Tool(
        identifier="import_drawing",
        section="exchange",
        title=mark_text("Import drawing (DXF)"),
        keywords=(
            "drawing",
            "DXF",
            "DWG",
            "CAD",
            "AutoCAD",
            "CASS",
            "图纸",
            "导入",
            "红线图",
            "块",
            "闭合",
            "多段线",
            "弧",
            "图层",
        ),
        help_parts=(
            mark_text(
                "Reads the closed outlines of a DXF drawing and writes polygons to a GeoPackage: a layer for each "
                "template of the mapping, and one for projects. The drawing does not change. A DWG must be saved as "
                "DXF in CAD.\n\n"
                "Mapping: which layer of the drawing becomes which layer. layers uses codes and names of plan layers "
                "and the usual names of site outlines; project takes all layers as projects; an office can write a "
                ".toml file (copy a file of resources/drawings). Layers without an entry are listed.\n\n"
                "Units: metres only if the drawing states them ($INSUNITS); otherwise give the unit. CRS: used without "
                "a question only if a text in the drawing states CGCS2000 and the eastings have a zone number; "
                "otherwise give it. Drawings in Xian 1980 or Beijing 1954, and those with swapped axes, are "
                "refused.\n\n"
                "Arcs, circles, ellipses and splines become polylines within the tolerance; the largest deviation "
                "reached is reported. Lines and arcs are joined end to end. Gaps up to the closing tolerance are "
                "bridged by a straight segment; larger ones are listed with handles, place and gap. An outline within "
                "another of the same layer is a hole, or a separate polygon if you choose so.\n\n"
                "Texts become attributes of the polygon that contains them. Texts in no polygon, or several for one "
                "field, are listed. The table has everything that was not taken, with handle, layer, kind, place, "
                "reason and remedy."
            ),
        ),
        parameters=(
            make_file("INPUT", mark_text("Drawing (DXF)"), "DXF (*.dxf *.DXF)", optional=False),
            make_text("MAPPING", mark_text("Mapping of layers (layers, project, or path of a .toml file)"), _MAPPINGS),
            make_crs(mark_text("CRS of the drawing (empty: as a text in it states)")),
            make_text(
                "UNITS", mark_text("Unit of the drawing (empty: metres, if the drawing states them)"), DRAWING_UNITS
            ),
            make_number("TOLERANCE", mark_text("Tolerance of curves (m)"), DEFAULT_TOLERANCE_M, decimals=6),
            make_number("CLOSING", mark_text("Closing tolerance (m)"), DEFAULT_CLOSING_M, decimals=6),
            make_choice("HOLES", mark_text("Outline within another of the same layer"), HOLE_RULES),
            make_database_output(file_filter="GeoPackage (*.gpkg)"),
            make_file_output(
                "OUTPUT_TABLE", mark_text("Table of what was not taken"), f"{WORKBOOK_FILTER};;CSV (*.csv)"
            ),
            LOAD,
        ),
        results=(
            *declare_numbers(
                LAYERS=mark_text("Layers made"), POLYGONS=mark_text("Polygons"), LEFT_OUT=mark_text("Items not taken")
            ),
            *declare_texts(REMARKS=mark_text("Remarks")),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.exchange.drawings.import_drawing import DrawingOptions, check_import_outputs

        self.source = self.read_input_file(parameters, context)
        self.options = DrawingOptions(
            mapping=self.read_text_parameter(parameters, "MAPPING", context),
            crs_text=self.read_crs(parameters, context),
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

        run = run_in_thread(import_drawing, feedback, self.source, self.target, self.table, options=self.options)
        remarks = log_levels(feedback, describe_import(run, get_interface_language()))
        log_written_files(feedback, (self.target, self.table))
        if self.load:
            sources = find_sources_by_layer_name(Path(self.target))
            group = tr("Drawing {name}").format(name=Path(self.source).stem)
            for role, name in run.name_by_role.items():
                style = partial(_style_imported_layer, role)
                load_layer(context, sources[role], f"{name} {role}", style, group=group)
        return {
            "OUTPUT": self.target,
            "LAYERS": len(run.polygons_by_role),
            "POLYGONS": run.polygon_count,
            "LEFT_OUT": len(run.left_out),
            "REMARKS": "\n".join(remarks),
            **list_given(OUTPUT_TABLE=self.table),
        }


def _style_imported_layer(role, layer, _context):
    layer.setCustomProperty(IMPORTED_PROPERTY, 1)
    styles.apply_role_style(layer, role)
