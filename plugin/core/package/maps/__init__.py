# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package (规划图件): given and generated maps, picture properties."""
