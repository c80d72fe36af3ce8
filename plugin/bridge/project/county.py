# SPDX-License-Identifier: GPL-2.0-or-later
"""County settings (县配置) stored in a project: standard, profile and scope.

A profile's path is stored relative to the project if both are in one folder, so that they can be moved together.
"""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsProject

from ...core.check import Options
from ..layers import recognise
from ..layers.properties import file_of
from ..settings import language
from . import document, saved_paths, waivers

_SCOPE = "sanxian"
_KEYS = ("profile", "standard", "scope", "base_year", "phase", "targets", "rules")
#: Paths that are stored relative to the project where possible.
_PATHS = ("baseline", "register")


@dataclass(frozen=True)
class County:
    """Settings of a project; an empty one follows profile, standard or data.

    ``profile``: id, or the path of a .toml file; ``phase``: id; ``targets``: the path of a table of township tasks;
    ``rules``: a group of rules, or all, instead of the default ones; ``baseline``: the sealed edition (封库版本), a
    file or folder; ``register``: the table of the register of heritage. Paths are as stored in the project.
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


def of(project: QgsProject) -> County:
    """Return the settings of a project."""
    paths = {key: saved_paths.kept(project, key) for key in _PATHS}
    values = {key: project.readEntry(_SCOPE, key, "")[0] for key in _KEYS}
    if values["profile"].endswith(".toml"):
        values["profile"] = saved_paths.full(project, "profile")
    return County(**values, **paths)


def keep(project: QgsProject, county: County) -> None:
    """Store the settings in a project."""
    for key in _KEYS:
        value = getattr(county, key)
        if value:
            project.writeEntry(_SCOPE, key, value)
        else:
            project.removeEntry(_SCOPE, key)
    for key in _PATHS:
        saved_paths.keep(project, key, getattr(county, key))
    if county.profile.endswith(".toml"):
        saved_paths.keep(project, "profile", county.profile)


def save_area(project: QgsProject, code: str, name: str) -> None:
    """Store the county of the project; its profile may be that of the province."""
    project.writeEntry(_SCOPE, "area_code", code)
    project.writeEntry(_SCOPE, "area_name", name)


def area(project: QgsProject) -> tuple[str, str]:
    """Return code and name of the project's county.

    Empty if the wizard did not create the project.
    """
    return project.readEntry(_SCOPE, "area_code", "")[0], project.readEntry(_SCOPE, "area_name", "")[0]


def options(project: QgsProject) -> Options:
    """Return the options for checks of the project's layers. On the main thread."""
    county = of(project)
    return Options(
        profile=county.profile,
        standard=county.standard,
        scope=county.scope,
        base_year=int(county.base_year) if county.base_year.isdigit() else None,
        roles=recognise.chosen_roles(project),
        phase=county.phase,
        targets=county.targets,
        rules=(county.rules,) if county.rules else (),
        lang=language(),
        notices=tuple(recognise.broken_layers(project)),
        waivers=waivers.of(project, map(file_of, recognise.plan_layers(project))),
        document_info=document.of(project),
        **{key: saved_paths.full(project, key) for key in _PATHS},
    )
