# SPDX-License-Identifier: GPL-2.0-or-later
"""The public test set: its answers agree with the plugin's reports, and its program names what is wrong in findings."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pyogrio
import pytest

from plugin.core.model.rule import load_all_rules
from plugin.paths import PLUGIN_ROOT
from tests.core.package.test_honest_mistakes import MISTAKES
from tests.mutations.mutation import load_all_mutations
from tests.testset import cases as made
from tests.testset.judge import count_results, judge
from tests.testset.scores import check_cases, map_codes, score_tools

CASE = "layer-overlap/fail-crossing"


@pytest.fixture(scope="module")
def small_set(tmp_path_factory):
    """Return folder and findings of the plugin on a test set of some examples and pieces of files."""
    folder = tmp_path_factory.mktemp("set")
    rules = [load_all_rules()[code] for code in ("TOP001", "REL001")]
    answers = made.write_answers(folder, [*made.write_example_cases(folder, rules), *made.write_piece_cases(folder)])
    kinds = [{"kind": code, "means": kind} for code, meant in map_codes(answers).items() for kind in meant]
    pd.DataFrame(kinds).to_csv(folder / "kinds.csv", index=False)
    return folder, check_cases(answers, folder, folder / "reports")


@pytest.mark.parametrize(
    ("suffix", "change", "code", "printed"),
    [
        (".csv", {}, 0, "21 例 cases"),
        (".geojson", {}, 0, "21 例 cases"),
        (".gpkg", {}, 0, "21 例 cases"),
        (".csv", None, 1, f"{CASE}: 漏报 missed"),
        (".csv", {"area_m2": 1002.0}, 1, f"{CASE}: 不一致 differs: areas (m2): [1000.0] expected, [1002.0] found"),
        (
            ".geojson",
            {"area_m2": None},
            1,
            f"{CASE}: 不一致 differs: areas (m2): [1000.0] expected, [] found",
        ),
        (".csv", {"key": "1"}, 1, f"{CASE}: 不一致 differs: rows: "),
        (".csv", {"case": "layer-overlap/pass-touch-only"}, 1, "layer-overlap/pass-touch-only: 误报 false alarm"),
        (".csv", {"case": "none"}, 2, "KeyError('none')"),
    ],
)
def test_program_without_libraries_names_what_is_wrong_in_findings(small_set, suffix, change, code, printed):
    """Judge the plugin's findings: as they are, and with the only finding on a case lost or changed."""
    folder, findings = small_set
    findings = [
        {**f, **(change or {})} if f["case"] == CASE else f for f in findings if f["case"] != CASE or change is not None
    ]
    path, table = folder / f"findings{suffix}", pd.DataFrame(findings)
    table.to_csv(path, index=False) if suffix == ".csv" else pyogrio.write_dataframe(table, path)
    command = [sys.executable, "-I", "-S", folder / "judge.py", path, "--kinds", folder / "kinds.csv"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == code and printed in done.stdout + done.stderr, done.stdout + done.stderr


def test_example_with_a_declared_area_that_no_piece_has_is_refused(tmp_path):
    rule = load_all_rules()["TOP001"]
    wrong = replace(rule, fails=[replace(rule.fails[0], areas=(999.0,))])
    with pytest.raises(ValueError, match=r"no piece of 999\.0"):
        list(made.write_example_cases(tmp_path, [wrong]))


def test_planted_defects_and_mistakes_in_packages_are_right_cases(tmp_path):
    planted = [one for one in load_all_mutations() if one.name == "TOP001-parcel_that_overlaps_its_neighbour"]
    mistakes = {name: MISTAKES[name] for name in ("an empty text", "a link")}
    cases = [*made.write_mutation_cases(tmp_path, planted), *made.write_package_cases(tmp_path, mistakes)]
    answers = made.write_answers(tmp_path, cases)
    judged = judge(cases, check_cases(answers, tmp_path, tmp_path / "reports"), map_codes(answers))
    counts = count_results(judged)
    assert (counts["right"], counts["fail"], counts["silent"], counts["pass"]) == (2, 2, 8, 8), judged


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not os.environ.get("SANXIAN_QGIS", "").startswith("3.40"), reason="scores are those of QGIS 3.40")
def test_whole_test_set_is_small_and_tools_have_their_published_scores(tmp_path):
    made.write_test_set(tmp_path / "made")
    archive = shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "made")
    shutil.unpack_archive(archive, tmp_path / "set")
    answers = json.loads((tmp_path / "set" / "expected.json").read_text("utf-8"))
    packages = {case["data"] for case in answers["cases"] if case["source"] == "package"}
    assert len(answers["cases"]) >= 600 and len(packages) >= 20 and os.path.getsize(archive) <= 10_000_000
    published = (PLUGIN_ROOT / "docs" / "testset.md").read_text("utf-8").splitlines()
    assert [row for row in score_tools(answers, tmp_path / "set", tmp_path / "scores") if row not in published] == []
