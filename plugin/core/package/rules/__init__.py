# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the family DOC, which inspect submission packages; one file per rule."""
