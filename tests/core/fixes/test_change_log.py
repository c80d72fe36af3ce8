# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the change log: rows are appended, and another file stays as it is."""

import csv

import pytest

from plugin.core.errors import OutputError
from plugin.core.fixes.append_only import PreparedRows, RowsToAppend, append_rows
from plugin.core.fixes.change_log import CHANGE_LOG_COLUMNS, make_default_log_path

ROW = [f"值{n}" for n in range(len(CHANGE_LOG_COLUMNS))]


def append_log_rows(path, rows):
    append_rows([RowsToAppend(path, CHANGE_LOG_COLUMNS, rows, "changes_unreadable")])


def read_log_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle))


def test_change_log_rows_are_appended_below_its_heading(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    append_log_rows(path, [ROW, ["=1+1", *ROW[1:]]])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW, ROW, ["'=1+1", *ROW[1:]]]


def test_change_log_saved_in_gbk_by_a_spreadsheet_keeps_its_rows(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    path.write_bytes(path.read_text(encoding="utf-8-sig").rstrip("\r\n").encode("gb18030"))
    append_log_rows(path, [ROW])
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW, ROW]


@pytest.mark.parametrize("contents", [b"a,b,c\n1,2,3\n", b"PK\x03\x04", b"\x00\xff\xfe\x00\xff"])
def test_file_that_is_not_a_change_log_is_refused_and_unchanged(tmp_path, contents):
    path = tmp_path / "县.changes.csv"
    path.write_bytes(contents)
    with pytest.raises(OutputError) as refused:
        append_log_rows(path, [ROW])
    assert refused.value.key == "changes_unreadable" and path.read_bytes() == contents


def prepare_log_row(path):
    return PreparedRows([RowsToAppend(path, CHANGE_LOG_COLUMNS, [ROW], "changes_unreadable")])


def test_prepared_change_log_rows_are_written_to_the_log_only_when_they_are_committed(tmp_path):
    path = tmp_path / "县.changes.csv"
    prepared = prepare_log_row(path)
    assert not path.exists() and prepared.is_current
    prepared.commit()
    prepared.discard()
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW] and list(tmp_path.iterdir()) == [path]


def test_discarding_prepared_change_log_rows_leaves_the_log_and_its_folder_unchanged(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    before = path.read_bytes()
    prepare_log_row(path).discard()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_prepared_change_log_rows_are_not_current_after_other_rows_were_appended_to_the_log(tmp_path):
    path = tmp_path / "县.changes.csv"
    prepared = prepare_log_row(path)
    append_log_rows(path, [ROW])
    assert not prepared.is_current
    prepared.discard()
    assert len(read_log_rows(path)) == 2


def test_default_change_log_is_next_to_the_data(tmp_path):
    assert make_default_log_path(tmp_path / "a.gpkg") == tmp_path / "a.changes.csv"
    assert make_default_log_path(tmp_path) == tmp_path / f"{tmp_path.name}.changes.csv"
    (tmp_path / "b.gdb").mkdir()
    assert make_default_log_path(tmp_path / "b.gdb") == tmp_path / "b.changes.csv"
