# SPDX-License-Identifier: GPL-2.0-or-later
"""A few damaged files and failed calls in the daily suite; ``make fuzz`` has thousands for every reader and writer."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.failing_calls import IS_SUPPORTED


def run_fuzz(folder, *arguments):
    """Run the command in a process without threads, as it forks; return what it prints, fail if it finds something."""
    command = [sys.executable, "-m", "tests.fuzz", "--folder", str(folder), *arguments]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_few_damaged_files_of_fixed_seeds_are_read_or_refused_without_symptoms(tmp_path):
    readers = ["vct", "points_txt", "points_csv", "mapping", "package_form", "old_profile"]
    assert "36 inputs" in run_fuzz(tmp_path / "a", "--count", "30", "--readers", *readers)


@pytest.mark.skipif(not IS_SUPPORTED, reason="the filter of calls is Linux's on x86_64")
def test_a_few_writers_of_which_a_call_fails_lose_nothing(tmp_path):
    writers = ["waivers", "county", "ledger", "to_points"]
    assert "60 failed calls" in run_fuzz(tmp_path / "a", "--count", "60", "--writers", *writers)
