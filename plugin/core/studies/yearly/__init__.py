# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护), made from two editions of the database.

For each layer it has the parcels before the change, the changes, and the parcels after it.
"""

from .maintenance import KIND_CODES, LandChange, MaintainedLayer, ParcelAfterChange, YearlyUpdate
from .update import compute_yearly_update

__all__ = ["KIND_CODES", "LandChange", "MaintainedLayer", "ParcelAfterChange", "YearlyUpdate", "compute_yearly_update"]
