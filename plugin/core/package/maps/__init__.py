# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package (规划图件), supplied by the planner or generated, and properties of jpg files."""
