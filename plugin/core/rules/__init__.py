# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that check a plan: one folder per family, one file per rule or idea.

`model.rule.load_all_rules` imports the files and finds the functions with the decorator ``rule``.
"""
