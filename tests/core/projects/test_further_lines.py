# SPDX-License-Identifier: GPL-2.0-or-later
"""城市四线, planned land use, wetlands, forest, grassland, reserves and water sources are compared, or listed as not."""

import json

import pytest

from plugin.core.errors import DataError
from plugin.core.files.writing import OutputPaths
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from plugin.core.projects.model import Outcome
from plugin.core.projects.page import make_conformity_document
from plugin.core.projects.read_projects import read_project_layer
from plugin.core.projects.run import review_projects
from plugin.core.projects.write import write_conformity_outputs
from tests.core.projects.test_page import list_document_texts
from tests.core.projects.written_county import box, place, write_county, write_profile, write_projects
from tests.parametrize import for_each

#: Zone 410 of the written county allows 0901; each line lies at its own place there.
TABLE = """zone,use,outcome,condition,source,mark
410,*,允许,应符合详细规划,某县规划第三章,A
"""
CONFORMS, LISTED = Outcome.CONFORMS, Outcome.LISTED
CONDITIONAL, UNDETERMINED, FAILS = Outcome.CONDITIONAL, Outcome.UNDETERMINED, Outcome.FAILS


def lie(number):
    """Return the place of a line and of the projects in it."""
    return box(
        2050 + 100 * (number % 4), 50 + 100 * (number // 4), 2100 + 100 * (number % 4), 100 + 100 * (number // 4)
    )


#: (layer, row, id of the line, use, outcome)
CASES = [
    ("ZXCQCSLVX", {}, "green_line", "0701", FAILS),
    ("ZXCQCSLVX", {}, "green_line", "1401", CONDITIONAL),
    ("ZXCQCSLVX", {}, "green_line", "1207", CONDITIONAL),
    ("ZXCQCSLX", {}, "blue_line", "070102", FAILS),
    ("ZXCQCSLX", {}, "blue_line", "1311", CONDITIONAL),
    ("ZXCQCSHX", {}, "yellow_line", "0701", FAILS),
    ("ZXCQCSHX", {}, "yellow_line", "1303", CONDITIONAL),
    ("ZXCQCSZX", {}, "purple_line", "0701", CONDITIONAL),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "0701", CONFORMS),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "070102", CONFORMS),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "1001", CONDITIONAL),
    ("ZXCQGHYDYH", {"YDYHFLDM": "070100"}, "centre_use", "07", CONDITIONAL),
    ("GHYDYH", {"YDYHFLDM": "0703"}, "county_use", "0701", CONDITIONAL),
    ("GHYDYH", {"YDYHFLDM": ""}, "county_use", "0701", UNDETERMINED),
    ("ZXCQXXGHBZDY", {}, "detail_units", "0701", LISTED),
    ("SD", {}, "wetland", "0701", CONDITIONAL),
    ("STGYL", {}, "welfare_forest", "0701", CONDITIONAL),
    ("TRL", {}, "natural_forest", "0701", CONDITIONAL),
    ("JBCY", {}, "grassland", "0701", CONDITIONAL),
    ("YJJBNTCBQ", {}, "reserve_land", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"JB": "一级保护区"}, "water_source", "0701", FAILS),
    ("YYSSYBHQ", {"JB": "一级保护区"}, "water_source", "1301", CONDITIONAL),
    ("YYSSYBHQ", {"MC": "城东水源地二级保护区"}, "water_source", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"JB": "二级"}, "water_source", "1001", FAILS),
    ("YYSSYBHQ", {"JB": "准保护区"}, "water_source", "0701", CONDITIONAL),
    ("YYSSYBHQ", {"MC": "城东水源地"}, "water_source", "0701", UNDETERMINED),
]


def review(projects, county, profile, **more):
    """Return the review of a file of projects."""
    return review_projects(read_project_layer(projects), county, RunOptions(profile=str(profile)), **more)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Review a project in each line, each in another place."""
    folder = tmp_path_factory.mktemp("lines")
    changed, rows = {}, []
    for number, (role, fields, _, use, _) in enumerate(CASES):
        changed.setdefault(role, []).append({"MC": "", "JB": "", **fields, "geometry": lie(number)})
        rows.append({"项目名称": str(number), "用途": use, "geometry": lie(number)})
    rows.append({"项目名称": "outside", "用途": "0701", "geometry": box(2800, 800, 2850, 850)})
    county = write_county(folder / "county.gpkg", changed=changed)
    return review(write_projects(folder / "p.gpkg", rows), county, write_profile(folder, TABLE))


@for_each("number", range(len(CASES)), ids=[f"{case[2]}-{case[3]}-{case[4]}" for case in CASES])
def test_project_in_a_further_line_has_the_outcome_of_its_rules(results, number):
    role, _, line_id, _, outcome = CASES[number]
    one = results.results[number]
    line = one.find_line(line_id)
    assert line.outcome is outcome and line.role == role
    assert one.verdict is (CONFORMS if outcome is LISTED else outcome), [
        reason.render(Texts("zh")) for reason in one.reasons
    ]
    if outcome not in (UNDETERMINED, CONFORMS, LISTED):
        assert line.name[0] in one.reasons[0].render(Texts("zh")) and line.rule.source


def test_project_outside_all_further_lines_conforms(results):
    assert results.results[-1].verdict is CONFORMS


ROWS = [{"项目名称": "店", "用途": "0901", "geometry": box(2100, 100, 2200, 200)}]


def test_lines_without_a_layer_are_listed_as_not_judged_and_lower_no_verdict(tmp_path):
    result = review(
        write_projects(tmp_path / "p.gpkg", ROWS), write_county(tmp_path / "c.gpkg"), write_profile(tmp_path)
    )
    (one,) = result.results
    assert one.verdict is CONFORMS
    line = one.find_line("green_line")
    assert line.outcome is UNDETERMINED and not line.is_present
    (item,) = [item for item in one.missing if item.id == "lines_lacking"]
    text = item.missing.render(Texts("zh"))
    assert all(f"{name} {role}" in text for name, role in (("城市绿线", "ZXCQCSLVX"), ("湿地", "SD")))
    page = "\n".join(list_document_texts(make_conformity_document(result)))
    assert "城市黄线 ZXCQCSHX" in page and "未能判定 0 项" in page


def test_layer_that_the_county_has_and_that_cannot_be_used_lowers_the_verdict(tmp_path):
    import shapely

    rows = [{"MC": "公园", "geometry": place(shapely.Point(2150, 150))}]
    county = write_county(tmp_path / "c.gpkg", changed={"ZXCQCSLVX": rows})
    one = review(write_projects(tmp_path / "p.gpkg", ROWS), county, write_profile(tmp_path)).results[0]
    assert one.verdict is UNDETERMINED and one.find_line("green_line").outcome is UNDETERMINED


def test_layer_that_no_line_reads_is_listed_everywhere(tmp_path):
    green = [{"MC": "公园", "geometry": box(0, 0, 100, 100)}]
    county = write_county(tmp_path / "c.gpkg", changed={"CTCL": green, "甲图层": green})
    result = review(write_projects(tmp_path / "p.gpkg", ROWS), county, write_profile(tmp_path))
    assert result.unread_layers == ("传统村落 CTCL", "甲图层")
    write_conformity_outputs(result, OutputPaths(json=str(tmp_path / "r.json")))
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["unread_layers"] == list(result.unread_layers)
    assert "未比对的图层：传统村落 CTCL、甲图层。" in "\n".join(list_document_texts(make_conformity_document(result)))


OWN_LINES = """[[line]]
id = "villages"
concept = "{concept}"
zh = "传统村落"
en = "Traditional villages"
basis = "statutory"
parts = "none"
absent = "listed"
"""


def write_own_profile(folder, lines, off):
    """Write a profile with own lines and with lines switched off; return its path."""
    profile = write_profile(folder, TABLE + ("villages,*,禁止,不得建设,某县规划,A\n" if "CTCL" in lines else ""))
    text = profile.read_text(encoding="utf-8").replace(
        'admission = "准入.csv"', f'admission = "准入.csv"\nlines = "控制线.toml"\nlines_off = {off}'
    )
    profile.write_text(text, encoding="utf-8")
    (folder / "控制线.toml").write_text(lines, encoding="utf-8")
    return profile


def test_county_adds_a_line_and_switches_one_off(tmp_path):
    shape = ROWS[0]["geometry"]
    rows = [{"MC": "村", "geometry": shape}]
    county = write_county(tmp_path / "c.gpkg", changed={"CTCL": rows, "ZXCQCSLVX": rows})
    profile = write_own_profile(tmp_path, OWN_LINES.format(concept="CTCL"), '["green_line"]')
    result = review(write_projects(tmp_path / "p.gpkg", ROWS), county, profile)
    (one,) = result.results
    assert one.find_line("villages").outcome is FAILS and one.find_line("green_line") is None
    assert result.unread_layers == ("城市绿线 ZXCQCSLVX",)


@for_each(
    "lines, off, value",
    [
        (OWN_LINES.format(concept="CTCL"), '["farmland"]', "farmland"),
        (OWN_LINES.format(concept="CTCL"), '["绿线"]', "绿线"),
        (OWN_LINES.format(concept="NOLAYER"), "[]", "NOLAYER"),
    ],
    ids=lambda case: case[2],
)
def test_unknown_line_or_layer_and_the_three_lines_are_refused(lines, off, value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    profile = write_own_profile(folder, lines, off)
    with pytest.raises(DataError) as caught:
        review(write_projects(folder / "p.gpkg", ROWS), write_county(folder / "c.gpkg"), profile)
    assert value in Texts("zh").explain_error(caught.value)


#: (place, use, code of the zone, outcome, mark)
HUNYUAN = [
    (box(100, 2500, 200, 2600), "0701", "100", FAILS, "A"),
    (box(100, 2500, 200, 2600), "0901", "100", FAILS, "A"),
    (box(1200, 100, 1300, 200), "1202", "510", CONDITIONAL, "A"),
    (box(1200, 100, 1300, 200), "1001", "510", CONDITIONAL, "A"),
    (box(600, 100, 700, 200), "1202", "520", CONDITIONAL, "A"),
    (box(600, 100, 700, 200), "1001", "520", UNDETERMINED, ""),
    (box(1200, 1100, 1300, 1200), "1207", "530", CONDITIONAL, "A"),
    (box(1200, 1100, 1300, 1200), "1001", "530", UNDETERMINED, ""),
]


@pytest.mark.parametrize("profile", ("hunyuan", ""), ids=("hunyuan", "default"))
def test_housing_in_the_protection_zone_fails_and_rural_roads_are_conditional(profile, tmp_path):
    """浑源 (004:98, 123–126, 205–207): 严禁 in 生态保护区; roads and village industry as the text has them."""
    rows = [{"项目名称": f"{use}-{code}", "用途": use, "geometry": shape} for shape, use, code, _, _ in HUNYUAN]
    result = review_projects(
        read_project_layer(write_projects(tmp_path / "p.gpkg", rows)),
        write_county(tmp_path / "c.gpkg"),
        RunOptions(profile=profile),
    )
    for one, (_, _, code, outcome, mark) in zip(result.results, HUNYUAN, strict=True):
        zone = next(zone for zone in one.zones if zone.code == code)
        if code == "100":
            assert zone.outcome is FAILS and one.verdict is FAILS
        elif profile:
            assert (zone.outcome, zone.mark) == (outcome, mark), one.project.name
