# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion between the templates and other formats.

Only this package imports osgeo, and only for writing.
"""
