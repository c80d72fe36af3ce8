# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算: compute indicators and areas by line, zone, land use and township."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsProcessingParameterFeatureSink,
)

from ..bridge.checking.figures import figures_table, tabulate, write_workbook
from ..bridge.layers.tables import LAYER_FILES
from ..bridge.texts import tr
from ..core.cancellation import Cancellation
from ..core.standard import load_standard
from .common import (
    SanxianAlgorithm,
    advanced,
    base_year_parameter,
    norm_help,
    norm_parameters,
    progress_to,
    text_parameter,
    workbook_parameter,
)
from .inputs import BASE_YEAR, ROLES, SCOPE, fill_from_county, plan_options, plan_source, source_parameters
from .outputs import LayerOutput, workbook_of
from .report_log import log_county, log_figures, log_written_files

OUTPUT, OUTPUT_XLSX = "OUTPUT", "OUTPUT_XLSX"
#: Outputs, and the states of indicators that each of them counts.
COUNTS = {"BROKEN": ("broken",), "ROUNDING": ("close",), "LITTLE_LEFT": ("warning",), "MET": ("met",)}


class ComputeIndicators(SanxianAlgorithm):
    """Algorithm `compute_indicators`: write the indicators as a table and a workbook."""

    section = "check"
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

    def displayName(self):
        return tr("Compute indicators")

    def shortHelpString(self):
        text = tr(
            "Computes the indicators of a county's plan from its layers and writes them as a table and as a "
            "workbook: indicators with target, state and remainder; the three control lines; the expansion "
            "ratio; planning zones; the three zones; land use of the base year and of the plan; townships. Every "
            "figure states its basis, formula and inputs. Inputs are not changed.\n\n"
            "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen "
            "layers, or all vector layers of the project, are used, including unsaved edits.\n\n"
            "Indicators that no layer provides (population, GDP, events) are listed with the data that they "
            "require. Sums by zone and by township equal the county's figure. The indicators are defined in "
            "indicators.toml of the standard."
        )
        return f"{text}\n\n{norm_help()}"

    def initAlgorithm(self, configuration=None):
        for parameter in [*source_parameters(), *norm_parameters()]:
            self.addParameter(parameter)
        self.addParameter(text_parameter(SCOPE, tr("Scope of the delivery"), list(load_standard().scopes)))
        self.addParameter(advanced(text_parameter(ROLES, tr("Roles: ROLE=layer;… or a file"))))
        self.addParameter(advanced(base_year_parameter(BASE_YEAR)))
        kind = Qgis.ProcessingSourceType.Vector
        self.addParameter(QgsProcessingParameterFeatureSink(OUTPUT, tr("Figures"), kind, optional=True))
        self.addParameter(workbook_parameter(OUTPUT_XLSX))
        self.add_numbers(
            ("COMPUTED", tr("Indicators computed")),
            ("NOT_COMPUTED", tr("Indicators that no layer provides")),
            ("MET", tr("Targets met")),
            ("LITTLE_LEFT", tr("Targets met with a small remainder")),
            ("ROUNDING", tr("Targets missed by rounding")),
            ("BROKEN", tr("Targets missed")),
        )

    def prepare(self, parameters, context, feedback):
        self.what, self.origin, inputs, chosen = plan_source(self, parameters, context)
        given = plan_options(self, parameters, context)
        self.options, self.taken = fill_from_county(given, self.what, context.project(), not chosen)
        self.output = LayerOutput(parameters, context, OUTPUT, tr("Figures"))
        self.output.check(LAYER_FILES, inputs)
        self.workbook = workbook_of(self, parameters, context, OUTPUT_XLSX, inputs)

    def execute(self, parameters, context, feedback):
        cancellation = Cancellation(feedback.isCanceled)
        log_county(feedback, self.taken)
        done = tabulate(
            self.what, self.options, source=self.origin, progress=progress_to(feedback), cancellation=cancellation
        )
        log_figures(feedback, done)
        results = {}
        if self.workbook:
            write_workbook(done, self.workbook, cancellation)
            results[OUTPUT_XLSX] = self.workbook
        results |= self.output.write(self, parameters, context, figures_table(done), cancellation)
        log_written_files(feedback, (self.workbook, self.output.file))
        computed = done.figures.all()
        states = [figure.state for one in computed for figure in one.figures]
        counts = {name: sum(state in kinds for state in states) for name, kinds in COUNTS.items()}
        missing = sum(not one.figures for one in computed)
        return {**results, **counts, "COMPUTED": len(computed) - missing, "NOT_COMPUTED": missing}
