# SPDX-License-Identifier: GPL-2.0-or-later
"""Check results that are kept beside a project."""
