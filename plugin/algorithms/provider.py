# SPDX-License-Identifier: GPL-2.0-or-later
"""The provider ``sanxian`` (三区三线) of Processing's toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..bridge.running.tasks import log_error
from ..bridge.texts import tr
from ..paths import ICONS_FOLDER
from .apply_fixes import ApplyFixes, ResolveOverlaps
from .boundary_adjustment import BoundaryAdjustment
from .boundary_points import ExportBoundaryPoints, ImportBoundaryPoints
from .check_counties import CheckCounties
from .check_plan import CheckPlan
from .check_seams import CheckSeams
from .compare_versions import CompareVersions
from .compute_indicators import ComputeIndicators
from .conversions import ChangeCrsZone, RenumberBsm
from .create_layers import CreateLayers
from .declared_checks import DeclaredChecks
from .derive_three_zones import DeriveThreeZones
from .doctor import DoctorAlgorithm
from .evaluate_indicators import EvaluateIndicators
from .export_maps import ExportMaps
from .export_package import ExportPackage
from .export_vct import ExportVct
from .import_drawing import ImportDrawing
from .import_vct import ImportVct
from .inspect_package import InspectPackage
from .layers_from_structure import LayersFromStructure
from .map_fields import MapFields
from .merge_counties import MergeCounties
from .office_tables import OfficeTablesAlgorithm
from .project_conformity import ProjectConformity
from .statutory_area import StatutoryArea
from .townships import MergeTownships, SplitTownships
from .worklists import MergeWorklist, SplitWorklist
from .yearly_update import YearlyUpdateAlgorithm


class SanxianProvider(QgsProcessingProvider):
    """Provider of all algorithms of the plugin in Processing's toolbox."""

    def id(self):
        return "sanxian"

    def name(self):
        return tr("Sanxian")

    def longName(self):
        return tr("Sanxian · three zones and three lines")

    def icon(self):
        return QIcon(str(ICONS_FOLDER / "sanxian.svg"))

    def svgIconPath(self):
        return str(ICONS_FOLDER / "sanxian.svg")

    def loadAlgorithms(self):
        self.addAlgorithm(ApplyFixes())
        self.addAlgorithm(BoundaryAdjustment())
        self.addAlgorithm(ChangeCrsZone())
        self.addAlgorithm(CheckCounties())
        self.addAlgorithm(CheckPlan())
        self.addAlgorithm(CheckSeams())
        self.addAlgorithm(CompareVersions())
        self.addAlgorithm(ComputeIndicators())
        self.addAlgorithm(CreateLayers())
        self.addAlgorithm(DeclaredChecks())
        self.addAlgorithm(DeriveThreeZones())
        self.addAlgorithm(DoctorAlgorithm())
        self.addAlgorithm(EvaluateIndicators())
        self.addAlgorithm(ExportBoundaryPoints())
        self.addAlgorithm(ExportMaps())
        self.addAlgorithm(ExportPackage())
        self.addAlgorithm(ExportVct())
        self.addAlgorithm(ImportBoundaryPoints())
        self.addAlgorithm(ImportDrawing())
        self.addAlgorithm(ImportVct())
        self.addAlgorithm(InspectPackage())
        self.addAlgorithm(LayersFromStructure())
        self.addAlgorithm(MapFields())
        self.addAlgorithm(MergeCounties())
        self.addAlgorithm(MergeTownships())
        self.addAlgorithm(MergeWorklist())
        self.addAlgorithm(ProjectConformity())
        self.addAlgorithm(OfficeTablesAlgorithm())
        self.addAlgorithm(RenumberBsm())
        self.addAlgorithm(ResolveOverlaps())
        self.addAlgorithm(SplitTownships())
        self.addAlgorithm(SplitWorklist())
        self.addAlgorithm(StatutoryArea())
        self.addAlgorithm(YearlyUpdateAlgorithm())
        try:
            from ..core.model.rule import load_all_rules
            from .rule_algorithm import RuleAlgorithm

            # Package rules need a package and run in inspect_package only.
            rules = [load_all_rules()[code] for code in load_all_rules() if not code.startswith("DOC")]
        except Exception as error:
            # Mostly shapely or numpy are missing; the algorithms above report that when they run. Log any other
            # error, so that a list without rules has an explanation.
            log_error(error)
            return
        for rule in rules:
            self.addAlgorithm(RuleAlgorithm(rule))
