# SPDX-License-Identifier: GPL-2.0-or-later
"""传导: targets allocated from a plan to the plans below it, and their sums."""
