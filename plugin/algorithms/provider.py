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

_ALGORITHMS = (
    ApplyFixes,
    BoundaryAdjustment,
    ChangeCrsZone,
    CheckCounties,
    CheckPlan,
    CheckSeams,
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
    OfficeTablesAlgorithm,
    RenumberBsm,
    ResolveOverlaps,
    SplitTownships,
    SplitWorklist,
    StatutoryArea,
    YearlyUpdateAlgorithm,
)


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
