# SPDX-License-Identifier: GPL-2.0-or-later
"""One file per rule; `core.rule.all_rules` finds them."""
