# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of a package of any origin, folder or zip."""
