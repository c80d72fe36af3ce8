# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog buttons with our translations: those of Qt are not on every machine."""

from __future__ import annotations

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QWidget

from ...bridge import manual
from ...bridge.texts import tr

_Kind = QDialogButtonBox.StandardButton


def ok_and_cancel(dialog: QDialog, topic: str = "") -> QDialogButtonBox:
    """Return OK and Cancel, connected to the dialog; ``topic`` adds 说明, which opens the manual there."""
    buttons = QDialogButtonBox(_Kind.Ok | _Kind.Cancel)
    buttons.button(_Kind.Ok).setText(tr("OK"))
    buttons.button(_Kind.Cancel).setText(tr("Cancel"))
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return _with_help(buttons, topic)


def close_only(dialog: QDialog, topic: str = "") -> QDialogButtonBox:
    """Return Close, connected to the dialog; ``topic`` adds 说明, which opens the manual there."""
    buttons = QDialogButtonBox(_Kind.Close)
    buttons.button(_Kind.Close).setText(tr("Close"))
    buttons.rejected.connect(dialog.reject)
    return _with_help(buttons, topic)


def _with_help(buttons: QDialogButtonBox, topic: str) -> QDialogButtonBox:
    if topic:
        buttons.addButton(help_button(topic), QDialogButtonBox.ButtonRole.HelpRole)
    return buttons


def help_button(topic: str) -> QPushButton:
    """Return 说明; a click opens the manual at the topic. KeyError for an unknown topic."""
    button = QPushButton(tr("Help"))
    button.setObjectName("SanxianManual")
    button.setProperty("topic", topic)
    button.setToolTip(manual.address(topic))
    button.setAutoDefault(False)
    button.clicked.connect(lambda: open_manual(topic, button.window()))
    return button


def open_manual(topic: str, parent: QWidget | None) -> None:
    """Open the manual in the browser; without the manual, the window 帮助与关于."""
    if address := manual.url(topic):
        QDesktopServices.openUrl(QUrl(address))
        return
    from ..help.help_dialog import HelpDialog

    HelpDialog("", parent).exec()
