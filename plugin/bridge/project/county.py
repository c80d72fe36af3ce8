# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings stored in a project: county (县配置), document information (成果信息), confirmed surveys.

A profile's path is stored relative to the project if both are in one folder, so that they can be moved together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer

from ...core.checks.check import RunOptions
from ...core.plan.loading.key_table import KEY_TABLE_SUFFIX
from ...core.standard.profile import Profile
from ...core.standard.profile.document import PROJECT_SOURCE, LoweredSecrecy, ResolvedDocument, resolve_document
from ...core.standard.profile.profile_data import DocumentInfo, load_secrecy_levels
from .. import settings
from ..layers import role_recognition
from ..layers.properties import get_file_path
from .saved_paths import (
    find_path_next_to_layers,
    find_waiver_file_to_apply,
    read_absolute_path,
    read_stored_path,
    store_path,
    store_text,
)

_KEY_PREFIX = "document_"
#: Setting with the package specification that the user chose last.
PACKAGE_SPEC_SETTING = "package/form"
#: Source of the level that the project had before the document information was edited.
FORMER_SOURCE = "former"
_DOCUMENT_KEYS = tuple(field.name for field in fields(DocumentInfo))
_PROJECT_SCOPE = "sanxian"
#: Paths that are stored relative to the project where possible.
_PATH_KEYS = ("baseline", "register")
_SURVEYS_KEY = "confirmed_surveys"


def read_document_info(project: QgsProject) -> DocumentInfo:
    """Return the document information (成果信息) stored in a project.

    Values that are empty there come from the county profile.
    """
    return DocumentInfo(
        **{key: str(project.readEntry(_PROJECT_SCOPE, _KEY_PREFIX + key, "")[0]) for key in _DOCUMENT_KEYS}
    )


def store_document_info(project: QgsProject, info: DocumentInfo) -> None:
    """Store the document information (成果信息) in a project."""
    if info != read_document_info(project):
        for key in _DOCUMENT_KEYS:
            store_text(project, _KEY_PREFIX + key, getattr(info, key).strip())
        project.setDirty(True)


def read_chosen_package_spec() -> str:
    """Return the id or path of the package specification that the user chose last."""
    return str(settings.read_setting(PACKAGE_SPEC_SETTING, "county"))


def resolve_project_document(
    project: QgsProject, profile: Profile, spec_info: DocumentInfo | None = None
) -> ResolvedDocument:
    """Return a project's document information with the source of each value.

    ``spec_info``: values of the package specification, used where project and profile have none.
    """
    return resolve_document(read_document_info(project), profile, spec_info)


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


_TEXT_KEYS = tuple(field.name for field in fields(ProjectCountySettings) if field.name not in _PATH_KEYS)


def find_lowered_secrecy_levels(
    former_info: DocumentInfo, resolved_document: ResolvedDocument, info: DocumentInfo
) -> list[LoweredSecrecy]:
    """Return the secrecy levels that new document information lowers, each with its reason, which may be empty.

    ``former_info``: the information stored in the project before; ``info``: the new information;
    ``resolved_document``: the new information, completed from profile and package specification. A project without its
    own level has that of profile or package specification, which may be lower than its former level, or missing.
    """
    lowered = [one for one in resolved_document.lowered_levels if one.source == PROJECT_SOURCE]
    if resolved_document.refused_lowering is not None:
        lowered.append(resolved_document.refused_lowering)
    level = info.secrecy or resolved_document.document_info.secrecy
    if former_info.secrecy and (not level or load_secrecy_levels().is_lower(level, former_info.secrecy)):
        lowered.append(LoweredSecrecy(former_info.secrecy, FORMER_SOURCE, level, PROJECT_SOURCE, info.secrecy_reason))
    return lowered


def read_county_settings(project: QgsProject) -> ProjectCountySettings:
    """Return the county settings stored in a project."""
    paths = {key: read_stored_path(project, key) for key in _PATH_KEYS}
    values = {key: project.readEntry(_PROJECT_SCOPE, key, "")[0] for key in _TEXT_KEYS}
    if values["profile"].endswith(".toml"):
        values["profile"] = read_absolute_path(project, "profile")
    return ProjectCountySettings(**values, **paths)


def store_county_settings(project: QgsProject, county: ProjectCountySettings) -> None:
    """Store the county settings in a project."""
    for key in _TEXT_KEYS:
        store_text(project, key, getattr(county, key))
    for key in _PATH_KEYS:
        store_path(project, key, getattr(county, key))
    if county.profile.endswith(".toml"):
        store_path(project, "profile", county.profile)


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
    # The file of such a layer was moved, or its database is not available.
    unreadable_layers = [
        layer
        for layer in project.mapLayers().values()
        if isinstance(layer, QgsVectorLayer)
        and not layer.isValid()
        and not role_recognition.is_excluded_from_checks(layer)
    ]
    return RunOptions(
        profile=county.profile,
        standard=county.standard,
        scope=county.scope,
        base_year=int(county.base_year) if county.base_year.isdigit() else None,
        roles=role_recognition.get_layer_id_by_assigned_role(project),
        phase=county.phase,
        targets=county.targets,
        rules=(county.rules,) if county.rules else (),
        lang=settings.get_report_language(),
        notices=tuple(
            ("notice_layer_broken", {"layer": layer.name(), "file": Path(get_file_path(layer)).name})
            for layer in unreadable_layers
        ),
        waivers=find_waiver_file_to_apply(project, files),
        renumbered=str(key_table) if key_table is not None and key_table.is_file() else "",
        document_info=read_document_info(project),
        **{key: read_absolute_path(project, key) for key in _PATH_KEYS},
    )


def read_confirmed_surveys(project: QgsProject) -> set[tuple[str, ...]]:
    """Return (role, role of the survey) of the layers that may be aligned with a survey."""
    return {tuple(pair.split(">")) for pair in project.readListEntry(_PROJECT_SCOPE, _SURVEYS_KEY)[0]}


def store_confirmed_survey(project: QgsProject, role: str, survey_role: str) -> None:
    """Store in the project that the layer ``role`` may be aligned with the survey ``survey_role``."""
    pairs = read_confirmed_surveys(project) | {(role, survey_role)}
    project.writeEntry(_PROJECT_SCOPE, _SURVEYS_KEY, sorted(map(">".join, pairs)))
