# SPDX-License-Identifier: GPL-2.0-or-later
"""建设项目合规性审查: what projects occupy, whether the plan admits them, and the verdict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessingParameterVectorDestination,
)

from ..bridge.checking.check import read_plan_snapshots
from ..bridge.layers.reading import read_snapshot
from ..bridge.printing.pdf import render_svg, write_pdf
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.errors import InputError
from ..core.base.files.data import read_toml
from ..core.standard.options import LOWER_PLANS, MIN_WIDTH_M, read_lower_plan
from ..paths import CONFORMITY_PAGE_SETTINGS
from .common import (
    SanxianAlgorithm,
    describe_norms,
    list_given,
    log_levels,
    log_written_files,
    make_progress_callback,
)
from .inputs import has_value, read_layer_parameter, read_plan_inputs, read_plan_source
from .outputs import list_report_paths, read_report_paths
from .parameters import (
    ANY_GEOMETRY,
    NORMS,
    POLYGONS,
    ROLES,
    SCOPE,
    SOURCE_AND_LAYERS,
    Parameter,
    Tool,
    declare_numbers,
    declare_texts,
    make_choice,
    make_documents,
    make_file_output,
    make_number,
    make_plan_layer,
    make_text,
    make_workbook,
    mark_advanced,
)

if TYPE_CHECKING:
    from ..core.studies.projects.reviewed_project import ConformityResult

#: Share of the progress that reading the plan takes.
_READING_SHARE = 0.3


class ProjectConformity(SanxianAlgorithm):
    """Algorithm `project_conformity`: review the projects of a layer against a county's plan."""

    tool = Tool(
        identifier="project_conformity",
        section="check",
        title=mark_text("Review projects (conformity)"),
        keywords=(
            "project",
            "conformity",
            "admission",
            "review",
            "occupied",
            "建设项目",
            "合规性审查",
            "准入",
            "占用",
            "选址",
            "用地预审",
            "占补平衡",
            "补划",
            "专项规划",
        ),
        parameters=(
            make_plan_layer("PROJECTS", mark_text("Projects"), ANY_GEOMETRY),
            make_number(
                "WIDTH", mark_text("Width of lines, diameter of points without a field (m)"), minValue=MIN_WIDTH_M
            ),
            make_text("USE", mark_text("Use of projects without a field: code or name")),
            make_choice(
                "LOWER_PLAN",
                mark_text("Projects are the planned parcels of another plan"),
                LOWER_PLANS,
            ),
            make_plan_layer("BOUNDARY", mark_text("Boundary of that plan"), optional=True),
            make_file_output("PROJECT_LIST", mark_text("List of projects (rows are added)"), "GeoPackage (*.gpkg)"),
            *SOURCE_AND_LAYERS,
            *NORMS,
            *mark_advanced(SCOPE),
            ROLES,
            Parameter(
                "OUTPUT",
                mark_text("Occupied parts (GeoPackage)"),
                partial(QgsProcessingParameterVectorDestination, type=POLYGONS, optional=True, createByDefault=False),
            ),
            make_file_output(
                "OUTPUT_USE_CONTROL", mark_text("Layer of use control (GeoPackage)"), "GeoPackage (*.gpkg)"
            ),
            make_workbook(),
            *make_documents(
                mark_text("Opinion to be signed (PDF)"),
                mark_text("Opinion to be signed (Word)"),
                mark_text("Opinion (HTML)"),
                mark_text("Result (JSON)"),
            ),
        ),
        results=(
            *declare_numbers(
                PROJECT_COUNT=mark_text("Projects reviewed"),
                CONFORM=mark_text("Projects that conform"),
                CONDITIONAL=mark_text("Projects that conform under conditions"),
                FAIL=mark_text("Projects that do not conform"),
                UNDETERMINED=mark_text("Undetermined projects"),
                LEFT_OUT=mark_text("Rows left out"),
            ),
            *declare_texts(REMARKS=mark_text("Remarks")),
        ),
    )

    def shortHelpString(self):
        text = tr(
            "Compares projects with a county's plan: land occupied in permanent basic farmland (net area), cultivated "
            "land, the red line, the urban boundary, heritage, reserves, minerals, flood and hazards; planning zones "
            "with admission (准入) of the use; land classes and ownership; townships and main functions; farmland to "
            "supplement and cultivated land to compensate; the notice on archaeology before land is supplied. "
            "Inputs are not changed.\n\n"
            "Projects: polygons, lines or points of a layer; its selected features alone if you tick that. A line "
            "becomes land of its width (field KD or 宽度, else WIDTH), with flat ends; a point the circle of this "
            "diameter. Fields such as 项目名称, 规划用途, 供地方式, 申报面积 and 批准文号 are found by name; imported "
            "boundary points have them.\n\n"
            "Verdict: 不符合, 未能判定, 有条件 or 符合, by the gravest item, with rule, source and mark. A missing "
            "layer is 未能判定, never 符合. The admission table is admission.csv of the standard; a county replaces it "
            "in its profile ([projects] admission). Without a row for zone and use: 未能判定. A row of mark C never "
            "gives 符合. Land outside the urban boundary alone is not 不符合. Occupied permanent basic farmland is "
            "不符合, with the number of an approving document 有条件.\n\n"
            "A project that cannot be reviewed (no shape, no width, outside the county) is left out and reported with "
            "row, field and remedy; the others are reviewed.\n\n"
            "PROJECT_LIST keeps all reviewed projects with their state (field ZT: 已审查, 已批准 or 已撤回), and sums "
            "what they occupy by line and township against the margin of the targets. Its rows are kept."
        )
        lower_plan = tr(
            "LOWER_PLAN: the rows are the planned parcels of a detailed plan (detailed) or of a village plan "
            "(village). Parcels of construction are reviewed one by one; all of them are compared with BOUNDARY (gaps, "
            "land outside, overlaps) and summed by use, and for a village plan with the limits of the flexible quota "
            "and of rural industry (profile, [lower_plan])."
        )
        opinion = tr(
            "The opinion to be signed has one to three pages for each project: facts, verdict, control lines with "
            "rule, source and mark, a map with numbered places and without coordinates, land classes, zones with "
            "admission, supplements, what is missing, and fields for signatures. Several projects have a table of all "
            "before their pages; of many projects the first {count} have pages."
        ).format(count=read_toml(CONFORMITY_PAGE_SETTINGS)["max_projects"])
        return f"{text}\n\n{lower_plan}\n\n{opinion}\n\n{describe_norms()}"

    def prepare(self, parameters, context, feedback):
        from ..core.studies.projects.write_review import check_conformity_outputs

        self.projects = read_layer_parameter(self, parameters, "PROJECTS", context)
        if self.projects is None:
            raise InputError("projects_missing")
        data, *facts = read_plan_source(self, parameters, context)
        if not isinstance(data, str):
            # The projects are not a layer of the plan.
            data = [shot for shot in data if shot.layer_id != self.projects.layer_id]
        inputs = read_plan_inputs(self, parameters, context, (data, *facts))
        parts = self.parameterAsOutputLayer(parameters, "OUTPUT", context) if has_value(parameters, "OUTPUT") else ""
        self.outputs = read_report_paths(self, parameters, context, findings=parts)
        self.project_list, self.use_control = (
            self.parameterAsFileOutput(parameters, name, context) for name in ("PROJECT_LIST", "OUTPUT_USE_CONTROL")
        )
        self.boundary = read_layer_parameter(self, parameters, "BOUNDARY", context)
        if self.boundary is not None:
            inputs = [*inputs, self.boundary.file_path]
        check_conformity_outputs(self.outputs, [self.projects.file_path, *inputs], self.project_list, self.use_control)

    def execute(self, parameters, context, feedback):
        from ..core.studies.projects.review_sentences import describe_result
        from ..core.studies.projects.run_review import review_projects
        from ..core.studies.projects.write_review import write_conformity_outputs

        @run_in_python_thread
        def review() -> ConformityResult:
            layer = read_snapshot(self.projects, cancellation=self.cancellation)
            boundary = self.boundary and read_snapshot(self.boundary, cancellation=self.cancellation)
            lower_plan = read_lower_plan(self.parameterAsEnumString(parameters, "LOWER_PLAN", context))
            data, options = read_plan_snapshots(
                self.path_or_snapshots,
                self.options,
                make_progress_callback(feedback, end=_READING_SHARE),
                self.cancellation,
            )
            begun = 0.0 if isinstance(self.path_or_snapshots, str) else _READING_SHARE
            result = review_projects(
                layer,
                data,
                options,
                width_m=self.read_number(parameters, "WIDTH", context),
                use=self.read_text_parameter(parameters, "USE", context),
                project_list=self.project_list,
                lower_plan=lower_plan,
                boundary=boundary,
                source=self.origin,
                progress=make_progress_callback(feedback, begun),
                cancellation=self.cancellation,
            )
            write_conformity_outputs(
                result,
                self.outputs,
                self.cancellation,
                use_control=self.use_control,
                print_pdf=lambda document, path: write_pdf(document, path, cancellation=self.cancellation),
                rasterise=render_svg,
            )
            return result

        result = review()
        remarks = log_levels(feedback, describe_result(result, self.options.lang))
        more = [self.project_list, self.use_control]
        log_written_files(feedback, [*self.outputs.list_paths(), *filter(None, more)])

        return {
            **list_given(
                OUTPUT=self.outputs.findings, PROJECT_LIST=self.project_list, OUTPUT_USE_CONTROL=self.use_control
            ),
            **list_report_paths(self.outputs),
            "CONFORM": result.count("conforms"),
            "CONDITIONAL": result.count("conditional"),
            "FAIL": result.count("fails"),
            "UNDETERMINED": result.count("undetermined"),
            "PROJECT_COUNT": len(result.results),
            "LEFT_OUT": result.left_out_count,
            "REMARKS": "\n".join(remarks),
        }
