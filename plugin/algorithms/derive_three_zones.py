# SPDX-License-Identifier: GPL-2.0-or-later
"""三区: derive 农业空间, 生态空间 and 城镇空间 from the planning zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProject,
)

from ..bridge import health
from ..bridge.editing.feature_numbers import find_highest_used_number_by_county
from ..bridge.layers.reading import read_snapshot
from ..bridge.layers.role_recognition import assign_roles_for_rule
from ..bridge.layers.snapshots import make_snapshot_names_unique
from ..bridge.layers.tables import LAYER_DRIVERS, make_template_table
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.model.rule import LayerNeed
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, describe_norms, make_norm_parameters
from .inputs import read_layer_parameter
from .outputs import LayerOutput
from .report_log import log_three_zones, log_written_files

if TYPE_CHECKING:
    from ..core.figures.three_zones import DerivedZones

INPUT, COUNTY_LAYER, OUTPUT = "INPUT", "COUNTY_LAYER", "OUTPUT"
_THREE_ZONES_ROLE = "SQKJ"
#: Outputs (statutory areas in m²) by the code of the space.
_AREA_OUTPUTS_BY_CODE = {
    "01": "AGRICULTURAL_M2",
    "02": "ECOLOGICAL_M2",
    "03": "URBAN_M2",
    "90": "OUTSIDE_M2",
    "99": "UNMAPPED_M2",
}


class DeriveThreeZones(SanxianAlgorithm):
    """Algorithm `derive_three_zones`: write 农业空间, 生态空间 and 城镇空间 with their areas."""

    toolbox_section = "layers"
    identifier = "derive_three_zones"
    keywords = ("three zones", "zones", "dissolve", "areas", "三区", "农业空间", "生态空间", "城镇空间", "规划分区")
    title = mark_text("Derive the three zones")
    help_parts = (
        mark_text(
            "Merges planning zones into the three zones (agricultural, ecological and urban space) and computes "
            "their statutory areas. The input is not changed.\n\n"
            "The table [three_zones] assigns zone codes to spaces; a county profile can change single lines, and "
            "the table of the standard is not verified (mark C). Land that belongs to none of the three zones, "
            "and zones whose code is not in the table, are kept as separate rows; codes that are not in the "
            "table are listed.\n\n"
            "Shared edges of zones are kept unchanged. Overlaps within one space count once; overlaps between "
            "two spaces count in both, and their area is reported. Multipart features are split into single parts.\n\n"
            "County: with the layer of the county, the share of each space in the county is reported."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        polygons = [Qgis.ProcessingSourceType.VectorPolygon]
        self.add_parameters(
            QgsProcessingParameterFeatureSource(INPUT, tr("Planning zones"), polygons),
            QgsProcessingParameterFeatureSource(COUNTY_LAYER, tr("Outline of the county"), polygons, optional=True),
            *make_norm_parameters(),
            QgsProcessingParameterFeatureSink(OUTPUT, tr("Three zones"), Qgis.ProcessingSourceType.VectorPolygon),
        )
        self.add_numeric_outputs(
            ("AGRICULTURAL_M2", tr("Agricultural space (m²)")),
            ("ECOLOGICAL_M2", tr("Ecological space (m²)")),
            ("URBAN_M2", tr("Urban space (m²)")),
            ("OUTSIDE_M2", tr("In none of the three (m²)")),
            ("UNMAPPED_M2", tr("Zones not in the table (m²)")),
            ("ZONES_M2", tr("All zones (m²)")),
            ("OVERLAP_M2", tr("Covered by several zones (m²)")),
        )

    def prepare(self, parameters, context, feedback):
        self.norm = self.read_norm_options(parameters, context).resolve_norm()
        # A standard without this layer (the city's) uses the template of the county standard.
        self.template = (
            self.norm.standard.templates.get(_THREE_ZONES_ROLE) or load_standard().templates[_THREE_ZONES_ROLE]
        )
        self.zones = read_layer_parameter(self, parameters, INPUT, context)
        self.county = read_layer_parameter(self, parameters, COUNTY_LAYER, context)
        if self.zones is None:
            raise InputError("no_layers")
        make_snapshot_names_unique([shot for shot in (self.zones, self.county) if shot is not None])
        self.used = find_highest_used_number_by_county(
            context.project() or QgsProject.instance(), [str(self.zones.file_path)] if self.zones.file_path else []
        )
        self.output = LayerOutput(parameters, context, OUTPUT, self.template.name)
        self.output.validate_target(
            LAYER_DRIVERS, [shot.file_path for shot in (self.zones, self.county) if shot is not None]
        )

    def execute(self, parameters, context, feedback):
        cancellation = Cancellation(feedback.isCanceled)
        derived = self._derive_zones(feedback, cancellation)
        log_three_zones(feedback, derived)
        table = make_template_table(derived.frame, self.template, self.zones.crs)
        results = self.output.write_table(self, parameters, context, table, cancellation)
        log_written_files(feedback, [self.output.file])
        three_zones = derived.three_zones
        areas = {name: three_zones.get_zone_area_m2(zone_code) for zone_code, name in _AREA_OUTPUTS_BY_CODE.items()}
        return {**results, **areas, "ZONES_M2": three_zones.input_m2, "OVERLAP_M2": three_zones.overlap_m2}

    @run_in_python_thread
    def _derive_zones(self, feedback, cancellation: Cancellation) -> DerivedZones:
        health.require_libraries(cancellation)
        from ..core.figures.three_zones import derive_from_plan
        from ..core.plan.loading.assembly import assemble_plan

        texts = Texts(get_interface_language())
        shots = {"zones": self.zones, "county": self.county}
        source_by_need = {}
        for name, shot in shots.items():
            if shot is not None:
                feedback.setProgressText(texts.get("toolbox", "reading", layer=shot.name))
                source_by_need[name] = read_snapshot(shot, cancellation=cancellation)
        feedback.setProgress(40)
        roles = assign_roles_for_rule(source_by_need, {name: LayerNeed(name) for name in shots}, self.norm)
        plan = assemble_plan(
            source_by_need.values(), self.norm, roles=roles, scope="three_lines", cancellation=cancellation
        )
        derived = derive_from_plan(plan, self.template, texts, cancellation=cancellation, used_numbers=self.used)
        feedback.setProgress(80)
        return derived
