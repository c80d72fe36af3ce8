# SPDX-License-Identifier: GPL-2.0-or-later
"""Algorithm 年度动态维护: write the changes of a year between two databases."""

from __future__ import annotations

from datetime import date

from qgis.core import (
    Qgis,
    QgsProcessingOutputString,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
)

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.connection_text import is_connection
from ..core.base.errors import InputError
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_norm_parameters,
    make_progress_callback,
    mark_parameter_advanced,
)
from .inputs import check_source, make_file_or_folder_parameter
from .report_log import log_written_files, log_yearly_update


class YearlyUpdateAlgorithm(SanxianAlgorithm):
    """Algorithm `yearly_update`: compare the filed database with the current one."""

    toolbox_section = "yearly"
    identifier = "yearly_update"
    keywords = (
        "yearly",
        "maintenance",
        "年度动态维护",
        "动态维护",
        "更新",
        "调入",
        "调出",
        "属性变更",
        "WHQ",
        "WHC",
        "WHH",
    )
    title = mark_text("Yearly maintenance package")
    help_parts = (
        mark_text(
            "Compares the current database with the edition filed with the ministry and writes the geodatabase "
            "of yearly maintenance: three classes for each maintained layer that changed, before (WHQ), change "
            "(WHC) and after (WHH). The inputs are not changed.\n\n"
            "Zones and uses: parcels whose code changed. City lines, flood and heritage lines: land that moved "
            "in or out. Every change has a number; reason, source of flexible quota and kind of expansion "
            "accounting are left empty for manual entry. Changes of a kind that the layer does not allow are "
            "reported, not written.\n\n"
            "The balance of areas by layer, zone and township (xlsx, JSON) is written to the same folder. An "
            "existing geodatabase is not replaced, because reasons may have been entered."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        year = QgsProcessingParameterNumber(
            "YEAR", tr("Year"), Qgis.ProcessingNumberParameterType.Integer, date.today().year, False, 2000, 2099
        )
        folder = tr("Folder in which the geodatabase is made")
        self.add_parameters(
            make_file_or_folder_parameter("FILED", tr("Filed database (.gdb, .gpkg or folder)"), optional=False),
            make_file_or_folder_parameter("CURRENT", tr("Current database (.gdb, .gpkg or folder)"), optional=False),
            year,
            *map(mark_parameter_advanced, make_norm_parameters()),
            QgsProcessingParameterFolderDestination("OUTPUT", folder, createByDefault=False),
        )
        self.addOutput(QgsProcessingOutputString("DATABASE", tr("Geodatabase")))
        self.add_numeric_outputs(
            ("COUNT_IN", tr("Polygons moved in")),
            ("COUNT_OUT", tr("Polygons moved out")),
            ("COUNT_CHANGED", tr("Polygons with changed attributes")),
            ("LAYERS", tr("Layers that changed")),
        )

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        self.options = self.read_norm_options(parameters, context)
        self.sources = [self.parameterAsFile(parameters, name, context).strip() for name in ("FILED", "CURRENT")]
        for source in filter(is_connection, self.sources):
            check_source(source)
        self.year = self.parameterAsInt(parameters, "YEAR", context)
        self.folder = self.parameterAsString(parameters, "OUTPUT", context).strip()
        if not self.folder:
            raise InputError("package_no_output")

    def execute(self, parameters, context, feedback):
        from ..core.studies.yearly.make import compute_and_write_update

        yearly_update, written_update = run_in_python_thread(compute_and_write_update)(
            *self.sources,
            self.year,
            self.folder,
            self.options,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        log_yearly_update(feedback, yearly_update, written_update)
        log_written_files(feedback, [str(path) for path in written_update.written_files])
        counts = {f"COUNT_{kind.upper()}": count for kind, count in yearly_update.change_counts.items()}
        return {
            "OUTPUT": self.folder,
            "DATABASE": str(written_update.written_files[0]),
            "LAYERS": len(yearly_update.changed_layers),
            **counts,
        }
