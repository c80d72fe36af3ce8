# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of a review are written completely or not at all, with equal figures in JSON, workbook and layer."""

import hashlib
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancellation, Cancelled, OutputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.render.document.blocks import NoticeBox, PictureWithText, list_document_texts
from plugin.core.render.document.page_html import render_document_page
from plugin.core.render.document.print_html import read_image_size
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.texts import Message, Texts
from plugin.core.standard.options import RunOptions
from plugin.core.standard.profile import DocumentInfo
from plugin.core.studies.projects import page
from plugin.core.studies.projects.page_tables import PageTables
from plugin.core.studies.projects.project_map import ProjectMapper, choose_frame, draw_map, load_map_settings
from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.review_sentences import list_missing
from plugin.core.studies.projects.reviewed_project import Outcome, SupplyMode, TownshipItem
from plugin.core.studies.projects.run_review import review_projects
from plugin.core.studies.projects.write_review import check_conformity_outputs, write_conformity_outputs
from tests.core.printed_tables import W, normalise, read_docx_rows
from tests.core.studies.projects.test_known_answers import CASES, write_case_projects
from tests.core.studies.projects.written_county import place, write_county, write_profile, write_projects


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
    write_conformity_outputs(result, make_outputs(tmp_path))
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
            assert totals[one.project.row] == pytest.approx(one.project.statutory_m2 / 10_000, rel=1e-8)


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
        assert totals[one.project.row] == pytest.approx(one.project.statutory_m2 / 10_000, rel=1e-8)
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
    first = json.loads((tmp_path / "审查.json").read_text(encoding="utf-8"))["results"][1]["lines"][0]
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
    from tests.core.studies.projects.written_county import box, write_projects

    county, _, profile = inputs
    good = write_projects(tmp_path / "good.gpkg", [{"项目名称": "甲", "geometry": box(2100, 100, 2200, 200)}])
    arguments = ["conformity", str(good), str(county), "--profile", str(profile)]
    assert main([*arguments, "--use", "0901"]) == 0
    assert main(arguments) == 1
    assert main([*arguments, "--layer", "missing"]) == 2
    assert "missing" in capsys.readouterr().err


#: Farmland in the west, the border of the red line in the north, the boundary and a heritage belt in the east.
ANGLE = "POLYGON ((400 350, 2650 350, 2650 450, 500 450, 500 2000, 400 2000, 400 350))"
FREE = "POLYGON ((2100 800, 2200 800, 2200 900, 2100 900, 2100 800))"
LONG_NAME = "甲镇古城文旅集散中心及停车场、游客服务设施与旅游公路连接线建设项目（一期，含配套管网、绿化和附属工程）" * 2
ROWS = [
    {
        "项目名称": LONG_NAME,
        "项目编号": "140225-HG-1",
        "用途": "0901",
        "供地方式": "出让",
        "SBMJ": 380000,
        "wkt": ANGLE,
    },
    {"项目名称": "乙镇商店", "项目编号": "140225-HG-2", "用途": "0901", "供地方式": "划拨", "SBMJ": None, "wkt": FREE},
]


def make_rows(rows):
    return [{**row, "geometry": place(shapely.from_wkt(row["wkt"]))} for row in rows]


@pytest.fixture(scope="module")
def page_inputs(tmp_path_factory):
    """Write county, two projects and profile; return their paths."""
    folder = tmp_path_factory.mktemp("page_inputs")
    rows = [{key: value for key, value in row.items() if key != "wkt"} for row in make_rows(ROWS)]
    return write_county(folder / "county.gpkg"), write_projects(folder / "projects.gpkg", rows), write_profile(folder)


@pytest.fixture(scope="module")
def page_result(page_inputs):
    county, projects, profile = page_inputs
    return review_projects(read_project_layer(projects), county, RunOptions(profile=str(profile)))


@pytest.fixture(scope="module")
def single(page_result):
    """Return the page_result of the first project alone."""
    return replace(page_result, results=page_result.results[:1], row_count=1)


@pytest.fixture(scope="module")
def document(single):
    return page.make_conformity_document(single)


def read_docx_text(path):
    root = ET.fromstring(zipfile.ZipFile(path).read("word/document.xml"))
    return normalise("".join(one.text or "" for one in root.iter(f"{W}t")))


def read_html_text(html):
    body = html[html.index("<body") :]
    return normalise(unescape(re.sub(r"<[^>]+>", "", body)))


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("EPSG:4526", "CGCS2000 3 度带 38 带"),
        ("EPSG:4547", "CGCS2000 高斯—克吕格投影，中央经线 114°"),
        ("EPSG:4497", "CGCS2000 6 度带 19 带"),
        ("EPSG:4490", "CGCS2000 经纬度"),
        ("EPSG:32649", "EPSG:32649"),
        ("", ""),
    ],
)
def test_crs_is_named_as_offices_name_it(label, words):
    assert page.describe_crs_in_words(label, ReportTexts("zh")) == words


def test_zones_without_a_use_are_one_missing_matter():
    lines = ()
    project = SimpleNamespace(use_code="", use_name="", doubts=())
    zones = [
        SimpleNamespace(code=code, name=name, outcome=Outcome.UNDETERMINED, reason=None, rule=None)
        for code, name in (("300", "农田保护区"), ("200", "生态控制区"))
    ]
    (item,) = list_missing(project, lines, zones, ())
    assert item.name.zh == "规划分区准入" and "2 个规划分区" in item.missing.render(Texts())
    outside = SimpleNamespace(
        code="", name="", outcome=Outcome.UNDETERMINED, reason=Message("conformity", "zone_outside_zones"), rule=None
    )
    both = list_missing(project, lines, [*zones, outside], ())
    assert ["2 个规划分区" in one.missing.render(Texts()) for one in both] == [True, False]
    zones[0].reason = Message("conformity", "zone_no_use", {"zone": "农田保护区"})
    one, rest = list_missing(project, lines, [zones[0], outside], ())
    assert "规划用途" in one.remedy.render(Texts()) and one.name.zh == "农田保护区准入"
    assert "不在任何规划分区内" in rest.missing.render(Texts()) and "规划分区图层" in rest.remedy.render(Texts())
    project.use_code = "0901"
    assert len(list_missing(project, lines, zones, ())) == 2


# --- figures


def test_docx_has_the_figures_of_the_result_and_those_reckoned_by_hand(single, tmp_path):
    write_conformity_outputs(single, OutputPaths(docx=str(tmp_path / "意见.docx")))
    rows = read_docx_rows(tmp_path / "意见.docx")
    one = single.results[0]
    # Farmland: 100 m × 650 m, of which 90 % net; heritage: 150 m × 100 m; boundary: 650 m × 100 m.
    cells = {row[0].split("\n")[-1]: row for row in rows if "\n" in row[0]}
    expected = {"YJJBNTBHTB": 100 * 650 * 0.9, "LSWHBHX": 150 * 100}
    for role, area_m2 in expected.items():
        figure = float(cells[role][1].split("\n")[0])
        line = next(line for line in one.lines if line.role == role)
        assert cells[role][1] == f"{line.leading_m2 / 10_000:.2f}"
        assert figure == pytest.approx(area_m2 / 10_000, rel=2e-3)
    inside, outside = cells["CZKFBJ"][1].split("\n")
    assert float(inside.removeprefix("界内 ")) == pytest.approx(6.5, rel=2e-3)
    assert float(outside.removeprefix("界外 ")) == pytest.approx(38.0 - 6.5, rel=2e-3)
    assert cells["STBHHX"][1] == "0" and "仅边界相接" in cells["STBHHX"][3]
    assert cells["YJJBNTBHTB"][4].strip() == "A" and cells["YJJBNTBHTB"][5].endswith("不符合")
    classes = {row[1]: row for row in rows if len(row) == 7}
    for item in one.classes:
        assert normalise(classes[item.code][5]) == f"{item.area_m2:.2f}"
    total = next(row for row in rows if len(row) == 7 and row[0] == "合计")
    assert normalise(total[5]) == f"{one.project.statutory_m2:.2f}" and total[6] == "100.00%"
    zones = [row for row in rows if len(row) == 6 and row[2].startswith("商业用地")]
    assert [row[1] for row in zones] == [
        f"{zone.area_m2 / 10_000:.{2 if zone.area_m2 >= 10_000 else 4}f}" for zone in one.zones
    ]
    farmland = one.supplements[0].occupied_m2
    assert [row[1:3] for row in rows if row[0] == "永久基本农田补划"] == [
        [f"{farmland / 10_000:.2f}", f"≥\u00a0{farmland / 10_000:.2f}"]
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_docx_and_html_have_every_text_of_the_document(page_result, tmp_path, lang):
    pages = page.make_conformity_document(replace(page_result, lang=lang))
    outputs = OutputPaths(docx=str(tmp_path / "意见.docx"), html=str(tmp_path / "意见.html"))
    write_conformity_outputs(replace(page_result, lang=lang), outputs)
    in_docx = read_docx_text(tmp_path / "意见.docx")
    in_html = read_html_text((tmp_path / "意见.html").read_text(encoding="utf-8"))
    texts = [normalise(text) for text in list_document_texts(pages)]
    assert len(texts) > 150 and LONG_NAME in texts
    assert [text for text in texts if text not in in_docx] == []
    assert [text for text in texts if text not in in_html] == []


def test_declared_area_and_its_difference_are_stated(single, document):
    texts = "".join(list_document_texts(document))
    difference = abs(single.results[0].project.statutory_m2 - 380_000)
    assert "申报面积 38.00 公顷" in texts and f"相差 {difference:.2f} m²" in texts


def test_supply_that_is_not_known_has_no_cell(single):
    one = single.results[0]
    drawn = replace(single, results=(replace(one, project=replace(one.project, supply=SupplyMode.UNKNOWN)),))
    pages = [list_document_texts(page.make_conformity_document(result)) for result in (single, drawn)]
    assert ["供地方式" in texts for texts in pages] == [True, False]


# --- verdict and sections


def test_each_project_has_one_verdict(page_result, tmp_path):
    outputs = OutputPaths(docx=str(tmp_path / "意见.docx"), html=str(tmp_path / "意见.html"))
    write_conformity_outputs(page_result, outputs)
    chosen = re.compile("■(不符合|符合|有条件|未能判定)")
    expected = {"fails": "不符合", "conforms": "符合", "conditional": "有条件", "undetermined": "未能判定"}
    verdicts = [expected[one.verdict] for one in page_result.results]
    assert verdicts == ["不符合", "符合"]
    assert chosen.findall(read_docx_text(tmp_path / "意见.docx")) == verdicts
    assert chosen.findall(read_html_text((tmp_path / "意见.html").read_text(encoding="utf-8"))) == verdicts


def test_heritage_notice_appears_in_ranges_only_and_sections_are_numbered_without_a_gap(page_result):
    first, second = (
        page.make_conformity_document(replace(page_result, results=(one,), row_count=1)) for one in page_result.results
    )
    assert [block.mark for block in first.blocks if isinstance(block, NoticeBox)] == ["A"]
    assert not any(isinstance(block, NoticeBox) for block in second.blocks)
    for document, last in ((first, "八、审查意见"), (second, "七、审查意见")):
        texts = list_document_texts(document)
        numbers = [text[0] for text in texts if re.match("[一二三四五六七八]、", text)]
        assert "".join(numbers) == "一二三四五六七八"[: len(numbers)] and last in texts


def test_several_projects_have_one_table_before_their_pages(page_result, tmp_path):
    write_conformity_outputs(page_result, OutputPaths(docx=str(tmp_path / "意见.docx")))
    root = ET.fromstring(zipfile.ZipFile(tmp_path / "意见.docx").read("word/document.xml"))
    starts = [p for p in root.iter(f"{W}p") if p.find(f"{W}pPr/{W}pageBreakBefore") is not None]
    assert [normalise("".join(t.text for t in p.iter(f"{W}t"))) for p in starts] == ["建设项目合规性审查意见"] * 2
    rows = [row for row in read_docx_rows(tmp_path / "意见.docx") if len(row) == 8]
    assert [row[1].split("\n") for row in rows[1:]] == [[LONG_NAME, "140225-HG-1"], ["乙镇商店", "140225-HG-2"]]
    assert [row[6][-3:].strip("\u00a0") for row in rows[1:]] == ["不符合", "符合"]
    reasons = normalise(rows[1][7])
    assert reasons.endswith(
        "应予避让；已依法批准占用的，应附批准文件。占用历史文化保护线1.50公顷（图斑椭球面积，古城）。"
    )


def test_projects_above_the_limit_have_a_row_and_no_page(page_result, monkeypatch):
    monkeypatch.setattr(page, "load_map_settings", lambda: replace(load_map_settings(), max_projects=1))
    texts = list_document_texts(page.make_conformity_document(page_result))
    assert texts.count("建设项目合规性审查意见") == 1 and "乙镇商店" in texts
    assert any(text.startswith("单项意见列前 1 个项目，共 2 个") for text in texts)


def test_compiler_and_secrecy_are_in_the_head_or_left_blank(single):
    margins = page.make_conformity_document(single).header_footer
    assert margins.header_left == "编制单位：＿＿＿＿＿＿" and margins.header_right == "密级：＿＿＿＿＿＿"
    named = replace(single, document_info=DocumentInfo(secrecy="内部", compiler="甲县规划院"))
    margins = page.make_conformity_document(named).header_footer
    assert (margins.header_left, margins.header_right) == ("编制单位：甲县规划院", "密级：内部")
    assert margins.footer_right == "编号：140225-HG-1"


# --- map


def test_map_shows_the_project_at_its_scale_with_numbered_places_and_no_coordinates(single):
    one = single.results[0]
    (scene,) = ProjectMapper(single).make_scenes(one)
    m_per_px = scene.frame.scale / 1000 / 5.76
    assert shapely.area(scene.project) * m_per_px**2 == pytest.approx(one.project.shape.area, rel=1e-9)
    assert shapely.box(0, 0, scene.frame.width, scene.frame.height).contains(scene.project)
    assert [(item.number, item.line.id) for item in scene.places] == [(1, "farmland"), (2, "heritage")]
    for item in scene.places:
        assert item.shape.contains(shapely.Point(item.x, item.y))
    shown = {layer.symbol.id for layer in scene.layers}
    assert {"farmland", "red_line", "boundary", "heritage:core", "heritage:control"} <= shown
    svg = draw_map(scene, one.project.statutory_m2, ReportTexts("zh"))
    root = ET.fromstring(svg)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1", "2", "北", "0", "项目用地"} <= set(texts)
    assert f"{one.project.statutory_m2 / 10_000:.2f} 公顷" in texts
    assert not re.search(r"(?<![#\d])\d{6}", svg)


def test_road_that_is_a_line_on_its_map_has_details_of_the_places_that_decide(inputs, tmp_path):
    county, _, profile = inputs
    road = place(shapely.LineString([(10, 700), (900, 700), (900, 2500), (3900, 2500)]).buffer(3, cap_style="flat"))
    projects = write_projects(tmp_path / "路.gpkg", [{"XMMC": "某公路", "YDYHFLDM": "1202", "geometry": road}])
    reviewed = review_projects(read_project_layer(projects), county, RunOptions(profile=str(profile)))
    (one,) = reviewed.results
    overview, *details = ProjectMapper(reviewed).make_scenes(one)
    width_m = road.area / (road.length / 2)
    assert width_m * 1000 / overview.frame.scale < 1 and 0 < len(details) <= 3
    lines = {item.number: item.line for item in overview.places}
    for scene in details:
        assert 1.5 < width_m * 1000 / scene.frame.scale <= 3, "mm on paper"
        middle = np.array([scene.frame.x, scene.frame.y])
        corner = np.array([scene.frame.width, scene.frame.height]) / 2 * scene.frame.m_per_px
        box = shapely.box(*np.concatenate([middle - corner, middle + corner]))
        assert {item.number for item in scene.places} <= {n for n, line in lines.items() if line.shape.intersects(box)}
        assert scene.places and road.intersects(box)
    document = page.make_conformity_document(reviewed)
    texts = [text for text in list_document_texts(document) if "局部图" in text]
    assert len(texts) == len(details) and f"局部图 1（共 {len(details)} 幅，1:" in texts[0]


def test_no_coordinate_of_the_project_is_in_any_text_of_the_page(single, document):
    west, south, _, _ = single.results[0].project.shape.bounds
    html = render_document_page(document)
    assert f"{west:.0f}"[:6] not in html and f"{south:.0f}"[:6] not in read_html_text(html)


@pytest.mark.parametrize(
    "least, scale",
    [(500, 500), (501, 750), (760, 1000), (1200, 1500), (4100, 5000), (7600, 10000), (98000, 100000), (1000, 1000)],
)
def test_scales_are_round_and_never_too_large(least, scale):
    settings = load_map_settings()
    width_m = least * settings.width_mm * settings.project_share / 1000
    assert choose_frame(shapely.box(0, 0, width_m, 0.1), settings).scale == scale


def test_small_project_has_the_smallest_denominator():
    frame = choose_frame(shapely.box(0, 0, 1, 1), load_map_settings())
    assert frame.scale == 500 and (frame.x, frame.y) == (0.5, 0.5)


def test_docx_has_the_map_as_vectors_and_as_pixels_of_the_same_shape(single, document, tmp_path):
    write_conformity_outputs(single, OutputPaths(docx=str(tmp_path / "意见.docx")))
    archive = zipfile.ZipFile(tmp_path / "意见.docx")
    drawings = [name for name in archive.namelist() if name.endswith(".svg")]
    relations = archive.read("word/_rels/document.xml.rels").decode()
    assert len(drawings) == 2 and all(name.removeprefix("word/") in relations for name in drawings)
    assert archive.read("word/document.xml").decode().count("svgBlip") == 2
    picture = next(block.picture for block in document.blocks if isinstance(block, PictureWithText))
    width, height = read_image_size(picture.image)
    root = ET.fromstring(picture.svg)
    assert width / height == pytest.approx(float(root.get("width")) / float(root.get("height")), rel=0.01)


def test_pixels_of_the_caller_replace_the_empty_frame_and_its_note(single, document):
    sizes = []

    def rasterise(svg, width_px):
        sizes.append(width_px)
        return page.make_blank_png(width_px, 10)

    drawn = page.make_conformity_document(single, rasterise=rasterise)
    # 124 mm and 46 mm at 220 dpi.
    assert sizes == [1079, 400]
    note = "位置图为矢量图"
    assert any(text.startswith(note) for text in list_document_texts(document))
    assert not any(text.startswith(note) for text in list_document_texts(drawn))


# --- outputs


def test_command_writes_docx_and_page(page_inputs, tmp_path, capsys):
    county, projects, profile = map(str, page_inputs)
    files = [str(tmp_path / "意见.docx"), str(tmp_path / "意见.html")]
    code = main(["conformity", projects, county, "--profile", profile, "--docx", files[0], "--html", files[1]])
    printed = capsys.readouterr().out
    assert code == 1 and all(file in printed for file in files)
    assert read_html_text((tmp_path / "意见.html").read_text(encoding="utf-8")).count("建设项目合规性审查意见") == 2


@pytest.mark.parametrize("name, field", [("意见.doc", "docx"), ("意见.txt", "pdf")])
def test_wrong_suffix_is_refused(tmp_path, name, field):
    with pytest.raises(OutputError) as error:
        check_conformity_outputs(OutputPaths(**{field: str(tmp_path / name)}), [])
    assert error.value.key == "output_format"


def test_pdf_needs_a_printer_and_does_not_stop_the_docx(single, tmp_path):
    outputs = OutputPaths(docx=str(tmp_path / "意见.docx"), pdf=str(tmp_path / "意见.pdf"))
    (tmp_path / "意见.docx").write_text("old", encoding="utf-8")
    with pytest.raises(OutputError) as error:
        write_conformity_outputs(single, outputs)
    assert [reason.key for reason in error.value.params["errors"]] == ["output_pdf_without_qgis"]
    assert [path.name for path in tmp_path.iterdir() if path.read_bytes() != b"old"] == ["意见.docx"]


def test_cancelled_document_leaves_what_was_there(single, tmp_path):
    (tmp_path / "意见.docx").write_text("old", encoding="utf-8")
    with pytest.raises(Cancelled):
        write_conformity_outputs(single, OutputPaths(docx=str(tmp_path / "意见.docx")), Cancellation(lambda: True))
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]
