# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of findings on the layers of a project: trial, apply as one edit step, undo, log."""
