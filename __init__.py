# SPDX-License-Identifier: GPL-2.0-or-later
"""三区三线规划助手 · Sanxian. Imports nothing until QGIS calls `classFactory`, so the core runs without QGIS."""


def classFactory(iface):
    from .plugin.start import plugin

    return plugin(iface)
