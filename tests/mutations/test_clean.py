# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that counties without defects pass all rules, for any size and CRS."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.explanation import find_confirmable_items
from plugin.core.model.report import APPROVAL_DOUBT
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.standard import load_standard
from plugin.core.standard.profile.county_file import CountyConfirmation, compose_county, read_county
from plugin.core.standard.profile.load import SingleConfirmation
from plugin.core.standard.profile.resolved import read_county_form_choices
from tests.county import make_clean_county, make_county, templates
from tests.county.source import make_read_layers
from tests.mutations import clean
from tests.mutations.mutation import CountyDraft, compare_reports
from tests.parametrize import first_daily

REPROJECTED_LAYERS = ("STBHHX", "YJJBNTBHTB", "YDYHGHFQ")


def list_problems(report):
    return [f"{f.code} {f.severity} {f.message}" for f in report.findings if f.severity is not Severity.INFO]


def assert_only_approvals_are_open(report):
    """Assert that nothing but notes without the document of their approval prevents the verdict 通过."""
    assert report.summary["unconfirmed"] == [APPROVAL_DOUBT], report.summary
    assert report.verdict is Verdict.CONDITIONAL
    assert clean.mark_approvals_as_stated(report).verdict is Verdict.PASSED


def test_county_without_defects_passes_every_rule(base):
    report = base("county").report
    outcomes = {r.code: str(r.outcome) for r in report.rules}
    assert outcomes.keys() == load_all_rules().keys()
    assert list_problems(report) == []
    assert {code for code, one in outcomes.items() if one == "not_applicable"} == clean.RULES_THAT_DO_NOT_APPLY.keys()
    assert [f"{r.code} {r.reason}" for r in report.rules if r.incomplete or r.outcome in ("skipped", "crashed")] == []
    assert_only_approvals_are_open(report)


def test_deciding_settings_confirmed_singly_and_the_rest_together_pass_and_one_that_lacks_prevents_it(base, tmp_path):
    county, path = base("county"), tmp_path / "县.profile.toml"
    text = Path(county.options["profile"]).read_text(encoding="utf-8")
    norm = RunOptions(profile=county.options["profile"]).resolve_norm()
    unconfirmed, deciding = {*find_confirmable_items(norm)}, read_county_form_choices().deciding
    # The check runs all rules, and so uses settings that the form of a county does not ask for.
    others = tuple(sorted(({*norm.standard.marks} | unconfirmed | {*norm.standard.citations}) - {*deciding}))
    values = {item: value for item in others if (value := norm.find_value(item)) is not None}

    def check(*without):
        singly = {
            item: SingleConfirmation("局", "文", "2026-11-01", norm.find_value(item))
            for item in deciding
            if item not in without
        }
        confirmation = CountyConfirmation("局", "文", "2026-11-01", others, values, singly)
        settings = replace(read_county(Path("县.toml"), text), confirmation=confirmation)
        path.write_text(compose_county(settings, path, text), encoding="utf-8")
        return CountyDraft(county.county, county.options | {"profile": str(path)}, tmp_path).report()

    assert_only_approvals_are_open(check())
    assert set(check("tolerance").summary["unconfirmed"]) == {"tolerance", APPROVAL_DOUBT}


def test_removing_optional_layers_makes_rules_not_applicable_and_none_fail(base, tmp_path):
    """Keep only the layers of the sample and the historic buildings."""
    county = base("county")
    draft = CountyDraft(county.county, county.options | {"scope": ""}, tmp_path)
    for role in draft.layers.keys() - {*templates.STANDARD_BY_LAYER, "LSJZM", "LSJZD"}:
        draft.remove_layer(role)
    report = draft.report()
    outcomes, before = ({r.code: str(r.outcome) for r in one.rules} for one in (report, county.report))
    changed = {code for code, one in outcomes.items() if one != before[code]}
    # The county's natural forest in zones of fields, a remark, is removed with its layer.
    assert {code for code in changed if outcomes[code] == "passed"} == {"REL040"} and len(changed) > 10
    assert {outcomes[code] for code in changed - {"REL040"}} == {"not_applicable"}
    assert list_problems(report) == []
    # Stated figures without a layer prevent the verdict 通过.
    assert report.verdict is Verdict.CONDITIONAL
    assert {name.partition(".")[0] for name in report.summary["unconfirmed"]} == {"targets", APPROVAL_DOUBT}


@pytest.mark.parametrize(
    ("code", "roles", "silent"),
    first_daily(
        [
            # Zones exist only in projected coordinates.
            pytest.param(4490, None, {"GEO012"}, id="all in degrees"),
            pytest.param(4490, REPROJECTED_LAYERS, set(), id="three layers in degrees"),
            pytest.param(4547, None, set(), id="without zone number"),
        ]
    ),
)
def test_county_without_defects_passes_in_another_coordinate_system(base, tmp_path, code, roles, silent):
    county = base("county")
    draft = CountyDraft(county.county, county.options, tmp_path)
    for role in roles or draft.layers:
        draft.layers[role] = draft.layers[role].to_crs(code)
        draft.crs[role] = code
    report = draft.report()
    answer = compare_reports(report, county.report)
    assert (answer.found, answer.silent) == ({}, silent), answer.printed()
    assert_only_approvals_are_open(report)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(("parcels", "seed"), [(400, 7), (600, 11)])
def test_generated_counties_of_other_sizes_and_random_seeds_pass_every_rule(tmp_path, parcels, seed):
    made = make_clean_county(parcels, seed, full=True)
    report = CountyDraft(made, clean.write_check_inputs(made, tmp_path), tmp_path).report()
    assert list_problems(report) == []
    assert_only_approvals_are_open(report)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_defect_of_the_truth_file_is_also_found_in_a_generated_county_with_all_layers(tmp_path):
    options = clean.write_check_inputs(make_clean_county(1200, full=True), tmp_path)
    layers, truth = make_county(1200, full=True)
    default = check_plan(
        make_read_layers(layers), RunOptions(profile=options["profile"], rules=load_standard().rules)
    ).report
    found, listed = (
        Counter(codes) for codes in ((f.code for f in default.findings), (d["rule"] for d in truth["defects"]))
    )
    # In a small county some defects change the sums of their layers too; its profile replaces targets of its base.
    assert found - listed == Counter({"ATT022": 3, "LAW005": 10}) and not listed - found
    assert len(truth["defects"]) >= 60
