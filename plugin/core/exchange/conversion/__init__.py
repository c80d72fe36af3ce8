# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert data in a copy: new keys (标识码), another CRS zone (带号)."""
