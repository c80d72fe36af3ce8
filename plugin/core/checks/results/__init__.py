# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a check: its report, and its file next to a project."""
