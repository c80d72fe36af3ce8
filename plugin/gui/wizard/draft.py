# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of the wizard's steps, as plain data without widgets and layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...bridge.new_project.request import NewProjectRequest
from ...core.geometry.crs_zones import ZoneChoice
from ...core.profile.county_file import CountySettings, make_default_profile_path
from ...core.standard import Standard, load_standard
from ...core.standard.layer_tree import list_branches
from ...core.standard.template import Code


@dataclass
class WizardChoices:
    """The user's choices in the wizard, as plain data.

    ``division_code``: division whose longitudes give the zones: the county's code, its city's, or empty for typed
    ones and those of a layer; ``view``: west, south, east, north in degrees; ``settings``: settings of the county's
    profile.
    """

    standard_id: str = "county_db"
    county: Code | None = None
    zones: ZoneChoice | None = None
    division_code: str = ""
    view: tuple[float, float, float, float] | None = None
    crs: str = ""
    roles: list[str] = field(default_factory=list)
    profile: str = ""
    settings: CountySettings | None = None
    folder: str = ""
    name: str = ""
    suffix: str = ".gpkg"
    existing: str = ""
    replace_project: bool = False

    @property
    def standard(self) -> Standard:
        return load_standard(self.standard_id)

    @property
    def database_path(self) -> Path:
        return Path(self.folder) / f"{self.name}{self.suffix}"

    @property
    def project_path(self) -> Path:
        return Path(self.folder) / f"{self.name}.qgz"

    @property
    def own_profile(self) -> Path | None:
        """Return the path of the county's profile; None if it has no settings."""
        return make_default_profile_path(self.project_path) if self.settings is not None else None

    def groups(self) -> list[str]:
        """Return the names of the layer groups with layers to create."""
        return [b.name for b in list_branches(self.standard) if set(b.roles) & set(self.roles)]

    def make_request(self) -> NewProjectRequest:
        county = self.county
        if county is None:
            raise ValueError("no county")
        return NewProjectRequest(
            standard=self.standard_id,
            code=county.code,
            county=county.name,
            crs=self.crs,
            roles=tuple(self.roles),
            database=self.database_path,
            project=self.project_path,
            profile=self.profile,
            existing=self.existing or "stop",
            replace_project=self.replace_project,
            view=self.view,
            settings=self.settings,
        )


class WizardPage(QWidget):
    """Base class of wizard pages; signal ``changed``: `problem` may have changed."""

    changed = pyqtSignal()

    def __init__(self, draft: WizardChoices, title: str, parent=None):
        super().__init__(parent)
        self.draft = draft
        self.title = title
        self.body = QVBoxLayout(self)
        heading = QLabel(title)
        font = heading.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.25)
        heading.setFont(font)
        self.body.addWidget(heading)

    def update_when_shown(self) -> None:
        """Update the page when it is shown: earlier pages may have changed."""

    def problem(self) -> str:
        """Return what the page lacks before the next step, or an empty string."""
        return ""
