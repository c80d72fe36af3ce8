# SPDX-License-Identifier: GPL-2.0-or-later
"""Run by the QGIS desktop at its start: 打开示例县, as in the menu."""

from qgis.utils import plugins

plugins["sanxian"].open_sample()
