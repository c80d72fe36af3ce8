# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of area fields that contradict the shapes are reported and never meet a target."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from plugin.core.check import Options, check_plan
from plugin.core.engine.context import Context
from plugin.core.indicators.area_backing import is_surely_within
from plugin.core.indicators.compute import Figures
from plugin.core.messages.texts import Texts
from plugin.core.model.indicator import Indicator
from plugin.core.model.report import Report
from plugin.core.model.verdict import Verdict
from plugin.core.render.tables import by_land_use, by_place
from tests.core.examples import norm_of, plan_of, source_layer

HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\nbase = "shanxi"\n'
ALL = '[confirmed]\nby = "局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["all"]\n'
TARGET = """
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
CELL, COLUMNS, ROWS = 200.0, 3, 6
TOWNS = ["甲镇", "乙乡", "丙乡"]


def rectangle(x, y, width, height):
    return f"POLYGON (({x} {y}, {x + width} {y}, {x + width} {y + height}, {x} {y + height}, {x} {y}))"


def cells():
    return [(c, rectangle(c * CELL, r * CELL, CELL, CELL)) for c in range(COLUMNS) for r in range(ROWS)]


class County:
    """Rows by role, changed by a test before the check; correct areas are statutory areas."""

    def __init__(self):
        height = ROWS * CELL
        true = self.cell_area()
        self.rows = {
            "XZQX": [
                {"wkt": rectangle(0, 0, COLUMNS * CELL, height), "division_code": "140225", "division_name": "某县"}
            ],
            "XZQXZ": [
                {
                    "wkt": rectangle(c * CELL, 0, CELL, height),
                    "division_code": f"14022510{c}",
                    "division_name": TOWNS[c],
                }
                for c in range(COLUMNS)
            ],
            "DLTB": [],
            "GDBHMB": [],
            "YJJBNTBHTB": [],
            "STBHHX": [{"wkt": rectangle(0, height - CELL, CELL, CELL), "area": true}],
            "CZKFBJ": [{"wkt": rectangle(2 * CELL, 0, CELL, 2 * CELL), "zone_code": "410", "area": 2 * true}],
        }
        for n, (column, wkt) in enumerate(cells()):
            urban = column == 2 and n % ROWS < 2
            area = {"gross_area": true, "deduction_rate": 0.0, "deduction_area": 0.0, "net_area": true}
            code = "0701" if urban else "0103" if n % 2 else "0301"
            row = {"wkt": wkt, "land_use": code, "location_code": f"14022510{column}2010000000", "data_year": 2020}
            self.rows["DLTB"].append({**row, **area, "urban_code": "202" if urban else None})
            if not urban and n % ROWS < 4:
                self.rows["GDBHMB"].append({**row, **area, "land_use": "0103"})
                self.rows["YJJBNTBHTB"].append({**row, **area, "land_use": "0103"})

    @staticmethod
    def cell_area():
        """Return the area, m², of a cell on the ellipsoid by pyproj; cells differ by some 0.001 m²."""
        layer = source_layer("STBHHX", [rectangle(0, 0, CELL, CELL)], norm_of())
        lonlat = layer.frame.geometry.to_crs(4490)
        return round(abs(Geod(ellps="GRS80").geometry_area_perimeter(lonlat.iloc[0])[0]), 2)

    def multiply(self, role, factor, *names, rows=lambda row, n: True):
        for n, row in enumerate(self.rows[role]):
            if rows(row, n):
                row.update({name: round(row[name] * factor, 4) for name in names})
        return self

    def sources(self):
        norm = norm_of()
        return [source_layer(role, rows, norm, name=role) for role, rows in self.rows.items()]

    def check(self, tmp_path, profile="", **options):
        path = tmp_path / "x.toml"
        path.write_text(HEAD + profile + ALL, encoding="utf-8")
        return check_plan(self.sources(), Options(profile=str(path), scope="three_lines", **options))


FIELDS = ("gross_area", "deduction_area", "net_area")


def target(indicator, value, comparison=">="):
    return TARGET.format(indicator=indicator, value=value, comparison=comparison)


def sum_findings(report):
    return [f for f in report.findings if f.code == "ATT022"]


def figure(report, name):
    return next(i for i in report.indicators if i.id == name)


def test_county_with_correct_areas_meets_its_targets(tmp_path):
    done = County().check(tmp_path, target("farmland_area", "10.00") + target("cultivated_area", "10.00"))
    assert sum_findings(done.report) == [] and figure(done.report, "farmland_area").state == "met"
    assert all(i.backed for i in done.report.indicators) and figure(done.report, "expansion_ratio_n1").state == "met"


@pytest.mark.parametrize("role", ["GDBHMB", "YJJBNTBHTB"])
@pytest.mark.parametrize("factor", [12.0, 1.01])
def test_multiplied_area_fields_meet_no_target(tmp_path, role, factor):
    name = {"GDBHMB": "cultivated_area", "YJJBNTBHTB": "farmland_area"}[role]
    done = County().multiply(role, factor, *FIELDS).check(tmp_path, target(name, "10.00"))
    (finding,) = sum_findings(done.report)
    assert (finding.role, finding.case, finding.township) == (role, "", "")
    assert finding.params["difference"] == pytest.approx((factor - 1) * finding.params["expected"], rel=1e-4)
    figure_of_target = figure(done.report, name)
    assert (figure_of_target.state, figure_of_target.confirmed, figure_of_target.backed) == (
        "unconfirmed",
        False,
        False,
    )
    assert done.report.verdict is not Verdict.PASSED
    assert f"figures.{name}" in next(r.unconfirmed for r in done.report.rules if r.code == "LAW002")


def test_too_small_figure_misses_its_target(tmp_path):
    done = County().multiply("YJJBNTBHTB", 0.1, *FIELDS).check(tmp_path, target("farmland_area", "10.00"))
    assert figure(done.report, "farmland_area").state == "broken" and done.report.verdict is Verdict.FAIL
    assert len(sum_findings(done.report)) == 1


def test_township_with_a_wrong_sum_is_named(tmp_path):
    county = County().multiply(
        "YJJBNTBHTB", 12, *FIELDS, rows=lambda row, n: row["location_code"].startswith("140225101")
    )
    (finding,) = sum_findings(county.check(tmp_path).report)
    assert finding.township == "乙乡" and "乙乡" in finding.message and finding.params["count"] == 4


def test_errors_of_townships_that_cancel_out_are_reported(tmp_path):
    county = County()
    county.multiply("YJJBNTBHTB", 1.5, *FIELDS, rows=lambda row, n: row["location_code"].startswith("140225100"))
    county.multiply("YJJBNTBHTB", 0.5, *FIELDS, rows=lambda row, n: row["location_code"].startswith("140225101"))
    done = county.check(tmp_path, target("farmland_area", "10.00"))
    assert {f.township for f in sum_findings(done.report)} == {"甲镇", "乙乡"}
    assert figure(done.report, "farmland_area").state == "unconfirmed"


def test_wrong_net_area_is_reported(tmp_path):
    done = County().multiply("YJJBNTBHTB", 1.5, "net_area").check(tmp_path, target("farmland_area", "10.00"))
    assert [(f.case, f.field) for f in sum_findings(done.report)] == [("net", "YJJBNTMJ")]
    assert figure(done.report, "farmland_area").state == "unconfirmed"


def test_net_area_below_gross_area_is_not_reported(tmp_path):
    county = County()
    for row in county.rows["YJJBNTBHTB"]:
        row |= {"deduction_rate": 0.3, "deduction_area": round(row["gross_area"] * 0.3, 2)}
        row["net_area"] = round(row["gross_area"] - row["deduction_area"], 2)
    assert sum_findings(county.check(tmp_path).report) == []


@pytest.mark.parametrize(("m2", "word"), [(10_000.0, "公顷"), (10_000 / 15, "亩"), (1e6, "平方千米")])
def test_area_field_in_another_unit_is_reported(tmp_path, m2, word):
    (finding,) = sum_findings(County().multiply("STBHHX", 1 / m2, "area").check(tmp_path).report)
    assert f"疑以{word}填写" in finding.message and "{" not in finding.message


def test_net_area_in_another_unit_is_reported(tmp_path):
    (finding,) = sum_findings(County().multiply("DLTB", 15 / 10_000, "net_area").check(tmp_path).report)
    assert (finding.case, finding.field) == ("unit", "TBDLMJ") and "亩" in finding.message


def test_wrong_row_is_reported_if_it_changes_the_sum_of_the_layer(tmp_path):
    county = County().multiply("YJJBNTBHTB", 1.2, *FIELDS, rows=lambda row, n: n == 0)
    (finding,) = sum_findings(county.check(tmp_path).report)
    assert finding.township == "甲镇" and finding.params["count"] == 1


def test_blank_values_and_missing_fields_are_left_to_other_rules(tmp_path):
    county = County()
    for row in county.rows["DLTB"][:3]:
        row |= {"gross_area": None, "net_area": None}
    for row in county.rows["GDBHMB"]:
        for name in FIELDS:
            del row[name]
    assert sum_findings(county.check(tmp_path).report) == []


def test_rounding_of_small_features_is_not_reported(tmp_path):
    county = County()
    county.rows["STBHHX"] = [{"wkt": rectangle(10 * n, 1000, 5, 5), "area": 25.5} for n in range(20)]
    assert sum_findings(county.check(tmp_path).report) == []


def test_duplicated_layer_exceeds_the_county(tmp_path):
    county = County()
    county.rows["DLTB"] += [dict(row) for row in county.rows["DLTB"]]
    done = county.check(tmp_path)
    (finding,) = sum_findings(done.report)
    assert (finding.case, finding.role) == ("county", "DLTB")
    assert finding.params["actual"] == pytest.approx(2 * finding.params["expected"], rel=1e-4)
    ratio = figure(done.report, "expansion_ratio_n1")
    assert not ratio.backed and ratio.state != "met"


def county_with_doubled_base():
    """Return a county whose boundary is twice the base; the area field of the base is doubled."""
    county = County()
    county.rows["CZKFBJ"] = [{"wkt": rectangle(2 * CELL, 0, CELL, 4 * CELL), "zone_code": "410"}]
    return county.multiply("DLTB", 2, "gross_area", "net_area", rows=lambda row, n: row["urban_code"] == "202")


def test_ratio_shows_the_figure_by_shapes(tmp_path):
    report = county_with_doubled_base().check(tmp_path, "[ratio]\nlimit = 1.25\n").report
    ratio = figure(report, "expansion_ratio_n1")
    assert ratio.value == pytest.approx(1.0, rel=1e-3) and ratio.inputs["land_ratio"] == pytest.approx(2.0, rel=1e-3)
    assert (ratio.state, ratio.confirmed) == ("unconfirmed", False)
    (finding,) = [f for f in report.findings if f.code == "LAW001"]
    assert finding.case == "land" and "2.0" in finding.message and "TBMJ" in finding.message
    outcome = next(r for r in report.rules if r.code == "LAW001")
    assert "ratio.denominator" in outcome.unconfirmed and "按图形为" in outcome.reason


def test_compensated_area_of_urban_land_is_not_backed(tmp_path):
    """The sum of the township is correct, because towns gain what fields lose."""
    county = county_with_doubled_base()
    gained = sum(row["gross_area"] / 2 for row in county.rows["DLTB"] if row["urban_code"] == "202")
    others = [
        row for row in county.rows["DLTB"] if row["location_code"].startswith("140225102") and not row["urban_code"]
    ]
    for row in others:
        row["gross_area"] = row["net_area"] = round(row["gross_area"] - gained / len(others), 2)
    report = county.check(tmp_path, "[ratio]\nlimit = 1.25\n").report
    assert sum_findings(report) == [] and figure(report, "expansion_ratio_n1").state == "unconfirmed"


def test_township_task_is_not_met_by_area_fields_alone(tmp_path):
    path = tmp_path / "tasks.csv"
    path.write_text(
        "乡镇名称,指标,关系,数值,单位\n甲镇,永久基本农田,≥,10.00,公顷\n乙乡,永久基本农田,≥,10.00,公顷\n",
        encoding="utf-8",
    )
    one = County().multiply("YJJBNTBHTB", 1.3, *FIELDS, rows=lambda row, n: n == 0)
    report = one.check(tmp_path, targets=str(path)).report
    states = {i.place: i.state for i in report.indicators if i.id == "township_farmland_area"}
    assert states == {"甲镇": "unconfirmed", "乙乡": "met"}


def test_agreement_of_text_and_area_fields_confirms_nothing(tmp_path):
    path = tmp_path / "figures.csv"
    net = sum(12 * row["net_area"] for row in County().rows["YJJBNTBHTB"]) / 1e4
    path.write_text(f"指标,数值,单位,位置\n永久基本农田面积,{net:.2f},公顷,附表1\n", encoding="utf-8")
    report = County().multiply("YJJBNTBHTB", 12, *FIELDS).check(tmp_path, figures=str(path)).report
    outcome = next(r for r in report.rules if r.code == "LAW007")
    assert outcome.unconfirmed == ["figures.area_fields"]


@pytest.mark.parametrize("now", [1.0, 12.0])
def test_area_fields_of_a_sealed_edition_confirm_nothing(tmp_path, now):
    sealed = [layer for layer in County().sources() if layer.name == "YJJBNTBHTB"]
    path = tmp_path / "sealed.gpkg"
    sealed[0].frame.to_file(path, layer="YJJBNTBHTB", driver="GPKG")
    report = County().multiply("YJJBNTBHTB", now, *FIELDS).check(tmp_path, baseline=str(path)).report
    outcome = next(r for r in report.rules if r.code == "LAW015")
    assert ("figures.area_fields" in outcome.unconfirmed) == (now != 1.0)


def test_equal_errors_of_zones_and_county_are_reported(tmp_path):
    county = County()
    whole = ROWS * COLUMNS * County.cell_area()
    county.rows["YDYHGHFQ"] = [{"wkt": county.rows["XZQX"][0]["wkt"], "zone_code": "300", "area": 12 * whole}]
    county.rows["XZQX"][0]["area"] = 12 * whole
    report = county.check(tmp_path, rules=("LAW021",)).report
    assert report.findings == [] and report.rules[0].unconfirmed == ["figures.area_fields"]


def figures_of(county, tmp_path):
    plan = county.check(tmp_path).plan
    return Figures(Context(plan, plan.norm, plan.norm.tolerance()), Texts("zh"))


def test_indicators_and_tables_mark_unbacked_fields(tmp_path):
    sound, paper = County(), County().multiply("DLTB", 12, *FIELDS)
    for county in (sound, paper):
        for role in ("YJJBNTBHTB", "GDBHMB"):
            county.multiply(role, 1.0 if county is sound else 12.0, *FIELDS)
        area = ROWS * COLUMNS * County.cell_area() * (1 if county is sound else 12)
        county.rows["YDYHGHFQ"] = [{"wkt": county.rows["XZQX"][0]["wkt"], "zone_code": "300", "area": area}]
    for county, backed in ((sound, True), (paper, False)):
        figures = figures_of(county, tmp_path)
        fields = [i for one in figures.all() for i in one.figures if i.basis in ("net", "survey") and i.value]
        assert fields and {i.backed for i in fields} == {backed}
        assert backed or not any(i.confirmed or i.state == "met" for i in fields)
        for make in (by_place.line_table, by_land_use.land_use_table, by_place.township_table, by_place.zone_table):
            assert any("未确认" in note for note in make(figures).notes) == (not backed), make


def test_report_of_an_earlier_version_has_backed_figures():
    old = {"id": "a", "value": 1.0, "unit": "m2", "basis": "net", "state": "met", "confirmed": True, "room": None}
    assert Indicator.from_dict(old).state == "met" and Indicator.from_dict(old).backed
    report = Report(indicators=[Indicator("a", 1.0, "ha", "net", ">=", 0.5, state="met", backed=False)])
    again = Report.from_dict(report.to_dict())
    assert (again.indicators[0].state, again.indicators[0].confirmed) == ("unconfirmed", False)


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_rows_accepted_by_the_estimate_have_their_stored_area(data):
    """Where the estimate accepts a row, its statutory area agrees, for all sizes and places of a county."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    size = 10.0 ** rng.uniform(0.5, 3.8, 30)
    corners = rng.uniform(-40_000, 40_000, (30, 2))
    angles = np.sort(rng.uniform(0, 2 * np.pi, (30, 7)), axis=1)
    rings = corners[:, None] + size[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    plan = plan_of({"DLTB": [shapely.Polygon(ring).wkt for ring in rings]})
    layer, allowance = plan.layers["DLTB"], data.draw(st.sampled_from([0.01, 0.055, 1.0]))
    off = allowance * rng.choice([0.0, 0.9, 0.999, 1.001, 1.1, 50.0], 30) * rng.choice([-1, 1], 30)
    surely = is_surely_within(layer, layer.statutory + off, allowance, Context(plan, plan.norm, plan.norm.tolerance()))
    assert not (surely & (np.abs(off) > allowance)).any()
    small = (size < 100) & (off == 0) & (allowance >= 1.0)
    assert surely[small].all(), "of no use if it leaves small rows open"
