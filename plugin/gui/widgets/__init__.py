# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets, messages and colours that several dialogs and panels share. Nothing here knows a plan."""
