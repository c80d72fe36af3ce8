# SPDX-License-Identifier: GPL-2.0-or-later
"""The provider ``sanxian`` (三区三线) of Processing's toolbox."""

from qgis.core import QgsProcessingProvider

from ..bridge.running.tasks import log_error
from ..bridge.texts import tr
from .changed_copies import ApplyFixes, ChangeCrsZone, RenumberBsm, ResolveOverlaps
from .check_plan import CheckPlan, DeclaredChecks
from .common import PluginIcon
from .compared_editions import (
    BoundaryAdjustment,
    ChangeStatement,
    CompareVersions,
    CultivatedChangesAlgorithm,
    YearlyUpdateAlgorithm,
)
from .counties import CheckCounties, CheckSeams, MergeCounties
from .create_layers import CreateLayers, LayersFromStructure
from .divided_work import MergeTownships, MergeWorklist, SplitTownships, SplitWorklist
from .doctor import DoctorAlgorithm
from .export_maps import ExportMaps
from .indicators import ComputeIndicators, EvaluateIndicators, OfficeTablesAlgorithm
from .map_fields import DeriveThreeZones, MapFields
from .package import ExportPackage, InspectPackage
from .points_and_drawings import ExportBoundaryPoints, ImportBoundaryPoints, ImportDrawing
from .project_conformity import ProjectConformity
from .proposals import CompareDrafts, ProposeBoundary, ProposeSupplement
from .statutory_area import StatutoryArea
from .vct import ExportVct, ImportVct

_ALGORITHMS = (
    ApplyFixes,
    BoundaryAdjustment,
    ChangeCrsZone,
    ChangeStatement,
    CheckCounties,
    CheckPlan,
    CheckSeams,
    CompareDrafts,
    CompareVersions,
    ComputeIndicators,
    CreateLayers,
    DeclaredChecks,
    DeriveThreeZones,
    DoctorAlgorithm,
    EvaluateIndicators,
    ExportBoundaryPoints,
    ExportMaps,
    ExportPackage,
    ExportVct,
    ImportBoundaryPoints,
    ImportDrawing,
    ImportVct,
    InspectPackage,
    LayersFromStructure,
    MapFields,
    MergeCounties,
    MergeTownships,
    MergeWorklist,
    ProjectConformity,
    ProposeBoundary,
    ProposeSupplement,
    OfficeTablesAlgorithm,
    RenumberBsm,
    ResolveOverlaps,
    SplitTownships,
    SplitWorklist,
    StatutoryArea,
    YearlyUpdateAlgorithm,
    CultivatedChangesAlgorithm,
)


class SanxianProvider(PluginIcon, QgsProcessingProvider):
    """Provider of all algorithms of the plugin in Processing's toolbox."""

    def id(self):
        return "sanxian"

    def name(self):
        return tr("Sanxian")

    def longName(self):
        return tr("Sanxian · three zones and three lines")

    def loadAlgorithms(self):
        for algorithm in _ALGORITHMS:
            self.addAlgorithm(algorithm())
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
