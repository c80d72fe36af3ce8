# SPDX-License-Identifier: GPL-2.0-or-later
"""A page without a list: a sentence, and buttons for the next steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from .layout import fill_layout


@dataclass
class EmptyPage:
    """Content of a page that is shown in place of an empty list.

    ``function_by_label``: (label, function) of each button.
    """

    text: str
    function_by_label: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    tool_tip: str = ""


class EmptyStateWidget(QWidget):
    """Widget that shows a text, and buttons for the next steps."""

    def __init__(self, parent=None):
        super().__init__(parent, objectName="SanxianEmptyState")
        self.label = QLabel(
            objectName="SanxianEmptyText",
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignCenter,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        self._row = QHBoxLayout()
        self._button_callbacks: list[Callable[[], None]] = []
        fill_layout(QVBoxLayout(self), (None, 2), self.label, self._row, (None, 3))

    def show_empty_page(self, page: EmptyPage) -> None:
        """Show text, tool tip and buttons of a page in place of the former ones."""
        is_unchanged = page.text == self.label.text() and [t for t, _ in page.function_by_label] == [
            b.text() for b in self.list_buttons()
        ]
        self._button_callbacks = [callback for _, callback in page.function_by_label]
        self.label.setToolTip(page.tool_tip)
        if is_unchanged:
            return
        self.label.setText(page.text)
        while self._row.count():
            widget = self._row.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._row.addStretch()
        for number, (label, _) in enumerate(page.function_by_label):
            button = QPushButton(label, self)
            # A click may change the state and delete the button: finish the click first.
            button.clicked.connect(
                lambda _on=False, n=number: self._button_callbacks[n](), Qt.ConnectionType.QueuedConnection
            )
            self._row.addWidget(button)
        self._row.addStretch()

    def list_buttons(self) -> list[QPushButton]:
        widgets = [self._row.itemAt(n).widget() for n in range(self._row.count())]
        return [w for w in widgets if w is not None]
