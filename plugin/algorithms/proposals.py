# SPDX-License-Identifier: GPL-2.0-or-later
"""补划选址, 边界调优, 方案对比: propose drafts that put a plan right, and compare drafts."""

from pathlib import Path

from qgis.core import QgsProcessing

from ..bridge.checking.proposals import make_draft_table, make_land_table, run_study
from ..bridge.printing.pdf import render_svg
from ..bridge.texts import mark_text, tr
from ..core.base.choices import ADJUSTED_LINES, BOUNDARY_MODES, BOUNDARY_PREFERENCES, SUPPLEMENT_PREFERENCES
from ..core.base.errors import InputError
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, describe_norms, log_lines, log_warnings, make_progress_callback
from .inputs import read_plan_inputs
from .outputs import LayerOutput, StudyOutputs
from .parameters import (
    NORMS,
    POLYGONS,
    ROLES,
    SIGNED_TABLES,
    SOURCE_AND_LAYERS,
    Tool,
    declare_flags,
    declare_numbers,
    make_file_or_folder,
    make_layer_output,
    make_layers,
    make_text,
    make_workbook,
)


class ProposeSupplement(SanxianAlgorithm):
    """Algorithm `propose_supplement`: propose parcels that replace permanent basic farmland that is taken."""

    tool = Tool(
        identifier="propose_supplement",
        section="check",
        title=mark_text("Propose supplements"),
        keywords=("supplement", "farmland", "propose", "补划", "选址", "永久基本农田", "储备区", "占用"),
        help_parts=(
            mark_text(
                "Chooses parcels of the reserve (永久基本农田储备区) that replace permanent basic farmland that is "
                "taken: the same net area, no worse class, grade and slope, by township as far as possible. The result "
                "is a draft that the county decides on. The inputs are not changed.\n\n"
                "Taken land: a layer of polygons (its net areas, else what it covers of 永久基本农田), or a table with "
                "net area, class, township and grades.\n\n"
                "Land in the control lines, forests, reserves, planned construction and the like is excluded first, by "
                "the setting [supplement] excluded_land (mark C); layers that lack are named. Preference: contiguous, "
                "quality or near. The distance from the best possible is stated; demands that contradict each other "
                "are named.\n\n"
                "Results: a layer of the proposed parcels, a workbook, and the tables to be signed."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            make_file_or_folder("DEMAND", mark_text("Farmland that is taken (layer or table)"), optional=False),
            make_text("PREFER", mark_text("Preference (empty: contiguous)"), SUPPLEMENT_PREFERENCES),
            make_text("REFUSED", mark_text("Keys of candidates that are not wanted, separated by commas")),
            *NORMS,
            ROLES,
            make_layer_output("OUTPUT", mark_text("Proposed parcels (draft)"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=(
            *declare_numbers(
                DEMAND_M2=mark_text("Net area taken (m²)"),
                NET_M2=mark_text("Net area proposed (m²)"),
                PARCELS=mark_text("Proposed parcels"),
            ),
            *declare_flags(FOUND=mark_text("All demands are met")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.demand = self.parameterAsFile(parameters, "DEMAND", context).strip()
        if not Path(self.demand).exists():
            raise InputError("source_missing", source=self.demand)
        inputs = [*read_plan_inputs(self, parameters, context), self.demand]
        self.preference = self.read_text_parameter(parameters, "PREFER", context) or SUPPLEMENT_PREFERENCES[0]
        words = self.read_text_parameter(parameters, "REFUSED", context).split(",")
        self.refused = tuple(one.strip() for one in words if one.strip())
        self.outputs = StudyOutputs(self, parameters, context, tr("Proposed parcels (draft)"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.proposals.propose_supplement import propose_supplement
        from ..core.studies.proposals.supplement_result import SupplementOrder
        from ..core.studies.proposals.supplement_tables import SupplementTables

        result = run_study(
            propose_supplement,
            self.path_or_snapshots,
            SupplementOrder(self.demand, self.preference, self.refused),
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
            keeps_lock_free=True,
        )
        tables = SupplementTables(result, Texts(self.options.lang))
        log_lines(feedback, tables.summarise())
        log_warnings(feedback, tables.list_notes())
        results = self.outputs.write(
            feedback,
            tables.make_document,
            tables.write_workbook,
            lambda: make_land_table(tables),
            self.cancellation,
        )
        return {
            **results,
            "DEMAND_M2": result.demand.net_m2,
            "NET_M2": result.sum_net_m2(result.chosen),
            "PARCELS": len(result.chosen),
            "FOUND": result.is_found,
        }


class ProposeBoundary(SanxianAlgorithm):
    """Algorithm `propose_boundary`: propose which land the urban development boundary gives back and takes in."""

    tool = Tool(
        identifier="propose_boundary",
        section="check",
        title=mark_text("Propose the boundary"),
        keywords=("boundary", "retreat", "swap", "propose", "城镇开发边界", "边界", "调优", "退出", "扩展倍数"),
        help_parts=(
            mark_text(
                "Proposes how the urban development boundary is corrected: overlaps with permanent basic farmland and "
                "the ecological red line leave (windows are allowed), then the lightest parcels until area, expansion "
                "ratio and targets of townships are kept. Built, approved and chosen land stays. A swap also takes in "
                "parcels next to the boundary, no more than it gives back. No new fragments, holes or necks arise, and "
                "the boundary stays as compact. The result is a draft that the county decides on. The inputs "
                "are not changed.\n\n"
                "Mode: retreat or swap. Preference: area, parcels or compact. Weights, least parts and what counts as "
                "built are settings [tuning] (mark C). The distance from the least possible retreat is stated; "
                "requirements that contradict each other are named.\n\n"
                "Results: the boundary after the draft, the land that leaves or comes, a workbook, and the tables to "
                "be signed."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            make_text("MODE", mark_text("Mode (empty: retreat)"), BOUNDARY_MODES),
            make_text("PREFER", mark_text("Preference (empty: area)"), BOUNDARY_PREFERENCES),
            make_file_or_folder("APPROVED", mark_text("Approved projects and detailed plans (layer)")),
            make_file_or_folder("LOCKED", mark_text("Land that is chosen to stay (layer)")),
            *NORMS,
            ROLES,
            make_layer_output("OUTPUT", mark_text("Boundary after the draft"), POLYGONS),
            make_layer_output("OUTPUT_CHANGES", mark_text("Land that leaves or comes (draft)"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=(
            *declare_numbers(
                GIVEN_M2=mark_text("Area given back (m²)"),
                TAKEN_M2=mark_text("Area taken in (m²)"),
                REPEATED_M2=mark_text("Repeated parts that end (m²); the land stays inside"),
                BOUNDARY_M2=mark_text("Area of the boundary after the draft (m²)"),
            ),
            *declare_flags(FOUND=mark_text("The draft keeps all limits")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.files = [self.parameterAsFile(parameters, name, context).strip() for name in ("APPROVED", "LOCKED")]
        for path in filter(None, self.files):
            if not Path(path).exists():
                raise InputError("source_missing", source=path)
        inputs = [*read_plan_inputs(self, parameters, context), *filter(None, self.files)]
        self.mode = self.read_text_parameter(parameters, "MODE", context) or BOUNDARY_MODES[0]
        self.preference = self.read_text_parameter(parameters, "PREFER", context) or BOUNDARY_PREFERENCES[0]
        self.outputs = StudyOutputs(self, parameters, context, tr("Boundary after the draft"), inputs)
        label = tr("Land that leaves or comes (draft)")
        self.changes = LayerOutput(parameters, context, "OUTPUT_CHANGES", label, inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.proposals.boundary_tables import BoundaryTables
        from ..core.studies.proposals.propose_boundary import BoundaryOrder, propose_boundary

        result = run_study(
            propose_boundary,
            self.path_or_snapshots,
            BoundaryOrder(self.mode, self.preference, *self.files),
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
            keeps_lock_free=True,
        )
        tables = BoundaryTables(result, Texts(self.options.lang))
        log_lines(feedback, tables.summarise())
        log_warnings(feedback, tables.list_notes())
        results = self.outputs.write(
            feedback,
            tables.make_document,
            tables.write_workbook,
            lambda: make_draft_table(tables),
            self.cancellation,
        )
        changes = make_land_table(tables)
        results |= self.changes.write_table(self, parameters, context, changes, self.cancellation)
        areas = result.sum_areas()
        return {
            **results,
            "GIVEN_M2": areas.given,
            "TAKEN_M2": areas.taken,
            "REPEATED_M2": areas.repeated,
            "BOUNDARY_M2": areas.after,
            "FOUND": result.is_found,
        }


class CompareDrafts(SanxianAlgorithm):
    """Algorithm `compare_drafts`: compare drafts of a control line with the plan as it is and with each other."""

    tool = Tool(
        identifier="compare_drafts",
        section="check",
        title=mark_text("Compare drafts"),
        keywords=("drafts", "compare", "alternatives", "方案", "方案对比", "比选", "草案", "差异"),
        help_parts=(
            mark_text(
                "Compares two to five drafts of a control line side by side: twelve figures of the present plan and "
                "of each draft (area, land out and in, target, expansion ratio or net area and grades, overlaps with "
                "the other lines, cultivated land, townships, pieces, holes, outline, findings of the rules on the "
                "line), and the land on which they differ. The inputs are not changed.\n\n"
                "A draft is a file with the layer of the line, such as that of the tools that propose, or an edition "
                "of the whole county. Its control lines, zones and townships take the place of the county's; the "
                "survey stays. The line is recognised by the layers that the drafts have, or named.\n\n"
                "A figure that cannot be had is undetermined, with the reason. No draft is recommended: the county "
                "decides.\n\n"
                "Results: a layer of differences with a column for each draft, a workbook, and the tables to be "
                "signed, with maps."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            make_layers("DRAFTS", mark_text("Drafts (two to five files)"), QgsProcessing.SourceType.TypeFile),
            make_text("LINE", mark_text("Control line (empty: recognised by the drafts)"), ADJUSTED_LINES),
            *NORMS,
            ROLES,
            make_layer_output("OUTPUT", mark_text("Land on which drafts differ"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=(
            *declare_numbers(
                DIFFERENCES=mark_text("Places where drafts differ from each other"),
                DIFFERENT_M2=mark_text("Area of these places (m²)"),
            ),
            *declare_flags(COMPLETE=mark_text("All figures are determined")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.drafts = tuple(self.parameterAsFileList(parameters, "DRAFTS", context))
        self.line = self.read_text_parameter(parameters, "LINE", context)
        inputs = [*read_plan_inputs(self, parameters, context), *self.drafts]
        self.outputs = StudyOutputs(self, parameters, context, tr("Land on which drafts differ"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.proposals.compare_drafts import DraftsOrder, compare_drafts
        from ..core.studies.proposals.draft_tables import DraftTables

        result = run_study(
            compare_drafts,
            self.path_or_snapshots,
            DraftsOrder(self.drafts, self.line),
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
        )
        tables = DraftTables(result, Texts(self.options.lang))
        log_lines(feedback, tables.summarise())
        log_warnings(feedback, tables.list_notes())
        results = self.outputs.write(
            feedback,
            lambda: tables.make_document(render_svg),
            tables.write_workbook,
            lambda: make_land_table(tables),
            self.cancellation,
        )
        return {
            **results,
            "DIFFERENCES": int(result.land.is_disputed.sum()),
            "DIFFERENT_M2": float(result.land.areas_m2[result.land.is_disputed].sum()),
            "COMPLETE": result.is_complete,
        }
