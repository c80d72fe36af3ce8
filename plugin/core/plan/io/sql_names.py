# SPDX-License-Identifier: GPL-2.0-or-later
"""Quote names for statements of OGR's SQL, SQLite and PostgreSQL."""


def quote_name(name: str) -> str:
    """Return a table or field name quoted for OGR's SQL.

    A name from a file can do no harm: the statement only reads that file.
    """
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quote_sql_name(name: str) -> str:
    """Return a name quoted for SQLite and PostgreSQL, as the SQL standard demands."""
    return '"' + name.replace('"', '""') + '"'
