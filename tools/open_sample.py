# SPDX-License-Identifier: GPL-2.0-or-later
"""Startup script of QGIS for trying out the plugin: open the sample county."""

from qgis.utils import plugins

plugins["sanxian"].open_sample()
