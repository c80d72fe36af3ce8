# SPDX-License-Identifier: GPL-2.0-or-later
"""Libraries that the plugin's zip contains (docs/adr/052-libraries-in-the-zip.md)."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ....paths import LIBRARIES_FOLDER


def import_zipped_library(name: str) -> Any:
    """Return a package that the zip contains; one that QGIS's Python has goes first.

    Raises
    ------
    ImportError
        In a checkout whose Python lacks it, because only the zip has copies.
    """
    if str(LIBRARIES_FOLDER) not in sys.path:
        sys.path.append(str(LIBRARIES_FOLDER))
    return importlib.import_module(name)
