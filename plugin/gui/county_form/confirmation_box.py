# SPDX-License-Identifier: GPL-2.0-or-later
"""Form box 本县已确认: who confirmed which settings of the county, when and where.

The settings are those of mark C: they were not read in a published standard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qgis.PyQt.QtCore import QDate, QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
)

from ...bridge.texts import tr
from ...core.standard.messages.texts import Texts
from ...core.standard.profile.county_file import CountyConfirmation
from ..widgets import (
    FieldMessage,
    NoticeBox,
    ScrollSafeDateEdit,
    WholeRows,
    make_faint_label,
    make_row_widget,
    set_bold,
    theme,
)
from .fields import FormBox
from .limits_box import get_setting_name

_ISO_DATE = Qt.DateFormat.ISODate
#: The item that confirms all settings of the standard.
_ALL_SETTINGS = "all"


class ConfirmationBox(FormBox):
    """Fields of a confirmation: authority, document, date and confirmed settings.

    Confirmed settings that are not in the list are preserved. ``messages``: key in the profile's file → widget with the
    message below its field; ``labels``: the same key → name of the field.
    """

    def __init__(self, texts: Texts, parent=None):
        super().__init__(parent)
        self._texts, self._date_chosen = texts, False
        self._given_items: tuple[str, ...] = ()
        self._offered_items: list[str] = []
        #: Items that the last check used; they are listed first.
        self.used_items: frozenset[str] = frozenset()
        self.badge = NoticeBox(reserved_text=_describe_unconfirmed(999))
        self.by, self.document, self.date = QLineEdit(), QLineEdit(), ScrollSafeDateEdit()
        theme.set_placeholder(self.by, tr("Name of the authority"))
        theme.set_placeholder(self.document, tr("Title and number of the document"))
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setCalendarPopup(True)
        self.date.setDate(QDate.currentDate())
        self.items = QListWidget(
            objectName="SanxianConfirmedItems",
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
            minimumHeight=self.fontMetrics().height() * 9,
        )
        self.messages = {name: FieldMessage() for name in ("by", "document", "date", "items")}
        tick_all_button = QPushButton(tr("Tick All"), autoDefault=False, clicked=lambda: self._set_all_ticks(True))
        tick_none_button = QPushButton(tr("Tick None"), autoDefault=False, clicked=lambda: self._set_all_ticks(False))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.badge, 0, 0, 1, 2)
        rows = (
            (tr("Confirmed by"), self.by, "by"), (tr("Source document"), self.document, "document"),
            (tr("Date of confirmation"), self.date, "date"), (tr("Items"), self.items, "items"),
        )  # fmt: skip
        self.labels = {name: label for label, _widget, name in rows}
        for number, (label, widget, name) in enumerate(rows):
            widget.setAccessibleName(label)
            grid.addWidget(QLabel(label), 2 * number + 1, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(WholeRows(widget) if widget is self.items else widget, 2 * number + 1, 1)
            grid.addWidget(self.messages[name], 2 * number + 2, 1)
        grid.addWidget(make_row_widget(tick_all_button, tick_none_button, (None, 1)), 9, 1)
        self.used_note = make_faint_label(objectName="SanxianUsedItems", wordWrap=True, visible=False)
        grid.addWidget(self.used_note, 10, 1)
        for line in (self.by, self.document):
            line.textChanged.connect(self.on_changed)
        self.date.dateChanged.connect(self._choose_date)
        self.items.itemChanged.connect(self.on_changed)

    def show_confirmation(self, confirmation: CountyConfirmation) -> None:
        """Show authority, document and date of a confirmation; the list of settings is emptied."""
        date = QDate.fromString(confirmation.date, _ISO_DATE) if confirmation.date else QDate.currentDate()
        with QSignalBlocker(self):
            self.by.setText(confirmation.by)
            self.document.setText(confirmation.document)
            self.date.setDate(date)
            self._date_chosen = False
            self._given_items, self._offered_items = confirmation.items, []
            self.items.clear()

    def show_confirmable_settings(self, items: list[str], explain: Callable[[str], str] = str) -> None:
        """List the settings that can be confirmed, those of the last check first; ticked ones stay ticked.

        ``explain``: returns the value of a setting and the rules that use it, for its tool tip.
        """
        items = sorted(items, key=lambda item: item not in self.used_items)
        used_count = sum(item in self.used_items for item in items)
        text = tr("The {count} items that the last check used are listed first, in bold.")
        self.used_note.setText(text.format(count=used_count) if used_count else "")
        self.used_note.setVisible(used_count > 0)
        if items == self._offered_items:
            return
        former_items = self._read_confirmed_items()
        ticked_items = set(items) if _ALL_SETTINGS in former_items else set(former_items)
        self._given_items, self._offered_items = former_items, items
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
        with QSignalBlocker(self):
            self.items.clear()
            for key in items:
                item = QListWidgetItem(get_setting_name(key, self._texts))
                item.setData(Qt.ItemDataRole.UserRole, key)
                lines = (item.text(), explain(key), tr("{key}, mark C").format(key=key))
                item.setToolTip("\n".join(filter(None, lines)))
                set_bold(item, is_bold=key in self.used_items)
                item.setFlags(flags)
                item.setCheckState(Qt.CheckState.Checked if key in ticked_items else Qt.CheckState.Unchecked)
                self.items.addItem(item)

    def show_unconfirmed_count(self, unconfirmed_items: list[str]) -> None:
        """Show how many settings in use are unconfirmed.

        ``unconfirmed_items``: keys of these settings.
        """
        if unconfirmed_items:
            self.badge.show_message("warning", _describe_unconfirmed(len(unconfirmed_items)))
        else:
            self.badge.show_message("ok", tr("All settings in use are confirmed or have a source"))

    def read_confirmation(self) -> CountyConfirmation:
        """Return the confirmation in the fields, with the ticked settings."""
        by, document, items = self.by.text().strip(), self.document.text().strip(), self._read_confirmed_items()
        undated = CountyConfirmation(by, document, "", items)
        return undated if undated.is_empty else replace(undated, date=self.date.date().toString(_ISO_DATE))

    def clear_messages(self) -> None:
        """Remove the messages below all fields."""
        for message in self.messages.values():
            message.show_text("")
        if self._date_chosen and self.read_confirmation().is_empty:
            text = tr("The date alone is not saved. Enter the authority, the document and the items as well.")
            self.messages["date"].show_text(text, "warning")

    def _read_confirmed_items(self) -> tuple[str, ...]:
        rows = [self.items.item(n) for n in range(self.items.count())]
        ticked_items = [r.data(Qt.ItemDataRole.UserRole) for r in rows if r.checkState() == Qt.CheckState.Checked]
        if _ALL_SETTINGS in self._given_items and len(ticked_items) == len(rows):
            # Preserve “all” of the file unless the user unticks an item.
            return self._given_items
        preserved_items = [
            item
            for item in self._given_items
            if item != _ALL_SETTINGS and (item in ticked_items or item not in self._offered_items)
        ]
        return (*preserved_items, *(item for item in ticked_items if item not in preserved_items))

    def _set_all_ticks(self, on: bool) -> None:
        with QSignalBlocker(self):
            for number in range(self.items.count()):
                self.items.item(number).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.on_changed()

    def _choose_date(self, *_args: object) -> None:
        self._date_chosen = self._date_chosen or not self.signalsBlocked()
        self.on_changed()


def _describe_unconfirmed(count: int) -> str:
    text = tr(
        "{count} settings not confirmed: at best the verdict is “Passed with conditions”. Counted are all "
        "settings and code lists that the rules may use; a report counts those that its check used."
    )
    return text.format(count=count)
