# SPDX-License-Identifier: GPL-2.0-or-later
"""Form box of targets (目标): a row per indicator; inherited targets are grey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qgis.PyQt.QtCore import QSignalBlocker, QStringListModel
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QMenu, QToolButton

from ...bridge.texts import tr
from ...core.figures.pasted_targets import PastedTarget
from ...core.standard.indicator_catalogue import find_allowed_comparisons
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import BINDING_TARGET_WORD, IndicatorTarget, Norm
from ...core.standard.profile.resolved import (
    TARGET_INDICATOR_IDS,
    find_latest_target_year,
    read_county_form_choices,
)
from ..widgets import FieldMessage, add_entries, choose_or_add_entry, set_bold
from ..widgets.lists import FieldCompleter
from .fields import FormBox, GreyableComboBox, InheritingLineEdit, NameLabel, RestoreButton, SourceMarkSlot
from .paste_dialog import PasteTargetsDialog

_COMPARISON_SIGNS = {">=": "≥", "<=": "≤", "=": "="}


class TargetRow:
    """Form row of one indicator's target; while its value is empty, the target is inherited or missing."""

    def __init__(self, indicator: str, texts: Texts, changed: Callable[[], None]):
        self.indicator = indicator
        self._inherited_target: IndicatorTarget | None = None
        self._own_target: IndicatorTarget | None = None
        self.name = NameLabel(texts.get_indicator_name(indicator))
        self.sign, self.unit, self.binding = GreyableComboBox(), GreyableComboBox(), GreyableComboBox()
        self.value, self.year, self.source = InheritingLineEdit(), InheritingLineEdit(), InheritingLineEdit()
        self.mark, self.restore, self.message = SourceMarkSlot(), RestoreButton(), FieldMessage()
        add_entries(self.sign, ((_COMPARISON_SIGNS[one], one) for one in find_allowed_comparisons(indicator)))
        units = ("count",) if indicator == "detail_units_count" else read_county_form_choices().units
        add_entries(self.unit, ((texts.get_section("unit_names")[unit], unit) for unit in units))
        add_entries(self.binding, ((tr("binding"), BINDING_TARGET_WORD), (tr("anticipated"), "预期性"), ("—", "")))
        digits = self.value.fontMetrics().horizontalAdvance("0")
        self.value.setFixedWidth(digits * 10)
        self.year.setFixedWidth(digits * 7)
        self.source.setMinimumWidth(digits * 12)
        columns = {
            self.value: tr("Target"), self.unit: tr("Unit"), self.year: tr("Target year"),
            self.binding: tr("Indicator type"), self.source: tr("Source document"),
        }  # fmt: skip
        for widget, column in columns.items():
            widget.setAccessibleName(f"{self.name.text()} {column}")
            widget.setObjectName(f"SanxianTarget_{indicator}_{column}")
        self._reset_choices()
        for line in (self.value, self.year, self.source):
            line.textChanged.connect(changed)
        for combo in (self.sign, self.unit, self.binding):
            combo.currentIndexChanged.connect(changed)
        self.restore.clicked.connect(self.clear)
        choices = (self.sign, self.value, self.unit, self.year, self.binding)
        #: From left to right, without the message below them.
        self.widgets = (self.name, *choices, self.mark, self.source, self.restore)

    def _reset_choices(self) -> None:
        """Choose the values of the inherited target, else the usual ones."""
        if target := self._inherited_target:
            self._choose_combo_values(target.comparison, target.unit, target.binding)
        else:
            self._choose_combo_values(**read_county_form_choices().target_defaults[self.indicator])

    def show_inherited_target(self, target: IndicatorTarget | None, year: int | None) -> None:
        """Show the inherited target in grey; ``year``: proposed target year without an inherited target."""
        self._inherited_target = target
        self.value.set_inherited_value(target.value if target else "")
        self.year.set_inherited_value(str(target.year if target else year or ""))
        self.source.set_inherited_value(target.source if target else "")
        self.update_state()

    def show_target(self, target: IndicatorTarget) -> None:
        """Show the county's own target in the row."""
        self._own_target = target
        self.value.show_text(target.value)
        self.year.show_text(str(target.year))
        self.source.show_text(target.source)
        self._choose_combo_values(target.comparison, target.unit, target.binding)

    def _choose_combo_values(self, comparison: str, unit: str, binding: str) -> None:
        # A value of the file that the form does not offer is preserved; validation reports invalid ones.
        for combo, value in ((self.sign, comparison), (self.unit, unit), (self.binding, binding)):
            choose_or_add_entry(combo, value)

    def clear(self) -> None:
        """Remove the county's own target, so that the target is inherited."""
        self._own_target = None
        for line in (self.value, self.year, self.source):
            line.clear()
        self._reset_choices()

    def update_state(self) -> None:
        """Update colours, mark and restore button of the row.

        Without a value of the county, the choices are reset to the inherited target.
        """
        has_own_target = self.has_county_value
        if not has_own_target and self._inherited_target:
            self._reset_choices()
        for widget in (self.sign, self.unit, self.binding):
            widget.set_grey(not has_own_target)
        # The document of the inherited target is not that of the county's own one.
        inherited = self._inherited_target
        self.source.set_inherited_value(inherited.source if inherited and not has_own_target else "")
        self.restore.setVisible(has_own_target)
        if has_own_target:
            self.mark.show_county_mark(self.source.get_county_value())
        else:
            self.mark.show_source_mark("A" if inherited else "")
        set_bold(self.value, is_bold=has_own_target)

    def enter_pasted_target(self, pasted: PastedTarget, source: str) -> None:
        """Enter a target of a text as the user would; ``source``: its document, empty to keep the present one."""
        self.value.show_text(pasted.value)
        self.year.show_text(str(pasted.year or ""))
        self.source.show_text(source or self.source.text())
        self._choose_combo_values(pasted.comparison or self.sign.currentData(), pasted.unit, self.binding.currentData())

    @property
    def has_county_value(self) -> bool:
        return bool(self.value.get_county_value())

    @property
    def has_value(self) -> bool:
        """Return True for a value of the county or an inherited one."""
        return self.has_county_value or self._inherited_target is not None

    def find_year(self) -> int:
        """Return the target year; 0 if it is not a number."""
        year = self.year.get_county_value() or self.year.inherited_text
        return int(year) if year.isascii() and year.isdigit() else 0

    def read_target(self, area_code: str) -> IndicatorTarget | None:
        """Return the county's own target in this row; None if it is inherited.

        Attributes that the form does not show are preserved.
        """
        if not self.has_county_value:
            return None
        target = IndicatorTarget(
            area_code, self.indicator, self.sign.currentData(), self.value.get_county_value(), self.unit.currentData(),
            self.find_year(), self.binding.currentData(), self.source.get_county_value(),
        )  # fmt: skip
        if self._own_target is not None:
            target = replace(
                target, other_sources=self._own_target.other_sources, warn_below=self._own_target.warn_below
            )
        return target


class TargetsBox(FormBox):
    """Form box with a row per indicator, and one for each additional year."""

    def __init__(self, texts: Texts, parent=None):
        super().__init__(parent)
        self._texts, self._norm = texts, None
        self.rows: list[TargetRow] = []
        self._sources = QStringListModel(self)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(7, 1)
        self._grid.setVerticalSpacing(0)
        heads = (
            tr("Indicator"), "", tr("Target"), tr("Unit"), tr("Target year"), tr("Indicator type"), "",
            tr("Source document"),
        )  # fmt: skip
        for column, text in enumerate(heads):
            self._grid.addWidget(QLabel(text), 0, column)
        self.paste = QToolButton(
            text=tr("Read from Text…"),
            toolTip=tr("Read the targets from a table or a text of the plan"),
            clicked=self._ask_for_text,
        )
        self.more = QToolButton(
            text=tr("Add target for another year…"),
            toolTip=tr("Add a line for a target of another year"),
            popupMode=QToolButton.ToolButtonPopupMode.InstantPopup,
        )
        menu = QMenu(self.more)
        for indicator in TARGET_INDICATOR_IDS:
            menu.addAction(texts.get_indicator_name(indicator)).triggered.connect(
                lambda _on, name=indicator: self.add_row(name)
            )
        self.more.setMenu(menu)
        for indicator in TARGET_INDICATOR_IDS:
            self.add_row(indicator)

    def add_row(self, indicator: str) -> TargetRow:
        """Add a row for another target of an indicator (such as for another year) and return it."""
        row = TargetRow(indicator, self._texts, self.on_changed)
        row.source.setCompleter(FieldCompleter(self._sources, self))
        self.rows.append(row)
        line = 2 * len(self.rows)
        for column, widget in enumerate(row.widgets):
            self._grid.addWidget(widget, line, column)
        # In the full width, because most errors are longer than the columns of the fields.
        self._grid.addWidget(row.message, line + 1, 0, 1, len(row.widgets))
        if self._norm is not None:
            row.show_inherited_target(None, find_latest_target_year(self._norm))
        return row

    def _find_row(self, indicator: str, year: int) -> TargetRow | None:
        """Return the row of a target and year; a row without any value takes any year."""
        rows = [row for row in self.rows if row.indicator == indicator]
        same_year = (row for row in rows if row.find_year() == year)
        return next(same_year, next((row for row in rows if not row.has_value), None))

    def _get_present_value(self, indicator: str, year: int) -> str:
        row = self._find_row(indicator, year)
        value = (row.value.text() or row.value.inherited_text) if row is not None and row.find_year() == year else ""
        return f"{value} {row.unit.currentText()}" if value else ""

    def _ask_for_text(self) -> None:
        """Ask for a text with targets; enter those that the user accepts."""
        year = find_latest_target_year(self._norm) if self._norm is not None else None
        dialog = PasteTargetsDialog(self._texts, year or 0, self._get_present_value, self.window())
        if dialog.exec():
            with QSignalBlocker(self):
                # The latest year takes the row that is there.
                for one in sorted(dialog.targets, key=lambda target: -target.year):
                    row = self._find_row(one.indicator, one.year) or self.add_row(one.indicator)
                    row.enter_pasted_target(one, dialog.source.text().strip())
            self.on_changed()
        dialog.deleteLater()

    def show_targets(self, targets: tuple[IndicatorTarget, ...], norm: Norm, area_code: str) -> None:
        """Show the county's own targets, and in grey the targets that it inherits."""
        with QSignalBlocker(self):
            for extra in self.rows[len(TARGET_INDICATOR_IDS) :]:
                for widget in (*extra.widgets, extra.message):
                    widget.deleteLater()
            del self.rows[len(TARGET_INDICATOR_IDS) :]
            for row in self.rows:
                row.clear()
            self.show_inherited_targets(norm, area_code)
            for target in targets:
                row = self._find_row(target.indicator, target.year)
                if row is None or row.has_county_value:
                    row = self.add_row(target.indicator)
                row.show_target(target)
        self.update_state()

    def show_inherited_targets(self, norm: Norm, area_code: str) -> None:
        """Show in grey the targets that a county inherits from its parent profile."""
        self._norm = norm
        inherited_targets = norm.find_targets(area_code)
        # The further rows are for other years.
        for number, row in enumerate(self.rows):
            is_first = number < len(TARGET_INDICATOR_IDS)
            candidates = [t for t in inherited_targets if t.indicator == row.indicator and is_first]
            row.show_inherited_target(
                max(candidates, key=lambda t: t.year, default=None), find_latest_target_year(norm)
            )

    def read_targets(self, area_code: str) -> tuple[IndicatorTarget, ...]:
        """Return the county's own targets; ``area_code``: code of the county."""
        return tuple(target for row in self.rows if (target := row.read_target(area_code)) is not None)

    def clear_messages(self) -> None:
        for row in self.rows:
            row.message.show_text("")

    def update_state(self) -> None:
        """Offer the names of source documents in all rows as completions, since one document often sets many targets.

        The text of the field that has the focus is left out: its list would stay open and take the next click.
        """
        documents = (row.source.get_county_value() for row in self.rows if not row.source.hasFocus())
        self._sources.setStringList(list(dict.fromkeys(filter(None, documents))))
        for row in self.rows:
            row.update_state()
