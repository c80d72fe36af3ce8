# SPDX-License-Identifier: GPL-2.0-or-later
"""Table of the mapping dialog: a row per template field with source and preview."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ...bridge.editing.attribute_forms import MEASURED_MEANINGS
from ...bridge.mapping.run import PreparedMapping
from ...bridge.texts import tr
from ...core.exchange.mapping import CodeTranslation
from ...core.exchange.mapping.preview import FieldPreview
from ...core.exchange.mapping.proposals import find_area_unit, find_possible_code_translations
from ...core.standard import Standard
from ...core.standard.messages.numbers import format_number
from ...core.standard.messages.texts import Texts
from ...core.standard.template import Template, TemplateField
from ..widgets import FittedWidget, ScrollSafeComboBox, fill_combo, set_bold, theme

FIELD_COLUMN, KIND_COLUMN, REQUIRED_COLUMN, SOURCE_COLUMN, MORE_COLUMN, SAMPLES_COLUMN, FILLED_COLUMN, LOST_COLUMN = (
    range(8)
)
#: Widths in letters of the columns that the user can change: preferred, and on a narrow screen.
_CHOICE_WIDTHS = {SOURCE_COLUMN: (18, 12), MORE_COLUMN: (24, 17)}
#: Data of the entries of a source box that are not names of fields.
NO_SOURCE, CONSTANT_SOURCE = "", "\0constant"


#: Separates list and column in the data of a box: Qt finds a text, but not a tuple.
_SOURCE_KEY_SEPARATOR = "\0"


class MappingTable(FittedWidget, QTableWidget):
    """Table with a row per template field: its source, a constant, a preview.

    Signal ``changed(target, source, constant, translation, unit)``: the user chose a source field, a constant value, a
    translation of codes, or the unit of areas to be converted, for the template field ``target``; None, and an empty
    unit, for those that are not chosen.
    """

    changed = pyqtSignal(str, str, object, object, str)

    def __init__(self, texts: Texts, parent: QWidget | None = None):
        super().__init__(
            0,
            LOST_COLUMN + 1,
            parent,
            objectName="SanxianMappingTable",
            selectionBehavior=QAbstractItemView.SelectionBehavior.SelectRows,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
            wordWrap=False,
        )
        self._texts = texts
        self._targets: list[TemplateField] = []
        self._standard: Standard | None = None
        self._fitted_widths: dict[int, int] = {}
        #: Fields that the form of the target layer computes, with True if from the shape.
        self._computed_fields: dict[str, bool] = {}
        self.setHorizontalHeaderLabels(
            [
                tr("Field of the template"),
                tr("Type"),
                tr("Constraint"),
                tr("From"),
                tr("Value or codes"),
                tr("Examples: before → after"),
                tr("Filled"),
                tr("To verify"),
            ]
        )
        self.verticalHeader().hide()

        self.horizontalHeader().setStretchLastSection(False)

    def show_mapping(self, prepared_mapping: PreparedMapping, template: Template, standard: Standard) -> None:
        """Fill the table with the fields of a template, their sources and previews."""
        self._targets, self._standard, self._computed_fields = list(template.fields), standard, {}
        self.setRowCount(0)
        self.setRowCount(len(self._targets))
        sources = [f.name for f in prepared_mapping.source_columns.layer.fields]
        for row, target in enumerate(self._targets):
            self._show_field_description(row, target)
            box = ScrollSafeComboBox(
                objectName=f"source.{target.name}", accessibleName=tr("Source of {field}").format(field=target.name)
            )
            chosen_source = (
                CONSTANT_SOURCE
                if target.name in prepared_mapping.mapping.constant_by_target
                else prepared_mapping.mapping.source_by_target.get(target.name, "")
            )
            others = ((tr("(nothing)"), NO_SOURCE), (tr("The same value…"), CONSTANT_SOURCE))
            fill_combo(box, [*others, *((name, name) for name in sources)], chosen_source)
            box.insertSeparator(len(others))
            if (source_proposal := prepared_mapping.proposals_by_field.get(target.name)) is not None:
                box.setToolTip(self._texts.get("mapping", f"how_{source_proposal.matched_by}"))
            box.activated.connect(lambda _row, target=target: self._on_source_chosen(target))
            self.setCellWidget(row, SOURCE_COLUMN, box)
            self._fill_constant_or_codes(
                row,
                prepared_mapping.mapping.constant_by_target.get(target.name),
                prepared_mapping.mapping.translation_by_target.get(target.name),
                prepared_mapping.mapping.unit_by_target.get(target.name, ""),
            )
            self.show_preview(target.name, prepared_mapping.field_previews[target.name])
        header = self.horizontalHeader()
        for column in (FIELD_COLUMN, KIND_COLUMN, REQUIRED_COLUMN, FILLED_COLUMN, LOST_COLUMN):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        letter = self.fontMetrics().horizontalAdvance("0")
        for column, (letters, _) in _CHOICE_WIDTHS.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(column, letter * letters)
            self._fitted_widths[column] = letter * letters
        header.setSectionResizeMode(SAMPLES_COLUMN, QHeaderView.ResizeMode.Stretch)
        self.fit_contents()

    def fit_contents(self) -> None:
        """Narrow the columns of choices until the examples have at least the width of their heading.

        A column that the user made wider or narrower keeps its width, if there is room.
        """
        header = self.horizontalHeader()
        if not self.rowCount():
            return
        letter = self.fontMetrics().horizontalAdvance("0")
        fitted_columns = [c for c in _CHOICE_WIDTHS if header.sectionSize(c) == self._fitted_widths.get(c)]
        widths = {
            column: letter * letters if column in fitted_columns else header.sectionSize(column)
            for column, (letters, _) in _CHOICE_WIDTHS.items()
        }
        others = sum(
            header.sectionSize(c) for c in range(self.columnCount()) if c != SAMPLES_COLUMN and c not in widths
        )
        missing = header.sectionSizeHint(SAMPLES_COLUMN) + others + sum(widths.values()) - self.viewport().width()
        for column, (_, narrow_letters) in reversed(_CHOICE_WIDTHS.items()):
            narrowed = min(widths[column], max(widths[column] - max(missing, 0), letter * narrow_letters))
            missing -= widths[column] - narrowed
            self.setColumnWidth(column, narrowed)
            if column in fitted_columns:
                self._fitted_widths[column] = narrowed

    def _show_field_description(self, row: int, target: TemplateField) -> None:
        size = ",".join(str(v) for v in (target.length, target.decimals) if v is not None)
        requirement = tr("Required") if target.constraint == "M" or target.meaning == "key" else ""
        texts = {
            FIELD_COLUMN: f"{target.alias} {target.name}",
            KIND_COLUMN: f"{self._texts.get('types', target.type)} {size}".strip(),
            REQUIRED_COLUMN: requirement,
        }
        if target.mark == "C":
            # Users who plan by the field table should see the unverified fields.
            mark = tr("{needed} · mark C") if requirement else tr("mark C")
            texts[REQUIRED_COLUMN] = mark.format(needed=requirement)
        for column in range(self.columnCount()):
            item = QTableWidgetItem(texts.get(column, ""))
            if column in (FILLED_COLUMN, LOST_COLUMN):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        set_bold(self.item(row, FIELD_COLUMN), is_bold=bool(requirement))

    def _find_row(self, target: str) -> int:
        return next(n for n, field in enumerate(self._targets) if field.name == target)

    def _fill_constant_or_codes(
        self, row: int, constant: Any, chosen_translation: CodeTranslation | None, chosen_unit: str
    ) -> None:
        """Add the constant value, the list of source codes or the unit of areas next to the source, if any."""
        target, source = self._targets[row], self.cellWidget(row, SOURCE_COLUMN).currentData()
        # Remove the former widget first; otherwise it would stay visible.
        self.removeCellWidget(row, MORE_COLUMN)
        if source == CONSTANT_SOURCE:
            edit = QLineEdit("" if constant is None else str(constant), objectName=f"constant.{target.name}")
            theme.set_placeholder(edit, tr("Value for every row"))
            edit.editingFinished.connect(lambda: self._emit_choice(target))
            self.setCellWidget(row, MORE_COLUMN, edit)
            return
        if unit := find_area_unit(source, target):
            text = tr("From {unit} to m²").format(unit=self._texts.get("unit_names", unit))
            self._add_choices(row, [(text, unit), (tr("Do not convert"), "")], chosen_unit)
        translations = find_possible_code_translations(target, self._standard) if source else []
        if chosen_translation is not None and not any(
            (w.list_id, w.target_column) == (chosen_translation.list_id, chosen_translation.target_column)
            for w in translations
        ):
            translations.append(chosen_translation)
        if translations:
            list_names = {
                _make_key(one): tr("From {list}").format(list=self._texts.get_setting_name(f"codes.{one.list_id}"))
                if one.list_id
                else tr("Only the choices below")
                for one in translations
            }
            lists = [(name, key) for key, name in list_names.items()]
            chosen_list = _make_key(chosen_translation) if chosen_translation is not None else None
            self._add_choices(row, [(tr("Codes unchanged"), None), *lists], chosen_list)

    def show_translation(self, target: str, translation: CodeTranslation | None) -> None:
        """Show the translation of codes that is proposed for a source that the user chose."""
        self._fill_constant_or_codes(self._find_row(target), None, translation, "")

    def _add_choices(self, row: int, entries: list[tuple[str, Any]], chosen: Any) -> None:
        target = self._targets[row]
        box = ScrollSafeComboBox(objectName=f"codes.{target.name}")
        fill_combo(box, entries, chosen)
        box.setToolTip(theme.make_plain_tip(box.currentText()))
        box.activated.connect(lambda _row: self._emit_choice(target))
        self.setCellWidget(row, MORE_COLUMN, box)

    def _on_source_chosen(self, target: TemplateField) -> None:
        row = self._find_row(target.name)
        source = self.cellWidget(row, SOURCE_COLUMN).currentData()
        is_constant = source == CONSTANT_SOURCE
        if is_constant and isinstance(self.cellWidget(row, MORE_COLUMN), QLineEdit):
            # Chosen again: preserve the text.
            return
        self.cellWidget(row, SOURCE_COLUMN).setToolTip("")
        self._fill_constant_or_codes(row, None, None, find_area_unit(source, target))
        self._emit_choice(target)
        if is_constant:
            self.cellWidget(row, MORE_COLUMN).setFocus()

    def _emit_choice(self, target: TemplateField) -> None:
        row = self._find_row(target.name)
        source, choice_widget = self.cellWidget(row, SOURCE_COLUMN).currentData(), self.cellWidget(row, MORE_COLUMN)
        self.selectRow(row)
        if source == CONSTANT_SOURCE:
            text = choice_widget.text().strip() if isinstance(choice_widget, QLineEdit) else ""
            self.changed.emit(target.name, "", text or None, None, "")
        else:
            key = choice_widget.currentData() if isinstance(choice_widget, QComboBox) else None
            translation = CodeTranslation(*key.split(_SOURCE_KEY_SEPARATOR)) if key and target.codes else None
            self.changed.emit(target.name, source, None, translation, "" if target.codes else key or "")

    def show_computed_fields(self, computed_fields: dict[str, bool], previews: dict[str, FieldPreview]) -> None:
        """Show for which fields the form computes a value instead of the source's, each with True if from the shape."""
        changed = computed_fields.keys() ^ self._computed_fields.keys()
        self._computed_fields = computed_fields
        for name in changed:
            self.show_preview(name, previews[name])

    def show_preview(self, target: str, preview: FieldPreview) -> None:
        """Show sample values and numbers of filled and lost values of the template field ``target``."""
        row = self._find_row(target)
        parts = []
        for sample in preview.samples:
            converted_text = sample.converted_value or tr("(empty)")
            text = (
                f"{sample.source_value} → {converted_text}"
                if sample.source_value not in ("", sample.converted_value)
                else converted_text
            )
            if sample.reason:
                why = self._texts.get("mapping_short", sample.reason)
                # A code outside an untranslated list is kept; other refused values are left empty.
                text = tr("{value}: {why}, kept") if sample.converted_value else tr("{value}: {why}, left empty")
                text = text.format(value=sample.source_value or sample.converted_value, why=why)
            parts.append(text)
        is_computed = target in self._computed_fields
        if is_computed:
            from_shape = tr("Computed from the shape; the value of the source is not used")
            from_code = tr("Computed from the code; the value of the source is not used")
            parts = [from_shape if self._computed_fields[target] else from_code]
        item = self.item(row, SAMPLES_COLUMN)
        item.setText(tr("; ").join(parts))
        item.setToolTip(theme.make_plain_tip("\n".join(parts)))
        source, field = self.cellWidget(row, SOURCE_COLUMN).currentData(), self._targets[row]
        note = ""
        if source == NO_SOURCE:
            notes = {"key": tr("Numbered when appended")}
            notes |= dict.fromkeys(MEASURED_MEANINGS, tr("Measured when appended"))
            note = notes.get(field.meaning, tr("Name from the code list") if preview.filled_count else "")
        self.item(row, MORE_COLUMN).setText(note)
        self.item(row, FILLED_COLUMN).setText(format_number(preview.filled_count, 0))
        text, icon, tip = "", theme.load_icon("ok") if preview.filled_count and not is_computed else QIcon(), ""
        # An unknown code is kept with a remark, and outside the list.
        kept_count = max(preview.remarked_count, preview.outside_count)
        if is_computed:
            icon, tip = theme.load_icon("info"), parts[0]
        elif preview.lost_count or kept_count:
            text, icon = format_number(preview.lost_count + kept_count, 0), theme.load_icon("warning")
            tip = tr("{lost} left empty, {kept} kept with a remark or outside the list of the field (ATT002)").format(
                lost=preview.lost_count, kept=kept_count
            )
        elif 2 * preview.area_difference_count > preview.filled_count > 0:
            icon, tip = theme.load_icon("warning"), tr("Most areas differ from those of the shapes; see below.")
        elif find_area_unit(source, field) and not self.cellWidget(row, MORE_COLUMN).currentData():
            icon, tip = theme.load_icon("warning"), tr("The name of the source states another unit than m².")
        lost_item = self.item(row, LOST_COLUMN)
        lost_item.setText(text)
        lost_item.setIcon(icon)
        lost_item.setToolTip(tip)

    def get_current_target(self) -> str:
        """Return the template field of the current row; empty without a row."""
        row = self.currentRow()
        return self._targets[row].name if 0 <= row < len(self._targets) else ""


def _make_key(translation: CodeTranslation) -> str:
    """Return code list and target column of a translation as the data of an entry in the box of sources."""
    return f"{translation.list_id}{_SOURCE_KEY_SEPARATOR}{translation.target_column}"
