# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package (规划图件): which are given, which are made, and what a picture says of itself."""
