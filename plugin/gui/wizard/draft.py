# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of the wizard's steps, as plain data without widgets and layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...bridge.new_project.assemble import NewProjectRequest
from ...core.geometry.crs_zones import CrsZoneChoice
from ...core.standard import Standard, load_standard
from ...core.standard.layer_tree import list_branches
from ...core.standard.profile.county_file import CountySettings, make_default_profile_path
from ...core.standard.template import CodeEntry
from ..county_form.form import FormError
from ..widgets import set_bold


@dataclass
class WizardChoices:
    """The user's choices in the wizard, as plain data.

    ``division_code``: code of the county or city whose longitudes determine the CRS zones, empty if the longitudes were
    typed or come from a layer; ``extent_degrees``: west, south, east, north in degrees; ``county_settings``: settings
    of the county's profile.
    """

    standard_id: str = "county_db"
    county: CodeEntry | None = None
    crs_zones: CrsZoneChoice | None = None
    division_code: str = ""
    extent_degrees: tuple[float, float, float, float] | None = None
    crs: str = ""
    roles: list[str] = field(default_factory=list)
    profile: str = ""
    county_settings: CountySettings | None = None
    folder: str = ""
    name: str = ""
    database_suffix: str = ".gpkg"
    existing_database_action: str = ""
    may_replace_project: bool = False

    @property
    def standard(self) -> Standard:
        """Return the chosen standard."""
        return load_standard(self.standard_id)

    @property
    def database_path(self) -> Path:
        """Return the path of the database to create."""
        return Path(self.folder) / f"{self.name}{self.database_suffix}"

    @property
    def project_path(self) -> Path:
        """Return the path of the project file to create."""
        return Path(self.folder) / f"{self.name}.qgz"

    @property
    def county_profile_path(self) -> Path | None:
        """Return the path of the profile file with the county's own settings; None if it has no own settings."""
        return make_default_profile_path(self.project_path) if self.county_settings is not None else None

    def list_group_names(self) -> list[str]:
        """Return the names of the layer groups with layers to create."""
        return [b.name for b in list_branches(self.standard) if set(b.roles) & set(self.roles)]

    def make_request(self) -> NewProjectRequest:
        """Return the settings of the new project; raise ValueError if no county is chosen."""
        if (county := self.county) is None:
            raise ValueError("no county")
        return NewProjectRequest(
            standard=self.standard_id,
            county_code=county.code,
            county_name=county.name,
            crs=self.crs,
            roles=tuple(self.roles),
            database_path=self.database_path,
            project_path=self.project_path,
            profile=self.profile,
            existing_database_action=self.existing_database_action or "stop",
            may_replace_project=self.may_replace_project,
            extent_degrees=self.extent_degrees,
            county_settings=self.county_settings,
        )


class WizardPage(QWidget):
    """Base class of wizard pages; signal ``changed``: `find_problem` may have changed."""

    changed = pyqtSignal()

    def __init__(self, draft: WizardChoices, title: str, parent=None):
        super().__init__(parent)
        self.draft = draft
        self.title = title
        self.body = QVBoxLayout(self)
        heading = QLabel(title)
        set_bold(heading, 1.25)
        self.body.addWidget(heading)

    def update_when_shown(self) -> None:
        """Update the page when it is shown: earlier pages may have changed."""

    def find_problem(self) -> str:
        """Return what the page lacks before the next step, or an empty string."""
        return ""

    def list_errors(self) -> list[FormError]:
        """Return the fields of the page that have an error, if their messages are at the fields."""
        return []
