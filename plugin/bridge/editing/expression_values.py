# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of the expression functions, and their values: areas, and codes with their names.

Labels are rendered on Qt's threads, so areas use QGIS's transformation, never pyproj (see `threads`). Libraries and the
core are imported when a function is first used.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from qgis.core import (
    NULL,
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsExpressionContext,
    QgsExpressionFunction,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QThread

from ...core.base.errors import InputError, SanxianError
from ...core.standard import list_standard_ids, load_standard
from ..layers.properties import convert_to_wkb_and_curve_text, format_crs_for_pyproj
from ..running.tasks import log_error
from ..settings import get_interface_language
from ..texts import tr

_GEODETIC_CRS = "EPSG:4490"
#: Codes of this many digits are padded with zeros in the data (用地用海 in YDYHFLDM) and trimmed in their list.
_PADDED_CODE_LENGTH = 6


class FunctionError(Exception):
    """An error of an expression function, in the language of QGIS's interface."""


class FunctionArgument(NamedTuple):
    """An argument of an expression function, with its help text."""

    name: str
    is_optional: bool
    help_text: str


class SanxianExpressionFunction(QgsExpressionFunction):
    """One expression function of the plugin in QGIS.

    ``text``: explanation in its help; ``examples``: expressions in its help; ``compute_value``: called with the
    expression context and the arguments (None for an omitted or NULL argument), returns the value.
    """

    def __init__(
        self,
        name: str,
        arguments: tuple[FunctionArgument, ...],
        text: str,
        examples: tuple[str, ...],
        compute_value: Callable,
    ):
        parameters = [QgsExpressionFunction.Parameter(a.name, a.is_optional, None) for a in arguments]
        # Optional arguments are in brackets.
        signature = ""
        for number, argument in enumerate(arguments):
            word = (", " if number else "") + argument.name
            signature += f"[{word}]" if argument.is_optional else word
        rows = "".join(f"<tr><td><code>{a.name}</code></td><td>{escape(a.help_text)}</td></tr>" for a in arguments)
        example_items = "".join(f"<li><code>{escape(example)}</code></li>" for example in examples)
        help_html = (
            f"<h3>{name}</h3><p>{escape(text)}</p>"
            f"<h4>{tr('Syntax')}</h4><p><code>{name}({signature})</code></p>"
            f"<h4>{tr('Arguments')}</h4><table>{rows}</table>"
            f"<h4>{tr('Examples')}</h4><ul>{example_items}</ul>"
        )
        super().__init__(name, parameters, tr("Sanxian"), help_html, False, True, True)
        self._compute_value = compute_value

    def func(self, values, context, parent, node):
        """Evaluate the function; show an error as evaluation error of the expression."""
        try:
            return self._compute_value(context, *(None if is_null(v) else v for v in values))
        except FunctionError as refused:
            parent.setEvalErrorString(str(refused))
        except SanxianError as error:
            from ...core.standard.messages.texts import Texts

            parent.setEvalErrorString(Texts(get_interface_language()).explain_error(error))
        except ImportError as error:
            parent.setEvalErrorString(
                tr("Missing library: {name}. See Environment Check.").format(name=error.name or "")
            )
        except Exception as error:
            # An exception that leaves this method terminates QGIS and loses unsaved edits.
            log_error(error)
            parent.setEvalErrorString(
                tr("The explanation could not be shown ({error}). Details are in the log, tab Sanxian.").format(
                    error=repr(error)
                )
            )
        return NULL

    def usesGeometry(self, node):
        """Return False: the function does not need the feature's geometry."""
        return False

    def referencedColumns(self, node):
        """Return no columns: the arguments name the fields that are used."""
        return set()

    def isStatic(self, node, parent, context):
        """Return False: QGIS must evaluate the function for each feature.

        CRS and next feature number depend on the layer.
        """
        return False


def is_null(value: Any) -> bool:
    """Return True for None and a QGIS NULL."""
    return value is None or value == NULL


# --- area
def evaluate_statutory_area(context: QgsExpressionContext, geometry: Any, crs: Any) -> Any:
    """Return a geometry's statutory area in m² for expressions; NULL without geometry.

    ``crs``: CRS of the geometry, by default that of the expression's layer.
    """
    if geometry is None:
        return NULL
    if not isinstance(geometry, QgsGeometry):
        raise FunctionError(tr("The first argument is not a geometry. Write @geometry."))
    if crs is None:
        return compute_statutory_area(geometry, _find_crs_of_expression_layer(context))
    if not isinstance(crs, QgsCoordinateReferenceSystem):
        # 'EPSG:4526', 4526 or WKT.
        text = str(crs).strip()
        crs = QgsCoordinateReferenceSystem(f"EPSG:{text}" if text.isdigit() else text)
    if not crs.isValid():
        raise FunctionError(tr("The CRS is unknown. Write for example 'EPSG:4526'."))
    return compute_statutory_area(geometry, crs)


def compute_statutory_area(geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> float:
    """Return the statutory area of one geometry in m², unrounded.

    0 for lines, points and empty geometries. Arcs become polylines as in a check (`bridge.layers.properties`).
    """
    return compute_statutory_areas([geometry], crs)[0]


def compute_statutory_areas(geometries: list[QgsGeometry], crs: QgsCoordinateReferenceSystem) -> list[float]:
    """Return the statutory areas of many geometries in m², computed in one pass.

    ``crs``: CRS of all geometries.
    """
    import numpy as np
    import shapely

    from ...core.geometry.statutory_area import measure_statutory_area

    wkb_array = np.full(len(geometries), None, dtype=object)
    for number, geometry in enumerate(geometries):
        if not geometry.isNull() and not geometry.isEmpty():
            wkb_array[number] = convert_to_wkb_and_curve_text(QgsGeometry(geometry))[0]
    shapes = shapely.from_wkb(wkb_array, on_invalid="ignore")
    transform = _make_lonlat_transform(format_crs_for_pyproj(crs))
    coordinates = shapely.get_coordinates(shapes)
    if transform is not None and len(coordinates):
        # QGIS transforms no arrays: the coordinates are the vertices of a line meanwhile.
        head = struct.pack("=BII", sys.byteorder == "little", Qgis.WkbType.LineString, len(coordinates))
        line = QgsGeometry()
        line.fromWkb(head + coordinates.tobytes())
        line.transform(transform)
        moved = np.frombuffer(bytes(line.asWkb()), dtype=np.float64, offset=len(head)).reshape(-1, 2)
        shapely.set_coordinates(shapes, moved)
    return [float(area) for area in measure_statutory_area(shapes)]


@lru_cache(maxsize=32)
def _make_lonlat_transform(crs_text: str) -> QgsCoordinateTransform | None:
    """Return the transformation from a CRS to degrees (CGCS2000); None if the CRS is in these degrees."""
    if crs_text == _GEODETIC_CRS:
        return None
    target = QgsCoordinateReferenceSystem(_GEODETIC_CRS)
    return QgsCoordinateTransform(QgsCoordinateReferenceSystem(crs_text), target, QgsCoordinateTransformContext())


def _find_crs_of_expression_layer(context: QgsExpressionContext) -> QgsCoordinateReferenceSystem:
    code = context.variable("layer_crs")
    crs = QgsCoordinateReferenceSystem(str(code)) if code and not is_null(code) else QgsCoordinateReferenceSystem()
    if not crs.isValid():
        layer = context.variable("layer")
        crs = layer.crs() if isinstance(layer, QgsMapLayer) else crs
    if not crs.isValid():
        raise FunctionError(
            tr(
                "The CRS is unknown, because the expression has no layer. Enter the CRS: "
                "sanxian_statutory_area(@geometry, 'EPSG:4526')."
            )
        )
    return crs


# --- layers
def resolve_layer(context: QgsExpressionContext, layer: Any) -> QgsVectorLayer:
    """Return the layer given by object, id or name; by default the expression's layer."""
    if layer is None:
        layer = context.variable("layer")
    project = QgsProject.instance()
    if isinstance(layer, str) and QThread.currentThread() == project.thread():
        matching_layers = project.mapLayersByName(layer)
        layer = project.mapLayer(layer) or (matching_layers[0] if len(matching_layers) == 1 else None)
    if not isinstance(layer, QgsVectorLayer):
        raise FunctionError(tr("No such layer, or several of that name. Write @layer, or the name of one layer."))
    return layer


# --- codes
# The standard of the project, cached for other threads, which must not read the project.
_project_standard = "county_db"


def _find_code_list(name: Any) -> Any:
    """Return a code list by name, from the project's standard or else any standard."""
    global _project_standard
    project = QgsProject.instance()
    if QThread.currentThread() == project.thread():
        from ..project import county

        _project_standard = county.read_county_settings(project).standard or "county_db"
    for standard in _iterate_standards():
        code_list = load_standard(standard).code_lists.get(str(name))
        if code_list is not None:
            return code_list
    raise InputError("code_list_unknown", name=str(name))


def _iterate_standards() -> Iterator[str]:
    """Yield the standards in which code lists are searched; all folders are read only if the first ones lack a list."""
    yield _project_standard
    yield "county_db"
    yield from list_standard_ids()


def _find_entry(list_name: Any, value: Any) -> Any:
    """Return the entry of a code in a code list, the code padded as in the list or not; None if it is unknown."""
    if list_name is None or value is None:
        return None
    entries = _find_code_list(list_name).entry_by_code
    code = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if code not in entries and len(code) == _PADDED_CODE_LENGTH and code.isdigit():
        from ...core.engine.context import trim_code_padding

        code = trim_code_padding(code, _PADDED_CODE_LENGTH)
    return entries.get(code)


def evaluate_code_name(context: QgsExpressionContext | None, list_name: Any, value: Any) -> Any:
    """Return the name of a code in a code list; NULL if the code is unknown."""
    entry = _find_entry(list_name, value)
    return NULL if entry is None else entry.name


def evaluate_parent_code(context: QgsExpressionContext, list_name: Any, value: Any) -> Any:
    """Return the parent of a code in a code list; NULL without a parent."""
    entry = _find_entry(list_name, value)
    return NULL if entry is None else entry.parent or NULL
