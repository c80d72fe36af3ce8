# SPDX-License-Identifier: GPL-2.0-or-later
"""Test layers that are not read completely: filtered, broken or truncated."""

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.reading import read_snapshot
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.project import county
from plugin.core.check import RunOptions
from tests.core.io.test_unread import make_layers_of_three_rows, rewrite_with_64_bit_ids
from tests.core.small_plan import write_gdb, write_gpkg
from tests.qgis.helpers import run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")


def open_layer(path, name):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert layer.isValid()
    return layer


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
    expected = ("rows_disagree", {"read": handed, "stored": 3}) if handed != 3 else None
    assert table.problem == expected


def test_project_layer_that_cannot_be_opened_makes_the_check_incomplete(tmp_path, project):
    project.addMapLayer(open_layer(write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows()), "CZKFBJ"))
    project.addMapLayer(QgsVectorLayer(str(tmp_path / "搬走.gpkg"), "耕地保护目标", "ogr"))
    layers = [take_snapshot(layer) for layer in role_recognition.list_plan_layers(project)]
    assert ("broken", "耕地保护目标") in list_unread(
        check_project_or_folder(layers, county.make_check_options(project))
    )
    results = run_algorithm("check_plan", {"RULES": "TOP001"})
    assert results["VERDICT"] in ("incomplete", "fail")


def test_check_plan_of_a_folder_with_unread_subfolders_is_incomplete(tmp_path):
    write_gpkg(tmp_path / "县" / "a.gpkg", {"GDBHMB": make_layers_of_three_rows()["GDBHMB"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "conditional"
    write_gpkg(tmp_path / "县" / "x" / "b.gpkg", {"CZKFBJ": make_layers_of_three_rows()["CZKFBJ"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "incomplete"
