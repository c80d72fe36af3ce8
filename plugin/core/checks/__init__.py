# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that check a plan: a whole check, the live check, its tables, and results kept for the next check."""
