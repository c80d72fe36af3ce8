# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan. No rule can stop a run; what could not be looked at is said.

`evaluate` goes through the rules, `outcome` makes of each one's result what is said of it, `apply` calls a rule with its
layers, `finish` gives the findings place, sentence and fingerprint. `results.run` makes the report of a whole check.
"""

from .apply import result_of
from .beyond import rules_beyond
from .evaluate import choose_rules, evaluate

__all__ = ["choose_rules", "evaluate", "result_of", "rules_beyond"]
