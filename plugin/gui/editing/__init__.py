# SPDX-License-Identifier: GPL-2.0-or-later
"""Editing of plan layers: live check, attribute forms, code search, file warnings."""
