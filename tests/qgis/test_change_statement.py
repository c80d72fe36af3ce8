# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `change_statement` writes the statement with its map, and the chapter of one edition."""

import zipfile

import geopandas as gpd
import pytest
import shapely
from qgis.core import QgsProcessingException

from plugin.paths import SAMPLE_FOLDER
from tests.qgis.helpers import Log, digest_files, run_algorithm

COUNTY = SAMPLE_FOLDER / "county.gpkg"


def test_statement_has_the_map_and_the_causes_of_the_layer_of_the_dossier(provider, tmp_path):
    boundary = gpd.read_file(COUNTY, layer="CZKFBJ")
    west, south, _, north = boundary.geometry.iloc[0].bounds
    boundary.loc[0, "geometry"] = boundary.geometry.iloc[0].difference(shapely.box(west, south, west + 150, north))
    before, parcels, written = tmp_path / "前.gpkg", tmp_path / "地块.gpkg", tmp_path / "说明.docx"
    boundary.to_file(before, layer="CZKFBJ")
    run_algorithm("boundary_adjustment", {"BEFORE": str(before), "SOURCE": str(COUNTY), "OUTPUT": str(parcels)})
    ledger = gpd.read_file(parcels)
    ledger["cause"], ledger["document"] = "为建设乡镇政府驻地", "某政发〔2026〕9号"
    ledger.to_file(tmp_path / "台账.gpkg", layer="ledger")
    digests = [digest_files(path) for path in (before, COUNTY)]
    given = {"BEFORE": str(before), "AFTER": str(COUNTY), "LEDGER": str(tmp_path / "台账.gpkg"), "PROFILE": "hunyuan"}
    log = Log()
    done = run_algorithm("change_statement", given | {"OUTPUT_DOCX": str(written)}, log)
    assert done["OUTPUT_DOCX"] == str(written) and done["OPEN"]
    with zipfile.ZipFile(written) as file:
        text = file.read("word/document.xml").decode("utf-8")
        assert any(name.startswith("word/media/") for name in file.namelist())
    assert "为建设乡镇政府驻地" in text and "某政发〔2026〕9号" in text and "图 1" in text
    assert any("项要求逐项核对" in line for line in log.lines)
    assert [digest_files(path) for path in (before, COUNTY)] == digests


def test_one_edition_gives_the_chapter_and_a_missing_file_is_refused(provider, tmp_path):
    page = tmp_path / "一章.html"
    done = run_algorithm("change_statement", {"BEFORE": str(COUNTY), "OUTPUT_HTML": str(page)})
    assert done["OPEN"] and "三条控制线" in page.read_text(encoding="utf-8")
    with pytest.raises(QgsProcessingException):
        run_algorithm("change_statement", {"BEFORE": str(COUNTY), "LEDGER": str(tmp_path / "无.xlsx")})
