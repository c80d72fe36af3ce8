# SPDX-License-Identifier: GPL-2.0-or-later
"""Sealed layers (封库图层), which no fix changes without an approval document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from ..profile import Norm
from ..profile.norm import list_sealed_roles
from .edits import FixRefused

#: Patterns of layer codes: survey and divisions, which other authorities supply.
SUPPLIED_ROLES_SETTING = "sealed.supplied"


def is_sealed_for_fixes(role: str, norm: Norm) -> bool:
    """Return True if a fix may change a layer only with a document.

    Such a layer is approved (``sealed.roles``: 永久基本农田, 红线), or supplied by another authority
    (``sealed.supplied``: survey and divisions).
    """
    return role in list_sealed_roles(norm) or any(
        fnmatchcase(role, pattern) for pattern in norm.get(SUPPLIED_ROLES_SETTING)
    )


def require_unsealed(roles: Iterable[str], norm: Norm, documents: Mapping[str, str]) -> None:
    """Raise FixRefused if a layer is sealed and no document allows its change.

    ``documents``: layer code → number of the document that allows the change (批准文号).
    """
    for role in sorted(roles):
        if is_sealed_for_fixes(role, norm) and not documents.get(role, "").strip():
            raise FixRefused("sealed", role=role)
