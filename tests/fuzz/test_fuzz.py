# SPDX-License-Identifier: GPL-2.0-or-later
"""A few damaged files in the daily suite; ``make fuzz`` has thousands for every reader."""

import subprocess
import sys
from pathlib import Path


def test_a_few_damaged_files_of_fixed_seeds_are_read_or_refused_without_symptoms(tmp_path):
    """In a process without threads, as it forks."""
    readers = ["vct", "points_txt", "points_csv", "mapping", "package_form", "old_profile"]
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "--count",
        "30",
        "--folder",
        str(tmp_path / "a"),
        "--readers",
        *readers,
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0 and "36 inputs" in done.stdout, done.stdout + done.stderr
