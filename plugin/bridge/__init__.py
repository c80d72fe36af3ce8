# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS ⇄ core: layers, results, settings, words. No widgets."""
