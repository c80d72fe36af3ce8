# SPDX-License-Identifier: GPL-2.0-or-later
"""Differences between QGIS 3.40 and later versions. Other modules use this module instead of the version number."""

from typing import Any

from qgis.core import QgsUnsetAttributeValue


def is_unset(value: Any, number: bool) -> bool:
    """Return True for a value that the database gives when a drawn feature is saved, as the fid of a GeoPackage.

    QGIS 3.44 hands out an object for it, in fields of any type. QGIS 3.40 hands out the text of the default clause
    (Autogenerate), which only a field of numbers (``number``) tells apart from a value.
    """
    return isinstance(value, QgsUnsetAttributeValue) or (number and isinstance(value, str))
