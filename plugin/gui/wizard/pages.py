# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps of the wizard that have one page each: template, profile, place of the files, confirmation."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
)

from ...bridge import settings
from ...bridge.layers.properties import convert_to_qgis_crs
from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.errors import DataError, SanxianError
from ...core.checks.check import RunOptions
from ...core.geometry import crs as crs_care
from ...core.geometry.crs_zones import ZONE_WIDTH_DEGREES
from ...core.standard import list_standard_ids, load_standard
from ...core.standard.layer_tree import list_branches, list_themes as themes_of
from ...core.standard.profile import Profile, list_profile_ids, load_profile
from ...core.standard.profile.county_file import PROFILE_FILE_SUFFIX, CountySettings, is_editable_profile_file
from ..county_form.form import CountyForm, FormError
from ..widgets import (
    FormSection,
    NoticeBox,
    ProfileCombo,
    WrappedLabel,
    fill_layout,
    make_faint_label,
    make_section,
    messages,
)
from .draft import WizardChoices, WizardPage

#: Setting with the folder of the last project.
FOLDER_SETTING = "project_folder"
_INVALID_NAME_PATTERN = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.|[. ]$')
#: The standards for a county first, then the others by id.
_FIRST_STANDARDS = ("county_db", "three_lines_2022")


class ConfirmPage(WizardPage):
    """Last page of the wizard: summary and progress."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Confirm and create"), parent)
        self._grid, self.sections = QGridLayout(), QLabel(wordWrap=True)
        self._grid.setColumnStretch(1, 1)
        created = make_section(tr("To be created"), self._grid)
        inside = make_section(tr("The project comes with"), self.sections)
        self.notice, self.bar = NoticeBox(), QProgressBar(visible=False)
        fill_layout(self.body, created, inside, self.notice, self.bar, (None, 1))
        self.notice.show_message("info", "")

    def update_when_shown(self) -> None:
        while self._grid.count():
            if (widget := self._grid.takeAt(0).widget()) is not None:
                widget.deleteLater()
        for number, (name, value) in enumerate(self.list_summary_rows()):
            selectable = Qt.TextInteractionFlag.TextSelectableByMouse
            self._grid.addWidget(make_faint_label(name, alignment=Qt.AlignmentFlag.AlignTop), number, 0)
            self._grid.addWidget(QLabel(value, wordWrap=True, textInteractionFlags=selectable), number, 1)
        self.sections.setText(
            tr(
                "Layer groups with symbols, forms and code lists; division code {code} and name {county} filled "
                "in; BSM numbered automatically and MJ updated with the statutory area.\n"
                "Snapping to vertices and segments (10 pixels), topological editing; new shapes avoid overlaps "
                "in layers that must not overlap.\n"
                "Map themes: {themes}. Bookmarks by township as soon as the layer of townships has features."
            ).format(
                code=self.draft.county.code if self.draft.county else "",
                county=self.draft.county.name if self.draft.county else "",
                themes=tr(", ").join(t.name for t in themes_of(self.draft.standard)),
            )
        )
        unverified = [r for r in self.draft.roles if self.draft.standard.templates[r].fields_mark == "C"]
        text = tr("The field tables of {count} of these layers are unverified (mark C).").format(count=len(unverified))
        self.notice.show_message("info", text if unverified else "")

    def list_summary_rows(self) -> list[tuple[str, str]]:
        """Return (label, text) of each setting and file of the new project."""
        draft, county = self.draft, self.draft.county
        layers = tr("{count} layers in {groups} groups: {names}").format(
            count=len(draft.roles), groups=len(draft.list_group_names()), names=tr(", ").join(draft.list_group_names())
        )
        summary_rows = [
            (tr("Standard"), draft.standard.name),
            (tr("County"), f"{county.name}  {county.code}" if county else ""),
            (tr("Coordinate system"), _describe_crs(draft.crs)),
            (tr("Layers"), layers),
            (tr("County profile"), _describe_profile(draft)),
            (tr("Database"), str(draft.database_path)),
            (tr("Project"), str(draft.project_path)),
        ]
        consequences = {
            "add": tr("it exists; only missing layers are added"),
            "replace": tr("it exists and is replaced; its data are lost"),
        }
        if draft.existing_database_action in consequences:
            summary_rows.insert(6, ("", consequences[draft.existing_database_action]))
        return summary_rows

    def show_progress(self, share: float, text: str) -> None:
        self.bar.setVisible(True)
        self.bar.setValue(round(100 * share))
        self.bar.setFormat(f"%p%  {text}" if text else "%p%")


def _describe_crs(text: str) -> str:
    """Return code, name and zone of a CRS (``EPSG:…`` or WKT) as text."""
    if (parsed_crs := crs_care.parse_crs(text)) is None:
        return text
    frame = crs_care.describe_crs(parsed_crs)
    name = convert_to_qgis_crs(parsed_crs).description()
    if frame.zone_number is not None and frame.central_meridian == frame.zone_number * ZONE_WIDTH_DEGREES:
        zone_text = tr("zone {number}").format(number=frame.zone_number)
        name = f"CGCS2000 / {tr('3° Gauss–Krüger')}  {zone_text}  {frame.central_meridian:g}°E"
    return f"{crs_care.make_crs_label(parsed_crs)}  {name}"


def _describe_profile(draft: WizardChoices) -> str:
    base = load_profile(draft.profile).name if draft.profile else ""
    if draft.county_settings is None or draft.county_profile_path is None:
        return base or tr("None: no targets, limits of the standard")
    file, count = draft.county_profile_path.name, len(draft.county_settings.targets)
    text = tr("{file}: {count} targets, inherits from {base}")
    return text.format(file=file, count=count, base=base or tr("no parent"))


class TargetPage(WizardPage):
    """Wizard page with folder, name and format of database and project."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Save location"), parent)
        self.folder, self.name = QgsFileWidget(), QLineEdit()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(settings.read_setting(FOLDER_SETTING, "") or saved_paths.get_start_folder())
        own_data = QPushButton(tr("Use Finished Database…"), autoDefault=False, clicked=self._ask_for_database)
        own_data.setToolTip(tr("The project takes its layers and their data; layers that it lacks are added"))
        grid = QGridLayout()
        grid.addWidget(own_data, 1, 2)
        for number, (label, widget) in enumerate(((tr("Folder"), self.folder), (tr("Name"), self.name))):
            grid.addWidget(QLabel(label), number, 0)
            grid.addWidget(widget, number, 1)
        about = tr("database and project are in one folder and can be moved together")
        place_section = make_section(tr("Folder and name"), grid, about=about)
        database_section = FormSection(tr("Database"))
        self.formats = {
            ".gpkg": QRadioButton(tr("GeoPackage: one file, best in QGIS (recommended)")),
            ".gdb": QRadioButton(tr("FileGDB: a folder, with domains and feature datasets for ArcGIS")),
        }
        self._add_choices(database_section, self.formats, ".gpkg")
        self.paths = WrappedLabel(reserved_lines=3)
        database_section.layout_.addWidget(self.paths)
        self.there = FormSection(tr("A database of this name exists"))
        self.existing = {
            "add": QRadioButton(tr("Add: create only missing layers; existing layers and their data are not changed")),
            "replace": QRadioButton(tr("Replace: delete the database and create a new, empty one; its data are lost")),
            "stop": QRadioButton(tr("Stop: change nothing; enter another name or folder")),
        }
        self._add_choices(self.there, self.existing, "")
        self.over, self.notice = QCheckBox(), NoticeBox(reserved_text="国")
        fill_layout(self.body, place_section, database_section, self.notice, self.there, self.over, (None, 1))
        self._proposed_path = ""
        self.folder.fileChanged.connect(self._on_path_changed)
        self.name.textChanged.connect(self._on_path_changed)
        self.over.toggled.connect(self._update_path_messages)
        self._on_path_changed()

    def _add_choices(self, section: FormSection, buttons: dict[str, QRadioButton], chosen_name: str) -> None:
        group = QButtonGroup(self)
        for name, button in buttons.items():
            group.addButton(button)
            button.setChecked(name == chosen_name)
            button.toggled.connect(self._on_path_changed if buttons is self.formats else self._update_path_messages)
            section.layout_.addWidget(button)

    def _ask_for_database(self) -> None:
        """Take folder, name and format of a finished GeoPackage, whose layers the project shows."""
        title, kind = tr("Use Finished Database…").rstrip("…"), tr("GeoPackage (*.gpkg)")
        path = Path(QFileDialog.getOpenFileName(self, title, self.folder.filePath(), kind)[0])
        if path.suffix:
            self.use_database(path)

    def use_database(self, path: Path) -> None:
        """Make the project of a finished database: in its folder, with its name."""
        self.folder.setFilePath(str(path.parent))
        self.name.setText(path.stem)
        self.formats[path.suffix.lower()].setChecked(True)
        self.existing["add"].setChecked(True)

    def update_when_shown(self) -> None:
        county = self.draft.county
        proposal = tr("{county} plan").format(county=county.name) if county else ""
        # Preserve a name that the user typed.
        if self.name.text() == self._proposed_path:
            self.name.setText(proposal)
            self._proposed_path = proposal
        self._on_path_changed()

    def _on_path_changed(self, *_args) -> None:
        """Update the paths; reset the answers about existing files of another place."""
        former_paths = (self.draft.database_path, self.draft.project_path)
        self.draft.folder, self.draft.name = self.folder.filePath().strip(), self.name.text().strip()
        self.draft.database_suffix = next((s for s, button in self.formats.items() if button.isChecked()), ".gpkg")
        if (self.draft.database_path, self.draft.project_path) != former_paths:
            for button in self.existing.values():
                button.group().setExclusive(False)
                button.setChecked(False)
                button.group().setExclusive(True)
            self.over.setChecked(False)
        self._update_path_messages()

    def _update_path_messages(self, *_args) -> None:
        has_valid_name = bool(self.draft.name) and not _INVALID_NAME_PATTERN.search(self.draft.name)
        database, project = self.draft.database_path, self.draft.project_path
        self.there.setVisible(has_valid_name and database.exists())
        self.over.setVisible(has_valid_name and project.exists())
        self.over.setText(tr("Replace the project file {name} too").format(name=project.name))
        chosen_action = next((n for n, button in self.existing.items() if button.isChecked()), "")
        self.draft.existing_database_action = chosen_action if self.there.isVisibleTo(self) else "stop"
        self.draft.may_replace_project = self.over.isVisibleTo(self) and self.over.isChecked()
        text = tr("Database: {database}\nProject: {project}").format(database=database, project=project)
        if self.draft.county_profile_path is not None:
            text += "\n" + tr("County profile: {file}").format(file=self.draft.county_profile_path)
        if self.draft.folder and self._is_new_folder():
            text += "\n" + tr("The folder does not exist yet; it is created with the project.")
        self.paths.setText(text if has_valid_name else "")
        self.notice.show_message("warning", self._find_path_problem())
        self.changed.emit()

    def _is_new_folder(self) -> bool:
        """Return True if the typed folder can be created with the project: a new one in an existing folder."""
        folder = Path(self.draft.folder)
        return folder.is_absolute() and not folder.exists() and folder.parent.is_dir()

    def _find_path_problem(self) -> str:
        """Return why folder, name or existing files prevent the creation, or an empty string."""
        if _INVALID_NAME_PATTERN.search(self.draft.name):
            return tr('A file name must not contain \\ / : * ? " < > | and must not begin or end with a point.')
        if self.draft.folder and not (Path(self.draft.folder).is_dir() or self._is_new_folder()):
            return tr("The folder does not exist, nor the folder that would contain it. Choose another one.")
        county_profile_path = self.draft.county_profile_path
        if self.draft.name and county_profile_path is not None and county_profile_path.exists():
            return messages.explain_error(DataError("profile_exists", file=county_profile_path.name))
        if self.there.isVisibleTo(self) and self.draft.existing_database_action == "stop":
            return tr("Give another name or another folder.")
        return ""

    def find_problem(self) -> str:
        if not self.draft.folder:
            return tr("Choose a folder.")
        if not self.draft.name:
            return tr("Enter a name.")
        if problem := self._find_path_problem():
            return problem
        if self.there.isVisibleTo(self) and not self.draft.existing_database_action:
            return tr("Choose what to do with the existing database.")
        if self.over.isVisibleTo(self) and not self.over.isChecked():
            return tr("The project file exists: allow its replacement, or enter another name.")
        return ""


class ProfilePage(WizardPage):
    """Wizard page with the county's parent profile and the form of its settings."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Targets and county profile"), parent)
        self.profile, self.notice = ProfileCombo("SanxianWizardProfile"), NoticeBox()
        about = tr("targets, limits and confirmed items; can be changed later")
        section = make_section(tr("County profile"), self.profile.make_row_with_button(), self.notice, about=about)
        self.form = CountyForm(asks_county=False)
        fill_layout(self.body, section, self.form, (None, 1))
        self._county = ""
        self.profile.currentIndexChanged.connect(self._on_profile_chosen)
        self.form.changed.connect(self._on_form_edited)

    def update_when_shown(self) -> None:
        """Offer the profiles for the chosen county; keep the user's choice if the county is the same."""
        county = self.draft.county
        if county is None or county.code == self._county:
            return
        self._county = county.code
        matching_profiles = [
            profile for profile in map(load_profile, list_profile_ids()) if profile.covers(county.code)
        ]
        # The county's own profile first, then those of city, cluster and province.
        matching_profiles.sort(
            key=lambda one: (one.is_example, one.area_code != county.code, -len(one.list_base_profiles()), one.id)
        )
        with QSignalBlocker(self.profile):
            self.profile.set_profiles(profile.id for profile in matching_profiles)
            self.profile.setCurrentIndex(1 if matching_profiles and not matching_profiles[0].is_example else 0)
        base = self.profile.currentData() or ""
        self.form.show_county(CountySettings(county.name, county.code, base), Path(PROFILE_FILE_SUFFIX))
        self._on_profile_chosen()

    def _on_profile_chosen(self) -> None:
        self.draft.profile = self.profile.currentData() or ""
        try:
            norm = RunOptions(profile=self.draft.profile, standard=self.draft.standard_id).resolve_norm()
        except SanxianError as error:
            self.notice.show_message("error", messages.explain_error(error))
            self.form.setVisible(False)
            self._on_form_edited()
            return
        self.notice.show_message(*self._describe_profile(norm.profile))
        self.form.setVisible(not is_editable_profile_file(norm.profile, self._county))
        if self.form.isVisibleTo(self):
            self.form.set_parent_profile(self.draft.profile)
        self._on_form_edited()

    def _on_form_edited(self) -> None:
        is_form_visible = self.form.isVisibleTo(self)
        # Also without targets: the profile of a province does not state which county the project is for.
        has_own = is_form_visible and (
            self.form.has_county_values or load_profile(self.draft.profile).area_code != self._county
        )
        self.draft.county_settings = self.form.read_county_settings() if has_own else None
        self.changed.emit()

    def list_errors(self) -> list[FormError]:
        return self.form.errors if self.form.isVisibleTo(self) else []

    def _describe_profile(self, profile: Profile) -> tuple[str, str]:
        """Return level (``info``, ``ok``, ``error``) and text of the notice on the chosen profile."""
        if (county := self.draft.county) is None:
            return "info", ""
        if not self.draft.profile:
            return "info", tr("No parent: the limits of the standard apply. Enter the targets of the county below.")
        if profile.area_code == county.code:
            if is_editable_profile_file(profile, county.code):
                return "ok", tr("This is the profile of the county. It can be changed later under County Profile.")
            return "ok", tr("This is the profile of the county.")
        if profile.covers(county.code):
            text = tr("The limits of {name} apply, its totals do not. Enter the targets of the county below.")
            return "info", text.format(name=profile.name)
        text = tr("This profile is of {name} ({area}), the project is of {county} ({code}). Choose another.")
        return "error", text.format(name=profile.name, area=profile.area_code, county=county.name, code=county.code)

    def find_problem(self) -> str:
        if self.notice.kind == "error":
            return self.notice.label.text()
        return next((error.text for error in self.list_errors()), "")


class TemplatePage(WizardPage):
    """Wizard page on which the standard is chosen."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Template"), parent)
        section = FormSection(tr("Standard"), tr("fields, aliases, code lists and symbols of every layer come from it"))
        self.group = QButtonGroup(self)
        self.buttons: dict[str, QRadioButton] = {}
        for name in sorted(
            list_standard_ids(),
            key=lambda n: (_FIRST_STANDARDS.index(n) if n in _FIRST_STANDARDS else len(_FIRST_STANDARDS), n),
        ):
            standard = load_standard(name)
            button = QRadioButton(
                standard.name,
                checked=name == draft.standard_id,
                toggled=lambda on, n=name: self._choose_standard(n) if on else None,
            )
            self.group.addButton(button)
            self.buttons[name] = button
            section.layout_.addWidget(button)
            # The edition of some is the number of their standard, which their name has.
            is_year = standard.edition.startswith("20")
            about = (
                tr("{layers} layers in {branches} groups, edition {edition}")
                if is_year
                else tr("{layers} layers in {branches} groups")
            )
            counts = {"layers": len(standard.templates), "branches": len(list_branches(standard))}
            note = make_faint_label(about.format(**counts, edition=standard.edition))
            note.setContentsMargins(button.iconSize().width() + 8, 0, 0, button.fontMetrics().height() // 3)
            section.layout_.addWidget(note)
        self.notice = NoticeBox()
        fill_layout(self.body, section, self.notice, (None, 1))
        self._show_notice()

    def _choose_standard(self, name: str) -> None:
        self.draft.standard_id = name
        self.draft.roles = []
        self._show_notice()
        self.changed.emit()

    def _show_notice(self) -> None:
        templates = self.draft.standard.templates.values()
        unverified = sum(t.fields_mark == "C" for t in templates)
        text = tr(
            "The field tables of {count} of {all} layers are not verified against the norm (mark C). "
            "Compare them with the original before use; templates are files that can be corrected."
        )
        self.notice.show_message("info", text.format(count=unverified, all=len(templates)) if unverified else "")
