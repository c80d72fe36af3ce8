# SPDX-License-Identifier: GPL-2.0-or-later
"""A batch that is killed while its new summary replaces the former one."""

import os
import signal
import sys

import pytest

from plugin.core.counties.model import STAGING_FOLDER, SUMMARY_FILES, BatchOptions
from plugin.core.counties.run import check_counties, check_in_sequence
from plugin.core.options import RunOptions
from tests.core.counties.county_files import (
    RULES,
    list_files,
    read_cells_without_run,
    read_json_files,
    write_county,
)

#: Each file of the summary leaves for the former ones, then each arrives.
MOVES = 2 * len(SUMMARY_FILES)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Check two counties, one of them damaged; return the options of a run that only writes the summary."""
    folder = tmp_path_factory.mktemp("大同 市")
    whole = write_county(folder / "数据" / "140213平城区.gpkg", "140213", 0).read_bytes()
    (folder / "数据" / "140226左云县.gpkg").write_bytes(whole[: len(whole) // 3])
    options = BatchOptions(
        folder / "数据", folder / "结果", RunOptions(rules=RULES), forms=("xlsx",), only_changed=True
    )
    check_counties(options, check_in_sequence)
    return options


def run_and_kill(options, move):
    """Run a batch in a process that is killed before a move of a file of the summary; return its signal."""
    child = os.fork()
    if child == 0:
        count = 0

        def count_moves(event, arguments):
            nonlocal count
            if event == "os.rename" and any(STAGING_FOLDER in str(path) for path in arguments[:2]):
                count += 1
                if count == move:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count_moves)
        try:
            check_counties(options, check_in_sequence)
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork processes")
def test_a_batch_that_is_killed_while_its_summary_is_replaced_is_resumed_to_equal_results(finished, tmp_path):
    output = finished.output
    expected = read_json_files(output), read_cells_without_run(output), set(list_files(output))
    reports = {path: path.stat().st_mtime_ns for path in (output / "counties").rglob("*.*")}
    found_counts = []
    for move in (1, MOVES // 2, MOVES // 2 + 1, MOVES // 2 + 2, MOVES):
        assert run_and_kill(finished, move) == signal.SIGKILL
        found_counts.append(sum((output / name).exists() for name in SUMMARY_FILES))
        assert [path.name for path in output.glob(f"{STAGING_FOLDER}*")]
        result = check_counties(finished, check_in_sequence)
        assert result.summary.new_names == frozenset()
        assert (read_json_files(output), read_cells_without_run(output), set(list_files(output))) == expected
        assert {path: path.stat().st_mtime_ns for path in (output / "counties").rglob("*.*")} == reports
    # The kills were where they should be: before the first move, between both halves, before the last one.
    assert found_counts == [4, 1, 0, 1, 3]
    # A run that is not killed has no other moves.
    assert run_and_kill(finished, MOVES + 1) == 0
