# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) stored in a project.

The county profile is the fallback.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from qgis.core import QgsProject

from ...core.check import CheckResult
from ...core.profile.document import DocumentInfo, ResolvedDocument, add_document_info, resolve_document

if TYPE_CHECKING:
    from ...core.profile import Profile

_PROJECT_SCOPE, _KEY_PREFIX = "sanxian", "document_"
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


def resolve_project_document(
    project: QgsProject, profile: Profile, form: DocumentInfo | None = None
) -> ResolvedDocument:
    """Return a project's document information with the source of each value.

    ``form``: values of the package specification, used as fallback.
    """
    return resolve_document(read_document_info(project), profile, form)


def replace_document_info(checked: CheckResult, info: DocumentInfo | None) -> CheckResult:
    """Return the check result with the project's present document information.

    The user may have changed it since the check.
    """
    document = resolve_document(info, checked.plan.norm.profile)
    return replace(checked, report=add_document_info(checked.report, document))
