# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless reading of layers by pyogrio, from files and folders.

Formats: GeoPackage, FileGDB, shapefile, GeoJSON, or a folder of them. `source` finds the files, `file` reads the layers
of one, `rows` reads a layer's rows and arcs. `core.files.open_datasource` opens packed, locked, wrongly encoded and
incomplete files.
"""

from .file import ERRORS
from .source import read_source

__all__ = ["ERRORS", "read_source"]
