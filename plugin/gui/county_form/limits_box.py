# SPDX-License-Identifier: GPL-2.0-or-later
"""Form boxes for the expansion ratio and other limits, with their sources."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from unicodedata import normalize

from qgis.PyQt.QtCore import QSignalBlocker
from qgis.PyQt.QtWidgets import QCheckBox, QGridLayout, QLabel

from ...bridge.texts import tr
from ...core.model.indicator import RATIO_FORMS
from ...core.model.rule import find_unit, load_all_rules
from ...core.standard.messages.numbers import format_ratio_limit
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import Norm
from ...core.standard.profile.resolved import get_inherited_value, read_county_form_choices
from ..widgets import FieldMessage, add_entries, make_faint_label, make_row_widget
from .fields import (
    FormBox,
    InheritingComboBox,
    InheritingLineEdit,
    NameLabel,
    RestoreButton,
    SourceMarkSlot,
)

_LIMIT_KEY, DEFINITION_KEY, _CLASSES_KEY = "ratio.limit", "ratio.form", "ratio.classes"
#: Columns of check boxes of land-use classes.
_BOX_COLUMNS = 3


def get_ratio_forms() -> dict[str, str]:
    """Return value of `ratio.form` → its name."""
    return {
        "n1": tr("N1: the whole boundary"),
        "n2": tr("N2: concentrated and flexible zones"),
        "n3": tr("N3: base and new land"),
    }


class SettingRow:
    """Form row of one setting: name, value, unit, mark and source document.

    The value is a number, entered as text, or 是 or 否. Until the county has its own value, the row shows the inherited
    value in grey. ``key``: key of the setting in the profile; ``changed``: called when the user changes the row.
    """

    def __init__(self, key: str, is_switch: bool, texts: Texts, changed: Callable[[], None]):
        self.key, self._texts, self._inherited_mark = key, texts, ""
        self.field: InheritingLineEdit | InheritingComboBox
        if is_switch:
            self.field = InheritingComboBox()
            self.field.set_inherited_value("")
            add_entries(self.field, ((self._format_value(value), value) for value in (True, False)))
            self.field.currentIndexChanged.connect(changed)
        else:
            self.field = InheritingLineEdit()
            self.field.setFixedWidth(self.field.fontMetrics().horizontalAdvance("0") * 11)
            self.field.textChanged.connect(changed)
        self.name = NameLabel(get_setting_name(key, texts))
        if key.startswith("rules."):
            self.name.setToolTip(texts.get_rule_title(load_all_rules()[key.split(".")[1]]))
        unit, signs = find_unit(key), {"share": "%", "m2": "m²", "degrees": "°"}
        self.unit = QLabel(tr("times") if key == _LIMIT_KEY else signs.get(unit, unit))
        self.mark, self.document, self.restore = SourceMarkSlot(), InheritingLineEdit(), RestoreButton()
        self.message = FieldMessage()
        self.field.setObjectName(f"SanxianLimit_{key}")
        self.field.setAccessibleName(self.name.text())
        self.document.setAccessibleName(f"{self.name.text()} {tr('Source document')}")
        self.document.textChanged.connect(changed)
        self.restore.clicked.connect(self.clear)
        #: From left to right, without the message below them.
        self.widgets = (self.name, self.field, self.unit, self.mark, self.document, self.restore)

    def _format_value(self, value: Any) -> str:
        """Return a value as text in the unit of the field; shares in percent."""
        if isinstance(self.field, InheritingComboBox):
            return self._texts.get("explain", "yes" if value else "no")
        if not isinstance(value, int | float):
            return str(value)
        if self.key == _LIMIT_KEY:
            return format_ratio_limit(value)
        return f"{100 * value if find_unit(self.key) == 'share' else value:.10g}"

    def show_inherited_value(self, norm: Norm) -> None:
        """Show the value that the county inherits from ``norm``, with its source."""
        inherited = get_inherited_value(self.key, norm)
        self._inherited_mark = inherited.mark
        self.field.set_inherited_value(self._format_value(inherited.value))
        source, document = inherited.origin or tr("rule default"), inherited.document
        self.document.set_inherited_value(
            tr("{origin}: {document}").format(origin=source, document=document) if document else source
        )
        self.update_state()

    def show_value(self, value: Any, document: str) -> None:
        """Show the county's own value in the row; None if the county inherits the value.

        ``document``: name of the document that the value is from.
        """
        if isinstance(self.field, InheritingComboBox):
            self.field.choose_value(value)
        else:
            self.field.show_text("" if value is None else self._format_value(value))
        self.document.show_text(document)
        self.update_state()

    def clear(self) -> None:
        """Remove the county's own value and its document, so that the value is inherited."""
        self.show_value(None, "")

    def update_state(self) -> None:
        """Show or hide the restore button, and update the mark of the source."""
        has_own_value = self.has_county_value
        self.restore.setVisible(has_own_value or bool(self.document.get_county_value()))
        if has_own_value:
            self.mark.show_county_mark(self.document.get_county_value())
        else:
            self.mark.show_source_mark(self._inherited_mark)

    @property
    def has_county_value(self) -> bool:
        """Return True if the county has its own value."""
        return self.field.get_county_value() not in (None, "")

    def get_entered_value(self) -> Any:
        """Return the entered value in the unit of the setting.

        Invalid text is returned unchanged; validation reports it.
        """
        if not isinstance(entered := self.field.get_county_value(), str):
            return entered
        try:
            value = Decimal(normalize("NFKC", entered))
        except InvalidOperation:
            return entered
        return float(value / 100 if find_unit(self.key) == "share" else value) if value.is_finite() else entered


class LimitsBox(FormBox):
    """Form box with one row per setting."""

    def __init__(self, keys: tuple[str, ...], norm: Norm, texts: Texts, parent=None):
        super().__init__(parent)
        self.rows: dict[str, SettingRow] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(4, 1)
        for column, text in enumerate((tr("Setting"), tr("Value"), "", "", tr("Source of setting"))):
            grid.addWidget(QLabel(text), 0, column)
        for number, key in enumerate(keys, 1):
            is_switch = isinstance(norm.standard.settings.get(key), bool)
            row = self.rows[key] = SettingRow(key, is_switch, texts, self.on_changed)
            for column, widget in enumerate(row.widgets):
                grid.addWidget(widget, 2 * number, column)
            grid.addWidget(row.message, 2 * number + 1, 1, 1, 5)

    def show_settings(self, settings: dict[str, Any], documents: dict[str, str], norm: Norm) -> None:
        """Show the county's own settings, and in grey those that it inherits from ``norm``.

        ``settings``: key → value; ``documents``: key → name of the document that the value is from.
        """
        with QSignalBlocker(self):
            for key, row in self.rows.items():
                row.show_value(settings.get(key), documents.get(key, ""))
        self.show_inherited_settings(norm)

    def show_inherited_settings(self, norm: Norm) -> None:
        """Show in grey the values that the county inherits from ``norm``."""
        for row in self.rows.values():
            row.show_inherited_value(norm)

    def read_settings(self) -> dict[str, Any]:
        """Return key → value of the settings that the county sets itself."""
        return {key: row.get_entered_value() for key, row in self.rows.items() if row.has_county_value}

    def update_state(self) -> None:
        for row in self.rows.values():
            row.update_state()


class RatioBox(FormBox):
    """Form box of the expansion ratio (城镇开发边界扩展倍数).

    It has the limit, the definition of the ratio (N1, N2, N3) and the land-use classes of its base.
    """

    def __init__(self, norm: Norm, texts: Texts, parent=None):
        super().__init__(parent)
        self._norm, self._classes_own = norm, False
        self.limit = LimitsBox((_LIMIT_KEY,), norm, texts)
        self.limit.changed.connect(self.changed)
        self.form = InheritingComboBox(objectName="SanxianRatioForm")
        self._forms = get_ratio_forms()
        self.form.set_inherited_value("")
        add_entries(self.form, ((self._forms[form], form) for form in RATIO_FORMS))
        self.form.currentIndexChanged.connect(self.on_changed)
        self.form_mark, self.classes_mark = SourceMarkSlot(), SourceMarkSlot()
        self.marks = {DEFINITION_KEY: self.form_mark, _CLASSES_KEY: self.classes_mark}
        self.restore, self.message, self.classes_origin = RestoreButton(), FieldMessage(), make_faint_label()
        self.restore.clicked.connect(self._restore_classes)
        urban_rural_entries = norm.standard.code_lists["urban_rural"].entry_by_code
        self.boxes: dict[tuple[str, ...], QCheckBox] = {}
        for codes in read_county_form_choices().ratio_classes:
            name = urban_rural_entries[codes[0]].name.partition("(")[0]
            self.boxes[codes] = QCheckBox(f"{tr(', ').join(codes)} {name}")
            self.boxes[codes].toggled.connect(self._on_class_toggled)
        box_grid = QGridLayout()
        for number, box in enumerate(self.boxes.values()):
            box_grid.addWidget(box, *divmod(number, _BOX_COLUMNS))
        box_grid.setColumnStretch(_BOX_COLUMNS, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.addLayout(box_grid, 2, 1)
        for widget, *cells in (
            (self.limit, 0, 0, 1, 3),
            (QLabel(tr("Definition")), 1, 0),
            (make_row_widget(self.form, self.form_mark, (None, 1)), 1, 1),
            (QLabel(tr("Base classes")), 2, 0),
            (make_row_widget(self.classes_mark, self.classes_origin, self.restore, (None, 1)), 3, 1),
            (self.message, 4, 1),
        ):
            grid.addWidget(widget, *cells)

    def show_settings(self, settings: dict[str, Any], documents: dict[str, str], norm: Norm) -> None:
        """Show the county's own settings of the ratio, and those that it inherits; as `LimitsBox.show_settings`."""
        with QSignalBlocker(self):
            self.limit.show_settings(settings, documents, norm)
            self.form.choose_value(settings.get(DEFINITION_KEY))
            self._classes_own = _CLASSES_KEY in settings
            if self._classes_own:
                self._show_land_use_classes(settings[_CLASSES_KEY])
            self.show_inherited_settings(norm)

    def show_inherited_settings(self, norm: Norm) -> None:
        """Show the values that the county inherits from ``norm``, where it does not set its own."""
        self._norm = norm
        self.limit.show_inherited_settings(norm)
        form, classes = get_inherited_value(DEFINITION_KEY, norm), get_inherited_value(_CLASSES_KEY, norm)
        self.form.set_inherited_value(self._forms.get(form.value, form.value), form.origin)
        if not self._classes_own:
            self._show_land_use_classes(classes.value)
        self.update_state()

    def _show_land_use_classes(self, classes: list[str]) -> None:
        with QSignalBlocker(self):
            for codes, box in self.boxes.items():
                box.setChecked(set(codes) <= set(classes))

    def read_settings(self) -> dict[str, Any]:
        """Return key → value of the settings of the ratio that the county sets itself."""
        setting_values = self.limit.read_settings()
        if self.form.get_county_value() is not None:
            setting_values[DEFINITION_KEY] = self.form.get_county_value()
        if self._classes_own:
            setting_values[_CLASSES_KEY] = self._collect_classes()
        return setting_values

    def _collect_classes(self) -> list[str]:
        """Return the ticked land-use codes, and inherited codes without a check box."""
        boxed = {code for codes in self.boxes for code in codes}
        others = [code for code in self._norm.get(_CLASSES_KEY) if code not in boxed]
        return [*(code for codes, box in self.boxes.items() if box.isChecked() for code in codes), *others]

    def _on_class_toggled(self, _on: bool) -> None:
        if not self.signalsBlocked():
            self._classes_own = self._collect_classes() != list(self._norm.get(_CLASSES_KEY))
            self.on_changed()

    def _restore_classes(self) -> None:
        self._classes_own = False
        self._show_land_use_classes(self._norm.get(_CLASSES_KEY))
        self.on_changed()

    def update_state(self) -> None:
        self.restore.setVisible(self._classes_own)
        origin = tr("set by the county") if self._classes_own else get_inherited_value(_CLASSES_KEY, self._norm).origin
        self.classes_origin.setText(origin)
        self.form_mark.show_source_mark(
            self._norm.get_source_mark(DEFINITION_KEY) if self.form.get_county_value() is None else "C"
        )
        self.classes_mark.show_source_mark("C" if self._classes_own else self._norm.get_source_mark(_CLASSES_KEY))


def get_setting_name(key: str, texts: Texts) -> str:
    """Return the display name of a setting, capitalised; the name of a rule's parameter begins with the rule code."""
    section, _, subkey = key.partition(".")
    code, _, name = subkey.partition(".")
    setting_names = texts.get_section("setting")
    if section != "rules":
        setting_name = texts.get_setting_name(key)
        return setting_name[:1].upper() + setting_name[1:]
    if not name:
        return f"{code} {setting_names.get(key, '')}".strip()
    return f"{code} {setting_names.get(key) or texts.get_section('parameters').get(name, name)}"
