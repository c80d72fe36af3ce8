# SPDX-License-Identifier: GPL-2.0-or-later
"""Load osgeo for writing, without messages, and validate its return values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..geometry import crs as crs_care

if TYPE_CHECKING:
    from pyproj import CRS


@contextmanager
def load_gdal() -> Iterator[Any]:
    """Yield osgeo.gdal without messages and warnings.

    Whether GDAL raises is a setting of the whole QGIS process: see `raise_if_refused`.
    """
    try:
        from osgeo import gdal
    except ImportError as error:
        raise InputError("osgeo_lacking") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gdal.PushErrorHandler("CPLQuietErrorHandler")
        try:
            yield gdal
        finally:
            gdal.PopErrorHandler()


def raise_if_refused(answer: Any) -> Any:
    """Raise RuntimeError when GDAL's return value reports an error.

    Such values are ``None``, False and error numbers.
    """
    if answer is None or answer is False or (answer is not True and isinstance(answer, int) and answer != 0):
        raise RuntimeError("refused")
    return answer


def to_spatial_reference(crs: CRS) -> Any:
    """Convert a pyproj CRS to osgeo's, with longitude or easting first."""
    from osgeo import osr

    reference = osr.SpatialReference()
    raise_if_refused(reference.SetFromUserInput(crs_care.crs_label(crs) if crs.to_epsg() else crs.to_wkt("WKT2_2018")))
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference
