# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of a review are written completely or not at all, with equal figures in JSON, workbook and layer."""

import hashlib
import json
from dataclasses import replace

import geopandas as gpd
import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled, OutputError
from plugin.core.files.writing import OutputPaths
from plugin.core.options import RunOptions
from plugin.core.projects.model import TownshipItem
from plugin.core.projects.page_tables import PageTables
from plugin.core.projects.read_projects import read_project_layer
from plugin.core.projects.run import review_projects
from plugin.core.projects.write import check_conformity_outputs, write_conformity_outputs
from plugin.core.render.words import ReportTexts
from tests.core.projects.test_known_answers import CASES, write_case_projects
from tests.core.projects.written_county import write_county, write_profile


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Write county, projects and profile; return their paths."""
    folder = tmp_path_factory.mktemp("inputs")
    return (
        write_county(folder / "county.gpkg"),
        write_case_projects(folder / "projects.gpkg"),
        write_profile(folder),
    )


@pytest.fixture(scope="module")
def result(inputs):
    """Review all cases."""
    county, projects, profile = inputs
    return review_projects(read_project_layer(projects), county, RunOptions(profile=str(profile)))


def make_outputs(folder):
    """Return the paths of all outputs in a folder."""
    return OutputPaths(
        findings=str(folder / "占用.gpkg"), json=str(folder / "审查.json"), xlsx=str(folder / "审查.xlsx")
    )


def test_json_workbook_and_layer_have_the_same_figures(result, tmp_path):
    outputs = make_outputs(tmp_path)
    write_conformity_outputs(result, outputs)
    data = json.loads((tmp_path / "审查.json").read_text(encoding="utf-8"))
    assert data["schema"] == "sanxian-conformity/1" and len(data["results"]) == len(CASES)
    for one, written in zip(result.results, data["results"], strict=True):
        assert written["statutory_m2"] == one.project.statutory_m2 and written["verdict"] == one.verdict
        lines = {line["id"]: line for line in written["lines"]}
        assert {line.id: line.area_m2 for line in one.lines} == {key: line["area_m2"] for key, line in lines.items()}
    book = openpyxl.load_workbook(tmp_path / "审查.xlsx")
    assert book.sheetnames == ["项目", "控制线", "分区准入", "占用地类", "占用乡镇", "说明事项"]
    sheet = book["项目"]
    rows = {row[1]: row for row in sheet.iter_rows(min_row=4, values_only=True) if row[1] in {c.name for c in CASES}}
    assert len(rows) == len(CASES)
    heads = [cell.value for cell in sheet[3]]
    for one in result.results:
        row = dict(zip(heads, rows[one.project.name], strict=True))
        assert row["图斑椭球面积"] == pytest.approx(one.project.statutory_m2 / 10_000, abs=1e-12)
        farmland = one.find_line("farmland")
        assert row["永久基本农田（净）"] == pytest.approx(farmland.net_m2 / 10_000, abs=1e-12)
    layer = gpd.read_file(tmp_path / "占用.gpkg")
    assert layer.crs.to_epsg() == 4526
    for one in result.results:
        parts = layer[layer["row"] == one.project.row]
        assert parts[parts["item"] == "project"]["area_m2"].tolist() == [one.project.statutory_m2]
        zones = parts[parts["item"] == "zone"]
        if one.project.name == "sliver on farmland":
            continue
        assert zones.geometry.area.sum() == pytest.approx(one.project.shape.area, rel=1e-6)
        farmland = one.find_line("farmland")
        expected = [part.net_m2 for part in farmland.parts]
        assert parts[parts["code"] == "farmland"]["net_m2"].tolist() == pytest.approx(expected)


def test_class_sheet_sums_to_the_projects(result, tmp_path):
    outputs = make_outputs(tmp_path)
    write_conformity_outputs(result, outputs)
    sheet = openpyxl.load_workbook(outputs.xlsx)["占用地类"]
    totals = {row[0]: row[6] for row in sheet.iter_rows(min_row=4, values_only=True) if row[3] == "合计"}
    for one in result.results:
        if one.project.name != "partly outside the county":
            assert totals[one.project.row] == pytest.approx(one.project.statutory_m2, rel=1e-8)


def test_township_sheet_and_page_have_the_areas_that_the_note_promises(result, tmp_path):
    outputs = make_outputs(tmp_path)
    write_conformity_outputs(result, outputs)
    book = openpyxl.load_workbook(outputs.xlsx)
    rows = list(book["占用乡镇"].iter_rows(min_row=4, values_only=True))
    totals = {row[0]: row[4] for row in rows if row[3] == "合计"}
    over_two = 0
    for one in result.results:
        if not one.townships:
            continue
        parts = [row[4] for row in rows if row[0] == one.project.row and row[3] != "合计"]
        assert totals[one.project.row] == pytest.approx(sum(parts))
        assert totals[one.project.row] == pytest.approx(one.project.statutory_m2, rel=1e-8)
        tables = PageTables(one, ReportTexts("zh"))
        text = tables.describe_townships()
        assert bool(text) == (len(parts) > 1) and all(item.name in text for item in one.townships if text)
        over_two += bool(text)
        # The sheet keeps a sliver, so that it sums; the page names the townships of the note.
        with_sliver = replace(one, townships=(*one.townships, TownshipItem("9", "邻镇", 0.02)))
        assert PageTables(with_sliver, tables.words).describe_townships() == text
    assert over_two
    # The widest sheets are on A3: on A4 their letters would be smaller than 5 points.
    sizes = {name: int(book[name].page_setup.paperSize) for name in ("项目", "控制线", "占用地类")}
    assert sizes == {"项目": 8, "控制线": 8, "占用地类": 9}


def test_english_results_have_english_texts(inputs, tmp_path):
    county, projects, _ = inputs
    result = review_projects(read_project_layer(projects), county, RunOptions(lang="en"))
    write_conformity_outputs(result, make_outputs(tmp_path))
    data = json.loads((tmp_path / "审查.json").read_text(encoding="utf-8"))
    first = data["results"][1]["lines"][0]
    assert first["reason"].startswith("Permanent basic farmland: ") and first["rule"]["source"].startswith("Measures")
    assert openpyxl.load_workbook(tmp_path / "审查.xlsx").sheetnames[0] == "Projects"


def test_outputs_are_refused_before_a_review(inputs, tmp_path):
    county, projects, _ = inputs
    for outputs in (
        OutputPaths(findings=str(county)),
        OutputPaths(findings=str(tmp_path / "a.shp")),
        OutputPaths(xlsx=str(tmp_path / "a.csv")),
        OutputPaths(json=str(tmp_path / "a"), xlsx=str(tmp_path / "a")),
    ):
        with pytest.raises(OutputError):
            check_conformity_outputs(outputs, [str(county), str(projects)])


def test_cancelled_writing_leaves_former_results(result, tmp_path):
    outputs = make_outputs(tmp_path)
    for path in outputs.list_paths():
        (tmp_path / path).write_text("before", encoding="utf-8")
    with pytest.raises(Cancelled):
        write_conformity_outputs(result, outputs, Cancellation(lambda: True))
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"before"}


def test_command_writes_results_and_leaves_inputs(inputs, tmp_path, capsys):
    county, projects, profile = inputs
    before = [hashlib.sha256(path.read_bytes()).digest() for path in inputs]
    outputs = [
        "--output",
        str(tmp_path / "a.gpkg"),
        "--xlsx",
        str(tmp_path / "a.xlsx"),
        "--json",
        str(tmp_path / "a.json"),
    ]
    code = main(["conformity", str(projects), str(county), "--profile", str(profile), *outputs])
    console = capsys.readouterr()
    assert code == 1 and f"审查 {len(CASES)} 个项目" in console.err and "a.xlsx" in console.out
    assert {path.name for path in tmp_path.iterdir()} == {"a.gpkg", "a.xlsx", "a.json"}
    assert [hashlib.sha256(path.read_bytes()).digest() for path in inputs] == before


def test_exit_code_is_zero_only_without_problems(inputs, tmp_path, capsys):
    from tests.core.projects.written_county import box, write_projects

    county, _, profile = inputs
    good = write_projects(tmp_path / "good.gpkg", [{"项目名称": "甲", "geometry": box(2100, 100, 2200, 200)}])
    arguments = ["conformity", str(good), str(county), "--profile", str(profile)]
    assert main([*arguments, "--use", "0901"]) == 0
    assert main(arguments) == 1
    assert main([*arguments, "--layer", "missing"]) == 2
    assert "missing" in capsys.readouterr().err
