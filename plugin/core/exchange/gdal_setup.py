# SPDX-License-Identifier: GPL-2.0-or-later
"""Import osgeo without console messages, and check the values that GDAL returns."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyproj import CRS

from ..base.errors import InputError
from ..geometry import crs as crs_care


@contextmanager
def load_gdal() -> Iterator[Any]:
    """Yield the module osgeo.gdal; GDAL prints nothing within the block.

    Whether GDAL raises exceptions is a setting of the whole QGIS process and is not changed (see `raise_if_refused`).
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


@contextmanager
def set_gdal_option(gdal: Any, name: str, value: str) -> Iterator[None]:
    """Set a configuration option of GDAL in this thread for the duration of the block."""
    previous = gdal.GetThreadLocalConfigOption(name)
    gdal.SetThreadLocalConfigOption(name, value)
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption(name, previous)


def raise_if_refused(returned_value: Any) -> Any:
    """Return a value that a GDAL function returned; raise RuntimeError if the value reports an error.

    ``None``, False and error numbers other than 0 report an error.
    """
    if (
        returned_value is None
        or returned_value is False
        or (returned_value is not True and isinstance(returned_value, int) and returned_value != 0)
    ):
        raise RuntimeError("refused")
    return returned_value


def define_field(name: str, ogr_type: str, width: int = 0, decimals: int = 0) -> Any:
    """Return the osgeo definition of a field; ``ogr_type``: OGR's name, as in `OGR_TYPES`; width 0: no limit."""
    from osgeo import ogr

    definition = ogr.FieldDefn(name, getattr(ogr, f"OFT{ogr_type}"))
    definition.SetWidth(width)
    definition.SetPrecision(decimals)
    return definition


def create_layer(
    database: Any, name: str, reference: Any, geometry_type: int, fields: Iterable[Any], options: Sequence[str] = ()
) -> Any:
    """Create a layer in an open osgeo database and return it; raise RuntimeError if the driver refuses.

    ``reference``: osgeo SpatialReference; ``geometry_type``: OGR's number; ``fields``: osgeo definitions, as of
    `define_field`; ``options``: of the driver, such as ``FID=fid``.
    """
    layer = raise_if_refused(database.CreateLayer(name, reference, geometry_type, list(options)))
    for definition in fields:
        raise_if_refused(layer.CreateField(definition))
    return layer


def check_row_counts(gdal: Any, path: Path, count_by_layer: Mapping[str, int]) -> None:
    """Reopen a written data set; raise RuntimeError if a layer has another number of rows.

    Drivers do not report a full disk when they close a file.
    """
    data_set = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR))
    read_counts = {one: raise_if_refused(data_set.GetLayerByName(one)).GetFeatureCount() for one in count_by_layer}
    del data_set
    if read_counts != count_by_layer:
        raise RuntimeError(f"rows: {read_counts}, not {count_by_layer}")


def repack_shapefile(gdal: Any, database: Any, name: str) -> None:
    """Remove the rows of a shapefile that are only marked as deleted.

    ``ExecuteSQL`` returns None with or without success. So only GDAL's last error shows that the driver refused.

    Raises
    ------
    RuntimeError
        The driver refused; the deleted rows are still in the file.
    """
    gdal.ErrorReset()
    # The driver takes the rest of the text as the name, quotation marks included.
    database.ExecuteSQL(f"REPACK {name}")
    if gdal.GetLastErrorType() >= gdal.CE_Failure:
        raise RuntimeError(gdal.GetLastErrorMsg() or "refused")


def convert_to_spatial_reference(crs: CRS) -> Any:
    """Convert a pyproj CRS to an osgeo SpatialReference, x (longitude) first."""
    from osgeo import osr

    reference = osr.SpatialReference()
    raise_if_refused(
        reference.SetFromUserInput(crs_care.make_crs_label(crs) if crs.to_epsg() else crs.to_wkt("WKT2_2018"))
    )
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference
