# SPDX-License-Identifier: GPL-2.0-or-later
"""A village plan: figures of its parcels are those of plain shapely and an independent area formula."""

import json

import docx
import geopandas as gpd
import openpyxl
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.standard.options import RunOptions
from tests.core.studies.projects.written_county import CRS, box, write_county, write_profile, write_projects
from tests.county.measure import measure_drawn_area

#: Use → parcels as (west, south, east, north): a reserve overlaps a field by 10 m, another field ends outside.
PARCELS = {
    "0703": [(1000, 0, 1200, 400), (1200, 0, 1300, 400)],
    "0901": [(1300, 0, 1340, 400)],
    "16": [(1340, 0, 1370, 400)],
    "0101": [(1360, 0, 1900, 400)],
    "0301": [(1900, 380, 1950, 450)],
}
BOUNDARY = (1000, 0, 2000, 400)


@pytest.fixture
def village(tmp_path):
    """Write county, profile, parcels and boundary; return their paths."""
    rows = [{"YDYHFLDM": use, "geometry": box(*one)} for use, boxes in PARCELS.items() for one in boxes]
    parcels = write_projects(tmp_path / "用地.gpkg", rows, CRS)
    boundary = write_projects(tmp_path / "范围.gpkg", [{"MC": "某村", "geometry": box(*BOUNDARY)}], CRS)
    return write_county(tmp_path / "county.gpkg"), write_profile(tmp_path), parcels, boundary


def review(village, *more):
    """Run the command; return its exit code and its JSON."""
    data, profile, parcels, _ = village
    out = parcels.with_suffix(".json")
    code = main(["conformity", *map(str, [parcels, data, "--profile", profile, "--json", out, *more])])
    return code, json.loads(out.read_text(encoding="utf-8")) if out.exists() else None


def measure(*boxes):
    return measure_drawn_area([shapely.union_all([box(*one) for one in boxes])])[0]


def test_figures_of_a_village_plan_are_those_of_plain_shapely(village, tmp_path):
    table = tmp_path / "审查.xlsx"
    code, data = review(
        village,
        "--lower-plan",
        "village",
        "--boundary",
        village[3],
        "--xlsx",
        table,
        "--docx",
        table.with_suffix(".docx"),
    )
    lower = data["lower_plan"]
    assert code == 1 and {one["use"] for one in data["results"]} == {"0703", "0901", "16"} and lower["other_count"] == 2
    assert not [note for note in data["notes"] if "名称" in note["text"]], "parcels have no names"
    areas = {use: sum(measure(one) for one in boxes) for use, boxes in PARCELS.items()}
    assert {one["code"]: one["area_m2"] for one in lower["uses"]} == pytest.approx(areas, abs=0.01)
    construction = areas["0703"] + areas["0901"] + areas["16"]
    gaps = measure((1900, 0, 2000, 380), (1950, 380, 2000, 400))
    expected = {
        "construction_m2": construction,
        "boundary_m2": measure(BOUNDARY),
        "gap_m2": gaps,
        "outside_m2": measure((1900, 400, 1950, 450)),
        "overlap_m2": measure((1360, 0, 1370, 400)),
    }
    assert {key: lower[key] for key in expected} == pytest.approx(expected, abs=0.01)
    shares = {one["id"]: one for one in lower["shares"]}
    assert shares["reserve"]["share"] == pytest.approx(areas["16"] / construction, abs=1e-9)
    assert shares["industry"]["share"] == pytest.approx(areas["0901"] / construction, abs=1e-9)
    assert {one["outcome"] for one in shares.values()} == {"conditional"}, "the county has not confirmed the limits"
    sheet = openpyxl.load_workbook(table)["规划用地"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert any("限值 ≤ 5.00%，超出限值（限值和计入的地类未经本县确认" in text for text in texts)
    assert any("规划范围内没有规划用地的土地 " in text for text in texts)
    titles = {sheet.title: (sheet["A1"].value, sheet["A2"].value) for sheet in openpyxl.load_workbook(table)}
    assert titles["项目"] == ("浑源县某村村庄规划地块核对汇总表", "单位：公顷")
    assert titles["规划用地"][0] == "浑源县某村村庄规划用地表"
    document = "\n".join(paragraph.text for paragraph in docx.Document(tmp_path / "审查.docx").paragraphs)
    assert document.startswith("浑源县某村村庄规划地块核对汇总表") and "规划用地\u3000单位：公顷" in document
    # One quantity has one unit in the whole workbook.
    assert {titles[one][1] for one in ("控制线", "分区准入", "占用地类", "占用乡镇", "规划用地")} == {"单位：公顷"}


def test_confirmed_limits_decide_and_a_detailed_plan_has_none(village):
    profile = village[1]
    confirmed = (
        '\n[confirmed]\nby = "某县自然资源局"\ndate = "2026-11-20"\ndocument = "某县村庄规划编制要求"\n'
        'items = ["lower_plan", "farmland.construction_classes"]\n'
    )
    profile.write_text(profile.read_text(encoding="utf-8") + confirmed, encoding="utf-8")
    _, data = review(village, "--lower-plan", "village", "--boundary", village[3])
    assert {one["id"]: one["outcome"] for one in data["lower_plan"]["shares"]} == {
        "reserve": "fails", "industry": "conforms"
    }  # fmt: skip
    _, data = review(village, "--lower-plan", "detailed")
    lower = data["lower_plan"]
    assert lower["shares"] == [] and lower["gap_m2"] is lower["outside_m2"] is None


def test_limit_of_the_county_plan_has_its_source_and_only_the_classes_are_unconfirmed(village, tmp_path):
    profile, table = village[1], tmp_path / "审查.xlsx"
    text = profile.read_text(encoding="utf-8") + "\n[lower_plan]\nmax_reserve_share = 0.2\nmin_industry_share = 0.1\n"
    text += '\n[marks]\n"lower_plan.max_reserve_share" = "A"\n'
    text += '\n[mark_sources]\n"lower_plan.max_reserve_share" = "某县总体规划"\n'
    profile.write_text(text, encoding="utf-8")
    _, data = review(village, "--lower-plan", "village", "--xlsx", table)
    assert {one["id"]: (one["limit"], one["outcome"]) for one in data["lower_plan"]["shares"]} == {
        "reserve": (0.2, "conditional"), "industry": (0.1, "conditional")
    }  # fmt: skip
    sheet = openpyxl.load_workbook(table)["规划用地"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    kept = "限值 ≤ 20.00%（依据：某县总体规划），在限值内（计入的地类未经本县确认，结论为有条件）。"
    assert any(kept in one for one in texts)
    assert any("限值 ≥ 10.00%，在限值内（限值和计入的地类未经" in one for one in texts)


def test_profile_of_the_county_has_the_limits_of_its_plan_with_their_marks():
    norm = RunOptions(profile="hunyuan").resolve_norm()
    keys = {"lower_plan.max_reserve_share": (0.05, "A"), "lower_plan.min_industry_share": (0.1, "C")}
    assert {key: (norm.get(key), norm.get_source_mark(key)) for key in keys} == keys
    assert all("浑源县国土空间总体规划" in norm.profile.mark_sources[key] for key in keys)


def test_parcel_without_a_use_leaves_the_shares_undetermined_and_is_reviewed(village):
    parcels = village[2]
    frame = gpd.read_file(parcels)
    frame.loc[0, "YDYHFLDM"] = None
    frame.to_file(parcels, layer=gpd.list_layers(parcels)["name"][0], engine="pyogrio")
    code, data = review(village, "--lower-plan", "village")
    assert code == 1 and {one["outcome"] for one in data["lower_plan"]["shares"]} == {"undetermined"}
    assert len(data["results"]) == 4 and data["results"][0]["verdict"] == "undetermined"


def test_boundary_without_a_polygon_is_refused(village, tmp_path, capsys):
    lines = write_projects(tmp_path / "线.gpkg", [{"MC": "某村", "geometry": box(*BOUNDARY).boundary}], CRS)
    code, data = review(village, "--lower-plan", "village", "--boundary", lines)
    assert code == 2 and data is None and "没有可用的面" in capsys.readouterr().err
