# SPDX-License-Identifier: GPL-2.0-or-later
"""Open files, folders and pages with the default programs of the computer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.PyQt.QtCore import QDir, Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ...bridge.help_pages import write_forwarding_page
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr


def open_path(path: str, parent: QWidget | None = None) -> bool:
    """Open a file or folder with its default program.

    Show the path, with the reason, if it no longer exists or no program opens it. Return True if it was opened.
    """
    if not Path(path).exists():
        reason = tr("This file or folder was moved or deleted after it was written:")
        _show_path(parent, tr("Not found"), reason, path)
        return False
    if QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
        return True
    reason = tr("No program on this computer opens this file or folder. It is here:")
    _show_path(parent, tr("Cannot be opened"), reason, path)
    return False


def make_opener(path: str) -> Callable[[], None]:
    """Return a function for a button that opens a path with its default program."""

    def open_it() -> None:
        open_path(path)

    return open_it


def open_in_browser(url: QUrl, parent: QWidget | None) -> bool:
    """Open a local page, at its anchor, in the browser; without a browser, show the path of the page.

    Return True if it was opened.
    """
    if QDesktopServices.openUrl(_get_url_with_kept_anchor(url)):
        return True
    reason = tr("No program that opens web pages was found. Open this file in a browser:")
    _show_path(parent, tr("No browser found"), reason, url.toLocalFile())
    return False


def _get_url_with_kept_anchor(url: QUrl) -> QUrl:
    """Return the address of a page that leads to the anchor of a local page; other addresses unchanged.

    Windows and xdg-open start the browser with the path of a local page, without its anchor.
    """
    if not (url.isLocalFile() and url.hasFragment()):
        return url
    try:
        return QUrl.fromLocalFile(str(write_forwarding_page(url)))
    except OSError as error:
        # The page opens at its top.
        log_error(error)
        return url


def _show_path(parent: QWidget | None, title: str, reason: str, path: str) -> None:
    """Show why a path was not opened, with the path to copy."""
    message = QMessageBox(
        parent,
        objectName="SanxianNotOpened",
        icon=QMessageBox.Icon.Information,
        windowTitle=title,
        text=f"{reason}\n{QDir.toNativeSeparators(path)}",
        textFormat=Qt.TextFormat.PlainText,
        textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
    )
    message.addButton(tr("Close"), QMessageBox.ButtonRole.RejectRole)
    message.exec()
