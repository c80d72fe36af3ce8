# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog buttons with our translations: those of Qt are not on every machine."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox

from ...bridge.texts import tr

_StandardButton = QDialogButtonBox.StandardButton


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
