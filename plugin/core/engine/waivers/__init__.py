# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers (豁免): accepted findings, stored in a file next to the data.

A waiver has reason, document, author and expiry.

Imports neither QGIS nor any GIS library.
"""

#: The suffix of a waiver file, after the name of the data.
WAIVER_SUFFIX = ".waivers.csv"
