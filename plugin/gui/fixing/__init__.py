# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes at the desk: preview of one fix, batch of many, and the buttons that open them."""
