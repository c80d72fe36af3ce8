# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of a county's own profile, used by the wizard and by the dialog 县配置."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractScrollArea,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.texts import join_first_names, tr
from ...core.base.errors import SanxianError
from ...core.engine.explanation import find_confirmable_items, find_rules_by_confirmable_item
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import Norm, list_profile_ids, load_profile
from ...core.standard.profile.county_checks import FormFieldError, find_county_problems, load_base
from ...core.standard.profile.county_file import CountyConfirmation, CountySettings, load_profile_as_if_saved
from ...core.standard.profile.load import load_named_standard
from ...core.standard.profile.resolved import read_county_form_choices
from ..widgets import (
    FieldMessage,
    NoticeBox,
    ProfileCombo,
    describe_source_marks,
    fill_layout,
    make_column,
    make_faint_label,
    make_row,
    make_row_widget,
    make_section,
    messages,
    theme,
)
from .confirmation_box import ConfirmationBox
from .feature_codes_box import FeatureCodesBox, is_feature_code_key
from .limits_box import LimitsBox, RatioBox
from .targets_box import TargetsBox

#: Rules that the tool tip of a setting names.
_MAX_NAMED_RULES = 4
#: Links in the list of errors, which has two lines in a window of 1100 pixels.
_MAX_LINKS = 5


@dataclass(frozen=True)
class FormError:
    """An error in the county form, which prevents saving.

    ``name``: display name of the field; ``text``: message; ``widget``: widget to focus.
    """

    name: str
    text: str
    widget: QWidget


class CountyForm(QWidget):
    """Form in which a county's own profile is edited.

    Signal ``changed``: a value has changed. ``columns``: number of columns in which the boxes are arranged;
    ``asks_county``: the form has fields for county and parent profile, which the caller sets otherwise.
    """

    changed = pyqtSignal()

    def __init__(self, columns: int = 1, asks_county: bool = True, parent=None):
        super().__init__(parent, objectName="SanxianCountyForm")
        self._texts = Texts(settings.get_interface_language())
        self._opened_settings = self._stored_settings = CountySettings()
        self._path, self.text = Path(), ""
        self._norm = norm = Norm(load_named_standard({}, load_profile(), self._path), load_profile())
        self.name, self.area_code = QLineEdit(), QLineEdit()
        #: Message on name, code and file; without one the name of the standard.
        self.county_message = FieldMessage()
        self.base = ProfileCombo("SanxianParentProfile")
        self.totals = NoticeBox(reserved_text=_describe_parent_totals(99))
        self.targets = TargetsBox(self._texts)
        self.ratio = RatioBox(norm, self._texts)
        self.limits = LimitsBox(read_county_form_choices().limits, norm, self._texts)
        self.tolerances = LimitsBox(read_county_form_choices().tolerances, norm, self._texts)
        #: Placed by the window that shows it; the form alone does not.
        self.feature_codes = FeatureCodesBox(self._texts, parent=self)
        self.feature_codes.hide()
        #: Key of a setting → its row.
        self.setting_rows = {**self.ratio.limit.rows, **self.limits.rows, **self.tolerances.rows}
        self.confirmation = ConfirmationBox(self._texts)
        self.problems: list[FormFieldError] = []
        self.errors: list[FormError] = []
        self._lay_out_widgets(columns, asks_county)
        self.base.currentIndexChanged.connect(self._on_parent_chosen)
        for line in (self.name, self.area_code):
            line.textChanged.connect(self._on_changed)
        self._setting_boxes = (self.ratio, self.limits, self.tolerances, self.feature_codes)
        for part in (self.targets, *self._setting_boxes, self.confirmation):
            part.changed.connect(self._on_changed)

    # --- layout
    def _lay_out_widgets(self, columns: int, asks_county: bool) -> None:
        layout = QVBoxLayout(self)
        margin = self.fontMetrics().height() // 2 if columns > 1 else 0
        layout.setContentsMargins(margin, margin, margin, margin)
        header = QHBoxLayout()
        # Add the layout to the form first; a widget shown without a parent would be a separate window.
        layout.addLayout(header)
        digits = self.fontMetrics().horizontalAdvance("0")
        self.area_code.setFixedWidth(digits * 10)
        self.name.setFixedWidth(digits * 20)
        self.base.setSizeAdjustPolicy(ProfileCombo.SizeAdjustPolicy.AdjustToContents)
        self._parent_label = QLabel(tr("Inherits from"))
        fields = ((QLabel(tr("County")), self.name), (QLabel(tr("Division code")), self.area_code))
        for label, widget in (*fields, (self._parent_label, self.base)):
            widget.setAccessibleName(label.text())
            fill_layout(header, label, widget)
            # Hidden fields also need the form as parent; otherwise they would outlive it.
            label.setVisible(asks_county)
            widget.setVisible(asks_county)
        header.addWidget(self.county_message, 1)
        descriptions = "　".join(f"{mark} {text}" for mark, text in describe_source_marks().items())
        layout.addWidget(make_faint_label(descriptions, wordWrap=True))
        inherited = tr("grey values are inherited; a value entered here replaces them")
        about = tr("; ").join((inherited, tr("for this county's code only; compared to the last printed digit")))
        row = make_row((self.totals, 1), self.targets.paste, self.targets.more)
        targets = make_section(tr("Targets"), self.targets, row, about=about, wraps=True)
        ratio = make_section(tr("Expansion ratio of the urban development boundary"), self.ratio)
        limits = make_section(tr("Other limits"), self.limits, about=inherited, wraps=True)
        about = tr("a sliver is ignored only if both its area and its width are below the minimum")
        tolerances = make_section(tr("Tolerances"), self.tolerances, about=about, wraps=True)
        confirmed = make_section(tr("Confirmed by the county"), self.confirmation)
        body = QHBoxLayout()
        if columns > 1:
            left, right = make_column(targets, ratio, limits, (None, 1)), make_column(confirmed, tolerances, (None, 1))
            fill_layout(body, (left, 3), (right, 2))
        else:
            fill_layout(body, make_column(targets, ratio, confirmed, limits, tolerances, (None, 1)))
        layout.addLayout(body, 1)

    # --- contents
    def show_county(self, county: CountySettings, path: Path, text: str = "") -> None:
        """Show the settings of a county in the form.

        ``path`` and ``text``: path and contents of its profile file, which need not exist.
        """
        self._opened_settings = self._stored_settings = county
        self._path, self.text = path, text
        with QSignalBlocker(self):
            self.name.setText(county.name)
            self.area_code.setText(county.area_code)
            # Without its own file the county inherits from the profile chosen above the form.
            for widget in (self._parent_label, self.base):
                widget.setVisible(bool(text))
            self.base.set_profiles(one for one in list_profile_ids() if load_profile(one).covers(county.area_code))
            self.base.choose_profile(county.parent_profile)
            self._norm = self._load_inherited_norm(county)
            self.targets.show_targets(county.targets, self._norm, county.area_code)
            for part in self._setting_boxes:
                part.show_settings(dict(county.value_by_setting), dict(county.document_by_setting), self._norm)
            self.confirmation.show_confirmation(county.confirmation)
        self._refresh_messages()
        # The form may normalise the spelling of numbers; compare later values with its own reading.
        self._opened_settings = self.read_county_settings()

    def set_parent_profile(self, base: str) -> None:
        """Set another parent profile; the county's own settings stay."""
        self._stored_settings = replace(self._stored_settings, parent_profile=base)
        self._norm = self._load_inherited_norm(self._stored_settings)
        with QSignalBlocker(self):
            self.base.choose_profile(base)
            self.targets.show_inherited_targets(self._norm, self.area_code.text().strip())
            for part in self._setting_boxes:
                part.show_inherited_settings(self._norm)
        self._refresh_messages()

    def _on_parent_chosen(self, _index: int) -> None:
        if not self.signalsBlocked():
            self.set_parent_profile(self.base.currentData() or "")
            self.changed.emit()

    def read_county_settings(self) -> CountySettings:
        """Return all settings of the county: those in the form, and those of its file that the form does not show."""
        displayed_keys = {"ratio.limit", "ratio.form", "ratio.classes", *self.limits.rows, *self.tolerances.rows}
        entered_values = {key: value for box in self._setting_boxes for key, value in box.read_settings().items()}
        undisplayed_values = {
            key: value
            for key, value in self._stored_settings.value_by_setting.items()
            if key not in displayed_keys and not is_feature_code_key(key)
        }
        documents = {
            key: value for key, value in self._stored_settings.document_by_setting.items() if key in undisplayed_values
        }
        documents |= {
            key: row.document.get_county_value()
            for key, row in self.setting_rows.items()
            if row.has_county_value and row.document.get_county_value()
        } | self.feature_codes.read_documents()
        # The form has no document field for these; preserve the document of the file while the value is unchanged.
        documents |= {
            key: self._stored_settings.document_by_setting[key]
            for key in ("ratio.form", "ratio.classes")
            if key in self._stored_settings.document_by_setting
            and entered_values.get(key) == self._stored_settings.value_by_setting.get(key)
        }
        code = self.area_code.text().strip()
        return replace(
            self._stored_settings,
            name=self.name.text().strip(),
            area_code=code,
            targets=self.targets.read_targets(code),
            value_by_setting={**undisplayed_values, **entered_values},
            document_by_setting=documents,
            confirmation=self.confirmation.read_confirmation(),
        )

    @property
    def is_changed(self) -> bool:
        """Return True if the settings in the form differ from those that were opened."""
        return self.read_county_settings() != self._opened_settings

    @property
    def has_county_values(self) -> bool:
        """Return True if the form has a target, setting or confirmation of the county."""
        county = self.read_county_settings()
        return bool(
            county.targets
            or county.value_by_setting
            or not county.confirmation.has_no_group
            or county.confirmation.singly
        )

    # --- checks
    def _load_inherited_norm(self, county: CountySettings) -> Norm:
        """Return standard and parent profile, from which the county inherits its settings."""
        try:
            base = load_base(county, self._path)
        except SanxianError:
            # `find_county_problems` reports this error at the field of the parent.
            base = load_profile()
        return Norm(load_named_standard(tomllib.loads(self.text) if self.text else {}, base, self._path), base)

    def _on_changed(self, *_args: object) -> None:
        if not self.signalsBlocked():
            with QSignalBlocker(self):
                self.targets.show_inherited_targets(self._norm, self.area_code.text().strip())
            self._refresh_messages()
            self.changed.emit()

    def _refresh_messages(self) -> None:
        county = self.read_county_settings()
        needs_validation = self.has_county_values or bool(self.text)
        self.problems = (
            find_county_problems(county, self._path, self.text, self._opened_settings) if needs_validation else []
        )
        self.targets.clear_messages()
        self.confirmation.clear_messages()
        self.county_message.default_hint = tr("Standard: {name}").format(name=self._norm.standard.name)
        rows = self.setting_rows.values()
        notices = (self.county_message, self.ratio.message, self.feature_codes.message)
        for message in (*notices, *(row.message for row in rows)):
            message.show_hint()
        self.errors = []
        for problem in self.problems:
            name, widget, message = self._find_field(problem.field_path)
            text = messages.explain_error(problem.error)
            if not message.kind:
                message.show_text(text, "error" if problem.prevents_saving else "warning")
            if problem.prevents_saving:
                self.errors.append(FormError(name, text, widget))
        if text := self.confirmation.find_error():
            self.errors.append(FormError(self.confirmation.labels["singly"], text, self.confirmation.deciding))
        others = sum(t.area_code != county.area_code for t in self._norm.profile.targets)
        self.totals.show_message("info", _describe_parent_totals(others) if others else "")
        if any(one.prevents_saving for one in self.problems if not one.field_path.startswith("confirmed")):
            return
        norm = self._norm
        if self.has_county_values or self.text:
            try:
                unconfirmed_county = replace(county, confirmation=CountyConfirmation())
                norm = replace(norm, profile=load_profile_as_if_saved(unconfirmed_county, self._path, self.text))
            except SanxianError as error:
                self.county_message.show_text(messages.explain_error(error), "error")
                return
        self._refresh_confirmable_settings(county, norm)

    def _refresh_confirmable_settings(self, county: CountySettings, norm: Norm) -> None:
        """List what can be confirmed under the entered settings, and count what is not confirmed."""
        rules_by_item = find_rules_by_confirmable_item(norm)
        # The last check may have run further rules, and one before it others whose settings are confirmed.
        others = sorted({*self.confirmation.used_items, *county.confirmation.items} & rules_by_item.keys())
        items_to_confirm = list(dict.fromkeys((*find_confirmable_items(norm), *others)))

        def explain(item: str) -> str:
            value = norm.get(item) if norm.has_setting(item) else None
            rules = rules_by_item.get(item, ())
            names = [f"{rule.code} {self._texts.get_rule_title(rule)}" for rule in rules]
            rules_text = join_first_names(names, _MAX_NAMED_RULES)
            lines = [tr("Value: {value}").format(value=value)] if isinstance(value, str | int | float) else []
            lines += [tr("Used by {rules}").format(rules=rules_text)] if names else []
            return "\n".join(lines)

        self.confirmation.show_confirmable_settings(items_to_confirm, explain, norm.find_value)
        entered = self.confirmation.read_confirmation()
        has_problem = any(p.field_path.startswith("confirmed") for p in self.problems)
        confirmed_profile = norm.profile
        if entered.by:
            # Each item that is confirmed singly has its document.
            items = frozenset(entered.items if entered.document and not has_problem else ())
            singly = {key: asdict(one) for key, one in entered.singly.items()}
            confirmed_profile = replace(norm.profile, confirmed=items, confirmed_singly=singly)
        confirmed_norm = replace(norm, profile=confirmed_profile)
        self.confirmation.show_unconfirmed_count(
            [item for item in items_to_confirm if not confirmed_norm.is_confirmed(item)]
        )
        for key, mark in {**{key: row.mark for key, row in self.setting_rows.items()}, **self.ratio.marks}.items():
            mark.show_confirmation(confirmed_norm.is_confirmed(key))

    def _find_field(self, field: str) -> tuple[str, QWidget, FieldMessage]:
        """Return display name, input widget and message widget of a problem's field."""
        section, _, name = field.partition(".")
        if section.startswith("targets["):
            # In the order of `TargetsBox.read_targets`.
            row = [row for row in self.targets.rows if row.has_county_value][int(section[8:-1])]
            further_fields = {"year": (row.year, tr("Target year")), "source": (row.source, tr("Source document"))}
            widget, field_name = further_fields.get(name, (row.value, ""))
            return tr("  ").join(text for text in (row.name.text(), field_name) if text), widget, row.message
        if section == "confirmed" and name in self.confirmation.messages:
            return self.confirmation.labels[name], getattr(self.confirmation, name), self.confirmation.messages[name]
        if (row := self.setting_rows.get(field)) is not None:
            return row.name.text(), row.field, row.message
        if field.startswith("ratio."):
            return tr("Expansion ratio"), self.ratio.form, self.ratio.message
        if is_feature_code_key(field):
            return tr("Feature codes"), self.feature_codes.table, self.feature_codes.message
        if field in ("name", "area_code"):
            return tr("County"), self.name if field == "name" else self.area_code, self.county_message
        return tr("File"), self.name, self.county_message


def _describe_parent_totals(count: int) -> str:
    text = tr(
        "The parent's {count} totals are those of its whole area; limits, rules and targets for this county are "
        "inherited."
    )
    return text.format(count=count)


class FormErrorList(QStackedWidget):
    """A notice beside a window's buttons, with a link to each field that has an error.

    It takes the place of another text, so that nothing moves when the first error appears.
    """

    def __init__(self, other_text: QLabel, parent=None):
        super().__init__(parent)
        self._error_widgets: list[QWidget] = []
        self.notice = NoticeBox(reserved_text="<b>国</b><br>国")
        self.label = self.notice.label
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.label.linkActivated.connect(self._focus_field_of_link)
        self.addWidget(other_text)
        self.addWidget(self.notice)

    def make_row_with(self, *buttons: QWidget) -> QHBoxLayout:
        """Return a row of this notice and the buttons; a message of more lines than reserved moves no button."""
        group = make_row_widget(*buttons)
        group.setFixedHeight(self.minimumSizeHint().height())
        return make_row((self, 1), (group, 0, Qt.AlignmentFlag.AlignBottom))

    def show_message(self, kind: str, text: str) -> None:
        """Show a notice as `NoticeBox.show_message`, or the other text if it is empty."""
        self.notice.show_message(kind, text)
        self.setCurrentIndex(int(bool(text)))

    def show_errors(self, errors: list[FormError]) -> None:
        """Show links to the first fields that have an error, and the number of all; the other text without errors.

        A field with several errors counts once, because it shows the first of them.
        """
        name_by_widget: dict[QWidget, str] = {}
        for error in errors:
            name_by_widget.setdefault(error.widget, error.name)
        self._error_widgets = list(name_by_widget)
        links = [theme.make_link(str(n), name) for n, name in enumerate(name_by_widget.values())]
        text = tr("<b>{count} to correct</b> {links} Correct them before saving; the reason is below each field.")
        self.show_message("error", text.format(count=len(links), links=" ".join(links[:_MAX_LINKS])) if links else "")

    def _focus_field_of_link(self, link: str) -> None:
        widget = self._error_widgets[int(link)]
        ancestor = widget.parentWidget()
        while ancestor is not None:
            if isinstance(ancestor, QScrollArea) and isinstance(ancestor, QAbstractScrollArea):
                ancestor.ensureWidgetVisible(widget)
            elif isinstance(ancestor, QTabWidget):
                pages = map(ancestor.widget, range(ancestor.count()))
                ancestor.setCurrentWidget(next(page for page in pages if page.isAncestorOf(widget)))
            ancestor = ancestor.parentWidget()
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
