# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the sample county with all rules.

The findings are its defects, their consequences and declared properties.
"""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.rule import Severity
from plugin.paths import SAMPLE_FOLDER
from tests.county import SEED, make_county
from tests.county.write import write_geopackage
from tests.plans import golden

DECLARED_FINDINGS = tomllib.loads((Path(__file__).parent / "whole_book.toml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.slow  # generates a county of the sample's size


@pytest.fixture(scope="module")
def sample_report_of_all_rules():
    return golden.run_plan("whole")


@pytest.fixture(scope="module")
def clean_report_of_all_rules(tmp_path_factory):
    """Return the report of the same county without defects."""
    folder = tmp_path_factory.mktemp("clean")
    truth = json.loads((SAMPLE_FOLDER / "truth.json").read_text(encoding="utf-8"))
    layers, _ = make_county(seed=SEED, defects=False)
    assert len(layers["DLTB"]) == truth["county"]["parcels"]
    write_geopackage(folder / "county.gpkg", layers)
    shutil.copy(SAMPLE_FOLDER / "centre.gpkg", folder)
    return check_plan(folder, RunOptions(profile="hunyuan", rules=("all",))).report


def test_all_rules_on_the_sample_find_every_defect_that_the_default_rules_find(sample_report_of_all_rules):
    default = {f.fingerprint for f in golden.run_plan("default").findings}
    assert default <= {f.fingerprint for f in sample_report_of_all_rules.findings}


def test_rules_beyond_the_default_ones_find_in_the_sample_exactly_the_codes_in_whole_book_toml(
    sample_report_of_all_rules, clean_report_of_all_rules
):
    planted = {one["rule"] for one in json.loads((SAMPLE_FOLDER / "truth.json").read_text(encoding="utf-8"))["defects"]}
    lies_so = {f.fingerprint for f in clean_report_of_all_rules.findings}
    default = {f.fingerprint for f in golden.run_plan("default").findings}
    others = [f for f in sample_report_of_all_rules.findings if f.fingerprint not in default]
    natural = {f.code for f in others if f.fingerprint in lies_so}
    follows = {f.code for f in others if f.fingerprint not in lies_so}
    assert natural == DECLARED_FINDINGS["natural"].keys(), [
        f"{f.code} {f.message}" for f in others if f.fingerprint in lies_so
    ]
    assert follows == DECLARED_FINDINGS["follows"].keys(), [
        f"{f.code} {f.message}" for f in others if f.fingerprint not in lies_so
    ]
    # Findings of a default rule do not depend on the other rules.
    assert not planted & (natural | follows)


def test_all_rules_find_in_the_county_without_defects_exactly_the_natural_codes_in_whole_book_toml(
    clean_report_of_all_rules,
):
    hints = DECLARED_FINDINGS["natural_hints"].keys()
    findings = clean_report_of_all_rules.findings
    assert {f.code for f in findings} == DECLARED_FINDINGS["natural"].keys() | hints
    assert {f.severity for f in findings if f.code in hints} == {Severity.INFO}
