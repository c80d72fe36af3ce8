# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 4 of the wizard: place of database and project, and existing files."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import QButtonGroup, QCheckBox, QGridLayout, QLabel, QLineEdit, QRadioButton

from ...bridge import settings
from ...bridge.texts import tr
from ...core.base.errors import DataError
from ..widgets import messages
from ..widgets.layout import fill_layout
from ..widgets.sections import FormSection, NoticeBox
from .draft import WizardChoices, WizardPage

#: Setting with the folder of the last project.
_FOLDER_SETTING = "project_folder"
_INVALID_NAME_PATTERN = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.|[. ]$')


class TargetPage(WizardPage):
    """Wizard page with folder, name and format of database and project."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Save location"), parent)
        place_section = FormSection(
            tr("Folder and name"), tr("database and project are in one folder and can be moved together")
        )
        self.folder, self.name = QgsFileWidget(), QLineEdit()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(settings.read_setting(_FOLDER_SETTING, "") or str(Path.home()))
        grid = QGridLayout()
        for number, (label, widget) in enumerate(((tr("Folder"), self.folder), (tr("Name"), self.name))):
            grid.addWidget(QLabel(label), number, 0)
            grid.addWidget(widget, number, 1)
        place_section.layout_.addLayout(grid)
        database_section = FormSection(tr("Database"))
        self.formats = {
            ".gpkg": QRadioButton(tr("GeoPackage: one file, best in QGIS (recommended)")),
            ".gdb": QRadioButton(tr("FileGDB: a folder, with domains and feature datasets for ArcGIS")),
        }
        self._add_choices(database_section, self.formats, ".gpkg")
        self.paths = QLabel(wordWrap=True)
        database_section.layout_.addWidget(self.paths)
        self.there = FormSection(tr("A database of this name exists"))
        self.existing = {
            "add": QRadioButton(tr("Add: create only missing layers; existing layers and their data are not changed")),
            "replace": QRadioButton(tr("Replace: delete the database and create a new, empty one; its data are lost")),
            "stop": QRadioButton(tr("Stop: change nothing; enter another name or folder")),
        }
        self._add_choices(self.there, self.existing, "")
        self.over = QCheckBox()
        self.notice = NoticeBox()
        fill_layout(self.body, place_section, database_section, self.there, self.over, self.notice, (None, 1))
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
            button.toggled.connect(
                self._on_path_changed if buttons is getattr(self, "formats", None) else self._update_path_messages
            )
            section.layout_.addWidget(button)

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
        former_paths = (self.draft.database_path, self.draft.project_path) if hasattr(self, "there") else None
        self.draft.folder, self.draft.name = self.folder.filePath().strip(), self.name.text().strip()
        self.draft.database_suffix = next((s for s, button in self.formats.items() if button.isChecked()), ".gpkg")
        if former_paths is None:
            return
        if (self.draft.database_path, self.draft.project_path) != former_paths:
            for button in self.existing.values():
                button.group().setExclusive(False)
                button.setChecked(False)
                button.group().setExclusive(True)
            self.over.setChecked(False)
        self._update_path_messages()

    def _update_path_messages(self, *_args) -> None:
        if not hasattr(self, "notice"):
            return
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
        self.paths.setText(text if has_valid_name else "")
        self.notice.show_message("warning", self._find_path_problem())
        self.changed.emit()

    def _find_path_problem(self) -> str:
        """Return why folder, name or existing files prevent the creation, or an empty string."""
        if _INVALID_NAME_PATTERN.search(self.draft.name):
            return tr('A file name must not contain \\ / : * ? " < > | and must not begin or end with a point.')
        if self.draft.folder and not Path(self.draft.folder).is_dir():
            return tr("The folder does not exist. Choose an existing folder.")
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
        if self._find_path_problem():
            return self._find_path_problem()
        if self.there.isVisibleTo(self) and not self.draft.existing_database_action:
            return tr("Choose what to do with the existing database.")
        if self.over.isVisibleTo(self) and not self.over.isChecked():
            return tr("The project file exists: allow its replacement, or enter another name.")
        return ""

    def store_folder(self) -> None:
        """Store the folder in the user's settings, to be proposed next time."""
        settings.store_setting(_FOLDER_SETTING, self.draft.folder)
