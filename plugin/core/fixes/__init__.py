# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes (修复): changes of rows that end a finding, proposed and judged before anybody applies them.

A fix is a function in a file of the folder `declared`, with the decorator `fix_declaration.fix`. It takes a finding and
the rows around it (`state.EditingState`), and returns `edits.Edits`, or raises `edits.FixRefused` with a reason.
`judge` applies the edits to a copy of the state and evaluates the rules on it: the resulting `proposal.Proposal` states
which findings end, which would appear, how the areas change, and whether the fix is safe. `batch` does so for many
findings in turn.
"""
