# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows, panels, dialogs and menus of the plugin in QGIS."""
