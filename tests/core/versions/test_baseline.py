# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan against its sealed edition: read once, put into the plan's plane, told in the report; no input touched."""

import pandas as pd
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.errors import DataError, InputError
from plugin.core.model.rule import Severity, all_rules
from plugin.core.profile import load_profile
from plugin.core.profile.norm import Norm, is_sealed, is_sealed_by_profile, sealed_roles
from plugin.core.standard import load_standard
from plugin.core.versions.baseline import sealed_edition
from plugin.core.versions.compare import compare_layers
from plugin.core.versions.model import make_edition
from tests.core.small_plan import (
    X,
    Y,
    box,
    digest,
    explain_error,
    findings_of_rule,
    notices,
    rule_outcome,
    table,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

RULES = ("LAW015", "LAW016", "LAW017")
PROFILE = 'id = "x"\nname = "某县"\narea_code = "140225"\n[sealed]\nroles = ["farmland", "STBHHX"]\n'


def sealed():
    """Two fields, a red line of one polygon, a boundary; a township each side of x = 1000."""
    return {
        "YJJBNTBHTB": table([box(0, 0), box(1200, 0)], DLBM=["0103", "0103"], YJJBNTMJ=[9000.0, 8000.0]),
        "STBHHX": table([box(0, 200, 700, 300)]),
        "CZKFBJ": table([box(0, 600)], GHFQDM=["410"]),
    }


def now(**changed):
    towns = table([box(-100, -100, 1100, 1100), box(1000, -100, 1100, 1100)], XZQMC=["甲镇", "乙镇"])
    return {**sealed(), "XZQXZ": towns, **changed}


def compared(tmp_path, plan=None, before=None, rules=RULES, **options):
    source = write_gpkg(tmp_path / "plan.gpkg", plan or now())
    baseline = options.pop("baseline", None) or write_gpkg(tmp_path / "封库.gpkg", before or sealed())
    return check_plan(source, Options(rules=rules, baseline=str(baseline), **options))


def test_as_it_was_sealed(tmp_path):
    checked = compared(tmp_path)
    assert {str(rule_outcome(checked.report, code).outcome) for code in RULES} == {"passed"}
    assert "与封库版本“封库.gpkg”比对" in notices(checked.report)
    assert "YJJBNTBHTB（2）" in notices(checked.report)


def test_without_one_the_rules_do_not_apply_and_say_how_to_give_it(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", now())
    report = check_plan(source, Options(rules=RULES)).report
    for code in RULES:
        told = rule_outcome(report, code)
        assert (told.outcome, "--baseline" in told.reason and "县配置" in told.reason) == ("not_applicable", True)


@pytest.mark.parametrize("kind", ["degrees", "next zone", "gdb", "shapefiles"])
def test_another_format_or_coordinate_system_is_the_same_edition(kind, tmp_path):
    tables = sealed()
    if kind == "degrees":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4490) for role, frame in tables.items()})
    elif kind == "next zone":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4525) for role, frame in tables.items()})
    elif kind == "gdb":
        path = write_gdb(tmp_path / "b.gdb", tables)
    else:
        path = write_shapefiles(tmp_path / "b", "GBK", tables)
    report = compared(tmp_path, baseline=path).report
    assert not report.findings, [f.message for f in report.findings]
    assert {str(rule_outcome(report, code).outcome) for code in RULES} == {"passed"}


def test_a_loss_is_told_by_township_with_what_went_and_what_came(tmp_path):
    farm = table(
        [box(0, 0, 100, 60), box(1200, 0), box(1400, 0, 50, 50)], DLBM=["0103"] * 3, YJJBNTMJ=[5400.0, 8000.0, 2500.0]
    )
    report = compared(tmp_path, now(YJJBNTBHTB=farm)).report
    (loss,) = findings_of_rule(report, "LAW015")
    assert loss.township == "甲镇" and loss.severity is Severity.WARNING
    assert loss.params["loss"] == pytest.approx(3600.0, abs=0.01) and loss.net_area_m2 == pytest.approx(
        3600.0, abs=0.01
    )
    assert loss.geometry.area == pytest.approx(4000.0)
    assert "甲镇：永久基本农田保护图斑封库时净面积为 9000 m²，现为 5400 m²" in loss.message.replace("\u202f", "")
    moved = {(f.case, round(f.geometry.area)) for f in findings_of_rule(report, "LAW017")}
    assert moved == {("removed", 4000), ("added", 2500)}


@pytest.mark.parametrize("missing", [[None, None], [None, 8000.0]])
def test_what_was_sealed_without_net_area_is_not_passed(tmp_path, missing):
    before = sealed()
    before["YJJBNTBHTB"] = before["YJJBNTBHTB"].assign(YJJBNTMJ=pd.Series(missing, dtype=float))
    after = now(YJJBNTBHTB=table([box(1200, 0)], DLBM=["0103"], YJJBNTMJ=[8000.0]))
    report = compared(tmp_path, after, before).report
    assert [str(rule_outcome(report, code).outcome) for code in RULES] == ["skipped", "skipped", "failed"]
    assert (
        "没有净面积" in rule_outcome(report, "LAW015").reason and "没有净面积" in rule_outcome(report, "LAW016").reason
    )


def test_sealed_features_that_cannot_be_compared_as_drawn_are_told(tmp_path):
    """One has no shape: whether its land is still there nobody can say. One is a bow-tie, compared by a repaired copy."""
    before = sealed()
    before["STBHHX"] = table([box(0, 200, 700, 300), None])
    bow = shapely.Polygon([(X, Y + 600), (X + 100, Y + 700), (X + 100, Y + 600), (X, Y + 700)])
    before["CZKFBJ"] = before["CZKFBJ"].set_geometry([bow], crs=4526)
    report = compared(tmp_path, before=before).report
    told = rule_outcome(report, "LAW017")
    assert "“STBHHX”有 1 个要素没有可用的图形（140225000000000002），未比对" in told.reason
    assert "“CZKFBJ”有 1 个要素图形无效（140225000000000001）" in told.reason
    assert "封库版本的图层" not in rule_outcome(report, "LAW015").reason


@pytest.mark.parametrize("towns", [True, False])
@pytest.mark.parametrize("instead", [box(0, 0), box(0, 0, 100, 99), None])
def test_land_that_is_there_twice_or_nowhere_makes_up_for_no_loss(tmp_path, instead, towns):
    """One field went out; another row has its net area, on land of its neighbour or without a shape."""
    after = now(YJJBNTBHTB=table([box(0, 0), instead], DLBM=["0103"] * 2, YJJBNTMJ=[9000.0, 8000.0]))
    if not towns:
        del after["XZQXZ"]
    report = compared(tmp_path, after, rules=("LAW015",)).report
    (loss,) = findings_of_rule(report, "LAW015")
    assert (loss.params["before"], loss.params["now"], loss.params["loss"]) == (
        (8000.0, 0.0, 8000.0) if towns else (17000.0, 9000.0, 8000.0)
    )


def test_what_the_profile_says_is_sealed_is_an_error(tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    plan = now(STBHHX=table([box(0, 200, 700, 310)]), CZKFBJ=table([box(0, 600, 110, 100)], GHFQDM=["410"]))
    report = compared(tmp_path, plan, rules=("LAW017",), profile=str(profile)).report
    severities = {f.role: f.severity for f in report.findings}
    assert severities == {"STBHHX": Severity.ERROR, "CZKFBJ": Severity.WARNING}


def test_sealed_layers_are_a_list_of_concepts_and_codes(tmp_path):
    default = Norm(load_standard(), load_profile())
    assert {"YJJBNTBHTB", "YJJBNTTB", "STBHHX"} <= sealed_roles(default) and not is_sealed("CZKFBJ", default)
    assert is_sealed("STBHHX", default) and not is_sealed_by_profile("STBHHX", default)
    path = tmp_path / "x.toml"
    path.write_text(PROFILE, encoding="utf-8")
    own = Norm(load_standard(), load_profile(path))
    assert is_sealed_by_profile("STBHHX", own) and is_sealed_by_profile("YJJBNT", own)
    path.write_text(PROFILE.replace("STBHHX", "红线"), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_profile(path)
    assert "sealed.roles" in explain_error(error.value) and "红线" in explain_error(error.value)


def test_what_cannot_be_a_sealed_edition_is_said_before_any_rule_runs(tmp_path):
    for path, told in (
        (tmp_path / "没有.gpkg", "没有.gpkg"),
        (write_gpkg(tmp_path / "别的.gpkg", {"DLTB": table([box(0, 0)])}), "没有三条控制线"),
        (write_gpkg(tmp_path / "plan.gpkg", now()), "与被检查的数据是同一份"),
    ):
        with pytest.raises(InputError) as error:
            compared(tmp_path, baseline=path)
        assert told in explain_error(error.value)


def test_a_line_that_the_sealed_edition_lacks_is_said_and_the_others_are_compared(tmp_path):
    before = sealed()
    del before["STBHHX"]
    report = compared(tmp_path, before=before).report
    told = rule_outcome(report, "LAW017")
    assert str(told.outcome) == "skipped" and told.incomplete and "生态保护红线" in told.reason


@pytest.mark.slow
def test_other_attributes_of_unmoved_land_are_a_warning(tmp_path):
    farmland = now()["YJJBNTBHTB"]
    after = now(YJJBNTBHTB=farmland.assign(DLBM="0101"))
    report = compared(tmp_path, after, now(YJJBNTBHTB=farmland.assign(DLBM="0103")), rules=("LAW017",)).report
    (other,) = [f for f in report.findings if f.role == "YJJBNTBHTB"]
    assert (other.case, other.severity) == ("other", Severity.WARNING) and "DLBM" in other.message


@pytest.mark.slow
def test_keys_that_were_given_anew_are_followed_by_their_table(tmp_path):
    after = now(STBHHX=table([box(0, 200, 700, 300)], BSM=["140225000000009999"]))
    (other,) = compared(tmp_path, after, rules=("LAW017",)).report.findings
    assert (other.case, other.severity) == ("other", Severity.INFO) and "标识码不同的 1 个" in other.message
    numbers = tmp_path / "对照.csv"
    numbers.write_text("图层,旧标识码,新标识码\nSTBHHX,140225000000000001,140225000000009999\n", encoding="utf-8")
    assert not compared(tmp_path, after, rules=("LAW017",), renumbered=str(numbers)).report.findings


@pytest.mark.slow
def test_neither_side_is_changed_and_the_sealed_file_is_no_output(tmp_path):
    before = write_gpkg(tmp_path / "封库.gpkg", sealed())
    source = write_gpkg(tmp_path / "plan.gpkg", now(CZKFBJ=table([box(0, 600, 110, 100)], GHFQDM=["410"])))
    sums = digest(before, source)
    arguments = ["check", str(source), "--baseline", str(before), "--rules", "LAW017"]
    assert main([*arguments, "--json", str(tmp_path / "r.json")]) == 0
    assert main([*arguments, "--strict"]) == 1
    assert main([*arguments, "--findings", str(before)]) == 2
    assert digest(before, source) == sums


def test_long_edges_of_another_zone_move_nothing(tmp_path):
    """A line of 4 km stored in the next zone bends by centimetres where only its ends are reprojected: an edge of both
    editions is one edge."""
    before = sealed() | {"STBHHX": table([box(0, 200, 4000, 3000)]).to_crs(4525)}
    after = now(
        STBHHX=table([shapely.Polygon([(X, Y + 200), (X + 4000, Y + 200), (X + 4000, Y + 3200), (X, Y + 3100)])])
    )
    checked = compared(tmp_path, after, before, rules=("LAW017",))
    (gone,) = checked.report.findings
    assert gone.geometry.area == pytest.approx(4000 * 100 / 2, rel=1e-3)
    assert not checked.report.tolerance["ignored_slivers"]
    plan = checked.plan
    sides = (make_edition(one.concept("red_line")) for one in (sealed_edition(checked.side), plan))
    assert len(compare_layers(*sides, tolerance=plan.norm.tolerance()).parts) == 1


@pytest.mark.slow
def test_a_plan_in_degrees_against_an_edition_in_metres(tmp_path):
    plan = {role: frame.to_crs(4490) for role, frame in now().items()}
    report = compared(tmp_path, plan).report
    assert not report.findings, [f.message for f in report.findings]
    plan["CZKFBJ"] = table([box(0, 600, 110, 100)], GHFQDM=["410"]).to_crs(4490)
    (added,) = compared(tmp_path, plan, rules=("LAW017",)).report.findings
    assert added.case == "added" and added.area_m2 == pytest.approx(1000, rel=2e-3)


def test_the_layer_of_another_name_that_is_the_same_thing(tmp_path):
    """The edition was sealed as 永久基本农田图斑 (YJJBNTTB), the plan has YJJBNTBHTB."""
    before = sealed()
    before["YJJBNTTB"] = before.pop("YJJBNTBHTB")
    report = compared(tmp_path, before=before).report
    assert not report.findings, [f.message for f in report.findings]
    assert str(rule_outcome(report, "LAW015").outcome) == "passed"


def test_rules_that_need_it_belong_to_a_check_of_the_whole():
    sided = [rule for rule in all_rules().values() if rule.side]
    assert {rule.code for rule in sided} == set(RULES) and not any(rule.local for rule in sided)
