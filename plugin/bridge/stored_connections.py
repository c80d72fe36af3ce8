# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL connections that QGIS stores, by name."""

from __future__ import annotations

import threading

from qgis.core import QgsApplication, QgsDataSourceUri, QgsProviderRegistry, QgsSettings
from qgis.PyQt.QtCore import QThread

from ..core.base.errors import InputError

#: Group of the connections in the settings of QGIS.
_SETTINGS_GROUP = "PostgreSQL/connections"
_lock = threading.Lock()


def find_stored_connection(name: str) -> str | None:
    """Return the parameters of libpq of a connection that QGIS stores; None if QGIS has none with this name.

    They include user and password, also those of QGIS's authentication database, so they must not be shown. That
    database may ask for its master password, which only the main thread can do: in another thread, raise InputError if
    the database is locked. Raise InputError also if it has no such entry. It may be called from any thread.
    """
    uri = _read_uri(name)
    if uri is None:
        return None
    entry = uri.authConfigId()
    if not entry:
        return uri.connectionInfo(False)
    application = QgsApplication.instance()
    is_main_thread = application is not None and QThread.currentThread() == application.thread()
    if not QgsApplication.authManager().masterPasswordIsSet() and not is_main_thread:
        raise InputError("postgis_name_locked", name=name)
    plain = QgsDataSourceUri(uri)
    plain.setAuthConfigId("")
    expanded = uri.connectionInfo(True)
    # QGIS returns the parameters without user and password if it cannot read the entry.
    if expanded == plain.connectionInfo(True):
        raise InputError("postgis_name_locked", name=name)
    return expanded


def _read_uri(name: str) -> QgsDataSourceUri | None:
    """Return the address of a connection that QGIS stores; None for an unknown name.

    The search of QGIS by name is not used: it deletes and fills a map of QGIS that all threads share, without a lock. A
    connection that is made here has no other user.
    """
    metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
    if metadata is None:
        return None
    with _lock:
        settings = QgsSettings()
        settings.beginGroup(_SETTINGS_GROUP)
        is_stored = name in settings.childGroups()
        settings.endGroup()
        return QgsDataSourceUri(metadata.createConnection(name).uri()) if is_stored else None
