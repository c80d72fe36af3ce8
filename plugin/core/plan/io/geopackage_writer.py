# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the rows of a table to a layer of a GeoPackage with pyogrio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyogrio

if TYPE_CHECKING:
    import pandas as pd

#: A GeoPackage version that the GDAL of an older QGIS opens without a warning.
GEOPACKAGE_OPTIONS = {"VERSION": "1.2"}


def append_rows(frame: pd.DataFrame, path: Path, layer: str, geometry_type: str | None = "MultiPolygon") -> None:
    """Append rows to a layer of a GeoPackage; create the file or the layer if it is missing.

    ``geometry_type``: GDAL's name, None for a table without shapes; a multi type also stores single geometries as
    multi. Raise one of `DRIVER_ERRORS`.
    """
    exists = path.exists()
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        geometry_type=geometry_type,
        promote_to_multi=None if geometry_type is None else geometry_type.startswith("Multi"),
        append=exists,
        dataset_options=None if exists else GEOPACKAGE_OPTIONS,
    )
