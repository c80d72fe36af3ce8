# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of area fields that contradict the shapes never meet a target."""

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import Geod

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.area_backing import find_rows_surely_matching_area
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.model.indicator import Indicator
from plugin.core.model.report import Report
from plugin.core.model.verdict import Verdict
from plugin.core.render.tables import by_land_use, by_place
from plugin.core.standard.messages.texts import Texts
from tests.core.figures.indicators.test_indicator_figures import get_indicator, make_rectangle_wkt

PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\nbase = "shanxi"\n'
CONFIRM_ALL = '[confirmed]\nby = "局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["all"]\n'
TARGET_SECTION = """
[[targets]]
indicator = "{indicator}"
comparison = "{comparison}"
value = "{value}"
unit = "ha"
year = 2035
binding = "约束性"
source = "批文"
"""
#: A cell of the county is 200 m wide: three townships, each a column of six cells.
CELL_SIZE_M, CELL_COLUMNS, CELL_ROWS = 200.0, 3, 6
TOWNSHIP_NAMES = ["甲镇", "乙乡", "丙乡"]


def list_county_cells():
    """Return column number and WKT of each square cell of the county."""
    return [
        (c, make_rectangle_wkt(c * CELL_SIZE_M, r * CELL_SIZE_M, CELL_SIZE_M, CELL_SIZE_M))
        for c in range(CELL_COLUMNS)
        for r in range(CELL_ROWS)
    ]


class RectangleCounty:
    """Rows of a small county by layer, which a test may change before the check.

    Correct area fields have the statutory area.
    """

    def __init__(self):
        height = CELL_ROWS * CELL_SIZE_M
        true = self.cell_area()
        self.rows = {
            "XZQX": [
                {
                    "wkt": make_rectangle_wkt(0, 0, CELL_COLUMNS * CELL_SIZE_M, height),
                    "division_code": "140225",
                    "division_name": "某县",
                }
            ],
            "XZQXZ": [
                {
                    "wkt": make_rectangle_wkt(c * CELL_SIZE_M, 0, CELL_SIZE_M, height),
                    "division_code": f"14022510{c}",
                    "division_name": TOWNSHIP_NAMES[c],
                }
                for c in range(CELL_COLUMNS)
            ],
            "DLTB": [],
            "GDBHMB": [],
            "YJJBNTBHTB": [],
            "STBHHX": [{"wkt": make_rectangle_wkt(0, height - CELL_SIZE_M, CELL_SIZE_M, CELL_SIZE_M), "area": true}],
            "CZKFBJ": [
                {
                    "wkt": make_rectangle_wkt(2 * CELL_SIZE_M, 0, CELL_SIZE_M, 2 * CELL_SIZE_M),
                    "zone_code": "410",
                    "area": 2 * true,
                }
            ],
        }
        for n, (column, wkt) in enumerate(list_county_cells()):
            urban = column == 2 and n % CELL_ROWS < 2
            area = {"gross_area": true, "deduction_rate": 0.0, "deduction_area": 0.0, "net_area": true}
            code = "0701" if urban else "0103" if n % 2 else "0301"
            row = {"wkt": wkt, "land_use": code, "location_code": f"14022510{column}2010000000", "data_year": 2020}
            self.rows["DLTB"].append({**row, **area, "urban_code": "202" if urban else None})
            if not urban and n % CELL_ROWS < 4:
                self.rows["GDBHMB"].append({**row, **area, "land_use": "0103"})
                self.rows["YJJBNTBHTB"].append({**row, **area, "land_use": "0103"})

    @staticmethod
    def cell_area():
        """Return the ellipsoidal area (m²) of one cell of the county, by pyproj."""
        layer = make_example_layer("STBHHX", [make_rectangle_wkt(0, 0, CELL_SIZE_M, CELL_SIZE_M)], make_example_norm())
        lonlat = layer.frame.geometry.to_crs(4490)
        return round(abs(Geod(ellps="GRS80").geometry_area_perimeter(lonlat.iloc[0])[0]), 2)

    def multiply(self, role, factor, *names, rows=lambda row, n: True):
        """Multiply fields of the chosen rows of a layer; return the county."""
        for n, row in enumerate(self.rows[role]):
            if rows(row, n):
                row.update({name: round(row[name] * factor, 4) for name in names})
        return self

    def sources(self):
        norm = make_example_norm()
        return [make_example_layer(role, rows, norm, name=role) for role, rows in self.rows.items()]

    def check(self, tmp_path, profile="", **options):
        """Return the result of a check with a profile that confirms all settings."""
        path = tmp_path / "x.toml"
        path.write_text(PROFILE_HEAD + profile + CONFIRM_ALL, encoding="utf-8")
        return check_plan(self.sources(), RunOptions(profile=str(path), scope="three_lines", **options))


AREA_FIELDS = ("gross_area", "deduction_area", "net_area")


def format_target(indicator, value, comparison=">="):
    return TARGET_SECTION.format(indicator=indicator, value=value, comparison=comparison)


def list_sum_findings(report):
    return [f for f in report.findings if f.code == "ATT022"]


def test_county_with_correct_area_fields_meets_its_targets(tmp_path):
    done = RectangleCounty().check(
        tmp_path, format_target("farmland_area", "10.00") + format_target("cultivated_area", "10.00")
    )
    assert list_sum_findings(done.report) == [] and get_indicator(done.report, "farmland_area").state == "met"
    assert (
        all(i.backed for i in done.report.indicators)
        and get_indicator(done.report, "expansion_ratio_n1").state == "met"
    )


@pytest.mark.parametrize("role", ["GDBHMB", "YJJBNTBHTB"])
@pytest.mark.parametrize("factor", [12.0, 1.01])
def test_area_fields_multiplied_by_a_factor_are_reported_and_leave_their_target_unconfirmed(tmp_path, role, factor):
    name = {"GDBHMB": "cultivated_area", "YJJBNTBHTB": "farmland_area"}[role]
    done = RectangleCounty().multiply(role, factor, *AREA_FIELDS).check(tmp_path, format_target(name, "10.00"))
    (finding,) = list_sum_findings(done.report)
    assert (finding.role, finding.case, finding.township) == (role, "", "")
    assert finding.params["difference"] == pytest.approx((factor - 1) * finding.params["expected"], rel=1e-4)
    figure_of_target = get_indicator(done.report, name)
    assert (figure_of_target.state, figure_of_target.confirmed, figure_of_target.backed) == (
        "unconfirmed",
        False,
        False,
    )
    assert done.report.verdict is not Verdict.PASSED
    assert f"figures.{name}" in next(r.unconfirmed for r in done.report.rules if r.code == "LAW002")


def test_too_small_sum_of_area_fields_misses_its_target(tmp_path):
    done = (
        RectangleCounty()
        .multiply("YJJBNTBHTB", 0.1, *AREA_FIELDS)
        .check(tmp_path, format_target("farmland_area", "10.00"))
    )
    assert get_indicator(done.report, "farmland_area").state == "broken" and done.report.verdict is Verdict.FAILED
    assert len(list_sum_findings(done.report)) == 1


def test_township_with_a_wrong_sum_of_area_fields_is_reported(tmp_path):
    county = RectangleCounty().multiply(
        "YJJBNTBHTB", 12, *AREA_FIELDS, rows=lambda row, n: row["location_code"].startswith("140225101")
    )
    (finding,) = list_sum_findings(county.check(tmp_path).report)
    assert finding.township == "乙乡" and "乙乡" in finding.message and finding.params["count"] == 4


@pytest.fixture
def county():
    return RectangleCounty()


def test_area_field_errors_of_townships_that_cancel_out_are_reported(tmp_path, county):
    county.multiply("YJJBNTBHTB", 1.5, *AREA_FIELDS, rows=lambda row, n: row["location_code"].startswith("140225100"))
    county.multiply("YJJBNTBHTB", 0.5, *AREA_FIELDS, rows=lambda row, n: row["location_code"].startswith("140225101"))
    done = county.check(tmp_path, format_target("farmland_area", "10.00"))
    assert {f.township for f in list_sum_findings(done.report)} == {"甲镇", "乙乡"}
    assert get_indicator(done.report, "farmland_area").state == "unconfirmed"


def test_net_area_field_that_contradicts_the_shapes_is_reported(tmp_path):
    done = (
        RectangleCounty()
        .multiply("YJJBNTBHTB", 1.5, "net_area")
        .check(tmp_path, format_target("farmland_area", "10.00"))
    )
    assert [(f.case, f.field) for f in list_sum_findings(done.report)] == [("net", "YJJBNTMJ")]
    assert get_indicator(done.report, "farmland_area").state == "unconfirmed"


def test_net_area_that_equals_gross_area_minus_the_deduction_is_not_reported(tmp_path, county):
    for row in county.rows["YJJBNTBHTB"]:
        row |= {"deduction_rate": 0.3, "deduction_area": round(row["gross_area"] * 0.3, 2)}
        row["net_area"] = round(row["gross_area"] - row["deduction_area"], 2)
    assert list_sum_findings(county.check(tmp_path).report) == []


@pytest.mark.parametrize(("m2", "word"), [(10_000.0, "公顷"), (10_000 / 15, "亩"), (1e6, "平方千米")])
def test_gross_area_field_in_another_unit_is_reported(tmp_path, m2, word):
    (finding,) = list_sum_findings(RectangleCounty().multiply("STBHHX", 1 / m2, "area").check(tmp_path).report)
    assert f"疑以{word}填写" in finding.message and "{" not in finding.message


def test_single_wrong_area_value_is_reported_if_it_changes_the_sum_of_the_layer(tmp_path):
    county = RectangleCounty().multiply("YJJBNTBHTB", 1.2, *AREA_FIELDS, rows=lambda row, n: n == 0)
    (finding,) = list_sum_findings(county.check(tmp_path).report)
    assert finding.township == "甲镇" and finding.params["count"] == 1


def test_blank_or_missing_area_fields_are_not_reported_by_the_rule_on_sums(tmp_path, county):
    for row in county.rows["DLTB"][:3]:
        row |= {"gross_area": None, "net_area": None}
    for row in county.rows["GDBHMB"]:
        for name in AREA_FIELDS:
            del row[name]
    assert list_sum_findings(county.check(tmp_path).report) == []


def test_rounded_areas_of_small_features_are_not_reported(tmp_path, county):
    county.rows["STBHHX"] = [{"wkt": make_rectangle_wkt(10 * n, 1000, 5, 5), "area": 25.5} for n in range(20)]
    assert list_sum_findings(county.check(tmp_path).report) == []


def test_duplicated_layer_with_a_sum_above_the_county_area_is_reported(tmp_path, county):
    county.rows["DLTB"] += [dict(row) for row in county.rows["DLTB"]]
    done = county.check(tmp_path)
    (finding,) = list_sum_findings(done.report)
    assert (finding.case, finding.role) == ("county", "DLTB")
    assert finding.params["actual"] == pytest.approx(2 * finding.params["expected"], rel=1e-4)
    ratio = get_indicator(done.report, "expansion_ratio_n1")
    assert not ratio.backed and ratio.state != "met"


def make_county_with_doubled_base():
    """Return a county in which the area field of the base parcels is doubled.

    The urban boundary has twice the area of the base parcels.
    """
    county = RectangleCounty()
    county.rows["CZKFBJ"] = [
        {"wkt": make_rectangle_wkt(2 * CELL_SIZE_M, 0, CELL_SIZE_M, 4 * CELL_SIZE_M), "zone_code": "410"}
    ]
    return county.multiply("DLTB", 2, "gross_area", "net_area", rows=lambda row, n: row["urban_code"] == "202")


def test_ratio_with_a_wrong_base_area_field_also_shows_the_value_by_shapes(tmp_path):
    report = make_county_with_doubled_base().check(tmp_path, "[ratio]\nlimit = 1.25\n").report
    ratio = get_indicator(report, "expansion_ratio_n1")
    assert ratio.value == pytest.approx(1.0, rel=1e-3) and ratio.inputs["land_ratio"] == pytest.approx(2.0, rel=1e-3)
    assert (ratio.state, ratio.confirmed) == ("unconfirmed", False)
    (finding,) = [f for f in report.findings if f.code == "LAW001"]
    assert finding.case == "land" and "2.0" in finding.message and "TBMJ" in finding.message
    outcome = next(r for r in report.rules if r.code == "LAW001")
    assert "ratio.denominator" in outcome.unconfirmed and "按图形为" in outcome.reason


def test_wrong_urban_area_fields_offset_by_other_parcels_leave_the_ratio_unconfirmed(tmp_path):
    """Check urban parcels with raised areas and other parcels with lowered ones.

    The sum of each township stays correct.
    """
    county = make_county_with_doubled_base()
    gained = sum(row["gross_area"] / 2 for row in county.rows["DLTB"] if row["urban_code"] == "202")
    others = [
        row for row in county.rows["DLTB"] if row["location_code"].startswith("140225102") and not row["urban_code"]
    ]
    for row in others:
        row["gross_area"] = row["net_area"] = round(row["gross_area"] - gained / len(others), 2)
    report = county.check(tmp_path, "[ratio]\nlimit = 1.25\n").report
    assert list_sum_findings(report) == [] and get_indicator(report, "expansion_ratio_n1").state == "unconfirmed"


def test_township_target_met_only_by_area_fields_is_unconfirmed(tmp_path):
    path = tmp_path / "tasks.csv"
    path.write_text(
        "乡镇名称,指标,关系,数值,单位\n甲镇,永久基本农田,≥,10.00,公顷\n乙乡,永久基本农田,≥,10.00,公顷\n",
        encoding="utf-8",
    )
    one = RectangleCounty().multiply("YJJBNTBHTB", 1.3, *AREA_FIELDS, rows=lambda row, n: n == 0)
    report = one.check(tmp_path, targets=str(path)).report
    states = {i.place: i.state for i in report.indicators if i.id == "township_farmland_area"}
    assert states == {"甲镇": "unconfirmed", "乙乡": "met"}


def test_stated_figure_that_agrees_only_with_area_fields_is_unconfirmed(tmp_path):
    path = tmp_path / "figures.csv"
    net = sum(12 * row["net_area"] for row in RectangleCounty().rows["YJJBNTBHTB"]) / 1e4
    path.write_text(f"指标,数值,单位,位置\n永久基本农田面积,{net:.2f},公顷,附表1\n", encoding="utf-8")
    report = RectangleCounty().multiply("YJJBNTBHTB", 12, *AREA_FIELDS).check(tmp_path, figures=str(path)).report
    outcome = next(r for r in report.rules if r.code == "LAW007")
    assert outcome.unconfirmed == ["figures.area_fields"]


@pytest.mark.parametrize("now", [1.0, 12.0])
def test_farmland_loss_since_the_sealed_baseline_is_unconfirmed_when_area_fields_are_wrong(tmp_path, now):
    sealed = [layer for layer in RectangleCounty().sources() if layer.name == "YJJBNTBHTB"]
    path = tmp_path / "sealed.gpkg"
    sealed[0].frame.to_file(path, layer="YJJBNTBHTB", driver="GPKG")
    report = RectangleCounty().multiply("YJJBNTBHTB", now, *AREA_FIELDS).check(tmp_path, baseline=str(path)).report
    outcome = next(r for r in report.rules if r.code == "LAW015")
    assert ("figures.area_fields" in outcome.unconfirmed) == (now != 1.0)


def test_equal_errors_in_the_area_fields_of_zones_and_county_leave_the_zone_total_unconfirmed(tmp_path, county):
    whole = CELL_ROWS * CELL_COLUMNS * RectangleCounty.cell_area()
    county.rows["YDYHGHFQ"] = [{"wkt": county.rows["XZQX"][0]["wkt"], "zone_code": "300", "area": 12 * whole}]
    county.rows["XZQX"][0]["area"] = 12 * whole
    report = county.check(tmp_path, rules=("LAW021",)).report
    assert report.findings == [] and report.rules[0].unconfirmed == ["figures.area_fields"]


def tabulate_county(county, tmp_path):
    plan = county.check(tmp_path).plan
    return PlanIndicators(RuleContext(plan, plan.norm, plan.norm.make_tolerance()), Texts("zh"))


def test_indicators_and_tables_flag_figures_of_area_fields_that_contradict_the_shapes(tmp_path):
    sound, paper = RectangleCounty(), RectangleCounty().multiply("DLTB", 12, *AREA_FIELDS)
    for county in (sound, paper):
        for role in ("YJJBNTBHTB", "GDBHMB"):
            county.multiply(role, 1.0 if county is sound else 12.0, *AREA_FIELDS)
        area = CELL_ROWS * CELL_COLUMNS * RectangleCounty.cell_area() * (1 if county is sound else 12)
        county.rows["YDYHGHFQ"] = [{"wkt": county.rows["XZQX"][0]["wkt"], "zone_code": "300", "area": area}]
    for county, backed in ((sound, True), (paper, False)):
        figures = tabulate_county(county, tmp_path)
        fields = [
            i
            for one in figures.compute_all_indicators()
            for i in one.figures
            if i.basis in ("net", "survey") and i.value
        ]
        assert fields and {i.backed for i in fields} == {backed}
        assert backed or not any(i.confirmed or i.state == "met" for i in fields)
        for make in (
            by_place.make_line_table,
            by_land_use.make_land_use_table,
            by_place.make_township_table,
            by_place.make_zone_table,
        ):
            assert any("未确认" in note for note in make(figures).notes) == (not backed), make


def test_indicator_of_an_old_report_that_states_no_comparison_with_the_shapes_counts_as_confirmed():
    old = {"id": "a", "value": 1.0, "unit": "m2", "basis": "net", "state": "met", "confirmed": True, "room": None}
    assert Indicator.from_dict(old).state == "met" and Indicator.from_dict(old).backed
    report = Report(indicators=[Indicator("a", 1.0, "ha", "net", ">=", 0.5, state="met", backed=False)])
    again = Report.from_dict(report.to_dict())
    assert (again.indicators[0].state, again.indicators[0].confirmed) == ("unconfirmed", False)


@given(st.data())
def test_area_fields_accepted_by_the_quick_estimate_agree_with_the_statutory_areas(data):
    """Compare random rows that the quick estimate accepts with statutory areas."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    size = 10.0 ** rng.uniform(0.5, 3.8, 30)
    corners = rng.uniform(-40_000, 40_000, (30, 2))
    angles = np.sort(rng.uniform(0, 2 * np.pi, (30, 7)), axis=1)
    rings = corners[:, None] + size[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    plan = make_example_plan({"DLTB": [shapely.Polygon(ring).wkt for ring in rings]})
    layer, allowance = plan.layers["DLTB"], data.draw(st.sampled_from([0.01, 0.055, 1.0]))
    off = allowance * rng.choice([0.0, 0.9, 0.999, 1.001, 1.1, 50.0], 30) * rng.choice([-1, 1], 30)
    surely = find_rows_surely_matching_area(
        layer, layer.statutory + off, allowance, RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    )
    assert not (surely & (np.abs(off) > allowance)).any()
    small = (size < 100) & (off == 0) & (allowance >= 1.0)
    assert surely[small].all(), "of no use if it leaves small rows open"
