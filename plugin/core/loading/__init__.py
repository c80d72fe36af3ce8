# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a plan from sources: recognise layers, choose one CRS, report unread data."""
