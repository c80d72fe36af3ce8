# SPDX-License-Identifier: GPL-2.0-or-later
"""Recheck the surroundings of an edit; other findings stay unchanged.

Findings of the local rules (`model.rule.Rule.local`) on a row depend on that row and on the rows that it meets.
Therefore a small plan is composed of the rows around the change, and the same rules run on it.

`rows` stores the layers with their edits and finds where a shape changed. `checker` makes the small plan and runs the
rules; `rows.RecheckResult` is the result. `session` updates a county's findings with batches of edits.
"""

from .checker import IncrementalChecker
from .rows import RecheckResult, changed_bounds

__all__ = ["IncrementalChecker", "RecheckResult", "changed_bounds"]
