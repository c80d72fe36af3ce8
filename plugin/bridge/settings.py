# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user set once for all projects; QGIS keeps it under ``sanxian/``."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

from .texts import interface_locale

PREFIX = "sanxian/"


def get(key: str, default: Any = "") -> Any:
    """A setting, of its default's type: an .ini file keeps nothing but text."""
    return QgsSettings().value(PREFIX + key, default, type=type(default))


def put(key: str, value: Any) -> None:
    QgsSettings().setValue(PREFIX + key, value)


def language() -> str:
    """The language of findings and reports: Chinese unless set otherwise, whatever the interface speaks."""
    return "en" if get("language", "zh") == "en" else "zh"


def interface_language() -> str:
    """The language of titles and help in QGIS's own windows, which follow QGIS's interface."""
    return "zh" if interface_locale() == "zh_CN" else "en"
