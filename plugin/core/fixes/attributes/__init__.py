# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of attributes."""
