# SPDX-License-Identifier: GPL-2.0-or-later
"""What a province, city or county sets on top of a standard, and the two resolved together (`Norm`).

A profile names its base and only adds or overrides. Every value is held against the standard's own when it is read:
a slip of the pen must not look like a decision.
"""

from .load import load_profile, profile_ids
from .model import Profile, Target
from .norm import Norm

__all__ = ["Norm", "Profile", "Target", "load_profile", "profile_ids"]
