# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the user for all projects, which QGIS stores under ``sanxian/``, and PostgreSQL connections."""

from __future__ import annotations

import threading
from typing import Any

from qgis.core import QgsApplication, QgsDataSourceUri, QgsProviderRegistry, QgsSettings
from qgis.PyQt.QtCore import QThread

from ..core.base.errors import InputError
from .texts import get_interface_locale, tr

SETTINGS_PREFIX = "sanxian/"
#: Keys of settings that the options page and other windows share.
CHECK_WHILE_EDITING, SHOW_FINDINGS_LAYER = "check_while_editing", "show_findings_layer"
WAIVER_AUTHOR, WORKLIST_PERSON = "waiver_author", "worklist_person"
#: Language of findings and reports; empty: that of the interface.
REPORT_LANGUAGE = "language"
ASK_ON_DROP = "ask_on_drop"
#: False once the tour over the sample county was shown.
OFFER_TOUR = "offer_tour"


def read_setting(key: str, default: Any = "") -> Any:
    """Return a user setting, converted to the type of its default.

    An .ini file stores only text.
    """
    return QgsSettings().value(SETTINGS_PREFIX + key, default, type=type(default))


def store_setting(key: str, value: Any) -> None:
    """Store a user setting."""
    QgsSettings().setValue(SETTINGS_PREFIX + key, value)


def get_report_language() -> str:
    """Return the language of findings and reports: that of the interface unless the user chose one (zh or en)."""
    chosen = read_setting(REPORT_LANGUAGE)
    return chosen if chosen in ("zh", "en") else get_interface_language()


def list_language_choices() -> list[tuple[str, str]]:
    """Return (name, value of `REPORT_LANGUAGE`); each language is named in itself, so that users find theirs."""
    return [(tr("As QGIS"), ""), ("中文", "zh"), ("English", "en")]


def get_interface_language() -> str:
    """Return the language of titles and help in QGIS's windows: ``zh`` or ``en``."""
    return "zh" if get_interface_locale() == "zh_CN" else "en"


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
        settings.beginGroup("PostgreSQL/connections")
        is_stored = name in settings.childGroups()
        settings.endGroup()
        return QgsDataSourceUri(metadata.createConnection(name).uri()) if is_stored else None
