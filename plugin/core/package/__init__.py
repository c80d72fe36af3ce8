# SPDX-License-Identifier: GPL-2.0-or-later
"""汇交成果包: from a checked plan to a folder that the receiving system takes; what is in it is data (`form`).

`export` makes one: `gate`, `layers`, then what comes with them (`parts`: documents, `maps`, `tables`, `metadata`), the
`manifest`, and all of it moved into its place (`target`). `inspection` looks at one, whoever made it; the rules DOC judge.
"""
