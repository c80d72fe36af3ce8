# SPDX-License-Identifier: GPL-2.0-or-later
"""Submission packages (汇交成果包): export of a checked plan, and inspection.

`export` makes a package by a specification: `gate` refuses it or not, `layers` writes the data sets, then documents,
`map_slots`, `tables`, `metadata` and the `manifest` follow; finally `folder` moves the new folder into its place.
`inspection` reads a package of any origin; the rules DOC in `rules` judge it.
"""
