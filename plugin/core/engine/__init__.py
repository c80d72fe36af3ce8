# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan.

No rule can stop a run; the report lists what could not be checked.

`evaluate` applies all rules in turn. `outcome` calls one rule with the layers that it needs, and adds township, message
and fingerprint to the findings. `results.run` makes the report of a whole check.

This module imports nothing: listing rules and editing a county's profile must also work where the geometry libraries
are missing.
"""
