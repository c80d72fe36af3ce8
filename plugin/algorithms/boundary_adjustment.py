# SPDX-License-Identifier: GPL-2.0-or-later
"""局部优化: a control line before and after a change, parcel by parcel, with criteria and dossier."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
)

from ..bridge.checking.plan_comparisons import compare_line, make_dossier, make_parcels_table
from ..bridge.layers.tables import LAYER_DRIVERS
from ..bridge.printing.pdf import write_documents
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError, OutputError
from ..core.base.files.writing import check_writable
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_document_parameters,
    make_norm_parameters,
    make_progress_callback,
    make_roles_parameter,
    make_text_parameter,
    make_workbook_parameter,
)
from .inputs import (
    make_file_or_folder_parameter,
    make_source_parameters,
    read_plan_inputs,
)
from .outputs import LayerOutput, read_document_paths, read_workbook_path
from .report_log import log_lines, log_options_from_project, log_written_files

BEFORE, LINE, OUTPUT, OUTPUT_XLSX, OUTPUT_HTML = "BEFORE", "LINE", "OUTPUT", "OUTPUT_XLSX", "OUTPUT_HTML"
#: The lines that may be compared; the same as in the core, which needs libraries that may be missing.
_LINES = ["boundary", "farmland", "red_line"]


class BoundaryAdjustment(SanxianAlgorithm):
    """Algorithm `boundary_adjustment`: write the dossier of a change of a control line."""

    toolbox_section = "check"
    identifier = "boundary_adjustment"
    keywords = ("adjustment", "boundary", "dossier", "局部优化", "调入", "调出", "城镇开发边界", "论证", "扩展倍数")
    title = mark_text("Adjustment dossier")
    help_parts = (
        mark_text(
            "Compares a control line (城镇开发边界, 永久基本农田 or 生态保护红线) of an earlier edition with that of "
            "a county: every connected part of the difference is a parcel that moved in or out, with its township, "
            "statutory area, land classes, ownership, farmland, cultivated land and other lines that it takes, and "
            "zones before and after. The inputs are not changed.\n\n"
            "Earlier edition: the sealed edition, or a former file of the layer or the county. If it has the other "
            "lines and the planning zones too, they are used.\n\n"
            "Criteria: area and expansion ratio are not increased; no permanent basic farmland and no ecological red "
            "line is taken; the cultivated net area is not increased; parcels moved in are large enough and adjoin "
            "the line. Thresholds are settings of the profile ([adjustment]). Those of mark C, read in no text, "
            "give at best a conditional outcome. Data that are missing are named, and their criteria are not "
            "determined. Slivers below both minimums of the tolerance are counted, not listed.\n\n"
            "Results: a layer of the parcels, a workbook, and the dossier with a map (Word, PDF, HTML)."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        line = tr("Control line (empty: urban development boundary)")
        self.add_parameters(
            make_file_or_folder_parameter(BEFORE, tr("Earlier edition: file or folder"), optional=False),
            *make_source_parameters(),
            *make_norm_parameters(),
            make_text_parameter(LINE, line, _LINES),
            make_roles_parameter(),
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Parcels moved in and out"), Qgis.ProcessingSourceType.VectorPolygon, optional=True
            ),
            make_workbook_parameter(OUTPUT_XLSX),
            *make_document_parameters(),
            QgsProcessingParameterFileDestination(
                OUTPUT_HTML, tr("Dossier (HTML)"), "HTML (*.html)", optional=True, createByDefault=False
            ),
        )
        self.add_numeric_outputs(
            ("AREA_IN", tr("Moved in (m²)")),
            ("AREA_OUT", tr("Moved out (m²)")),
            ("PARCELS_IN", tr("Parcels moved in")),
            ("PARCELS_OUT", tr("Parcels moved out")),
        )
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))

    def prepare(self, parameters, context, feedback):
        self.before = self.parameterAsFile(parameters, BEFORE, context).strip()
        if not Path(self.before).exists():
            raise InputError("source_missing", source=self.before)
        inputs = [*read_plan_inputs(self, parameters, context), self.before]
        self.line = self.read_text_parameter(parameters, LINE, context) or _LINES[0]
        self.output = LayerOutput(parameters, context, OUTPUT, tr("Parcels moved in and out"))
        self.output.validate_target(LAYER_DRIVERS, inputs)
        self.workbook = read_workbook_path(self, parameters, context, OUTPUT_XLSX, inputs)
        self.documents = read_document_paths(self, parameters, context, inputs)
        self.page = self.parameterAsFileOutput(parameters, OUTPUT_HTML, context)
        if self.page:
            if Path(self.page).suffix.lower() != ".html":
                raise OutputError("output_format", target=self.page, known=".html")
            check_writable(self.page, inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.adjustment.adjustment_result import AdjustmentOptions
        from ..core.studies.adjustment.adjustment_tables import (
            describe_reason,
            describe_verdict,
            list_missing_sentences,
        )
        from ..core.studies.adjustment.write_adjustment import write_adjustment_workbook

        cancellation = Cancellation(feedback.isCanceled)
        log_options_from_project(feedback, self.options_from_project)
        result = compare_line(
            self.path_or_snapshots,
            AdjustmentOptions(self.before, self.line, self.options),
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
        )
        texts = Texts(result.lang)
        feedback.pushInfo(describe_verdict(result, texts))
        for one in result.criteria:
            outcome = texts.get("adjustment_outcomes", str(one.outcome))
            name, reason = texts.get("adjustment_criteria", one.id), describe_reason(one, texts)
            feedback.pushInfo(f"{outcome}  {name}  {reason}".rstrip())
        log_lines(feedback, list_missing_sentences(result, texts))
        results = {}
        write_documents(
            lambda: make_dossier(result, cancellation),
            [*self.documents.values(), self.page],
            cancellation,
            [(self.workbook, lambda path: write_adjustment_workbook(result, path, texts))],
        )
        if self.page:
            results[OUTPUT_HTML] = self.page
        if self.workbook:
            results[OUTPUT_XLSX] = self.workbook
        results |= self.documents
        results |= self.output.write_table(self, parameters, context, make_parcels_table(result), cancellation)
        log_written_files(feedback, (self.workbook, *self.documents.values(), self.page, self.output.file))
        return {
            **results,
            "AREA_IN": result.comparison.sum_area_m2("in"),
            "AREA_OUT": result.comparison.sum_area_m2("out"),
            "PARCELS_IN": len(result.list_parcels("in")),
            "PARCELS_OUT": len(result.list_parcels("out")),
            "VERDICT": str(result.verdict),
        }
