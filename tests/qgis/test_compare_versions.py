# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm compare_versions: changed parts, workbook and verdict.

Unsaved edits are included.
"""

import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from qgis.core import QgsProcessing, QgsProcessingException, QgsVectorLayer

from tests.qgis.helpers import Log, digest_files, make_square, make_table, run_algorithm, write_small

ROLE = "YJJBNTBHTB"


def make_farmland_rows(count, codes=None, **more):
    shapes = [make_square(100 * n, 0) for n in range(count)]
    keys = [f"14022500000000{n:04d}" for n in range(1, count + 1)]
    return make_table(shapes, BSM=keys, DLBM=codes or ["0103"] * count, YJJBNTMJ=[9000.0] * count, **more)


def write_versions(tmp_path):
    before = write_small(tmp_path / "前.gpkg", **{ROLE: make_farmland_rows(4)})
    townships = make_table([make_square(-50, -50, 300, 300), make_square(250, -50, 300, 300)], XZQMC=["甲镇", "乙镇"])
    after = write_small(
        tmp_path / "后.gpkg", **{ROLE: make_farmland_rows(3, ["0103", "0101", "0103"]), "XZQXZ": townships}
    )
    return f"{before}|layername={ROLE}", f"{after}|layername={ROLE}", f"{after}|layername=XZQXZ"


def test_compare_versions_writes_changed_parts_to_a_layer_and_a_workbook(provider, tmp_path):
    before, after, townships = write_versions(tmp_path)
    sums = [digest_files(Path(path.partition("|")[0])) for path in (before, after)]
    log, target, book = Log(), tmp_path / "变化.gpkg", tmp_path / "对比.xlsx"
    given = {"BEFORE": before, "AFTER": after, "TOWNSHIPS": townships, "OUTPUT": str(target), "OUTPUT_XLSX": str(book)}
    done = run_algorithm("compare_versions", given, log)
    assert (done["IDENTICAL"], done["VERDICT"], done["PARTS"]) == (False, "different", 2)
    assert done["AREA_OUT"] == pytest.approx(10_000, rel=2e-3) and done["AREA_IN"] == 0
    made = gpd.read_file(target)
    assert list(made["kind"]) == ["3", "2"] and list(made["kind_name"]) == ["调出", "属性变更"]
    assert list(made["township"]) == ["乙镇", "甲镇"] and made["cause"].isna().all()
    assert made["changes"][1] == "DLBM: 0103 → 0101" and made["after_key"][1].endswith("0002")
    assert made["area_m2"].sum() == pytest.approx(done["AREA_OUT"] + done["AREA_CHANGED"])
    assert made.area[0] == pytest.approx(10_000) and made.crs == gpd.read_file(after.partition("|")[0], layer=ROLE).crs
    assert openpyxl.load_workbook(book).sheetnames == ["对比结论", "分乡镇", "变化明细"]
    assert any(line.startswith("不一致。永久基本农田保护图斑") for line in log.lines)
    assert [digest_files(Path(path.partition("|")[0])) for path in (before, after)] == sums


def test_compare_versions_includes_unsaved_edits_and_finds_equal_layers_identical(provider, project, tmp_path):
    before, _, _ = write_versions(tmp_path)
    copy = write_small(tmp_path / "now.gpkg", **{ROLE: make_farmland_rows(4)})
    layer = QgsVectorLayer(f"{copy}|layername={ROLE}", "永久基本农田", "ogr")
    project.addMapLayer(layer)
    given = {"BEFORE": before, "AFTER": layer, "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
    done = run_algorithm("compare_versions", given)
    assert (done["IDENTICAL"], done["VERDICT"]) == (True, "identical") and done["OUTPUT"].featureCount() == 0
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert run_algorithm("compare_versions", given)["AREA_OUT"] == pytest.approx(10_000, rel=2e-3)
    # QGIS resolves the path of an open layer to that layer.
    with pytest.raises(QgsProcessingException, match="同一图层"):
        run_algorithm("compare_versions", {"BEFORE": f"{copy}|layername={ROLE}", "AFTER": layer})
    layer.rollBack()


def test_compare_versions_returns_and_logs_east_and_north_shift_of_an_edition_moved_as_a_whole(provider, tmp_path):
    paths = []
    for name, east, north in (("前", 0.0, 0.0), ("后", 0.3, -0.2)):
        rows = make_farmland_rows(12)
        rows = rows.set_geometry(rows.geometry.translate(east, north))
        paths.append(f"{write_small(tmp_path / f'{name}.gpkg', **{ROLE: rows})}|layername={ROLE}")
    log = Log()
    done = run_algorithm("compare_versions", {"BEFORE": paths[0], "AFTER": paths[1]}, log)
    assert (done["SHIFT_EAST"], done["SHIFT_NORTH"]) == pytest.approx((0.3, -0.2), abs=1e-6)
    assert (done["SHIFT_ROWS"], done["PARTS"], done["AREA_IN"], done["IDENTICAL"]) == (12, 0, 0, False)
    assert any("整体平移" in line and "12 个要素（占 100.00%）" in line for line in log.lines)
    same = run_algorithm("compare_versions", {"BEFORE": paths[0], "AFTER": str(write_copy(paths[0], tmp_path))})
    assert (same["SHIFT_EAST"], same["SHIFT_NORTH"], same["SHIFT_ROWS"]) == (0, 0, 0)


def write_copy(path, folder):
    """Copy a file under another name; returns the path of its layer."""
    file, _, layer = path.partition("|")
    return f"{shutil.copy(file, folder / '同.gpkg')}|{layer}"


def test_compare_versions_refuses_to_compare_a_file_with_itself_and_names_the_file(provider, tmp_path):
    before, _, _ = write_versions(tmp_path)
    with pytest.raises(QgsProcessingException, match=Path(str(before).split("|")[0]).name) as error:
        run_algorithm("compare_versions", {"BEFORE": before, "AFTER": before})
    assert "同一图层" in str(error.value) and "工程" not in str(error.value)


def test_compare_versions_refuses_an_unknown_role_and_a_wrong_workbook_format(provider, tmp_path):
    before, after, _ = write_versions(tmp_path)
    with pytest.raises(QgsProcessingException, match="NOPE"):
        run_algorithm("compare_versions", {"BEFORE": before, "AFTER": after, "ROLE": "NOPE"})
    with pytest.raises(QgsProcessingException, match="xlsx"):
        run_algorithm("compare_versions", {"BEFORE": before, "AFTER": after, "OUTPUT_XLSX": str(tmp_path / "a.csv")})
    assert not list(tmp_path.glob("a.*"))
