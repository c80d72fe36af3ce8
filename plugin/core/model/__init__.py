# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a run: rules, findings, indicators, targets, outcomes and reports."""
