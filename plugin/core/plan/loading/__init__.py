# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a plan from sources: recognise layers, choose one CRS, report unread data.

A plan is a county's recognised layers in one plane. A source is a file, a folder, or layers in memory.
"""
