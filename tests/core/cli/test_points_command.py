# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `points` imports and exports boundary points without QGIS."""

import pytest

from plugin.core.__main__ import main
from tests.core.boundary_point_files import HEADER, OUTER, SEPARATE, FileWriter, place_ring


@pytest.fixture
def point_file(tmp_path):
    """Write a file of two parcels; return its path."""
    writer = FileWriter()
    writer.add_parcel("甲", place_ring(OUTER))
    writer.add_parcel("乙", place_ring(SEPARATE), number="2")
    return writer.write(tmp_path / "项目.txt")


def test_import_and_export_return_the_same_file_and_print_areas(point_file, tmp_path, capsys):
    layer, copy = tmp_path / "层.gpkg", tmp_path / "出.txt"
    assert main(["points", "import", str(point_file), str(layer)]) == 0
    printed = capsys.readouterr()
    assert "地块“甲”：申报面积" in printed.out and "图斑椭球面积" in printed.out and not printed.err
    assert main(["points", "export", str(layer), str(copy)]) == 0
    assert copy.read_bytes() == point_file.read_bytes()


def test_parcel_that_is_left_out_gives_exit_code_1_and_a_line_on_the_error_stream(point_file, tmp_path, capsys):
    lines = point_file.read_bytes().split(b"\r\n")
    lines[11] = b"J2,1,38472290.065,4397562.228"
    point_file.write_bytes(b"\r\n".join(lines))
    assert main(["points", "import", str(point_file), str(tmp_path / "a.gpkg"), "--lang", "en"]) == 1
    assert "项目.txt, line 12, parcel 甲: X and Y of J2 are swapped" in capsys.readouterr().err


def test_unknown_crs_gives_exit_code_2_and_names_what_to_give(tmp_path, capsys):
    writer = FileWriter(header=tuple(line for line in HEADER if not line.startswith("坐标系")))
    writer.add_parcel("甲", place_ring(OUTER))
    path, layer = writer.write(tmp_path / "a.txt"), tmp_path / "a.gpkg"
    assert main(["points", "import", str(path), str(layer)]) == 2
    assert "EPSG:4526" in capsys.readouterr().err and not layer.exists()
    assert main(["points", "import", str(path), str(layer), "--crs", "EPSG:4526"]) == 0
    assert main(["points", "export", str(layer), str(tmp_path / "b.csv"), "--format", "table", "--layer", "none"]) == 2
    assert "JZDDK" in capsys.readouterr().err


def test_formats_are_listed(capsys):
    assert main(["points", "formats", "--lang", "en"]) == 0
    assert "txt_13  Boundary points TXT" in capsys.readouterr().out


def test_points_without_a_line_of_their_parcel_give_exit_code_1(point_file, tmp_path, capsys):
    lines = point_file.read_bytes().split(b"\r\n")
    del lines[9]
    point_file.write_bytes(b"\r\n".join(lines))
    assert main(["points", "import", str(point_file), str(tmp_path / "a.gpkg"), "--lang", "en"]) == 1
    assert "belong to no parcel" in capsys.readouterr().err
