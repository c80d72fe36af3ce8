# SPDX-License-Identifier: GPL-2.0-or-later
"""Expression functions for field calculator, labels, layouts and default values.

They also work without a window. The module is loaded at every start of QGIS: nothing heavy is imported before a
function is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qgis.core import NULL, Qgis, QgsExpression, QgsExpressionContext, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QThread

from ..layers.properties import get_assigned_role, get_layer_name
from ..texts import tr
from . import feature_numbers
from .dependent_fields import FORM_PROPERTY, DependentFieldUpdater
from .expression_values import (
    FunctionArgument,
    SanxianExpressionFunction,
    evaluate_code_name,
    evaluate_parent_code,
    evaluate_statutory_area,
    resolve_layer,
)


def _make_code_list_functions() -> list[SanxianExpressionFunction]:
    code_list = FunctionArgument("list", False, tr("id of the code list, such as 'land_use_2023' or 'planning_zones'"))
    code = FunctionArgument("code", False, tr("the code, with or without padded zeros"))
    return [
        SanxianExpressionFunction(
            "sanxian_code_name",
            (code_list, code),
            tr("The name of a code in a code list; NULL when the list does not have it."),
            ("sanxian_code_name('land_use_2023', '010100')", "sanxian_code_name('sandiao', \"DLBM\")"),
            evaluate_code_name,
        ),
        SanxianExpressionFunction(
            "sanxian_parent_code",
            (code_list, code),
            tr("The parent code in a code list; NULL at the top level and for an unknown code."),
            ("sanxian_parent_code('planning_zones', '411')",),
            evaluate_parent_code,
        ),
        SanxianExpressionFunction(
            "sanxian_zone_name",
            (FunctionArgument("code", False, tr("code of a planning zone, such as 411")),),
            tr("The name of a planning zone's code; NULL when the list does not have it."),
            ('sanxian_zone_name("GHFQDM")',),
            lambda context, code: evaluate_code_name(context, "planning_zones", code),
        ),
    ]


@dataclass
class ExpressionFunctions:
    """Registers the plugin's expression functions in QGIS.

    It also holds the number registers of the layers and the updater of dependent fields.
    """

    _ledgers: feature_numbers.FeatureNumberRegisters = field(default_factory=feature_numbers.FeatureNumberRegisters)
    _dependent_fields: DependentFieldUpdater = field(default_factory=DependentFieldUpdater)
    _functions: list[SanxianExpressionFunction] = field(default_factory=list)

    def register(self) -> None:
        """Register all expression functions of the plugin in QGIS."""
        self._ledgers.start(QgsProject.instance())
        for function in self._make_functions():
            if QgsExpression.registerFunction(function):
                self._functions.append(function)
        self._dependent_fields.start(QgsProject.instance())

    def unregister(self) -> None:
        """Remove the plugin's expression functions from QGIS."""
        for function in self._functions:
            QgsExpression.unregisterFunction(function.name())
        self._functions.clear()
        self._dependent_fields.stop(QgsProject.instance())
        self._ledgers.stop(QgsProject.instance())

    def _issue_next_bsm(self, context: QgsExpressionContext, layer: Any, county: Any) -> Any:
        county_code = "" if county is None else str(county).strip()
        return self._ledgers.issue_next_bsm(resolve_layer(context, layer), county_code) or NULL

    def _make_functions(self) -> list[SanxianExpressionFunction]:
        return [
            SanxianExpressionFunction(
                "sanxian_statutory_area",
                (
                    FunctionArgument("geometry", False, tr("a polygon, usually @geometry")),
                    FunctionArgument("crs", True, tr("its CRS, such as 'EPSG:4526'; by default the layer's")),
                ),
                tr(
                    "Statutory ellipsoidal area in m², unrounded, by the formula of the land survey (CGCS2000); the "
                    "same "
                    "as in checks and reports. Not the area of the map plane."
                ),
                (
                    "round(sanxian_statutory_area(@geometry), 2)",
                    "sanxian_statutory_area(@geometry, 'EPSG:4526') / 10000",
                ),
                evaluate_statutory_area,
            ),
            SanxianExpressionFunction(
                "sanxian_next_bsm",
                (
                    FunctionArgument("layer", True, tr("layer, its name or id; by default the current one")),
                    FunctionArgument("county", True, tr("6-digit county code; by default the layer's own")),
                ),
                tr(
                    "The next free BSM: county code, 0000 and an 8-digit number above all numbers used in the "
                    "layers of the project and their databases, including unsaved edits. In a layer in edit mode "
                    "each call assigns a new number and never repeats one; gaps are normal. In other layers the "
                    "number is only shown."
                ),
                (
                    "sanxian_next_bsm()",
                    'CASE WHEN "BSM" IS NULL THEN sanxian_next_bsm(@layer, \'140225\') ELSE "BSM" END',
                ),
                self._issue_next_bsm,
            ),
            *_make_code_list_functions(),
            SanxianExpressionFunction(
                "sanxian_in_layer",
                (
                    FunctionArgument("value", False, tr("the value, such as the code of a division")),
                    FunctionArgument("role", False, tr("code of the plan layer, such as 'XZQX'")),
                    FunctionArgument("field", False, tr("name of its field, such as 'XZQDM'")),
                ),
                tr(
                    "Whether a plan layer of the project has the value in a field; true if the project has no such "
                    "layer. Forms use it for the checks of a profile."
                ),
                ("sanxian_in_layer(\"XZQDM\", 'XZQX', 'XZQDM')",),
                evaluate_in_layer,
            ),
        ]


def evaluate_in_layer(context: QgsExpressionContext | None, value: Any, role: Any, field: Any) -> bool:
    """Return True if a field of a plan layer has a value, unsaved edits included.

    ``role``: code of the plan layer; ``field``: name of its field. True also without the layer or the field, and in
    other threads, which must not read the project: a check decides then.
    """
    project = QgsProject.instance()
    if value is None or QThread.currentThread() != project.thread():
        return True
    for layer in project.mapLayers().values():
        if not isinstance(layer, QgsVectorLayer) or str(role) not in (
            get_assigned_role(layer),
            str(layer.customProperty(FORM_PROPERTY, "") or ""),
            get_layer_name(layer),
        ):
            continue
        index = layer.fields().lookupField(str(field))
        if index >= 0:
            column = QgsExpression.quotedColumnRef(layer.fields().at(index).name())
            text = QgsExpression.quotedString(str(value).strip())
            request = QgsFeatureRequest(QgsExpression(f"trim(to_string({column})) = {text}"))
            request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([index]).setLimit(1)
            return next(layer.getFeatures(request), None) is not None
    return True
