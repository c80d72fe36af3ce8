# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan. No rule can stop a run; what could not be looked at is said.

`evaluate` goes through the rules, `outcome` calls each with its layers, `finish` gives the findings place, sentence and
fingerprint. `results.run` makes the report of a whole check.

Nothing is imported here: rules are found, and the county's profile is edited, where the geometry libraries are missing.
"""
