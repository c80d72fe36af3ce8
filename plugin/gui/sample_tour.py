# SPDX-License-Identifier: GPL-2.0-or-later
"""Tour of five steps over the sample county: check, findings, fixes, live check, results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from ..bridge import settings
from ..bridge.texts import tr
from .actions import MenuActions
from .findings.dock import FindingsDock
from .widgets import fill_layout, make_row, set_bold, theme

#: Width of the card in digits, and its distance from the widget and from the edges of the window in heights of text.
_WIDTH_DIGITS, _GAP_EM = 46, 0.6
_FRAME_WIDTH_PX = 2


@dataclass(frozen=True)
class TourStep:
    """One step of a tour.

    ``target``: the widget that the step is about, framed while the step is shown; ``fallback``: framed while the
    target is hidden, such as before a check. ``forward``: text of the button that goes on, empty for the usual one.
    """

    title: str
    text: str
    target: QWidget | None
    fallback: QWidget | None = None
    forward: str = ""


def place_card(size: QSize, target: QRect, window: QRect, messages: QRect, gap: int) -> QPoint:
    """Return the top left corner of a card that covers neither target nor messages, nor leaves the window, if possible.

    The card is below, above, left or right of the target, whichever fits first, or beside it below the messages; beside
    a target that is higher than the card, such as a list, whose details are below it. All are in coordinates of the
    window. An empty ``target`` gives the middle of the window; ``messages`` is empty without any.
    """
    if target.isEmpty():
        return window.center() - QPoint(size.width() // 2, size.height() // 2)
    room = window.adjusted(gap, gap, -gap, -gap)
    top = min(max(target.top(), room.top()), room.bottom() - size.height())
    left = min(max(target.left(), room.left()), room.right() - size.width())
    corners = [QPoint(left, target.bottom() + gap), QPoint(left, target.top() - gap - size.height())]
    at_sides = [
        QPoint(x, y)
        for y in (top, messages.bottom() + gap)
        for x in (target.left() - gap - size.width(), target.right() + gap)
    ]
    corners = at_sides + corners if target.height() > size.height() else corners + at_sides
    cards = [QRect(corner, size) for corner in corners]
    fitting = (card for card in cards if room.contains(card) and not card.intersects(messages))
    return next((card.topLeft() for card in fitting), QPoint(left, room.bottom() - size.height()))


class TourCard(QFrame):
    """Shows the steps of a tour one after the other; the window below stays usable.

    ``ended``: the last step was left, or the tour was skipped (button or Esc). ``messages``: QGIS's message bar, which
    the card leaves free; ``stays``: returns True if the card is to stay at a step, called when the user goes on.
    """

    ended = pyqtSignal()

    def __init__(
        self,
        steps: list[TourStep],
        window: QWidget,
        messages: QgsMessageBar,
        stays: Callable[[int], bool] = lambda _number: False,
    ):
        super().__init__(window, objectName="SanxianTour", frameShape=QFrame.Shape.StyledPanel, autoFillBackground=True)
        self._steps, self.number, self._messages, self._stays = steps, 0, messages, stays
        self._frame = QFrame(window, objectName="SanxianTourFrame")
        self._frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.title, self.text, self.position = QLabel(), QLabel(wordWrap=True), theme.set_faint(QLabel())
        set_bold(self.title)
        # Outside a dialog, Enter presses no other button.
        self.skip = QPushButton(tr("Skip Tour"), objectName="SanxianTourSkip", autoDefault=True, clicked=self.end)
        self.back = QPushButton(
            tr("Back"),
            objectName="SanxianTourBack",
            autoDefault=True,
            clicked=lambda: self.show_step(self.number - 1),
        )
        self.forward = QPushButton(objectName="SanxianTourNext", autoDefault=True, clicked=self._go_on)
        buttons = make_row(self.position, None, self.skip, self.back, self.forward)
        fill_layout(QVBoxLayout(self), self.title, self.text, buttons)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * _WIDTH_DIGITS)
        for widget in (window, messages):
            widget.installEventFilter(self)
        self.show_step(0)

    def show_step(self, number: int) -> None:
        """Show the step of a number, from 0."""
        step, is_last = self._steps[number], number == len(self._steps) - 1
        self.number = number
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.position.setText(f"{number + 1} / {len(self._steps)}")
        self.setAccessibleName(step.title)
        self.setAccessibleDescription(step.text)
        self.back.setEnabled(number > 0)
        self.skip.setVisible(not is_last)
        self.forward.setText(step.forward or (tr("Finish") if is_last else tr("Next Step")))
        self.show()
        self._place()
        self.forward.setFocus()

    def _go_on(self) -> None:
        if self._stays(self.number):
            return
        if self.number + 1 < len(self._steps):
            self.show_step(self.number + 1)
        else:
            self.end()

    def end(self) -> None:
        """Remove the card and the frame."""
        for widget in (self.parentWidget(), self._messages):
            widget.removeEventFilter(self)
        self.hide()
        self._frame.hide()
        self._frame.deleteLater()
        self.ended.emit()
        self.deleteLater()

    def _place(self) -> None:
        window, step = self.parentWidget(), self._steps[self.number]
        # The height follows from the wrapped text.
        self.resize(self.width(), self.layout().totalHeightForWidth(self.width()))
        target, fallback, messages = map(self._find_place, (step.target, step.fallback, self._messages))
        area = fallback if target.isEmpty() else target
        self._frame.setVisible(not area.isEmpty())
        border = f"border: {_FRAME_WIDTH_PX}px solid {theme.get_color('info').name()};"
        self._frame.setStyleSheet(f"#SanxianTourFrame {{ {border} }}")
        # The style sheets of themes (Night Mapping) make frames transparent.
        ground = QgsApplication.palette().color(QPalette.ColorRole.Window).name()
        self.setStyleSheet(f"#SanxianTour {{ {border} background-color: {ground}; }}")
        self._frame.setGeometry(area.adjusted(-_FRAME_WIDTH_PX, -_FRAME_WIDTH_PX, _FRAME_WIDTH_PX, _FRAME_WIDTH_PX))
        self._frame.raise_()
        gap = round(_GAP_EM * self.fontMetrics().height())
        self.move(place_card(self.size(), area, window.rect(), messages, gap))
        self.raise_()

    def _find_place(self, widget: QWidget | None) -> QRect:
        """Return the place of a widget in the window; empty if it is hidden or, as a floating panel, in another one."""
        window = self.parentWidget()
        if widget is None or not widget.isVisible() or widget.window() is not window:
            return QRect()
        return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched, event):
        # A dock that opens or moves gives the window another layout; a message shows the bar.
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False


class SampleTour(QObject):
    """Offers the tour once, when the sample county is opened for the first time; the options page offers it again."""

    def __init__(self, iface: Any, actions: MenuActions, dock: FindingsDock, parent: QObject | None = None):
        super().__init__(parent)
        self._iface, self._actions, self._dock = iface, actions, dock
        self.card: TourCard | None = None

    def offer(self) -> None:
        """Begin the tour unless it was offered before."""
        if self.card is not None or not settings.read_setting(settings.OFFER_TOUR, True):
            return
        settings.store_setting(settings.OFFER_TOUR, False)
        dock, toolbar = self._dock, self._actions.toolbar
        steps = [
            TourStep(
                tr("Check the plan"),
                tr(
                    "This button or F8 checks all layers while you go on working. Try it now: the sample has errors on "
                    "purpose."
                ),
                toolbar.widgetForAction(self._actions["check"]),
                forward=tr("Check Now") if dock.result is None else "",
            ),
            TourStep(
                tr("Review the findings"),
                tr(
                    "Each line is a finding: select it, and the map shows the place; below the list you read why it "
                    "counts, how to fix it and where the rule comes from. F9 goes on to the next one."
                ),
                dock.stack,
            ),
            TourStep(
                tr("Fix with a preview"),
                tr(
                    "“Fix…” tries the fixes of the selected finding on a copy and shows shapes and "
                    "areas before and after. Sealed layers stay unchanged. One undo takes a fix back."
                ),
                dock.navigation.fix,
                dock.stack,
            ),
            TourStep(
                tr("Edit under the live check"),
                tr(
                    "While you draw, each edit is checked against all layers at once, and the panel Indicators shows "
                    "the expansion ratio and the margin to each target."
                ),
                toolbar.widgetForAction(self._actions["live"]),
            ),
            TourStep(
                tr("Hand in the results"),
                tr(
                    "Reports to sign, maps and the submission package are made from the checked plan; the package is "
                    "read back and compared. The manual is in the menu Sanxian."
                ),
                toolbar.widgetForAction(self._actions["package"]),
            ),
        ]
        self.card = TourCard(steps, self._iface.mainWindow(), self._iface.messageBar(), self._check_first)
        self.card.ended.connect(self._forget_card)

    def _check_first(self, number: int) -> bool:
        """Start the check at the first step unless it has run; the next step shows what it found."""
        is_needed = number == 0 and self._dock.result is None
        if is_needed:
            self._actions["check"].trigger()
        return is_needed

    def go_on_after_check(self) -> None:
        """Show the step on the findings, if the tour shows the one on the check."""
        if self.card is not None and self.card.number == 0:
            self.card.show_step(1)

    def end(self) -> None:
        """End the tour if it is shown."""
        if self.card is not None:
            self.card.end()

    def _forget_card(self) -> None:
        self.card = None
