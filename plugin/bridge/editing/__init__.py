# SPDX-License-Identifier: GPL-2.0-or-later
"""Editing of plan layers: forms, BSM, dependent fields, expressions, edit signals."""
