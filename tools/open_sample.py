# SPDX-License-Identifier: GPL-2.0-or-later
"""Startup script of the QGIS desktop: 打开示例县, as in the menu."""

from qgis.utils import plugins

plugins["sanxian"].open_sample()
