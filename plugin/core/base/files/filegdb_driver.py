# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the driver of FileGDB damages rows when it saves edits."""

from __future__ import annotations

import re


def does_driver_damage_rows() -> bool:
    """Return True if saving an edited row of a FileGDB can damage it or other rows.

    GDAL 3.6 writes over other rows when an updated row needs more space (GDAL issue 7504; reproduced with 3.6.2, but
    not with 3.10.3). Before 3.9, other programs cannot read such a row (issue 9388).
    """
    numbers = re.match(r"(\d+)\.(\d+)", read_gdal_version())
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < (3, 9)


def read_gdal_version() -> str:
    """Return the version of GDAL that QGIS uses, as in ``3.9.2``; empty without its Python bindings."""
    try:
        from osgeo import gdal
    except ImportError:
        return ""
    return str(gdal.VersionInfo("RELEASE_NAME"))
