# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that conclude from a layer name its rows that could not be used, and confirm nothing that reads it."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.adjustment.model import AdjustmentOptions, Outcome
from plugin.core.adjustment.report import adjustment_to_dict
from plugin.core.adjustment.run import compare_line
from plugin.core.check import check_plan
from plugin.core.evaluation.model import Edition, Level
from plugin.core.evaluation.run import evaluate_editions
from plugin.core.messages.texts import Texts
from plugin.core.office_tables.messages import describe_tables
from plugin.core.office_tables.run import TableOrder, fill_office_tables
from plugin.core.options import RunOptions
from plugin.core.seams.model import SeamOptions
from plugin.core.seams.run import check_seams
from plugin.core.tabulate import tabulate_sources
from tests.core.adjustment.test_adjustment import BOX_IN_EAST, OLD_TOWN, write_editions
from tests.core.evaluation.test_evaluation import make_layers, write_profile
from tests.core.office_tables.table_county import write_table_county
from tests.core.seams.seam_counties import write_counties
from tests.core.small_plan import write_gpkg

TEXTS = Texts("zh")
KEY = "140225777777777777"


def add_row(path, role, shape=None, **columns):
    """Add a row with a known key, by default without a shape, to a layer of a GeoPackage."""
    frame = gpd.read_file(path, layer=role)
    row = frame.iloc[[0]].assign(BSM=KEY, **columns)
    row["geometry"] = gpd.GeoSeries([shape], index=row.index, crs=frame.crs)
    joined = gpd.GeoDataFrame(pd.concat([frame, row], ignore_index=True), crs=frame.crs)
    joined.to_file(path, layer=role, engine="pyogrio", geometry_type="Unknown")


@pytest.fixture
def edition(tmp_path):
    """Write a county that meets its target of the red line; return its data and profile."""
    data = tmp_path / "数据.gpkg"
    write_gpkg(data, make_layers(600))
    return data, write_profile(tmp_path / "县配置.toml")


@pytest.mark.parametrize("shape", [None, shapely.Point(38_540_000, 4_390_000)], ids=["no shape", "point"])
def test_figure_of_a_layer_with_an_unused_row_is_not_confirmed(edition, shape):
    data, profile = edition
    options = RunOptions(profile=profile)
    (clean, _) = tabulate_sources(data, options).indicators.compute_indicator("red_line_area").figures
    assert clean.confirmed and clean.state == "met"
    add_row(data, "STBHHX", shape)
    tabulated = tabulate_sources(data, options)
    for figure in tabulated.indicators.compute_indicator("red_line_area").figures:
        assert not figure.confirmed and figure.state in ("unconfirmed", "broken")
    (other,) = tabulated.indicators.compute_indicator("farmland_area").figures
    assert other.backed
    assert any(KEY in notice for notice in tabulated.notices)
    report = check_plan(data, options).report
    assert [one.state for one in report.indicators if one.id == "red_line_area" and one.target == 20] == ["unconfirmed"]


def test_evaluation_does_not_confirm_a_figure_with_an_unused_row(edition, tmp_path):
    data, profile = edition
    earlier = tmp_path / "前.gpkg"
    write_gpkg(earlier, make_layers(600))
    add_row(data, "STBHHX")
    editions = [Edition(year, str(path), profile) for year, path in ((2022, earlier), (2024, data))]
    result = evaluate_editions(editions)
    series = next(one for one in result.series if one.id == "red_line_area")
    assert [one.confirmed for one in series.points] == [True, False]
    assert series.points[1].state == "unconfirmed" and series.level is Level.UNDETERMINED
    assert KEY in " ".join(result.editions[1].notices)


@pytest.mark.parametrize("role", ["CZKFBJ", "earlier CZKFBJ", "YJJBNTBHTB", "STBHHX", "DLTB"])
def test_adjustment_judges_nothing_by_a_layer_with_an_unused_row(tmp_path, role):
    old, new = write_editions(tmp_path, OLD_TOWN)
    edition, role = (old if role.startswith("earlier") else new), role.removeprefix("earlier ")
    add_row(edition, role)
    result = compare_line(new, AdjustmentOptions(str(old)))
    criteria = {
        "CZKFBJ": {one.id for one in result.criteria},
        "YJJBNTBHTB": {"no_farmland_taken"},
        "STBHHX": {"no_red_line_taken"},
        "DLTB": {"ratio_not_increased", "cultivated_not_increased"},
    }[role]
    undetermined = {one.id for one in result.criteria if one.outcome is Outcome.UNDETERMINED}
    assert undetermined == criteria and result.verdict is Outcome.UNDETERMINED
    data = json.loads(json.dumps(adjustment_to_dict(result), default=str))
    assert all(KEY in " ".join(one["gaps"]) for one in data["criteria"] if one["id"] in criteria)
    assert KEY in " ".join(data["notes"])


def test_land_that_an_adjustment_takes_for_certain_still_fails(tmp_path):
    old, new = write_editions(tmp_path, OLD_TOWN.union(BOX_IN_EAST), farmland=[BOX_IN_EAST])
    add_row(new, "YJJBNTBHTB")
    outcomes = {one.id: one.outcome for one in compare_line(new, AdjustmentOptions(str(old))).criteria}
    assert outcomes["no_farmland_taken"] is Outcome.FAILS


def test_office_tables_name_an_unused_row(tmp_path):
    data = write_table_county(tmp_path / "county.gpkg")
    add_row(data, "STBHHX")
    result = fill_office_tables(data, TableOrder(output=str(tmp_path / "t.xlsx")), RunOptions())
    assert all(KEY in " ".join(table.notes) for table in result.tables)
    assert any(line.is_warning and KEY in line.text for line in describe_tables(result, "zh"))


def test_seams_name_an_unused_row_and_call_no_pair_clean(tmp_path, capsys):
    paths = write_counties(tmp_path)
    for path in paths:
        add_row(path, "STBHHX")
    options = SeamOptions(tuple(map(str, paths)), tmp_path / "out")
    result, _ = check_seams(options)
    assert all(KEY in gap.render(TEXTS) for county in result.counties for gap in county.gaps)
    assert KEY in (tmp_path / "out" / "seams.html").read_text(encoding="utf-8")
    assert main(["seams", *map(str, paths), "--output", str(tmp_path / "other")]) != 0
    assert KEY in "".join(capsys.readouterr())
