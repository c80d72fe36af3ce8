# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles, layers and side files of another county or a future date never get the verdict 通过."""

import dataclasses
import json
import shutil
from datetime import date, timedelta

import pytest

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.engine.plan_consistency import CODE
from plugin.core.errors import DataError, InputError
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.profile import load_profile
from plugin.core.waivers.file import change_waivers
from plugin.core.waivers.model import Limits, WaiverEntry, make_waivers
from tests.core.small_plan import (
    box,
    check_data,
    explain_error,
    findings_of_rule,
    layers,
    rule_outcome,
    table,
    write_gpkg,
)
from tests.county import make
from tests.county.source import as_read
from tests.mutations.clean import PROFILE

TODAY = date.today()
#: Fields of the division code.
CODES = ("XZQDM", "XJXZQDM")
#: Rules with the shapes of the small county.
RULES = ("REL001", "REL002", "TOP001", "TOP002")


@pytest.fixture(scope="module")
def county():
    """Return a clean county of 400 parcels, by role."""
    return make(400).layers


@pytest.fixture
def profile(tmp_path):
    """Return a function that writes a profile with all settings confirmed and its text changed."""

    def write(*changes, more=""):
        text = PROFILE.format(extra="")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "profile.toml"
        path.write_text(text + more, encoding="utf-8")
        return str(path)

    return write


def run(tables, profile, **options):
    return check_plan(as_read(tables), Options(profile=profile, **options)).report


def cases(report):
    return {f.case for f in findings_of_rule(report, CODE)}


def with_codes_of_the_neighbour(frame):
    """Return the rows with codes of the neighbouring county."""
    frame = frame.drop(columns=[c for c in CODES if c in frame])
    return frame.assign(BSM="140224" + frame["BSM"].str[6:])


def test_county_with_its_profile_is_consistent(county, profile):
    # The base profile states figures of layers that this small county does not have.
    report = run(county, profile(more='[absent]\nconcepts = ["reserves", "flood_line", "centre", "detail_units"]\n'))
    assert report.verdict is Verdict.PASSED and not findings_of_rule(report, CODE)


def test_profile_of_another_county_makes_the_run_incomplete(county, profile):
    report = run(county, profile(("140225", "140224"), ('"hunyuan"', '"shanxi"')))
    (wrong,) = findings_of_rule(report, CODE)
    assert (wrong.case, str(wrong.severity)) == ("profile", "WARNING")
    assert "140224" in wrong.message and "140225" in wrong.message
    assert report.verdict is Verdict.INCOMPLETE
    again = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again.verdict is Verdict.INCOMPLETE


def test_profile_of_the_province_gives_limits_but_no_confirmation(county, profile):
    """Targets and confirmations of the province do not apply to the county."""
    report = run(county, profile(("140225", "140000"), ('"hunyuan"', '"shanxi"')))
    assert not findings_of_rule(report, CODE)
    assert report.verdict is Verdict.CONDITIONAL
    assert "tolerance" in report.summary["unconfirmed"]
    assert rule_outcome(report, "LAW002").unconfirmed == ["targets.missing"]


def test_county_profile_without_targets_of_the_county_is_conditional(county, profile):
    report = run(county, profile(('"hunyuan"', '"shanxi"')))
    assert report.verdict is Verdict.CONDITIONAL
    assert report.summary["unconfirmed"] == ["targets.missing"]


def test_data_without_county_codes_cannot_be_compared_with_a_profile(county, profile):
    without_codes = {r: f.drop(columns=[c for c in ("BSM", *CODES) if c in f]) for r, f in county.items()}
    report = run(without_codes, profile(), rules=RULES)
    assert cases(report) == {"unknown"} and report.verdict is Verdict.INCOMPLETE
    assert not findings_of_rule(run(without_codes, "", rules=RULES), CODE)


@pytest.mark.parametrize("rows", [1, None], ids=["one row", "all rows"])
@pytest.mark.parametrize(("role", "field"), [("YJJBNTBHTB", "XZQDM"), ("STBHHX", "BSM")])
def test_layer_of_another_county_is_named_with_its_rows(county, profile, role, field, rows):
    frame = county[role].drop(columns=[c for c in CODES if field == "BSM" and c in county[role]])
    chosen = frame.index[:rows]
    frame.loc[chosen, field] = "140224" + frame.loc[chosen, field].astype(str).str[6:]
    report = run({**county, role: frame}, profile(), rules=RULES)
    (wrong,) = findings_of_rule(report, CODE)
    assert (wrong.case, wrong.role, wrong.params["count"]) == ("layer", role, len(chosen))
    assert wrong.params["codes"] == ["140224"] and report.verdict is Verdict.INCOMPLETE


def test_counties_of_one_city_are_one_plan_in_the_edition_of_the_city(county):
    tables = {**county, "STBHHX": with_codes_of_the_neighbour(county["STBHHX"])}
    assert not findings_of_rule(run(tables, "", standard="city_db", rules=RULES), CODE)
    assert cases(run(tables, "", rules=RULES)) == {"layer"}


def test_profile_cannot_extend_a_plan_to_other_counties(county, profile):
    report = run(
        {**county, "STBHHX": with_codes_of_the_neighbour(county["STBHHX"])},
        profile(more="[attributes]\narea_digits = 0\n"),
        rules=RULES,
    )
    assert cases(report) == {"layer"}


@pytest.mark.parametrize("code", ["000000", "014022"])
def test_profile_with_an_impossible_area_code_is_refused(profile, code):
    with pytest.raises(DataError):
        load_profile(profile(("140225", code), ('base = "hunyuan"', "")))


def test_present_layers_declared_absent_contradict_the_profile(county, profile):
    report = run(county, profile(more='[absent]\nconcepts = ["red_line"]\n'))
    (wrong,) = findings_of_rule(report, CODE)
    assert (wrong.case, wrong.role) == ("absent", "STBHHX") and report.verdict is Verdict.INCOMPLETE


def test_declaration_of_absence_needs_a_confirmation(county, profile):
    tables = {role: frame for role, frame in county.items() if role != "STBHHX"}
    more = '[absent]\nconcepts = ["red_line"]\n'
    base = ('"hunyuan"', '"shanxi"')
    sure = run(tables, profile(base, more=more))
    assert "absent" not in sure.summary["unconfirmed"]
    unsure = run(tables, profile(base, ('items = ["all"]', 'items = ["tolerance"]'), more=more))
    assert "absent" in unsure.summary["unconfirmed"] and unsure.verdict is Verdict.CONDITIONAL
    named = run(tables, profile(base, ('items = ["all"]', 'items = ["absent"]'), more=more))
    assert "absent" not in named.summary["unconfirmed"]


def test_confirmation_with_a_future_date_does_not_apply(county, profile):
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    report = run(county, profile(("2026-01-01", tomorrow)))
    assert cases(report) == {"confirmed"} and report.verdict is Verdict.INCOMPLETE
    assert "tolerance" in report.summary["unconfirmed"]
    assert not findings_of_rule(run(county, profile(("2026-01-01", TODAY.isoformat())), rules=RULES), CODE)


@pytest.mark.parametrize("line", ['by = "县自然资源局"\n', 'document = "测试〔2026〕1号"\n', 'date = "2026-01-01"\n'])
def test_confirmation_needs_person_document_and_date(profile, line):
    with pytest.raises(DataError):
        load_profile(profile((line, "")))


@pytest.mark.parametrize("role", ["YDYHGHFQ", "LSWHBHX"])
def test_empty_optional_layer_is_not_applicable(county, profile, role):
    empty = {**county, role: county[role].iloc[:0]}
    alone = {role: empty[role]}
    report = run(alone, profile(), rules=tuple(all_rules()))
    passed = {r.code for r in report.rules if r.outcome is Outcome.PASSED}
    # Rules of structure need no features, and rules of printed figures need no layers.
    assert all(code.startswith("SCH") or code in ("LAW005", "LAW006") for code in passed), passed
    assert report.verdict is Verdict.INCOMPLETE
    both = {r.code: str(r.outcome) for r in run(empty, profile()).rules}
    assert both["TOP002" if role == "YDYHGHFQ" else "LAW015"] == "not_applicable"


@pytest.mark.parametrize("shapes", ["no row", "no shape"])
@pytest.mark.parametrize(("role", "code"), [("STBHHX", "REL001"), ("CZKFBJ", "LAW001"), ("YJJBNTBHTB", "REL006")])
def test_rule_of_an_empty_mandatory_layer_is_skipped(county, profile, role, code, shapes):
    frame = county[role].iloc[:0] if shapes == "no row" else county[role].assign(geometry=None)
    report = run({**county, role: frame}, profile(("warning_share = 0.00001", "warning_share = 0.0")))
    assert rule_outcome(report, code).outcome is Outcome.SKIPPED
    assert rule_outcome(report, "SCH001").incomplete and "没有可用的图形" in rule_outcome(report, "SCH001").reason
    without_errors = dataclasses.replace(report, findings=[f for f in report.findings if str(f.severity) != "ERROR"])
    assert without_errors.verdict is Verdict.INCOMPLETE


def test_empty_mandatory_layer_that_no_rule_needs_makes_the_run_incomplete(profile):
    full = make(400, full=True).layers
    report = run({**full, "TRL": full["TRL"].iloc[:0]}, profile(), scope="county", rules=("SCH001", "GEO002"))
    assert rule_outcome(report, "GEO002").outcome is Outcome.PASSED
    assert report.verdict is Verdict.INCOMPLETE


def test_run_without_data_to_check_is_incomplete(county, profile, tmp_path, capsys):
    zones = {"YDYHGHFQ": county["YDYHGHFQ"].iloc[:0]}
    report = run(zones, profile(), rules=("TOP002",))
    assert [r.outcome for r in report.rules] == [Outcome.NOT_APPLICABLE]
    assert report.verdict is Verdict.INCOMPLETE
    assert run(county, profile(), rules=("REL032",)).verdict is Verdict.INCOMPLETE
    source = write_gpkg(tmp_path / "county.gpkg", {"XZQX": county["XZQX"]})
    assert main(["check", str(source), "--rules", "REL032"]) == 1
    assert "均无可检查的内容" in capsys.readouterr().out


@pytest.mark.parametrize("outcomes", [[], [Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE]])
def test_run_without_applicable_rules_does_not_pass(outcomes):
    rules = [RuleOutcome(f"TOP00{n}", "x", "ERROR", one) for n, one in enumerate(outcomes)]
    assert Report(rules=rules).verdict is Verdict.INCOMPLETE
    passed = RuleOutcome("TOP009", "x", "ERROR", Outcome.PASSED)
    assert Report(rules=[*rules, passed]).verdict is Verdict.PASSED


@pytest.mark.parametrize("year", [1890, 1995, TODAY.year + 1, 2099])
def test_impossible_base_year_is_refused(county, year):
    with pytest.raises(InputError) as error:
        run(county, "", base_year=year)
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
def test_setting_that_disables_a_check_is_refused(profile, section, line):
    with pytest.raises(DataError):
        load_profile(profile(more=f"[{section}]\n{line}\n"))


def test_warning_lowered_to_a_hint_does_not_pass(county, profile):
    lines = {role: county[role] for role in ("XZQX", "YDYHGHFQ", "STBHHX")}
    zones = county["YDYHGHFQ"]
    lines["YDYHGHFQ"] = zones[zones["GHFQDM"].str.startswith("1")].iloc[1:]
    more = '[severity]\nREL004 = "INFO"\n'
    report = run(lines, profile(more=more), rules=("REL004",))
    assert rule_outcome(report, "REL004").outcome is Outcome.FAILED
    assert "severity.lowered" in report.summary["unconfirmed"]


# Side files


@pytest.fixture
def small(tmp_path):
    tables = layers()
    # One row a layer's key: findings that can be waived.
    tables["STBHHX"] = tables["STBHHX"].assign(BSM=["140225000000000101", "140225000000000102"])
    return write_gpkg(tmp_path / "county.gpkg", tables)


def waive(source, day, until=None, code="REL001"):
    checked = check_data(source, RULES)
    words = WaiverEntry("理由", "文号〔2026〕1号", "王工", day, until)
    entries = make_waivers(findings_of_rule(checked.report, code), words, Limits(), source.parent)
    change_waivers(checked.waivers.path, add=entries)
    return entries


def test_waiver_with_a_future_date_is_ignored_and_listed(small):
    before = check_data(small, RULES).report
    entries = waive(small, TODAY + timedelta(days=1))
    report = check_data(small, RULES).report
    assert entries and report.verdict is before.verdict and not report.summary["waived"]
    listed = findings_of_rule(report, "RUN902")
    assert {f.case for f in listed} == {"not_yet"} and len(listed) == len(entries)
    assert {str(f.severity) for f in listed} == {"WARNING"}
    assert all((TODAY + timedelta(days=1)).isoformat() in f.message for f in listed)


def test_waiver_of_today_applies(small):
    waive(small, TODAY)
    report = check_data(small, RULES).report
    assert {f.state for f in findings_of_rule(report, "REL001")} == {"waived"} and not findings_of_rule(
        report, "RUN902"
    )


def test_future_waiver_without_a_conflict_is_listed(small, tmp_path):
    (entry, *_) = waive(small, TODAY)
    path = check_data(small, RULES).waivers.path
    later = dataclasses.replace(entry, id="W1", key="140225000000009999", date=TODAY + timedelta(days=400))
    change_waivers(path, add=[later])
    (listed,) = findings_of_rule(check_data(small, RULES).report, "RUN902")
    assert (listed.case, str(listed.severity), listed.params["number"]) == ("not_yet", "INFO", "W1")


def test_findings_about_the_run_cannot_be_waived(small, profile):
    entries = waive(small, TODAY)
    path = check_data(small, RULES).waivers.path
    about = dataclasses.replace(
        entries[0], id="W2", rule=CODE, case="profile", role="", key="", related_role="", related_keys=(), lon=None,
        lat=None, area_m2=None, place_m=0.0, change_m2=0.0,
        figures={"profile": "浑源县", "code": "140224", "county": "140225"},
    )  # fmt: skip
    change_waivers(path, add=[about])
    other = profile(("140225", "140224"), ('"hunyuan"', '"shanxi"'))
    report = check_data(small, RULES, profile=other).report
    (wrong,) = findings_of_rule(report, CODE)
    assert wrong.state == "open" and report.summary["waived"] == len(entries)


def test_waivers_of_another_county_are_not_applied(small):
    waive(small, TODAY)
    path = check_data(small, RULES).waivers.path
    path.write_text(path.read_text(encoding="utf-8-sig").replace("140225", "140224"), encoding="utf-8-sig")
    report = check_data(small, RULES).report
    assert cases(report) == {"waivers"} and not report.summary["waived"]
    assert not findings_of_rule(report, "RUN903"), "told once, not row by row"


def sealed_edition(code="140225"):
    key = f"{code}000000000001"
    return {"STBHHX": table([box(0, 200, 700, 300)]).assign(BSM=key), "CZKFBJ": table([box(0, 600)]).assign(BSM=key)}


@pytest.mark.parametrize(("code", "expected"), [("140224", {"baseline"}), ("140225", set())])
def test_sealed_edition_of_another_county_is_reported(tmp_path, code, expected):
    source = write_gpkg(tmp_path / "plan.gpkg", {**sealed_edition(), "XZQX": layers()["XZQX"]})
    issued = write_gpkg(tmp_path / "issued.gpkg", sealed_edition(code))
    report = check_data(source, ("LAW017",), baseline=str(issued)).report
    assert cases(report) == expected
    assert (report.verdict is Verdict.INCOMPLETE) == bool(expected)


def test_copy_of_the_data_is_refused_as_sealed_edition(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", {**sealed_edition(), "XZQX": layers()["XZQX"]})
    copy = shutil.copy(source, tmp_path / "封库.gpkg")
    report = check_data(source, ("LAW017",), baseline=str(copy)).report
    assert cases(report) == {"baseline_copy"} and report.verdict is Verdict.INCOMPLETE


def test_rule_with_an_empty_sealed_edition_is_skipped(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", {**sealed_edition(), "XZQX": layers()["XZQX"]})
    empty = {role: frame.iloc[:0] for role, frame in sealed_edition().items()}
    issued = write_gpkg(tmp_path / "issued.gpkg", empty)
    report = check_data(source, ("LAW017",), baseline=str(issued)).report
    assert rule_outcome(report, "LAW017").outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("code", "expected"), [("140224", {"targets"}), ("140225", set())])
def test_tasks_for_townships_of_another_county_are_reported(small, tmp_path, code, expected):
    tasks = tmp_path / "tasks.csv"
    tasks.write_text(f"乡镇代码,乡镇名称,指标,数值,单位\n{code}100,永安镇,永久基本农田,0.1,公顷\n", encoding="utf-8")
    assert cases(check_data(small, RULES, targets=str(tasks)).report) == expected
