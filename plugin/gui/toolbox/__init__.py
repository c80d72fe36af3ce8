# SPDX-License-Identifier: GPL-2.0-or-later
"""Processing's own dialogs: widgets for their parameters, and menu entries that open them filled in."""
