# SPDX-License-Identifier: GPL-2.0-or-later
"""Operate widgets as a user does, and count clicks, fields and keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from qgis.PyQt.QtCore import Qt


@dataclass
class ActionCounts:
    """Numbers of user actions.

    ``clicks``: presses of a mouse button; ``fields``: fields typed into; ``keys``: characters typed.
    """

    clicks: int = 0
    fields: int = 0
    keys: int = 0

    def __str__(self):
        return f"{self.clicks} clicks, {self.fields} fields typed ({self.keys} characters)"


@dataclass
class Hand:
    """A simulated user whose actions are counted by step.

    A field typed into counts as one field and its characters; the click into it is not counted.
    """

    steps: dict[str, ActionCounts] = field(default_factory=dict)
    _now: ActionCounts = field(default_factory=ActionCounts)

    def begin(self, step: str) -> None:
        """Count the following actions under a step."""
        self._now = self.steps.setdefault(step, ActionCounts())

    def press(self, button) -> None:
        """Click an enabled and visible button."""
        assert button.isEnabled() and button.isVisible(), f"nobody can press {button.text()}"
        self._now.clicks += 1
        button.click()

    def trigger(self, action) -> None:
        """Choose a menu entry with one click."""
        assert action.isEnabled(), f"nobody can choose {action.text()}"
        self._now.clicks += 1
        action.trigger()

    def choose(self, combo, data) -> None:
        """Choose an entry of a list: one click opens it, one selects."""
        place = combo.findData(data)
        assert place >= 0, data
        self._now.clicks += 2
        combo.setCurrentIndex(place)

    def tick(self, box, on: bool) -> None:
        """Click a check box unless it has the wanted state."""
        if box.isChecked() != on:
            self.press(box)

    def type(self, line, text: str) -> None:
        """Type a text into a field."""
        self._type(text)
        line.setText(text)

    def type_number(self, box, value: float) -> None:
        """Type a number into a spin box."""
        self._type(f"{value:g}")
        box.setValue(value)

    def search(self, combo, text: str, data: str) -> None:
        """Type into an editable list and select the only entry that is left."""
        self._type(text)
        completer = combo.completer()
        completer.setCompletionPrefix(text)
        assert completer.completionCount() == 1, [completer.completionCount(), text]
        self._now.clicks += 1
        place = combo.findText(completer.currentCompletion(), Qt.MatchFlag.MatchExactly)
        assert combo.itemData(place) == data
        combo.setCurrentIndex(place)
        combo.activated.emit(place)

    def take_offered(self, line, beginning: str, text: str) -> None:
        """Type the beginning of a text that the field proposes, and accept it."""
        completer = line.completer()
        completer.setCompletionPrefix(beginning)
        assert completer.currentCompletion() == text
        self._type(beginning)
        self._now.clicks += 1
        line.setText(text)

    def in_qgis(self, clicks: int) -> None:
        """Count clicks in windows of QGIS, which the test operates by API calls."""
        self._now.clicks += clicks

    def _type(self, text: str) -> None:
        self._now.fields += 1
        self._now.keys += len(text)

    @property
    def total(self) -> ActionCounts:
        parts = self.steps.values()
        return ActionCounts(sum(p.clicks for p in parts), sum(p.fields for p in parts), sum(p.keys for p in parts))
