# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections to databases that another program stores by name, such as QGIS.

A source names one as ``connection=NAME&schema=SCHEMA``. The core does not know QGIS: the plugin adds a function that
finds them. Their parameters have user and password, so they pass only from that function to libpq.
"""

from __future__ import annotations

from collections.abc import Callable

from .connection_text import Connection
from .errors import InputError

#: Returns the parameters of libpq (``host=… dbname=…``) of a name, None for an unknown name; raises InputError.
ConnectionFinder = Callable[[str], str | None]

#: Name of a program → function that finds the connections which it stores.
connection_finders: dict[str, ConnectionFinder] = {}


def find_connection_parameters(connection: Connection) -> str:
    """Return the parameters of libpq of a connection that has a name.

    Raise InputError outside QGIS, for an unknown name, and if QGIS does not release user and password.
    """
    if not connection_finders:
        raise InputError("postgis_name_needs_qgis", source=connection.label)
    found = (find(connection.name) for find in connection_finders.values())
    parameters = next((one for one in found if one is not None), None)
    if parameters is None:
        raise InputError("postgis_name_unknown", source=connection.label, name=connection.name)
    return parameters
