# SPDX-License-Identifier: GPL-2.0-or-later
"""县配置: which standard, profile and scope a project is checked by; kept in the project."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsProject

from ..core.check import Options
from . import kept_paths, recognise, roles, waivers
from .layers import file_of
from .settings import language

_SCOPE = "sanxian"
_KEYS = ("profile", "standard", "scope", "base_year", "phase", "targets", "rules")
#: Paths that are kept relative to the project where they can be.
_PATHS = ("baseline", "register")


@dataclass(frozen=True)
class County:
    """Empty means: as the profile, the standard or the data say. ``profile``: id, or the path of a .toml file; ``phase``: id;
    ``targets``: the path of a table of township tasks; ``rules``: a group of rules, or all, to run instead of the usual
    ones; ``baseline``: the sealed edition (封库版本), a file or folder, and ``register``: the table of the register of
    heritage, as they stand in the project."""

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
    paths = {key: kept_paths.kept(project, key) for key in _PATHS}
    return County(*(project.readEntry(_SCOPE, key, "")[0] for key in _KEYS), **paths)


def keep(project: QgsProject, county: County) -> None:
    for key in _KEYS:
        value = getattr(county, key)
        if value:
            project.writeEntry(_SCOPE, key, value)
        else:
            project.removeEntry(_SCOPE, key)
    for key in _PATHS:
        kept_paths.keep(project, key, getattr(county, key))


def options(project: QgsProject) -> Options:
    """How a check of the project's layers is to run. On the main thread."""
    county = of(project)
    return Options(
        profile=county.profile,
        standard=county.standard,
        scope=county.scope,
        base_year=int(county.base_year) if county.base_year.isdigit() else None,
        roles=roles.chosen(project),
        phase=county.phase,
        targets=county.targets,
        rules=(county.rules,) if county.rules else (),
        lang=language(),
        notices=tuple(recognise.broken_layers(project)),
        waivers=waivers.of(project, map(file_of, recognise.plan_layers(project))),
        **{key: kept_paths.full(project, key) for key in _PATHS},
    )
