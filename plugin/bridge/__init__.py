# SPDX-License-Identifier: GPL-2.0-or-later
"""Connection of QGIS and the core: layers, results, settings, texts. No widgets."""
