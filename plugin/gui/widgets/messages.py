# SPDX-License-Identifier: GPL-2.0-or-later
"""Show one message at a time in the message bar, with buttons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from qgis.core import Qgis, QgsProject
from qgis.gui import QgsMessageBar
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QSizePolicy, QTextBrowser, QWidget

from ...bridge import settings
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr
from ...core.base.errors import SanxianError, require_value
from .layout import FittedWidget, fill_layout

_MESSAGE_LEVELS = {
    "info": Qgis.MessageLevel.Info,
    "success": Qgis.MessageLevel.Success,
    "warning": Qgis.MessageLevel.Warning,
}
#: Maximum number of visible lines; longer messages have a scroll bar.
_MAX_LINES = 9
#: Minimum width of a text beside the buttons, in digits; a narrower message has its buttons below the text.
_MIN_TEXT_DIGITS = 44


@dataclass
class MessageBarMessages:
    """Shows messages of one part of the plugin in QGIS's message bar, one at a time.

    A new message replaces the former one. Messages end with the project that they are about.
    """

    iface: Any
    title: str
    _message: Any = None
    _buttons: _TextWithButtons | None = None

    def show_warning(self, text: str, title: str = "") -> None:
        """Show a warning until it is closed or replaced; ``title``: instead of the default title."""
        self.show_message(text, "warning", title=title)

    def show_message(
        self,
        text: str,
        level: str,
        *buttons: tuple[str, Callable[[], object]],
        title: str = "",
    ) -> None:
        """Show a message until it is closed or replaced.

        ``buttons``: (label, function); ``title``: title of this message instead of the default.
        """
        self.close()
        bar = self.iface.messageBar()
        message = bar.createMessage(title or self.title, text)
        # Later, the text would lose its height with its place: the style of QGIS sets one and a half lines.
        self._message, self._buttons = message, _TextWithButtons(message)
        # A slot of Qt: the connection ends with the message.
        QgsProject.instance().cleared.connect(message.dismiss)
        for label, action in buttons:
            button = QPushButton(label, message, clicked=lambda _on=False, action=action: action())
            self.add_button(button)
        _push_fitted(bar, message, level)

    def add_button(self, button: QPushButton) -> None:
        """Add a button to the message that is shown."""
        require_value(self._buttons, "a message that is shown").add_button(button)

    def close(self) -> None:
        """Close the message that is shown, if any."""
        if self._message is not None and not sip.isdeleted(self._message):
            self.iface.messageBar().popWidget(self._message)
        self._message = self._buttons = None


class _TextWithButtons(FittedWidget, QWidget):
    """Text of a message with its buttons beside it, or below it where the text would become narrow.

    The bar has little room at 200 %, and less when other messages wait behind this one.
    """

    def __init__(self, message: QWidget):
        super().__init__(message)
        self._row, self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight, self), QWidget()
        self._button_row = fill_layout(QHBoxLayout(self._buttons), has_margins=False)
        texts = [(browser, 1) for browser in message.findChildren(QTextBrowser)]
        fill_layout(self._row, *texts, (self._buttons, 0, Qt.AlignmentFlag.AlignLeft), has_margins=False)
        message.layout().addWidget(self, 1)
        _shrink_texts_to_free_width(self)

    def add_button(self, button: QPushButton) -> None:
        self._button_row.addWidget(button)
        self.fit_contents()

    def fit_contents(self) -> None:
        min_text_width = self.fontMetrics().horizontalAdvance("0") * _MIN_TEXT_DIGITS
        is_wide = self.width() - self._buttons.sizeHint().width() >= min_text_width
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom)


def push_message(bar: QgsMessageBar, level: str, title: str, text: str) -> None:
    """Show a message in a message bar; ``level``: warning, info or success, by which QGIS limits its duration."""
    _push_fitted(bar, bar.createMessage(title, text), level, bar.defaultMessageTimeout(_MESSAGE_LEVELS[level]))


def _push_fitted(bar: QgsMessageBar, message: QWidget, level: str, seconds: int = 0) -> None:
    """Show a message that is as high as its text, which wraps in the free width.

    QGIS would clip the message after one and a half lines, and make panels narrower or its main window wider than the
    screen. ``seconds``: 0 for a message that stays.
    """
    _shrink_texts_to_free_width(message)
    bar.pushWidget(message, _MESSAGE_LEVELS[level], seconds)
    for browser in message.findChildren(QTextBrowser):
        # Use a function: a Python object below the browser would form a cycle that is collected while both are in use.
        fit = partial(_fit_height, browser, browser.minimumHeight())
        # The number of lines is known only after the text was laid out in the new width.
        browser.document().documentLayout().documentSizeChanged.connect(fit)
        fit()


def _shrink_texts_to_free_width(row: QWidget) -> None:
    """Limit the width of the texts in a row to the space that the buttons leave."""
    layout = row.layout()
    for browser in row.findChildren(QTextBrowser):
        if isinstance(layout, QBoxLayout) and layout.setStretchFactor(browser, 1):
            policy = browser.sizePolicy()
            policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
            browser.setSizePolicy(policy)


def _fit_height(browser: QTextBrowser, min_height: int, *_size: Any) -> None:
    """Make a text widget as high as its lines, up to the maximum, when the width of the bar has changed."""
    if sip.isdeleted(browser):
        return
    edge = 2 * browser.frameWidth()
    # A theme may add a padding to the frame; before it is shown, a widget has not laid out its parts.
    if browser.isVisible():
        edge = max(edge, browser.height() - browser.viewport().height())
    max_height = (
        _MAX_LINES * browser.fontMetrics().lineSpacing() + edge + 2 * round(browser.document().documentMargin())
    )
    browser_height = min(math.ceil(browser.document().size().height()) + edge, max_height)
    browser.setFixedHeight(max(browser_height, min_height))


def explain_error(error: SanxianError | ImportError) -> str:
    """Return the message of an error, with its remedy."""
    if isinstance(error, SanxianError):
        from ...core.standard.messages.texts import Texts

        return Texts(settings.get_interface_language()).explain_error(error)
    return tr("Not started: {name} is missing. See Environment Check.").format(name=error.name or error)


def explain_and_log(error: Exception, unexpected_error_text: str) -> str:
    """Return the message of an error; log an unexpected one with its traceback.

    ``unexpected_error_text``: message for an unexpected error, with the placeholder ``{error}``; it states what was not
    done.
    """
    if isinstance(error, SanxianError | ImportError):
        return explain_error(error)
    log_error(error)
    return unexpected_error_text.format(error=type(error).__name__)


def report_failure(show: Callable[[str], object], unexpected_error_text: str, error: Exception) -> None:
    """Show the message of an error with a function; log an unexpected one (see `explain_and_log`)."""
    show(explain_and_log(error, unexpected_error_text))


def explain_digest() -> str:
    """Return a sentence that explains what a SHA-256 digest is and what it is for."""
    return tr(
        "A digest is computed from the whole contents of a file and differs after the change of a single byte. Note it "
        "down: if it is computed again later and is equal, the file was not changed."
    )
