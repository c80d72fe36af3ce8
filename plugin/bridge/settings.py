# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the user for all projects; QGIS stores them under ``sanxian/``."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

from .texts import get_interface_locale

SETTINGS_PREFIX = "sanxian/"
#: Keys of settings that the options page and other windows share.
CHECK_WHILE_EDITING, SHOW_FINDINGS_LAYER = "check_while_editing", "show_findings_layer"
WAIVER_AUTHOR, WORKLIST_PERSON = "waiver_author", "worklist_person"
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
    """Return the language of findings and reports: ``zh`` or ``en``.

    It is Chinese unless set otherwise, independent of the interface's language.
    """
    return "en" if read_setting("language", "zh") == "en" else "zh"


def get_interface_language() -> str:
    """Return the language of titles and help in QGIS's windows: ``zh`` or ``en``."""
    return "zh" if get_interface_locale() == "zh_CN" else "en"
