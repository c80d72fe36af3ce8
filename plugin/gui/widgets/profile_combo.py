# SPDX-License-Identifier: GPL-2.0-or-later
"""County profiles by name, and profile files of the user."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton

from ...bridge.texts import tr
from ...core.errors import SanxianError
from ...core.profile import load_profile
from .layout import make_row


class ProfileCombo(QComboBox):
    """Combo box of county profiles; its first entry means “no profile”.

    ``name``: object name; ``folder``: initial folder of the file dialog.
    """

    def __init__(self, name: str, folder: str = "", parent=None):
        super().__init__(parent, objectName=name)
        self._folder = folder or str(Path.home())

    def set_profiles(self, profiles: Iterable[str]) -> None:
        """Replace the entries by these profiles, preceded by no profile."""
        self.clear()
        self.addItem(tr("None: no targets, limits of the standard"), "")
        for profile in profiles:
            self.addItem(_format_label(profile), profile)

    def choose_profile(self, profile: str) -> None:
        """Select a profile by id or path; an unknown one is added."""
        if self.findData(profile) < 0:
            self.addItem(_format_label(profile), profile)
        self.setCurrentIndex(self.findData(profile))

    def make_row_with_button(self) -> QHBoxLayout:
        """Return a row with the combo box and a button to choose a file."""
        browse = QPushButton(
            tr("Other…"), toolTip=tr("Profile of this county (.toml)"), clicked=self._browse_for_profile
        )
        return make_row((self, 1), browse)

    def _browse_for_profile(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("County Profile"), self._folder, tr("Profile (*.toml)"))
        if path:
            self.choose_profile(path)


def _format_label(profile: str) -> str:
    """Return name and id of a profile; only the id if it cannot be read."""
    try:
        name = load_profile(profile).name
    except (SanxianError, ImportError):
        name = ""
    return f"{name}  {profile}" if name else profile
