# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader such as head closes the pipe: the requested files are written all the same."""

import json
import os
from contextlib import redirect_stdout

import pytest

from plugin.core.__main__ import main
from tests.core.adjustment.test_adjustment import MOVES, write_editions


def run_without_reader(*arguments):
    """Run a command that prints into a pipe without a reader; return its exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    # Line by line, so that the first line is refused.
    with open(writing, "w", buffering=1, encoding="utf-8") as pipe, redirect_stdout(pipe):
        return main([str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "数据"
    path.mkdir()
    return path


def test_adjustment_writes_all_files(folder):
    old, new = write_editions(folder, MOVES["in"][0])
    page, data, table = (folder / f"a.{suffix}" for suffix in ("html", "json", "xlsx"))
    run_without_reader("adjustment", old, new, "--html", page, "--json", data, "--xlsx", table)
    assert page.is_file() and table.is_file() and json.loads(data.read_text("utf-8"))["verdict"] == "fails"


def test_batch_checks_all_counties_and_writes_the_summary(folder):
    for name in ("140225浑源县", "140226左云县"):
        (folder / f"{name}.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    output = folder.parent / "结果"
    # The code is that of a run with a reader: no county could be read.
    assert run_without_reader("batch", folder, "--output", output) == 1
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert [row["state"] for row in summary["counties"]] == ["unread"] * 2
