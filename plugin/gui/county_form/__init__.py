# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of a county's profile: targets, limits, expansion ratio, confirmation."""
