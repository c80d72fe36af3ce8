# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a schema of a PostGIS database: a county, with a layer for each table.

The rows are copied into a temporary GeoPackage, which the reader of files reads. All tables are read in one transaction
that cannot write and sees the database of one moment.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...base.connection_text import Connection, parse_connection
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.placeholders import join_first
from ...base.stored_connections import find_connection_parameters
from ..layer import FieldInfo, SourceLayer
from .file import LayerSelector, make_empty_layer
from .geopackage_writing import (
    UNDEFINED_CRS,
    StagedColumn,
    StagedGeopackage,
    StagedTable,
    make_shape_blob,
    read_staged_file,
)
from .records import quote_sql_name
from .rows import KEY_FIELD

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
#: Rows fetched at a time; between two batches reading can be cancelled.
_ROWS_PER_BATCH = 2000
#: Rows of a table that no rule reads: enough to see whether it may be a layer (`io.file`).
_ROWS_OF_UNREAD_TABLE = 1000
#: Parameters of libpq that a connection may replace: seconds, so that a lost server ends the run.
_DEFAULT_PARAMETERS = {
    "connect_timeout": "15", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
    "application_name": "sanxian",
}  # fmt: skip
_MAX_NAMED_SCHEMAS = 10
#: Bits 0 to 1 of a geometry column's modifier: M and Z; bits 2 to 7: the type; bits 8 to 28: the SRID (PostGIS,
#: liblwgeom.h, TYPMOD_GET_*). PostGIS's functions return them.
_MODIFIER_SQL = "SELECT {0}.postgis_typmod_type(%s), {0}.postgis_typmod_srid(%s), {0}.postgis_typmod_dims(%s)"


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
        return name if kind in ("SMALLINT", "MEDIUMINT", "BLOB") else _VALUE_SQL.get(kind, "{0}::text").format(name)


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
        tables.append(
            SchemaTable(
                schema,
                name,
                is_readable,
                tuple(TableColumn(*row) for row in cursor.fetchall()),
                " ".join(condition.split()),
            )
        )
    return tables


def list_schemas(cursor: Any) -> list[str]:
    """Return the names of the database's schemas, without PostgreSQL's."""
    cursor.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' "
        "ORDER BY 1"
    )
    return [name for (name,) in cursor.fetchall()]


def read_schema(
    source: str, select_layer: LayerSelector, cancellation: Cancellation = NEVER_CANCELLED
) -> list[SourceLayer]:
    """Return the layers of a schema; ``source``: the connection, ``select_layer``: as of `source.read_source`.

    Raises
    ------
    InputError
        psycopg2 is not installed, the connection names no schema or an unknown one, the server refuses it, the
        connection is lost, or the schema has no layer. It names host and database, never user or password.
    Cancelled
        Between two batches of rows.
    """
    connection = parse_connection(source)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "schema.gpkg"
        with open_schema(connection) as database, closing(StagedGeopackage(path, connection.label)) as staged:
            copier = _SchemaCopier(database, connection, staged, select_layer, cancellation)
            copier.copy()
        layers = read_staged_file(path, connection.label, select_layer, cancellation)
    for layer in layers:
        # The comment of a column is its title; the database has no lists of codes.
        layer.fields = tuple(replace(one, codes=None) for one in layer.fields)
        layer.row_filter = copier.conditions.get(layer.name, "")
        layer.declared_row_count = copier.row_counts.get(layer.name, layer.declared_row_count)
    for name in copier.unreadable_names:
        layers.append(
            make_empty_layer(
                name, Path(), problem=("postgis_no_privilege", {"source": connection.label, "layer": name})
            )
        )
        layers[-1].source = connection.label
    return layers


@contextmanager
def open_schema(connection: Connection) -> Iterator[Any]:
    """Yield a read-only connection in a transaction that sees the database of one moment; close it afterwards.

    Raises InputError. Its cause is left out, because messages of the library may have the password.
    """
    try:
        import psycopg2
    except ImportError as error:
        raise InputError("reader_missing_psycopg2", source=connection.label) from error
    if not connection.schema:
        raise InputError("postgis_schema_missing", source=connection.label)
    dsn = find_connection_parameters(connection) if connection.name else connection.dsn
    try:
        database = psycopg2.connect(
            **{**_DEFAULT_PARAMETERS, **psycopg2.extensions.parse_dsn(dsn), **connection.parameters}
        )
    except (psycopg2.Error, UnicodeDecodeError):
        # The server's message may be in another encoding, such as GBK.
        raise InputError("postgis_unreachable", source=connection.label) from None
    with closing(database):
        try:
            database.set_client_encoding("UTF8")
            database.set_session(isolation_level="REPEATABLE READ", readonly=True)
            yield database
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise InputError("postgis_connection_lost", source=connection.label) from None
        except psycopg2.Error as error:
            raise InputError(
                "postgis_unreadable", source=connection.label, detail=error.pgcode or type(error).__name__
            ) from None


def list_layer_schemas(source: str) -> list[str]:
    """Return the names of the schemas of a database with layers; raises InputError as `read_schema`."""
    with open_schema(replace(parse_connection(source), schema="*")) as database, database.cursor() as cursor:
        return [
            schema
            for schema in list_schemas(cursor)
            if any(table.shape_column is not None for table in list_schema_tables(cursor, schema))
        ]


def compute_schema_digest(source: str, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return a digest of all rows and declarations of a schema, hexadecimal; the order of rows has no effect.

    The server computes it. Raises InputError as `read_schema`, and Cancelled between tables.
    """
    connection = parse_connection(source)
    digest = hashlib.sha256(connection.schema.encode("utf-8"))
    with open_schema(connection) as database, database.cursor() as cursor:
        for table in _list_tables(cursor, connection):
            cancellation.raise_if_cancelled()
            rows: tuple[Any, ...] = ()
            if table.is_readable:
                cursor.execute(
                    "SELECT count(*), sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::int8::numeric) FROM "  # nosec B608 # the name is quoted
                    f"{table.sql_name} t"
                )
                rows = cursor.fetchone()
            digest.update(repr((table.name, table.columns, tuple(map(str, rows)))).encode("utf-8"))
    return digest.hexdigest()


def _list_tables(cursor: Any, connection: Connection) -> list[SchemaTable]:
    """Return the tables of the schema. Raise InputError for an unknown or empty one."""
    schemas = list_schemas(cursor)
    if connection.schema not in schemas:
        raise InputError(
            "postgis_schema_unknown",
            source=connection.label,
            schema=connection.schema,
            known=join_first(schemas, limit=_MAX_NAMED_SCHEMAS),
        )
    tables = list_schema_tables(cursor, connection.schema)
    if not tables:
        raise InputError("postgis_schema_empty", source=connection.label, schema=connection.schema)
    return tables


@dataclass
class _SchemaCopier:
    """Copies the tables of a schema into a GeoPackage.

    ``row_counts``: name of a table that was not copied completely → number of its rows; ``unreadable_names``: tables
    that the user may not read; ``conditions``: name of a table → `SchemaTable.condition`. ``postgis``: the schema of
    the extension, quoted.
    """

    database: Any
    connection: Connection
    staged: StagedGeopackage
    select_layer: LayerSelector
    cancellation: Cancellation
    postgis: str = ""
    row_counts: dict[str, int] = field(default_factory=dict)
    unreadable_names: list[str] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)

    def copy(self) -> None:
        """Copy all tables; of those that ``select_layer`` leaves out, the first rows."""
        with self.database.cursor() as cursor:
            # A scan that begins in the middle of a large table would change the order of rows.
            cursor.execute("SET LOCAL synchronize_seqscans = off")
            cursor.execute(
                "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
                "WHERE e.extname = 'postgis'"
            )
            row = cursor.fetchone()
            if row is None:
                raise InputError("postgis_extension_missing", source=self.connection.label)
            self.postgis = quote_sql_name(row[0])
            for table in _list_tables(cursor, self.connection):
                self.cancellation.raise_if_cancelled()
                if table.is_readable:
                    staged_table, has_one_crs = self._describe_table(cursor, table)
                    name = self.staged.create_table(staged_table)
                    self.conditions[name] = table.condition
                    layer = make_empty_layer(
                        table.name,
                        Path(self.connection.label),
                        fields=tuple(
                            FieldInfo(one.name, "text" if one.type.startswith("TEXT") else "real")
                            for one in table.staged_columns
                        ),
                    )
                    is_selected = bool(staged_table.geometry_type) and self.select_layer(layer) is not False
                    if not is_selected:
                        cursor.execute(f"SELECT count(*) FROM {table.sql_name}")  # nosec B608 # the name is quoted
                        self.row_counts[name] = int(cursor.fetchone()[0])
                    self._copy_rows(table, name, staged_table.crs if has_one_crs else None, is_selected)
                else:
                    self.unreadable_names.append(table.name)

    def _describe_table(self, cursor: Any, table: SchemaTable) -> tuple[StagedTable, bool]:
        """Return the table to create, and whether all its shapes have the table's coordinate system."""
        shape = table.shape_column
        if shape is None:
            return StagedTable(table.name, table.staged_columns), True
        cursor.execute(_MODIFIER_SQL.format(self.postgis), (shape.modifier,) * 3)
        kind, srid, dimensions = cursor.fetchone()
        geometry_type = (kind or "Geometry").upper()
        has_m = geometry_type.endswith("M")
        geometry_type = geometry_type.removesuffix("M").removesuffix("Z")
        has_z, has_m_code = (2, 2) if shape.modifier < 0 else (int((dimensions or 2) - has_m > 2), int(has_m))
        numbers = [srid] if srid else [4326] if shape.type == "geography" else []
        if not numbers:
            # The SRIDs of the shapes, the most frequent first.
            column = self._make_shape_sql(table)
            cursor.execute(
                f"SELECT {self.postgis}.st_srid({column}) FROM {table.sql_name} WHERE {column} IS NOT NULL "  # nosec B608 # names are quoted
                "GROUP BY 1 ORDER BY count(*) DESC, 1"
            )
            numbers = [int(number) for (number,) in cursor.fetchall()]
        crs = []
        for number in numbers:
            cursor.execute(
                f"SELECT auth_name, auth_srid, srtext FROM {self.postgis}.spatial_ref_sys WHERE srid = %s",  # nosec B608 # the name is quoted
                (number,),
            )
            row = cursor.fetchone()
            if row is None:
                crs.append(UNDEFINED_CRS)
            else:
                name, code, definition = row
                crs.append(self.staged.add_crs(name or "", code or number, definition or "", number))
        crs = crs or [UNDEFINED_CRS]
        return StagedTable(table.name, table.staged_columns, geometry_type, crs[0], has_z, has_m_code), len(crs) == 1

    def _make_shape_sql(self, table: SchemaTable) -> str:
        """Return the SQL of the shapes as PostGIS's type geometry."""
        shape = table.shape_column
        if shape is None:
            return "NULL"
        name = quote_sql_name(shape.name)
        return f"{name}::{self.postgis}.geometry" if shape.type == "geography" else name

    def _copy_rows(self, table: SchemaTable, name: str, crs: int | None, is_selected: bool) -> None:
        """Copy the rows of a table in batches; ``crs``: that of all shapes, None if each has its SRID."""
        key, shape = table.id_column, self._make_shape_sql(table)
        has_shapes = table.shape_column is not None
        values = [quote_sql_name(key.name) if key else "NULL"]
        values += [f"{self.postgis}.st_srid({shape})", f"{self.postgis}.st_asbinary({shape})"] if has_shapes else []
        values += [one.value_sql for one in table.field_columns]
        sql = f"SELECT {', '.join(values)} FROM {table.sql_name}"  # nosec B608 # names are quoted
        sql += f" ORDER BY {quote_sql_name(key.name)}" if key else ""
        sql += "" if is_selected else f" LIMIT {_ROWS_OF_UNREAD_TABLE}"
        with self.database.cursor(name="sanxian_rows") as cursor:
            cursor.itersize = _ROWS_PER_BATCH
            cursor.execute(sql)
            while rows := cursor.fetchmany(_ROWS_PER_BATCH):
                self.cancellation.raise_if_cancelled()
                # Bytes come as a view.
                rows = [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in rows]
                if has_shapes:
                    rows = [
                        (key_value, make_shape_blob(wkb, srid if crs is None else crs), *values)
                        for key_value, srid, wkb, *values in rows
                    ]
                self.staged.add_rows(name, rows)
