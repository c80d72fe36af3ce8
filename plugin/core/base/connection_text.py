# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that name a schema of a PostGIS database, and their form without user and password.

A source is a path, or a connection: ``postgresql://host/database?schema=name``, ``service=name&schema=name`` (the
service of a pg_service.conf) or ``connection=name&schema=name`` (a connection that QGIS stores). A report is passed on,
so that no result, message or log has the connection itself, nor folders and the user name of this machine.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

#: The beginning of a connection; other beginnings are paths.
_URL_START = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_PAIRS_START = re.compile(r"(?:service|connection)=", re.IGNORECASE)
#: The same beginning after a connection was taken for a path, which joins or turns slashes.
_PATH_START = re.compile(r"postgres(?:ql)?:[/\\]+", re.IGNORECASE)
#: A connection within a text, up to a blank or a quotation mark.
_EMBEDDED_PATTERN = re.compile(r"(?:postgres(?:ql)?:[/\\]+|\b(?:service|connection)=)[^\s\"'“”‘’<>]+", re.IGNORECASE)
#: Keys that name the data. Others (user, password, files of keys) are not shown.
_SHOWN_KEYS = ("service", "connection", "host", "hostaddr", "port", "dbname", "schema")
#: Passwords in forms of other programs (GDAL, ODBC, JDBC): in a URL, as a value, or by position.
_HIDDEN_KEY = r"\b(?:pg|ssl)?(?:pass(?:word|wd|file)?|pwd)|\b(?:access_?)?token|\bapi_?key|\bsecret|(?<=[?&;])key"
_POSITIONAL = r"\b((?:OCI|ODBC|SDE|MSSQL|DB2ODBC|HANA|jdbc:oracle:\w+):)(?=\S*[/,@])[^\s\"“”]+"
_PASSWORD = re.compile(rf":[/\\]+[^\s@]*:\S*@|(?:{_HIDDEN_KEY})\s*[=＝]|{_POSITIONAL}", re.IGNORECASE)
#: What is not shown of them: user and password. A value without quotation marks ends at the next key.
_SECRETS = re.compile(
    r"((?<![a-z\d+.-])(?!file:)[a-z][a-z\d+.-]+:[/\\]+)[^\s\"'“”‘’<>]*@"
    rf"|((?:{_HIDDEN_KEY}|\b(?:pg)?user(?:name|id)?|\buid)\s*[=＝]\s*)"
    r"(?:'(?:[^'\\]|\\.)*'|\"[^\"]*\"|\{[^}]*\}|(?:\\.|(?![\s,;&]+\w+\s*[=＝])[^\n\"'”’])*)"
    rf"|{_POSITIONAL}",
    re.IGNORECASE,
)
_NAME = r"[^\\/:*?\"<>|\s“”'，。；]+"
#: Words of a name with spaces; a word with a suffix ends the path.
_SPACED_NAME = rf"(?:(?!\S*\.[A-Za-z]{{2,5}}\s){_NAME} ){{0,7}}{_NAME}"
_ROOTS = (
    r"(?:home|Users|mnt|media|data|tmp|var|opt|srv|root|etc|usr|run|work|share|storage|nas|Volumes|private|export|net)"
)
#: The folders of an absolute path, up to its last separator: messages and reports may show names of files, but no
#: folders of this machine. Chinese texts have no space before a path. There “/” also separates words, so a path begins
#: with a known folder. Separators are doubled where an error quotes a path.
FOLDER = re.compile(
    r"(?<![A-Za-z0-9_.:/\\])(?:"
    r"[A-Za-z]:[\\/]+(?:[^\\/:*?\"<>|\n“”'，。；]+[\\/]+)*"
    r"|\\\\+(?:[^\\/:*?\"<>|\n“”'，。；]+\\+)+"
    r"|file:/+(?:[^/\s]+/)*"
    rf"|/{_ROOTS}/(?:{_SPACED_NAME}/)*"
    rf"|(?<!\w)/(?:{_SPACED_NAME}/)+)"
)


@dataclass(frozen=True)
class Connection:
    """A schema of a database.

    ``dsn``: URL for libpq without the schema, empty for a name; ``parameters``: parameters of libpq that the URL
    lacks; ``schema``: the county's schema, empty if the text names none; ``label``: the text without user and password;
    ``name``: that of a stored connection (`stored_connections`), else empty.
    """

    dsn: str
    parameters: dict[str, str]
    schema: str
    label: str
    name: str = ""

    def __repr__(self) -> str:
        """Return the label: a trace must not have the password."""
        return f"Connection({self.label!r})"


def is_connection(source: object) -> bool:
    """Return True if a source is a connection, False for a path."""
    text = strip_source(source) if isinstance(source, str) else ""
    return bool(_URL_START.match(text) or _PAIRS_START.match(text))


def make_source(text: str) -> str | Path:
    """Return a connection unchanged and any other text as a path; a path would change the slashes of a connection."""
    return text if is_connection(text) else Path(text)


def parse_connection(source: str) -> Connection:
    """Return the parts of a connection, for which `is_connection` is True."""
    text = strip_source(source)
    if _PAIRS_START.match(text):
        parameters = {key.lower(): value for key, value in _parse_pairs(text)}
        schema, name = parameters.pop("schema", ""), parameters.pop("connection", "")
        return Connection("", parameters, schema, mask_source(text), name)
    address, _, query = text.partition("?")
    pairs = _parse_pairs(query)
    schema = next((value for key, value in pairs if key.lower() == "schema"), "")
    rest = urlencode([pair for pair in pairs if pair[0].lower() != "schema"], quote_via=quote)
    return Connection(f"{address}?{rest}" if rest else address, {}, schema, mask_source(text))


def has_password(source: object) -> bool:
    """Return True if a source is a connection with a password in it, also one that only another program can use."""
    return _PASSWORD.search(str(source)) is not None


def replace_schema(source: str, schema: str) -> str:
    """Return a connection with another schema."""
    text = strip_source(source)
    start, _, query = text.partition("?") if _URL_START.match(text) else ("", "", text)
    pairs = [pair for pair in _parse_pairs(query) if pair[0].lower() != "schema"]
    return f"{start}{'?' if start else ''}{urlencode([*pairs, ('schema', schema)], quote_via=quote)}"


def mask_source(source: object) -> str:
    """Return a source as text; a connection has neither user nor password and keeps host, database and schema.

    The last ``@`` ends the user's part, so that a password with characters that should be percent-encoded is removed.
    An ``@`` behind a parameter may belong to a password: then nothing of the text is shown.
    """
    text = strip_source(source)
    if _PAIRS_START.match(text):
        return _join_shown_keys(text)
    start = _PATH_START.match(text)
    if start is None:
        return _hide_secrets(str(source))
    rest = text[start.end() :]
    if "=" in rest.partition("?")[2].rpartition("@")[0]:
        return "postgresql://…"
    address, _, query = rest.rpartition("@")[2].partition("?")
    shown = _join_shown_keys(query)
    return f"postgresql://{unquote(address)}{'?' if shown else ''}{shown}"


def name_source(source: str) -> str:
    """Return the name of a source for reports: of a file its name, of a connection the form without password.

    The folders ``.`` and ``..`` have the names of the folders that they mean.
    """
    if has_password(source) or is_connection(source):
        return mask_source(source)
    return os.path.basename(os.path.abspath(source)) or source if source else ""


def mask_connections(text: str) -> str:
    """Return a text with each connection in it as `mask_source` returns it, and without other users and passwords."""
    if is_connection(text) or _PATH_START.match(text):
        return mask_source(text)
    return _hide_secrets(_EMBEDDED_PATTERN.sub(lambda match: mask_source(match[0]), text))


def _hide_secrets(text: str) -> str:
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}{'' if match[1] else '…'}", text)


def strip_source(source: object) -> str:
    """Return a source as text without the blanks and quotation marks around it."""
    return str(source).strip().strip('"')


def _parse_pairs(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query as libpq reads them: a ``+`` is not a blank."""
    return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)


def _join_shown_keys(query: str) -> str:
    pairs = [(key.lower(), value) for key, value in _parse_pairs(query)]
    return "&".join(f"{key}={value}" for key, value in pairs if key in _SHOWN_KEYS)


def strip_folders(text: str) -> str:
    """Return a text with absolute paths cut to the file name, and connections without user and password.

    Reports are passed on; the folders of this machine are not.
    """
    return FOLDER.sub("", mask_connections(text))


def describe_exception(error: Exception) -> str:
    """Return type and message of an error without folders."""
    return strip_folders(f"{type(error).__name__}: {error}".replace(str(Path.home()), ""))
