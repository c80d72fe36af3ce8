# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL connections that QGIS stores, by name."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsDataSourceUri, QgsProviderRegistry
from qgis.PyQt.QtCore import QThread

from ..core.errors import InputError


def find_stored_connection(name: str) -> str | None:
    """Return the parameters of libpq of a connection that QGIS stores; None if QGIS has none with this name.

    They include user and password, also those of QGIS's authentication database, so they must not be shown. That
    database may ask for its master password, which only the main thread can do: in another thread, raise InputError if
    the database is locked. Raise InputError also if it has no such entry.
    """
    metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
    connection = metadata.findConnection(name, False) if metadata is not None else None
    if connection is None:
        return None
    uri = QgsDataSourceUri(connection.uri())
    entry = uri.authConfigId()
    if not entry:
        return uri.connectionInfo(False)
    if not QgsApplication.authManager().masterPasswordIsSet() and not _is_main_thread():
        raise InputError("postgis_name_locked", name=name)
    plain = QgsDataSourceUri(uri)
    plain.setAuthConfigId("")
    expanded = uri.connectionInfo(True)
    # QGIS returns the parameters without user and password if it cannot read the entry.
    if expanded == plain.connectionInfo(True):
        raise InputError("postgis_name_locked", name=name)
    return expanded


def _is_main_thread() -> bool:
    application = QgsApplication.instance()
    return application is not None and QThread.currentThread() == application.thread()
