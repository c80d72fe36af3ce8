# SPDX-License-Identifier: GPL-2.0-or-later
"""Recheck the surroundings of an edit; other findings stay unchanged.

The findings of a local rule (`model.rule.Rule.local`) depend only on a row and on the rows that it meets. Therefore the
rules run on a small plan of the rows around the change.

`edited_rows` stores the layers with their edits and finds where a shape changed. `checker` makes the small plan and
runs the rules; its result is an `edited_rows.RecheckResult`. `session` updates a county's findings with batches of
edits.
"""
