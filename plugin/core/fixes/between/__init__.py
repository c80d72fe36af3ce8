# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes between layers."""
