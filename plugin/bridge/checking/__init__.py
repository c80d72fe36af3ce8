# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of QGIS layers, complete and live; findings layer, figures, versions."""
