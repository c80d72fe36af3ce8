# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS layers: names, roles, snapshots, values, coordinate systems, symbols, and tables as layers."""
