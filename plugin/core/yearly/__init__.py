# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) from two editions: classes before, change, after."""

from .model import KIND_CODES, After, Change, MaintainedLayer, YearlyUpdate
from .update import yearly_update

__all__ = ["KIND_CODES", "After", "Change", "MaintainedLayer", "YearlyUpdate", "yearly_update"]
