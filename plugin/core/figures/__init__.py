# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a plan: indicators, allocated targets, the three zones, protected heritage."""
