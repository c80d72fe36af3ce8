# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射 with QGIS layers."""
