# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of one layer held against each other: what moved in (调入), moved out (调出), changed (属性变更)."""
