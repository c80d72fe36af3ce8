# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles, layers and tables of another county or of a future date never pass."""

import dataclasses
import json
import shutil
from datetime import date, timedelta

import pytest

from plugin.core.__main__ import main
from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.plan_consistency import INCONSISTENCY_CODE
from plugin.core.errors import DataError, InputError
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.profile import load_profile
from plugin.core.waivers.file import change_waivers
from plugin.core.waivers.model import WaiverEntry, WaiverLimits, make_waivers
from tests.core.small_plan import (
    check_data,
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
from tests.parametrize import first_daily

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
    again = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again.verdict is Verdict.INCOMPLETE


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


@pytest.mark.parametrize("code", ["000000", "014022"])
def test_profile_with_an_impossible_division_code_is_refused(write_profile, code):
    with pytest.raises(DataError):
        load_profile(write_profile(("140225", code), ('base = "hunyuan"', "")))


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
    sure = check_layers(tables, write_profile(base, more=more))
    assert "absent" not in sure.summary["unconfirmed"]
    unsure = check_layers(tables, write_profile(base, ('items = ["all"]', 'items = ["tolerance"]'), more=more))
    assert "absent" in unsure.summary["unconfirmed"] and unsure.verdict is Verdict.CONDITIONAL
    named = check_layers(tables, write_profile(base, ('items = ["all"]', 'items = ["absent"]'), more=more))
    assert "absent" not in named.summary["unconfirmed"]


def test_confirmation_dated_in_the_future_is_reported_and_makes_the_verdict_incomplete(clean_layers, write_profile):
    future = FUTURE_DAY.isoformat()
    report = check_layers(clean_layers, write_profile(("2026-01-01", future)))
    assert list_message_cases(report) == {"confirmed"} and report.verdict is Verdict.INCOMPLETE
    assert "tolerance" in report.summary["unconfirmed"]
    assert not list_findings_of_rules(
        check_layers(clean_layers, write_profile(("2026-01-01", TODAY.isoformat())), rules=OVERLAP_RULES),
        INCONSISTENCY_CODE,
    )


@pytest.mark.parametrize("line", ['by = "县自然资源局"\n', 'document = "测试〔2026〕1号"\n', 'date = "2026-01-01"\n'])
def test_profile_with_a_confirmation_that_lacks_person_document_or_date_is_refused(write_profile, line):
    with pytest.raises(DataError):
        load_profile(write_profile((line, "")))


@pytest.mark.parametrize("role", ["YDYHGHFQ", "LSWHBHX"])
def test_rule_of_an_empty_optional_layer_is_not_applicable(clean_layers, write_profile, role):
    empty = {**clean_layers, role: clean_layers[role].iloc[:0]}
    alone = {role: empty[role]}
    report = check_layers(alone, write_profile(), rules=tuple(load_all_rules()))
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
    zones = {"YDYHGHFQ": clean_layers["YDYHGHFQ"].iloc[:0]}
    report = check_layers(zones, write_profile(), rules=("TOP002",))
    assert [r.outcome for r in report.rules] == [Outcome.NOT_APPLICABLE]
    assert report.verdict is Verdict.INCOMPLETE
    assert check_layers(clean_layers, write_profile(), rules=("REL032",)).verdict is Verdict.INCOMPLETE
    source = write_gpkg(tmp_path / "county.gpkg", {"XZQX": clean_layers["XZQX"]})
    assert main(["check", str(source), "--rules", "REL032"]) == 1
    assert "均无可检查的内容" in capsys.readouterr().out


@pytest.mark.parametrize("outcomes", [[], [Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE]])
def test_check_without_applicable_rules_does_not_pass(outcomes):
    rules = [RuleOutcome(f"TOP00{n}", "x", "ERROR", one) for n, one in enumerate(outcomes)]
    assert Report(rules=rules).verdict is Verdict.INCOMPLETE
    passed = RuleOutcome("TOP009", "x", "ERROR", Outcome.PASSED)
    assert Report(rules=[*rules, passed]).verdict is Verdict.PASSED


@pytest.mark.parametrize("year", [1890, 1995, TODAY.year + 1, 2099])
def test_profile_with_an_impossible_base_year_is_refused(clean_layers, year):
    with pytest.raises(InputError) as error:
        check_layers(clean_layers, "", base_year=year)
    assert str(year) in explain_error(error.value)


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("ratio", "base_year = 2099"),
        ("tolerance", "min_area_m2 = 51.0"),
        ("waivers", "area_share = 0.2"),
        ("rules.LAW007", "allowance_m2 = 10000000.0"),
        ("rules.LAW015", "allowance_m2 = 1000.0"),
    ],
)
def test_profile_setting_outside_the_range_in_which_its_check_is_effective_is_refused(write_profile, section, line):
    with pytest.raises(DataError):
        load_profile(write_profile(more=f"[{section}]\n{line}\n"))


def test_warning_lowered_to_information_by_the_profile_prevents_a_pass(clean_layers, write_profile):
    lines = {role: clean_layers[role] for role in ("XZQX", "YDYHGHFQ", "STBHHX")}
    zones = clean_layers["YDYHGHFQ"]
    lines["YDYHGHFQ"] = zones[zones["GHFQDM"].str.startswith("1")].iloc[1:]
    more = '[severity]\nREL004 = "INFO"\n'
    report = check_layers(lines, write_profile(more=more), rules=("REL004",))
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


def test_waiver_dated_today_makes_its_findings_waived(small_county_file):
    waive_findings(small_county_file, TODAY)
    report = check_data(small_county_file, OVERLAP_RULES).report
    assert {f.state for f in list_findings_of_rules(report, "REL001")} == {"waived"} and not list_findings_of_rules(
        report, "RUN902"
    )


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
    copy = shutil.copy(source, tmp_path / "封库.gpkg")
    report = check_data(source, ("LAW017",), baseline=str(copy)).report
    assert list_message_cases(report) == {"baseline_copy"} and report.verdict is Verdict.INCOMPLETE


def test_empty_layer_in_the_sealed_baseline_skips_the_rule_that_compares_it(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", {**make_sealed_edition(), "XZQX": make_small_plan_layers()["XZQX"]})
    empty = {role: frame.iloc[:0] for role, frame in make_sealed_edition().items()}
    issued = write_gpkg(tmp_path / "issued.gpkg", empty)
    report = check_data(source, ("LAW017",), baseline=str(issued)).report
    assert get_outcome_of_rule(report, "LAW017").outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("code", "expected"), [("140224", {"targets"}), ("140225", set())])
def test_township_targets_of_another_county_are_reported(small_county_file, tmp_path, code, expected):
    tasks = tmp_path / "tasks.csv"
    tasks.write_text(f"乡镇代码,乡镇名称,指标,数值,单位\n{code}100,永安镇,永久基本农田,0.1,公顷\n", encoding="utf-8")
    assert list_message_cases(check_data(small_county_file, OVERLAP_RULES, targets=str(tasks)).report) == expected
