# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged files for every reader: ``make fuzz``, or ``python -m tests.fuzz --help``."""
