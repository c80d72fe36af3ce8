# SPDX-License-Identifier: GPL-2.0-or-later
"""Combo boxes of counties and of county profiles, and fields that leave the mouse wheel to the form around them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QDateEdit, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard import load_standard
from ...core.standard.profile import load_profile
from . import theme
from .layout import make_row


class _ScrollSafe:
    """A field that ignores the mouse wheel unless it has the focus; the wheel then scrolls the form."""

    def wheelEvent(self, event) -> None:
        if QWidget.hasFocus(self):
            super().wheelEvent(event)
        else:
            event.ignore()


class ScrollSafeComboBox(_ScrollSafe, QComboBox):
    """A combo box that leaves the mouse wheel to the form, unless it has the focus."""

    def __init__(self, parent=None, **properties: Any):
        super().__init__(parent, focusPolicy=Qt.FocusPolicy.StrongFocus, **properties)


class ScrollSafeDateEdit(_ScrollSafe, QDateEdit):
    """A date field that leaves the mouse wheel to the form, unless it has the focus."""

    def __init__(self, parent=None):
        super().__init__(parent, focusPolicy=Qt.FocusPolicy.StrongFocus)


def make_searchable(combo: QComboBox) -> None:
    """Let the user choose an entry of a combo box by typing a part of it; other text is replaced by the entry."""
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    combo.completer().setFilterMode(Qt.MatchFlag.MatchContains)
    combo.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    combo.lineEdit().editingFinished.connect(lambda: combo.setEditText(combo.itemText(combo.currentIndex())))


class CountyCombo(QComboBox):
    """Combo box of counties; ``changed``: the text has changed.

    The text is free: for a county of another province the user types code and name.
    """

    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent, editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert, minimumContentsLength=24)
        entries = load_standard().code_lists["divisions"].entry_by_code
        parent_codes = {entry.parent for entry in entries.values()}
        for code, entry in entries.items():
            if code not in parent_codes:
                self.addItem(f"{code} {entry.name}  {entries[entry.parent].name}", code)
        completer = QCompleter(
            self.model(),
            self,
            filterMode=Qt.MatchFlag.MatchContains,
            completionMode=QCompleter.CompletionMode.PopupCompletion,
        )
        self.setCompleter(completer)
        self.setCurrentIndex(-1)
        theme.set_placeholder(self.lineEdit(), tr("Name or code of the county"))
        self.editTextChanged.connect(lambda _text: self.changed.emit())

    def get_chosen_county_code(self) -> str:
        """Return the code of a listed county, else the text."""
        text = self.currentText().strip()
        row = self.findText(text)
        return str(self.itemData(row)) if row >= 0 else text

    def set_text(self, text: str) -> None:
        """Choose the listed county with this code; any other text is shown as typed."""
        row = self.findData(text)
        if row >= 0:
            self.setCurrentIndex(row)
        else:
            self.setCurrentIndex(-1)
            self.setEditText(text)


class ProfileCombo(QComboBox):
    """Combo box of county profiles; its first entry means “no profile”.

    ``name``: object name; ``folder``: initial folder of the file dialog.
    """

    def __init__(self, name: str, folder: str = "", parent=None, **properties: Any):
        super().__init__(parent, objectName=name, **properties)
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
