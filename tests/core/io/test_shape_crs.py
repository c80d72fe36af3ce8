# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes of a GeoPackage that declare a coordinate system other than that of their layer."""

import sqlite3
import struct

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.io import read_source
from plugin.core.io.shape_crs import other_shape_crs
from plugin.core.model.report import Verdict
from tests.core.small_plan import findings_of_rule, write_gpkg

ROLE = "CZKFBJ"


def declare_shape_crs(path, number, *, big_endian=False):
    """Write another srs_id into the blob of the first row; coordinates and layer stay unchanged."""
    with sqlite3.connect(path) as database:
        rows = database.execute(f"SELECT fid, geom FROM {ROLE} ORDER BY fid LIMIT 1").fetchall()
        for fid, blob in rows:
            flags = blob[3] & ~1 if big_endian else blob[3]
            srs = struct.pack(">i" if big_endian else "<i", number)
            assert not big_endian or not blob[3] >> 1 & 7, "the bounds would have to be byte-swapped, too"
            database.execute(
                f"UPDATE {ROLE} SET geom = ? WHERE fid = ?", (blob[:3] + bytes([flags]) + srs + blob[8:], fid)
            )
    database.close()
    return path


def test_shapes_in_the_system_of_the_layer_are_not_counted(tmp_path):
    assert other_shape_crs(write_gpkg(tmp_path / "a.gpkg"), ROLE) == {}


@pytest.mark.parametrize(("number", "named"), [(4326, "EPSG:4326"), (4490, "srs_id 4490")])
def test_shapes_in_another_system_are_counted_by_its_name(tmp_path, number, named):
    path = declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), number)
    assert other_shape_crs(path, ROLE) == {named: 1}
    layer = next(one for one in read_source(path) if one.name == ROLE)
    assert layer.shape_crs == {named: 1}


@pytest.mark.parametrize("number", [0, -1])
def test_shapes_without_a_declared_system_are_not_counted(tmp_path, number):
    assert other_shape_crs(declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), number), ROLE) == {}


def test_other_formats_and_damaged_files_give_no_count(tmp_path):
    damaged = tmp_path / "a.gpkg"
    damaged.write_bytes(b"no database")
    assert other_shape_crs(damaged, ROLE) == {}
    assert other_shape_crs(tmp_path / "a.shp", ROLE) == {}


def test_county_with_shapes_in_another_declared_system_does_not_pass(tmp_path):
    path = declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), 4490)
    report = check_plan(path, Options()).report
    assert [finding.case for finding in findings_of_rule(report, "SCH003")] == ["shapes_declare"]
    assert report.verdict is not Verdict.PASSED
