# SPDX-License-Identifier: GPL-2.0-or-later
"""Small plans, documents and facts of packages for the package tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from plugin.core.checks.check import RunOptions
from plugin.core.cli.examples.package_facts import COMPLETE_PACKAGE_FILES
from plugin.core.package.layers.content import PackageLayer, make_package_layers
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.spec import LayerSlot, VectorSet
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.plan.plan import Plan
from tests.core.small_plan import X, Y, convert_to_source_layers, make_county_box, make_table
from tests.county import make_county
from tests.county.write import write_geopackage

PARCEL_VALUES = {"DLBM": "0103", "DLMC": "旱地", "TBMJ": 10_000.0, "KCXS": 0.0, "KCMJ": 0.0, "TBDLMJ": 10_000.0}


def make_parcel_table(count: int = 3, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return a DLTB table of adjacent one-hectare squares.

    ``columns`` replace or add fields.
    """
    return make_table(
        [make_county_box(100 * n, 0) for n in range(count)],
        **{**{k: [v] * count for k, v in PARCEL_VALUES.items()}, **columns},
    )


def make_package_plan(standard: str = "", **tables: gpd.GeoDataFrame) -> Plan:
    """Return the plan of some tables by layer code, under a standard (default: the county's)."""
    return assemble_plan(convert_to_source_layers(tables), RunOptions(standard=standard).resolve_norm(), source="x")


def make_data_set_spec(
    file: str = "a.gdb", *, crs: str = "EPSG:4526", layers: Any = (), others: bool = True, **more: Any
) -> VectorSet:
    """Return the specification of one data set; ``layers`` have the values of each `LayerSlot`."""
    slots = tuple(LayerSlot(**one) for one in layers)
    return VectorSet("plan", "data", file, crs, slots, others=others, **more)


def make_content_of_single_layer(plan: Plan, spec: VectorSet, **more: Any) -> PackageLayer:
    """Return what a package contains of the only layer of a plan."""
    (content,), _ = make_package_layers(plan, spec, **more)
    return content


def make_awkward_shapes() -> gpd.GeoDataFrame:
    """Return a table of shapes that file formats may change.

    They have holes, islands, several parts, and a hole that touches its outer ring.
    """
    hole = shapely.box(X + 300, Y, X + 400, Y + 100).difference(shapely.box(X + 320, Y + 20, X + 380, Y + 80))
    island = shapely.union(hole, shapely.box(X + 340, Y + 40, X + 360, Y + 60))
    touching = shapely.Polygon(
        [(X + 500, Y), (X + 600, Y), (X + 600, Y + 100), (X + 500, Y + 100)],
        [[(X + 500, Y), (X + 540, Y + 20), (X + 520, Y + 40)]],
    )
    parts = shapely.union(make_county_box(700, 0), make_county_box(850, 0))
    turned = shapely.reverse(make_county_box(1000, 0))
    return make_table([hole, island, touching, parts, turned], **{k: [v] * 5 for k, v in PARCEL_VALUES.items()})


def list_relative_paths(folder: Path) -> set[str]:
    """Return the paths of all files and folders below a folder, with slashes."""
    return {str(p.relative_to(folder)).replace("\\", "/") for p in folder.rglob("*")}


def write_clean_county(path: Path) -> Path:
    """Write a small valid county to a GeoPackage; return its path."""
    write_geopackage(path, make_county(300, defects=False)[0])
    return path


def write_documents(folder: Path) -> Path:
    """Write the documents of a complete package to a new folder; return it."""
    folder.mkdir()
    for path, content in COMPLETE_PACKAGE_FILES.items():
        if ".gdb" not in path:
            (folder / path.rpartition("/")[2]).write_bytes(content)
    return folder


def write_county_and_documents(folder: Path) -> tuple[Path, Path]:
    """Write a valid county and its documents; return data file and document folder."""
    return write_clean_county(folder / "county.gpkg"), write_documents(folder / "文档")


def export_complete_package(folder: Path, **options: Any) -> Path:
    """Export a package of a valid county with documents, tables and a map.

    Return the package path.
    """
    from plugin.core.checks.check import check_plan
    from plugin.core.package.export import ExportOrder, export_package

    source, documents = write_county_and_documents(folder)
    checked = check_plan(source, RunOptions(**options))
    return export_package(checked, ExportOrder(load_package_spec("county"), folder / "结果", documents)).path
