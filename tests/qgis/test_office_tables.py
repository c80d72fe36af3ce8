# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `office_tables` makes tables from a file or from layers, and fills an office's workbook."""

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from qgis.core import QgsProcessingException, QgsVectorLayer

from tests.core.studies.office_tables.table_county import make_layers, sum_hectares, write_table_county
from tests.qgis.helpers import Log, digest_files, run_algorithm


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Write the county of the tables, with a field that the standard's planned land use lacks; return its path."""
    path = write_table_county(tmp_path_factory.mktemp("tables") / "county.gpkg")
    make_layers()["GHYDYH"].assign(CZCSXM="203").to_file(path, layer="GHYDYH", driver="GPKG", engine="pyogrio")
    return path


def make_template(path):
    """Write a workbook with two named cells; return its path."""
    book = openpyxl.Workbook()
    for name, cell in (("三线占用_生态保护红线_面积", "$B$2"), ("税率", "$B$3")):
        book.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{cell}")
    book.save(path)
    return path


def test_office_tables_writes_tables_and_fills_a_workbook(provider, data, tmp_path):
    template = make_template(tmp_path / "office.xlsx")
    before = digest_files(data.parent), template.read_bytes()
    files = {name: str(tmp_path / f"{name}{suffix}") for name, suffix in
             (("OUTPUT", ".xlsx"), ("OUTPUT_DOCX", ".docx"), ("OUTPUT_FILLED", ".xlsx"))}  # fmt: skip
    parameters = {"SOURCE": str(data), "TABLES": "three_lines_use,township_lines", "PROFILE": "hunyuan"}
    results = run_algorithm("office_tables", {**parameters, **files, "TEMPLATE": str(template)})
    assert {name: results[name] for name in files} == files
    assert (results["TABLE_COUNT"], results["FILLED"], results["UNKNOWN"]) == (2, 1, 1)
    assert "税率" in results["REMARKS"]
    hectares = sum_hectares(make_layers()["STBHHX"])
    assert openpyxl.load_workbook(files["OUTPUT_FILLED"]).active["B2"].value == pytest.approx(hectares, abs=0.0051)
    assert openpyxl.load_workbook(files["OUTPUT"]).sheetnames == ["三线占用情况汇总表", "乡镇三线面积汇总表"]
    assert before == (digest_files(data.parent), template.read_bytes())


def test_office_tables_reads_layers_of_the_project(provider, project, data, tmp_path):
    layers = [QgsVectorLayer(f"{data}|layername={role}", role) for role in ("XZQX", "STBHHX", "XZYDYH", "GHYDYH")]
    project.addMapLayers(layers)
    output = str(tmp_path / "tables.xlsx")
    parameters = {
        "LAYERS": [layer.id() for layer in layers],
        "TABLES": "three_lines_use,use_structure",
        "OUTPUT": output,
    }
    run_algorithm("office_tables", {**parameters, "PROFILE": "hunyuan"})
    values = {row[1].value: row[3].value for row in openpyxl.load_workbook(output).active.iter_rows(min_row=5)}
    assert values["生态保护红线"] == pytest.approx(sum_hectares(make_layers()["STBHHX"]), abs=0.0051)
    assert values["永久基本农田"] == "—"
    planned = {
        row[0].value: row[4].value for row in openpyxl.load_workbook(output)["国土空间用途结构调整表"].iter_rows()
    }
    assert planned["城乡建设用地"] == planned["村庄"] > 0


def test_office_tables_needs_an_output(provider, data):
    with pytest.raises(QgsProcessingException):
        run_algorithm("office_tables", {"SOURCE": str(data)})


def test_office_tables_can_be_cancelled(provider, data, tmp_path):
    feedback = Log()
    feedback.progressChanged.connect(lambda share: feedback.cancel() if share > 20 else None)
    output = tmp_path / "tables.xlsx"
    run_algorithm("office_tables", {"SOURCE": str(data), "OUTPUT": str(output), "PROFILE": "hunyuan"}, feedback)
    assert not output.exists() and list(tmp_path.iterdir()) == []
