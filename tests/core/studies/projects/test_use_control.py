# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of use control are read as projects and written with all standard fields and units."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from plugin.core.__main__ import main
from plugin.core.studies.projects.use_control import find_template
from plugin.paths import STANDARDS_FOLDER
from tests.core.studies.projects.written_county import CRS, NET_SHARE, box, write_county, write_profile, write_projects

ROLES = sorted([*(path.stem for path in STANDARDS_FOLDER.glob("use_control-*/templates/*.toml")), "XS_XMKJFW"])


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write the county and a profile; return both paths."""
    folder = tmp_path_factory.mktemp("county")
    return write_county(folder / "county.gpkg"), write_profile(folder)


def write_layer(path: Path, role: str) -> gpd.GeoDataFrame:
    """Write two rows with a value in each field of a template; return them."""
    values = {"real": 1.2345, "integer": 7, "date": pd.Timestamp("2026-03-01")}
    rows = [
        {one.name: values.get(one.type) or f"{one.name}{number}"[: one.length] for one in find_template(role).fields}
        for number in (1, 2)
    ]
    for row in rows:
        row |= {one.name: 1.23 for one in find_template(role).fields if one.type == "real" and one.decimals == 2}
    frame = gpd.GeoDataFrame(rows, geometry=[box(10, 10, 110, 110), box(210, 10, 310, 110)], crs=CRS)
    frame.to_file(path, layer=role, driver="GPKG")
    return gpd.read_file(path)


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            one, marks=[] if one in ("XS_XMKJFW", "ZZ_XMZDFW", "LSYD_XMZDFW", "YG_XMYDFW") else pytest.mark.exhaustive
        )
        for one in ROLES
    ],
)
def test_layer_comes_back_with_all_fields_and_shapes(county, role, tmp_path):
    given = write_layer(tmp_path / "a.gpkg", role)
    out = tmp_path / "b.gpkg"
    main(
        ["conformity", str(tmp_path / "a.gpkg"), str(county[0]), "--profile", str(county[1]), "--use-control", str(out)]
    )
    assert pyogrio.list_layers(out)[:, 0].tolist() == [role]
    read = gpd.read_file(out)
    assert (
        read.columns.tolist()
        == given.columns.tolist()
        == [*(one.name for one in find_template(role).fields), "geometry"]
    )
    pd.testing.assert_frame_equal(
        pd.DataFrame(read.drop(columns="geometry")), pd.DataFrame(given.drop(columns="geometry")), check_dtype=False
    )
    assert read.geometry.geom_equals(given.geometry).all()


def test_projects_are_written_in_hectares_and_unstated_units_are_not_invented(county, tmp_path):
    rows = [{"XMMC": "甲", "XMDM": "2401-140225", "用途": "0901", "geometry": box(10, 10, 210, 110)}]
    path, out = write_projects(tmp_path / "p.gpkg", rows), tmp_path / "out.gpkg"
    result = tmp_path / "r.json"
    main(["conformity", str(path), str(county[0]), "--use-control", str(out), "--json", str(result)])
    one = json.loads(result.read_text(encoding="utf-8"))["results"][0]
    row = gpd.read_file(out, layer="XS_XMKJFW").iloc[0]
    assert (row.XMMC, row.XMDM, row.TDYTDM) == ("甲", "2401-140225", "0901")
    assert row.YDMJ == round(one["statutory_m2"] / 10_000, 4) == pytest.approx(2.0, abs=1e-3)
    assert row.ZYYNMJ == row.ZYGDMJ == pytest.approx(row.YDMJ * NET_SHARE, abs=1e-4) and row.SJSTHXMJ == 0
    assert pd.isna(row.BHYNMJ) and pd.isna(row.FZRQ) and not row.ZSBM
    given = write_layer(tmp_path / "y.gpkg", "YG_XMYDFW").assign(YDMJ=None)
    given.to_file(tmp_path / "y.gpkg", layer="YG_XMYDFW", driver="GPKG")
    main(["conformity", str(tmp_path / "y.gpkg"), str(county[0]), "--use-control", str(out)])
    assert gpd.read_file(out)["YDMJ"].isna().all()


def test_projects_of_a_layer_have_its_names_and_areas_in_hectares(county, tmp_path):
    write_layer(tmp_path / "z.gpkg", "ZZ_XMZDFW")
    main(["conformity", str(tmp_path / "z.gpkg"), str(county[0]), "--json", str(tmp_path / "r.json")])
    one = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["results"][0]
    names = [one[key] for key in ("name", "number", "applicant", "declared_m2")]
    assert names == ["XMMC1", "DZJGH1", "SBDW1", pytest.approx(12_345)]
