# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS layers: names, roles, snapshots, values, CRS, symbols, and output tables."""
