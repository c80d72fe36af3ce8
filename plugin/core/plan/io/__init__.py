# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of layers from files and folders with pyogrio, without QGIS.

Formats: GeoPackage, FileGDB, shapefile, GeoJSON, or a folder of them. `source` lists the files, `file` reads the layers
of one file, `rows` the rows of one layer. `core.base.files.open_datasource` handles packed, locked, wrongly encoded and
incomplete files, and refuses content that names other files or a server.
"""

from .file import DRIVER_ERRORS
from .source import read_source

__all__ = ["DRIVER_ERRORS", "read_source"]
