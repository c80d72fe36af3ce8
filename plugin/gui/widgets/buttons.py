# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog buttons with our translations: those of Qt are not on every machine."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox

from ...bridge.texts import tr

_Kind = QDialogButtonBox.StandardButton


def ok_and_cancel(dialog: QDialog) -> QDialogButtonBox:
    """Return OK and Cancel, connected to the dialog."""
    buttons = QDialogButtonBox(_Kind.Ok | _Kind.Cancel)
    buttons.button(_Kind.Ok).setText(tr("OK"))
    buttons.button(_Kind.Cancel).setText(tr("Cancel"))
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons


def close_only(dialog: QDialog) -> QDialogButtonBox:
    """Return Close, connected to the dialog."""
    buttons = QDialogButtonBox(_Kind.Close)
    buttons.button(_Kind.Close).setText(tr("Close"))
    buttons.rejected.connect(dialog.reject)
    return buttons
