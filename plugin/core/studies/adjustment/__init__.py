# SPDX-License-Identifier: GPL-2.0-or-later
"""局部优化: a control line before and after a change, parcel by parcel, with the criteria of such a change."""
