# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the geodatabase of yearly maintenance (年度动态维护).

Their codes begin with DOC.
"""
