# SPDX-License-Identifier: GPL-2.0-or-later
"""The clean county passes the whole rule book, whatever its size, wherever its places, however its layers are stored."""

from collections import Counter

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.model.rule import Severity, all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.standard import load_standard
from tests.county import make, make_county, templates
from tests.county.source import as_read
from tests.mutations import clean
from tests.mutations.mutation import CountyDraft, compare_reports

LINES = ("STBHHX", "YJJBNTBHTB", "YDYHGHFQ")


def wrong(report):
    return [f"{f.code} {f.severity} {f.message}" for f in report.findings if f.severity is not Severity.INFO]


def test_the_clean_county_passes_the_whole_rule_book(base):
    report = base("county").report
    outcomes = {r.code: str(r.outcome) for r in report.rules}
    assert outcomes.keys() == all_rules().keys()
    assert wrong(report) == []
    assert {code for code, one in outcomes.items() if one == "not_applicable"} == clean.ELSEWHERE.keys()
    assert [f"{r.code} {r.reason}" for r in report.rules if r.incomplete or r.outcome in ("skipped", "crashed")] == []
    assert report.verdict is Verdict.PASSED, report.summary


def test_layers_that_a_county_need_not_have_are_missed_by_no_rule(base, tmp_path):
    """The layers of the sample alone, and the historic buildings that the county's text counts."""
    county = base("county")
    draft = CountyDraft(county.county, county.options | {"scope": ""}, tmp_path)
    for role in draft.layers.keys() - {*templates.EDITIONS, "LSJZM", "LSJZD"}:
        draft.lose(role)
    report = draft.report()
    outcomes, before = ({r.code: str(r.outcome) for r in one.rules} for one in (report, county.report))
    changed = {code for code, one in outcomes.items() if one != before[code]}
    assert {outcomes[code] for code in changed} == {"not_applicable"} and len(changed) > 10
    assert wrong(report) == []
    # Figures that the county's text states and no layer gives any more keep the verdict from 通过.
    assert report.verdict is Verdict.CONDITIONAL
    assert {name.partition(".")[0] for name in report.summary["unconfirmed"]} == {"targets"}


@pytest.mark.parametrize(
    ("code", "roles", "silent"),
    [
        # Zones are a matter of projected coordinates.
        pytest.param(4490, None, {"GEO012"}, id="all in degrees"),
        pytest.param(4490, LINES, set(), id="three layers in degrees"),
        pytest.param(4547, None, set(), id="without zone number"),
    ],
)
def test_the_same_county_in_other_coordinates(base, tmp_path, code, roles, silent):
    county = base("county")
    draft = CountyDraft(county.county, county.options, tmp_path)
    for role in roles or draft.layers:
        draft.layers[role] = draft.layers[role].to_crs(code)
        draft.crs[role] = code
    report = draft.report()
    answer = compare_reports(report, county.report)
    assert (answer.found, answer.silent) == ({}, silent), answer.printed()
    assert report.verdict is Verdict.PASSED


@pytest.mark.slow
@pytest.mark.parametrize(("parcels", "seed"), [(400, 7), (600, 11)])
def test_other_counties_pass_too(tmp_path, parcels, seed):
    made = make(parcels, seed, full=True)
    report = CountyDraft(made, clean.options(made, tmp_path), tmp_path).report()
    assert wrong(report) == []
    assert report.verdict is Verdict.PASSED


@pytest.mark.slow
def test_planted_defects_are_found_in_a_whole_plan_as_in_the_sample(tmp_path):
    made = make(1200, full=True)
    options = clean.options(made, tmp_path)
    layers, truth = make_county(1200, full=True)
    default = check_plan(as_read(layers), Options(profile=options["profile"], rules=load_standard().rules)).report
    found, told = (
        Counter(codes) for codes in ((f.code for f in default.findings), (d["rule"] for d in truth["defects"]))
    )
    # In so small a county, some planted shapes move the sums of their layers, too.
    assert found - told == Counter({"ATT022": 3}) and not told - found
    assert len(truth["defects"]) >= 60
