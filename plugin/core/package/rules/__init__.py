# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the family DOC: a submission package. One file per rule."""
