# SPDX-License-Identifier: GPL-2.0-or-later
"""Names in statements of OGR's SQL."""


def quote_name(name: str) -> str:
    """Return a table or field name quoted for OGR's SQL.

    The name comes from the file; the statement only reads that file.
    """
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
