# SPDX-License-Identifier: GPL-2.0-or-later
"""Check of the new database after a VCT import; it never undoes the import."""

import pyogrio
import pytest

from plugin.core.__main__ import main
from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import Cancelled, InputError
from plugin.core.exchange.vct.database import check_imported_plan, find_commonest_rules
from plugin.core.messages.texts import Texts
from plugin.paths import RESOURCES_FOLDER
from tests.core.vct_files import TWO_SQUARES_TEXT, write_vct_text

SAMPLE_COUNTY_FILE = RESOURCES_FOLDER / "sample" / "county.gpkg"


@pytest.fixture(scope="module")
def sample_vct(tmp_path_factory):
    path = tmp_path_factory.mktemp("vct") / "县.vct"
    assert main(["vct", str(SAMPLE_COUNTY_FILE), str(path)]) == 0
    return path


def test_vct_import_prints_the_check_verdict_and_the_most_frequent_rules(sample_vct, tmp_path, capsys):
    target = tmp_path / "县.gpkg"
    assert main(["vct", str(sample_vct), str(target), "--profile", "hunyuan"]) == 0
    report = check_plan(target, RunOptions(profile="hunyuan")).report
    printed = capsys.readouterr().out
    assert "不通过" in printed and f"错误 {report.summary['errors']}" in printed
    for code, count in find_commonest_rules(report):
        assert f"{code} " in printed and f"{count} 条" in printed
    assert "check_plan" in printed


def test_no_check_option_imports_a_vct_file_without_a_check(sample_vct, tmp_path, capsys):
    assert main(["vct", str(sample_vct), str(tmp_path / "a.gpkg"), "--no-check"]) == 0
    assert "结论" not in capsys.readouterr().out and len(pyogrio.list_layers(tmp_path / "a.gpkg")) == 9


def test_database_imported_from_vct_without_any_plan_layer_is_kept_and_its_check_called_incomplete(tmp_path, capsys):
    """Import a table that is not a layer of any plan."""
    vct, target = write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT.replace("YDYHGHFQ", "QTTC")), tmp_path / "a.gpkg"
    assert main(["vct", str(vct), str(target)]) == 0
    printed = capsys.readouterr().out
    assert "检查未完成" in printed and "QTTC" in printed and len(pyogrio.list_layers(target)) == 1


@pytest.mark.parametrize(
    ("error", "word"), [(Cancelled(), "取消"), (InputError("source_missing", source="a.gpkg"), "a.gpkg")]
)
def test_cancelled_or_failed_check_after_a_vct_import_gives_no_verdict_and_one_sentence_on_the_cause(error, word):
    def fail_check():
        raise error

    done = check_imported_plan(fail_check, Texts("zh"))
    assert done.verdict == "" and done.error_count == done.warning_count == 0
    assert len(done.summary_sentences) == 1 and word in done.summary_sentences[0]
