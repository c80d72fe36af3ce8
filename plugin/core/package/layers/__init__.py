# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a package: chosen from the plan, validated, written, read again."""
