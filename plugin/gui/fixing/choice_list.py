# SPDX-License-Identifier: GPL-2.0-or-later
"""List of the ways to fix a finding, one of which is chosen."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QButtonGroup, QFrame, QLabel, QRadioButton, QScrollArea, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets.sections import make_faint_label


class ChoiceList(QScrollArea):
    """Radio buttons for the ways to fix a finding; those that do not apply are disabled, with the reason.

    Signal ``answered(any applies)``: the ways are listed, or the reason for an empty list.
    """

    chosen = pyqtSignal(object)
    answered = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("SanxianFixChoices")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.buttons: list[QRadioButton] = []
        self._choices: list[Any] = []
        self.show_choices([], None)

    def show_choices(self, choices: list[Any], texts: Any, none_text: str = "") -> None:
        """Show choices (`core.fixes.choices.FixChoice`) and choose the first that applies.

        ``texts``: `core.fixes.texts.FixTexts`; ``none_text``: shown without any choice.
        """
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self._choices, self.buttons = choices, []
        group = QButtonGroup(page)
        first = next((n for n, choice in enumerate(choices) if choice.proposal is not None), -1)
        for number, choice in enumerate(choices):
            button = QRadioButton(self._make_title(choice, texts, number == first))
            button.setEnabled(choice.proposal is not None)
            group.addButton(button, number)
            layout.addWidget(button)
            layout.addWidget(self._make_detail(choice, texts))
            self.buttons.append(button)
        if not choices and none_text:
            layout.addWidget(_make_wrapping_label(none_text))
        layout.addStretch()
        self.setWidget(page)
        # A button does not wrap its text: it must not be cut, nor widen the page beyond the list.
        self.setMinimumWidth(page.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width())
        group.idToggled.connect(self._on_toggled)
        if choices or none_text:
            self.answered.emit(first >= 0)
        if first >= 0:
            self.buttons[first].setChecked(True)

    @property
    def current(self) -> Any:
        """Return the chosen way; None without one."""
        return next((c for c, b in zip(self._choices, self.buttons, strict=True) if b.isChecked()), None)

    def _make_title(self, choice: Any, texts: Any, recommended: bool) -> str:
        title = texts.get_title(choice.fix)
        if recommended and len(self._choices) > 1:
            return tr("{title} (recommended)").format(title=title)
        return title

    def _make_detail(self, choice: Any, texts: Any) -> QLabel:
        """Return what the fix does to this finding, or why it does not apply."""
        if choice.proposal is not None:
            text = texts.make_sentence(choice.proposal)
        else:
            text = tr("Does not apply: {reason}").format(reason=texts.explain_refusal(choice.refusal))
        label = make_faint_label(text)
        label.setWordWrap(True)
        label.setIndent(self.fontMetrics().height() + self.fontMetrics().height() // 2)
        return label

    def _on_toggled(self, number: int, on: bool) -> None:
        if on:
            self.chosen.emit(self._choices[number])


def _make_wrapping_label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
