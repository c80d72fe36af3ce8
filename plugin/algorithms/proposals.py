# SPDX-License-Identifier: GPL-2.0-or-later
"""补划选址: propose drafts that put a plan right."""

from pathlib import Path

from ..bridge.checking.supplement_proposal import make_supplement_table, propose_supplement
from ..bridge.texts import mark_text, tr
from ..core.base.choices import SUPPLEMENT_PREFERENCES
from ..core.base.errors import InputError
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, describe_norms, log_lines, log_warnings, make_progress_callback
from .inputs import read_plan_inputs
from .outputs import StudyOutputs
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
        from ..core.studies.proposals.supplement_result import SupplementOrder
        from ..core.studies.proposals.supplement_tables import SupplementTables

        result = propose_supplement(
            self.path_or_snapshots,
            SupplementOrder(self.demand, self.preference, self.refused),
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
        )
        tables = SupplementTables(result, Texts(self.options.lang))
        log_lines(feedback, tables.summarise())
        log_warnings(feedback, tables.list_notes())
        results = self.outputs.write(
            feedback,
            tables.make_document,
            tables.write_workbook,
            lambda: make_supplement_table(tables),
            self.cancellation,
        )
        return {
            **results,
            "DEMAND_M2": result.demand.net_m2,
            "NET_M2": result.sum_net_m2(result.chosen),
            "PARCELS": len(result.chosen),
            "FOUND": result.is_found,
        }
