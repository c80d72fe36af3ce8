# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) stored in a project.

The county profile is the fallback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from qgis.core import Qgis, QgsMessageLog, QgsProject

from ...core.checks.check import CheckResult
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import Profile
from ...core.standard.profile.document import (
    PROJECT_SOURCE,
    LoweredSecrecy,
    ResolvedDocument,
    add_document_info,
    resolve_document,
)
from ...core.standard.profile.profile_data import DocumentInfo, load_secrecy_levels
from .. import settings
from ..running.tasks import LOG_TAG

_PROJECT_SCOPE, _KEY_PREFIX = "sanxian", "document_"
#: Setting with the package specification that the user chose last.
PACKAGE_SPEC_SETTING = "package/form"
#: Source of the level that the project had before the document information was edited.
FORMER_SOURCE = "former"
_DOCUMENT_KEYS = tuple(field.name for field in fields(DocumentInfo))


def read_document_info(project: QgsProject) -> DocumentInfo:
    """Return the document information (成果信息) stored in a project.

    Values that are empty there come from the county profile.
    """
    return DocumentInfo(
        **{key: str(project.readEntry(_PROJECT_SCOPE, _KEY_PREFIX + key, "")[0]) for key in _DOCUMENT_KEYS}
    )


def store_document_info(project: QgsProject, info: DocumentInfo) -> None:
    """Store the document information (成果信息) in a project."""
    if info == read_document_info(project):
        return
    for key in _DOCUMENT_KEYS:
        value = getattr(info, key).strip()
        if value:
            project.writeEntry(_PROJECT_SCOPE, _KEY_PREFIX + key, value)
        else:
            project.removeEntry(_PROJECT_SCOPE, _KEY_PREFIX + key)
    project.setDirty(True)


def read_chosen_package_spec() -> str:
    """Return the id or path of the package specification that the user chose last."""
    return str(settings.read_setting(PACKAGE_SPEC_SETTING, "county"))


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


def log_lowered_secrecy_levels(lowered: Iterable[LoweredSecrecy]) -> None:
    """Write lowered secrecy levels with their reasons to the log, tab Sanxian."""
    texts = Texts(settings.get_interface_language())
    for one in lowered:
        QgsMessageLog.logMessage(one.message.render(texts), LOG_TAG, Qgis.MessageLevel.Warning, notifyUser=False)


def resolve_project_document(
    project: QgsProject, profile: Profile, spec_info: DocumentInfo | None = None
) -> ResolvedDocument:
    """Return a project's document information with the source of each value.

    ``spec_info``: values of the package specification, used where project and profile have none.
    """
    return resolve_document(read_document_info(project), profile, spec_info)


def replace_document_info(check_result: CheckResult, info: DocumentInfo | None) -> CheckResult:
    """Return the check result with the project's present document information.

    The user may have changed it since the check.
    """
    document = resolve_document(info, check_result.plan.norm.profile)
    return replace(check_result, report=add_document_info(check_result.report, document))
