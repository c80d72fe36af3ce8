# SPDX-License-Identifier: GPL-2.0-or-later
"""Check an edit where it happened: what a changed row meets is looked at again, the rest stays as it was found.

What the local rules (`model.rule.Rule.local`) find on a row depends on that row and on those it meets. So a small plan is
made of the rows around the change, and the same rules run on it: an edit is judged by the code that judges the county.

`rows` holds the layers as they stand after edits and tells where a shape changed, `checker` makes the small plan and runs the
rules (`rows.RecheckResult` is its answer), and `session` keeps a county's findings up with batches of edits.
"""

from .checker import IncrementalChecker
from .rows import RecheckResult, changed_bounds

__all__ = ["IncrementalChecker", "RecheckResult", "changed_bounds"]
