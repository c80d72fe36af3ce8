# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of a new county project, and creation of its database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.base.cancellation import Cancellation
from ...core.base.errors import DataError, OutputError
from ...core.base.files.writing import check_writable
from ...core.standard.profile import Norm, load_profile
from ...core.standard.profile.county_file import CountySettings, make_default_profile_path


@dataclass(frozen=True)
class NewProjectRequest:
    """What the wizard creates: settings of a new county project.

    ``crs``: ``EPSG:…`` or WKT; ``roles``: codes of the plan layers to create; ``profile``: id or path of the county
    profile, or empty; ``existing_database_action``: how to treat an existing database; ``may_replace_project``: the
    project file may be overwritten; ``extent_degrees``: west, south, east, north in degrees, if the county's location
    is known; ``county_settings``: the county's settings, written to `county_profile_path` next to the project, or None.
    """

    standard: str
    county_code: str
    county_name: str
    crs: str
    roles: tuple[str, ...]
    database_path: Path
    project_path: Path
    profile: str = ""
    existing_database_action: str = "stop"
    may_replace_project: bool = False
    extent_degrees: tuple[float, float, float, float] | None = None
    county_settings: CountySettings | None = None

    @property
    def county_profile_path(self) -> Path | None:
        """Return the path of the county's profile, or None if the wizard writes none."""
        return make_default_profile_path(self.project_path) if self.county_settings is not None else None


def load_norm(standard: str, profile: str, county_code: str) -> Norm:
    """Return standard and profile resolved together, for the forms of a county.

    The profile may be that of the province.
    """
    from ...core.standard import load_standard

    loaded_profile = load_profile(profile)
    return Norm(load_standard(standard or loaded_profile.standard), replace(loaded_profile, area_code=county_code))


def create_project_database(
    request: NewProjectRequest, progress: Callable[[float, str], None], cancellation: Cancellation
) -> Norm:
    """Write the empty database of a new project; return the settings for the forms of its layers.

    Raise SanxianError, with the disk unchanged, and Cancelled. Call it in a thread created by Python
    (`running.threads.run_in_python_thread`), because it uses pyproj.
    """
    from ...core.exchange.create import create_database
    from ...core.geometry.crs import parse_crs
    from ...core.standard.divisions import require_drawable_crs

    if request.project_path.exists() and not request.may_replace_project:
        raise OutputError("project_exists", target=str(request.project_path))
    check_writable(request.project_path, [])
    if request.county_profile_path is not None:
        if request.county_profile_path.exists():
            raise DataError("profile_exists", file=str(request.county_profile_path))
        check_writable(request.county_profile_path, [])
    norm = load_norm(request.standard, request.profile, request.county_code)
    templates = [norm.standard.templates[role] for role in request.roles]
    create_database(
        request.database_path,
        templates,
        require_drawable_crs(parse_crs(request.crs), request.crs),
        code_lists=norm.standard.code_lists,
        existing=request.existing_database_action,
        progress=progress,
        cancellation=cancellation,
    )
    return norm
