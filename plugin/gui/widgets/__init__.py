# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets, messages and colours shared by several dialogs; they know no plan."""
