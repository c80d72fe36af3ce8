# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad projects and bad admission tables give messages with row, field and remedy; the other projects are reviewed."""

import geopandas as gpd
import pytest
import shapely

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled, DataError, InputError
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from plugin.core.projects.model import NoteLevel, Outcome, SupplyMode
from plugin.core.projects.read_projects import read_project_layer
from plugin.core.projects.run import review_projects
from tests.core.projects.written_county import (
    COUNTY_ADMISSION,
    CRS,
    box,
    place,
    write_county,
    write_profile,
    write_projects,
)
from tests.parametrize import for_each

GOOD = box(2100, 100, 2200, 200)
BOWTIE = place(shapely.Polygon([(2100, 100), (2200, 200), (2200, 100), (2100, 200)]))
LINE = place(shapely.LineString([(2100, 800), (2400, 800)]))


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write the county; return its path."""
    return write_county(tmp_path_factory.mktemp("county") / "county.gpkg")


def review_rows(rows, county, tmp_path, **more):
    """Return the review of rows."""
    path = write_projects(tmp_path / "项目.gpkg", rows)
    options = RunOptions(profile=str(write_profile(tmp_path)))
    return review_projects(read_project_layer(path), county, options, **more)


#: (name, row, whether it is left out, words of the note)
BAD_ROWS = [
    ("no shape", {"geometry": None}, True, "没有图形"),
    ("empty shape", {"geometry": shapely.Polygon()}, True, "没有图形"),
    ("invalid ring", {"geometry": BOWTIE}, True, "图形无效（自相交）"),
    ("line without width", {"geometry": LINE, "宽度": None}, True, "线没有宽度（字段 宽度）"),
    ("width of zero", {"geometry": LINE, "宽度": "0"}, True, "字段 宽度 的宽度“0”无效，应为不小于 0.1"),
    ("width in words", {"geometry": LINE, "宽度": "很宽"}, True, "“很宽”无效，应为不小于 0.1"),
    ("point without diameter", {"geometry": place(shapely.Point(2300, 300))}, True, "点没有占地直径"),
    ("outside the county", {"geometry": box(9000, 100, 9100, 200)}, True, "项目不在县域内，未审查"),
    ("no name", {"项目名称": None}, False, "没有项目名称（字段 项目名称），按“#10”列出"),
    ("no use", {"用途": None}, False, "没有规划用途（字段 用途）"),
    ("unknown use", {"用途": "9999"}, False, "字段 用途 的用途“9999”不在用地用海分类中"),
    ("use with the code of another", {"用途": "工业用地（0901）"}, False, "不在用地用海分类中"),
    ("unknown supply", {"供地方式": "租"}, False, "字段 供地方式 的“租”不是供地方式"),
    ("declared area in words", {"申报面积": "约一公顷"}, False, "字段 申报面积 的“约一公顷”不是面积"),
    ("over two townships", {"geometry": box(1900, 1200, 2100, 1300)}, False, "面积已按乡镇分列"),
    ("partly outside", {"geometry": box(3950, 1200, 4050, 1300)}, False, "在县域外，这部分未核对"),
]


@pytest.fixture(scope="module")
def reviewed(county, tmp_path_factory):
    """Review a good project, each bad row, and another good project."""
    usual = {"项目名称": "甲", "用途": "0901", "宽度": None, "供地方式": None, "申报面积": None, "geometry": GOOD}
    rows = [usual, *({**usual, **change} for _, change, _, _ in BAD_ROWS), {**usual, "项目名称": "丙"}]
    return review_rows(rows, county, tmp_path_factory.mktemp("bad"))


@for_each("number", range(len(BAD_ROWS)), ids=[one[0] for one in BAD_ROWS])
def test_bad_row_has_a_note_with_row_field_and_remedy(reviewed, number):
    _, _, is_left_out, words = BAD_ROWS[number]
    # The first row is good, and rows count from 1.
    row, texts = number + 2, Texts("zh")
    notes = [note for note in reviewed.notes if note.row == row]
    sentences = [note.message.render(texts) for note in notes]
    assert len([text for text in sentences if words in text]) == 1, sentences
    note = next(note for note in notes if words in note.message.render(texts))
    text = note.message.render(texts)
    assert f"第 {row} 行" in text and "项目.gpkg" in text and f"row {row}" in note.message.render(Texts("en"))
    assert (note.level is NoteLevel.ERROR) == is_left_out
    assert (row not in [one.project.row for one in reviewed.results]) == is_left_out


def test_good_rows_among_bad_ones_are_reviewed(reviewed):
    assert reviewed.left_out_count == sum(is_left_out for _, _, is_left_out, _ in BAD_ROWS)
    assert reviewed.results[0].verdict is Outcome.CONFORMS and not reviewed.results[0].notes
    assert reviewed.results[-1].project.name == "丙" and reviewed.results[-1].verdict is Outcome.CONFORMS


def test_fields_are_found_by_name_and_values_read(county, tmp_path):
    row = {
        "DKMC": "地块一", "DKBH": "7", "DKYT": "090100", "SBMJ": 9_950.0, "申请单位": "某公司", "GDFS": "划拨",
        "PZWH": "国函〔2026〕2号", "BHFA": "方案", "geometry": GOOD,
    }  # fmt: skip
    project = review_rows([row], county, tmp_path).results[0].project
    assert (project.name, project.number, project.use_code, project.declared_m2) == ("地块一", "7", "0901", 9_950.0)
    assert (project.applicant, project.supply) == ("某公司", SupplyMode.ALLOCATION)
    assert (project.approval, project.supplement_plan) == ("国函〔2026〕2号", "方案")
    assert project.declared_difference_m2 == pytest.approx(project.statutory_m2 - 9_950.0)


def test_words_without_a_document_do_not_approve_the_use_of_farmland(county, tmp_path):
    usual = {"项目名称": "甲", "用途": "1202", "geometry": box(100, 100, 200, 200)}
    rows = [{**usual, "批准文号": text} for text in ("无", "待定", "尚未批准", "—", " ")]
    results = review_rows(rows, county, tmp_path).results
    assert {(one.project.approval, one.find_line("farmland").outcome) for one in results} == {("", Outcome.FAILS)}


def test_approval_makes_the_prohibition_of_a_farmland_zone_a_condition(county, tmp_path):
    rows = [
        {"项目名称": "甲", "用途": "0901", "批准文号": text, "geometry": box(100, 100, 200, 200)}
        for text in (None, "1号")
    ]
    path = write_projects(tmp_path / "p.gpkg", rows)
    results = review_projects(read_project_layer(path), county, RunOptions(profile="hunyuan")).results
    assert [one.zones[0].outcome for one in results] == [Outcome.FAILS, Outcome.CONDITIONAL]
    assert [one.verdict for one in results] == [Outcome.FAILS, Outcome.CONDITIONAL]
    assert "批准文号 1号" in results[1].zones[0].reason.render(Texts("zh"))


def test_layer_of_bad_rows_alone_has_no_results(county, tmp_path):
    rows = [{"项目名称": "甲", "geometry": None}, {"项目名称": "乙", "geometry": BOWTIE}]
    result = review_rows(rows, county, tmp_path)
    assert result.results == () and result.left_out_count == 2 and len(result.notes) == 2 and result.has_problems


@for_each("supply", ("出让", "划拨", "协议出让", ""), ids=lambda supply: supply or "none")
@for_each("role", ("DYZ", "DXWWMCQ", "KNCZDXWWQY"), ids=str)
def test_archaeology_is_noted_before_any_supply_of_land(role, supply, tmp_path_factory):
    folder = tmp_path_factory.mktemp("relics")
    rows = [{"MC": "遗址甲", "geometry": box(2100, 100, 2300, 300)}]
    county = write_county(folder / "county.gpkg", without=("LSWHBHX",), changed={role: rows})
    one = review_rows(
        [{"项目名称": "甲", "用途": "0901", "供地方式": supply, "geometry": GOOD}], county, folder
    ).results[0]
    text = one.heritage.message.render(Texts("zh"))
    assert "遗址甲" in text and "出让或者划拨前" in text and "第四十三条" in text and one.heritage.mark == "A"
    assert ("可能存在地下文物的区域（遗址甲）" in text) == (role == "KNCZDXWWQY")
    assert not any(word in text for word in ("费用", "承担", "经费", "项目预算"))


def test_areas_of_relics_under_ground_are_asked_for_and_lower_no_verdict(county, tmp_path):
    row = {"项目名称": "甲", "用途": "0901", "供地方式": "划拨", "geometry": GOOD}
    one = review_rows([row], county, tmp_path).results[0]
    item = next(item for item in one.missing if item.id == "KNCZDXWWQY")
    assert one.verdict is Outcome.CONFORMS and one.heritage is None
    assert "KNCZDXWWQY" in item.missing.render(Texts("zh")) and "省级文物主管部门" in item.remedy.render(Texts("zh"))
    profile = write_profile(tmp_path)
    text = profile.read_text(encoding="utf-8") + '\n[absent]\nconcepts = ["KNCZDXWWQY"]\n'
    profile.write_text(text, encoding="utf-8")
    path = tmp_path / "项目.gpkg"
    one = review_projects(read_project_layer(path), county, RunOptions(profile=str(profile))).results[0]
    assert not [item for item in one.missing if item.id == "KNCZDXWWQY"]


def test_declared_area_has_the_unit_of_its_field(county, tmp_path):
    fields = ("申报面积（公顷）", "申报面积（亩）", "申报面积")
    values = ("1.25", "3", "12,500.5")
    rows = [
        {"名称": field, **dict.fromkeys(fields), field: value, "geometry": GOOD}
        for field, value in zip(fields, values, strict=True)
    ]
    declared = [one.project.declared_m2 for one in review_rows(rows, county, tmp_path).results]
    assert declared == pytest.approx([12_500, 2_000, 12_500.5])


def test_use_and_width_may_be_given_for_all_rows(county, tmp_path):
    rows = [{"项目名称": "路", "用途": None, "宽度": None, "geometry": LINE}]
    one = review_rows(rows, county, tmp_path, width_m=8.0, use="城镇村道路用地").results[0]
    assert one.project.use_code == "1207" and one.project.width_m == 8.0
    with pytest.raises(InputError, match="projects_width"):
        review_rows(rows, county, tmp_path, width_m=-1.0)


def test_layer_without_crs_or_in_wrong_coordinates_is_refused(county, tmp_path):
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[GOOD])
    frame.to_file(tmp_path / "无坐标系.shp", encoding="utf-8")
    with pytest.raises(InputError, match="projects_no_crs") as caught:
        review_projects(read_project_layer(tmp_path / "无坐标系.shp"), county)
    assert "请先定义坐标系" in Texts("zh").explain_error(caught.value)
    far = gpd.GeoDataFrame({"项目名称": ["甲"]}, geometry=[shapely.box(10, 10, 20, 20)], crs=CRS)
    far.to_file(tmp_path / "远.gpkg")
    with pytest.raises(InputError, match="projects_coordinates"):
        review_projects(read_project_layer(tmp_path / "远.gpkg"), county)


def test_empty_layer_and_choice_of_layers(county, tmp_path):
    empty = gpd.GeoDataFrame({"项目名称": []}, geometry=[], crs=CRS)
    empty.to_file(tmp_path / "空.gpkg", layer="a")
    with pytest.raises(InputError, match="projects_empty"):
        review_projects(read_project_layer(tmp_path / "空.gpkg"), county)
    two = tmp_path / "two.gpkg"
    for name in ("a", "b"):
        gpd.GeoDataFrame({"项目名称": [name]}, geometry=[GOOD], crs=CRS).to_file(two, layer=name)
    with pytest.raises(InputError, match="projects_layer_choice"):
        read_project_layer(two)
    with pytest.raises(InputError, match="projects_layer_missing"):
        read_project_layer(two, "c")
    assert review_projects(read_project_layer(two, "b"), county).results[0].project.name == "b"


def test_imported_boundary_points_can_be_reviewed(county, tmp_path):
    from plugin.core.exchange.boundary_points.import_points import import_boundary_points
    from tests.core.boundary_point_files import OUTER, FileWriter, place_ring

    writer = FileWriter()
    writer.add_parcel("甲", place_ring(OUTER))
    layer = tmp_path / "层.gpkg"
    run = import_boundary_points(writer.write(tmp_path / "项目.txt"), layer)
    result = review_projects(read_project_layer(layer), county)
    (parcel,), texts = run.file.parcels, Texts("zh")
    if result.results:
        project = result.results[0].project
        assert project.statutory_m2 == pytest.approx(parcel.statutory_m2, rel=1e-9)
        assert project.declared_m2 == pytest.approx(parcel.declared_m2)
    else:
        assert "项目不在县域内" in result.notes[0].message.render(texts)
    assert result.row_count == 1


#: (name, table, error, words of the message)
BAD_TABLES = [
    ("unknown zone", COUNTY_ADMISSION + "999,09,允许,,某县规划,A\n", "第 13 行"),
    ("unknown use", COUNTY_ADMISSION + "530,9901,允许,,某县规划,A\n", "第 13 行"),
    ("unknown outcome", COUNTY_ADMISSION + "540,09,可以,,某县规划,A\n", "可以"),
    ("unknown mark", COUNTY_ADMISSION + "540,09,允许,,某县规划,D\n", "第 13 行"),
    ("no source", COUNTY_ADMISSION + "540,09,允许,,,A\n", "第 13 行"),
    ("repeated row", COUNTY_ADMISSION + "城镇集中建设区,09,禁止,,某县规划,A\n", "第 13 行与第 2 行重复"),
    ("no heading", "分区甲,用途乙\n1,2\n", "准入.csv"),
]


@for_each("name, table, words", BAD_TABLES, ids=[one[0] for one in BAD_TABLES])
def test_bad_admission_table_is_refused_with_its_line(county, tmp_path_factory, name, table, words):
    folder = tmp_path_factory.mktemp("table")
    path = write_projects(folder / "p.gpkg", [{"项目名称": "甲", "用途": "0901", "geometry": GOOD}])
    options = RunOptions(profile=str(write_profile(folder, table)))
    with pytest.raises(InputError) as caught:
        review_projects(read_project_layer(path), county, options)
    text = Texts("zh").explain_error(caught.value)
    assert words in text and "准入.csv" in text


def test_missing_admission_table_is_refused(county, tmp_path):
    profile = write_profile(tmp_path)
    (tmp_path / "准入.csv").unlink()
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "geometry": GOOD}])
    with pytest.raises(DataError, match="data_file_missing"):
        review_projects(read_project_layer(path), county, RunOptions(profile=str(profile)))


def test_table_of_the_shipped_county_is_used(county, tmp_path):
    """浑源县's plan reads: 农田保护区 is for grain, major projects need approval; 城镇发展区 detailed plan and permission."""
    rows = [
        {"项目名称": "田", "用途": "0901", "geometry": box(100, 100, 200, 200)},
        {"项目名称": "店", "用途": "0901", "geometry": GOOD},
        {"项目名称": "村", "用途": "0901", "geometry": box(1200, 100, 1300, 200)},
    ]
    path = write_projects(tmp_path / "p.gpkg", rows)
    result = review_projects(read_project_layer(path), county, RunOptions(profile="hunyuan"))
    assert result.admission_file == "hunyuan_admission.csv"
    zones = [one.zones[0] for one in result.results]
    assert [zone.outcome for zone in zones] == [Outcome.FAILS, Outcome.CONDITIONAL, Outcome.UNDETERMINED]
    assert [zone.mark for zone in zones] == ["A", "A", ""]


def test_copied_profile_finds_the_table_of_the_shipped_one(county, tmp_path):
    from plugin.paths import PROFILES_FOLDER

    copy = tmp_path / "copy.toml"
    copy.write_text((PROFILES_FOLDER / "hunyuan.toml").read_text(encoding="utf-8"), encoding="utf-8")
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "geometry": GOOD}])
    result = review_projects(read_project_layer(path), county, RunOptions(profile=str(copy)))
    assert result.admission_file == "hunyuan_admission.csv"


def test_finest_zone_and_use_apply(county, tmp_path):
    table = COUNTY_ADMISSION + "400,0901,禁止,总则,某县规划,A\n410,0901,禁止,细则,某县规划第九章,A\n"
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "用途": "090101", "geometry": GOOD}])
    result = review_projects(read_project_layer(path), county, RunOptions(profile=str(write_profile(tmp_path, table))))
    (zone,) = result.results[0].zones
    assert zone.rule.use == "0901" and zone.rule.zone == "410" and zone.outcome is Outcome.FAILS


def test_review_can_be_cancelled(county, tmp_path):
    path = write_projects(tmp_path / "p.gpkg", [{"项目名称": "甲", "geometry": GOOD}])
    with pytest.raises(Cancelled):
        review_projects(read_project_layer(path), county, cancellation=Cancellation(lambda: True))
