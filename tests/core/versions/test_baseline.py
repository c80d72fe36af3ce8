# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan compared with its sealed (approved) edition."""

import numpy as np
import pandas as pd
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import DataError, InputError
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.profile import load_profile
from plugin.core.profile.norm import Norm, is_sealed, is_sealed_by_profile, list_sealed_roles
from plugin.core.standard import load_standard
from plugin.core.versions.baseline import get_sealed_edition
from plugin.core.versions.compare import compare_layers
from plugin.core.versions.model import make_edition
from tests.core.small_plan import (
    X,
    Y,
    explain_error,
    get_outcome_of_rule,
    hash_files,
    join_notices,
    list_findings_of_rules,
    make_county_box,
    make_table,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

SEALED_EDITION_RULES = ("LAW015", "LAW016", "LAW017")
PROFILE_WITH_SEALED_ROLES = 'id = "x"\nname = "某县"\narea_code = "140225"\n[sealed]\nroles = ["farmland", "STBHHX"]\n'


def make_sealed_layers():
    """Return the sealed edition: two fields, a red line and an urban boundary."""
    return {
        "YJJBNTBHTB": make_table(
            [make_county_box(0, 0), make_county_box(1200, 0)], DLBM=["0103", "0103"], YJJBNTMJ=[9000.0, 8000.0]
        ),
        "STBHHX": make_table([make_county_box(0, 200, 700, 300)]),
        "CZKFBJ": make_table([make_county_box(0, 600)], GHFQDM=["410"]),
    }


def make_plan_layers(**changed):
    """Return the layers of the sealed edition and two townships that meet at x = 1000."""
    townships = make_table(
        [make_county_box(-100, -100, 1100, 1100), make_county_box(1000, -100, 1100, 1100)], XZQMC=["甲镇", "乙镇"]
    )
    return {**make_sealed_layers(), "XZQXZ": townships, **changed}


def check_against_sealed(tmp_path, plan=None, before=None, rules=SEALED_EDITION_RULES, **options):
    source = write_gpkg(tmp_path / "plan.gpkg", plan or make_plan_layers())
    baseline = options.pop("baseline", None) or write_gpkg(tmp_path / "封库.gpkg", before or make_sealed_layers())
    return check_plan(source, RunOptions(rules=rules, baseline=str(baseline), **options))


def test_plan_equal_to_its_sealed_baseline_passes_every_rule(tmp_path):
    checked = check_against_sealed(tmp_path)
    assert {str(get_outcome_of_rule(checked.report, code).outcome) for code in SEALED_EDITION_RULES} == {"passed"}
    assert "与封库版本“封库.gpkg”比对" in join_notices(checked.report)
    assert "YJJBNTBHTB（2）" in join_notices(checked.report)


def test_rules_without_a_sealed_baseline_do_not_apply_and_explain_how_to_give_one(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", make_plan_layers())
    report = check_plan(source, RunOptions(rules=SEALED_EDITION_RULES)).report
    for code in SEALED_EDITION_RULES:
        outcome = get_outcome_of_rule(report, code)
        assert (outcome.outcome, "--baseline" in outcome.reason and "县配置" in outcome.reason) == (
            "not_applicable",
            True,
        )


@pytest.mark.parametrize("kind", ["degrees", "next zone", "gdb", "shapefiles"])
def test_sealed_baseline_in_another_format_or_crs_gives_no_finding(kind, tmp_path):
    tables = make_sealed_layers()
    if kind == "degrees":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4490) for role, frame in tables.items()})
    elif kind == "next zone":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4525) for role, frame in tables.items()})
    elif kind == "gdb":
        path = write_gdb(tmp_path / "b.gdb", tables)
    else:
        path = write_shapefiles(tmp_path / "b", "GBK", tables)
    report = check_against_sealed(tmp_path, baseline=path).report
    assert not report.findings, [f.message for f in report.findings]
    assert {str(get_outcome_of_rule(report, code).outcome) for code in SEALED_EDITION_RULES} == {"passed"}


def test_farmland_loss_is_reported_by_township_with_removed_and_added_land(tmp_path):
    farm = make_table(
        [make_county_box(0, 0, 100, 60), make_county_box(1200, 0), make_county_box(1400, 0, 50, 50)],
        DLBM=["0103"] * 3,
        YJJBNTMJ=[5400.0, 8000.0, 2500.0],
    )
    report = check_against_sealed(tmp_path, make_plan_layers(YJJBNTBHTB=farm)).report
    (loss,) = list_findings_of_rules(report, "LAW015")
    assert loss.township == "甲镇" and loss.severity is Severity.WARNING
    assert loss.params["loss"] == pytest.approx(3600.0, abs=0.01) and loss.net_area_m2 == pytest.approx(
        3600.0, abs=0.01
    )
    assert loss.geometry.area == pytest.approx(4000.0)
    assert "甲镇：永久基本农田保护图斑封库时净面积为 9000.00 m²，现为 5400.00 m²" in loss.message.replace("\u202f", "")
    moved = {(f.case, round(f.geometry.area)) for f in list_findings_of_rules(report, "LAW017")}
    assert moved == {("removed", 4000), ("added", 2500)}


@pytest.mark.parametrize("missing", [[None, None], [None, 8000.0]])
def test_missing_net_areas_in_the_sealed_baseline_skip_the_area_rules(tmp_path, missing):
    before = make_sealed_layers()
    before["YJJBNTBHTB"] = before["YJJBNTBHTB"].assign(YJJBNTMJ=pd.Series(missing, dtype=float))
    after = make_plan_layers(YJJBNTBHTB=make_table([make_county_box(1200, 0)], DLBM=["0103"], YJJBNTMJ=[8000.0]))
    report = check_against_sealed(tmp_path, after, before).report
    assert [str(get_outcome_of_rule(report, code).outcome) for code in SEALED_EDITION_RULES] == [
        "skipped",
        "skipped",
        "failed",
    ]
    assert (
        "没有净面积" in get_outcome_of_rule(report, "LAW015").reason
        and "没有净面积" in get_outcome_of_rule(report, "LAW016").reason
    )


def test_sealed_features_without_a_valid_shape_are_reported(tmp_path):
    """Seal one feature without a shape and one bow-tie.

    Nothing shows whether the land of the first is still there; the second is compared by a repaired copy.
    """
    before = make_sealed_layers()
    before["STBHHX"] = make_table([make_county_box(0, 200, 700, 300), None])
    bow = shapely.Polygon([(X, Y + 600), (X + 100, Y + 700), (X + 100, Y + 600), (X, Y + 700)])
    before["CZKFBJ"] = before["CZKFBJ"].set_geometry([bow], crs=4526)
    report = check_against_sealed(tmp_path, before=before).report
    outcome = get_outcome_of_rule(report, "LAW017")
    assert "“STBHHX”有 1 个要素没有可用的图形（140225000000000002），未比对" in outcome.reason
    assert "“CZKFBJ”有 1 个要素图形无效（140225000000000001）" in outcome.reason
    assert "封库版本的图层" not in get_outcome_of_rule(report, "LAW015").reason


@pytest.mark.parametrize("townships", [True, False])
@pytest.mark.parametrize("instead", [make_county_box(0, 0), make_county_box(0, 0, 100, 99), None])
def test_duplicate_or_shapeless_land_does_not_offset_a_farmland_loss(tmp_path, instead, townships):
    """Remove one field; another row has its net area on other land or no shape."""
    after = make_plan_layers(
        YJJBNTBHTB=make_table([make_county_box(0, 0), instead], DLBM=["0103"] * 2, YJJBNTMJ=[9000.0, 8000.0])
    )
    if not townships:
        del after["XZQXZ"]
    report = check_against_sealed(tmp_path, after, rules=("LAW015",)).report
    (loss,) = list_findings_of_rules(report, "LAW015")
    assert (loss.params["before"], loss.params["now"], loss.params["loss"]) == (
        (8000.0, 0.0, 8000.0) if townships else (17000.0, 9000.0, 8000.0)
    )


def test_layer_sealed_by_the_profile_raises_its_change_findings_to_error(tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
    plan = make_plan_layers(
        STBHHX=make_table([make_county_box(0, 200, 700, 310)]),
        CZKFBJ=make_table([make_county_box(0, 600, 110, 100)], GHFQDM=["410"]),
    )
    report = check_against_sealed(tmp_path, plan, rules=("LAW017",), profile=str(profile)).report
    severities = {f.role: f.severity for f in report.findings}
    assert severities == {"STBHHX": Severity.ERROR, "CZKFBJ": Severity.WARNING}


@pytest.mark.parametrize(("profile_text", "severity"), [("", Severity.WARNING), ("[sealed]", Severity.ERROR)])
def test_layer_shifted_as_a_whole_gives_one_finding_besides_its_other_changes(tmp_path, profile_text, severity):
    boxes = [make_county_box(120 * n, 0, 100, 90) for n in range(12)]
    moved = [shapely.transform(box, lambda xy: xy + np.array([0.3, -0.2])) for box in boxes[:-1]]
    before = make_sealed_layers() | {"YJJBNTBHTB": make_table(boxes, DLBM=["0103"] * 12, YJJBNTMJ=[8000.0] * 12)}
    farm = make_table(moved, DLBM=["0103"] * 11, YJJBNTMJ=[8000.0] * 11)
    options = {}
    if profile_text:
        (tmp_path / "x.toml").write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
        options["profile"] = str(tmp_path / "x.toml")
    report = check_against_sealed(tmp_path, make_plan_layers(YJJBNTBHTB=farm), before, **options).report
    findings = {f.case: f for f in list_findings_of_rules(report, "LAW017")}
    assert set(findings) == {"shifted", "removed"}
    shifted, removed = findings["shifted"], findings["removed"]
    assert shifted.severity == removed.severity == severity
    assert removed.geometry.area == pytest.approx(9000, rel=1e-6)
    figures = {name: shifted.params[name] for name in ("east", "north", "count", "share", "deviation")}
    assert figures == {"east": 0.3, "north": -0.2, "count": 11, "share": 91.67, "deviation": 0.0}
    assert shifted.params["moved_in"] == pytest.approx(11 * (0.3 * 90 + 0.2 * 100 - 0.06), rel=3e-3)
    assert "东方向 0.300 m、北方向 −0.200 m（负值为向西、向南），11 个要素（占 91.67%）" in shifted.message
    (loss,) = list_findings_of_rules(report, "LAW015")
    assert loss.params["moved_in"] == 0 and loss.params["loss"] == pytest.approx(8000.0)
    assert "已扣除平移" in get_outcome_of_rule(report, "LAW015").reason


def test_sealed_layers_may_be_given_as_concepts_or_layer_codes(tmp_path):
    default = Norm(load_standard(), load_profile())
    assert {"YJJBNTBHTB", "YJJBNTTB", "STBHHX"} <= list_sealed_roles(default) and not is_sealed("CZKFBJ", default)
    assert is_sealed("STBHHX", default) and not is_sealed_by_profile("STBHHX", default)
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
    own = Norm(load_standard(), load_profile(path))
    assert is_sealed_by_profile("STBHHX", own) and is_sealed_by_profile("YJJBNT", own)
    path.write_text(PROFILE_WITH_SEALED_ROLES.replace("STBHHX", "红线"), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_profile(path)
    assert "sealed.roles" in explain_error(error.value) and "红线" in explain_error(error.value)


def test_unusable_sealed_baseline_is_refused_before_any_rule_runs(tmp_path):
    for path, expected in (
        (tmp_path / "没有.gpkg", "没有.gpkg"),
        (write_gpkg(tmp_path / "别的.gpkg", {"DLTB": make_table([make_county_box(0, 0)])}), "没有三条控制线"),
        (write_gpkg(tmp_path / "plan.gpkg", make_plan_layers()), "与被检查的数据是同一份"),
    ):
        with pytest.raises(InputError) as error:
            check_against_sealed(tmp_path, baseline=path)
        assert expected in explain_error(error.value)


@pytest.mark.slow
def test_changed_attributes_on_unmoved_land_give_a_warning(tmp_path):
    farmland = make_plan_layers()["YJJBNTBHTB"]
    after = make_plan_layers(YJJBNTBHTB=farmland.assign(DLBM="0101"))
    report = check_against_sealed(
        tmp_path, after, make_plan_layers(YJJBNTBHTB=farmland.assign(DLBM="0103")), rules=("LAW017",)
    ).report
    (other,) = [f for f in report.findings if f.role == "YJJBNTBHTB"]
    assert (other.case, other.severity) == ("other", Severity.WARNING) and "DLBM" in other.message


@pytest.mark.slow
def test_renumbering_table_matches_features_with_renewed_keys(tmp_path):
    after = make_plan_layers(STBHHX=make_table([make_county_box(0, 200, 700, 300)], BSM=["140225000000009999"]))
    (other,) = check_against_sealed(tmp_path, after, rules=("LAW017",)).report.findings
    assert (other.case, other.severity) == ("other", Severity.INFO) and "标识码不同的 1 个" in other.message
    numbers = tmp_path / "对照.csv"
    numbers.write_text("图层,旧标识码,新标识码\nSTBHHX,140225000000000001,140225000000009999\n", encoding="utf-8")
    assert not check_against_sealed(tmp_path, after, rules=("LAW017",), renumbered=str(numbers)).report.findings


@pytest.mark.slow
def test_check_against_a_sealed_file_changes_no_input_and_refuses_the_sealed_file_as_output(tmp_path):
    before = write_gpkg(tmp_path / "封库.gpkg", make_sealed_layers())
    source = write_gpkg(
        tmp_path / "plan.gpkg", make_plan_layers(CZKFBJ=make_table([make_county_box(0, 600, 110, 100)], GHFQDM=["410"]))
    )
    sums = hash_files(before, source)
    arguments = ["check", str(source), "--baseline", str(before), "--rules", "LAW017"]
    assert main([*arguments, "--json", str(tmp_path / "r.json")]) == 0
    assert main([*arguments, "--strict"]) == 1
    assert main([*arguments, "--findings", str(before)]) == 2
    assert hash_files(before, source) == sums


def test_long_edges_stored_in_another_crs_zone_show_no_movement(tmp_path):
    """Store a line of 4 km in the next zone; it must stay one line.

    Its edges would bend by centimetres if only the vertices were reprojected.
    """
    before = make_sealed_layers() | {"STBHHX": make_table([make_county_box(0, 200, 4000, 3000)]).to_crs(4525)}
    after = make_plan_layers(
        STBHHX=make_table([shapely.Polygon([(X, Y + 200), (X + 4000, Y + 200), (X + 4000, Y + 3200), (X, Y + 3100)])])
    )
    checked = check_against_sealed(tmp_path, after, before, rules=("LAW017",))
    (removed,) = checked.report.findings
    assert removed.geometry.area == pytest.approx(4000 * 100 / 2, rel=1e-3)
    assert not checked.report.tolerance["ignored_slivers"]
    plan = checked.plan
    sides = (make_edition(one.find_layer_of_concept("red_line")) for one in (get_sealed_edition(checked.side), plan))
    assert len(compare_layers(*sides, tolerance=plan.norm.make_tolerance()).changed_pieces) == 1


def test_sealed_layer_under_another_name_of_the_same_concept_is_compared(tmp_path):
    """Seal 永久基本农田图斑 (YJJBNTTB) and check a plan that has YJJBNTBHTB."""
    before = make_sealed_layers()
    before["YJJBNTTB"] = before.pop("YJJBNTBHTB")
    report = check_against_sealed(tmp_path, before=before).report
    assert not report.findings, [f.message for f in report.findings]
    assert str(get_outcome_of_rule(report, "LAW015").outcome) == "passed"


def test_rules_that_use_a_sealed_baseline_are_excluded_from_incremental_checks():
    sided = [rule for rule in load_all_rules().values() if rule.side]
    assert {rule.code for rule in sided} == set(SEALED_EDITION_RULES) and not any(rule.local for rule in sided)
