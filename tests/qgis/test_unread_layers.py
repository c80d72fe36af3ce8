# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers that are not read completely: filtered, broken or truncated."""

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge.checking.check import check_plan
from plugin.bridge.layers import recognise
from plugin.bridge.layers.reading import read_snapshot
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.project import county
from plugin.core.check import Options
from tests.core.io.test_unread import make_layers_of_three_rows, rewrite_with_64_bit_ids
from tests.core.small_plan import write_gdb, write_gpkg
from tests.qgis.helpers import run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")


def opened(path, name):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert layer.isValid()
    return layer


def list_unread(checked):
    return [(f.case, f.params["name"]) for f in checked.report.findings if f.code == "RUN905"]


def list_checked_layers(*layers):
    return check_plan([take_snapshot(layer) for layer in layers], Options(rules=("TOP001",)))


def test_a_filter_hides_rows_from_a_check_and_is_named(tmp_path):
    layer = opened(write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows()), "CZKFBJ")
    assert not list_unread(list_checked_layers(layer))
    layer.setSubsetString("fid = 1")
    done = list_checked_layers(layer)
    assert list_unread(done) == [("filter", "CZKFBJ")] and str(done.report.verdict) in ("incomplete", "fail")


def test_rows_that_qgis_does_not_hand_over_make_the_layer_unusable(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", make_layers_of_three_rows())
    layer = opened(gdb, "CZKFBJ")
    assert read_snapshot(take_snapshot(layer)).problem is None
    rewrite_with_64_bit_ids(gdb, 9)
    layer = opened(gdb, "CZKFBJ")
    table = read_snapshot(take_snapshot(layer))
    handed = len(list(layer.getFeatures()))
    expected = ("rows_disagree", {"read": handed, "stored": 3}) if handed != 3 else None
    assert table.problem == expected


def test_a_layer_that_does_not_open_leaves_the_check_incomplete(tmp_path, project):
    project.addMapLayer(opened(write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows()), "CZKFBJ"))
    project.addMapLayer(QgsVectorLayer(str(tmp_path / "搬走.gpkg"), "耕地保护目标", "ogr"))
    layers = [take_snapshot(layer) for layer in recognise.plan_layers(project)]
    assert ("broken", "耕地保护目标") in list_unread(check_plan(layers, county.options(project)))
    results = run_algorithm("check_plan", {"RULES": "TOP001"})
    assert results["VERDICT"] in ("incomplete", "fail")


def test_a_folder_with_data_below_is_incomplete_in_the_toolbox_too(tmp_path):
    write_gpkg(tmp_path / "县" / "a.gpkg", {"GDBHMB": make_layers_of_three_rows()["GDBHMB"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "conditional"
    write_gpkg(tmp_path / "县" / "x" / "b.gpkg", {"CZKFBJ": make_layers_of_three_rows()["CZKFBJ"]})
    assert run_algorithm("check_plan", {"SOURCE": str(tmp_path / "县"), "RULES": "TOP001"})["VERDICT"] == "incomplete"
