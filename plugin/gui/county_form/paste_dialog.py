# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 从文本读入: read targets from a pasted table or text, show them, and enter them into the form."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtWidgets import (
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ...bridge.texts import mark_text, tr, translate_marked
from ...core.figures.pasted_targets import PastedTarget, read_pasted_targets
from ...core.model.indicator import SQUARE_METRES, convert_area
from ...core.standard.messages.numbers import DECIMALS_BY_UNIT, format_number
from ...core.standard.messages.texts import Texts
from ...core.standard.profile.resolved import read_county_form_choices
from ..help.help_dialog import add_help_button
from ..widgets import FocusedButtonDialog, fill_layout, make_ok_cancel_buttons, make_row, resize_to_letters, theme

#: Why a row is not entered, by `PastedTarget.problem`.
_PROBLEM_TEXTS = {
    "unknown": mark_text("Not entered: no target of this form has such a name."),
    "ratio": mark_text("Not entered: the limit of the ratio has its own field below the targets."),
    "number": mark_text("Not entered: no figure was found."),
    "several": mark_text("Not entered: several figures. Paste the row with its headings."),
    "unit": mark_text("Not entered: no unit of the target, such as 万亩, 公顷 or km²."),
    "township": mark_text("Not entered: a figure of a township. Choose its table under Check settings."),
    "twice": mark_text("Not entered: a line above has the same target and year."),
}


class PasteTargetsDialog(FocusedButtonDialog):
    """Dialog that shows the targets in a pasted text, and why other rows are not entered; it changes nothing itself.

    ``year``: target year of rows without one; ``get_present_value``: returns the value that the form has for a target
    and year, own or inherited, as text; empty without one. ``targets``: those that OK enters, unchanged ones left out.
    """

    def __init__(self, texts: Texts, year: int, get_present_value: Callable[[str, int], str], parent=None):
        super().__init__(parent, objectName="SanxianPasteTargets", windowTitle=tr("Read Targets from Text"))
        self._texts, self._year, self._get_present_value = texts, year, get_present_value
        self.targets: list[PastedTarget] = []
        self.text, self.source = QPlainTextEdit(tabChangesFocus=True), QLineEdit()
        example = tr("Paste a table from Excel or Word, or lines such as: 耕地保有量 73.39 万亩")
        theme.set_placeholder(self.text, example)
        theme.set_placeholder(self.source, tr("Of all these targets; a new target needs one"))
        self.tree = QTreeWidget(rootIsDecorated=False, uniformRowHeights=True, accessibleName=tr("Targets in the text"))
        self.tree.setHeaderLabels(
            [
                tr("Row"),
                tr("Indicator"),
                tr("Target year"),
                tr("Target"),
                tr("In the usual unit"),
                tr("Entered in the form"),
            ]
        )
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.count_label = QLabel()
        buttons = add_help_button(make_ok_cancel_buttons(self), "profile")
        self.ok_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok_button.setText(tr("Enter in the Form"))
        source_row = make_row(QLabel(tr("Source document")), (self.source, 1))
        bottom = make_row((self.count_label, 1), buttons)
        fill_layout(QVBoxLayout(self), (self.text, 2), (self.tree, 3), source_row, bottom)
        self.text.textChanged.connect(self._show_targets)
        self._show_targets()
        resize_to_letters(self, 120, 32)

    def _show_targets(self) -> None:
        found = read_pasted_targets(self.text.toPlainText(), self._year)
        self.targets = [one for one in found if not one.problem and not self._is_unchanged(one)]
        self.tree.clear()
        for one in found:
            name = self._texts.get_indicator_name(one.indicator) if one.indicator else one.text
            texts = [str(one.line_number), name, str(one.year or ""), *self._describe_values(one)]
            item = QTreeWidgetItem(self.tree, texts)
            item.setIcon(0, theme.load_icon("warning" if one.problem else "ok"))
            for column, text in enumerate(texts):
                item.setToolTip(column, theme.make_plain_tip(one.text if column == 1 else text))
        self.ok_button.setEnabled(bool(self.targets))
        text = tr("{count} targets, {same} unchanged, {others} rows that are not entered") if found else ""
        others = sum(bool(one.problem) for one in found)
        same = len(found) - len(self.targets) - others
        self.count_label.setText(text.format(count=len(self.targets), same=same, others=others))

    def _is_unchanged(self, one: PastedTarget) -> bool:
        unit = self._texts.get_section("unit_names").get(one.unit, "")
        return self._get_present_value(one.indicator, one.year) == f"{one.value} {unit}"

    def _describe_values(self, one: PastedTarget) -> tuple[str, str, str]:
        """Return the value as printed, in the usual unit, and as a change of the form or why it is not entered."""
        unit_names = self._texts.get_section("unit_names")
        printed = f"{one.value} {unit_names.get(one.unit, '')}".strip()
        if one.problem:
            # A unit that is not understood is in the row's text only; the bare number would mislead.
            printed = printed if one.unit in unit_names else ""
            is_ratio = one.problem == "unknown" and "扩展倍数" in one.text
            return printed, "", translate_marked(_PROBLEM_TEXTS["ratio" if is_ratio else one.problem])
        usual_unit, usual = read_county_form_choices().target_defaults[one.indicator]["unit"], printed
        if one.unit in SQUARE_METRES:
            area = convert_area(float(one.value) * SQUARE_METRES[one.unit], usual_unit)
            figure = format_number(area, DECIMALS_BY_UNIT[usual_unit])
            usual = f"{figure} {unit_names[usual_unit]}"
        present = self._get_present_value(one.indicator, one.year)
        if self._is_unchanged(one):
            return printed, usual, tr("{value} (unchanged)").format(value=printed)
        return printed, usual, f"{present} → {printed}" if present else printed
