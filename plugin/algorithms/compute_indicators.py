# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算: compute indicators and areas by line, zone, land use and township."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsProcessingParameterFeatureSink,
)

from ..bridge.checking.figures import compute_figures, make_figures_table
from ..bridge.layers.tables import LAYER_DRIVERS
from ..bridge.printing.pdf import write_documents
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.files.writing import check_not_input
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_base_year_parameter,
    make_document_parameters,
    make_norm_parameters,
    make_progress_callback,
    make_roles_parameter,
    make_workbook_parameter,
    mark_parameter_advanced,
)
from .inputs import (
    BASE_YEAR,
    make_scope_parameter,
    make_source_parameters,
    read_plan_inputs,
)
from .outputs import LayerOutput, read_document_paths, read_workbook_path
from .report_log import log_indicators, log_options_from_project, log_written_files

OUTPUT, OUTPUT_XLSX = "OUTPUT", "OUTPUT_XLSX"
#: Outputs, and the states of indicators that each of them counts.
STATES_BY_COUNT_OUTPUT = {"BROKEN": ("broken",), "ROUNDING": ("close",), "LITTLE_LEFT": ("warning",), "MET": ("met",)}


class ComputeIndicators(SanxianAlgorithm):
    """Algorithm `compute_indicators`: write the indicators as a table and a workbook."""

    toolbox_section = "check"
    identifier = "compute_indicators"
    keywords = (
        "indicators",
        "areas",
        "targets",
        "xlsx",
        "ratio",
        "指标",
        "面积",
        "目标",
        "余量",
        "指标表",
        "扩展倍数",
        "乡镇",
    )
    title = mark_text("Compute indicators")
    help_parts = (
        mark_text(
            "Computes the indicators of a county's plan from its layers and writes them as a table and as a "
            "workbook: indicators with target, state and margin; the three control lines; the expansion "
            "ratio; planning zones; the three zones; land use of the base year and of the plan; townships. Every "
            "figure states its basis, formula and inputs. Inputs are not changed.\n\n"
            "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen "
            "layers, or all vector layers of the project, are used, including unsaved edits.\n\n"
            "Indicators that no layer provides (population, GDP, events) are listed with the data that they "
            "require. Sums by zone and by township equal the county's figure. The indicators are defined in "
            "indicators.toml of the standard."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        kind = Qgis.ProcessingSourceType.Vector
        self.add_parameters(
            *make_source_parameters(),
            *make_norm_parameters(),
            make_scope_parameter(),
            make_roles_parameter(),
            mark_parameter_advanced(make_base_year_parameter(BASE_YEAR)),
            QgsProcessingParameterFeatureSink(OUTPUT, tr("Figures"), kind, optional=True),
            make_workbook_parameter(OUTPUT_XLSX),
            *make_document_parameters(),
        )
        self.add_numeric_outputs(
            ("COMPUTED", tr("Indicators computed")),
            ("NOT_COMPUTED", tr("Indicators that no layer provides")),
            ("MET", tr("Targets met")),
            ("LITTLE_LEFT", tr("Targets met with a small margin")),
            ("ROUNDING", tr("Targets missed by rounding")),
            ("BROKEN", tr("Targets missed")),
        )

    def prepare(self, parameters, context, feedback):
        inputs = read_plan_inputs(self, parameters, context)
        self.output = LayerOutput(parameters, context, OUTPUT, tr("Figures"))
        self.output.validate_target(LAYER_DRIVERS, inputs)
        self.workbook = read_workbook_path(self, parameters, context, OUTPUT_XLSX, inputs)
        self.documents = read_document_paths(self, parameters, context, inputs)

    def execute(self, parameters, context, feedback):
        from ..core.checks.tabulate import make_figures_document, write_new_figures_workbook

        cancellation = Cancellation(feedback.isCanceled)
        log_options_from_project(feedback, self.options_from_project)
        tabulated_plan = compute_figures(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
        )
        log_indicators(feedback, tabulated_plan)
        results = {}
        check_not_input(self.workbook, list(tabulated_plan.plan.input_files))
        write_documents(
            lambda: make_figures_document(tabulated_plan),
            list(self.documents.values()),
            cancellation,
            [(self.workbook, lambda path: write_new_figures_workbook(tabulated_plan, path))],
        )
        if self.workbook:
            results[OUTPUT_XLSX] = self.workbook
        results |= self.documents
        results |= self.output.write_table(self, parameters, context, make_figures_table(tabulated_plan), cancellation)
        log_written_files(feedback, (self.workbook, *self.documents.values(), self.output.file))
        computed_indicators = tabulated_plan.indicators.compute_all_indicators()
        states = [figure.state for one in computed_indicators for figure in one.figures]
        counts = {name: sum(state in kinds for state in states) for name, kinds in STATES_BY_COUNT_OUTPUT.items()}
        missing_count = sum(not one.figures for one in computed_indicators)
        return {
            **results,
            **counts,
            "COMPUTED": len(computed_indicators) - missing_count,
            "NOT_COMPUTED": missing_count,
        }
