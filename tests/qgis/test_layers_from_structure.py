# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm layers_from_structure.

It creates a database from a workbook that describes its layers.
"""

import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from tests.core.exchange.test_structure_table import STRUCTURE_ROWS, VALID_ROW, write_structure_workbook
from tests.qgis.helpers import Log, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")


def run_layers_from_structure(table, path, feedback=None, **more):
    given = {"SOURCE": str(table), "COUNTY": "浑源县", "OUTPUT": str(path), **more}
    return run_algorithm("layers_from_structure", given, feedback)


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_layers_from_structure_creates_a_database_and_a_standard_from_a_workbook(tmp_path, suffix):
    table = write_structure_workbook(tmp_path / "结构 表.xlsx", STRUCTURE_ROWS)
    path, folder = tmp_path / f"新 库{suffix}", tmp_path / "标准"
    feedback = Log()
    result = run_layers_from_structure(table, path, feedback, FOLDER=str(folder))
    assert result["LAYERS"] == 2 and result["OUTPUT"] == str(path) and result["FOLDER"] == str(folder)
    assert any("EPSG:4526" in line for line in feedback.lines) and any("“>0”" in line for line in feedback.lines)
    layer = QgsVectorLayer(f"{path}|layername=DLTB", "DLTB", "ogr")
    assert layer.isValid() and layer.fields().names()[-4:] == ["BSM", "DLBM", "TBMJ", "SJNF"]
    # The standard is chosen by its path, here to make its layers once more.
    again = tmp_path / f"再建{suffix}"
    given = {"GROUPS": "own", "COUNTY": "浑源县", "CRS": "EPSG:4526", "STANDARD": str(folder), "OUTPUT": str(again)}
    assert run_algorithm("create_layers", given)["LAYERS"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([table.name, path.name, "标准", again.name])


@pytest.mark.parametrize(
    ("made", "given", "expected"),
    [
        ({"rows": [VALID_ROW], "merge": ["A2:A3"]}, {}, "合并"),
        ({"rows": [["DLTB", "BSM", "标识码", "Blob"]]}, {}, "Blob"),
        ({"rows": [VALID_ROW]}, {"COUNTY": ""}, "坐标系"),
        ({"rows": [VALID_ROW]}, {"CRS": "EPSG:4513"}, "山西省"),
        ({"rows": [VALID_ROW]}, {"SOURCE": "没有.xlsx"}, "没有.xlsx"),
        ({"rows": [VALID_ROW]}, {"OUTPUT": "库.shp"}, ".gpkg .gdb"),
    ],
)
def test_layers_from_structure_reports_invalid_input_and_writes_nothing(tmp_path, made, given, expected):
    table = write_structure_workbook(tmp_path / "结构.xlsx", **made)
    given = {k: str(tmp_path / v) if k in ("SOURCE", "OUTPUT") else v for k, v in given.items()}
    with pytest.raises(QgsProcessingException) as caught:
        run_layers_from_structure(
            table, given.pop("OUTPUT", tmp_path / "库.gpkg"), FOLDER=str(tmp_path / "标准"), **given
        )
    assert expected in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [table.name]
