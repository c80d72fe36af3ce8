# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the family DOC on submission packages, one file per rule."""
