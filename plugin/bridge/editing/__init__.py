# SPDX-License-Identifier: GPL-2.0-or-later
"""Editing of plan layers: attribute forms, feature numbers, dependent fields."""
