# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 县配置: profile, standard, kind of delivery and base year of the project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.layers.properties import get_assigned_role
from ...bridge.layers.role_recognition import list_plan_layers
from ...bridge.project import county, saved_paths
from ...bridge.texts import tr
from ...core.base.errors import DataError, SanxianError
from ...core.checks.check import RunOptions
from ...core.engine.explanation import find_confirmable_items
from ...core.figures.supplied_tables import read_township_targets
from ...core.standard import EVERY_RULE, get_shipped_standard_folders, load_standard
from ...core.standard.messages.numbers import format_ratio_limit
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import Norm, list_profile_ids, load_profile
from ...core.standard.profile.county_file import (
    PROFILE_FILE_SUFFIX,
    CountySettings,
    is_county_code,
    is_editable_profile_file,
    make_default_profile_path,
    read_county,
    read_valid_toml_text,
    save_county,
)
from ..help.help_dialog import add_help_button
from ..project.document_line import DocumentLine
from ..widgets import (
    FileLine,
    FocusedButtonDialog,
    ProfileCombo,
    WrappedLabel,
    add_entries,
    choose_or_add_entry,
    fill_combo,
    fill_layout,
    make_faint_label,
    make_form,
    make_ok_cancel_buttons,
    make_scroll_area,
    messages,
    resize_within_screen,
    theme,
)
from .form import CountyForm, FormErrorList

#: Digits beside two columns of groups: margins of the dialog and its scroll bar.
_MARGIN_DIGITS = 12


class ProfileForm(FocusedButtonDialog):
    """Widgets of the dialog 县配置.

    File dialogs start in the folder of the project.
    """

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent, objectName="SanxianProfileDialog", windowTitle=tr("County Profile"))
        project_folder = project.homePath()
        self.profile = ProfileCombo("SanxianProfile", project_folder)
        self.standard, self.scope, self.phase = QComboBox(), QComboBox(), QComboBox(objectName="SanxianPhase")
        self.rules = QComboBox(
            objectName="SanxianRules",
            toolTip=tr("A rule that lacks its layers or tables checks nothing and reports the reason."),
        )
        default_rules, all_rules = tr("Default rules of the standard and the profile"), tr("All rules (takes longer)")
        add_entries(self.rules, ((default_rules, ""), (all_rules, EVERY_RULE)))
        self.language = QComboBox(
            objectName="SanxianLanguage",
            toolTip=tr("For all projects, from the next check on; the interface follows QGIS."),
        )
        tables = f"{tr('Tables')} (*.xlsx *.csv)"
        data = f"{tr('Planning data')} (*.gpkg *.shp *.geojson);;{tr('All')} (*)"
        self.waivers = FileLine("", project_folder, "CSV (*.csv)")
        self.targets = FileLine("", project_folder, tables)
        self.targets.setToolTip(tr("Tasks allocated to the townships, one per row (rules LAW004 and LAW005)"))
        self.baseline = FileLine("", project_folder, data, allows_folders=True)
        self.register = FileLine("", project_folder, tables)
        self.register.setToolTip(tr("Names, kinds and levels of what is protected, a row each (rule LAW024)"))
        for path, name, hint in (
            (self.waivers, "SanxianProfileWaivers", tr("The file .waivers.csv in the data folder")),
            (self.targets, "SanxianTargets", tr("None: tasks are not allocated to townships")),
            (self.baseline, "SanxianProfileBaseline", tr("None: no comparison with the sealed edition")),
            (self.register, "SanxianRegister", tr("None: sites are not compared with a register")),
        ):
            path.line.setObjectName(name)
            theme.set_placeholder(path.line, hint)
        self.base_year = QLineEdit()
        theme.set_placeholder(self.base_year, tr("From the field or the file name of the layer"))
        self.summary = QLabel(objectName="SanxianProfileSummary", wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.place = make_faint_label(wordWrap=True)
        self.errors = FormErrorList(self.place)
        #: Shown as long as the values of the county have no place.
        self.save_project = QPushButton(tr("Save Project…"), objectName="SanxianSaveProject", visible=False)
        self.form: CountyForm | None = None
        missing_libraries_text = ""
        try:
            # In two columns, if they fit on the screen without scrolling sideways.
            self.form = CountyForm(2)
            margin = self.fontMetrics().horizontalAdvance("0") * _MARGIN_DIGITS
            screen = self.screen() or QGuiApplication.primaryScreen()
            if self.form.minimumSizeHint().width() + margin > screen.availableGeometry().width():
                self.form.deleteLater()
                self.form = CountyForm(1)
        except ImportError as error:
            # Rules and their parameters need the libraries; the other tab does not.
            missing_libraries_text = messages.explain_error(error)
        self.document = DocumentLine(project, lambda: load_profile(self.profile.currentData() or ""))
        self._lay_out_tabs(self.form or WrappedLabel(missing_libraries_text))

    def _lay_out_tabs(self, county_widget: QWidget) -> None:
        """Place the county's settings on one tab and the check settings on the other."""
        checks = QWidget()
        form = make_form(
            (tr("Standard"), self.standard),
            (tr("Scope"), self.scope),
            (tr("Phase of the plan"), self.phase),
            (tr("Rules"), self.rules),
            (tr("Year of the base parcels"), self.base_year),
            (tr("Township targets"), self.targets),
            (tr("Heritage register"), self.register),
            (tr("Waiver file"), self.waivers),
            (tr("Sealed edition"), self.baseline),
            (tr("Document information"), self.document),
            (tr("Language of findings and reports"), self.language),
        )
        fill_layout(QVBoxLayout(checks), form, (self.summary, 1))
        self.tabs, check_page = QTabWidget(), make_scroll_area(checks)
        self._pages: dict[str, QWidget] = {"rules": check_page}
        self.tabs.addTab(make_scroll_area(county_widget), tr("Targets and confirmation"))
        if self.form is not None:
            self.tabs.addTab(self.form.feature_codes, tr("Feature codes"))
            self._pages["feature_codes"] = self.form.feature_codes
        self.tabs.addTab(check_page, tr("Check settings"))
        top = make_form((tr("Profile"), self.profile.make_row_with_button()))
        buttons = add_help_button(make_ok_cancel_buttons(self), "profile")
        self._ok_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok_button.setText(tr("Save"))
        fill_layout(QVBoxLayout(self), top, (self.tabs, 1), self.errors.make_row_with(self.save_project, buttons))

    def show_page(self, name: str) -> None:
        """Bring the page ``rules`` or ``feature_codes`` to the front; another name changes nothing."""
        if name in self._pages:
            self.tabs.setCurrentWidget(self._pages[name])


class ProfileDialog(ProfileForm):
    """Dialog 县配置, which edits the county's profile and the settings of checks."""

    def __init__(self, project: QgsProject, parent=None, used_items: Iterable[str] = ()):
        """Create the dialog for a project.

        ``used_items``: settings marked C (unverified) that the last check used without a confirmation.
        """
        super().__init__(project, parent)
        if self.form is not None:
            self.form.confirmation.used_items = frozenset(used_items)
            self.form.feature_codes.present_roles = frozenset(map(get_assigned_role, list_plan_layers(project)))
        self._project = project
        self._texts = Texts(settings.get_interface_language())
        current_settings = county.read_county_settings(project)
        self.profile.set_profiles(list_profile_ids())
        if (own_path := self._get_default_profile_path()) is not None and own_path.exists():
            self.profile.choose_profile(str(own_path))
        self.profile.choose_profile(current_settings.profile)
        standards = [(f"{load_standard(key).name}  {key}", key) for key in get_shipped_standard_folders()]
        fill_combo(self.standard, [(tr("As in the profile"), ""), *standards])
        phases = [(name, key) for key, name in self._texts.get_section("phases").items()]
        no_phase = (tr("Not set: default severities of the rules"), "")
        fill_combo(self.phase, [no_phase, *phases], current_settings.phase)
        # The project may name a standard or rules that this dialog does not offer; preserve them.
        choose_or_add_entry(self.standard, current_settings.standard)
        choose_or_add_entry(self.rules, current_settings.rules)
        self.base_year.setText(current_settings.base_year)
        fill_combo(self.language, settings.list_language_choices(), settings.read_setting(settings.REPORT_LANGUAGE))
        self.waivers.line.setText(saved_paths.read_stored_path(self._project, saved_paths.WAIVERS_KEY))
        self.targets.line.setText(current_settings.targets)
        self.baseline.line.setText(current_settings.baseline)
        self.register.line.setText(current_settings.register)
        self._wanted_scope, self._norm_is_valid, self._opened_new = current_settings.scope, False, False
        self._norm: Norm | None = None
        self._on_changed()
        for combo in (self.profile, self.standard):
            combo.currentIndexChanged.connect(self._on_changed)
        self.profile.currentIndexChanged.connect(self._open_form)
        if self.form is not None:
            self.form.changed.connect(self._show_errors)
            self.form.changed.connect(self._show_summary)
        for line in (self.base_year, self.targets.line):
            line.textChanged.connect(self._show_errors)
        self._open_form()
        project.projectSaved.connect(self._show_errors)
        preferred_size, margin = (self.form or self.tabs).sizeHint(), self.fontMetrics().height()
        width = max(preferred_size.width() + 4 * margin, self.fontMetrics().horizontalAdvance("0") * 170)
        resize_within_screen(self, width, preferred_size.height() + 14 * margin)

    def read_county_settings(self) -> county.ProjectCountySettings:
        """Return the check settings in the dialog, as they are stored in the project."""
        return county.ProjectCountySettings(
            profile=self.profile.currentData() or "",
            standard=self.standard.currentData() or "",
            scope=self.scope.currentData() or "",
            base_year=self.base_year.text().strip(),
            phase=self.phase.currentData() or "",
            targets=self.targets.text(),
            rules=self.rules.currentData() or "",
            baseline=self.baseline.text(),
            register=self.register.text(),
        )

    def accept(self) -> None:
        year = self.base_year.text().strip()
        if year and not (year.isdigit() and len(year) == 4):
            self._show_refusal(tr("The year needs four digits, such as 2020."))
            return
        try:
            # Report errors of the table now, not at the next check.
            read_township_targets(self.targets.text())
        except (SanxianError, ImportError) as error:
            self._show_refusal(messages.explain_error(error))
            return
        entered_settings = self.read_county_settings()
        try:
            written_profile = self._save_form()
        except (SanxianError, ImportError) as error:
            self.errors.show_message("error", escape(messages.explain_error(error)))
            return
        settings.store_setting(settings.REPORT_LANGUAGE, self.language.currentData())
        county.store_county_settings(
            self._project, replace(entered_settings, profile=written_profile) if written_profile else entered_settings
        )
        saved_paths.store_path(self._project, saved_paths.WAIVERS_KEY, self.waivers.text())
        self._project.setDirty(True)
        super().accept()

    def has_unsaved_entries(self) -> bool:
        return self.form is not None and self.form.isEnabled() and self.form.is_changed

    def done(self, result: int) -> None:
        if self.form is not None:
            self.form.feature_codes.stop_reading()
        super().done(result)

    def _show_refusal(self, text: str) -> None:
        """Show why the check settings cannot be saved."""
        self.errors.show_message("error", escape(text))
        self.tabs.setCurrentIndex(self.tabs.count() - 1)

    # --- the county's own file
    def _get_default_profile_path(self) -> Path | None:
        """Return the path of the county's profile next to the project; None if unsaved."""
        name = self._project.fileName()
        return make_default_profile_path(Path(name)) if name else None

    def _find_profile_to_edit(self) -> Path | None:
        """Return the profile file that the form edits.

        None if the chosen profile is only the parent of the county's own one.
        """
        selected_profile = self.profile.currentData() or ""
        if not selected_profile.endswith(".toml"):
            return None
        code, _name = county.read_county_code_and_name(self._project)
        is_editable = is_editable_profile_file(load_profile(selected_profile), code)
        return Path(selected_profile) if is_editable else None

    def _open_form(self) -> None:
        """Show the county's own file, or an empty form that inherits from the profile."""
        if self.form is None:
            return
        selected_profile = self.profile.currentData() or ""
        try:
            if (edited_path := self._find_profile_to_edit()) is not None:
                text = read_valid_toml_text(edited_path)
                self.form.show_county(read_county(edited_path, text), edited_path, text)
            elif self._opened_new:
                # Preserve the entries; only the parent changes.
                self.form.set_parent_profile(selected_profile)
            else:
                code, name = county.read_county_code_and_name(self._project)
                profile = load_profile(selected_profile)
                if not code and is_county_code(profile.area_code):
                    code, name = profile.area_code, profile.name
                self.form.show_county(
                    CountySettings(name=name, area_code=code, parent_profile=selected_profile),
                    self._get_default_profile_path() or Path(PROFILE_FILE_SUFFIX),
                )
            self._opened_new = edited_path is None
            self._enable_form(True)
        except (SanxianError, ImportError):
            # The summary reports what is wrong with the file.
            self._enable_form(False)
        self._show_errors()

    def _enable_form(self, is_enabled: bool) -> None:
        for widget in (self.form, self.form.feature_codes):
            widget.setEnabled(is_enabled)

    def _show_errors(self) -> None:
        if (form := self.form) is None or not form.isEnabled():
            self.place.clear()
            self.save_project.hide()
            self.errors.show_errors([])
            self._ok_button.setEnabled(self._norm_is_valid)
            return
        edited_path, default_path = self._find_profile_to_edit(), self._get_default_profile_path()
        if edited_path is not None:
            text = tr("Saved to {file}; the rest of the file is not changed").format(file=edited_path.name)
        elif default_path is not None:
            text = tr("Values of this county are saved to {file} in the project folder").format(file=default_path.name)
        else:
            text = tr("Save the project first: the values of this county are stored in a file in the project folder.")
        self.place.setText(text)
        self.save_project.setVisible(edited_path is None and default_path is None)
        self.errors.show_errors(form.errors)
        has_place = edited_path is not None or default_path is not None or not form.has_county_values
        self._ok_button.setEnabled(self._norm_is_valid and not form.errors and has_place)

    def _save_form(self) -> str:
        """Write the county's profile if the form has changes.

        Return its path, or an empty string if nothing was written.
        """
        if self.form is None or not self.form.isEnabled():
            return ""
        edited_path, county_settings = self._find_profile_to_edit(), self.form.read_county_settings()
        if edited_path is not None:
            if self.form.is_changed:
                save_county(county_settings, edited_path, self.form.text)
            return ""
        default_path = self._get_default_profile_path()
        if not self.form.has_county_values or default_path is None:
            return ""
        if default_path.exists():
            raise DataError("profile_exists", file=str(default_path))
        save_county(county_settings, default_path)
        return str(default_path)

    def _on_changed(self) -> None:
        entered_settings = self.read_county_settings()
        try:
            norm = RunOptions(profile=entered_settings.profile, standard=entered_settings.standard).resolve_norm()
        except (SanxianError, ImportError) as error:
            self.summary.setText(messages.explain_error(error))
            self.tabs.setCurrentIndex(self.tabs.count() - 1)
            self._norm_is_valid = False
            self._ok_button.setEnabled(False)
            return
        self._norm_is_valid = True
        self.document.update_summary()
        selected_scope = entered_settings.scope or self._wanted_scope
        scopes = [(self._texts.find("scopes", scope) or scope, scope) for scope in norm.standard.scopes]
        fill_combo(self.scope, [(tr("The widest scope that the layers allow"), ""), *scopes], selected_scope)
        self._norm = norm
        self._show_summary()
        self._show_errors()

    def _show_summary(self) -> None:
        """Show limits, targets and confirmation of the profile; a confirmation in the form is not saved yet."""
        if (norm := self._norm) is None:
            return
        will_confirm = (
            self.form is not None
            and self.form.isEnabled()
            and self.form.is_changed
            and not self.form.errors
            and bool(self.form.read_county_settings().confirmation.items)
        )
        lines = [tr("Expansion ratio: at most {limit}").format(limit=format_ratio_limit(norm.get("ratio.limit")))]
        signs = {">=": "≥", "<=": "≤", "=": "="}
        for target in norm.find_targets(norm.profile.area_code):
            unit = self._texts.get("units", target.unit)
            name = self._texts.get_indicator_name(target.indicator)
            # A number of units has no unit in English.
            figure = f"{name} {signs[target.comparison]} {target.value} {unit}".rstrip()
            lines.append(tr("{figure} ({source})").format(figure=figure, source=target.source))
        by = norm.profile.confirmed_by
        if will_confirm:
            lines.append(tr("The confirmation that was entered takes effect when it is saved."))
        elif by:
            lines.append(tr("Settings confirmed by {by}, {document}, {date}.").format(**by))
        elif not all(map(norm.is_confirmed, find_confirmable_items(norm))):
            lines.append(tr("Not all settings are confirmed by the county, so the verdict is at best conditional."))
        self.summary.setText("\n".join(lines))
