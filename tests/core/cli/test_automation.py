# SPDX-License-Identifier: GPL-2.0-or-later
"""Options for programs: the outcome of a run as JSON, and trial runs that leave no file."""

import json

import jsonschema
import pytest

from plugin.core.__main__ import main
from plugin.core.cli.automation import DRY_RUN, JSON_OF_RUN, OUTPUT_ARGUMENTS
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.cli.test_cli import write_two_layers
from tests.core.cli.test_worklist_command import write_report
from tests.options import read_commands

SCHEMA = json.loads((REPORT_TEMPLATES_FOLDER / "run.schema.json").read_text(encoding="utf-8"))


def list_files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("options", [pytest.param(set(options), id=name) for name, options in read_commands().items()])
def test_every_command_has_json_and_where_it_writes_a_trial_run(options):
    assert options & {"json", JSON_OF_RUN}
    writes = options & OUTPUT_ARGUMENTS - {JSON_OF_RUN}
    assert bool(options & {DRY_RUN, "dry_run"}) == bool(writes), writes


@pytest.fixture
def source(tmp_path):
    return write_two_layers(tmp_path / "规划 数据" / "冲突.gpkg", 90.0)


def run(capsys, *arguments):
    """Run a command with ``--json -``; return its exit code and its outcome, which the schema accepts."""
    exit_code = main([*map(str, arguments), "--json", "-"])
    outcome = json.loads(capsys.readouterr().out)
    jsonschema.validate(outcome, SCHEMA)
    return exit_code, outcome


def test_trial_run_names_the_files_of_a_real_run_and_leaves_none(source, tmp_path, capsys):
    target, table = tmp_path / "换带.gpkg", tmp_path / "换带.csv"
    command = ("zone", source, target, "--number", "strip", "--table", table)
    before = list_files(tmp_path)
    trial_code, trial = run(capsys, *command, "--dry-run")
    assert list_files(tmp_path) == before
    exit_code, real = run(capsys, *command)
    assert target.exists() and table.exists()
    assert (trial_code, trial["written"]) == (exit_code, real["written"]) and str(target) in real["written"]
    assert trial["lines"][:-1] == real["lines"] and "均未写出" in trial["lines"][-1]["text"]
    assert trial["dry_run"] and not real["dry_run"]


def test_trial_run_treats_an_existing_target_as_a_real_run_does(source, tmp_path, capsys):
    folder = tmp_path / "成果包"
    folder.mkdir()
    (folder / "别人的文件.txt").write_text("保留", encoding="utf-8")
    before = list_files(tmp_path)
    codes_and_lines = [
        (code, [line["text"] for line in outcome["lines"][:1]])
        for code, outcome in (run(capsys, "package", source, folder, *flags) for flags in (["--dry-run"], []))
    ]
    assert codes_and_lines[0] == codes_and_lines[1] and codes_and_lines[0][0] != 0
    assert list_files(tmp_path) == before


def test_trial_run_leaves_a_file_that_is_changed_in_place(tmp_path, capsys):
    path, report = tmp_path / "县.worklist.csv", write_report(tmp_path / "r.json", [1, 2])
    code, outcome = run(capsys, "worklist", "update", path, report, "--dry-run")
    assert not path.exists() and str(path) in outcome["written"]
    assert run(capsys, "worklist", "update", path, report)[0] == code and path.exists()
    before = path.read_bytes()
    run(capsys, "worklist", "update", path, write_report(tmp_path / "s.json", [3]), "--dry-run")
    assert path.read_bytes() == before


def test_trial_run_refuses_an_output_that_is_the_input(source, capsys):
    before = source.read_bytes()
    code, outcome = run(capsys, "zone", source, source, "--number", "strip", "--dry-run")
    assert code == 2 and source.name in outcome["lines"][-1]["text"] and source.read_bytes() == before


def test_outcome_of_a_command_that_cannot_run_has_the_reason(tmp_path, capsys):
    target = tmp_path / "运行.json"
    assert main(["zone", str(tmp_path / "没有.gpkg"), str(tmp_path / "新.gpkg"), "--json", str(target)]) == 2
    outcome = json.loads(target.read_text(encoding="utf-8"))
    jsonschema.validate(outcome, SCHEMA)
    assert outcome["exit_code"] == 2 and outcome["lines"][-1]["level"] == "warning" and outcome["written"] == []
    assert outcome["lines"][-1]["text"] in capsys.readouterr().err


def test_outcome_that_cannot_be_written_ends_the_run_with_its_name(tmp_path, capsys):
    (tmp_path / "运行.json").mkdir()
    assert main(["rules", "--csv", str(tmp_path / "a.csv"), "--json", str(tmp_path / "运行.json")]) == 2
    assert str(tmp_path / "运行.json") in capsys.readouterr().err and (tmp_path / "a.csv").exists()
