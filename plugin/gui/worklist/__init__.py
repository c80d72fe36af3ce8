# SPDX-License-Identifier: GPL-2.0-or-later
"""The work list (工作清单) in the findings panel."""
