# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels that are bold, elided or mark a source (来源级别), and dialog buttons with our translations."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer
from qgis.PyQt.QtGui import (
    QAction,
    QCloseEvent,
    QColor,
    QGuiApplication,
    QKeyEvent,
    QPainter,
    QPalette,
    QPixmap,
    QShowEvent,
)
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QToolButton,
    QWidgetAction,
)

from ...bridge.texts import tr
from . import theme

_START_OF_SHORT_KEY = re.compile(r"…(?=\w)", re.ASCII)
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:万?km²|m²|m|ha|公顷|万?亩)(?![A-Za-z]))")
#: Buttons that Enter presses; a check box or radio button leaves Enter to the default button.
_BUTTONS = (QPushButton, QToolButton)


def set_bold(item: Any, scale: float = 1.0, *, is_bold: bool = True) -> None:
    """Make the font of a widget, an item of a list or a painter bold or not, and ``scale`` times as large."""
    font = item.font()
    font.setBold(is_bold)
    if scale != 1.0:
        font.setPointSizeF(font.pointSizeF() * scale)
    item.setFont(font)


def keep_figures_whole(text: str) -> str:
    """Return a text for a label that wraps: no line ends between a figure and its unit, nor in a short key (…000017).

    In rich text, Qt also breaks figures at their thin spaces, which the caller replaces.
    """
    return _SPACE_BEFORE_UNIT.sub("\u00a0", _START_OF_SHORT_KEY.sub("…\u2060", text))


def make_text_label(text: str) -> QLabel:
    """Return a label of selectable plain text that wraps."""
    return QLabel(
        keep_figures_whole(text),
        textFormat=Qt.TextFormat.PlainText,
        wordWrap=True,
        textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard,
    )


class IconLabel(QLabel):
    """A label with an icon, which is drawn again after a change of theme or font.

    ``side``: width and height in pixels at 100 %; with 0 the icon is as high as a line of ``text_label``, by default
    of this label.
    """

    def __init__(self, side: int = 0, text_label: QLabel | None = None, **properties: Any):
        super().__init__(**properties)
        self._side, self._text_label, self._icon_name = side, text_label or self, ""
        theme.call_after_theme_change(self, self._draw, QEvent.Type.FontChange)

    def show_icon(self, name: str) -> None:
        """Show an icon of the plugin; nothing if the name is empty."""
        if name != self._icon_name:
            self._icon_name = name
            self._draw()

    def _draw(self) -> None:
        side = QgsApplication.scaleIconSize(self._side) if self._side else self._text_label.fontMetrics().height()
        name = self._icon_name
        self.setPixmap(theme.load_pixmap(name, side, self.devicePixelRatioF()) if name else QPixmap())


class ElidedLabel(QLabel):
    """A label with elided text; the full text is tool tip and accessible name.

    ``hides_cut_text``: a text that does not fit is not painted at all, for a remark that is of no use in parts.
    """

    def __init__(self, text: str = "", parent=None, *, hides_cut_text: bool = False, **properties: Any):
        super().__init__(parent, **properties)
        self._hides_cut_text = hides_cut_text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)
        self.setAccessibleName(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("…") * 4, super().minimumSizeHint().height())

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        indent = max(self.indent(), 0)
        if self.indent() < 0 and self.frameWidth():
            # As Qt computes it for labels: a theme may give them a frame.
            indent = self.fontMetrics().horizontalAdvance("x") // 2 - self.margin()
        content_rect = self.contentsRect().adjusted(indent, 0, 0, 0)
        elided_text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, content_rect.width())
        elided_text = "" if self._hides_cut_text and elided_text != self.text() else elided_text
        QStyle.drawItemText(
            self.style(),
            painter,
            content_rect,
            int(self.alignment() | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            elided_text,
            self.foregroundRole(),
        )


def describe_source_marks() -> dict[str, str]:
    """Return mark (A, B or C) of a source → text that explains it."""
    return {
        "A": tr("read in the wording of a norm, an act or an approved plan"),
        "B": tr("read in data, code or papers that quote it"),
        "C": tr("not compared with any wording, to be changed or confirmed in the county profile"),
    }


class SourceMarkLabel(QLabel):
    """The letter A, B or C in a box, painted by the plugin, with its explanation as tool tip; A is filled.

    Themes with style sheets remove frames and backgrounds of labels.
    """

    def __init__(self, mark: str):
        super().__init__()
        side = self.fontMetrics().height() + 2
        self.setFixedSize(QSize(side, side))
        self.show_mark(mark)

    def show_mark(self, mark: str) -> None:
        """Show another letter."""
        self._show_word(mark, f"{mark}  {describe_source_marks()[mark]}")

    def _show_word(self, word: str, tip: str) -> None:
        self.setText(word)
        self.setToolTip(tip)
        metrics = self.fontMetrics()
        self.setFixedWidth(max(self.minimumHeight(), metrics.horizontalAdvance(word) + metrics.height() // 2))

    def paintEvent(self, _event) -> None:
        # A style sheet sets the colour of the text but not always the base colour of the palette.
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        paper = QColor(Qt.GlobalColor.white if ink.lightness() < 128 else Qt.GlobalColor.black)
        painter = QPainter(self)
        painter.setPen(ink)
        # The middle of the line lies half a pixel inside: on a screen scaled by 150 % no side falls outside the label.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        if self.text() == "A":
            painter.fillRect(self.rect(), ink)
            painter.setPen(paper)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


def add_menu_entry(menu: QMenu, text: str, action: Callable[[], object], *, is_enabled: bool = True) -> QAction:
    """Add an entry that calls ``action`` to a menu, and return it."""
    entry = menu.addAction(text)
    entry.setEnabled(is_enabled)
    entry.triggered.connect(lambda _on=False: action())
    return entry


def add_menu_section(menu: QMenu, title: str) -> None:
    """Add the title of a section to a menu, also where a theme with a style sheet draws none (Night Mapping)."""
    label = QLabel(title)
    set_bold(label)
    margin = label.fontMetrics().height() // 3
    label.setContentsMargins(margin, margin // 2, margin, 0)
    section = QWidgetAction(menu)
    section.setDefaultWidget(label)
    section.setText(title)
    # The keyboard passes over it.
    section.setSeparator(True)
    menu.addAction(section)
    menu.aboutToShow.connect(partial(_keep_with_next_entry, menu, section, label, margin // 2))


def _keep_with_next_entry(menu: QMenu, section: QWidgetAction, label: QLabel, top_margin: int) -> None:
    """Move a title that would be the last of a column to the next one: a high menu has columns on a low screen."""
    next_entry = menu.actions()[menu.actions().index(section) + 1]
    margins, added = label.contentsMargins(), 0
    for _ in range(2):
        margins.setTop(top_margin + added)
        label.setContentsMargins(margins)
        # Qt measures an entry anew if its data change.
        section.setData(added)
        added = menu.actionGeometry(section).height()
        if menu.actionGeometry(section).x() == menu.actionGeometry(next_entry).x():
            return


def show_menu(menu: QMenu, position: QPoint) -> None:
    """Show a menu at a position of the screen until the user has chosen, then delete it."""
    menu.exec(position)
    menu.deleteLater()


_StandardButton = QDialogButtonBox.StandardButton


def make_ok_cancel_buttons(dialog: FocusedButtonDialog) -> QDialogButtonBox:
    """Return a button box with OK and Cancel, connected to the dialog."""
    buttons = QDialogButtonBox(_StandardButton.Ok | _StandardButton.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.leave)
    return buttons


def make_close_button(dialog: QDialog) -> QDialogButtonBox:
    """Return a button box with Close, connected to the dialog."""
    buttons = QDialogButtonBox(_StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


class FocusedButtonDialog(QDialog):
    """A dialog in which Enter presses the button that has the focus, never the default button in its place.

    Qt passes Enter on to the default button from tool buttons and from buttons that cannot become the default one.
    Cancel, Escape and the window's own button ask before they throw away what the user entered.
    """

    def has_unsaved_entries(self) -> bool:
        """Return True if closing the dialog throws away what the user entered."""
        return False

    def may_discard(self) -> bool:
        """Return True if nothing was entered, or if the user agrees to throw it away."""
        if not self.has_unsaved_entries():
            return True
        text = tr("Close “{window}” and discard what you have entered?").format(window=self.windowTitle())
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        return QMessageBox.question(self, self.windowTitle(), text, yes | no, no) == yes

    def leave(self) -> None:
        """Close the dialog, if the user agrees to throw away what was entered."""
        if self.may_discard():
            self.reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and not self.may_discard():
            event.ignore()
        else:
            super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.may_discard():
            return
        focus = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focus, _BUTTONS):
            focus.click()
            return
        super().keyPressEvent(event)


class ManualStartDialog(FocusedButtonDialog):
    """A dialog in which Enter presses a button only if the button has the focus.

    Fields and lists use Enter themselves: it ends a search or confirms a cell. In other dialogs, Qt passes it on to the
    default button, which is the first button if none is chosen.
    """

    def showEvent(self, event: QShowEvent) -> None:
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
            button.setDefault(False)
        super().showEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter or isinstance(self.focusWidget(), _BUTTONS):
            super().keyPressEvent(event)


class CopyButton(QPushButton):
    """A button that copies a text to the clipboard, and shows for two seconds that it has."""

    def __init__(self, label: str, get_text: Callable[[], str]):
        super().__init__(label)
        self._get_text = get_text
        self._timer = QTimer(self, singleShot=True, timeout=lambda: self.setText(label))
        self.clicked.connect(self._copy)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._get_text())
        self.setText(tr("Copied"))
        self._timer.start(2000)
