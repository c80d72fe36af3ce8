# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads for geometry operations, their number, and pauses of the garbage collection while they run."""
