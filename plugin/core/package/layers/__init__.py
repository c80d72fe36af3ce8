# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a package: taken from the plan, validated, written, read again."""
