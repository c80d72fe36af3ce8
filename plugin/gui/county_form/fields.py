# SPDX-License-Identifier: GPL-2.0-or-later
"""Input fields that show the inherited value in grey until the county sets one."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QStyle,
    QStyleOptionFrame,
    QToolButton,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets import SourceMarkLabel, keep_room, theme

#: Maximum width of a row name, in digits.
_NAME_WIDTH_IN_DIGITS = 24


class InheritingLineEdit(QLineEdit):
    """A line edit that shows the inherited value in grey until the county sets its own value.

    Qt's placeholder text would be too faint to read in dark themes.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.inherited_text = ""
        self.textChanged.connect(self._update_tooltip)

    def set_inherited_value(self, text: str) -> None:
        """Set the text that is shown in grey while the field is empty."""
        self.inherited_text = text
        self.setAccessibleDescription(tr("inherited: {value}").format(value=text) if text else "")
        self._update_tooltip()
        self.update()

    def show_text(self, text: str) -> None:
        """Set the text of the field and show its beginning."""
        self.setText(text)
        self.setCursorPosition(0)

    def get_county_value(self) -> str:
        """Return the entered text; empty if the county inherits the value."""
        return self.text().strip()

    def paintEvent(self, event) -> None:
        super().paintEvent(event)
        if self.text() or not self.inherited_text:
            return
        painter = QPainter(self)
        painter.setPen(theme.get_faint_color(in_field=True))
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        text_rect = (
            self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self).adjusted(3, 0, -3, 0)
        )
        text = self.fontMetrics().elidedText(self.inherited_text, Qt.TextElideMode.ElideRight, text_rect.width())
        painter.drawText(text_rect, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)

    def _update_tooltip(self, *_args: object) -> None:
        self.setToolTip(self.text() or self.inherited_text)


class GreyableComboBox(QComboBox):
    """A combo box that can show its value in grey."""

    def __init__(self, parent=None, **properties: Any):
        self._grey = False
        super().__init__(parent, **properties)

    def set_grey(self, grey: bool) -> None:
        """Show the value in grey if ``grey``, else in the normal text colour."""
        self._grey = grey
        palette = QWidget().palette()
        if grey:
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
                palette.setColor(role, theme.get_faint_color())
        self.setPalette(palette)

    def event(self, event):
        if event.type() == event.Type.ApplicationPaletteChange:
            self.set_grey(self._grey)
        return super().event(event)


class InheritingComboBox(GreyableComboBox):
    """A combo box whose first entry (data None) is the inherited value, shown in grey."""

    def __init__(self, parent=None, **properties: Any):
        super().__init__(parent, **properties)
        self.currentIndexChanged.connect(lambda _index: self.set_grey(self.currentData() is None))

    def set_inherited_value(self, value: str, source: str = "") -> None:
        """Set the text of the first entry: the inherited value and where it comes from."""
        text = tr("{value} (inherited: {source})").format(value=value, source=source) if source else value
        if self.count() and self.itemData(0) is None:
            self.setItemText(0, text)
        else:
            self.insertItem(0, text, None)
        self.setItemData(0, theme.get_faint_color(in_field=True), Qt.ItemDataRole.ForegroundRole)
        self.set_grey(self.currentData() is None)

    def get_county_value(self) -> object:
        """Return the data of the chosen entry; None if the county inherits the value."""
        return self.currentData()

    def choose_value(self, value: object) -> None:
        """Choose the entry with this data; the inherited value for None or an unknown one."""
        self.setCurrentIndex(max(self.findData(value), 0) if value is not None else 0)


class RestoreButton(QToolButton):
    """Button 恢复, which restores the inherited value of a field; visible if the county has its own value."""

    def __init__(self, parent=None):
        super().__init__(parent, text=tr("Restore"), toolTip=tr("Restore the inherited value"), autoRaise=True)
        keep_room(self).hide()


class SourceMarkSlot(SourceMarkLabel):
    """Label beside a field that shows how well the source of its value is verified: mark A, B or C, or none."""

    def __init__(self):
        super().__init__("C")
        self.mark = ""
        keep_room(self).hide()

    def show_source_mark(self, mark: str) -> None:
        """Show the mark A, B or C; show none for an empty text."""
        self.mark = mark
        self.setVisible(bool(mark))
        if mark:
            self.show_mark(mark)

    def show_county_mark(self, document: str) -> None:
        """Show the mark of the county's own value: A with a document, which the plugin cannot read, else C."""
        self.show_source_mark("A" if document else "C")
        if document:
            text = tr("A  entered by the county from “{document}”, not compared by the plugin")
            self.setToolTip(text.format(document=document))

    def show_confirmation(self, is_confirmed: bool) -> None:
        """Show in place of the mark C that the county confirmed the value."""
        if self.mark == "C" and is_confirmed:
            self._show_word(tr("Confirmed"), tr("Confirmed by the county"))
        elif self.mark == "C" and self.text() != "C":
            self.show_mark("C")


class NameLabel(QLabel):
    """The label with the name of a form row, wrapped if it is long."""

    def __init__(self, text: str, parent=None):
        super().__init__(text, parent)
        max_width = self.fontMetrics().horizontalAdvance("0") * _NAME_WIDTH_IN_DIGITS
        if self.sizeHint().width() > max_width:
            self.setWordWrap(True)
            self.setFixedWidth(max_width)
        self.setToolTip(text)


class FormBox(QWidget):
    """Base class of the boxes of the form; signal ``changed``: the user has changed a value.

    A box that is filled blocks its signals.
    """

    changed = pyqtSignal()

    def update_state(self) -> None:
        """Update what depends on the values of the box."""

    def on_changed(self, *_args: object) -> None:
        """Update the box and emit ``changed``, unless the box is being filled."""
        if not self.signalsBlocked():
            self.update_state()
            self.changed.emit()
