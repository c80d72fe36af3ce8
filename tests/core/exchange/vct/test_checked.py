# SPDX-License-Identifier: GPL-2.0-or-later
"""After an import the database is checked; what the check says, or why there is none, never undoes the import."""

import pyogrio
import pytest

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.errors import Cancelled, InputError
from plugin.core.exchange.vct.database import check_imported, commonest_rules
from plugin.core.messages.texts import Texts
from plugin.paths import RESOURCES
from tests.core.vct_files import SQUARES, write_file
from tests.sample import sample_report

SAMPLE = RESOURCES / "sample" / "county.gpkg"


@pytest.fixture(scope="module")
def sample_vct(tmp_path_factory):
    path = tmp_path_factory.mktemp("vct") / "县.vct"
    assert main(["vct", str(SAMPLE), str(path)]) == 0
    return path


def test_an_import_prints_verdict_and_commonest_rules(sample_vct, tmp_path, capsys):
    target = tmp_path / "县.gpkg"
    assert main(["vct", str(sample_vct), str(target), "--profile", "hunyuan"]) == 0
    report = check_plan(target, Options(profile="hunyuan")).report
    said = capsys.readouterr().out
    assert "不通过" in said and f"错误 {report.summary['errors']}" in said
    for code, count in commonest_rules(report):
        assert f"{code} " in said and f"{count} 条" in said
    assert "check_plan" in said


def test_the_commonest_rules_are_those_with_most_findings(sample_vct):
    report = sample_report()
    most = commonest_rules(report)
    counts = sorted((rule.findings for rule in report.rules if rule.severity != "INFO"), reverse=True)
    assert len(most) == 3 and [count for _, count in most] == counts[:3]
    assert len(commonest_rules(report, 1)) == 1


def test_no_check_only_imports(sample_vct, tmp_path, capsys):
    assert main(["vct", str(sample_vct), str(tmp_path / "a.gpkg"), "--no-check"]) == 0
    assert "结论" not in capsys.readouterr().out and len(pyogrio.list_layers(tmp_path / "a.gpkg")) == 9


def test_a_database_that_cannot_be_checked_stays(tmp_path, capsys):
    """The table of the file is no layer of any plan."""
    vct, target = write_file(tmp_path / "a.vct", SQUARES.replace("YDYHGHFQ", "QTTC")), tmp_path / "a.gpkg"
    assert main(["vct", str(vct), str(target)]) == 0
    said = capsys.readouterr().out
    assert "检查未完成" in said and "QTTC" in said and len(pyogrio.list_layers(target)) == 1


@pytest.mark.parametrize(
    ("error", "word"), [(Cancelled(), "取消"), (InputError("source_missing", source="a.gpkg"), "a.gpkg")]
)
def test_what_stops_the_check_is_reported(error, word):
    def stopped():
        raise error

    done = check_imported(stopped, Texts("zh"))
    assert done.verdict == "" and done.errors == done.warnings == 0
    assert len(done.lines) == 1 and word in done.lines[0]


def test_the_summary_is_there_in_english(sample_vct):
    done = check_imported(lambda: check_plan(SAMPLE, Options(profile="hunyuan", lang="en")).report, Texts("en"))
    assert done.verdict == "fail" and done.errors > 0 and done.warnings > 0
    assert "Verdict" in done.lines[0] and "Most findings" in done.lines[1]
