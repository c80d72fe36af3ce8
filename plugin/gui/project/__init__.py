# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of the open project: layer roles, groups, document information."""
