# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of QGIS layers: whole and live, their findings as a layer, figures and version comparison."""
