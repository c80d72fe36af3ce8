# SPDX-License-Identifier: GPL-2.0-or-later
"""Search, townships and rules: what of the findings is in view."""

from __future__ import annotations

from qgis.gui import QgsCheckableComboBox, QgsFilterLineEdit
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ...bridge.texts import tr

#: Typing is over when no key came for this long.
DEBOUNCE_MS = 150


class FilterBar(QWidget):
    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.search = QgsFilterLineEdit()
        self.search.setObjectName("SanxianSearch")
        self.search.setShowSearchIcon(True)
        self.search.setShowClearButton(True)
        self.search.setPlaceholderText(tr("Search rule, BSM, township"))
        self.townships = self._combo("SanxianTownships", tr("All townships"))
        self.rules = self._combo("SanxianRules", tr("All rules"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.search, 2)
        row.addWidget(self.townships, 1)
        row.addWidget(self.rules, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DEBOUNCE_MS)
        self._timer.timeout.connect(self.changed)
        self.search.textChanged.connect(self._timer.start)
        for combo in (self.townships, self.rules):
            combo.checkedItemsChanged.connect(self._timer.start)

    def _combo(self, name: str, everything: str) -> QgsCheckableComboBox:
        combo = QgsCheckableComboBox()
        combo.setObjectName(name)
        combo.setDefaultText(everything)
        combo.setAccessibleName(everything)
        combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        combo.setMinimumWidth(self.fontMetrics().horizontalAdvance(everything) + 2 * self.fontMetrics().height())
        return combo

    def set_choices(self, townships: list[str], rules: list[tuple[str, str]]) -> None:
        """What there is to choose; what was chosen stays chosen where it still exists. ``rules``: code, title."""
        self._fill(self.townships, [(t or tr("No township"), t) for t in townships])
        self._fill(self.rules, [(f"{code}  {title}", code) for code, title in rules])

    def _fill(self, combo: QgsCheckableComboBox, choices: list[tuple[str, str]]) -> None:
        if choices == [(combo.itemText(n), combo.itemData(n)) for n in range(combo.count())]:
            return
        kept = set(combo.checkedItemsData())
        combo.blockSignals(True)
        combo.clear()
        for text, value in choices:
            state = Qt.CheckState.Checked if value in kept else Qt.CheckState.Unchecked
            combo.addItemWithCheckState(text, state, value)
        combo.blockSignals(False)
        widest = max((combo.fontMetrics().horizontalAdvance(text) for text, _ in choices), default=0)
        combo.view().setMinimumWidth(widest + 3 * combo.fontMetrics().height())

    @property
    def chosen_townships(self) -> frozenset[str]:
        return frozenset(self.townships.checkedItemsData())

    @property
    def chosen_rules(self) -> frozenset[str]:
        return frozenset(self.rules.checkedItemsData())

    def clear(self) -> None:
        self.search.clear()
        for combo in (self.townships, self.rules):
            combo.deselectAllOptions()
