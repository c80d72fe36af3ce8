# SPDX-License-Identifier: GPL-2.0-or-later
"""County profiles by name, and files of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton

from ...bridge.texts import tr
from ...core.errors import SanxianError
from ...core.profile import load_profile


class ProfileCombo(QComboBox):
    """The first entry is none. ``folder``: where a file is looked for first."""

    def __init__(self, name: str, folder: str = "", parent=None):
        super().__init__(parent)
        self.setObjectName(name)
        self._folder = folder or str(Path.home())

    def offer(self, profiles: Iterable[str]) -> None:
        """These and none, in place of those before."""
        self.clear()
        self.addItem(tr("None: no targets, limits of the standard"), "")
        for one in profiles:
            self.addItem(_label(one), one)

    def choose(self, profile: str) -> None:
        """By id, or by the path of its file, which joins the others."""
        if self.findData(profile) < 0:
            self.addItem(_label(profile), profile)
        self.setCurrentIndex(self.findData(profile))

    def row(self) -> QHBoxLayout:
        """With a button that looks for a file."""
        browse = QPushButton(tr("Other…"))
        browse.setToolTip(tr("A profile of your own county (.toml)"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self, 1)
        row.addWidget(browse)
        return row

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("County Profile"), self._folder, tr("Profile (*.toml)"))
        if path:
            self.choose(path)


def _label(profile: str) -> str:
    """Its name beside what it is known by; what cannot be read says so once it is chosen."""
    try:
        name = load_profile(profile).name
    except (SanxianError, ImportError):
        name = ""
    return f"{name}  {profile}" if name else profile
