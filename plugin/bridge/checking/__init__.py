# SPDX-License-Identifier: GPL-2.0-or-later
"""Complete and live checks of QGIS layers, and layers and tables of their results."""
