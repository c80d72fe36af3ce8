# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the family DOC on yearly maintenance (年度动态维护), one file per rule."""
