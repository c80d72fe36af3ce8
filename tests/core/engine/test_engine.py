# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of rules on a plan: outcomes, verdicts, crashes and finding fingerprints."""

import dataclasses
import json
import math
import random
import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pandas as pd
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancellation, Cancelled, DataError, InputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.engine import evaluate
from plugin.core.engine.evaluate import choose_rules
from plugin.core.engine.plan_consistency import INCONSISTENCY_CODE
from plugin.core.engine.waivers.file import change_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, WaiverLimits, make_waivers
from plugin.core.geometry import overlay
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import EVERY_LAYER, RuleResult, Severity, load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.model.verdict import Verdict
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import load_profile
from tests.core.small_plan import (
    add_survey_vertices,
    check_data,
    convert_to_source_layers,
    explain_error,
    get_outcome_of_rule,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_gpkg,
)
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.mutations.clean import PROFILE
from tests.parametrize import first_daily, for_each

ALL_RULES = list(load_all_rules().values())


def make_small_plan(tables=None, scope="", **profile):
    """Return the plan of some tables (None: the small plan) with a norm of given settings."""
    return assemble_plan(convert_to_source_layers(tables), make_example_norm(**profile), scope=scope)


def list_rules_with_data(plan):
    """Return the codes of the rules that have all their layers and fields in a plan."""

    def is_available(need):
        layer = None if need.concept == EVERY_LAYER else plan.find_layer_of_concept(need.concept)
        return (
            need.optional
            or need.concept == EVERY_LAYER
            or (layer is not None and all(map(layer.has_field, need.fields)))
        )

    return [rule.code for rule in ALL_RULES if all(map(is_available, rule.needs.values()))]


CODES_OF_RULES_WITH_DATA = list_rules_with_data(make_small_plan())


def make_tables_without_conflict():
    """Return tables of the three control lines and base parcels without any overlap."""
    return {
        "YJJBNTBHTB": make_table([make_county_box(0, 0)], DLBM=["0103"], YJJBNTMJ=[9_999.0]),
        "STBHHX": make_table([make_county_box(0, 200)]),
        "CZKFBJ": make_table([make_county_box(0, 400)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]),
        "DLTB": make_table([make_county_box(0, 400, 100, 100)], DLBM=["0701"], CZCSXM=["202"], TBMJ=[10_000.0]),
    }


def make_tables_for_every_rule():
    """Return the tables of the small plan with the layers that only some rules need."""
    tables = make_small_plan_layers()
    tables["YDYHGHFQ"] = tables["YDYHGHFQ"].assign(MJ=[1_000_000.0, 900_000.0])
    one = {
        role: make_table([make_county_box(0, 0)])
        for role in ("LSWHBHX", "ZXCQCSZX", "ZXCQFW", "ZXCQGHFQ", "ZXCQXXGHBZDY", "ZRBHD")
    }
    return tables | one


def summarise_findings(findings):
    """Return what identifies findings: rule, case, rows, message and area (m²)."""
    return [(f.code, f.case, f.role, f.key, f.related_role, f.related_keys, f.message, f.area_m2) for f in findings]


# -- a rule that raises -----------------------------------------------------------------------------------------------


#: Findings name overlaps of the control lines at their place; without the rules on them, they have a conditional clause.
LINE_RULES = {"REL001", "REL002", "REL003"}
OVERLAPS_THERE = re.compile("此处(?:有|另列有)[^。]*先处理[^。]*。")
#: Findings on sums name the land that this rule finds counted twice; without the rule they cannot.
OVERLAP_RULE, COUNTED_TWICE = "TOP001", re.compile("其中[^。]*要素之间重叠[^。]*重复计入[^。]*。")


@cache
def check_without_crash():
    """Return the plan with data for every rule, its side inputs, and the report of all rules."""
    plan, side = make_small_plan(make_tables_for_every_rule()), SideInputs(baseline=make_small_plan())
    return plan, side, run_check(plan, ALL_RULES, side_inputs=side)


def list_crashing_rule_sets():
    """Return sets of rule codes that are made to crash together in one run.

    For each pair of rules some set contains the first one and not the second one.
    """
    side = math.isqrt(len(CODES_OF_RULES_WITH_DATA) - 1) + 1
    return [CODES_OF_RULES_WITH_DATA[n::side] for n in range(side)] + [
        CODES_OF_RULES_WITH_DATA[n : n + side] for n in range(0, len(CODES_OF_RULES_WITH_DATA), side)
    ]


def test_crash_test_sets_have_for_each_two_rules_one_set_with_the_first_but_not_the_second():
    sets = [set(codes) for codes in list_crashing_rule_sets()]
    assert all(
        any(one in s and other not in s for s in sets)
        for one in CODES_OF_RULES_WITH_DATA
        for other in CODES_OF_RULES_WITH_DATA
        if one != other
    )


@pytest.mark.exhaustive
@pytest.mark.slow  # runs all rules about twenty times
@for_each("codes", list_crashing_rule_sets(), ids="+".join)
def test_crashing_rules_are_reported_and_change_no_other_rule_result(codes):
    def raise_zero_division(*layers, ctx, **parameters):
        raise ZeroDivisionError("on purpose")

    plan, side, intact = check_without_crash()
    assert list_findings_of_rules(intact) and not list_findings_of_rules(intact, "RUN900")
    broken = run_check(
        plan, [replace(r, function=raise_zero_division) if r.code in codes else r for r in ALL_RULES], side_inputs=side
    )
    crashes = {crash.params["rule"]: crash for crash in list_findings_of_rules(broken, "RUN900")}
    assert sorted(crashes) == sorted(codes) and len(list_findings_of_rules(broken, "RUN900")) == len(codes)
    for code, crash in crashes.items():
        result = get_outcome_of_rule(broken, code)
        assert (result.outcome, result.reason) == (Outcome.CRASHED, "ZeroDivisionError: on purpose")
        assert crash.severity is Severity.WARNING and crash.geometry is None
        assert f"规则 {code} 运行出错" in crash.message and "请将报告发送给开发者" in crash.message
        assert any(line.startswith("test_engine.py:") for line in crash.params["trace"])
    others = [f for f in broken.findings if f.code != "RUN900"]
    expected = [f for f in intact.findings if f.code not in codes]
    if OVERLAP_RULE in codes:
        expected = [replace(f, message=COUNTED_TWICE.sub("", f.message)) for f in expected]
    if LINE_RULES & set(codes):
        others, expected = (
            [replace(f, message=OVERLAPS_THERE.sub("", f.message)) for f in findings] for findings in (others, expected)
        )
    assert summarise_findings(others) == summarise_findings(expected)
    assert [(r.code, r.outcome) for r in broken.rules if r.code not in codes] == [
        (r.code, r.outcome) for r in intact.rules if r.code not in codes
    ]
    assert broken.summary["crashed"] == len(codes)


def test_crash_of_a_rule_makes_the_verdict_incomplete():
    def raise_zero_division(*layers, ctx, **parameters):
        raise RuntimeError("on purpose")

    rule = replace(load_all_rules()["REL001"], function=raise_zero_division)
    report = run_check(make_small_plan(make_tables_without_conflict()), [rule, load_all_rules()["REL002"]])
    assert report.verdict is Verdict.INCOMPLETE
    assert (report.summary["errors"], report.summary["warnings"]) == (0, 1)


@pytest.mark.parametrize("applicable", [True, False])
def test_note_returned_by_a_rule_is_reported_as_reason_and_leaves_its_outcome_unchanged(applicable):
    def return_a_note(*layers, ctx, **parameters):
        return RuleResult(is_applicable=applicable, notes=[("layer_bare", {"layer": "甲", "role": "X"})])

    report = run_check(
        make_small_plan(make_tables_without_conflict()), [replace(load_all_rules()["REL001"], function=return_a_note)]
    )
    (outcome,) = report.rules
    assert outcome.outcome is (Outcome.PASSED if applicable else Outcome.NOT_APPLICABLE)
    assert "甲" in outcome.reason and not outcome.incomplete


def test_input_error_raised_by_a_rule_skips_the_rule_with_the_reason():
    def raise_input_error(*layers, ctx, **parameters):
        raise InputError("code_list_unknown", name="nowhere")

    report = run_check(make_small_plan(), [replace(load_all_rules()["REL001"], function=raise_input_error)])
    assert (report.rules[0].outcome, report.rules[0].reason) == (Outcome.SKIPPED, "标准中没有代码表“nowhere”。")
    assert not report.findings and report.verdict is Verdict.INCOMPLETE


# -- missing layers ---------------------------------------------------------------------------------------------------

MANDATORY_LAYER_NAMES = {
    "YJJBNTBHTB": "永久基本农田",
    "STBHHX": "生态保护红线",
    "CZKFBJ": "城镇开发边界",
    "DLTB": "2020年地类图斑",
}
RULES_BY_MANDATORY_LAYER = {
    "YJJBNTBHTB": {"REL001", "REL002", "REL006", "LAW010"},
    "STBHHX": {"REL001", "REL003", "REL004"},
    "CZKFBJ": {"REL002", "REL003", "REL005", "LAW001", "LAW020"},
    "DLTB": {"LAW001"},
}


@pytest.mark.parametrize("role", MANDATORY_LAYER_NAMES)
def test_missing_mandatory_layer_gives_a_warning_and_skips_its_rules(role):
    report = check_data(
        convert_to_source_layers({r: t for r, t in make_small_plan_layers().items() if r != role})
    ).report
    (finding,) = list_findings_of_rules(report, "SCH001")
    assert finding.severity is Severity.WARNING and f"缺{MANDATORY_LAYER_NAMES[role]}" in finding.message
    skipped = {r.code for r in report.rules if r.outcome is Outcome.SKIPPED}
    assert skipped == RULES_BY_MANDATORY_LAYER[role]
    assert all(role in get_outcome_of_rule(report, code).reason for code in skipped)
    assert report.summary["skipped"] == len(skipped)


def test_rules_of_missing_optional_layers_are_not_applicable():
    report = check_data(
        convert_to_source_layers({r: t for r, t in make_small_plan_layers().items() if r not in ("YDYHGHFQ", "XZQX")})
    ).report
    assert {r.code for r in report.rules if r.outcome is Outcome.NOT_APPLICABLE} >= {
        "REL004",
        "REL005",
        "REL006",
        "TOP002",
        "TOP003",
    }
    assert (
        not list_findings_of_rules(report, "SCH001")
        and "本次交付范围不要求" in get_outcome_of_rule(report, "TOP002").reason
    )


def test_rules_of_layers_that_the_profile_declares_absent_are_not_applicable():
    tables = {r: t for r, t in make_small_plan_layers().items() if r != "STBHHX"}
    report = run_check(make_small_plan(tables, absent=frozenset({"red_line"})), ALL_RULES)
    for code in RULES_BY_MANDATORY_LAYER["STBHHX"]:
        result = get_outcome_of_rule(report, code)
        assert result.outcome is Outcome.NOT_APPLICABLE and "县配置声明本县无生态保护红线" in result.reason
    assert not list_findings_of_rules(report, "SCH001")


def test_missing_field_skips_the_rules_that_need_it_and_is_named_in_the_reason():
    tables = make_small_plan_layers()
    tables["DLTB"] = tables["DLTB"].drop(columns="CZCSXM")
    report = check_data(convert_to_source_layers(tables)).report
    assert [f.field for f in list_findings_of_rules(report, "SCH002")] == ["CZCSXM"]
    result = get_outcome_of_rule(report, "LAW001")
    assert result.outcome is Outcome.SKIPPED and "缺字段 CZCSXM" in result.reason
    assert get_outcome_of_rule(report, "LAW010").outcome is Outcome.FAILED


# -- pairs that cannot be computed ------------------------------------------------------------------------------------


def test_rule_is_skipped_when_the_overlay_of_a_pair_of_features_fails(monkeypatch):
    def raise_topology_error(a, b, **more):
        raise shapely.GEOSException("TopologyException: on purpose")

    plan = make_small_plan()
    expected = run_check(plan, [load_all_rules()["REL001"]])
    monkeypatch.setattr(overlay.shapely, "intersection", raise_topology_error)
    report = run_check(plan, [load_all_rules()["REL001"]])
    findings = list_findings_of_rules(report, "RUN901")
    assert {(f.key, *f.related_keys) for f in findings} == {(f.key, *f.related_keys) for f in expected.findings}
    assert all(f.severity is Severity.WARNING and "不得视为通过" in f.message for f in findings)
    result = get_outcome_of_rule(report, "REL001")
    assert result.outcome is Outcome.SKIPPED and "1 对图形无法计算，见 RUN901" in result.reason
    assert report.verdict is Verdict.INCOMPLETE and report.summary["skipped"] == 1


# -- cancel -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 5, 20])
def test_cancellation_stops_the_check_at_once_without_a_crash_report(after, monkeypatch):
    # A second thread asks too.
    monkeypatch.setattr(evaluate, "get_thread_count", lambda: 1)
    calls = []

    def cancel_on_poll():
        calls.append(None)
        return len(calls) > after

    with pytest.raises(Cancelled):
        check_plan(convert_to_source_layers(), RunOptions(), cancellation=Cancellation(cancel_on_poll))
    assert len(calls) == after + 1


def test_cancellation_raised_inside_a_rule_is_raised_by_the_check():
    def raise_cancelled(*layers, ctx, **parameters):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_check(make_small_plan(), [replace(load_all_rules()["REL001"], function=raise_cancelled)])


# -- rules by name ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["REL001", "rel001", "farmland-in-red-line", "farmland_in_red_line", " REL001 "])
def test_rule_is_found_by_its_code_and_by_its_name(name):
    assert [r.code for r in choose_rules(CODES_OF_RULES_WITH_DATA, [name])] == ["REL001"]


def test_unknown_rule_code_is_refused_with_a_list_of_known_rules():
    with pytest.raises(InputError) as raised:
        choose_rules(CODES_OF_RULES_WITH_DATA, ["REL999"])
    assert raised.value.params["rule"] == "REL999" and "REL001" in raised.value.params["known"]


# -- verdict ----------------------------------------------------------------------------------------------------------


def make_finding(severity, state="open", **more):
    return Finding("CZKFBJ", severity=severity, state=state, **more)


def make_rule_outcome(result, **more):
    return RuleOutcome("REL001", "farmland-in-red-line", "ERROR", result, **more)


VERDICT_CASES = [
    ("all rules passed", [make_rule_outcome(Outcome.PASSED)], [], Verdict.PASSED),
    ("a rule that is not applicable", [make_rule_outcome(Outcome.PASSED), make_rule_outcome(Outcome.NOT_APPLICABLE)], [], Verdict.PASSED),
    ("a hint", [make_rule_outcome(Outcome.FAILED)], [make_finding(Severity.INFO)], Verdict.PASSED),
    ("an error", [make_rule_outcome(Outcome.FAILED)], [make_finding(Severity.ERROR)], Verdict.FAILED),
    ("an error and a skipped rule", [make_rule_outcome(Outcome.FAILED), make_rule_outcome(Outcome.SKIPPED)], [make_finding(Severity.ERROR)], Verdict.FAILED),
    ("an error and a crash", [make_rule_outcome(Outcome.CRASHED)], [make_finding(Severity.ERROR), make_finding(Severity.WARNING)], Verdict.FAILED),
    ("a skipped rule", [make_rule_outcome(Outcome.PASSED), make_rule_outcome(Outcome.SKIPPED)], [], Verdict.INCOMPLETE),
    ("a crashed rule", [make_rule_outcome(Outcome.CRASHED)], [make_finding(Severity.WARNING)], Verdict.INCOMPLETE),
    ("a rule that checked only a part", [make_rule_outcome(Outcome.FAILED, incomplete=True)], [make_finding(Severity.WARNING)], Verdict.INCOMPLETE),
    ("a skipped rule and a warning", [make_rule_outcome(Outcome.SKIPPED)], [make_finding(Severity.WARNING)], Verdict.INCOMPLETE),
    ("no rule was run", [], [], Verdict.INCOMPLETE),
    ("no rule applies", [make_rule_outcome(Outcome.NOT_APPLICABLE)] * 2, [], Verdict.INCOMPLETE),
    ("a warning", [make_rule_outcome(Outcome.FAILED)], [make_finding(Severity.WARNING)], Verdict.CONDITIONAL),
    ("a waived error", [make_rule_outcome(Outcome.WAIVED)], [make_finding(Severity.ERROR, "waived")], Verdict.CONDITIONAL),
    ("a waived warning", [make_rule_outcome(Outcome.WAIVED)], [make_finding(Severity.WARNING, "waived")], Verdict.CONDITIONAL),
    ("a note without the document of its approval", [make_rule_outcome(Outcome.FAILED)], [make_finding(Severity.INFO, needs_approval=True)], Verdict.CONDITIONAL),
    ("a note whose approval a waiver states", [make_rule_outcome(Outcome.WAIVED)], [make_finding(Severity.INFO, "waived", needs_approval=True)], Verdict.PASSED),
    ("an unconfirmed setting", [make_rule_outcome(Outcome.PASSED, unconfirmed=["tolerance"])], [], Verdict.CONDITIONAL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "findings", "verdict"), [v[1:] for v in VERDICT_CASES], ids=[v[0] for v in VERDICT_CASES]
)
def test_verdict_is_the_first_of_fail_incomplete_conditional_that_outcomes_or_findings_cause_else_pass(
    rules, findings, verdict
):
    report = Report(rules=rules, findings=findings)
    assert report.verdict is verdict and report.summary["verdict"] == str(verdict)


def test_check_without_findings_is_conditional_until_its_settings_are_confirmed_and_then_passes():
    codes = ["SCH001", "GEO001", "GEO002", "TOP001", "REL001", "REL002", "REL003"]
    rules = [load_all_rules()[c] for c in codes]
    assert run_check(make_small_plan(make_tables_without_conflict()), rules).verdict is Verdict.CONDITIONAL
    assert (
        run_check(make_small_plan(make_tables_without_conflict(), confirmed=frozenset({"tolerance"})), rules).verdict
        is Verdict.PASSED
    )
    assert (
        run_check(make_small_plan(make_tables_without_conflict(), confirmed=frozenset({"all"})), rules).verdict
        is Verdict.PASSED
    )


def test_error_lowered_to_information_by_the_profile_gives_the_verdict_conditional():
    given = {"severity": {"REL001": "INFO"}, "confirmed": frozenset({"all"})}
    report = run_check(make_small_plan(**given), [load_all_rules()["REL001"]])
    assert {f.severity for f in report.findings} == {Severity.INFO} and report.verdict is Verdict.CONDITIONAL
    assert (
        run_check(make_small_plan(make_tables_without_conflict(), **given), [load_all_rules()["REL001"]]).verdict
        is Verdict.PASSED
    )


# -- fingerprints -----------------------------------------------------------------------------------------------------


def map_fingerprints_to_findings(tables):
    """Return each finding by its fingerprint and require fingerprints to be unique.

    Findings about the run itself and findings of severity INFO are left out.
    """
    report = check_data(convert_to_source_layers(tables)).report
    by_name = {f.fingerprint: (f.code, f.role, f.key, round(f.area_m2 or 0.0, 2)) for f in report.findings}
    assert len(by_name) == len(report.findings) > 15
    return by_name


def test_finding_fingerprints_do_not_depend_on_the_order_of_rows():
    tables = make_small_plan_layers()
    shuffled = {}
    for number, (role, frame) in enumerate(tables.items()):
        order = list(range(len(frame)))
        random.Random(number).shuffle(order)
        shuffled[role] = frame.iloc[order]
    original, reordered = map_fingerprints_to_findings(tables), map_fingerprints_to_findings(shuffled)
    # Where several rows share a key, only the first feature id changes; the fingerprints stay.
    assert set(reordered) == set(original)


@pytest.mark.parametrize("code", [4490, 4547])
def test_finding_fingerprints_are_the_same_in_another_projection(code):
    tables = add_survey_vertices(make_small_plan_layers())
    original = map_fingerprints_to_findings(tables)
    moved = map_fingerprints_to_findings({role: frame.to_crs(code) for role, frame in tables.items()})
    assert moved.keys() == original.keys()
    assert {k: v[:3] for k, v in moved.items()} == {k: v[:3] for k, v in original.items()}


def test_finding_fingerprints_are_unchanged_after_an_edit_of_a_neighbouring_feature():
    before = map_fingerprints_to_findings(make_small_plan_layers())
    tables = make_small_plan_layers()
    # Add a farmland parcel that crosses the red line and redraw its valid neighbour.
    farmland = tables["YJJBNTBHTB"]
    more = farmland.iloc[[2]].assign(BSM="140225000000000099")
    more = more.set_geometry([make_county_box(1210, 600)], crs=4526)
    redrawn = farmland.geometry.to_list()
    redrawn[0] = make_county_box(0, 0, 90, 100)
    tables["YJJBNTBHTB"] = pd.concat([farmland.set_geometry(redrawn, crs=4526), more], ignore_index=True)
    after = map_fingerprints_to_findings(tables)
    gone = {before[k][0] for k in before.keys() - after.keys()}
    come = {after[k][0] for k in after.keys() - before.keys()}
    # Both keep their old area fields, whose sum no longer matches the land.
    assert gone == set() and come == {"REL001", "LAW010", "ATT022"} | ({"REL006"} & come)


def test_fingerprints_of_the_other_findings_of_a_feature_are_unchanged_after_one_is_corrected():
    """Check three parts of one feature outside the county after one part is corrected."""
    county = make_table([make_county_box(0, 0, 1000, 1000)])
    west, east, north = (
        make_county_box(-100, 0, 200, 100),
        make_county_box(900, 0, 200, 100),
        make_county_box(500, 900, 100, 200),
    )
    named = [
        {
            f.fingerprint: f.geometry
            for f in check_data(convert_to_source_layers({"XZQX": county, "CZKFBJ": line}), ["TOP003"]).report.findings
        }
        for line in (make_table([shapely.union_all(parts)]) for parts in ([west, east, north], [east, north]))
    ]
    assert (len(named[0]), len(named[1])) == (3, 2)
    assert named[1].keys() < named[0].keys()
    assert all(named[0][name].equals(shape) for name, shape in named[1].items())


def test_gap_rules_are_skipped_when_the_union_of_the_county_outline_fails(monkeypatch):
    plan = make_small_plan()
    assert run_check(plan, [load_all_rules()["TOP003"]]).rules[0].reason == ""
    plan = make_small_plan()
    monkeypatch.setattr("plugin.core.plan.plan.union_polygon_rows", lambda *args, **more: None)
    for code in ("TOP002", "TOP003"):
        (outcome,) = run_check(plan, [load_all_rules()[code]]).rules
        assert (str(outcome.outcome), outcome.incomplete) == ("skipped", True)
        assert outcome.reason == Texts("zh").format_reason("outline_failed", {})


TODAY = date.today()
#: A day in the future even if a run passes midnight.
FUTURE_DAY = TODAY + timedelta(days=2)
#: Fields of the division code.
COUNTY_CODE_FIELDS = ("XZQDM", "XJXZQDM")
#: Rules with the shapes of the small county.
OVERLAP_RULES = ("REL001", "REL002", "TOP001", "TOP002")


@pytest.fixture(scope="module")
def clean_layers():
    """Return the layers of a county without defects (400 parcels), by layer code."""
    return make_clean_county(400).layers


@pytest.fixture
def write_profile(tmp_path):
    """Return a function that writes a profile and returns its path.

    All settings are confirmed; the function replaces pieces of the text.
    """

    def write_profile_text(*changes, more=""):
        text = PROFILE.format(extra="")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "profile.toml"
        path.write_text(text + more, encoding="utf-8")
        return str(path)

    return write_profile_text


def check_layers(tables, profile, **options):
    return check_plan(make_read_layers(tables), RunOptions(profile=profile, **options)).report


def list_message_cases(report):
    """Return the message cases of the findings on inconsistent inputs."""
    return {f.case for f in list_findings_of_rules(report, INCONSISTENCY_CODE)}


def set_neighbour_county_codes(frame):
    """Return the table with every county code replaced by that of the next county."""
    frame = frame.drop(columns=[c for c in COUNTY_CODE_FIELDS if c in frame])
    return frame.assign(BSM="140224" + frame["BSM"].str[6:])


def test_county_checked_with_its_own_profile_gives_no_finding_on_consistency(clean_layers, write_profile):
    # The base profile states figures of layers that this small county does not have.
    report = check_layers(
        clean_layers, write_profile(more='[absent]\nconcepts = ["reserves", "flood_line", "centre", "detail_units"]\n')
    )
    assert report.verdict is Verdict.PASSED and not list_findings_of_rules(report, INCONSISTENCY_CODE)


def test_profile_of_another_county_makes_the_verdict_incomplete(clean_layers, write_profile):
    report = check_layers(clean_layers, write_profile(("140225", "140224"), ('"hunyuan"', '"shanxi"')))
    (wrong,) = list_findings_of_rules(report, INCONSISTENCY_CODE)
    assert (wrong.case, str(wrong.severity)) == ("profile", "WARNING")
    assert "140224" in wrong.message and "140225" in wrong.message
    assert report.verdict is Verdict.INCOMPLETE
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))).verdict is Verdict.INCOMPLETE


def test_profile_of_the_province_confirms_no_setting_and_gives_no_target_for_its_county(clean_layers, write_profile):
    """Check that targets and confirmations of the province do not count for the county."""
    report = check_layers(clean_layers, write_profile(("140225", "140000"), ('"hunyuan"', '"shanxi"')))
    assert not list_findings_of_rules(report, INCONSISTENCY_CODE)
    assert report.verdict is Verdict.CONDITIONAL
    assert "tolerance" in report.summary["unconfirmed"]
    assert get_outcome_of_rule(report, "LAW002").unconfirmed == ["targets.missing"]


def test_profile_without_targets_for_the_county_allows_only_a_conditional_pass(clean_layers, write_profile):
    report = check_layers(clean_layers, write_profile(('"hunyuan"', '"shanxi"')))
    assert report.verdict is Verdict.CONDITIONAL
    assert report.summary["unconfirmed"] == ["targets.missing"]


def test_data_without_county_codes_checked_with_a_profile_get_the_verdict_incomplete(clean_layers, write_profile):
    without_codes = {
        r: f.drop(columns=[c for c in ("BSM", *COUNTY_CODE_FIELDS) if c in f]) for r, f in clean_layers.items()
    }
    report = check_layers(without_codes, write_profile(), rules=OVERLAP_RULES)
    assert list_message_cases(report) == {"unknown"} and report.verdict is Verdict.INCOMPLETE
    assert not list_findings_of_rules(check_layers(without_codes, "", rules=OVERLAP_RULES), INCONSISTENCY_CODE)


@pytest.mark.parametrize("rows", first_daily([1, None]), ids=["one row", "all rows"])
@pytest.mark.parametrize(("role", "field"), [("YJJBNTBHTB", "XZQDM"), ("STBHHX", "BSM")])
def test_layer_with_the_code_of_another_county_is_reported_with_its_rows(
    clean_layers, write_profile, role, field, rows
):
    frame = clean_layers[role].drop(
        columns=[c for c in COUNTY_CODE_FIELDS if field == "BSM" and c in clean_layers[role]]
    )
    chosen = frame.index[:rows]
    frame.loc[chosen, field] = "140224" + frame.loc[chosen, field].astype(str).str[6:]
    report = check_layers({**clean_layers, role: frame}, write_profile(), rules=OVERLAP_RULES)
    (wrong,) = list_findings_of_rules(report, INCONSISTENCY_CODE)
    assert (wrong.case, wrong.role, wrong.params["count"]) == ("layer", role, len(chosen))
    assert wrong.params["codes"] == ["140224"] and report.verdict is Verdict.INCOMPLETE


def test_rows_of_two_counties_are_accepted_with_a_city_standard_and_reported_with_a_county_standard(clean_layers):
    tables = {**clean_layers, "STBHHX": set_neighbour_county_codes(clean_layers["STBHHX"])}
    assert not list_findings_of_rules(
        check_layers(tables, "", standard="city_db", rules=OVERLAP_RULES), INCONSISTENCY_CODE
    )
    assert list_message_cases(check_layers(tables, "", rules=OVERLAP_RULES)) == {"layer"}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        # An impossible division code.
        ([("140225", "000000"), ('base = "hunyuan"', "")], ""),
        ([("140225", "014022"), ('base = "hunyuan"', "")], ""),
        # A confirmation without person, document or date.
        ([('by = "县自然资源局"\n', "")], ""),
        ([('document = "测试〔2026〕1号"\n', "")], ""),
        ([('date = "2026-01-01"\n', "")], ""),
        # Outside the range in which the check is effective.
        ([], "[ratio]\nbase_year = 2099\n"),
        ([], "[tolerance]\nmin_area_m2 = 51.0\n"),
        ([], "[waivers]\narea_share = 0.2\n"),
        ([], "[rules.LAW007]\nallowance_m2 = 10000000.0\n"),
        ([], "[rules.LAW015]\nallowance_m2 = 1000.0\n"),
    ],
)
def test_profile_with_an_impossible_code_an_unsigned_confirmation_or_a_value_out_of_range_is_refused(
    write_profile, changes, more
):
    path = write_profile(*changes, more=more)
    with pytest.raises(DataError):
        load_profile(path)


def test_profile_that_declares_an_existing_layer_absent_is_reported_as_contradicted(clean_layers, write_profile):
    report = check_layers(clean_layers, write_profile(more='[absent]\nconcepts = ["red_line"]\n'))
    (wrong,) = list_findings_of_rules(report, INCONSISTENCY_CODE)
    assert (wrong.case, wrong.role) == ("absent", "STBHHX") and report.verdict is Verdict.INCOMPLETE


def test_layer_declared_absent_without_a_confirmation_in_the_profile_gives_the_verdict_conditional(
    clean_layers, write_profile
):
    tables = {role: frame for role, frame in clean_layers.items() if role != "STBHHX"}
    more = '[absent]\nconcepts = ["red_line"]\n'
    base = ('"hunyuan"', '"shanxi"')
    assert "absent" not in check_layers(tables, write_profile(base, more=more)).summary["unconfirmed"]
    unsure = check_layers(tables, write_profile(base, ('items = ["all"]', 'items = ["tolerance"]'), more=more))
    assert "absent" in unsure.summary["unconfirmed"] and unsure.verdict is Verdict.CONDITIONAL
    named = check_layers(tables, write_profile(base, ('items = ["all"]', 'items = ["absent"]'), more=more))
    assert "absent" not in named.summary["unconfirmed"]


def test_confirmation_dated_in_the_future_is_reported_and_makes_the_verdict_incomplete(clean_layers, write_profile):
    report = check_layers(clean_layers, write_profile(("2026-01-01", FUTURE_DAY.isoformat())))
    assert list_message_cases(report) == {"confirmed"} and report.verdict is Verdict.INCOMPLETE
    assert "tolerance" in report.summary["unconfirmed"]
    assert not list_findings_of_rules(
        check_layers(clean_layers, write_profile(("2026-01-01", TODAY.isoformat())), rules=OVERLAP_RULES),
        INCONSISTENCY_CODE,
    )


@pytest.mark.parametrize("role", ["YDYHGHFQ", "LSWHBHX"])
def test_rule_of_an_empty_optional_layer_is_not_applicable(clean_layers, write_profile, role):
    empty = {**clean_layers, role: clean_layers[role].iloc[:0]}
    report = check_layers({role: empty[role]}, write_profile(), rules=tuple(load_all_rules()))
    passed = {r.code for r in report.rules if r.outcome is Outcome.PASSED}
    # Rules of structure need no features, and rules of printed figures need no layers.
    assert all(code.startswith("SCH") or code in ("LAW005", "LAW006") for code in passed), passed
    assert report.verdict is Verdict.INCOMPLETE
    both = {r.code: str(r.outcome) for r in check_layers(empty, write_profile()).rules}
    assert both["TOP002" if role == "YDYHGHFQ" else "LAW015"] == "not_applicable"


@pytest.mark.parametrize("shapes", first_daily(["no row", "no shape"]))
@pytest.mark.parametrize(("role", "code"), [("STBHHX", "REL001"), ("CZKFBJ", "LAW001"), ("YJJBNTBHTB", "REL006")])
def test_rule_of_an_empty_mandatory_layer_is_skipped(clean_layers, write_profile, role, code, shapes):
    frame = clean_layers[role].iloc[:0] if shapes == "no row" else clean_layers[role].assign(geometry=None)
    report = check_layers(
        {**clean_layers, role: frame}, write_profile(("warning_share = 0.00001", "warning_share = 0.0"))
    )
    assert get_outcome_of_rule(report, code).outcome is Outcome.SKIPPED
    assert (
        get_outcome_of_rule(report, "SCH001").incomplete
        and "没有可用的图形" in get_outcome_of_rule(report, "SCH001").reason
    )
    without_errors = dataclasses.replace(report, findings=[f for f in report.findings if str(f.severity) != "ERROR"])
    assert without_errors.verdict is Verdict.INCOMPLETE


def test_empty_mandatory_layer_that_no_rule_needs_makes_the_check_incomplete(write_profile):
    full = make_clean_county(400, full=True).layers
    report = check_layers(
        {**full, "TRL": full["TRL"].iloc[:0]}, write_profile(), scope="county", rules=("SCH001", "GEO002")
    )
    assert get_outcome_of_rule(report, "GEO002").outcome is Outcome.PASSED
    assert report.verdict is Verdict.INCOMPLETE


def test_check_without_data_for_its_rules_gets_the_verdict_incomplete(clean_layers, write_profile, tmp_path, capsys):
    report = check_layers({"YDYHGHFQ": clean_layers["YDYHGHFQ"].iloc[:0]}, write_profile(), rules=("TOP002",))
    assert [r.outcome for r in report.rules] == [Outcome.NOT_APPLICABLE]
    assert report.verdict is Verdict.INCOMPLETE
    assert check_layers(clean_layers, write_profile(), rules=("REL032",)).verdict is Verdict.INCOMPLETE
    source = write_gpkg(tmp_path / "county.gpkg", {"XZQX": clean_layers["XZQX"]})
    assert main(["check", str(source), "--rules", "REL032"]) == 1
    assert "均无可检查的内容" in capsys.readouterr().out


@pytest.mark.parametrize("year", [1890, 1995, TODAY.year + 1, 2099])
def test_profile_with_an_impossible_base_year_is_refused(clean_layers, year):
    with pytest.raises(InputError) as error:
        check_layers(clean_layers, "", base_year=year)
    assert str(year) in explain_error(error.value)


def test_warning_lowered_to_information_by_the_profile_prevents_a_pass(clean_layers, write_profile):
    lines = {role: clean_layers[role] for role in ("XZQX", "YDYHGHFQ", "STBHHX")}
    zones = clean_layers["YDYHGHFQ"]
    lines["YDYHGHFQ"] = zones[zones["GHFQDM"].str.startswith("1")].iloc[1:]
    report = check_layers(lines, write_profile(more='[severity]\nREL004 = "INFO"\n'), rules=("REL004",))
    assert get_outcome_of_rule(report, "REL004").outcome is Outcome.FAILED
    assert "severity.lowered" in report.summary["unconfirmed"]


# Side files


@pytest.fixture
def small_county_file(tmp_path):
    tables = make_small_plan_layers()
    # One row a layer's key: findings that can be waived.
    tables["STBHHX"] = tables["STBHHX"].assign(BSM=["140225000000000101", "140225000000000102"])
    return write_gpkg(tmp_path / "county.gpkg", tables)


def waive_findings(source, day, until=None, code="REL001"):
    """Waive the findings of a rule in the waiver file next to the data, dated ``day``; return the waivers."""
    checked = check_data(source, OVERLAP_RULES)
    words = WaiverEntry("理由", "文号〔2026〕1号", "王工", day, until)
    entries = make_waivers(list_findings_of_rules(checked.report, code), words, WaiverLimits(), source.parent)
    change_waivers(checked.waivers.path, added_waivers=entries)
    return entries


def test_waiver_dated_in_the_future_is_not_applied_and_is_reported(small_county_file):
    before = check_data(small_county_file, OVERLAP_RULES).report
    entries = waive_findings(small_county_file, FUTURE_DAY)
    report = check_data(small_county_file, OVERLAP_RULES).report
    assert entries and report.verdict is before.verdict and not report.summary["waived"]
    listed = list_findings_of_rules(report, "RUN902")
    assert {f.case for f in listed} == {"not_yet"} and len(listed) == len(entries)
    assert {str(f.severity) for f in listed} == {"WARNING"}
    assert all(FUTURE_DAY.isoformat() in f.message for f in listed)


def test_waiver_dated_in_the_future_without_a_matching_finding_is_reported(small_county_file, tmp_path):
    (entry, *_) = waive_findings(small_county_file, TODAY)
    path = check_data(small_county_file, OVERLAP_RULES).waivers.path
    later = dataclasses.replace(entry, id="W1", key="140225000000009999", date=TODAY + timedelta(days=400))
    change_waivers(path, added_waivers=[later])
    (listed,) = list_findings_of_rules(check_data(small_county_file, OVERLAP_RULES).report, "RUN902")
    assert (listed.case, str(listed.severity), listed.params["number"]) == ("not_yet", "INFO", "W1")


def test_findings_about_the_check_itself_cannot_be_waived(small_county_file, write_profile):
    entries = waive_findings(small_county_file, TODAY)
    path = check_data(small_county_file, OVERLAP_RULES).waivers.path
    about = dataclasses.replace(
        entries[0], id="W2", rule=INCONSISTENCY_CODE, case="profile", role="", key="", related_role="", related_keys=(), lon=None,
        lat=None, area_m2=None, place_m=0.0, change_m2=0.0,
        figures={"profile": "浑源县", "code": "140224", "county": "140225"},
    )  # fmt: skip
    change_waivers(path, added_waivers=[about])
    other = write_profile(("140225", "140224"), ('"hunyuan"', '"shanxi"'))
    report = check_data(small_county_file, OVERLAP_RULES, profile=other).report
    (wrong,) = list_findings_of_rules(report, INCONSISTENCY_CODE)
    assert wrong.state == "open" and report.summary["waived"] == len(entries)


def test_waivers_of_another_county_are_not_applied(small_county_file):
    waive_findings(small_county_file, TODAY)
    path = check_data(small_county_file, OVERLAP_RULES).waivers.path
    path.write_text(path.read_text(encoding="utf-8-sig").replace("140225", "140224"), encoding="utf-8-sig")
    report = check_data(small_county_file, OVERLAP_RULES).report
    assert list_message_cases(report) == {"waivers"} and not report.summary["waived"]
    assert not list_findings_of_rules(report, "RUN903"), "told once, not row by row"


def make_sealed_edition(code="140225"):
    """Return the tables of a sealed edition with keys of a county."""
    key = f"{code}000000000001"
    return {
        "STBHHX": make_table([make_county_box(0, 200, 700, 300)]).assign(BSM=key),
        "CZKFBJ": make_table([make_county_box(0, 600)]).assign(BSM=key),
    }


@pytest.mark.parametrize(("code", "expected"), [("140224", {"baseline"}), ("140225", set())])
def test_sealed_baseline_of_another_county_is_reported(tmp_path, code, expected):
    source = write_gpkg(tmp_path / "plan.gpkg", {**make_sealed_edition(), "XZQX": make_small_plan_layers()["XZQX"]})
    issued = write_gpkg(tmp_path / "issued.gpkg", make_sealed_edition(code))
    report = check_data(source, ("LAW017",), baseline=str(issued)).report
    assert list_message_cases(report) == expected
    assert (report.verdict is Verdict.INCOMPLETE) == bool(expected)


def test_copy_of_the_checked_data_is_refused_as_the_sealed_baseline(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", {**make_sealed_edition(), "XZQX": make_small_plan_layers()["XZQX"]})
    report = check_data(source, ("LAW017",), baseline=str(shutil.copy(source, tmp_path / "封库.gpkg"))).report
    assert list_message_cases(report) == {"baseline_copy"} and report.verdict is Verdict.INCOMPLETE


def test_empty_layer_in_the_sealed_baseline_skips_the_rule_that_compares_it(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", {**make_sealed_edition(), "XZQX": make_small_plan_layers()["XZQX"]})
    empty = {role: frame.iloc[:0] for role, frame in make_sealed_edition().items()}
    report = check_data(source, ("LAW017",), baseline=str(write_gpkg(tmp_path / "issued.gpkg", empty))).report
    assert get_outcome_of_rule(report, "LAW017").outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("code", "expected"), [("140224", {"targets"}), ("140225", set())])
def test_township_targets_of_another_county_are_reported(small_county_file, tmp_path, code, expected):
    tasks = tmp_path / "tasks.csv"
    tasks.write_text(f"乡镇代码,乡镇名称,指标,数值,单位\n{code}100,永安镇,永久基本农田,0.1,公顷\n", encoding="utf-8")
    assert list_message_cases(check_data(small_county_file, OVERLAP_RULES, targets=str(tasks)).report) == expected
