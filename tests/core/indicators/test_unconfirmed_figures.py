# SPDX-License-Identifier: GPL-2.0-or-later
"""Unconfirmed figures prevent the verdict 通过 (passed)."""

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.indicators.ratio import find_base_year, find_windows
from plugin.core.model.verdict import Verdict

SQUARE_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
#: 1 000 m² except for the distortion of the plane.
FARMLAND_WKT = "POLYGON ((2000 0, 2040 0, 2040 25, 2000 25, 2000 0))"
RED_LINE_WKT = "POLYGON ((4000 0, 5000 0, 5000 500, 4000 500, 4000 0))"
#: Statutory area of SQUARE; TBMJ of a correct table.
SQUARE_AREA_M2 = 999_753.0
PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\nbase = "shanxi"\n'
CONFIRM_ALL = '[confirmed]\nby = "局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["all"]\n'


def make_county_layers(boundary=None, parcels=None, farmland=None, parcel_layer="DLTB"):
    """Return the rows of a small county by layer; arguments replace values of one layer."""
    norm = make_example_norm()
    base = {
        "wkt": SQUARE_WKT,
        "land_use": "0701",
        "urban_code": "202",
        "gross_area": SQUARE_AREA_M2,
        "net_area": SQUARE_AREA_M2,
        "data_year": 2020,
    }
    base |= {"deduction_rate": 0.0, "deduction_area": 0.0} | (parcels or {})
    field = {
        "wkt": FARMLAND_WKT,
        "land_use": "0103",
        "gross_area": 1000.0,
        "deduction_rate": 0.1,
        "deduction_area": 100.0,
    }
    rows = {
        "CZKFBJ": [{"wkt": SQUARE_WKT, "zone_code": "410", "zone_name": "城镇集中建设区"} | (boundary or {})],
        "DLTB": [base],
        "YJJBNTBHTB": [field | {"net_area": 900.0} | (farmland or {})],
        "STBHHX": [RED_LINE_WKT],
    }
    return [make_example_layer(r, rows[r], norm, name=parcel_layer if r == "DLTB" else r) for r in rows]


def check_with_profile(tmp_path, layers, profile="", **options):
    """Return the report of a check with a profile that confirms all settings, and further profile text."""
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD + profile + CONFIRM_ALL, encoding="utf-8")
    return check_plan(layers, RunOptions(profile=str(path), **options)).report


def get_rule_outcome(report, code):
    return next(r for r in report.rules if r.code == code)


def get_expansion_ratio(report, form="n1"):
    return next(i for i in report.indicators if i.id == f"expansion_ratio_{form}")


def test_county_without_defects_and_targets_passes_conditionally_because_of_missing_targets_only(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers())
    # The tests number each layer from 1, therefore keys occur in two layers.
    assert {f.code for f in report.findings} == {"ATT005"} and report.verdict is Verdict.CONDITIONAL
    assert report.summary["unconfirmed"] == ["targets.missing"]
    assert get_expansion_ratio(report).confirmed and get_expansion_ratio(report).value == pytest.approx(1.0, abs=1e-4)
    assert get_expansion_ratio(report).inputs["denominator_difference_m2"] == pytest.approx(0, abs=2)


@pytest.mark.parametrize("form", ["n2", "n3"])
@pytest.mark.parametrize("code", [None, "400"], ids=["blank", "coarse"])
def test_urban_boundary_without_zone_codes_has_no_ratio_by_zones(tmp_path, form, code):
    layers = make_county_layers(boundary={"zone_code": code, "zone_name": None})
    report = check_with_profile(tmp_path, layers, f'[ratio]\nform = "{form}"\nlimit = 1.1\n')
    assert get_rule_outcome(report, "LAW001").incomplete and report.verdict is Verdict.INCOMPLETE
    assert not get_expansion_ratio(report, form).confirmed


def test_urban_boundary_without_zone_codes_leaves_the_ratio_n1_unconfirmed(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers(boundary={"zone_code": None, "zone_name": None}))
    assert "ratio.uncoded" in get_rule_outcome(report, "LAW001").unconfirmed and report.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize(
    ("parcels", "options", "layer"),
    [
        pytest.param({"data_year": "2023年"}, {}, "DLTB_2020", id="unreadable field, name with 2020"),
        pytest.param({"data_year": 2023}, {"base_year": 2020}, "DLTB", id="parameter contradicts field"),
        pytest.param({"data_year": None}, {}, "DLTB_2023", id="name with another year"),
        pytest.param({"data_year": None}, {}, "DLTB", id="no year given"),
        pytest.param({"data_year": 2019}, {}, "DLTB_2020", id="field contradicts name"),
        pytest.param({"data_year": None}, {}, "DLTB 2020-2035年", id="name with the period of the plan"),
        pytest.param(
            {"data_year": None}, {}, "DLTB 2020年—2035年", id="name with the period of the plan in other words"
        ),
    ],
)
def test_check_with_a_missing_unreadable_or_contradictory_base_year_leaves_the_ratio_unconfirmed(
    tmp_path, parcels, options, layer
):
    report = check_with_profile(tmp_path, make_county_layers(parcels=parcels, parcel_layer=layer), **options)
    assert "ratio.base_year" in get_rule_outcome(report, "LAW001").unconfirmed
    assert not get_expansion_ratio(report).confirmed and report.verdict is not Verdict.PASSED


@pytest.mark.parametrize(
    ("parcels", "options", "layer"),
    [
        pytest.param({"data_year": None}, {}, "DLTB_2020", id="name"),
        pytest.param({"data_year": None}, {"base_year": 2020}, "DLTB", id="parameter"),
        pytest.param({"data_year": None}, {}, "总规2021-2035 DLTB 2020", id="period and year"),
    ],
)
def test_year_of_the_base_data_is_read_from_the_layer_name_or_a_parameter(tmp_path, parcels, options, layer):
    report = check_with_profile(tmp_path, make_county_layers(parcels=parcels, parcel_layer=layer), **options)
    assert get_expansion_ratio(report).confirmed and get_expansion_ratio(report).inputs["base_year"] == 2020


def test_period_of_the_plan_in_a_file_name_is_not_taken_for_the_base_year(tmp_path):
    """Read a file name with the period 2021－2035; its base data are of 2020."""
    ctx = RuleContext(make_example_plan({"XZYDYH": [SQUARE_WKT]}), make_example_norm(), Tolerance())
    (layer,) = ctx.plan.layers.values()
    layer.source.source = "D:\\规划\\浑源县国土空间总体规划（2021－2035年）.gdb"
    assert find_base_year(layer, ctx) == (2020, "XZYDYH")
    layer.source.source = "D:\\规划\\浑源县现状2019.gdb"
    assert find_base_year(layer, ctx) == (2019, "浑源县现状2019.gdb")


def test_base_area_field_far_from_the_measured_area_is_not_confirmed(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers(parcels={"gross_area": 5e8, "net_area": 5e8}))
    assert (
        "ratio.denominator" in get_rule_outcome(report, "LAW001").unconfirmed and report.verdict is Verdict.CONDITIONAL
    )


FARMLAND_TARGET_SECTION = '[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "{}"\nunit = "m2"\nyear = {}\nbinding = ""\nsource = ""\n'


@pytest.mark.parametrize(
    "farmland",
    [
        pytest.param({"deduction_rate": 1.5}, id="rate"),
        pytest.param({"deduction_area": 200.0, "net_area": 800.0}, id="deduction"),
        pytest.param({"deduction_area": None, "net_area": 1000.0}, id="net without the deduction"),
        pytest.param({"net_area": None}, id="net missing"),
    ],
)
def test_net_area_inconsistent_with_its_deduction_is_not_confirmed(tmp_path, farmland):
    report = check_with_profile(
        tmp_path, make_county_layers(farmland=farmland), FARMLAND_TARGET_SECTION.format("1", 2035)
    )
    assert [f.code for f in report.findings if f.code == "ATT003"]
    figure = next(i for i in report.indicators if i.id == "farmland_area")
    assert not figure.confirmed and "figures.farmland_area" in get_rule_outcome(report, "LAW002").unconfirmed


def test_two_targets_of_one_indicator_are_compared_separately_and_one_missed_target_fails_the_check(tmp_path):
    report = check_with_profile(
        tmp_path,
        make_county_layers(),
        FARMLAND_TARGET_SECTION.format("999999", 2025) + FARMLAND_TARGET_SECTION.format("1", 2035),
    )
    states = [(i.target, i.state) for i in report.indicators if i.id == "farmland_area"]
    assert states == [(999999.0, "broken"), (1.0, "met")] and report.verdict is Verdict.FAILED


def test_difference_of_zero_is_not_called_a_rounding_difference():
    from plugin.core.model.indicator import compare_area_with_target

    assert compare_area_with_target(1000 * 66.1, "<=", 66100.0, 1) == "met"
    assert (
        compare_area_with_target(66.095, ">=", 66.1, 2) == "close"
        and compare_area_with_target(66.094, ">=", 66.1, 2) == "broken"
    )


def test_value_that_a_county_profile_replaces_is_unconfirmed_although_its_base_profile_confirms_it(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD.replace("shanxi", "hunyuan") + "[ratio]\nlimit = 9.9\n", encoding="utf-8")
    report = check_plan(make_county_layers(), RunOptions(profile=str(path))).report
    assert "ratio.limit" in get_rule_outcome(report, "LAW001").unconfirmed


def test_severity_in_the_profile_replaces_that_of_findings_on_farmland_in_an_urban_zone(tmp_path):
    zone = make_example_layer(
        "YDYHGHFQ", [{"wkt": FARMLAND_WKT, "zone_code": "410", "zone_name": "城镇集中建设区"}], make_example_norm()
    )
    report = check_with_profile(
        tmp_path, [*make_county_layers(), zone], '[severity]\nREL006 = "WARNING"\n', rules=("REL006",)
    )
    urban = [f for f in report.findings if f.case == "urban"]
    assert urban and {str(f.severity) for f in urban} == {"WARNING"}


def test_farmland_on_a_plan_parcel_with_the_land_use_class_cultivated_land_gives_no_finding(tmp_path):
    norm = make_example_norm()
    parcels = make_example_layer(
        "XZYDYH", [{"wkt": FARMLAND_WKT, "land_use": "010000", "urban_code": "", "gross_area": 1.0}], norm
    )
    layers = [s for s in make_county_layers() if s.name != "DLTB"] + [parcels]
    report = check_with_profile(tmp_path, layers, rules=("LAW010",))
    assert report.findings == []


def test_farmland_without_a_land_use_code_is_reported(tmp_path):
    layers = [s for s in make_county_layers() if s.name != "YJJBNTBHTB"]
    layers.append(
        make_example_layer(
            "YJJBNTBHTB", [{"wkt": FARMLAND_WKT, "gross_area": 1.0, "net_area": 1.0}], make_example_norm()
        )
    )
    report = check_with_profile(tmp_path, layers, rules=("LAW010", "SCH002"))
    assert get_rule_outcome(report, "LAW010").incomplete
    assert ("SCH002", "DLBM") in [(f.code, f.field) for f in report.findings]


def test_gap_finding_keeps_its_fingerprint_when_another_gap_appears():
    from plugin.core.engine.evaluate import choose_rules
    from plugin.core.examples.plans import make_example_plan
    from plugin.core.results.run import run_check

    whole = "POLYGON ((0 0, 9000 0, 9000 1000, 0 1000, 0 0))"
    one = "POLYGON ((0 0, 9000 0, 9000 1000, 0 1000, 0 0), (100 100, 200 100, 200 200, 100 200, 100 100))"
    two = one[:-1] + ", (5000 100, 5500 100, 5500 600, 5000 600, 5000 100))"
    names = []
    for zone in (one, two):
        report = run_check(make_example_plan({"county": [whole], "zones": [zone]}), choose_rules(["TOP002"]))
        names.append({f.fingerprint: round(f.area_m2 or 0) for f in report.findings})
    assert names[0].items() < names[1].items() and len(names[1]) == 2


def test_windows_of_the_urban_boundary_are_holes_of_the_union_of_its_rows():
    """Count windows: holes of the boundary and areas that two zones enclose.

    A zone inside the hole of another one fills the window.
    """
    ring = "POLYGON ((0 0, 300 0, 300 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40), (140 40, 160 40, 160 60, 140 60, 140 40))"
    inside = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
    hook = "POLYGON ((0 100, 0 200, 300 200, 300 100, 200 100, 200 150, 100 150, 100 100, 0 100))"
    for rows, count in (([ring], 2), ([ring, inside], 1), ([ring, inside, hook], 2)):
        plan = make_example_plan({"CZKFBJ": rows})
        assert len(find_windows(plan.layers["CZKFBJ"], RuleContext(plan, plan.norm, Tolerance()))) == count


def test_equal_base_years_of_field_and_parameter_name_the_field_as_source_and_unequal_ones_give_none(tmp_path):
    """Compare sources of one year: a package keeps the field, not the parameter."""
    report = check_with_profile(tmp_path, make_county_layers(), base_year=2020)
    assert get_expansion_ratio(report).inputs["base_year_source"] == "SJNF"
    other = check_with_profile(tmp_path, make_county_layers(), base_year=2019)
    inputs = get_expansion_ratio(other).inputs
    assert (inputs["base_year"], inputs["base_year_source"]) == (None, "parameter, SJNF")
