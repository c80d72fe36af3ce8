# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare two editions of one layer: moved in (调入), moved out (调出), changed (属性变更)."""
