# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers (豁免): accepted findings, stored in a file next to the data.

A waiver has reason, document, author and expiry.

Imports neither QGIS nor any GIS library.
"""

from pathlib import Path

from ...base.files import make_path_next_to_data

#: The suffix of a waiver file, after the name of the data.
WAIVER_SUFFIX = ".waivers.csv"


def make_default_waiver_path(source: str | Path) -> Path:
    """Return the path of the waiver file for a data file or folder: ``county.gpkg`` → ``county.waivers.csv``."""
    return make_path_next_to_data(source, WAIVER_SUFFIX)
