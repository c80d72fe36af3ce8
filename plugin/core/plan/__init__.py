# SPDX-License-Identifier: GPL-2.0-or-later
"""A county's layers in memory: plan, layers, columns and sources."""
