# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocation (传导) of a plan's targets to the plans and townships below it."""
