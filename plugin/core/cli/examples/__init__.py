# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the examples that rules, fixes and declared checks have.

The test suite and the environment check (环境自检) run them with the same functions.
"""
