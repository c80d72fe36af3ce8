# SPDX-License-Identifier: GPL-2.0-or-later
"""What a PostGIS database declares of the tables in a schema: fields, keys, shapes and coordinate systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .rows import KEY_FIELD
from .sql_names import quote_sql_name
from .staged_geopackage import StagedColumn

#: Types of PostgreSQL → type of a GeoPackage. Others are read as text.
_TYPES = {
    "bool": "BOOLEAN", "int2": "SMALLINT", "int4": "MEDIUMINT", "int8": "INTEGER", "float4": "DOUBLE",
    "float8": "DOUBLE", "numeric": "DOUBLE", "date": "DATE", "timestamp": "DATETIME", "timestamptz": "DATETIME",
    "bytea": "BLOB",
}  # fmt: skip
_TEXT_TYPES, _SHAPE_TYPES, _INTEGER_TYPES = ("varchar", "bpchar"), ("geometry", "geography"), ("int2", "int4", "int8")
#: The length of a text, and precision and scale of a number, are stored with this offset (PostgreSQL, pg_attribute).
_MODIFIER_OFFSET = 4
#: A whole number of at most this precision fits an integer of 64 bits.
_MAX_INTEGER_DIGITS = 18
#: Columns of the database → SQL of the value as SQLite stores it. An infinite date has no value.
_DATE_SQL = "CASE WHEN isfinite({0}) THEN to_char({0}, '{1}') END"
_VALUE_SQL = {
    "BOOLEAN": "{0}::int",
    "DOUBLE": "{0}::float8",
    "INTEGER": "{0}::int8",
    "DATE": _DATE_SQL.format("{0}", "YYYY-MM-DD"),
    "DATETIME": _DATE_SQL.format("{0}", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
}
_PLAIN_TYPES = ("SMALLINT", "MEDIUMINT", "BLOB")

_TABLES_SQL = """
SELECT c.oid, c.relname, has_table_privilege(c.oid, 'SELECT'), CASE WHEN c.relkind IN ('v', 'm')
THEN pg_get_viewdef(c.oid, true) WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' ELSE '' END FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
AND d.deptype = 'e')
ORDER BY c.relname
"""
_COLUMNS_SQL = """
SELECT a.attname, COALESCE(b.typname, t.typname), CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
COALESCE(col_description(a.attrelid, a.attnum), ''), EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid
AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = a.attnum)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class TableColumn:
    """A column: type and modifier as PostgreSQL names them, comment, and whether it alone is the primary key."""

    name: str
    type: str
    modifier: int
    comment: str
    is_key: bool

    @property
    def staged_type(self) -> str:
        """Return the type in a GeoPackage; texts have their length."""
        if self.type in _TEXT_TYPES and self.modifier > _MODIFIER_OFFSET:
            return f"TEXT({self.modifier - _MODIFIER_OFFSET})"
        if self.type == "numeric" and self.modifier > _MODIFIER_OFFSET:
            precision, scale = divmod(self.modifier - _MODIFIER_OFFSET, 2**16)
            return "INTEGER" if scale == 0 and precision <= _MAX_INTEGER_DIGITS else "DOUBLE"
        return _TYPES.get(self.type, "TEXT")

    @property
    def value_sql(self) -> str:
        """Return the SQL of the column's values as SQLite stores them."""
        name, kind = quote_sql_name(self.name), self.staged_type
        if self.type == "timestamptz":
            name = f"({name} AT TIME ZONE 'UTC')"
        return name if kind in _PLAIN_TYPES else _VALUE_SQL.get(kind, "{0}::text").format(name)


@dataclass(frozen=True)
class SchemaTable:
    """A table or view of a schema.

    ``is_readable``: False if the user may not select from it. ``condition``: what may hide rows, the statement of a
    view or the rules on rows; empty without.
    """

    schema: str
    name: str
    is_readable: bool
    columns: tuple[TableColumn, ...]
    condition: str = ""

    @property
    def sql_name(self) -> str:
        """Return the table's name for a statement."""
        return f"{quote_sql_name(self.schema)}.{quote_sql_name(self.name)}"

    @property
    def shape_column(self) -> TableColumn | None:
        """Return the first column of shapes; None for a table without shapes."""
        return next((one for one in self.columns if one.type in _SHAPE_TYPES), None)

    @property
    def id_column(self) -> TableColumn | None:
        """Return the primary key if it is one integer, as the id of a feature; the key field of a plan is a field."""
        return next(
            (c for c in self.columns if c.is_key and c.type in _INTEGER_TYPES and c.name.upper() != KEY_FIELD), None
        )

    @property
    def field_columns(self) -> tuple[TableColumn, ...]:
        """Return the columns that are fields: all but id and shapes, each name once regardless of case."""
        columns: dict[str, TableColumn] = {}
        for one in self.columns:
            if one is not self.id_column and one.type not in _SHAPE_TYPES:
                columns.setdefault(one.name.casefold(), one)
        return tuple(columns.values())

    @property
    def staged_columns(self) -> tuple[StagedColumn, ...]:
        """Return the fields as a GeoPackage declares them; the comment of a column is its title."""
        return tuple(StagedColumn(one.name, one.staged_type, one.comment) for one in self.field_columns)


def list_schema_tables(cursor: Any, schema: str) -> list[SchemaTable]:
    """Return the tables and views of a schema by name, without those that belong to an extension."""
    cursor.execute(_TABLES_SQL, (schema,))
    tables = []
    for oid, name, is_readable, condition in cursor.fetchall():
        cursor.execute(_COLUMNS_SQL, (oid,))
        columns = tuple(TableColumn(*row) for row in cursor.fetchall())
        tables.append(SchemaTable(schema, name, is_readable, columns, " ".join(condition.split())))
    return tables


def list_schemas(cursor: Any) -> list[str]:
    """Return the names of the database's schemas, without PostgreSQL's."""
    cursor.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' "
        "ORDER BY 1"
    )
    return [name for (name,) in cursor.fetchall()]


def find_postgis_schema(cursor: Any) -> str:
    """Return the schema of PostGIS's functions, quoted; empty if the database has no PostGIS."""
    cursor.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'"
    )
    row = cursor.fetchone()
    return quote_sql_name(row[0]) if row else ""
