# SPDX-License-Identifier: GPL-2.0-or-later
"""Sealed layers (封库图层), which no fix changes without an approval document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..profile import Norm
from ..profile.norm import is_sealed_or_supplied
from .edits import FixRefused


def require_unsealed(roles: Iterable[str], norm: Norm, documents: Mapping[str, str]) -> None:
    """Raise FixRefused if a layer is sealed and no document allows its change.

    ``documents``: layer code → number of the document that allows the change (批准文号).
    """
    for role in sorted(roles):
        if is_sealed_or_supplied(role, norm) and not documents.get(role, "").strip():
            raise FixRefused("sealed", role=role)
