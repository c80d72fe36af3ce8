# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands where there is nothing to list: one sentence, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


@dataclass
class Empty:
    """The sentence and its buttons: label → what a click does."""

    text: str
    buttons: list[tuple[str, Callable[[], None]]] = field(default_factory=list)


class EmptyState(QWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianEmptyState")
        self.label = QLabel()
        self.label.setObjectName("SanxianEmptyText")
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._row = QHBoxLayout()
        self._acts: list[Callable[[], None]] = []
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(self.label)
        outer.addLayout(self._row)
        outer.addStretch(3)

    def show_empty(self, empty: Empty) -> None:
        same = empty.text == self.label.text() and [t for t, _ in empty.buttons] == [b.text() for b in self.buttons()]
        self._acts = [act for _, act in empty.buttons]
        if same:
            return
        self.label.setText(empty.text)
        while self._row.count():
            widget = self._row.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._row.addStretch()
        for place, (label, _) in enumerate(empty.buttons):
            button = QPushButton(label, self)
            # The state may change at once and take the button with it: let the click end first.
            button.clicked.connect(lambda _on=False, n=place: self._acts[n](), Qt.ConnectionType.QueuedConnection)
            self._row.addWidget(button)
        self._row.addStretch()

    def buttons(self) -> list[QPushButton]:
        widgets = [self._row.itemAt(n).widget() for n in range(self._row.count())]
        return [w for w in widgets if w is not None]
