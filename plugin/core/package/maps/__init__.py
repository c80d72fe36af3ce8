# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package (规划图件): given or generated; properties of jpg files."""
