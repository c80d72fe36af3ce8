# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings layer as a file."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from pyproj import CRS

from ..errors import InputError, OutputError
from ..files.opening import whole_shapefile
from ..io import ERRORS
from ..model.findings import COLUMNS, Finding

#: A GeoPackage that the GDAL of an older QGIS opens without a word.
GEOPACKAGE = {"VERSION": "1.2"}


def put_findings(path: Path, findings: list[Finding], crs: CRS, layer: str = "findings") -> None:
    """The findings layer in a new file; all columns also when there is no finding. `beside` gives the path.

    OutputError when the driver refuses, or not everything arrived (a disk that is full, which drivers do not always tell).
    """
    driver = _driver(path)
    rows = [finding.row() for finding in findings]
    numbers = ("area_m2", "net_area_m2", "width_m")
    columns = {n: pd.Series([r[n] for r in rows], dtype="float64" if n in numbers else "object") for n in COLUMNS}
    shapes = gpd.GeoSeries([finding.layer_geometry() for finding in findings], crs=crs)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    # Made where a database can lock its file and the path is short, whatever the target's disk is like.
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / f"findings{path.suffix}"
        try:
            with warnings.catch_warnings():
                # A shapefile has no room for some names and texts; the columns are ours and known.
                warnings.simplefilter("ignore")
                pyogrio.write_dataframe(
                    frame,
                    made,
                    layer=layer,
                    driver=driver,
                    geometry_type="MultiPolygon",
                    promote_to_multi=True,
                    dataset_options=GEOPACKAGE if driver == "GPKG" else None,
                )
                if path.suffix.lower() == ".shp":
                    whole_shapefile(made)
                written = len(pyogrio.raw.read(made, return_fids=True)[1])
        except InputError as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space") from error
        except (*ERRORS, ValueError, RuntimeError) as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="refused") from error
        if written != len(frame):
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space")
        for file in made.parent.iterdir():
            copy = path.parent / f"{path.stem}{file.name[len('findings') :]}"
            shutil.copytree(file, copy) if file.is_dir() else shutil.copyfile(file, copy)


def _driver(target: Path) -> str:
    known = {".gpkg": "GPKG", "": "GPKG", ".gdb": "OpenFileGDB", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}
    suffix = target.suffix.lower()
    if suffix not in known:
        raise OutputError("output_format", target=str(target), known=" ".join(k for k in known if k))
    return known[suffix]
