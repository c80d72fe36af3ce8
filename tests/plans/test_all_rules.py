# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample under all rules: its defects, their consequences, declared properties, and nothing else."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from plugin.core.check import Options, check_plan
from plugin.paths import SAMPLE
from tests.county import SEED, make_county
from tests.county.write import write_geopackage
from tests.plans import golden

DECLARED = tomllib.loads((Path(__file__).parent / "whole_book.toml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.slow  # generates a county of the sample's size


@pytest.fixture(scope="module")
def sample():
    return golden.run_plan("whole")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Return the same county without defects."""
    folder = tmp_path_factory.mktemp("clean")
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    layers, _ = make_county(seed=SEED, defects=False)
    assert len(layers["DLTB"]) == truth["county"]["parcels"]
    write_geopackage(folder / "county.gpkg", layers)
    shutil.copy(SAMPLE / "centre.gpkg", folder)
    return check_plan(folder, Options(profile="hunyuan", rules=("all",))).report


def test_all_defects_are_found_as_by_the_default_rules(sample):
    default = {f.fingerprint for f in golden.run_plan("default").findings}
    assert default <= {f.fingerprint for f in sample.findings}


def test_other_findings_are_declared(sample, clean):
    planted = {one["rule"] for one in json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))["defects"]}
    lies_so = {f.fingerprint for f in clean.findings}
    default = {f.fingerprint for f in golden.run_plan("default").findings}
    others = [f for f in sample.findings if f.fingerprint not in default]
    natural = {f.code for f in others if f.fingerprint in lies_so}
    follows = {f.code for f in others if f.fingerprint not in lies_so}
    assert natural == DECLARED["natural"].keys(), [f"{f.code} {f.message}" for f in others if f.fingerprint in lies_so]
    assert follows == DECLARED["follows"].keys(), [
        f"{f.code} {f.message}" for f in others if f.fingerprint not in lies_so
    ]
    # Findings of a default rule do not depend on the other rules.
    assert not planted & (natural | follows)


def test_clean_county_has_only_declared_findings(clean):
    assert {f.code for f in clean.findings} == DECLARED["natural"].keys()
