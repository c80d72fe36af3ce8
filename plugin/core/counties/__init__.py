# SPDX-License-Identifier: GPL-2.0-or-later
"""Batch check of many counties: a report for each, one summary of all."""
