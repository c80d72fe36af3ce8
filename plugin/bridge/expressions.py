# SPDX-License-Identifier: GPL-2.0-or-later
"""Expression functions for the field calculator, labels, layouts and default values; also without a window.

Loaded at every start of QGIS: libraries and the core are imported when a function is first used. Labels are drawn on
Qt's threads, so areas go through QGIS's own transformation, never pyproj (see `threads`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionFunction,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QThread

from ..core.errors import InputError, SanxianError
from . import bsm
from .crs import crs_text
from .settings import interface_language
from .texts import tr
from .values import as_wkb

_GEODETIC = "EPSG:4490"
#: Codes of this many digits are padded with zeros in the data (用地用海 in YDYHFLDM) and trimmed in their list.
_PADDED = 6


class Refused(Exception):
    """What keeps a function from answering, in the language of the interface."""


class _Argument(NamedTuple):
    name: str
    optional: bool
    text: str


class _Function(QgsExpressionFunction):
    """One function. ``answer`` takes the arguments, None for those left out, and the context."""

    def __init__(
        self, name: str, arguments: tuple[_Argument, ...], text: str, examples: tuple[str, ...], answer: Callable
    ):
        parameters = [QgsExpressionFunction.Parameter(a.name, a.optional, None) for a in arguments]
        super().__init__(name, parameters, tr("Sanxian"), _help(name, arguments, text, examples), False, True, True)
        self._answer = answer

    def func(self, values, context, parent, node):
        try:
            return self._answer(context, *(None if _is_null(v) else v for v in values))
        except Refused as refused:
            parent.setEvalErrorString(str(refused))
        except SanxianError as error:
            from ..core.texts import Texts

            parent.setEvalErrorString(Texts(interface_language()).explain(error))
        except ImportError as error:
            text = tr("Missing library: {name}. See Environment Check.")
            parent.setEvalErrorString(text.format(name=error.name or ""))
        return NULL

    def usesGeometry(self, node):
        return False

    def referencedColumns(self, node):
        return set()

    def isStatic(self, node, parent, context):
        # The CRS and the next number depend on the layer: nothing is worked out once for all features.
        return False


def _help(name: str, arguments: tuple[_Argument, ...], text: str, examples: tuple[str, ...]) -> str:
    """Help as QGIS's own functions have it; brackets around what may be left out."""
    signature = ""
    for number, argument in enumerate(arguments):
        word = (", " if number else "") + argument.name
        signature += f"[{word}]" if argument.optional else word
    rows = "".join(f"<tr><td><code>{a.name}</code></td><td>{escape(a.text)}</td></tr>" for a in arguments)
    shown = "".join(f"<li><code>{escape(example)}</code></li>" for example in examples)
    return (
        f"<h3>{name}</h3><p>{escape(text)}</p>"
        f"<h4>{tr('Syntax')}</h4><p><code>{name}({signature})</code></p>"
        f"<h4>{tr('Arguments')}</h4><table>{rows}</table>"
        f"<h4>{tr('Examples')}</h4><ul>{shown}</ul>"
    )


def _is_null(value: Any) -> bool:
    return value is None or value == NULL


# --- area
def _statutory_area(context: QgsExpressionContext, geometry: Any, crs: Any) -> Any:
    if geometry is None:
        return NULL
    if not isinstance(geometry, QgsGeometry):
        raise Refused(tr("The first argument is no geometry. Write @geometry."))
    return area_of(geometry, _crs_told(crs) if crs is not None else _crs_of(context))


def area_of(geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> float:
    """Statutory area in m², unrounded; 0 for lines, points and empty shapes. Arcs as `layers` reads them."""
    import numpy as np
    import shapely

    from ..core.geometry.statutory_area import statutory_area

    if geometry.isNull() or geometry.isEmpty():
        return 0.0
    straight = QgsGeometry()
    straight.fromWkb(as_wkb(QgsGeometry(geometry))[0])
    transform = _to_lonlat(crs_text(crs))
    if transform is not None:
        straight.transform(transform)
    shape = shapely.from_wkb(np.array([bytes(straight.asWkb())], dtype=object), on_invalid="ignore")
    return float(statutory_area(shape)[0])


@lru_cache(maxsize=32)
def _to_lonlat(text: str) -> QgsCoordinateTransform | None:
    if text == _GEODETIC:
        return None
    target = QgsCoordinateReferenceSystem(_GEODETIC)
    return QgsCoordinateTransform(QgsCoordinateReferenceSystem(text), target, QgsCoordinateTransformContext())


def _crs_told(crs: Any) -> QgsCoordinateReferenceSystem:
    """From ``'EPSG:4526'``, 4526, WKT or a CRS."""
    if not isinstance(crs, QgsCoordinateReferenceSystem):
        text = str(crs).strip()
        crs = QgsCoordinateReferenceSystem(f"EPSG:{text}" if text.isdigit() else text)
    if not crs.isValid():
        raise Refused(tr("The CRS given is unknown. Write for example 'EPSG:4526'."))
    return crs


def _crs_of(context: QgsExpressionContext) -> QgsCoordinateReferenceSystem:
    code = context.variable("layer_crs")
    crs = QgsCoordinateReferenceSystem(str(code)) if code and not _is_null(code) else QgsCoordinateReferenceSystem()
    if not crs.isValid():
        layer = context.variable("layer")
        crs = layer.crs() if isinstance(layer, QgsMapLayer) else crs
    if not crs.isValid():
        text = tr("No layer here tells the CRS. Give it: sanxian_statutory_area(@geometry, 'EPSG:4526').")
        raise Refused(text)
    return crs


# --- numbers
def _layer_meant(context: QgsExpressionContext, layer: Any) -> QgsVectorLayer:
    """A layer, its id or its name; by default the one the expression is for."""
    if layer is None:
        layer = context.variable("layer")
    project = QgsProject.instance()
    if isinstance(layer, str) and QThread.currentThread() == project.thread():
        named = project.mapLayersByName(layer)
        layer = project.mapLayer(layer) or (named[0] if len(named) == 1 else None)
    if not isinstance(layer, QgsVectorLayer):
        raise Refused(tr("No such layer, or several of that name. Write @layer, or the name of one layer."))
    return layer


# --- codes
_standard = "county_db"


def _code_list(name: Any) -> Any:
    """A list of the project's standard, else of any other that has one of the name."""
    from ..core.standard import load_standard, standard_ids

    global _standard
    project = QgsProject.instance()
    if QThread.currentThread() == project.thread():
        from . import county

        _standard = county.of(project).standard or "county_db"
    for standard in dict.fromkeys((_standard, "county_db", *standard_ids())):
        found = load_standard(standard).code_lists.get(str(name))
        if found is not None:
            return found
    raise InputError("code_list_unknown", name=str(name))


def _code(list_name: Any, value: Any) -> tuple[Any, str]:
    """The list and the code as the list writes it; an unknown code stays as it is."""
    codes = _code_list(list_name)
    written = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if written not in codes.codes and len(written) == _PADDED and written.isdigit():
        from ..core.context import trim

        written = trim(written, _PADDED)
    return codes, written


def _code_name(context: QgsExpressionContext, list_name: Any, value: Any) -> Any:
    if list_name is None or value is None:
        return NULL
    codes, code = _code(list_name, value)
    return codes.codes[code].name if code in codes.codes else NULL


def _parent_code(context: QgsExpressionContext, list_name: Any, value: Any) -> Any:
    if list_name is None or value is None:
        return NULL
    codes, code = _code(list_name, value)
    return (codes.codes[code].parent or NULL) if code in codes.codes else NULL


def _zone_name(context: QgsExpressionContext, value: Any) -> Any:
    return _code_name(context, "planning_zones", value)


class Functions:
    """Registers the functions and takes them away again; with them goes the memory of the numbers."""

    def __init__(self) -> None:
        self._ledgers = bsm.Ledgers()
        self._functions: list[_Function] = []

    def register(self) -> None:
        self._ledgers.start(QgsProject.instance())
        for function in self._make():
            if QgsExpression.registerFunction(function):
                self._functions.append(function)

    def unregister(self) -> None:
        for function in self._functions:
            QgsExpression.unregisterFunction(function.name())
        self._functions.clear()
        self._ledgers.stop(QgsProject.instance())

    def _next_bsm(self, context: QgsExpressionContext, layer: Any, county: Any) -> Any:
        found = self._ledgers.next_bsm(_layer_meant(context, layer), "" if county is None else str(county).strip())
        return found or NULL

    def _make(self) -> list[_Function]:
        code_list = _Argument("list", False, tr("id of the code list, such as 'land_use_2023' or 'planning_zones'"))
        code = _Argument("code", False, tr("the code, padded with zeros or not"))
        return [
            _Function(
                "sanxian_statutory_area",
                (
                    _Argument("geometry", False, tr("a polygon, usually @geometry")),
                    _Argument("crs", True, tr("its CRS, such as 'EPSG:4526'; by default the layer's")),
                ),
                tr(
                    "Statutory ellipsoidal area in m², unrounded, by the formula of the land survey (CGCS2000); the same "
                    "as in checks and reports. Not the area of the map plane."
                ),
                (
                    "round(sanxian_statutory_area(@geometry), 2)",
                    "sanxian_statutory_area(@geometry, 'EPSG:4526') / 10000",
                ),
                _statutory_area,
            ),
            _Function(
                "sanxian_next_bsm",
                (
                    _Argument("layer", True, tr("layer, its name or id; by default the current one")),
                    _Argument("county", True, tr("6-digit county code; by default the layer's own")),
                ),
                tr(
                    "The next free BSM of a layer: county, 0000 and an 8-digit number above every one ever used, unsaved "
                    "edits counted. In a layer being edited each call gives out another number, never one given before; "
                    "gaps are normal. Elsewhere the number is only shown."
                ),
                (
                    "sanxian_next_bsm()",
                    'CASE WHEN "BSM" IS NULL THEN sanxian_next_bsm(@layer, \'140225\') ELSE "BSM" END',
                ),
                self._next_bsm,
            ),
            _Function(
                "sanxian_code_name",
                (code_list, code),
                tr("The name of a code in a code list; NULL when the list does not have it."),
                ("sanxian_code_name('land_use_2023', '010100')", "sanxian_code_name('sandiao', \"DLBM\")"),
                _code_name,
            ),
            _Function(
                "sanxian_parent_code",
                (code_list, code),
                tr("The code one level up in a code list; NULL at the top and for an unknown code."),
                ("sanxian_parent_code('planning_zones', '411')",),
                _parent_code,
            ),
            _Function(
                "sanxian_zone_name",
                (_Argument("code", False, tr("code of a planning zone, such as 411")),),
                tr("The name of a planning zone's code; NULL when the list does not have it."),
                ('sanxian_zone_name("GHFQDM")',),
                _zone_name,
            ),
        ]
