# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithms that split and merge a work list."""

from dataclasses import replace
from datetime import datetime

import pytest
from qgis.core import QgsProcessingException

from plugin.core.render.worklist.part_workbook import write_part
from plugin.core.render.worklist.worklist_row import WorkEdit, WorkItem, change_worklist, edit_items, read_worklist
from tests.qgis.helpers import Log, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")
NOW = datetime(2026, 11, 20, 14, 32)


def make_list(path):
    items = [WorkItem(f"f{n}", "REL002", township=("永安镇", "蔡村镇")[n % 2]) for n in range(4)]
    change_worklist(path, lambda worklist: worklist.replace_items(items))


def edit(path, fingerprint, note):
    change_worklist(path, lambda w: w.replace_items(edit_items([w.items[fingerprint]], WorkEdit(note=note), "王", NOW)))


def test_list_is_split_by_township_and_merged_with_a_conflict_that_is_then_chosen(tmp_path):
    path, folder, table = tmp_path / "a.worklist.csv", tmp_path / "parts", tmp_path / "conflicts.csv"
    make_list(path)
    result = run_algorithm("split_worklist", {"INPUT": str(path), "BY": "township", "OUTPUT": str(folder)})
    assert (result["PARTS"], result["ROWS"]) == (2, 4)
    part = folder / "a.永安镇.worklist.xlsx"
    listed = read_worklist(part)
    write_part(part, listed.replace_items(replace(item, note="镇") for item in listed.items.values()))
    edit(path, "f2", "总")
    given = {"INPUT": str(path), "PARTS": [str(part)], "OUTPUT_TABLE": str(table)}
    feedback = Log()
    result = run_algorithm("merge_worklist", given, feedback)
    assert (result["TAKEN"], result["ADDED"], result["CONFLICTS"]) == (1, 0, 1)
    assert any("总" in line and "镇" in line for line in feedback.lines)
    assert read_worklist(path).items["f2"].note == "总"
    text = table.read_text(encoding="utf-8-sig")
    table.write_text("\ufeff" + text.replace("\n,f2", "\n来稿,f2"), encoding="utf-8")
    result = run_algorithm("merge_worklist", {"INPUT": str(path), "PARTS": [str(part)], "CHOICES": str(table)})
    assert result["CONFLICTS"] == 0 and read_worklist(path).items["f2"].note == "镇"


def test_missing_list_is_an_error(tmp_path):
    with pytest.raises(QgsProcessingException):
        run_algorithm("split_worklist", {"INPUT": str(tmp_path / "x.csv"), "OUTPUT": str(tmp_path / "p")})
