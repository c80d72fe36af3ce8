# SPDX-License-Identifier: GPL-2.0-or-later
"""The button 说明 of a dialog, which opens the manual at the dialog's topic."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialogButtonBox, QPushButton

from ...bridge import manual
from ...bridge.texts import tr
from .help_dialog import open_manual

#: Number of the KDE layout of button boxes, in which help is on the left, before OK and Cancel.
_KDE_LAYOUT = 2


def add_help_button(buttons: QDialogButtonBox, topic: str) -> QDialogButtonBox:
    """Add the button 说明 to the buttons of a dialog, on the left, and return the button box.

    The button opens the manual at the ``topic`` of the dialog.
    """
    buttons.setStyleSheet(f"QDialogButtonBox {{ button-layout: {_KDE_LAYOUT} }}")
    buttons.addButton(make_help_button(topic), QDialogButtonBox.ButtonRole.HelpRole)
    return buttons


def make_help_button(topic: str) -> QPushButton:
    """Return a button 说明, which opens the manual at a topic.

    Raise KeyError for an unknown topic.
    """
    manual.find_page_and_anchor(topic)
    button = QPushButton(tr("Help"), objectName="SanxianManual")
    button.setProperty("topic", topic)
    button.setToolTip(tr("Opens the user manual at this window"))
    button.setAutoDefault(False)
    button.clicked.connect(lambda: open_manual(topic, button.window()))
    return button
