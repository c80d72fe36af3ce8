# SPDX-License-Identifier: GPL-2.0-or-later
"""汇交成果包: from a checked plan to a folder for handing in, by a specification.

`export` makes a package: `gate`, `layers`, then the other parts (documents, `maps`, `tables`, `metadata`), the
`manifest`; finally `folder` moves the new folder into its place. `inspection` reads a package of any origin; the
rules DOC judge it.
"""
