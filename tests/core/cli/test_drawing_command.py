# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `drawing` imports drawings without QGIS and prints a summary as text or JSON."""

import json
import math

import pytest

from plugin.core.__main__ import main
from tests.core.drawing_files import SITE, DrawingWriter


@pytest.fixture
def writer():
    """Return a drawing with a circle of 50 m."""
    drawing = DrawingWriter()
    drawing.add_circle((0, 0), 50)
    return drawing


def test_complete_drawing_gives_exit_code_0_and_a_sentence_on_areas_and_curves(writer, tmp_path, capsys):
    path, target = writer.write(tmp_path / "a.dxf"), tmp_path / "a.gpkg"
    assert main(["drawing", "import", str(path), str(target), "--tolerance", "0.00001"]) == 0
    printed = capsys.readouterr()
    # π · 50² m² = 0.7854 ha.
    assert "平面面积 0.7854 公顷" in printed.out and "实际最大偏差 0.000010 米" in printed.out and not printed.err
    assert target.is_file()


def test_open_outline_gives_exit_code_1_and_its_handle_in_table_and_json(writer, tmp_path, capsys):
    handle = writer.add_polyline([(100, 0), (150, 0), (150, 50), (100, 50), (100, 0.25)], close=False)
    path, table = writer.write(tmp_path / "a.dxf"), tmp_path / "left.csv"
    arguments = [str(path), str(tmp_path / "a.gpkg"), "--table", str(table), "--json", "-", "--lang", "en"]
    assert main(["drawing", "import", *arguments, "--tolerance", "0.00001"]) == 1
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    (layer,) = summary["layers"]
    assert layer["polygons"] == 1 and layer["plane_m2"] == pytest.approx(math.pi * 2500, abs=0.01)
    (left_out,) = summary["left_out"]
    assert left_out["handles"] == [handle] and left_out["gap_m"] == pytest.approx(0.25) and left_out["layer"] == SITE
    assert f"{handle} (gap 0.2500 m)" in printed.err and handle in table.read_text(encoding="utf-8-sig")
    target = tmp_path / "a.json"
    arguments[5] = str(target)
    assert main(["drawing", "import", *arguments]) == 1
    assert json.loads(target.read_text(encoding="utf-8"))["left_out"] == [left_out]


def test_unknown_unit_gives_exit_code_2_and_names_what_to_give(tmp_path, capsys):
    drawing = DrawingWriter(insunits=4, scale=1000.0)
    drawing.add_circle((0, 0), 50)
    path, target = drawing.write(tmp_path / "a.dxf"), tmp_path / "a.gpkg"
    assert main(["drawing", "import", str(path), str(target)]) == 2
    assert "毫米" in capsys.readouterr().err and not target.exists()
    assert main(["drawing", "import", str(path), str(target), "--units", "mm"]) == 0


def test_mappings_are_listed(capsys):
    assert main(["drawing", "mappings", "--lang", "en"]) == 0
    assert "project  All layers as projects" in capsys.readouterr().out
