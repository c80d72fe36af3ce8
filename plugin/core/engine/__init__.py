# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan.

No rule can stop a run; the report lists what could not be checked.

`evaluate` applies the rules, `outcome` calls each rule with its layers, and `finish` adds place, message and
fingerprint to the findings. `results.run` makes the report of a whole check.

This module imports nothing: rules are listed and the county's profile is edited where the geometry libraries are
missing.
"""
