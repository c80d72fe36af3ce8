# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run is made of, as plain data: rules, findings, indicators, targets, outcomes and reports."""
