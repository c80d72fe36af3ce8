# SPDX-License-Identifier: GPL-2.0-or-later
"""Zones at sea beside the land of a county change no comparison with the county's border, and the report names them."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from plugin.core.check import RunOptions, check_plan
from plugin.core.io import read_source
from plugin.core.render.tables.by_place import make_space_table, make_zone_table
from plugin.core.tabulate import tabulate_sources
from plugin.paths import SAMPLE_FOLDER

OPTIONS = RunOptions(profile="hunyuan", rules=("TOP002", "TOP003", "GEO011", "LAW003", "LAW021", "ATT022"))
ZONES = "YDYHGHFQ"
#: Codes and names of planning zones at sea.
SEA_ZONES = {"600": "海洋发展区", "610": "渔业用海区", "660": "海洋预留区"}


def add_zones_east_of_county(layers, names_by_code):
    """Return layers with a zone of 3 km for each code, 1 km east of the county, and the area of these zones (m²)."""
    frames = {layer.name: layer.frame for layer in layers}
    zones = frames[ZONES]
    _, south, east, north = frames["XZQX"].to_crs(zones.crs).total_bounds
    rows = zones.iloc[[0] * len(names_by_code)].copy()
    rows["GHFQDM"], rows["GHFQMC"] = list(names_by_code), list(names_by_code.values())
    rows["BSM"] = [f"14022599999999990{number}" for number in range(len(rows))]
    starts = east + 1000 + 3000 * np.arange(len(rows))
    rows.geometry = shapely.box(starts, south, starts + 3000, north)
    ellipsoid = Geod(a=6378137.0, rf=298.257222101)
    areas = [abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in rows.to_crs(4490).geometry]
    rows["MJ"] = areas
    rows.index = zones.index.max() + 1 + np.arange(len(rows))
    added = gpd.GeoDataFrame(pd.concat([zones, rows]), geometry=zones.geometry.name, crs=zones.crs)
    return [replace(one, frame=added) if one.name == ZONES else one for one in layers], sum(areas)


@pytest.fixture(scope="module")
def county():
    return list(read_source(SAMPLE_FOLDER / "county.gpkg"))


def list_results(layers):
    report = check_plan(layers, OPTIONS, source="county").report
    return (
        [finding.to_dict() for finding in report.findings],
        {(one.id, one.place): (one.value, one.inputs.get("county_share")) for one in report.indicators},
        report.provenance["notices"],
    )


def test_zones_at_sea_change_no_finding_and_no_figure_and_a_notice_names_them(county):
    findings, figures, notices = list_results(county)
    coastal, area = add_zones_east_of_county(county, SEA_ZONES)
    coastal_findings, coastal_figures, coastal_notices = list_results(coastal)
    assert (coastal_findings, coastal_figures) == (findings, figures)
    (notice,) = [one for one in coastal_notices if one not in notices]
    assert notice.startswith(f"{ZONES}有 3 个图斑为海洋分区或用海类")
    printed_hectares = float(notice.split("（")[1].split(" 公顷")[0].replace("\u202f", ""))
    assert printed_hectares == pytest.approx(area / 10_000, rel=1e-4)


def test_zones_of_land_at_the_same_place_are_outside_the_county(county):
    eastern, _ = add_zones_east_of_county(county, {"530": "林业发展区"})
    codes = {finding["code"] for finding in list_results(eastern)[0]}
    assert {"TOP003", "LAW021"} <= codes


def test_tables_compare_the_county_with_the_zones_on_land(county):
    def read_differences(layers):
        figures = tabulate_sources(layers, RunOptions(profile="hunyuan")).indicators
        zones, spaces = make_zone_table(figures), make_space_table(figures)
        return next(row.values for row in zones.rows if row.code == "difference"), [row.values for row in spaces.rows]

    coastal, _ = add_zones_east_of_county(county, SEA_ZONES)
    assert read_differences(coastal) == read_differences(county)
