# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion of values and geometries of QGIS features to those of the core."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import NULL, QgsUnsetAttributeValue, QgsWkbTypes
from qgis.PyQt.QtCore import QDate, QDateTime

from ...core.geometry.tolerance import CURVE_STEP_DEGREES

if TYPE_CHECKING:
    from ...core.plan.layer import FieldInfo


def is_set_by_database(value: Any, is_numeric: bool) -> bool:
    """Return True for a placeholder of a value that the database sets on saving.

    A drawn feature has such a placeholder, for example in the field fid of a GeoPackage. QGIS 3.44 returns an object
    for it, in fields of any type. QGIS 3.40 returns the text of the default clause (Autogenerate), which differs from a
    value only in a numeric field (``is_numeric``).
    """
    return isinstance(value, QgsUnsetAttributeValue) or (is_numeric and isinstance(value, str))


_NULL_TYPE = type(NULL)
# Numbers of QMetaType, the same in Qt 5 and 6.
_INTEGER_TYPES = {1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 40}
_REAL_TYPES = {6, 38}
_DATE_TYPES = {14, 16}
BINARY_TYPE = 12
#: Decimals with which a coordinate's text gives back the same number.
_WKT_DECIMALS = 17


def convert_to_wkb_and_curve_text(geometry: Any) -> tuple[bytes, str]:
    """Return a geometry as WKB that GEOS reads, and also as WKT if it has arcs.

    In the WKB, arcs are polylines, and M values are dropped. The text has all digits; it is empty for a geometry
    without arcs.
    """
    kind = geometry.wkbType()
    if QgsWkbTypes.isCurvedType(kind):
        shape = geometry.constGet()
        text = shape.asWkt(_WKT_DECIMALS) if shape.hasCurvedSegments() else ""
        shape = shape.segmentize(math.radians(CURVE_STEP_DEGREES))
        shape.dropMValue()
        return bytes(shape.asWkb()), text
    if QgsWkbTypes.hasM(kind):
        geometry.get().dropMValue()
    return bytes(geometry.asWkb()), ""


def get_field_type(field: Any) -> int:
    """Return the QMetaType number of a field's type."""
    kind = field.type()
    return int(getattr(kind, "value", kind))


def make_field_info(field: Any) -> FieldInfo:
    """Return a field's name, type, length and alias in the form of the core."""
    from ...core.plan.layer import FieldInfo

    number = get_field_type(field)
    kinds = (("integer", _INTEGER_TYPES), ("real", _REAL_TYPES), ("date", _DATE_TYPES))
    kind = next((name for name, numbers in kinds if number in numbers), "text")
    length = field.length() if kind == "text" and 0 < field.length() < 2**16 else None
    return FieldInfo(field.name(), kind, length)


def make_column(values: Iterable[Any], field: Any, index: Any) -> Any:
    """Return the values of one field as a pandas Series, with NULL as missing values.

    ``index``: index of the Series. The dtype is the one that the column gets when the core reads the file itself.
    """
    import pandas as pd

    number = get_field_type(field)
    python_values = [convert_to_python_value(v, number) for v in values]
    if number in _DATE_TYPES:
        return pd.Series(python_values, index=index, dtype="datetime64[ms]")
    if number in _REAL_TYPES:
        return pd.Series(python_values, index=index, dtype="float64")
    if number in _INTEGER_TYPES and None not in python_values:
        return pd.Series(python_values, index=index, dtype="int64")
    # Integers with missing values remain objects: a float cannot hold the 18 digits of a BSM.
    return pd.Series(python_values, index=index, dtype=object)


def convert_to_python_value(value: Any, field_type: int) -> Any:
    """Return a value of a QGIS feature as a Python value; None if it is missing.

    ``field_type``: QMetaType number of its field.
    """
    if field_type in _DATE_TYPES:
        if isinstance(value, QDateTime):
            return value.toPyDateTime().replace(tzinfo=None)
        return value.toPyDate() if isinstance(value, QDate) else None
    return (
        None
        if is_set_by_database(value, field_type in _INTEGER_TYPES | _REAL_TYPES) or type(value) is _NULL_TYPE
        else value
    )
