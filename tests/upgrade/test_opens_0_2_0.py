# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that files of the development version 0.2.0-dev (0.2.0-dev/README.md) are read with all values."""

import json
import shutil
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.report import Report
from plugin.core.render.outputs import dump_json
from plugin.core.render.worklist.worklist_row import read_worklist
from plugin.core.standard.profile import find_profile_problems, load_profile
from tests.upgrade.test_opens_0_1_0 import count_findings_by_waiver, list_lost_values, read_csv_rows

FILES_OF_0_2_0 = Path(__file__).parent / "0.2.0-dev"


@pytest.fixture
def county(tmp_path):
    """Return a folder with the county, its profile, waivers and work list."""
    with zipfile.ZipFile(FILES_OF_0_2_0 / "project.zip") as archive:
        archive.extractall(tmp_path)
    for name in ("county.waivers.csv", "county.worklist.csv", "part.worklist.xlsx"):
        shutil.copyfile(FILES_OF_0_2_0 / name, tmp_path / name)
    return tmp_path


def list_work(path):
    return {key: (str(one.state), one.assignee, one.note) for key, one in read_worklist(path).items.items()}


def test_each_waiver_of_version_0_2_0_still_matches_one_finding_and_the_report_loses_nothing(county):
    report = check_plan(county / "county.gpkg", RunOptions(profile=str(county / "county.profile.toml"))).report
    ids = [row["编号"] for row in read_csv_rows(county / "county.waivers.csv")]
    assert dict(count_findings_by_waiver(report)) == dict.fromkeys(ids, 1) and len(ids) == 16
    assert [f.message for f in report.findings if f.code == "RUN903"] == []
    old_data = json.loads((FILES_OF_0_2_0 / "report.json").read_text(encoding="utf-8"))
    assert list_lost_values(old_data, json.loads(dump_json(Report.from_dict(old_data).to_dict()))) == []


def test_work_list_of_version_0_2_0_keeps_its_rows_in_a_new_check_and_takes_a_part_back(county):
    path, report = county / "county.worklist.csv", county / "r.json"
    rows = {row["fingerprint"]: (row["state"], row["assignee"], row["note"]) for row in read_csv_rows(path)}
    assert list_work(path) == rows and {state for state, _, _ in rows.values()} == {"待处理", "误报", "豁免"}
    assert sorted(assignee for _, assignee, _ in rows.values() if assignee) == ["乙组", "甲组", "甲组"]
    command = ["check", str(county / "county.gpkg"), "--profile", str(county / "county.profile.toml")]
    main([*command, "--json", str(report)])
    main(["worklist", "update", str(path), str(report)])
    # The check in the desktop was without this profile: what only that one found is closed.
    checked = list_work(path)
    assert {key: row for key, row in checked.items() if row[0] != "已改"}.items() <= rows.items()
    assert {key: row[1:] for key, row in checked.items()} == {key: row[1:] for key, row in rows.items()}
    assert len(rows) - sum(row[0] == "已改" for row in checked.values()) == 27
    part = county / "part.worklist.xlsx"
    book = openpyxl.load_workbook(part)
    heads = [cell.value for cell in book.active[1]]
    (row,) = [one for one in book.active.iter_rows(min_row=2) if one[heads.index("备注")].value == "已约周五"]
    row[heads.index("状态")].value = "误报"
    book.save(part)
    assert main(["worklist", "merge", str(path), str(part)]) == 0
    changed = {key: row for key, row in list_work(path).items() if row != checked[key]}
    assert list(changed.values()) == [("误报", "甲组", "已约周五")]


def test_county_profile_of_version_0_2_0_is_read():
    path = FILES_OF_0_2_0 / "county.profile.toml"
    assert [str(problem) for problem in find_profile_problems(path)] == []
    old_data, profile = tomllib.loads(path.read_text(encoding="utf-8")), load_profile(path)
    assert profile.severity["REL001"] == old_data["severity"]["REL001"]
    assert profile.confirmed == set(old_data["confirmed"]["items"])
    assert profile.confirmed_by["document"] == old_data["confirmed"]["document"]
    assert {key: getattr(profile.document_info, key) for key in old_data["document"]} == old_data["document"]
    assert [one.code for one in profile.checks if one.code.startswith("Xx")] == [old_data["check"][0]["code"]]
