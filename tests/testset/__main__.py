# SPDX-License-Identifier: GPL-2.0-or-later
"""Build the test set as a zip in dist/."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pyogrio

from plugin.metadata import read_plugin_version
from plugin.paths import PLUGIN_ROOT
from tests.testset.cases import write_test_set

NAME = "sanxian-testset"
# Most files are small: a GeoPackage with pages of the usual size takes 100 kB.
pyogrio.set_gdal_config_options({"OGR_SQLITE_PRAGMA": "page_size=1024"})
with TemporaryDirectory() as scratch:
    answers = write_test_set(Path(scratch) / NAME)
    target = shutil.make_archive(str(PLUGIN_ROOT / f"dist/{NAME}-{read_plugin_version()}"), "zip", scratch, NAME)
print(f"{target}  {len(answers['cases'])} cases, {Path(target).stat().st_size / 1e6:.2f} MB")
