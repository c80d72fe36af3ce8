# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `boundary_adjustment` writes parcels, workbook and dossier."""

import zipfile

import geopandas as gpd
import openpyxl
import pytest
import shapely
from qgis.core import QgsProcessingException

from plugin.bridge.layers import painting
from plugin.paths import SAMPLE_FOLDER
from tests.qgis.helpers import Log, digest_files, run_algorithm

COUNTY = SAMPLE_FOLDER / "county.gpkg"


@pytest.fixture
def former_boundary(tmp_path):
    """Write the sample's boundary with a strip less in the west and a strip more in the east; return the file."""
    boundary = gpd.read_file(COUNTY, layer="CZKFBJ")
    town = boundary.geometry.iloc[0]
    west, south, east, north = town.bounds
    middle = town.centroid.y
    less = town.difference(shapely.box(west - 1, south - 1, west + 150, north + 1))
    boundary.loc[0, "geometry"] = less.union(shapely.box(east - 5, middle - 50, east + 80, middle + 50))
    path = tmp_path / "前.gpkg"
    boundary.to_file(path, layer="CZKFBJ")
    return path


def test_boundary_adjustment_writes_layer_workbook_and_dossier(provider, former_boundary, tmp_path, monkeypatch):
    lines, texts = [], []
    draw_text = painting.draw_text
    monkeypatch.setattr(painting, "draw_leader_line", lambda *given: lines.append(given))
    monkeypatch.setattr(
        painting, "draw_text", lambda *given, **more: (texts.append(given[2]), draw_text(*given, **more))[1]
    )
    digests = [digest_files(path) for path in (former_boundary, COUNTY)]
    targets = {
        "OUTPUT": tmp_path / "地块.gpkg",
        "OUTPUT_XLSX": tmp_path / "表.xlsx",
        "OUTPUT_DOCX": tmp_path / "论证.docx",
        "OUTPUT_HTML": tmp_path / "论证.html",
    }
    given = {"BEFORE": str(former_boundary), "SOURCE": str(COUNTY), "PROFILE": "hunyuan"}
    log = Log()
    done = run_algorithm("boundary_adjustment", given | {name: str(path) for name, path in targets.items()}, log)
    assert (done["PARCELS_IN"], done["PARCELS_OUT"], done["VERDICT"]) == (1, 1, "fails")
    parcels = gpd.read_file(targets["OUTPUT"])
    assert list(parcels["kind"]) == ["in", "out"] and list(parcels["number"]) == [1, 2]
    assert parcels["area_m2"].sum() == pytest.approx(done["AREA_IN"] + done["AREA_OUT"])
    before = gpd.read_file(former_boundary).union_all()
    after = gpd.read_file(COUNTY, layer="CZKFBJ").union_all()
    assert parcels.area[0] == pytest.approx(after.difference(before).area, abs=0.01)
    assert parcels.area[1] == pytest.approx(before.difference(after).area, abs=0.01)
    sheets = openpyxl.load_workbook(targets["OUTPUT_XLSX"]).sheetnames
    assert sheets == ["判定", "面积汇总", "分乡镇", "地块明细", "地类"]
    with zipfile.ZipFile(targets["OUTPUT_DOCX"]) as file:
        # The map, and a symbol for each entry of its legend.
        assert sum(name.startswith("word/media/") for name in file.namelist()) >= 3
    page = targets["OUTPUT_HTML"].read_text(encoding="utf-8")
    assert page.count("<img") >= 3 and "不符合" in page
    # A line to a number in its parcel reads as a minus sign: —1.
    assert {"1", "2"} <= set(texts) and not lines
    assert any("面积不增加" in line for line in log.lines)
    assert [digest_files(path) for path in (former_boundary, COUNTY)] == digests


def test_boundary_adjustment_refuses_missing_and_equal_editions(provider, tmp_path):
    for before in (tmp_path / "无.gpkg", COUNTY):
        with pytest.raises(QgsProcessingException):
            run_algorithm("boundary_adjustment", {"BEFORE": str(before), "SOURCE": str(COUNTY)})
