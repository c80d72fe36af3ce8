# SPDX-License-Identifier: GPL-2.0-or-later
"""Test layers that are not read completely: filtered, broken or truncated."""

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.reading import read_snapshot
from plugin.bridge.layers.snapshots import StoredFiles, take_snapshot
from plugin.bridge.project import county
from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.checks.check import RunOptions
from tests.core.plan.io.test_columnar_rows import store_value, write_typed_table
from tests.core.plan.io.test_parts_of_files import DIFFERENCES, ROLE, make_boundary_of_five_rows
from tests.core.plan.io.test_unread import make_layers_of_three_rows, rewrite_with_64_bit_ids
from tests.core.small_plan import write_gdb, write_gpkg, write_shapefiles
from tests.qgis.helpers import open_layer, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")


def list_unread(checked):
    return [(f.case, f.params["name"]) for f in checked.report.findings if f.code == "RUN905"]


def list_checked_layers(*layers):
    return check_project_or_folder([take_snapshot(layer) for layer in layers], RunOptions(rules=("TOP001",)))


def test_check_of_a_filtered_layer_is_incomplete_and_lists_the_filter(tmp_path):
    layer = open_layer(write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows()), "CZKFBJ")
    assert not list_unread(list_checked_layers(layer))
    layer.setSubsetString("fid = 1")
    done = list_checked_layers(layer)
    assert list_unread(done) == [("filter", "CZKFBJ")] and str(done.report.verdict) in ("incomplete", "fail")


def test_layer_with_rows_that_qgis_cannot_read_is_reported_as_unusable(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", make_layers_of_three_rows())
    layer = open_layer(gdb, "CZKFBJ")
    assert read_snapshot(take_snapshot(layer)).problem is None
    rewrite_with_64_bit_ids(gdb, 9)
    layer = open_layer(gdb, "CZKFBJ")
    table = read_snapshot(take_snapshot(layer))
    handed = len(list(layer.getFeatures()))
    assert table.problem == (("rows_disagree", {"read": handed, "stored": 3}) if handed != 3 else None)


def test_project_layer_that_cannot_be_opened_makes_the_check_incomplete(tmp_path, project):
    project.addMapLayer(open_layer(write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows()), "CZKFBJ"))
    project.addMapLayer(QgsVectorLayer(str(tmp_path / "搬走.gpkg"), "耕地保护目标", "ogr"))
    layers = [take_snapshot(layer) for layer in role_recognition.list_plan_layers(project)]
    assert ("broken", "耕地保护目标") in list_unread(
        check_project_or_folder(layers, county.make_check_options(project))
    )
    assert run_algorithm("check_plan", {"RULES": "TOP001"})["VERDICT"] in ("incomplete", "fail")


def test_check_plan_of_a_folder_with_unread_subfolders_is_incomplete(tmp_path):
    write_gpkg(tmp_path / "县" / "a.gpkg", {"GDBHMB": make_layers_of_three_rows()["GDBHMB"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "conditional"
    write_gpkg(tmp_path / "县" / "x" / "b.gpkg", {"CZKFBJ": make_layers_of_three_rows()["CZKFBJ"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "incomplete"


@pytest.mark.parametrize("damage", DIFFERENCES)
@pytest.mark.parametrize("subset", ["", "BSM <> ''"])
def test_shapefile_layer_with_differing_parts_is_unusable(tmp_path, damage, subset):
    path = write_shapefiles(tmp_path, "UTF-8", {ROLE: make_boundary_of_five_rows()}) / f"{ROLE}.shp"
    damage(path)
    layer = QgsVectorLayer(str(path), ROLE, "ogr")
    layer.setSubsetString(subset)
    table = read_snapshot(take_snapshot(layer))
    assert table.problem == DIFFERENCES[damage] and table.frame.empty


@pytest.mark.parametrize("subset", ["", "fid > 0"])
def test_mistyped_values_are_read_as_stored_with_and_without_a_filter(tmp_path, subset):
    path = store_value(write_typed_table(tmp_path / "a.gpkg"), "area", "'12,5'")
    layer = open_layer(path, "DLTB")
    layer.setSubsetString(subset)
    with StoredFiles(NEVER_CANCELLED) as files:
        table = read_snapshot(take_snapshot(layer), files=files)
    assert list(table.frame["area"]) == ["0.5", "12,5", "2.5"]
    assert table.mistyped_columns["area"].count == 1
    assert {f.name: f.type for f in table.fields}["area"] == "text"


def test_mistyped_values_stay_with_unsaved_edits(tmp_path):
    layer = open_layer(store_value(write_typed_table(tmp_path / "a.gpkg"), "area", "'12,5'"), "DLTB")
    assert layer.startEditing()
    layer.changeAttributeValue(3, layer.fields().indexOf("area"), 7.25)
    for files in (None, StoredFiles(NEVER_CANCELLED)):
        table = read_snapshot(take_snapshot(layer), files=files)
        assert list(table.frame["area"].astype(str)) == ["0.5", "12,5", "7.25"]
    layer.rollBack()
