# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion between database templates and file formats: databases, xlsx, VCT.

Within the core, only this package imports osgeo, and only to write files.
"""
