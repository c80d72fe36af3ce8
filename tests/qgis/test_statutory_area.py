# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm statutory_area, which computes official ellipsoidal areas.

It also compares stored areas and adjusts them to a total. Inputs are not changed.
"""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsDistanceArea,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)

from plugin.core.standard.messages.texts import Texts
from tests.county import measure
from tests.qgis.helpers import SAMPLE, Log, digest_files, make_square, make_table, run_algorithm
from tests.qgis.models import run_in_model

#: standards/ellipsoid_area.md, (longitude, latitude): T separates the prescribed sum from geodesic and straight edges.
TRIANGLE = shapely.Polygon([(112.5, 37.5), (112.51, 37.5), (112.505, 37.51)])
SMALL_SQUARE = shapely.box(112, 37, 112.001, 37.001)
BOW_TIE = shapely.Polygon([(112, 38), (112.01, 38.01), (112.01, 38), (112, 38.01)])


def write_parcels(path, **columns):
    shapes = columns.pop("shapes", [TRIANGLE, SMALL_SQUARE])
    table = make_table(shapes, crs=columns.pop("crs", 4490), **columns)
    pyogrio.write_dataframe(table, path, layer=path.stem, dataset_options={"VERSION": "1.2"})
    return path


def make_tiles(**columns):
    """Return four parcels that tile a square of 200 m, and a township of its outline.

    Every shared edge has the same vertices on both sides.
    """
    shapes = [make_square(0, 0), make_square(100, 0), make_square(0, 100), make_square(100, 100)]
    outline = shapely.union_all(shapes)
    corners = shapely.segmentize(outline, 100.0)
    return make_table(shapes, **columns), make_table([corners], XZQMC=["永安镇"], XZQDM=["140225100"])


def test_statutory_area_output_has_planar_geodesic_and_statutory_areas(provider, tmp_path):
    path = write_parcels(tmp_path / "图斑.gpkg", MJ=[490_671.60, 9_878.30], 备注=["甲", None])
    before, log = digest_files(path), Log()
    target = tmp_path / "面积.gpkg"
    done = run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(target)}, log)
    made = gpd.read_file(target)
    assert list(made.columns)[:-1] == [
        "BSM", "MJ", "备注", "planar_m2", "geodesic_m2", "statutory_m2", "stored_m2", "diff_m2"
    ]  # fmt: skip
    assert made["MJ"].tolist() == [490_671.60, 9_878.24] and made["stored_m2"].tolist() == [490_671.60, 9_878.30]
    assert made["diff_m2"].tolist() == [0.0, 0.06] and made["备注"].tolist() == ["甲", None]
    assert made["statutory_m2"].tolist() == pytest.approx([490_671.60, 9_878.24], abs=0.005)
    # Geodesic edges and the prescribed sum are not the same; the plane of zone 37 is 0.05 % too large near its edge.
    assert made["geodesic_m2"][0] == pytest.approx(490_699.13, abs=0.01)
    assert made["planar_m2"].tolist() == pytest.approx(made.to_crs(4525).area.tolist(), abs=1e-6)
    assert any("（EPSG:4525）" in line for line in log.lines)
    assert shapely.equals_exact(made.geometry[0].geoms[0], TRIANGLE, 0) and made.crs.to_epsg() == 4490
    assert (done["ROWS"], done["DIFFERING"], done["WITHOUT_AREA"]) == (2, 1, 0)
    assert done["STATUTORY_M2"] == pytest.approx(500_549.84, abs=0.01) and done["STORED_M2"] == pytest.approx(
        500_549.90
    )
    assert "CONTROL_M2" not in done and digest_files(path) == before
    assert any("图斑椭球 500 549.84" in line.replace("\u202f", " ") for line in log.lines), log.lines
    assert any("比图斑椭球面积多 0.06 m²；1 个要素相差超过 0.01 m²" in line for line in log.lines)
    # The output as input gives the same values.
    again = run_algorithm("statutory_area", {"INPUT": str(target), "OUTPUT": str(tmp_path / "再.gpkg")}, log)
    assert again["DIFFERING"] == 0 and list(gpd.read_file(tmp_path / "再.gpkg").columns) == list(made.columns)
    assert any("本工具上次的结果" in line for line in log.lines)


def test_geodesic_area_agrees_with_the_ellipsoidal_area_of_qgis(provider, tmp_path):
    path = write_parcels(tmp_path / "a.gpkg")
    done = run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT})
    meter = QgsDistanceArea()
    meter.setSourceCrs(QgsCoordinateReferenceSystem("EPSG:4490"), QgsProject.instance().transformContext())
    assert meter.setEllipsoid("PARAMETER:6378137:6356752.314140356")
    for feature, shape in zip(done["OUTPUT"].getFeatures(), (TRIANGLE, SMALL_SQUARE), strict=True):
        assert feature["geodesic_m2"] == pytest.approx(meter.measureArea(QgsGeometry.fromWkt(shape.wkt)), rel=2e-5)


def test_statutory_area_check_mode_lists_differing_rows_and_changes_nothing(provider, tmp_path):
    shapes = [make_square(100 * n, 0) for n in range(4)]
    true = np.round(measure.statutory_area(shapes), 2)
    stored = [true[0], true[1] + 0.01, true[2] + 0.02, None]
    path = write_parcels(tmp_path / "DLTB.gpkg", shapes=shapes, crs=4526, TBMJ=pd.Series(stored, dtype=float))
    target, log = tmp_path / "不符.gpkg", Log()
    done = run_algorithm("statutory_area", {"INPUT": str(path), "MODE": "check", "OUTPUT": str(target)}, log)
    made = gpd.read_file(target)
    # The field is that of the layer's template and is not changed.
    assert made["BSM"].tolist() == ["140225000003", "140225000004"] and made["TBMJ"][0] == stored[2]
    assert done["DIFFERING"] == 2 and done["ROWS"] == 4 and np.isnan(made["TBMJ"][1])
    assert made["diff_m2"][0] == pytest.approx(0.02) and any("1 个要素的 TBMJ 原值为空" in x for x in log.lines)
    wide = run_algorithm(
        "statutory_area", {"INPUT": str(path), "MODE": "check", "TOLERANCE": 0.02, "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    assert wide["DIFFERING"] == 1


def test_statutory_area_check_mode_suspects_stored_areas_in_hectares(provider, tmp_path):
    path = write_parcels(tmp_path / "a.gpkg", MJ=[49.06716, 0.987824])
    log = Log()
    run_algorithm("statutory_area", {"INPUT": str(path), "MODE": "check", "OUTPUT": "TEMPORARY_OUTPUT"}, log)
    assert any("疑以公顷为单位" in line for line in log.lines) and any("比图斑椭球面积少" in line for line in log.lines)


def test_statutory_area_adjusts_parcels_to_the_area_of_their_township(provider, tmp_path):
    parcels, township = make_tiles()
    outside = make_table([make_square(500, 500)]).assign(BSM="140225000099")
    pyogrio.write_dataframe(pd.concat([parcels, outside], ignore_index=True), tmp_path / "DLTB.gpkg")
    pyogrio.write_dataframe(township, tmp_path / "XZQXZ.gpkg")
    log = Log()
    parameters = {"INPUT": str(tmp_path / "DLTB.gpkg"), "CONTROL": str(tmp_path / "XZQXZ.gpkg")}
    done = run_algorithm("statutory_area", {**parameters, "OUTPUT": str(tmp_path / "平差.gpkg")}, log)
    made = gpd.read_file(tmp_path / "平差.gpkg")
    (control,) = np.round(measure.statutory_area(township.geometry), 2)
    assert done["REFUSED"] == 0 and done["CONTROL_M2"] == control
    assert round(made["closed_m2"][:4].sum(), 2) == control and np.isnan(made["closed_m2"][4])
    assert made["control"].tolist() == ["永安镇"] * 4 + [None]
    assert (made["closed_m2"] - made["statutory_m2"]).abs().max() <= 0.01
    # The field itself has the statutory area: the adjusted one is a proposal.
    assert made["TBMJ"].tolist() == made["statutory_m2"].round(2).tolist()
    assert any("永安镇：控制面积" in line and "闭合差 0.00 m²" in line for line in log.lines)
    assert any("1 个要素不在任何控制范围内" in line and "（要素号 5）" in line for line in log.lines)
    assert any("来源级别 C，未核实" in line for line in log.lines)


def test_statutory_area_does_not_adjust_parcels_with_a_gap(provider, tmp_path):
    parcels, township = make_tiles()
    path = tmp_path / "DLTB.gpkg"
    pyogrio.write_dataframe(parcels.drop(index=3), path)
    pyogrio.write_dataframe(township, tmp_path / "XZQXZ.gpkg")
    log, parameters = Log(), {"INPUT": str(path), "CONTROL": str(tmp_path / "XZQXZ.gpkg")}
    done = run_algorithm("statutory_area", {**parameters, "OUTPUT": str(tmp_path / "x.gpkg")}, log)
    assert done["REFUSED"] == 1 and gpd.read_file(tmp_path / "x.gpkg")["closed_m2"].isna().all()
    assert done["MISCLOSURE_M2"] == pytest.approx(measure.statutory_area([make_square(100, 100)])[0], abs=0.01)
    assert any("未平差" in line and "TOP002" in line for line in log.lines)


def test_statutory_area_adjusts_to_a_given_control_area_within_the_limit(provider, tmp_path):
    parcels, _ = make_tiles()
    path = tmp_path / "DLTB.gpkg"
    pyogrio.write_dataframe(parcels, path)
    total = float(measure.statutory_area(parcels.geometry).sum())
    parameters = {"INPUT": str(path), "CONTROL_AREA": total + 3, "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
    assert run_algorithm("statutory_area", parameters)["REFUSED"] == 1
    done = run_algorithm("statutory_area", {**parameters, "LIMIT": 1e-4})
    closed = [f["closed_m2"] for f in done["OUTPUT"].getFeatures()]
    assert done["REFUSED"] == 0 and round(sum(closed), 2) == round(total + 3, 2)
    profile = tmp_path / "x.toml"
    profile.write_text(
        'id = "x"\nname = "某县"\narea_code = "140225"\n[closure]\nlimit_share = 0.0001\n', encoding="utf-8"
    )
    assert run_algorithm("statutory_area", {**parameters, "PROFILE": str(profile)})["REFUSED"] == 0


def test_statutory_area_logs_shapes_that_cannot_be_measured(provider, tmp_path):
    shapes = [TRIANGLE, None, BOW_TIE, shapely.Polygon()]
    path = write_parcels(tmp_path / "a.gpkg", shapes=shapes, MJ=[1.0, 2.0, 3.0, 4.0])
    log = Log()
    done = run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(tmp_path / "b.gpkg")}, log)
    made = gpd.read_file(tmp_path / "b.gpkg")
    triangles = [shapely.Polygon([(112, 38), (112.005, 38.005), (112, 38.01)]),
                 shapely.Polygon([(112.01, 38), (112.005, 38.005), (112.01, 38.01)])]  # fmt: skip
    # Both wings of a bow-tie count; the plain sum over its ring would be zero.
    assert made["MJ"][2] == pytest.approx(measure.statutory_area(triangles, 4490).sum(), abs=0.02)
    assert made["MJ"][1] == 2.0 and made["MJ"][3] == 4.0 and made["statutory_m2"][[1, 3]].isna().all()
    assert done["WITHOUT_AREA"] == 2 and len(made) == 4
    assert any("2 个要素没有可用的面" in line and "2, 4" in line for line in log.lines)
    assert any("1 个要素的图形无效" in line and "（要素号 3）" in line for line in log.lines)


def test_statutory_area_of_a_selection_measures_the_selected_feature_though_unsaved_and_curved(provider, project):
    layer = QgsVectorLayer("CurvePolygon?crs=EPSG:4526&field=BSM:string&field=MJ:double(15,2)", "弧", "memory")
    project.addMapLayer(layer)
    from qgis.core import QgsFeature

    x, y = 38_470_000, 4_390_000
    circle = f"CURVEPOLYGON (CIRCULARSTRING ({x - 50} {y}, {x} {y + 50}, {x + 50} {y}, {x} {y - 50}, {x - 50} {y}))"
    layer.startEditing()
    for wkt in (circle, make_square(0, 0).wkt):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        assert layer.addFeature(feature)
    ids = [f.id() for f in layer.getFeatures()]
    layer.selectByIds([ids[0]])
    log = Log()
    chosen = QgsProcessingFeatureSourceDefinition(layer.id(), True)
    done = run_algorithm("statutory_area", {"INPUT": chosen, "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}, log)
    (made,) = list(done["OUTPUT"].getFeatures())
    assert "CircularString" in made.geometry().asWkt() and made["MJ"] == pytest.approx(np.pi * 2500, rel=2e-3)
    assert any("含弧段" in line for line in log.lines) and any("未保存" in line for line in log.lines)
    layer.rollBack()


@pytest.mark.parametrize(
    ("columns", "parameters", "words"),
    [
        pytest.param({"MJ": ["1", "2"]}, {}, ["MJ", "FIELD", "小数"], id="text field"),
        pytest.param({}, {"MODE": "check"}, ["没有字段 MJ", "BSM"], id="no field to check"),
        pytest.param({}, {"FIELD": "diff_m2"}, ["diff_m2", "FIELD"], id="a column of its own"),
        pytest.param({"crs": None}, {}, ["没有坐标系"], id="no CRS"),
        pytest.param({"crs": 4526}, {}, ["EPSG:4526", "疑为经纬度", "EPSG:4490"], id="degrees called metres"),
        pytest.param({}, {"CONTROL_AREA": 0}, ["控制面积 0"], id="no control area"),
        pytest.param({}, {"CONTROL_AREA": 5, "CONTROL": SAMPLE.as_posix() + "|layername=XZQX"}, ["CONTROL_AREA"], id="two"),
    ],
)  # fmt: skip
def test_statutory_area_reports_unmeasurable_layers_and_writes_nothing(provider, tmp_path, columns, parameters, words):
    path = write_parcels(tmp_path / "a.gpkg", **columns)
    before = digest_files(path)
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(tmp_path / "b.gpkg"), **parameters})
    assert all(word in str(caught.value) for word in words), caught.value
    assert digest_files(path) == before and [p.name for p in tmp_path.iterdir()] == [path.name]


def test_statutory_area_refuses_its_input_as_output(provider, tmp_path):
    path = write_parcels(tmp_path / "a.gpkg")
    before = digest_files(path)
    with pytest.raises(QgsProcessingException):
        run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(path)})
    assert digest_files(path) == before


def test_cancelled_statutory_area_leaves_the_previous_output_unchanged(provider, tmp_path):
    class Impatient(QgsProcessingFeedback):
        def setProgress(self, share):
            self.cancel()

    path, target = write_parcels(tmp_path / "a.gpkg"), tmp_path / "b.gpkg"
    run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(target)})
    before = digest_files(target)
    assert run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(target)}, Impatient(False)) == {}
    assert digest_files(target) == before and sorted(p.name for p in tmp_path.iterdir()) == ["a.gpkg", "b.gpkg"]


def test_statutory_area_runs_in_a_model(provider, project, tmp_path):
    context = QgsProcessingContext()
    made = run_in_model("statutory_area", write_parcels(tmp_path / "a.gpkg"), context)
    assert [round(f["MJ"], 2) for f in made.getFeatures()] == [490_671.60, 9_878.24]


@pytest.mark.exhaustive
def test_statutory_area_of_the_sample_runs_from_the_command_line(qgis_process, tmp_path):
    before = digest_files(SAMPLE)
    target = tmp_path / "图斑.gdb"
    arguments = (f"INPUT={SAMPLE}|layername=DLTB", f"CONTROL={SAMPLE}|layername=XZQX", "LIMIT=0.01", f"OUTPUT={target}")
    done = qgis_process("run", "sanxian:statutory_area", "--json", "--", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)["results"]
    made = gpd.read_file(target)
    assert len(made) == results["ROWS"] and results["REFUSED"] == 0
    assert round(made["closed_m2"].sum(), 2) == pytest.approx(results["CONTROL_M2"], abs=1e-6)
    # An independent computation without geometry repair.
    sound = made[made.is_valid]
    assert sound["statutory_m2"].tolist() == pytest.approx(measure.statutory_area(sound.geometry).tolist(), abs=1e-3)
    assert digest_files(SAMPLE) == before
    refused = qgis_process("run", "sanxian:statutory_area", "--", f"INPUT={tmp_path / 'none.gpkg'}", f"OUTPUT={target}")
    assert refused.returncode == 1 and len(gpd.read_file(target)) == len(made)


def test_statutory_area_messages_exist_in_chinese_and_english(provider):
    zh, en = (Texts(lang).get_section("areas") for lang in ("zh", "en"))
    assert zh.keys() == en.keys() and len(zh) > 20


@pytest.mark.parametrize(("role", "reported"), [("STBHHX", True), ("CZKFBJ", False)])
def test_statutory_area_logs_that_the_output_of_a_sealed_layer_is_a_copy(provider, tmp_path, role, reported):
    path = write_parcels(tmp_path / f"{role}.gpkg", MJ=[1.0, 2.0])
    before, log = digest_files(path), Log()
    run_algorithm("statutory_area", {"INPUT": str(path), "OUTPUT": str(tmp_path / "out.gpkg")}, log)
    assert any("封库图层" in line and "副本" in line for line in log.lines) is reported
    assert digest_files(path) == before
    log = Log()
    run_algorithm("statutory_area", {"INPUT": str(path), "MODE": "check", "OUTPUT": str(tmp_path / "check.gpkg")}, log)
    assert not any("封库图层" in line for line in log.lines)
