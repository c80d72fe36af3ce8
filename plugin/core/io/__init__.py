# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless reading of layers, by pyogrio: a GeoPackage, FileGDB, shapefile, GeoJSON, or a folder of them.

`source` finds the files, `file` goes through the layers of one, `rows` reads a layer's rows and sees to arcs. Packed, locked, wrongly encoded and half copied files are opened by `core.files.open_datasource`.
"""

from .file import ERRORS
from .source import read_source

__all__ = ["ERRORS", "read_source"]
