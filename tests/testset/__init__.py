# SPDX-License-Identifier: GPL-2.0-or-later
"""The public test set for checkers of spatial plans: ``make testset``, or ``python -m tests.testset --help``.

`docs/testset.md` describes its format and has the scores of some tools.
"""
