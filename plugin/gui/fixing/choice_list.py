# SPDX-License-Identifier: GPL-2.0-or-later
"""List of the ways to fix a finding, one of which is chosen."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QTextLayout, QTextOption
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QFrame,
    QLabel,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.layout import fill_layout
from ..widgets.sections import make_faint_label

#: Minimum width of a list, in digits.
_MIN_DIGITS = 24


class WrappedRadioButton(QRadioButton):
    """A radio button whose text has as many lines as its width requires. ``full_text``: the text in one line."""

    def __init__(self, text: str, parent: QWidget | None = None):
        super().__init__(text, parent)
        self.full_text = text
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("0") * _MIN_DIGITS // 2, self.sizeHint().height())

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        text_rect = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonContents, option, self)
        wrapped_text = self._wrap_text(text_rect.width())
        if wrapped_text != self.text():
            self.setText(wrapped_text)

    def _wrap_text(self, width: int) -> str:
        """Return the text with line breaks for a width in pixels."""
        layout = QTextLayout(self.full_text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        lines = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            lines.append(self.full_text[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
        return "\n".join(lines)


class ChoiceList(QScrollArea):
    """Radio buttons for the fixes of a finding.

    Fixes that do not apply are disabled, with the reason. Signals: ``chosen`` with the chosen fix; ``answered(any
    applies)``: the fixes are listed, or the reason for an empty list.
    """

    chosen = pyqtSignal(object)
    answered = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(
            parent,
            objectName="SanxianFixChoices",
            widgetResizable=True,
            frameShape=QFrame.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * _MIN_DIGITS)
        self.buttons: list[WrappedRadioButton] = []
        self._choices: list[Any] = []
        self.show_choices([], None)

    def show_choices(self, choices: list[Any], texts: Any, none_text: str = "") -> None:
        """Show choices (`core.fixes.choices.FixChoice`) and choose the first that applies.

        ``texts``: `core.fixes.fix_texts.FixTexts`; ``none_text``: shown without any choice.
        """
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self._choices, self.buttons = choices, []
        group = QButtonGroup(page)
        first = next((n for n, choice in enumerate(choices) if choice.proposal is not None), -1)
        for number, choice in enumerate(choices):
            title = texts.get_title(choice.fix)
            if number == first and len(choices) > 1:
                title = tr("{title} (recommended)").format(title=title)
            button = WrappedRadioButton(title)
            button.setEnabled(choice.proposal is not None)
            if choice.proposal is None:
                # The reason below is of no use if the title has the hardly readable colour of disabled buttons.
                theme.set_faint(button)
            group.addButton(button, number)
            if choice.proposal is not None:
                text = texts.make_sentence(choice.proposal)
            else:
                text = tr("Does not apply: {reason}").format(reason=texts.explain_refusal(choice.refusal))
            indent = self.fontMetrics().height() + self.fontMetrics().height() // 2
            fill_layout(layout, button, make_faint_label(text, wordWrap=True, indent=indent))
            self.buttons.append(button)
        if not choices and none_text:
            layout.addWidget(QLabel(none_text, textFormat=Qt.TextFormat.PlainText, wordWrap=True))
        layout.addStretch()
        self.setWidget(page)
        group.idToggled.connect(self._on_toggled)
        if choices or none_text:
            self.answered.emit(first >= 0)
        if first >= 0:
            self.buttons[first].setChecked(True)

    @property
    def current(self) -> Any:
        """Return the chosen fix (`core.fixes.choices.FixChoice`); None without one."""
        return next((c for c, b in zip(self._choices, self.buttons, strict=True) if b.isChecked()), None)

    def _on_toggled(self, number: int, on: bool) -> None:
        if on:
            self.chosen.emit(self._choices[number])
