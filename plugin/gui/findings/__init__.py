# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings panel: list, details, waivers, map marks and selection."""
