# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for tests in the real QGIS desktop.

QGIS runs on a virtual screen with a new profile and loads the plugin like any other plugin.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.desktop import start

DESKTOP_TESTS = Path(__file__).resolve().parent
ROOT = DESKTOP_TESTS.parents[1]
SCREENSHOTS = ROOT / "build" / "screenshots"

#: Files whose scripts `make test` runs: the plugin loads, with and without its libraries, and a county is planned and
#: handed in. Each script starts QGIS; scripts of the other files run in `make test-all`.
DAILY_FILES = {"test_desktop.py", "test_everyday.py", "test_fixing.py", "test_new_county.py"}

MISSING_PROGRAMS = [program for program in start.NEEDED if shutil.which(program) is None]


def pytest_collection_modifyitems(items):
    for item in items:
        if DESKTOP_TESTS in item.path.parents:
            item.add_marker("desktop")
            item.add_marker("slow")
            item.add_marker("qgis")
            if item.path.name not in DAILY_FILES:
                item.add_marker("exhaustive")
            if MISSING_PROGRAMS and not os.environ.get("SANXIAN_REQUIRE_QGIS"):
                item.add_marker(
                    pytest.mark.skip(reason=f"not installed: {', '.join(MISSING_PROGRAMS)}; run `make setup`")
                )


@pytest.fixture(scope="session")
def desktop(tmp_path_factory):
    """Return a function that runs a script of this folder inside QGIS.

    `desktop("tour")` runs tests/desktop/tour.py. It returns the facts (a dictionary) that the script recorded.
    """

    def run(script, **options):
        try:
            return start.run(script, tmp_path_factory.mktemp(script), SCREENSHOTS, **options)
        except start.DesktopError as error:
            pytest.fail(str(error), pytrace=False)

    return run
