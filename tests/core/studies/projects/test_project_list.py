# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of projects keeps every row; its sums are those of plain shapely and an independent area formula."""

import json

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.standard.options import RunOptions
from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.run_review import review_projects
from tests.core.studies.projects.written_county import CRS, NET_SHARE, box, write_county, write_profile, write_projects
from tests.county.measure import measure_drawn_area, statutory_area

#: Layers of the written county → id of the line; these have no overlapping rows.
ROLE_BY_LINE = {
    "farmland": "YJJBNTBHTB",
    "cultivated_target": "GDBHMB",
    "red_line": "STBHHX",
    "boundary": "CZKFBJ",
    "reserves": "ZRBHD",
}
TARGET_HA = 41.5


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write the county, and a profile with a target of 永久基本农田; return both paths."""
    folder = tmp_path_factory.mktemp("county")
    profile = write_profile(folder)
    target = (
        f'\n[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "{TARGET_HA}"\nunit = "ha"\n'
        'year = 2035\nbinding = "约束性"\nsource = "某县规划"\n'
    )
    profile.write_text(profile.read_text(encoding="utf-8") + target, encoding="utf-8")
    return write_county(folder / "county.gpkg"), profile


def review(county, projects, folder, *more):
    """Run the command with a list; return its exit code, its JSON and the list."""
    out, listed = folder / "审查.json", folder / "浑源县.projects.gpkg"
    arguments = [projects, county[0], "--profile", county[1], "--projects", listed, "--json", out, *more]
    code = main(["conformity", *map(str, arguments)])
    return code, json.loads(out.read_text(encoding="utf-8")) if out.exists() else None, gpd.read_file(listed)


def make_projects():
    """Return 200 projects with a fixed seed: 15 are registered twice, 15 overlap the one before."""
    random = np.random.default_rng(56)
    rows, states = [], ["已批准", "已审查", "已批准", "已撤回"]
    for number in range(170):
        # Cells of a grid of 200 m, so that only the planted projects overlap.
        west, south = 200 * (number % 17) + 10, 200 * (number // 17) + 10
        corners = [(0, 0), (random.uniform(60, 150), random.uniform(0, 20)), (random.uniform(40, 160), 150), (5, 120)]
        shape = shapely.transform(shapely.Polygon(corners), lambda xy, at=(west, south): xy + np.array(at))
        shape = shapely.transform(shape, lambda xy: xy + np.array([38_472_000.0, 4_397_000.0]))
        rows.append({"XMMC": f"项目{number}", "XMBH": f"P{number}", "ZT": states[number % 4], "geometry": shape})
    twice = [dict(row) for row in rows[:15]]
    for number, row in enumerate(twice):
        row["XMBH" if number % 2 else "XMMC"] = f"重{number}"
    over = [
        {"XMMC": f"叠{number}", "XMBH": f"V{number}", "ZT": states[number % 3],
         "geometry": shapely.transform(rows[20 + number]["geometry"], lambda xy: xy + np.array([30.0, 20.0]))}
        for number in range(15)
    ]  # fmt: skip
    return rows, twice, over


def test_sums_of_200_projects_are_those_of_plain_shapely(county, tmp_path):
    rows, twice, over = make_projects()
    path = write_projects(tmp_path / "p.gpkg", [*rows, *twice, *over], CRS)
    _, data, table = review(county, path, tmp_path, "--xlsx", tmp_path / "审查.xlsx")
    listed = data["project_list"]
    assert len(table) == len(listed["rows"]) == 200
    assert {tuple(one["same_rows"]) for one in listed["rows"] if one["same_rows"]} == {
        (number + 1, number + 171) for number in range(15)
    }
    counted = [[], []]
    for row in rows + over:
        if row["ZT"] != "已撤回":
            counted[row["ZT"] == "已审查"].append(row["geometry"])
    pairs = {(one["first_name"], one["second_name"]): one["area_m2"] for one in listed["overlaps"]}
    expected = {}
    for number, row in enumerate(over):
        if "已撤回" not in (row["ZT"], rows[20 + number]["ZT"]):
            shared = row["geometry"].intersection(rows[20 + number]["geometry"])
            expected[frozenset((row["XMMC"], rows[20 + number]["XMMC"]))] = measure_drawn_area([shared])[0]
    assert {frozenset(pair): area for pair, area in pairs.items()} == pytest.approx(expected, abs=0.01)
    townships = gpd.read_file(county[0], layer="XZQXZ").set_index("XZQDM").geometry
    for place in (None, *townships.index):
        land_of_state, before = {}, []
        for state, shapes in zip(("approved", "reviewed"), counted, strict=True):
            land = [shape.difference(shapely.union_all(before + shapes[:n])) for n, shape in enumerate(shapes)]
            before += shapes
            land_of_state[state] = [one.intersection(townships[place]) if place else one for one in land], shapes
        for line_id, role in (("land", None), *ROLE_BY_LINE.items()):
            line = None if role is None else shapely.union_all(gpd.read_file(county[0], layer=role).geometry)
            got = [one for one in listed["sums"] if (one["id"], one["township_code"]) == (line_id, place)]
            for state, (land, wholes) in land_of_state.items():
                shared = [one if line is None else one.intersection(line) for one in land]
                factors = statutory_area(wholes) / measure_drawn_area(wholes)
                area = (measure_drawn_area(shared) * factors).sum()
                assert (got[0][f"{state}_m2"] if got else 0.0) == pytest.approx(area, abs=0.01), (line_id, place)
    farmland = next(one for one in listed["sums"] if one["id"] == "farmland")
    room = 500_000 * NET_SHARE - TARGET_HA * 10_000
    assert farmland["room_m2"] == pytest.approx(room)
    assert farmland["left_m2"] == pytest.approx(room - farmland["approved_net_m2"])
    assert farmland["approved_net_m2"] == pytest.approx(farmland["approved_m2"] * NET_SHARE, rel=1e-4)
    book = openpyxl.load_workbook(tmp_path / "审查.xlsx")
    assert [book[name].max_row > 3 for name in ("项目名单", "累计占用", "项目重叠")] == [True] * 3
    cells = next(row for row in book["累计占用"].iter_rows(min_row=4, values_only=True) if row[0] == "永久基本农田")
    assert cells[4] == pytest.approx(farmland["approved_net_m2"] / 10_000)


def test_rows_of_the_list_are_read_back_and_kept_as_others_wrote_them(county, tmp_path, capsys):
    first = write_projects(
        tmp_path / "a.gpkg",
        [{"XMMC": "甲", "XMBH": "1", "geometry": box(10, 10, 110, 110)},
         {"XMMC": "乙", "DKBH": "1", "geometry": box(300, 10, 400, 110)}],
    )  # fmt: skip
    _, data, before = review(county, first, tmp_path)
    assert before["ZT"].tolist() == ["已审查"] * 2 and before["XMMC"].tolist() == ["甲", "乙"]
    # The planner approves 甲, and adds a field and a row without a shape, in QGIS.
    edited = before.assign(ZT=["已批准", "已审查"], BZ="批")
    edited.loc[2, ["XMMC", "XMBH", "ZT", "RQ"]] = ["丙", "3", "已审查", "2026-01-01"]
    edited.to_file(tmp_path / "浑源县.projects.gpkg", layer="projects")
    kept = gpd.read_file(tmp_path / "浑源县.projects.gpkg")
    capsys.readouterr()
    # 甲 again; another project of the plot number 1; 甲 on other land.
    second = write_projects(
        tmp_path / "b.gpkg",
        [{"XMMC": "甲", "XMBH": "1", "DKBH": None, "geometry": box(10, 10, 110, 110)},
         {"XMMC": "丁", "XMBH": None, "DKBH": "1", "geometry": box(600, 10, 700, 110)},
         {"XMMC": "甲", "XMBH": "1", "DKBH": None, "geometry": box(800, 10, 950, 110)}],
    )  # fmt: skip
    _, data, after = review(county, second, tmp_path)
    assert after.iloc[:3].drop(columns="geometry").equals(kept.drop(columns="geometry"))
    assert after.geometry.iloc[:2].geom_equals_exact(kept.geometry.iloc[:2], 0).all()
    assert after["XMMC"].iloc[3:].tolist() == ["丁", "甲"] and len(after) == 5
    rows = {one["project"]["row"]: one for one in data["project_list"]["rows"]}
    assert [row for row, one in rows.items() if one["counted"]] == [1, 2, 4]
    assert rows[5]["same_rows"] == [1, 5] and data["project_list"]["known"] == ["甲"]
    text = capsys.readouterr()
    words = text.out + text.err
    assert "“甲”登记了多次（名单第 1、5 行）" in words and "projects”第 3 行" in words and "批准后余" in words
    result = review_projects(
        read_project_layer(second), county[0], RunOptions(profile=str(county[1])),
        project_list=tmp_path / "浑源县.projects.gpkg",
    )  # fmt: skip
    assert not any(one.is_new for one in result.project_list.rows)
    assert [(one.project.name, one.project.shape.wkt) for one in result.project_list.rows] == [
        (row.XMMC, row.geometry.geoms[0].wkt) for row in after.itertuples() if row.geometry is not None
    ]


def test_file_that_is_no_list_and_unknown_states_are_refused_unchanged(county, tmp_path, capsys):
    path = write_projects(tmp_path / "a.gpkg", [{"XMMC": "甲", "XMBH": "1", "geometry": box(10, 10, 110, 110)}])
    other = write_projects(tmp_path / "other.gpkg", [{"XMMC": "甲", "geometry": box(10, 10, 110, 110)}])
    before = other.read_bytes()
    options = RunOptions(profile=str(county[1]))
    with pytest.raises(InputError, match="project_list_fields"):
        review_projects(read_project_layer(path), county[0], options, project_list=other)
    wrong = [{"XMMC": "甲", "XMBH": "1", "ZT": "在办", "RQ": "", "geometry": box(10, 10, 110, 110)}]
    with pytest.raises(InputError, match=r"project_list_state.*在办"):
        review_projects(
            read_project_layer(path), county[0], options, project_list=write_projects(tmp_path / "w.gpkg", wrong)
        )
    assert other.read_bytes() == before
    assert main(["conformity", str(path), str(county[0]), "--projects", str(county[0])]) == 2
