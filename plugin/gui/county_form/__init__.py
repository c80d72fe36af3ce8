# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of a county's own profile: targets, limits, expansion ratio and what the county confirmed."""
