# SPDX-License-Identifier: GPL-2.0-or-later
"""The panel of indicators (指标), which follow edits."""
