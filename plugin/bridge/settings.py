# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the user for all projects; QGIS stores them under ``sanxian/``."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

from .texts import interface_locale

PREFIX = "sanxian/"


def get(key: str, default: Any = "") -> Any:
    """Return a user setting, converted to the type of its default.

    An .ini file stores only text.
    """
    return QgsSettings().value(PREFIX + key, default, type=type(default))


def put(key: str, value: Any) -> None:
    """Store a user setting."""
    QgsSettings().setValue(PREFIX + key, value)


def language() -> str:
    """Return the language of findings and reports: ``zh`` or ``en``.

    It is Chinese unless set otherwise, independent of the interface's language.
    """
    return "en" if get("language", "zh") == "en" else "zh"


def interface_language() -> str:
    """Return the language of titles and help in QGIS's windows: ``zh`` or ``en``."""
    return "zh" if interface_locale() == "zh_CN" else "en"
