# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals: drafts that put a plan right, with their distance from the best possible. One file for each model."""
