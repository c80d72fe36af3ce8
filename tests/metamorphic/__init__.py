# SPDX-License-Identifier: GPL-2.0-or-later
"""Metamorphic tests: a county drawn or read otherwise has the same findings; ``python -m tests.metamorphic --help``."""
