# SPDX-License-Identifier: GPL-2.0-or-later
"""A combo box of all counties, searched by name, code or city."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QCompleter

from ...bridge.texts import tr
from ...core.standard import load_standard
from . import theme


def list_counties() -> list[tuple[str, str, str]]:
    """Return (code, name, name of the city) of every county in the list."""
    codes = load_standard().code_lists["divisions"].entry_by_code
    parent_codes = {c.parent for c in codes.values()}
    return [(c.code, c.name, codes[c.parent].name) for c in codes.values() if c.code not in parent_codes]


class CountyCombo(QComboBox):
    """Combo box of counties; ``changed``: the text has changed.

    The text is free: for a county of another province the user types code and name.
    """

    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent, editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert, minimumContentsLength=24)
        for code, name, city in list_counties():
            self.addItem(f"{code} {name}  {city}", code)
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
