# SPDX-License-Identifier: GPL-2.0-or-later
"""Write findings as a layer (GeoPackage, FileGDB, shapefile, GeoJSON)."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from ..base.errors import InputError, OutputError
from ..base.files.open_datasource import check_shapefile_complete
from ..base.parallel.process_state import pause_garbage_collection
from ..model.findings import FINDING_COLUMNS, NUMERIC_FINDING_COLUMNS, Finding, make_layer_geometries
from ..plan.io import DRIVER_ERRORS
from ..plan.io.geopackage_writing import GEOPACKAGE_OPTIONS


# Python's garbage collection would search findings and values repeatedly while rows are written, and free nothing.
@pause_garbage_collection()
def write_findings_layer(path: Path, findings: list[Finding], crs: CRS, layer: str = "findings") -> None:
    """Write findings as a layer to a new file, with all columns even without findings.

    `write_atomically` provides the path. Raises OutputError when the driver fails or the file is incomplete (a full
    disk, which drivers do not always report).
    """
    driver_by_suffix = {
        ".gpkg": "GPKG",
        "": "GPKG",
        ".gdb": "OpenFileGDB",
        ".shp": "ESRI Shapefile",
        ".geojson": "GeoJSON",
    }
    suffix = path.suffix.lower()
    if suffix not in driver_by_suffix:
        raise OutputError("output_format", target=str(path), known=" ".join(k for k in driver_by_suffix if k))
    driver = driver_by_suffix[suffix]
    # Write in the temporary folder, where a database can lock its file and the path is short.
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        temporary_file = Path(folder) / f"findings{path.suffix}"
        try:
            with warnings.catch_warnings():
                # A shapefile truncates some names and texts; these columns are known.
                warnings.simplefilter("ignore")
                epsg = crs.to_epsg()
                rows = [finding.row() for finding in findings]
                types = dict.fromkeys(NUMERIC_FINDING_COLUMNS, np.float64)
                pyogrio.raw.write(
                    temporary_file,
                    shapely.to_wkb(make_layer_geometries(findings), output_dimension=2),
                    [np.array([row[name] for row in rows], dtype=types.get(name, object)) for name in FINDING_COLUMNS],
                    list(FINDING_COLUMNS),
                    layer=layer,
                    driver=driver,
                    crs=f"EPSG:{epsg}" if epsg else crs.to_wkt("WKT1_GDAL"),
                    geometry_type="MultiPolygon",
                    dataset_options=GEOPACKAGE_OPTIONS if driver == "GPKG" else None,
                )
                if path.suffix.lower() == ".shp":
                    check_shapefile_complete(temporary_file)
                # The driver reports rows that are missing in a GeoPackage, so the number in it is enough. The rows of
                # other files are read.
                written_row_count = (
                    pyogrio.read_info(temporary_file, layer=layer, force_feature_count=True)["features"]
                    if driver == "GPKG"
                    else len(pyogrio.raw.read(temporary_file, columns=[], return_fids=True)[1])
                )
        except InputError as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space") from error
        except (*DRIVER_ERRORS, ValueError, RuntimeError) as error:
            raise OutputError("output_unwritable", target=str(path.name), detail="refused") from error
        if written_row_count != len(findings):
            raise OutputError("output_unwritable", target=str(path.name), detail="no_space")
        for file in list(temporary_file.parent.iterdir()):
            _move(file, path.parent / f"{path.stem}{file.name[len('findings') :]}")


def _move(source: Path, target: Path) -> None:
    """Move a file or folder of the temporary folder to a path where nothing is."""
    if os.name != "nt":
        # On Windows the file would keep the permissions of the temporary folder.
        try:
            os.rename(source, target)
            return
        except OSError:
            # The target is on another disk.
            pass
    shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
