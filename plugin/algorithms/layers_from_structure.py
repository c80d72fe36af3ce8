# SPDX-License-Identifier: GPL-2.0-or-later
"""按属性结构表建库: create a database and a standard from attribute structures (xlsx)."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsProcessingOutputNumber,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from ..bridge import health
from ..bridge.layers.properties import format_crs_for_pyproj
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, make_standard_parameter
from .inputs import make_existing_database_parameter
from .report_log import log_created_layers


class LayersFromStructure(SanxianAlgorithm):
    """Algorithm `layers_from_structure`: create layers that a workbook describes."""

    toolbox_section = "layers"
    identifier = "layers_from_structure"
    keywords = ("create", "database", "template", "xlsx", "属性结构描述表", "建库", "模板", "字段表")
    title = mark_text("Layers from a table of attribute structures")
    help_parts = (
        mark_text(
            "Creates an empty database from a table of attribute structures (xlsx): one row for each field, with "
            "columns such as layer code, field code, field name, field type, length, decimals, domain, "
            "constraint. If there is no column for the layer, each sheet is one layer.\n\n"
            "Geometry: a column of the table, or else the geometry type of the layer with this code in the "
            "standard. A domain with the name of a code list becomes a coded domain; others are listed in the log.\n\n"
            "Nothing is guessed: merged cells, a missing column or an unknown type stop the run, with a message "
            "that names sheet and row.\n\n"
            "Custom standard: a new folder with a template for each layer. Enter its path as the standard in "
            "other tools, and edit the templates there.\n\n"
            "Coordinate system: choose one, or enter a county to use its zone."
        ),
    )

    def initAlgorithm(self, configuration=None):
        self.add_parameters(
            QgsProcessingParameterFile(
                "SOURCE",
                tr("Table of attribute structures"),
                Qgis.ProcessingFileParameterBehavior.File,
                fileFilter="Excel (*.xlsx)",
            ),
            QgsProcessingParameterString("COUNTY", tr("County (code or name)"), optional=True),
            QgsProcessingParameterCrs("CRS", tr("Coordinate system (empty: the county's)"), optional=True),
            make_existing_database_parameter("EXISTING"),
            make_standard_parameter(),
            QgsProcessingParameterFolderDestination(
                "FOLDER", tr("Custom standard (new folder)"), optional=True, createByDefault=False
            ),
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Database"), "GeoPackage (*.gpkg);;FileGDB (*.gdb)", createByDefault=False
            ),
        )
        self.addOutput(QgsProcessingOutputNumber("LAYERS", tr("Layers made")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        self.standard = load_standard(self.read_text_parameter(parameters, "STANDARD", context) or "county_db")
        self.source = self.parameterAsFile(parameters, "SOURCE", context).strip()
        self.county = self.read_text_parameter(parameters, "COUNTY", context)
        system = self.parameterAsCrs(parameters, "CRS", context)
        self.crs_given = str(parameters.get("CRS") or "") if not system.isValid() else format_crs_for_pyproj(system)
        self.existing = self.parameterAsEnumString(parameters, "EXISTING", context)
        self.folder = self.parameterAsFileOutput(parameters, "FOLDER", context) if parameters.get("FOLDER") else ""
        self.target = self.read_target(parameters, context)

    def execute(self, parameters, context, feedback):
        structure, created_layers, crs, notice = self._create_layers(Cancellation(feedback.isCanceled))
        texts = Texts(get_interface_language())
        log_created_layers(feedback, created_layers, crs, notice, texts)
        for note in structure.unknown_domains:
            feedback.pushWarning(
                texts.get(
                    "toolbox", "structure_domain", sheet=note.sheet_name, row=note.row_number, value=note.domain_name
                )
            )
        if self.folder:
            feedback.pushInfo(texts.get("toolbox", "structure_standard", folder=self.folder))
        return {"OUTPUT": self.target, "FOLDER": self.folder, "LAYERS": len(created_layers.created_names)}

    @run_in_python_thread
    def _create_layers(self, cancellation: Cancellation):
        from ..core.exchange.structure_table import choose_plan_crs, create_from_structure, read_structure
        from ..core.geometry.crs import make_crs_label

        structure = read_structure(self.source, self.standard)
        crs, notice = choose_plan_crs(self.crs_given, self.county)
        created_layers = create_from_structure(
            structure,
            self.standard,
            self.target,
            crs,
            existing=self.existing,
            folder=self.folder,
            cancellation=cancellation,
        )
        return structure, created_layers, make_crs_label(crs), notice
