# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin in a QGIS without a library that its modules import."""

import subprocess
import sys

import pytest

from plugin.start import LIBRARIES_AT_START

SCRIPT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
from qgis.core import QgsApplication
from plugin.start import plugin
app = QgsApplication([], True)
shown = plugin(None)
shown.initGui()
print(type(shown).__name__, shown.make_message())
"""


@pytest.mark.parametrize("missing", [("pyproj",), (*LIBRARIES_AT_START, "pandas", "geopandas", "pyogrio")])
def test_plugin_without_a_library_shows_its_name_and_how_to_install_it(missing):
    command = [sys.executable, "-c", SCRIPT.format(missing=missing)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    named = [name for name in LIBRARIES_AT_START if name in missing]
    assert done.stdout.startswith("UnusablePlugin") and ", ".join(named) in done.stdout and "geopandas" in done.stdout
