# SPDX-License-Identifier: GPL-2.0-or-later
"""Test writing findings to all formats, to memory and to protected files."""

import os

import pytest
import shapely
from pyproj import CRS
from qgis.core import QgsVectorLayer

from plugin.bridge.layers import tables
from plugin.core.base.errors import OutputError
from plugin.core.base.files.writing import check_writable
from plugin.core.model.findings import FINDING_COLUMNS, Finding
from plugin.core.model.rule import Severity
from tests.core.small_plan import write_findings
from tests.qgis.helpers import digest_files, make_square

pytestmark = pytest.mark.usefixtures("qgis_app")
FINDINGS_CRS = CRS.from_epsg(4526)


def make_findings():
    common = {
        "code": "REL001",
        "severity": Severity.ERROR,
        "message": "永久基本农田与生态保护红线重叠",
        "fingerprint": "f",
    }
    area = Finding("YJJBNTBHTB", key="1", related_keys=["2", "3"], area_m2=1e4, geometry=make_square(0, 0), **common)
    point = Finding(
        "STBHHX",
        key="4",
        params={"reason": "self_intersection"},
        geometry=shapely.Point(make_square(0, 0).centroid),
        **common,
    )
    line = Finding("STBHHX", geometry=make_square(0, 0).exterior, **common)
    return [area, point, line, Finding("DLTB", **common)]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "gdb", "geojson"])
def test_findings_layer_in_every_format_contains_all_findings_and_columns(tmp_path, suffix):
    target = tmp_path / "发现 层" / f"findings.{suffix}"
    write_findings(target, make_findings(), FINDINGS_CRS)
    layer = QgsVectorLayer(str(target), "x", "ogr")
    assert layer.isValid() and layer.featureCount() == 4 and layer.crs().authid() == "EPSG:4526"
    if suffix != "shp":
        names = [n for n in layer.fields().names() if n not in ("fid", "OBJECTID", "Shape_Length", "Shape_Area")]
        assert names == list(FINDING_COLUMNS)
    rows = list(layer.getFeatures())
    areas = sorted(round(f.geometry().area(), 2) for f in rows if not f.geometry().isEmpty())
    assert areas == pytest.approx([0.78, 399.8, 10000.0], abs=0.1)
    assert {r["message"] for r in rows} == {"永久基本农田与生态保护红线重叠"}
    assert [p.name for p in target.parent.iterdir() if p.name.startswith(".sanxian")] == []


def test_findings_layer_without_findings_is_written_with_its_columns(tmp_path):
    write_findings(tmp_path / "none.gpkg", [], FINDINGS_CRS)
    layer = QgsVectorLayer(str(tmp_path / "none.gpkg"), "x", "ogr")
    assert layer.isValid() and layer.featureCount() == 0 and "code" in layer.fields().names()


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "gdb"])
def test_writing_findings_replaces_an_old_output_with_all_its_side_files(tmp_path, suffix):
    target = tmp_path / f"findings.{suffix}"
    write_findings(target, make_findings(), FINDINGS_CRS)
    (tmp_path / "findings.qix").write_bytes(b"an index of the old file")
    write_findings(target, make_findings()[:1], FINDINGS_CRS)
    layer = QgsVectorLayer(str(target), "x", "ogr")
    assert layer.featureCount() == 1
    assert (tmp_path / "findings.qix").exists() == (suffix != "shp")


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "gdb"])
def test_writing_findings_to_a_locked_output_keeps_all_previous_files(tmp_path, monkeypatch, suffix):
    target = tmp_path / f"findings.{suffix}"
    write_findings(target, make_findings(), FINDINGS_CRS)
    before = digest_files(tmp_path)
    real, moves = os.replace, []

    def refuse_the_last(source, destination):
        moves.append(destination)
        # Fail at the last of the new files, when the others are in place already.
        if len(moves) == {"gpkg": 1, "gdb": 2}.get(suffix, 9):
            raise PermissionError(13, "used by another process")
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_the_last)
    with pytest.raises(OutputError, match="output_open_elsewhere"):
        write_findings(target, make_findings()[:1], FINDINGS_CRS)
    monkeypatch.undo()
    assert digest_files(tmp_path) == before
    assert QgsVectorLayer(str(target), "x", "ogr").featureCount() == 4


def test_writing_findings_in_an_unsupported_format_raises_an_error(tmp_path):
    with pytest.raises(OutputError, match="output_format"):
        write_findings(tmp_path / "findings.xyz", make_findings(), FINDINGS_CRS)
    assert list(tmp_path.iterdir()) == []


def test_check_writable_refuses_outputs_that_are_inputs_or_unwritable(tmp_path):
    plan, folder = tmp_path / "plan.gpkg", tmp_path / "county.gdb"
    plan.write_bytes(b"data")
    folder.mkdir()
    check_writable(tmp_path / "new" / "f.gpkg", [str(plan)])
    assert not (tmp_path / "new").exists()
    for target, key in (
        (plan, "output_is_input"),
        (tmp_path / "." / "x" / ".." / "plan.gpkg", "output_is_input"),
        (folder, "output_is_input"),
        (folder / "f.gpkg", "output_is_input"),
        (plan / "f.gpkg", "output_below_file"),
        (tmp_path / "deep" / "new" / "f.gpkg", "output_no_folder"),
        (tmp_path, "output_is_folder"),
    ):
        with pytest.raises(OutputError, match=key):
            check_writable(target, [str(plan), str(folder)])
    assert plan.read_bytes() == b"data"


def test_memory_layer_contains_all_findings_with_and_without_geometry():
    layer = tables.make_findings_layer(make_findings(), FINDINGS_CRS, "问题")
    assert layer.featureCount() == 4 and layer.crs().authid() == "EPSG:4526" and layer.name() == "问题"
    assert sum(not f.hasGeometry() for f in layer.getFeatures()) == 1
