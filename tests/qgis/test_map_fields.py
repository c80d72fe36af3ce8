# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm map_fields, which maps a survey to the official tables.

No row is lost, and a failed run leaves no partial output.
"""

import subprocess
import sys
from pathlib import Path

import fiona
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from qgis.core import QgsProcessing, QgsProcessingException, QgsProcessingFeatureSourceDefinition, QgsVectorLayer

from plugin.core.standard import load_standard
from tests.core.land_survey import SURVEY_ROWS, make_survey_table, write_survey
from tests.qgis.helpers import ROOT, Log, digest_files, run_algorithm

EXPECTED_2023_CODES = ["010300", "010300", "020100", "050700", "060100", None, None, None, None, None]


@pytest.fixture
def survey_file(tmp_path):
    return write_survey(tmp_path / "三调 数据")


def list_files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_map_fields_converts_a_survey_to_dltb_and_then_to_the_2023_land_classes(provider, survey_file, tmp_path):
    before = digest_files(survey_file.parent)
    dltb, lost = tmp_path / "出 1" / "DLTB.gpkg", tmp_path / "出 1" / "未对应.xlsx"
    first = run_algorithm(
        "map_fields", {"INPUT": str(survey_file), "TEMPLATE": "dltb", "OUTPUT": str(dltb), "UNMAPPED": str(lost)}
    )
    assert (first["ROWS"], first["LOSSES"], first["EMPTY"]) == (len(SURVEY_ROWS), 2, 1)
    made = gpd.read_file(dltb, layer="DLTB")
    assert list(made.columns[:-1]) == [f.name for f in load_standard().templates["DLTB"].fields]
    assert made["DLMC"].tolist() == [row[1] for row in SURVEY_ROWS]
    assert made.area.sum() == pytest.approx(make_survey_table().area.sum(), abs=1e-6)
    assert made["TBMJ"].sum() == pytest.approx(make_survey_table()["TBMJ"].sum(), abs=1e-6)
    with fiona.open(dltb, layer="DLTB") as read:
        assert read.schema["geometry"] == "MultiPolygon" and read.crs.to_epsg() == 4526
        assert read.schema["properties"]["DLMC"] == "str:60"
        assert read.schema["properties"]["SJNF"].startswith("int")
    lost_values = pd.read_excel(lost, dtype=str)
    assert {"9999", "二〇二〇"} <= set(lost_values["值"])
    listed = lost_values[lost_values["源字段"] == "数据来源说"]
    assert openpyxl.load_workbook(lost).sheetnames == ["未转换"] and listed["值"].tolist()[1:] == ["坡地", "油料"]
    assert listed["行数"].tolist() == ["2", "1", "1"] and float(listed["平面面积（公顷）"].iloc[1]) == 0.5

    layer, table = tmp_path / "XZYDYH.gpkg", tmp_path / "未对应.csv"
    second = run_algorithm(
        "map_fields", {"INPUT": str(dltb), "TEMPLATE": "XZYDYH", "OUTPUT": str(layer), "UNMAPPED": str(table)}
    )
    assert (second["ROWS"], second["LOSSES"], second["EMPTY"]) == (len(SURVEY_ROWS), 4, 4)
    made = gpd.read_file(layer, layer="XZYDYH")
    assert [v if isinstance(v, str) else None for v in made["YDYHFLDM"]] == EXPECTED_2023_CODES
    assert made.area.sum() == pytest.approx(make_survey_table().area.sum(), abs=1e-6)
    lost_values = pd.read_csv(table, dtype=str, encoding="utf-8-sig").dropna(subset=["source_fid"])
    assert dict(zip(lost_values["value"], lost_values["reason"], strict=True)) == {
        "0204": "code_many",
        "0701": "code_many",
        "01": "code_none",
        "9999": "code_unknown",
    }
    assert "0205 0204" in lost_values["message"].iloc[0] and set(lost_values["carried"]) == {"no"}
    assert digest_files(survey_file.parent) == before


def test_map_fields_writes_its_mapping_file_and_applies_an_edited_one(provider, survey_file, tmp_path):
    folder = tmp_path / "出"
    log = Log()
    first = run_algorithm(
        "map_fields", {"INPUT": str(survey_file), "TEMPLATE": "XZYDYH", "OUTPUT": str(folder / "a.gpkg")}, log
    )
    used = folder / "a.mapping.toml"
    assert first["MAPPING_USED"] == str(used) and list_files(folder) == ["a.gpkg", "a.mapping.toml"]
    assert any(str(used) in line for line in log.lines)
    text = used.read_text(encoding="utf-8")
    used.write_text(f'{text}"0204" = "0205"\n"0701" = "0701"\n', encoding="utf-8")
    edited = used.read_bytes()
    parameters = {"INPUT": str(survey_file), "TEMPLATE": "XZYDYH", "OUTPUT": str(folder / "a.gpkg")}
    second = run_algorithm("map_fields", {**parameters, "MAPPING": str(used)})
    assert second["LOSSES"] == 2 and second["MAPPING_USED"] == str(used)
    assert gpd.read_file(folder / "a.gpkg")["YDYHFLDM"].tolist()[5:7] == ["020500", "070100"]
    # A run without it keeps the edited mapping.
    run_algorithm("map_fields", parameters)
    assert used.read_bytes() == edited and list_files(folder) == ["a.gpkg", "a.mapping-2.toml", "a.mapping.toml"]


def test_map_fields_includes_unsaved_edits_and_respects_a_selection(provider, project, survey_file):
    layer = QgsVectorLayer(str(survey_file), "三调", "ogr")
    project.addMapLayer(layer)
    layer.startEditing()
    layer.changeAttributeValue(1, layer.fields().indexOf("DLBM"), "0101")
    parameters = {"TEMPLATE": "XZYDYH", "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
    result = run_algorithm("map_fields", {**parameters, "INPUT": layer, "UNMAPPED": QgsProcessing.TEMPORARY_OUTPUT})
    assert result["OUTPUT"].featureCount() == len(SURVEY_ROWS) and result["MAPPING_USED"] == ""
    assert [f["YDYHFLDM"] for f in result["OUTPUT"].getFeatures()][1] == "010100"
    assert result["OUTPUT"].fields().field("YDYHFLDM").length() == 6
    assert result["UNMAPPED"].featureCount() == 4 + 3 + 12, "columns, and values of columns, that no field takes"
    layer.rollBack()
    layer.selectByIds([0, 1, 5])
    chosen = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    result = run_algorithm("map_fields", {**parameters, "INPUT": chosen})
    assert (result["OUTPUT"].featureCount(), result["EMPTY"]) == (3, 1)


def test_map_fields_with_drop_personal_omits_personal_data(provider, tmp_path):
    persons = make_survey_table().assign(ZRRMC="张三", LXDH="0352-000000000000000000", ZMC="一组")
    pyogrio.write_dataframe(persons, tmp_path / "in.gpkg")
    parameters = {"INPUT": str(tmp_path / "in.gpkg"), "TEMPLATE": "YJJBNTBHTB"}
    for drop, names in ((False, {"张三"}), (True, {None})):
        made, lost = tmp_path / f"{drop}.gpkg", tmp_path / f"{drop}.csv"
        log = Log()
        run_algorithm(
            "map_fields", {**parameters, "DROP_PERSONAL": drop, "OUTPUT": str(made), "UNMAPPED": str(lost)}, log
        )
        rows = gpd.read_file(made)
        assert {v if isinstance(v, str) else None for v in rows["ZRRMC"]} == names
        assert set(rows["ZMC"]) == {"一组"} and len(rows) == len(persons)
        assert ("0352" in lost.read_text(encoding="utf-8-sig")) is not drop
        assert any("个人信息" in line and "ZRRMC" in line for line in log.lines) is drop


def test_map_fields_writes_a_filegdb(provider, survey_file, tmp_path):
    target = tmp_path / "库.gdb"
    run_algorithm("map_fields", {"INPUT": str(survey_file), "TEMPLATE": "DLTB", "OUTPUT": str(target)})
    info = pyogrio.read_info(target, layer="DLTB")
    assert info["features"] == len(SURVEY_ROWS)
    assert dict(zip(info["fields"], info["dtypes"], strict=True))["SJNF"] == "int32"


def test_map_fields_help_names_every_layer_template(provider):
    text = provider.algorithm("map_fields").shortHelpString()
    for template in load_standard().templates.values():
        assert (f"{template.role} {template.name}" in text) == (not template.base), template.role


UNUSABLE_INPUTS = [
    ({"TEMPLATE": "NOPE"}, ["NOPE", "DLTB"]),
    ({"OUTPUT": "x.shp"}, ["x.shp", ".gpkg"]),
    ({"UNMAPPED": "x.docx"}, ["x.docx", ".csv"]),
    ({"MAPPING": "没有.toml"}, ["没有.toml"]),
    ({"MAPPING": "坏.toml"}, ["坏.toml", "fields.NOPE"]),
    ({"MAPPING": "缺.toml"}, ["缺.toml", "fields.BZ", "备注"]),
    ({"STANDARD": "nope"}, ["nope", "county_db"]),
    ({"INPUT": "没有.shp"}, ["没有.shp"]),
    ({"UNMAPPED": "同.gpkg", "OUTPUT": "同.gpkg"}, ["同.gpkg"]),
]


@pytest.mark.parametrize(("change", "words"), UNUSABLE_INPUTS, ids=[next(iter(c.values())) for c, _ in UNUSABLE_INPUTS])
def test_map_fields_reports_unusable_input_and_writes_nothing(change, words, provider, survey_file, tmp_path):
    (tmp_path / "坏.toml").write_text('role = "XZYDYH"\n[fields]\nNOPE = "x"\n', encoding="utf-8")
    (tmp_path / "缺.toml").write_text('role = "XZYDYH"\n[fields]\nBZ = "备注"\n', encoding="utf-8")
    before = list_files(tmp_path)
    paths = ("OUTPUT", "UNMAPPED", "MAPPING", "INPUT")
    given = {k: str(tmp_path / v) if k in paths else v for k, v in change.items()}
    parameters = {"INPUT": str(survey_file), "TEMPLATE": "XZYDYH", "OUTPUT": str(tmp_path / "好.gpkg"), **given}
    with pytest.raises(QgsProcessingException) as error:
        run_algorithm("map_fields", parameters)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert list_files(tmp_path) == before


def test_map_fields_refuses_its_input_as_output(provider, tmp_path):
    source = tmp_path / "源.gpkg"
    make_survey_table().to_file(source, layer="DLTB")
    before = digest_files(source)
    with pytest.raises(QgsProcessingException):
        run_algorithm("map_fields", {"INPUT": str(source), "TEMPLATE": "DLTB", "OUTPUT": str(source)})
    assert digest_files(source) == before and list_files(tmp_path) == ["源.gpkg"]


def test_failed_map_fields_leaves_the_previous_output_unchanged(provider, survey_file, tmp_path):
    target = tmp_path / "旧.gpkg"
    make_survey_table().to_file(target, layer="x")
    before = digest_files(target)
    with pytest.raises(QgsProcessingException):
        # The template is for lines, which is an error found only when the rows are read.
        run_algorithm("map_fields", {"INPUT": str(survey_file), "TEMPLATE": "ZDJTJCSSX", "OUTPUT": str(target)})
    assert digest_files(target) == before and list_files(tmp_path) == ["三调 数据", "旧.gpkg"]


RUN_ON_POOLED_THREADS_SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsProcessingAlgRunnerTask, QgsProcessingContext, QgsProcessingFeedback, QgsProject
application = QgsApplication([], False)
application.initQgis()
from plugin.main import SanxianPlugin
plugin = SanxianPlugin(None)
plugin.initProcessing()
algorithm = QgsApplication.processingRegistry().algorithmById("sanxian:map_fields")
context, feedback, done = QgsProcessingContext(), QgsProcessingFeedback(False), []
context.setProject(QgsProject.instance())
for n in range(4):
    given = {"INPUT": sys.argv[2], "TEMPLATE": "XZYDYH", "OUTPUT": f"{sys.argv[3]}/{n}.gpkg"}
    task = QgsProcessingAlgRunnerTask(algorithm, given, context, feedback)
    task.executed.connect(lambda good, results: done.append((good, results.get("ROWS"))))
    QgsApplication.taskManager().addTask(task)
    while len(done) <= n:
        application.processEvents()
        time.sleep(0.01)
print(done, flush=True)
import os
os._exit(0)
"""


def test_map_fields_runs_repeatedly_on_pooled_threads_without_a_crash(survey_file, tmp_path):
    arguments = [sys.executable, "-c", RUN_ON_POOLED_THREADS_SCRIPT, str(ROOT), str(survey_file), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == str([(True, len(SURVEY_ROWS))] * 4), done.stdout + done.stderr
