# SPDX-License-Identifier: GPL-2.0-or-later
"""版本对比: compare two editions of a layer: land moved in, moved out and changed."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
)

from ..bridge.checking.plan_comparisons import compare_versions, make_changed_areas_table
from ..bridge.layers.tables import LAYER_DRIVERS
from ..bridge.printing.pdf import write_documents
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_document_parameters,
    make_file_parameter,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    make_workbook_parameter,
    mark_parameter_advanced,
)
from .inputs import make_polygon_layer_parameter, read_layer_parameter
from .outputs import LayerOutput, read_document_paths, read_workbook_path
from .report_log import log_comparison, log_written_files

BEFORE, AFTER, TOWNSHIPS, ROLE, RENUMBERED = "BEFORE", "AFTER", "TOWNSHIPS", "ROLE", "RENUMBERED"
OUTPUT, OUTPUT_XLSX = "OUTPUT", "OUTPUT_XLSX"


class CompareVersions(SanxianAlgorithm):
    """Algorithm `compare_versions`: compare two versions of a layer."""

    toolbox_section = "check"
    identifier = "compare_versions"
    keywords = ("versions", "sealed", "compare", "difference", "版本对比", "封库", "一致性", "调入", "调出", "属性变更")
    title = mark_text("Compare editions")
    help_parts = (
        mark_text(
            "Compares two editions of a layer, such as the sealed one and the plan's: land that moved in, moved "
            "out, or has other attributes, each with statutory area (and net area where the layer has it), by "
            "township; and whether the two editions are identical. The inputs are not changed.\n\n"
            "Features are paired by key (BSM) and by shape; features without a pair are overlaid. The order of "
            "features, the start and direction of rings, another coordinate system and differences below the "
            "cluster tolerance are not changes; all other differences are. An edition that is shifted as a whole is "
            "compared without the shift, which is stated in metres.\n\n"
            "Townships: with their layer, figures are also given by township; land is divided at township "
            "borders. Table of old and new keys: for features that were renumbered between the editions.\n\n"
            "The workbook has the balance (before − out + in = after), the townships, and every part with a "
            "cause and a document to fill in; the layer has the same parts."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        for name, label in ((BEFORE, tr("Earlier edition")), (AFTER, tr("Later edition"))):
            self.addParameter(make_polygon_layer_parameter(name, label))
        roles = sorted(role for role, one in load_standard().templates.items() if one.geometry == "polygon")
        table = tr("Table of old and new keys")
        self.add_parameters(
            make_text_parameter(ROLE, tr("Role of the layer (empty: recognised)"), roles),
            make_polygon_layer_parameter(TOWNSHIPS, tr("Townships"), optional=True),
            mark_parameter_advanced(make_file_parameter(RENUMBERED, table, "CSV (*.csv)")),
            *map(mark_parameter_advanced, make_norm_parameters()),
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Moved or changed parts"), Qgis.ProcessingSourceType.VectorPolygon, optional=True
            ),
            make_workbook_parameter(OUTPUT_XLSX),
            *make_document_parameters(),
        )
        self.add_numeric_outputs(
            ("AREA_IN", tr("Moved in (m²)")),
            ("AREA_OUT", tr("Moved out (m²)")),
            ("AREA_CHANGED", tr("Changed attributes (m²)")),
            ("PARTS", tr("Parts")),
            ("SHIFT_EAST", tr("Shift of the whole edition to the east (m)")),
            ("SHIFT_NORTH", tr("Shift of the whole edition to the north (m)")),
            ("SHIFT_ROWS", tr("Features that differ by the shift only")),
        )
        self.addOutput(QgsProcessingOutputBoolean("IDENTICAL", tr("Identical")))
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))

    def prepare(self, parameters, context, feedback):
        self.options = self.read_norm_options(parameters, context)
        self.layer_snapshots = [
            read_layer_parameter(self, parameters, name, context) for name in (BEFORE, AFTER, TOWNSHIPS)
        ]
        if self.layer_snapshots[0] is None or self.layer_snapshots[1] is None:
            raise InputError("no_layers")
        if self.layer_snapshots[0].layer_id and self.layer_snapshots[0].layer_id == self.layer_snapshots[1].layer_id:
            # QGIS replaces the path of a project layer by that layer, including its edits.
            if context.project() is not None and context.project().mapLayer(self.layer_snapshots[0].layer_id):
                raise InputError("versions_same_layer", layer=self.layer_snapshots[0].name)
            raise InputError("versions_same_file", file=Path(self.layer_snapshots[0].file_path).name)
        self.role = self.read_text_parameter(parameters, ROLE, context)
        self.renumbered = self.read_text_parameter(parameters, RENUMBERED, context)
        inputs = [shot.file_path for shot in self.layer_snapshots if shot is not None] + [
            p for p in [self.renumbered] if p
        ]
        self.output = LayerOutput(parameters, context, OUTPUT, tr("Moved or changed parts"))
        self.output.validate_target(LAYER_DRIVERS, inputs)
        self.workbook = read_workbook_path(self, parameters, context, OUTPUT_XLSX, inputs)
        self.documents = read_document_paths(self, parameters, context, inputs)

    def execute(self, parameters, context, feedback):
        from ..core.render.versions.comparison_tables import make_comparison_document, write_comparison_workbook

        cancellation, lang = Cancellation(feedback.isCanceled), self.options.lang
        plan_comparison = compare_versions(
            *self.layer_snapshots,
            self.options,
            role=self.role,
            renumbered=self.renumbered,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
        )
        log_comparison(feedback, plan_comparison)
        results = {}
        write_documents(
            lambda: make_comparison_document(plan_comparison, Texts(lang)),
            list(self.documents.values()),
            cancellation,
            [(self.workbook, lambda path: write_comparison_workbook(plan_comparison, path, Texts(lang)))],
        )
        if self.workbook:
            results[OUTPUT_XLSX] = self.workbook
        results |= self.documents
        results |= self.output.write_table(
            self, parameters, context, make_changed_areas_table(plan_comparison, lang), cancellation
        )
        log_written_files(feedback, (self.workbook, *self.documents.values(), self.output.file))
        comparison = plan_comparison.comparison
        areas = {f"AREA_{kind.upper()}": comparison.sum_area_m2(kind) for kind in ("in", "out", "changed")}
        shift = comparison.shift
        shift_results = {
            "SHIFT_EAST": shift.east_m if shift else 0.0,
            "SHIFT_NORTH": shift.north_m if shift else 0.0,
            "SHIFT_ROWS": shift.row_count if shift else 0,
        }
        verdict = "identical" if comparison.is_identical else "different"
        return {
            **results,
            **areas,
            **shift_results,
            "PARTS": len(comparison.changed_pieces),
            "IDENTICAL": comparison.is_identical,
            "VERDICT": verdict,
        }
