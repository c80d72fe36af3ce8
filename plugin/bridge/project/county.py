# SPDX-License-Identifier: GPL-2.0-or-later
"""County settings (县配置) stored in a project: standard, profile, scope.

A profile's path is stored relative to the project if both are in one folder, so that they can be moved together.
"""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsProject

from ...core.checks.check import RunOptions
from ...core.plan.loading import KEY_TABLE_SUFFIX
from ..layers import role_recognition
from ..layers.properties import get_file_path
from ..settings import get_report_language
from . import document, saved_paths, waivers
from .saved_paths import find_path_next_to_layers

_PROJECT_SCOPE = "sanxian"
_TEXT_KEYS = ("profile", "standard", "scope", "base_year", "phase", "targets", "rules")
#: Paths that are stored relative to the project where possible.
_PATH_KEYS = ("baseline", "register")


@dataclass(frozen=True)
class ProjectCountySettings:
    """The county settings of a project; an empty value is taken from profile, standard or data.

    ``profile``: id, or the path of a .toml file; ``scope``: kind of delivery; ``base_year``: year of the land-use data
    of the expansion ratio; ``phase``: id of the planning phase; ``targets``: path of a table of township targets;
    ``rules``: name of a rule group, or ``all``, in place of the default rules; ``baseline``: file or folder of the
    approved data (封库版本); ``register``: path of the table of registered heritage. Paths are as stored in the
    project.
    """

    profile: str = ""
    standard: str = ""
    scope: str = ""
    base_year: str = ""
    phase: str = ""
    targets: str = ""
    rules: str = ""
    baseline: str = ""
    register: str = ""


def read_county_settings(project: QgsProject) -> ProjectCountySettings:
    """Return the county settings stored in a project."""
    paths = {key: saved_paths.read_stored_path(project, key) for key in _PATH_KEYS}
    values = {key: project.readEntry(_PROJECT_SCOPE, key, "")[0] for key in _TEXT_KEYS}
    if values["profile"].endswith(".toml"):
        values["profile"] = saved_paths.read_absolute_path(project, "profile")
    return ProjectCountySettings(**values, **paths)


def store_county_settings(project: QgsProject, county: ProjectCountySettings) -> None:
    """Store the county settings in a project."""
    for key in _TEXT_KEYS:
        value = getattr(county, key)
        if value:
            project.writeEntry(_PROJECT_SCOPE, key, value)
        else:
            project.removeEntry(_PROJECT_SCOPE, key)
    for key in _PATH_KEYS:
        saved_paths.store_path(project, key, getattr(county, key))
    if county.profile.endswith(".toml"):
        saved_paths.store_path(project, "profile", county.profile)


def store_county_code_and_name(project: QgsProject, code: str, name: str) -> None:
    """Store code and name of the project's county, because the chosen profile may be that of the province."""
    project.writeEntry(_PROJECT_SCOPE, "area_code", code)
    project.writeEntry(_PROJECT_SCOPE, "area_name", name)


def read_county_code_and_name(project: QgsProject) -> tuple[str, str]:
    """Return code and name of the project's county.

    Empty if the project was not created by the wizard.
    """
    return project.readEntry(_PROJECT_SCOPE, "area_code", "")[0], project.readEntry(_PROJECT_SCOPE, "area_name", "")[0]


def make_check_options(project: QgsProject) -> RunOptions:
    """Return the options for checks of a project's layers. On the main thread."""
    county = read_county_settings(project)
    files = [get_file_path(layer) for layer in role_recognition.list_plan_layers(project)]
    key_table = find_path_next_to_layers(project, files, KEY_TABLE_SUFFIX)
    return RunOptions(
        profile=county.profile,
        standard=county.standard,
        scope=county.scope,
        base_year=int(county.base_year) if county.base_year.isdigit() else None,
        roles=role_recognition.get_layer_id_by_assigned_role(project),
        phase=county.phase,
        targets=county.targets,
        rules=(county.rules,) if county.rules else (),
        lang=get_report_language(),
        notices=tuple(role_recognition.describe_unreadable_layers(project)),
        waivers=waivers.find_waiver_file_to_apply(project, files),
        renumbered=str(key_table) if key_table is not None and key_table.is_file() else "",
        document_info=document.read_document_info(project),
        **{key: saved_paths.read_absolute_path(project, key) for key in _PATH_KEYS},
    )
