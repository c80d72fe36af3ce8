# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan. No rule can stop a run; what could not be looked at is said.

`running` goes through the rules, `outcome` makes of each one's result what the report says of it, `apply` calls a rule with
its layers, `finish` gives the findings place, sentence and fingerprint.
"""

from .apply import result_of
from .beyond import rules_beyond
from .running import choose_rules, run

__all__ = ["choose_rules", "result_of", "rules_beyond", "run"]
