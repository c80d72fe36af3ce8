# SPDX-License-Identifier: GPL-2.0-or-later
"""One message of ours at a time in the message bar, with buttons: a new one takes the place of the former."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import Qgis
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

_LEVELS = {
    "info": Qgis.MessageLevel.Info,
    "success": Qgis.MessageLevel.Success,
    "warning": Qgis.MessageLevel.Warning,
}


class Messages:
    def __init__(self, iface: Any, title: str):
        self._iface, self._title = iface, title
        self._message: Any = None

    def warn(self, text: str, title: str = "") -> None:
        self.tell(text, "warning", title=title)

    def tell(self, text: str, level: str, *buttons: tuple[str, Callable[[], None]], title: str = "") -> None:
        """It stays until it is closed, or until the next. ``buttons``: (label, what a click does); ``title``: of this one,
        where it has its own."""
        self.close()
        bar = self._iface.messageBar()
        message = bar.createMessage(title or self._title, text)
        for label, deed in buttons:
            button = QPushButton(label, message)
            button.clicked.connect(lambda _on=False, deed=deed: deed())
            message.layout().addWidget(button)
        self._message = message
        bar.pushWidget(message, _LEVELS[level])

    def close(self) -> None:
        if self._message is not None and not sip.isdeleted(self._message):
            self._iface.messageBar().popWidget(self._message)
        self._message = None


def open_path(path: str) -> None:
    """A file or folder, with what the system has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))


def opener(path: str) -> Callable[[], None]:
    """`open_path` as the deed of a button."""
    return lambda: open_path(path)
