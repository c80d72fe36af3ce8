# SPDX-License-Identifier: GPL-2.0-or-later
"""体检评估: indicators of several years or editions as a series, with changes, targets and early warnings."""
