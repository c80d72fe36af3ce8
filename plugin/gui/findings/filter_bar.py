# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters of the findings list: search text, townships and rules."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsCheckableComboBox, QgsFilterLineEdit
from qgis.PyQt.QtCore import QEvent, QSignalBlocker, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QCheckBox, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets import fill_layout, make_row, make_row_widget, theme
from .groups import STATE_KEYS, get_work_state_word

#: Time without a key press after which the filter is applied.
DEBOUNCE_MS = 150
#: Rows of an open list; more have a scroll bar.
_MAX_VISIBLE_ROWS = 20
_OPENING_KEYS = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Space, Qt.Key.Key_F4)


class _ChoiceBox(QgsCheckableComboBox):
    """A combo box with tick boxes that can also be used by keys: Down opens its list, Enter ticks a row."""

    def __init__(self, **properties: Any):
        super().__init__(maxVisibleItems=_MAX_VISIBLE_ROWS, **properties)
        # Not the signal ``activated``: Qt emits it, too, when the field with the names of ticked rows loses the focus.
        self.view().installEventFilter(self)

    def showPopup(self):
        self.view().setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        # The dark themes of QGIS draw an unticked box in the colour of the list.
        color = QgsApplication.palette().color(QPalette.ColorRole.WindowText).name()
        outline_style = f"QAbstractItemView::indicator:unchecked {{ border: 1px solid {color}; }}"
        self.view().setStyleSheet(outline_style if theme.is_dark() else "")
        super().showPopup()

    def eventFilter(self, watched, event):
        """Tick the row by Enter; a click ticks it itself."""
        is_key = event.type() == QEvent.Type.KeyPress and watched is self.view()
        if is_key and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggleItemCheckState(self.view().currentIndex().row())
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event):
        if event.key() in _OPENING_KEYS:
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event):
        """Ignore the mouse wheel, which would display a row that is not ticked; the panel scrolls instead."""
        event.ignore()


class FilterBar(QWidget):
    """Filters above the findings list; signal ``changed``: a filter changed. ``clear_button``: shows all findings."""

    changed = pyqtSignal()

    def __init__(self):
        super().__init__()
        self.search = QgsFilterLineEdit(objectName="SanxianSearch", showSearchIcon=True, showClearButton=True)
        theme.set_placeholder(self.search, tr("Search rule, BSM, township"))
        self.townships = self._make_choice_box("SanxianTownships", tr("All townships"))
        self.rules = self._make_choice_box("SanxianRules", tr("All rules"))
        self.package_only = QCheckBox(
            tr("Package only"),
            objectName="SanxianPackageOnly",
            toolTip=tr("List only findings on the package itself (rules DOC), not those on the features of its layers"),
            visible=False,
        )
        self.new_only = QCheckBox(
            tr("New errors only"),
            objectName="SanxianNewOnly",
            toolTip=tr("List only the new errors that the message after saving named"),
            visible=False,
        )
        self._new_fingerprints: frozenset[str] = frozenset()
        self.fixable_only = QCheckBox(
            tr("With a fix to try"),
            objectName="SanxianFixableOnly",
            toolTip=tr("List only findings that a fix is made for; Fix All shows which of them it can end"),
        )
        self.states = self._make_choice_box("SanxianStates", tr("All states"), visible=False)
        self.assignees = self._make_choice_box("SanxianAssignees", tr("All assignees"), visible=False)
        self.clear_button = QToolButton(text=tr("Clear Filter"), autoRaise=True, enabled=False)
        #: The panel puts it where there is room.
        self.option_row = make_row_widget(self.fixable_only, self.package_only, self.new_only, None, self.clear_button)
        fill_layout(
            QVBoxLayout(self),
            make_row((self.search, 2), (self.townships, 1), (self.rules, 1)),
            make_row(self.states, self.assignees),
            has_margins=False,
        )
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS, timeout=self.changed)
        self.search.textChanged.connect(self._timer.start)
        for combo in (self.townships, self.rules, self.states, self.assignees):
            combo.checkedItemsChanged.connect(self._timer.start)
        for box in (self.fixable_only, self.package_only, self.new_only):
            box.toggled.connect(self.changed)

    def _make_choice_box(self, name: str, all_text: str, **properties: Any) -> QgsCheckableComboBox:
        return _ChoiceBox(
            objectName=name,
            defaultText=all_text,
            accessibleName=all_text,
            sizePolicy=QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed),
            minimumWidth=self.fontMetrics().horizontalAdvance(all_text) + 2 * self.fontMetrics().height(),
            **properties,
        )

    def set_choices(self, townships: list[str], rules: list[tuple[str, str]]) -> None:
        """Set the townships and rules that can be chosen; keep the present selection.

        ``rules``: (code, title).
        """
        self._fill_combo(self.townships, [(t or tr("No township"), t) for t in townships])
        self._fill_combo(self.rules, [(f"{code}  {title}", code) for code, title in rules])

    def offer_work(self, has_work: bool, assignees: list[str]) -> None:
        """Offer filters by state and person, if there is a work list; else hide them and switch them off."""
        self.states.setVisible(has_work)
        self.assignees.setVisible(has_work)
        self._fill_combo(self.states, [(get_work_state_word(key), key) for key in STATE_KEYS] if has_work else [])
        people = [(name, name) for name in assignees]
        self._fill_combo(self.assignees, [*people, (tr("Not assigned"), "")] if has_work else [])

    def _fill_combo(self, combo: QgsCheckableComboBox, choices: list[tuple[str, str]]) -> None:
        if choices == [(combo.itemText(n), combo.itemData(n)) for n in range(combo.count())]:
            return
        checked_values = set(combo.checkedItemsData())
        with QSignalBlocker(combo):
            combo.clear()
            for text, value in choices:
                state = Qt.CheckState.Checked if value in checked_values else Qt.CheckState.Unchecked
                combo.addItemWithCheckState(text, state, value)
        widest = max((combo.fontMetrics().horizontalAdvance(text) for text, _ in choices), default=0)
        combo.view().setMinimumWidth(widest + 3 * combo.fontMetrics().height())

    @property
    def chosen_townships(self) -> frozenset[str]:
        """Return the names of the ticked townships; empty for no filter."""
        return frozenset(self.townships.checkedItemsData())

    @property
    def chosen_fingerprints(self) -> frozenset[str]:
        """Return the fingerprints of the only findings to list; empty for no filter."""
        return self._new_fingerprints if self.new_only.isChecked() else frozenset()

    def offer_new_only(self, fingerprints: frozenset[str]) -> None:
        """Offer and set the filter “New errors only” for findings; without any, hide it and switch it off."""
        self._new_fingerprints = fingerprints
        self.new_only.setVisible(bool(fingerprints))
        with QSignalBlocker(self.new_only):
            self.new_only.setChecked(bool(fingerprints))

    def clear(self) -> None:
        """Clear search text and choices, so that no filter is set."""
        self.search.clear()
        for box in (self.fixable_only, self.package_only, self.new_only):
            box.setChecked(False)
        for combo in (self.townships, self.rules, self.states, self.assignees):
            combo.deselectAllOptions()
