# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) stored in a project.

The county profile is the fallback.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from qgis.core import QgsProject

from ...core.check import CheckResult
from ...core.profile.document import DocumentInfo, ResolvedDocument, resolve_document, with_document

if TYPE_CHECKING:
    from ...core.profile import Profile

_SCOPE, _PREFIX = "sanxian", "document_"
_KEYS = tuple(field.name for field in fields(DocumentInfo))


def of(project: QgsProject) -> DocumentInfo:
    """Return the project's values; empty values come from the county profile."""
    return DocumentInfo(**{key: str(project.readEntry(_SCOPE, _PREFIX + key, "")[0]) for key in _KEYS})


def save(project: QgsProject, info: DocumentInfo) -> None:
    """Store the project's values; no other code writes them."""
    if info == of(project):
        return
    for key in _KEYS:
        value = getattr(info, key).strip()
        if value:
            project.writeEntry(_SCOPE, _PREFIX + key, value)
        else:
            project.removeEntry(_SCOPE, _PREFIX + key)
    project.setDirty(True)


def resolve_project_document(
    project: QgsProject, profile: Profile, form: DocumentInfo | None = None
) -> ResolvedDocument:
    """Return the document information of a project with the source of each value."""
    return resolve_document(of(project), profile, form)


def with_current_document(checked: CheckResult, info: DocumentInfo | None) -> CheckResult:
    """Return the checked plan with the current document information in its report.

    The user may have changed it since the check.
    """
    document = resolve_document(info, checked.plan.norm.profile)
    return replace(checked, report=with_document(checked.report, document))
