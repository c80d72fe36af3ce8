# SPDX-License-Identifier: GPL-2.0-or-later
"""A package looked at, whoever made it, folder or zip."""
