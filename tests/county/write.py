# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing a county as GeoPackage and its expected results as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyogrio.raw
import shapely

from tests.county import templates


def write_geopackage(path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """Write one table per layer, with the field types of the template.

    The template decides, because empty columns have no type.
    """
    path.unlink(missing_ok=True)
    # A fixed date, so that equal counties give equal files.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    try:
        for role, frame in layers.items():
            _write_layer(path, role, frame)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


#: Names by number of the geometry type; a layer without shapes (−1) has polygons.
_GEOMETRY_TYPES = {-1: "Polygon", 0: "Point", 1: "LineString", 3: "Polygon"}


def _write_layer(path: Path, role: str, frame: gpd.GeoDataFrame) -> None:
    schema = {name: one for name, one in templates.read_fields(role).items() if name in frame.columns}
    data, masks = [], []
    for name, one in schema.items():
        column = frame[name]
        missing = column.isna().to_numpy()
        match one["type"]:
            case "integer":
                values = np.where(missing, 0, column).astype(np.int32)
            case "real":
                values = np.where(missing, 0, column).astype(float)
            case "date":
                values = column.to_numpy().astype("datetime64[D]")
            case _:
                values = np.where(missing, None, column.to_numpy(dtype=object))
        data.append(values)
        masks.append(missing)
    geometry = frame.geometry.to_numpy()
    multiple = (shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOLYGON).any()
    pyogrio.raw.write(
        path,
        shapely.to_wkb(geometry),
        data,
        list(schema),
        field_mask=masks,
        layer=role,
        driver="GPKG",
        geometry_type="MultiPolygon"
        if multiple
        else _GEOMETRY_TYPES[int(shapely.get_type_id(geometry).max(initial=-1))],
        promote_to_multi=bool(multiple),
        crs=f"EPSG:{frame.crs.to_epsg()}",
        append=path.exists(),
        # A version that the GDAL of an older QGIS opens without a warning.
        dataset_options=None if path.exists() else {"VERSION": "1.2"},
        layer_options={
            "DESCRIPTION": templates.read_template(role)["name"],
            # An index takes an eighth of the file and does not help small layers.
            "SPATIAL_INDEX": "YES" if len(frame) > 20_000 else "NO",
        },
    )


def write_truth(path: Path, truth: dict) -> None:
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
