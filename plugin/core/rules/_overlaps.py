# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules whose findings at a place are to be resolved before those of other rules there."""

from __future__ import annotations

#: Rules on overlaps of two of the three control lines.
CONTROL_LINE_OVERLAPS = ("REL001", "REL002", "REL003")
#: Rules that compare zones with the control line that they follow.
ZONE_DIFFERENCES = ("REL004", "REL005")
