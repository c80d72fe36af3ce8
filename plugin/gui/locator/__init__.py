# SPDX-License-Identifier: GPL-2.0-or-later
"""Search in QGIS's locator bar (定位栏, Ctrl+K): rules, findings, plan layers and features."""
