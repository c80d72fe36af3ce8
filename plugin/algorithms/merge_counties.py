# SPDX-License-Identifier: GPL-2.0-or-later
"""汇总: gather packages of counties into the package of their city or province."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
)

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_file_parameter,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    mark_parameter_advanced,
)
from .county_inputs import make_county_parameters, make_results_parameter, make_table_filter, read_source_and_output
from .report_log import log_lines, log_written_files


class MergeCounties(SanxianAlgorithm):
    """Algorithm `merge_counties`: gather packages of counties into that of their parent."""

    toolbox_section = "package"
    identifier = "merge_counties"
    keywords = (
        "gather",
        "merge",
        "county",
        "package",
        "province",
        "city",
        "汇总",
        "汇交",
        "合并",
        "市级",
        "省级",
        "成果包",
    )
    title = mark_text("Gather packages of counties")
    help_parts = (
        mark_text(
            "Gathers the submission packages of counties into the package of their city or province. Each package is "
            "inspected; its layers are appended one after the other, read again and compared, so that only one county "
            "is in memory. Packages of counties are not changed.\n\n"
            "A package that cannot be read, that fails, or that was not inspected completely is refused: no package is "
            "made, and gathering.xlsx has the reasons. If it is to be left out, the other counties are gathered and "
            "the manifest lists those that are missing. Equal keys (BSM) of two counties stop the package unless it is "
            "forced.\n\n"
            "Layers are written in the CRS of the specification (EPSG:4490). Layers of counties in another CRS or "
            "another zone are transformed vertex by vertex, without additional vertices, and a note names layer, "
            "counties and both CRS. Layers with another code in the parent's database are renamed as "
            "the specification states ([gathering]); layers that it lacks are listed, not written. "
            "市级行政区 is joined from 县级行政区."
        ),
        mark_text(
            "Results: the package; gathering.xlsx and gathering.json with verdicts, areas of each layer by county and "
            "their sums, notes and repeated keys; the comparison of borders in the folder seams. The gathered data "
            "are not checked as a whole, so the package has no report of a check: inspect it with “Inspect a "
            "submission package”."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        from ..core.package.package_spec.read import list_package_spec_ids

        specs = list_package_spec_ids()
        folder = Qgis.ProcessingFileParameterBehavior.Folder
        documents = tr("Folder with documents, maps and tables")
        leave_out = tr("Leave out counties that cannot be gathered")
        force = tr("Force: make the package even if parts are missing or keys are repeated")
        seams = tr("Compare borders of neighbouring counties")
        county_spec = make_text_parameter("COUNTY_PACKAGE", tr("Specification of the counties (empty: county)"), specs)
        parent_profile = make_text_parameter("PARENT_PROFILE", tr("Profile of the city or province"))
        personal = QgsProcessingParameterBoolean("PERSONAL", tr("Include personal data"), defaultValue=False)
        self.add_parameters(
            *make_county_parameters(),
            make_text_parameter("PACKAGE", tr("Specification of the parent (empty: city)"), specs),
            make_text_parameter("AREA", tr("Division code of the parent (empty: from the names)")),
            QgsProcessingParameterFile("DOCUMENTS", documents, folder, optional=True),
            QgsProcessingParameterBoolean("LEAVE_OUT", leave_out, defaultValue=False),
            QgsProcessingParameterBoolean("FORCE", force, defaultValue=False),
            QgsProcessingParameterBoolean("SEAMS", seams, defaultValue=True),
            make_file_parameter("TARGETS", tr("Targets of the city or province"), make_table_filter()),
            *map(mark_parameter_advanced, (county_spec, parent_profile, personal, *make_norm_parameters())),
            make_results_parameter(),
        )
        self.add_numeric_outputs(
            ("COUNTIES", tr("Gathered counties")),
            ("REFUSED", tr("Counties that were not gathered")),
            ("ROWS", tr("Features")),
            ("SEAM_FINDINGS", tr("Findings at borders")),
        )
        self.addOutput(QgsProcessingOutputString("DIGEST", tr("SHA-256 of the manifest")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.counties.gathering.gathered_counties import GatherOptions

        source, output = read_source_and_output(self, parameters, context)
        documents = self.parameterAsString(parameters, "DOCUMENTS", context).strip()
        if documents and not Path(documents).is_dir():
            raise InputError("package_no_documents", folder=documents)
        self.options = GatherOptions(
            source,
            output,
            self.read_text_parameter(parameters, "PACKAGE", context) or "city",
            self.read_text_parameter(parameters, "COUNTY_PACKAGE", context) or "county",
            self.read_text_parameter(parameters, "AREA", context),
            Path(documents) if documents else None,
            self.read_norm_options(parameters, context),
            self.read_text_parameter(parameters, "PARENT_PROFILE", context),
            leaves_out=self.parameterAsBool(parameters, "LEAVE_OUT", context),
            is_forced=self.parameterAsBool(parameters, "FORCE", context),
            keeps_personal_fields=self.parameterAsBool(parameters, "PERSONAL", context),
            checks_seams=self.parameterAsBool(parameters, "SEAMS", context),
            targets=self.parameterAsFile(parameters, "TARGETS", context).strip(),
        )

    def execute(self, parameters, context, feedback):
        from ..core.counties.gathering.gathering_sentences import describe_county, describe_result
        from ..core.counties.gathering.run_gathering import gather_counties

        texts = Texts(self.options.check.lang)
        result, written = run_in_python_thread(gather_counties)(
            self.options, progress=make_progress_callback(feedback), cancellation=Cancellation(feedback.isCanceled)
        )
        log_lines(
            feedback, (*(describe_county(one, texts) for one in result.counties), *describe_result(result, texts))
        )
        log_written_files(feedback, written)
        return {
            "OUTPUT": str(self.options.output),
            "COUNTIES": len(result.gathered),
            "REFUSED": len(result.refused),
            "ROWS": sum(one.rows for one in result.amounts.values()),
            "SEAM_FINDINGS": len(result.seams.findings) if result.seams is not None else 0,
            "DIGEST": result.digest,
        }
