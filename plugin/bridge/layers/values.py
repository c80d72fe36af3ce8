# SPDX-License-Identifier: GPL-2.0-or-later
"""Values and shapes of QGIS's features as the core's tables hold them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import NULL, QgsUnsetAttributeValue, QgsWkbTypes
from qgis.PyQt.QtCore import QDate, QDateTime

from ...core.geometry.tolerance import CURVE_STEP_DEGREES

if TYPE_CHECKING:
    from ...core.plan.layer import FieldInfo


def is_unset(value: Any, number: bool) -> bool:
    """Return True for a value that the database gives when a drawn feature is saved, as the fid of a GeoPackage.

    QGIS 3.44 hands out an object for it, in fields of any type. QGIS 3.40 hands out the text of the default clause
    (Autogenerate), which only a field of numbers (``number``) tells apart from a value.
    """
    return isinstance(value, QgsUnsetAttributeValue) or (number and isinstance(value, str))


_NULL_TYPE = type(NULL)
# Numbers of QMetaType, the same in Qt 5 and 6.
_INTEGERS = {1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 40}
_REALS = {6, 38}
_DATES = {14, 16}
BINARY = 12


def as_wkb(geometry: Any) -> tuple[bytes, bool]:
    """WKB that GEOS reads (no arcs, no M), and whether there were arcs."""
    kind = geometry.wkbType()
    curved = False
    if QgsWkbTypes.isCurvedType(kind):
        shape = geometry.constGet()
        curved = shape.hasCurvedSegments()
        shape = shape.segmentize(math.radians(CURVE_STEP_DEGREES))
        shape.dropMValue()
        return bytes(shape.asWkb()), curved
    if QgsWkbTypes.hasM(kind):
        geometry.get().dropMValue()
    return bytes(geometry.asWkb()), curved


def type_of(field: Any) -> int:
    kind = field.type()
    return int(getattr(kind, "value", kind))


def field_info(field: Any) -> FieldInfo:
    from ...core.plan.layer import FieldInfo

    number = type_of(field)
    kinds = (("integer", _INTEGERS), ("real", _REALS), ("date", _DATES))
    kind = next((name for name, numbers in kinds if number in numbers), "text")
    length = field.length() if kind == "text" and 0 < field.length() < 2**16 else None
    return FieldInfo(field.name(), kind, length)


def column_of(values: Iterable[Any], field: Any, index: Any) -> Any:
    """One column with real missing values, of the type that reading the file would give."""
    import pandas as pd

    number = type_of(field)
    found = [to_plain(v, number) for v in values]
    if number in _DATES:
        return pd.Series(found, index=index, dtype="datetime64[ms]")
    if number in _REALS:
        return pd.Series(found, index=index, dtype="float64")
    if number in _INTEGERS and None not in found:
        return pd.Series(found, index=index, dtype="int64")
    # Whole numbers beside missing ones stay as they are: a float has no room for the 18 digits of a BSM.
    return pd.Series(found, index=index, dtype=object)


def to_plain(value: Any, number: int) -> Any:
    """A value of a field of this type, None where it is missing."""
    if number in _DATES:
        return _moment(value)
    return None if is_unset(value, number in _INTEGERS | _REALS) or type(value) is _NULL_TYPE else value


def _moment(value: Any) -> Any:
    if isinstance(value, QDateTime):
        return value.toPyDateTime().replace(tzinfo=None)
    return value.toPyDate() if isinstance(value, QDate) else None
