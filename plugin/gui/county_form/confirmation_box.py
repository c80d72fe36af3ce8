# SPDX-License-Identifier: GPL-2.0-or-later
"""Form box 本县已确认: who confirmed which settings of the county, when and by which document.

The settings are those of mark C: they were not read in a published standard. The few that decide verdicts are confirmed
one by one, each with its document; the others together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qgis.PyQt.QtCore import QDate, QRect, QSignalBlocker, QSize, Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QDateEdit,
    QGridLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ...bridge.texts import tr
from ...core.engine.explanation import format_value
from ...core.model.rule import find_unit
from ...core.standard.messages.texts import Texts
from ...core.standard.profile.county_file import CountyConfirmation
from ...core.standard.profile.load import SingleConfirmation
from ...core.standard.profile.resolved import read_county_form_choices
from ..widgets import (
    FieldMessage,
    NoticeBox,
    WholeRows,
    fill_layout,
    make_faint_label,
    set_bold,
    theme,
)
from .fields import FormBox
from .limits_box import DEFINITION_KEY, get_ratio_forms, get_setting_name

_ISO_DATE = Qt.DateFormat.ISODate
#: The item that confirms all settings of the standard.
_ALL_SETTINGS = "all"
_NAME_COLUMN, _VALUE_COLUMN, _DOCUMENT_COLUMN = range(3)
#: Widths of names and documents in heights of the font; longer texts wrap.
_NAME_EM, _DOCUMENT_EM = 9, 8
#: Lines of a row, on average.
_WRAPPED_LINES = 1.7
_KEY_ROLE = Qt.ItemDataRole.UserRole


class ConfirmationBox(FormBox):
    """Fields of a confirmation: authority, document, date and confirmed settings.

    Confirmed settings that are not in the lists are preserved; one whose value has changed since is not ticked.
    ``messages``: key in the profile's file → widget with the message below its field; ``labels``: the same key → name
    of the field.
    """

    def __init__(self, texts: Texts, parent=None):
        super().__init__(parent)
        self._texts, self._date_chosen = texts, False
        self._given_items: tuple[str, ...] = ()
        self._offered_items: list[str] = []
        self._given_confirmation = CountyConfirmation()
        self._find_value: Callable[[str], Any] = lambda _item: None
        #: Items that the last check used; they are listed first.
        self.used_items: frozenset[str] = frozenset()
        self.badge = NoticeBox(reserved_text=_describe_unconfirmed(999))
        self.by, self.document, self.date = QLineEdit(), QLineEdit(), QDateEdit()
        theme.set_placeholder(self.by, tr("Authority and person"))
        theme.set_placeholder(self.document, tr("Title and number of the document"))
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setCalendarPopup(True)
        self.date.setDate(QDate.currentDate())
        self.deciding, self.items = _make_lists(self.fontMetrics().height() * 9)
        self.messages = {name: FieldMessage() for name in ("by", "date", "singly", "document", "items")}
        tick_all_button = QPushButton(tr("Tick All"), autoDefault=False, clicked=lambda: self._set_all_ticks(True))
        tick_none_button = QPushButton(tr("Tick None"), autoDefault=False, clicked=lambda: self._set_all_ticks(False))
        self.used_note = make_faint_label(objectName="SanxianUsedItems", wordWrap=True, visible=False)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.badge, 0, 0, 1, 2)
        rows = (
            (tr("Confirmed by"), self.by, "by"), (tr("Date of confirmation"), self.date, "date"),
            (tr("Deciding items"), self.deciding, "singly"), (tr("Document of the others"), self.document, "document"),
            (tr("Other items"), self.items, "items"),
        )  # fmt: skip
        self.labels = {name: label for label, _widget, name in rows}
        for number, (label, widget, name) in enumerate(rows):
            widget.setAccessibleName(label)
            # Beside the list, which may be longer than the screen is high.
            if widget is self.items:
                column = (QLabel(label), tick_all_button, tick_none_button, None)
                grid.addLayout(fill_layout(QVBoxLayout(), *column, has_margins=False), 3 * number + 1, 0)
            else:
                grid.addWidget(QLabel(label), 3 * number + 1, 0)
            if widget is self.deciding:
                # Across the box: its third column is for typing.
                grid.addWidget(widget, 3 * number + 2, 0, 1, 2)
            elif widget is self.items:
                column = fill_layout(QVBoxLayout(), self.used_note, (WholeRows(widget), 1), has_margins=False)
                grid.addLayout(column, 3 * number + 1, 1)
            else:
                grid.addWidget(widget, 3 * number + 1, 1)
            grid.addWidget(self.messages[name], 3 * number + 3, 1)
        for line in (self.by, self.document):
            line.textChanged.connect(self.on_changed)
        self.date.dateChanged.connect(self._choose_date)
        self.items.itemChanged.connect(self.on_changed)
        self.deciding.itemChanged.connect(self._on_deciding_changed)

    def show_confirmation(self, confirmation: CountyConfirmation) -> None:
        """Show authority, document and date of a confirmation; the list of settings is emptied."""
        date = QDate.fromString(confirmation.date, _ISO_DATE) if confirmation.date else QDate.currentDate()
        with QSignalBlocker(self):
            self.by.setText(confirmation.by)
            self.document.setText(confirmation.document)
            self.date.setDate(date)
            self._date_chosen = False
            self._given_items, self._offered_items = confirmation.items, []
            self._given_confirmation = confirmation
            self.items.clear()
            self.deciding.clear()

    def show_confirmable_settings(
        self,
        items: list[str],
        explain: Callable[[str], str] = str,
        find_value: Callable[[str], Any] = lambda _item: None,
    ) -> None:
        """List the settings that can be confirmed, those of the last check first; ticked ones stay ticked.

        ``explain``: returns the value of a setting and the rules that use it, for its tool tip; ``find_value``: returns
        the value of an item, None without one.
        """
        deciding = [item for item in read_county_form_choices().deciding if item in items]
        others = sorted({*items} - {*deciding}, key=lambda one: (one not in self.used_items, items.index(one)))
        items = [*deciding, *others]
        used_count = sum(item in self.used_items for item in others)
        text = tr("The {count} items that the last check used are listed first, in bold.")
        self.used_note.setText(text.format(count=used_count) if used_count else "")
        self.used_note.setVisible(used_count > 0)
        self._find_value = find_value
        if items == self._offered_items:
            self._untick_changed_items()
            return
        former_items, singly = self._read_confirmed_items(), self._read_single_confirmations()
        ticked_items = set(items) if _ALL_SETTINGS in former_items else set(former_items)
        self._given_items, self._offered_items = former_items, items
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
        with QSignalBlocker(self):
            self.items.clear()
            self.deciding.clear()
            for key in items:
                name = get_setting_name(key, self._texts)
                tip = "\n".join(filter(None, (name, explain(key), tr("{key}, mark C").format(key=key))))
                is_single = key in deciding and key not in ticked_items
                item = QTreeWidgetItem(self.deciding, [name]) if is_single else QListWidgetItem(name, self.items)
                if isinstance(item, QTreeWidgetItem):
                    item.setText(_DOCUMENT_COLUMN, singly[key].document if key in singly else "")
                    item.setData(_NAME_COLUMN, _KEY_ROLE, key)
                    item.setToolTip(_NAME_COLUMN, tip)
                    item.setFlags(flags | Qt.ItemFlag.ItemIsEditable)
                    item.setCheckState(_NAME_COLUMN, _get_check_state(key in singly))
                    continue
                item.setData(_KEY_ROLE, key)
                item.setToolTip(tip)
                set_bold(item, is_bold=key in self.used_items)
                item.setFlags(flags)
                item.setCheckState(_get_check_state(key in ticked_items))
        self._untick_changed_items()

    def _on_deciding_changed(self, changed: QTreeWidgetItem, column: int) -> None:
        """Offer the document of the last row above that has one when a row without a document is ticked."""
        rows = self._list_deciding_rows()
        if column == _NAME_COLUMN and _is_ticked(changed) and not changed.text(_DOCUMENT_COLUMN):
            documents = [row.text(_DOCUMENT_COLUMN).strip() for row in rows[: rows.index(changed)]]
            document = next(filter(None, reversed(documents)), "")
            with QSignalBlocker(self.deciding):
                changed.setText(_DOCUMENT_COLUMN, document)
            if not document:
                QTimer.singleShot(0, self._edit_document)
        self.on_changed()

    def _edit_document(self) -> None:
        """Put the cursor where the document of the first ticked item without one is typed."""
        rows = [row for row in self._list_deciding_rows() if _is_ticked(row) and not row.text(_DOCUMENT_COLUMN)]
        if rows and self.deciding.isVisible():
            self.deciding.editItem(rows[0], _DOCUMENT_COLUMN)

    def _format_value(self, key: str) -> str:
        """Return the value of a deciding item as one line; that of a heading names its settings."""
        value = self._find_value(key)
        if key == DEFINITION_KEY:
            return get_ratio_forms().get(value, str(value))
        if not isinstance(value, dict):
            return self._format_single_value(value)
        setting_names = self._texts.get_section("setting")
        names = self._texts.get_section("parameters") | {
            one: setting_names[f"{key}.{one}"] for one in value if f"{key}.{one}" in setting_names
        }
        return tr("; ").join(
            f"{names.get(one, one)} {self._format_single_value(part, one)}" for one, part in value.items()
        )

    def _format_single_value(self, value: Any, key: str = "") -> str:
        if isinstance(value, list):
            # All members are confirmed.
            return ", ".join(map(str, value))
        return format_value(value, find_unit(key), self._texts)

    def _untick_changed_items(self) -> None:
        """Untick the items whose value is not the one that was confirmed, and show the values of the deciding ones."""
        given = self._given_confirmation
        with QSignalBlocker(self):
            for item in self._list_rows():
                key = item.data(_KEY_ROLE)
                if key in given.values and given.values[key] != self._find_value(key):
                    item.setCheckState(Qt.CheckState.Unchecked)
            for row in self._list_deciding_rows():
                key = row.data(_NAME_COLUMN, _KEY_ROLE)
                row.setText(_VALUE_COLUMN, self._format_value(key))
                row.setToolTip(_VALUE_COLUMN, row.text(_VALUE_COLUMN).replace(tr("; "), "\n"))
                if key in given.singly and given.singly[key].value not in (None, self._find_value(key)):
                    row.setCheckState(_NAME_COLUMN, Qt.CheckState.Unchecked)

    def _list_rows(self) -> list[QListWidgetItem]:
        return [self.items.item(n) for n in range(self.items.count())]

    def _list_deciding_rows(self) -> list[QTreeWidgetItem]:
        return [self.deciding.topLevelItem(n) for n in range(self.deciding.topLevelItemCount())]

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
        values = {item: value for item in items if (value := self._find_value(item)) is not None}
        undated = CountyConfirmation(by, document, "", items, values, self._read_single_confirmations())
        return undated if undated.has_no_group else replace(undated, date=self.date.date().toString(_ISO_DATE))

    def clear_messages(self) -> None:
        """Remove the messages below all fields."""
        for message in self.messages.values():
            message.show_text("")
        if text := self.find_error():
            self.messages["singly"].show_text(text, "error")
        present = self.read_confirmation()
        if (present.by or self._date_chosen) and present.has_no_group and not present.singly:
            text = tr("Authority and date alone are not saved. Tick the items and enter their documents as well.")
            self.messages["date"].show_text(text, "warning")

    def find_error(self) -> str:
        """Return why the deciding items cannot be saved as they are; empty if they can."""
        rows = [row for row in self._list_deciding_rows() if _is_ticked(row)]
        names = [row.text(_NAME_COLUMN) for row in rows if not row.text(_DOCUMENT_COLUMN).strip()]
        text = tr("Ticked without a source document: {names}. Enter it in the row (double-click), or untick the item.")
        return text.format(names=tr(", ").join(names)) if names else ""

    def _read_confirmed_items(self) -> tuple[str, ...]:
        rows = self._list_rows()
        ticked_items = [row.data(_KEY_ROLE) for row in rows if row.checkState() == Qt.CheckState.Checked]
        if _ALL_SETTINGS in self._given_items and len(ticked_items) == len(rows):
            # Preserve “all” of the file unless the user unticks an item.
            return self._given_items
        preserved_items = [
            item
            for item in self._given_items
            if item != _ALL_SETTINGS and (item in ticked_items or item not in self._offered_items)
        ]
        return (*preserved_items, *(item for item in ticked_items if item not in preserved_items))

    def _read_single_confirmations(self) -> dict[str, SingleConfirmation]:
        """Return item → confirmation of the ticked deciding items that have a document.

        Authority and date of an item that was confirmed before stay, as do items that are not listed.
        """
        given = self._given_confirmation.singly
        confirmations = {key: one for key, one in given.items() if key not in self._offered_items}
        for row in self._list_deciding_rows():
            key, document = row.data(_NAME_COLUMN, _KEY_ROLE), row.text(_DOCUMENT_COLUMN).strip()
            if _is_ticked(row) and document:
                date = self.date.date().toString(_ISO_DATE)
                entered = SingleConfirmation(self.by.text().strip(), document, date, self._find_value(key))
                former = given.get(key)
                is_same = former is not None and (former.document, former.value) == (document, entered.value)
                confirmations[key] = former if former is not None and is_same else entered
        return confirmations

    def _set_all_ticks(self, on: bool) -> None:
        with QSignalBlocker(self):
            for row in self._list_rows():
                row.setCheckState(_get_check_state(on))
        self.on_changed()

    def _choose_date(self, *_args: object) -> None:
        self._date_chosen = self._date_chosen or not self.signalsBlocked()
        self.on_changed()


class _WrappingDelegate(QStyledItemDelegate):
    """Give a row the height that its longest text needs in the width of its column."""

    def sizeHint(self, option, index) -> QSize:
        tree, width = self.parent(), self.parent().columnWidth(index.column())
        if index.column() == _NAME_COLUMN:
            box = QStyle.PixelMetric
            width -= sum(map(tree.style().pixelMetric, (box.PM_IndicatorWidth, box.PM_CheckBoxLabelSpacing)))
        option.rect = QRect(0, 0, width, option.fontMetrics.height())
        return super().sizeHint(option, index)


class _ReadOnlyDelegate(_WrappingDelegate):
    def createEditor(self, _parent, _option, _index) -> None:
        return None


def _make_lists(min_height: int) -> tuple[QTreeWidget, QListWidget]:
    """Return the tables of the deciding and of the other settings."""
    deciding = QTreeWidget(
        objectName="SanxianDecidingItems",
        rootIsDecorated=False,
        wordWrap=True,
        # Rows have several lines.
        verticalScrollMode=QTreeWidget.ScrollMode.ScrollPerPixel,
        minimumHeight=round(_WRAPPED_LINES * min_height),
        editTriggers=QTreeWidget.EditTrigger.AllEditTriggers,
    )
    deciding.setHeaderLabels([tr("Setting"), tr("Value"), tr("Source document")])
    deciding.header().setStretchLastSection(False)
    # The value is what a person confirms: it has the room that number and title of a document do not need.
    deciding.header().resizeSection(_NAME_COLUMN, deciding.fontMetrics().height() * _NAME_EM)
    deciding.header().setSectionResizeMode(_VALUE_COLUMN, QHeaderView.ResizeMode.Stretch)
    deciding.header().resizeSection(_DOCUMENT_COLUMN, deciding.fontMetrics().height() * _DOCUMENT_EM)
    # Only the document is typed; a double click on name or value leads there.
    for column in (_NAME_COLUMN, _VALUE_COLUMN):
        deciding.setItemDelegateForColumn(column, _ReadOnlyDelegate(deciding))
    deciding.setItemDelegateForColumn(_DOCUMENT_COLUMN, _WrappingDelegate(deciding))
    deciding.header().sectionResized.connect(lambda *_sizes: deciding.scheduleDelayedItemsLayout())
    deciding.itemDoubleClicked.connect(
        lambda row, column: None if column == _DOCUMENT_COLUMN else deciding.editItem(row, _DOCUMENT_COLUMN)
    )
    never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    others = QListWidget(objectName="SanxianConfirmedItems", horizontalScrollBarPolicy=never, minimumHeight=min_height)
    return deciding, others


def _is_ticked(row: QTreeWidgetItem) -> bool:
    return row.checkState(_NAME_COLUMN) == Qt.CheckState.Checked


def _get_check_state(is_on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked


def _describe_unconfirmed(count: int) -> str:
    text = tr(
        "{count} settings not confirmed: at best the verdict is “Passed with conditions”. Counted are all "
        "settings and code lists that the rules may use; a report counts those that its check used."
    )
    return text.format(count=count)
