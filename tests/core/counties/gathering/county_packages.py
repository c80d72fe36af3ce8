# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of counties that pass an inspection: one generated county, moved along its parallel.

A turn around the axis of the earth keeps every area on the ellipsoid, so the area fields stay right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.county import make_county
from tests.county.landscape import AREA_CODE, AREA_NAME, EPSG
from tests.county.write import write_geopackage

#: Codes, names and turns (degrees) of the counties: the second is in the next 3° zone.
COUNTIES = {"140225": ("浑源县", 0.0), "140224": ("灵丘县", 0.7), "140223": ("广灵县", -0.7)}
_PARCELS = 300


def make_county_layers(code: str, name: str, degrees: float, parcels: int = _PARCELS) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of the generated county under another code and name, turned by degrees."""
    layers, _ = make_county(parcels, defects=False)
    moved = {}
    for role, original in layers.items():
        frame = original.copy()
        for column in frame.columns.drop("geometry"):
            if frame[column].map(lambda value: isinstance(value, str)).any():
                frame[column] = frame[column].map(
                    lambda v: v.replace(AREA_CODE, code).replace(AREA_NAME, name) if isinstance(v, str) else v
                )
        if degrees:
            turned = shapely.transform(
                frame.geometry.to_crs(4490).to_numpy(), lambda xy: np.column_stack([xy[:, 0] + degrees, xy[:, 1]])
            )
            frame = frame.set_geometry(gpd.GeoSeries(turned, index=frame.index, crs=4490).to_crs(EPSG), crs=EPSG)
        moved[role] = frame
    return moved


def write_county_package(
    folder: Path,
    code: str,
    name: str,
    degrees: float,
    *,
    parcels: int = _PARCELS,
    change: Callable[[dict[str, gpd.GeoDataFrame]], None] | None = None,
    **options: object,
) -> Path:
    """Write and export a county with its text; return the path of the package in ``folder``.

    ``change``: edits the layers before they are written.
    """
    work = folder.parent / "县级数据" / code
    documents = work / "文档"
    documents.mkdir(parents=True)
    layers = make_county_layers(code, name, degrees, parcels)
    if change is not None:
        change(layers)
    write_geopackage(work / "county.gpkg", layers)
    (documents / f"{code}{name}国土空间总体规划文本.pdf").write_bytes(make_pdf())
    checked = check_plan(work / "county.gpkg", RunOptions(**options))
    folder.mkdir(exist_ok=True)
    return export_package(checked, ExportOrder(load_package_spec("county"), folder, documents)).path


def write_parent_documents(folder: Path, code: str, name: str, stem: str = "国土空间总体规划文本") -> Path:
    """Write the text of the parent's plan; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{code}{name}{stem}.pdf").write_bytes(make_pdf())
    return folder
