# SPDX-License-Identifier: GPL-2.0-or-later
"""Each call of the file system fails once while files are replaced; `tests.fuzz` does so with every writer."""

import errno
import os
import sys

import pytest

from plugin.core.base.errors import InputError, OutputError, SanxianError
from plugin.core.base.files.writing import (
    copy_path,
    name_refused_file,
    replace_if_unchanged,
    write_atomically,
    write_files,
    write_text,
)
from plugin.core.fixes.change_log import RowsToAppend, append_rows
from plugin.core.package.folder import replace_folder
from tests.core.package.test_replace_folder import write_package
from tests.core.small_plan import explain_error
from tests.fuzz.failing_calls import ERRORS, FILLING_CALLS, IS_SUPPORTED, run_with_failure
from tests.parametrize import first_daily

NEW, OLD = "新" * 999, "旧"
REFUSED = 3


def write_shapefile(folder):
    """Replace the parts of a shapefile, with a part that only the old one has."""
    with write_atomically(folder / "a.shp") as new:
        for suffix in (".shp", ".dbf", ".shx"):
            new.with_suffix(suffix).write_text(NEW, "utf-8")


def write_database(folder):
    """Replace a FileGDB, which is a folder."""
    (folder.parent / "source").mkdir(exist_ok=True)
    (folder.parent / "source/a.gdbtable").write_text(NEW, "utf-8")
    with write_atomically(folder / "a.gdb") as new:
        copy_path(folder.parent / "source", new)


def write_whole_package(folder):
    with replace_folder(folder / "包") as new:
        write_package(new, NEW)


def append_to_tables(folder):
    append_rows([RowsToAppend(folder / name, ("甲",), [(NEW,)], "changes_unreadable") for name in ("a.csv", "b.csv")])


#: What is replaced → names of the old files.
WRITERS = {
    lambda folder: write_text(folder / "a.txt", NEW): ("a.txt",),
    lambda folder: replace_if_unchanged(folder / "a.txt", OLD.encode(), NEW.encode()): ("a.txt",),
    lambda folder: write_files([(folder / name, lambda path: path.write_text(NEW, "utf-8")) for name in ("a", "b")], is_all_or_none=True): ("a", "b"),
    append_to_tables: (),
    write_shapefile: ("a.shp", "a.dbf", "a.shx", "a.qix"),
    write_database: ("a.gdb/a.gdbtable",),
    write_whole_package: (),
}  # fmt: skip


def read_all(folder):
    """Return path → content of all files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.skipif(not IS_SUPPORTED, reason="the filter of calls is Linux's on x86_64")
@pytest.mark.parametrize("has_old", first_daily([True, False]))
@pytest.mark.parametrize(("write", "old_names"), WRITERS.items(), ids=range(len(WRITERS)))
def test_former_or_new_files_are_whole_after_each_failed_call(tmp_path, write, old_names, has_old):
    def prepare(name):
        folder = tmp_path / name / "out"
        for old in ("", *old_names * has_old):
            (folder / old).parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(exist_ok=True) if not old else (folder / old).write_text(OLD, "utf-8")
        return folder

    def run(folder):
        try:
            write(folder)
        except SanxianError as error:
            print(explain_error(error), file=sys.stderr)
            return REFUSED if "out" in explain_error(error) else 1
        return 0

    # The forked processes have the texts then.
    explain_error(OutputError("output_is_folder", target="out"))
    former = read_all(prepare("former"))
    done = prepare("done")
    calls, code = run_with_failure(lambda: run(done), done.parent, lambda call: 0, ["out"])
    assert code == 0
    complete = read_all(done)
    cases = [(call, error, False) for call in dict.fromkeys(calls) for error in ERRORS[call.kind]]
    cases += [(call, errno.ENOSPC, True) for call in dict.fromkeys(calls) if call.kind in FILLING_CALLS]
    assert len(cases) > 10
    for number, (failing, error, is_lasting) in enumerate(cases):
        folder = prepare(str(number))
        seen = []

        def find_error(call, failing=failing, error=error, is_lasting=is_lasting, seen=seen):
            seen += [call] if call == failing else []
            return error if call == failing or (seen and is_lasting and call.kind in FILLING_CALLS) else 0

        _, code = run_with_failure(lambda folder=folder: run(folder), folder.parent, find_error, ["out"])
        assert code in (0, REFUSED), (failing, error)
        found = read_all(folder)
        kept = {name: content for name, content in found.items() if ".sanxian-" not in name}
        assert kept in ((complete,) if code == 0 else (former, complete)), (failing, error)
        if failing.kind not in ("remove", "list", "open", "stat") or is_lasting:
            assert [p.name for p in folder.rglob("*") if ".sanxian-" in p.name] == [], (failing, error)


def test_error_of_the_system_that_nothing_reports_names_the_file(tmp_path):
    with pytest.raises(InputError) as caught, name_refused_file():
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "甲.gpkg"))
    assert "甲.gpkg" in explain_error(caught.value)
    with pytest.raises(OSError, match="Connection"), name_refused_file():
        raise ConnectionError("Connection refused")


def test_error_of_a_writer_within_names_the_file_that_is_replaced(tmp_path):
    with pytest.raises(OutputError) as caught, write_atomically(tmp_path / "甲.xlsx") as new:
        new.mkdir()
        write_text(new, "x")
    assert caught.value.params["target"] == str(tmp_path / "甲.xlsx") and os.listdir(tmp_path) == []
