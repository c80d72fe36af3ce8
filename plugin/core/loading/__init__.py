# SPDX-License-Identifier: GPL-2.0-or-later
"""From sources to a plan: recognise layers, place them in one CRS, and name what was not read."""
