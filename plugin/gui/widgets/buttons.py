# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog buttons with our translations: those of Qt are not on every machine."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QGuiApplication, QKeyEvent, QShowEvent
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QToolButton

from ...bridge.texts import tr

_StandardButton = QDialogButtonBox.StandardButton
#: Duration for which a button shows that it has copied, in ms.
_COPIED_MS = 2000
#: Buttons that Enter presses; a check box or radio button leaves Enter to the default button.
_BUTTONS = (QPushButton, QToolButton)


def make_ok_cancel_buttons(dialog: QDialog) -> QDialogButtonBox:
    """Return a button box with OK and Cancel, connected to the dialog."""
    buttons = QDialogButtonBox(_StandardButton.Ok | _StandardButton.Cancel)
    buttons.button(_StandardButton.Ok).setText(tr("OK"))
    buttons.button(_StandardButton.Cancel).setText(tr("Cancel"))
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons


def make_close_button(dialog: QDialog) -> QDialogButtonBox:
    """Return a button box with Close, connected to the dialog."""
    buttons = QDialogButtonBox(_StandardButton.Close)
    buttons.button(_StandardButton.Close).setText(tr("Close"))
    buttons.rejected.connect(dialog.reject)
    return buttons


class FocusedButtonDialog(QDialog):
    """A dialog in which Enter presses the button that has the focus, never the default button in its place.

    Qt passes Enter on to the default button from tool buttons and from buttons that cannot become the default one.
    """

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focus, _BUTTONS):
            focus.click()
            return
        super().keyPressEvent(event)


class ManualStartDialog(FocusedButtonDialog):
    """A dialog in which Enter presses a button only if the button has the focus.

    Fields and lists use Enter themselves: it ends a search or confirms a cell. In other dialogs, Qt passes it on to the
    default button, which is the first button if none is chosen.
    """

    def showEvent(self, event: QShowEvent) -> None:
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
            button.setDefault(False)
        super().showEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter or isinstance(self.focusWidget(), _BUTTONS):
            super().keyPressEvent(event)


class CopyButton(QPushButton):
    """A button that copies a text to the clipboard, and shows for two seconds that it has."""

    def __init__(self, label: str, get_text: Callable[[], str]):
        super().__init__(label)
        self._get_text = get_text
        self._timer = QTimer(self, singleShot=True, timeout=lambda: self.setText(label))
        self.clicked.connect(self._copy)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._get_text())
        self.setText(tr("Copied"))
        self._timer.start(_COPIED_MS)
