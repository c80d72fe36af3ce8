# SPDX-License-Identifier: GPL-2.0-or-later
"""A county's layers in memory: the plan, its layers, their columns and their sources."""
