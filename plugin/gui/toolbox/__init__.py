# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets for parameters in Processing's dialogs, and menu entries that open them."""
