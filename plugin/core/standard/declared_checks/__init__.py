# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that a standard or a profile declares as data (``[[check]]``).

`declared_check` beside this folder has their parts, `operators` what a condition can state, `evaluation` the rows that
break a check. `read` reads them and names file, line and check in each error; `conditions` reads one condition.
`core.standard.profile.declared_rules` makes a rule of each check, so that the engine treats it as any other rule.
"""
