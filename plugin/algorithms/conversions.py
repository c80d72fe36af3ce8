# SPDX-License-Identifier: GPL-2.0-or-later
"""重编标识码、换带: write a converted copy of the data."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterEnum, QgsProcessingParameterNumber

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_report_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    mark_parameter_advanced,
)
from .inputs import make_copy_parameter, make_required_source_parameter, make_table_parameter, read_required_source
from .report_log import log_lines, log_written_files

_NUMBER_CHOICES = ("keep", "add", "strip")


class RenumberBsm(SanxianAlgorithm):
    """Algorithm `renumber_bsm`: number features again in a copy of the data."""

    toolbox_section = "layers"
    identifier = "renumber_bsm"
    keywords = ("BSM", "key", "renumber", "gap", "标识码", "重编", "编号", "空号", "对照表")
    repeatable_parameters = frozenset({"LAYERS"})
    title = mark_text("Renumber keys (BSM)")
    help_parts = (
        mark_text(
            "Writes a copy of the data in which the features of the chosen layers have new keys (BSM), in the order of "
            "the file, and a table of old and new keys. The data themselves do not change.\n\n"
            "A key is never assigned twice: new running numbers are above all numbers in use in the recognised plan "
            "layers and above those in the table of an earlier renumbering next to the data. Sealed layers, the survey "
            "and the divisions keep their keys.\n\n"
            "Waivers, work list, comparison of versions and comparison with the sealed edition follow the features by "
            "the table; next to the data (NAME.renumbered.csv) it is used automatically.\n\n"
            "List of gaps: running numbers between the keys of each layer that no feature has. Gaps are normal."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        layers = tr("Layer codes, separated by commas (empty: all that may change)")
        start = QgsProcessingParameterNumber(
            "START", tr("First running number (0: after the highest in use)"), defaultValue=0, minValue=0
        )
        self.add_parameters(
            make_required_source_parameter(),
            make_text_parameter("LAYERS", layers),
            mark_parameter_advanced(start),
            *map(mark_parameter_advanced, make_norm_parameters()),
            make_copy_parameter("OUTPUT", tr("Copy (format of the data)")),
            make_table_parameter("OUTPUT_TABLE", tr("Table of old and new keys (empty: next to the copy)")),
            make_table_parameter("OUTPUT_GAPS", tr("List of gaps")),
        )
        self.add_numeric_outputs(("ROWS", tr("Numbered features")), ("GAPS", tr("Gaps")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.exchange.conversion.renumber import RenumberOptions, check_renumber_options

        self.options = self.read_norm_options(parameters, context)
        self.source = read_required_source(self, parameters, context)
        names = "OUTPUT", "OUTPUT_TABLE", "OUTPUT_GAPS"
        outputs = [self.parameterAsFileOutput(parameters, name, context) for name in names]
        roles = tuple(self.read_names_parameter(parameters, "LAYERS", context))
        self.order = RenumberOptions(roles, *outputs, self.parameterAsInt(parameters, "START", context))
        check_renumber_options(self.source, self.order)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.conversion.renumber import describe_renumbering, renumber_keys

        run = run_in_python_thread(renumber_keys)(
            self.source,
            self.options,
            self.order,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        log_lines(feedback, describe_renumbering(run, self.options.lang))
        log_written_files(feedback, run.written)
        files = {"OUTPUT": self.order.output, "OUTPUT_TABLE": self.order.table_path, "OUTPUT_GAPS": self.order.gaps}
        rows = sum(len(keys.keys) for keys in run.new_keys)
        return {**{name: path for name, path in files.items() if path}, "ROWS": rows, "GAPS": len(run.gaps)}


class ChangeCrsZone(SanxianAlgorithm):
    """Algorithm `change_crs_zone`: write a copy of the data in another CRS zone."""

    toolbox_section = "layers"
    identifier = "change_crs_zone"
    keywords = ("zone", "CRS", "Gauss", "带号", "换带", "加带号", "去带号", "坐标系", "中央经线")
    title = mark_text("Change CRS zone")
    help_parts = (
        mark_text(
            "Writes a copy of the data with the zone number (带号) added to eastings or stripped from them, or in "
            "another 3-degree zone of CGCS2000. The data themselves do not change.\n\n"
            "The copy is read back: each vertex must be where it was on the ground (within 1 mm), else nothing is "
            "written. The table has the proof for each layer: CRS, largest move, statutory area before and after, and "
            "by how much an edge that was straight bends in the new zone.\n\n"
            "Layers in degrees stay. A layer with arcs cannot be brought into another zone: replace the arcs by "
            "vertices first (FIX017)."
        ),
    )

    def initAlgorithm(self, configuration=None):
        titles = [tr("Keep unchanged"), tr("Add to eastings"), tr("Strip from eastings")]
        zone = tr("3-degree zone, 25 to 45 (0: the central meridian stays)")
        self.add_parameters(
            make_required_source_parameter(),
            QgsProcessingParameterEnum("NUMBER", tr("Zone number"), titles, False, 0),
            QgsProcessingParameterNumber("ZONE", zone, defaultValue=0, minValue=0, maxValue=45),
            make_copy_parameter("OUTPUT", tr("Copy (format of the data)"), optional=False),
            make_table_parameter("OUTPUT_TABLE", tr("Proof: moves and areas of each layer")),
        )
        self.add_numeric_outputs(("LAYERS", tr("Converted layers")), ("MOVE", tr("Largest move of a vertex (m)")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.exchange.conversion.change_zone import ZoneNumber, check_zone_options

        self.source = read_required_source(self, parameters, context)
        self.output, self.table = (
            self.parameterAsFileOutput(parameters, name, context) for name in ("OUTPUT", "OUTPUT_TABLE")
        )
        self.zone = self.parameterAsInt(parameters, "ZONE", context)
        self.number = ZoneNumber(_NUMBER_CHOICES[self.parameterAsEnum(parameters, "NUMBER", context)])
        self.lang = get_report_language()
        check_zone_options(self.source, self.output, self.table)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.conversion.change_zone import change_crs_zone, describe_zone_change

        run = run_in_python_thread(change_crs_zone)(
            self.source,
            self.output,
            zone=self.zone,
            number=self.number,
            table=self.table,
            lang=self.lang,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        log_lines(feedback, describe_zone_change(run, self.lang))
        log_written_files(feedback, run.written)
        files = {"OUTPUT": self.output, "OUTPUT_TABLE": self.table}
        largest_move_m = max(layer.move_m for layer in run.converted)
        figures = {"LAYERS": len(run.converted), "MOVE": largest_move_m}
        return {**{name: path for name, path in files.items() if path}, **figures}
