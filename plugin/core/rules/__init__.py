# SPDX-License-Identifier: GPL-2.0-or-later
"""One folder per family, one file per rule; `model.rule.all_rules` finds them."""
