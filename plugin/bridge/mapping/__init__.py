# SPDX-License-Identifier: GPL-2.0-or-later
"""Field mapping (字段映射) with QGIS layers."""
