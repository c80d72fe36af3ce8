# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护), made from two editions of the database.

For each layer it has the parcels before the change, the changes, and the parcels after it.
"""
