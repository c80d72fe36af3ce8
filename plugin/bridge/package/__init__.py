# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages (成果包): export, preview and inspection from QGIS."""
